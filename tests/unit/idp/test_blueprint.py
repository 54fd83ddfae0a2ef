"""The packaged blueprint is the seed; others load, are reported on, or are refused by name."""

import asyncio
from typing import Any

import pytest
import yaml

from gatewright.accounts.audit import Audit
from gatewright.idp.blueprints.apply import Blueprints
from gatewright.idp.blueprints.file import BlueprintInvalid, read
from gatewright.idp.blueprints.tags import Sources
from gatewright.idp.clients import Clients
from gatewright.idp.objects import durations
from gatewright.idp.objects.addresses import BASE_URL
from gatewright.storage import applications, groups, oauth_providers, scope_mappings
from gatewright.storage.database import Database

from .conftest import BASE, quick_passwords, started

pytestmark = pytest.mark.anyio

OLD = """
version: 1
metadata: {name: old, labels: {blueprints.goauthentik.io/instantiate: "true"}}
entries:
  - {model: authentik_core.Group, id: parent, identifiers: {name: staff}}
  - model: authentik_core.group
    identifiers: {name: team}
    attrs: {parent: !KeyOf parent, attributes: {quota: 5}}
  - model: authentik_providers_oauth2.ScopeMapping
    id: role
    identifiers: {name: Role}
    attrs: {scope_name: role, expression: "return {'role': 'x'}"}
  - model: authentik_providers_oauth2.oauth2provider
    id: prov
    identifiers: {name: Wiki}
    attrs:
      authorization_flow: !Find [authentik_flows.flow, [slug, default-provider-authorization-implicit-consent]]
      client_id: wiki
      client_type: public
      redirect_uris: |
        https://wiki.example/cb
        https://wiki.example/other
      grant_types: [authorization_code, implicit, password]
      access_code_validity: minutes=5
      property_mappings:
        - !KeyOf role
        - !Find [authentik_core.propertymapping, [managed, goauthentik.io/providers/oauth2/scope-openid]]
  - model: authentik_core.application
    identifiers: {slug: wiki}
    attrs: {name: Wiki, provider: !KeyOf prov, meta_launch_url: !Format ["https://%s/", !Context [host, wiki.example]]}
"""


URIS = """|
        https://wiki.example/cb
        https://wiki.example/other
"""


async def load(db: Database, text: str, **environment: str) -> list[str]:
    blueprints = Blueprints(db, BASE, quick_passwords(), Audit(db), own_client="litellm")
    return await blueprints.apply(read(text), Sources({"base_url": BASE_URL}, environment))


async def test_the_first_start_makes_the_seed_once(db: Database) -> None:
    done = await asyncio.gather(*(started(db) for _ in range(3)))
    assert sorted(done) == [False, False, True]
    async with db.read() as tx:
        row = await oauth_providers.by_client_id(tx, "litellm")
        assert row is not None
        names = {mapping.scope_name for mapping in await scope_mappings.of_provider(tx, row.id)}
        assert [group.name for group in await groups.everything(tx)] == ["admins"]
        application = await applications.by_slug(tx, "litellm")
    assert names == {"openid", "email", "profile", "litellm_role"}
    assert row.redirect_uris[0].url == "{base_url}/sso/callback"
    assert application is not None
    assert application.launch_url == "{base_url}/ui"
    assert (row.client_type, row.sub_mode) == ("confidential", "user_username")
    assert (row.access_code_validity, row.access_token_validity) == (60_000, 600_000)
    for base in (BASE, "https://llm.example.com"):
        client = await Clients(db, base).by_client_id("litellm")
        assert client is not None
        assert client.redirect_uris == (f"{base}/sso/callback",)
        assert client.issuer == f"{base}/application/o/litellm/"
        assert client.launch_url == f"{base}/ui"


async def test_the_secret_comes_from_the_environment_or_is_random_and_sealed(db: Database) -> None:
    await started(db, {"LITELLM_OIDC_SECRET": "from-the-environment"})
    assert await Clients(db, BASE).secret("litellm") == "from-the-environment"
    async with db.read() as tx:
        row = await oauth_providers.by_client_id(tx, "litellm")
    assert row is not None
    assert b"from-the-environment" not in (row.client_secret or b"")
    assert "secret" not in repr(row)


async def test_the_packaged_file_is_authentiks_format() -> None:
    from importlib import resources

    text = resources.files("gatewright.idp").joinpath("blueprints/default.yaml").read_text("utf-8")

    class Loader(yaml.SafeLoader):
        """Knows the tags by name only."""

    def tag(loader: Loader, name: str, node: Any) -> Any:
        return [name, loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode) else node.value]

    Loader.add_multi_constructor("!", tag)
    raw = yaml.load(text, Loader=Loader)
    assert raw["version"] == 1
    assert raw["context"]["base_url"].startswith("https://")
    assert [entry["model"] for entry in raw["entries"]] == [
        "authentik_core.group",
        "authentik_providers_oauth2.scopemapping",
        "authentik_providers_oauth2.oauth2provider",
        "authentik_core.application",
    ]


async def test_an_old_blueprint_loads_with_warnings(db: Database) -> None:
    await started(db)
    warnings = await load(db, OLD)
    assert [word for warning in warnings for word in ("implicit", "password") if word in warning] == [
        "implicit",
        "password",
    ]
    client = await Clients(db, BASE).by_client_id("wiki")
    assert client is not None
    assert client.redirect_uris == ("https://wiki.example/cb", "https://wiki.example/other")
    assert client.grant_types == ("authorization_code",)
    assert (client.is_public, client.launch_url, client.code_life) == (True, "https://wiki.example/", 300_000)
    async with db.read() as tx:
        team = next(group for group in await groups.everything(tx) if group.name == "team")
        staff = next(group for group in await groups.everything(tx) if group.name == "staff")
    assert team.parent_ids == (staff.id,)


async def test_present_overwrites_and_created_does_not(db: Database) -> None:
    await started(db)
    await load(db, OLD)
    again = OLD.replace("return {'role': 'x'}", "return {'role': 'y'}").replace("minutes=5", "minutes=1")
    await load(db, again.replace("id: prov\n", "id: prov\n    state: created\n"))
    async with db.read() as tx:
        mapping = await scope_mappings.find(tx, name="Role")
        row = await oauth_providers.by_client_id(tx, "wiki")
    assert mapping is not None
    assert mapping.expression == "return {'role': 'y'}"
    assert row is not None
    assert row.access_code_validity == 300_000


REFUSED = {
    "tag": ("x: !FindAnything [a, [b, c]]", "!FindAnything"),
    "python tag": ("x: !!python/object/apply:os.system [id]", "not YAML"),
    "no entries": ("version: 1", "entries"),
    "version": ("version: 2\nentries: []", "version"),
    "model": ("version: 1\nentries: [{model: authentik_brands.brand, identifiers: {a: 1}}]", "There is one brand"),
    "state": ("version: 1\nentries: [{model: authentik_core.group, state: gone, identifiers: {name: a}}]", "gone"),
    "attribute": ("version: 1\nentries: [{model: authentik_core.group, identifiers: {name: a}, attrs: {x: 1}}]", "x"),
    "regex": (OLD.replace(URIS, '[{url: "https://.*", matching_mode: regex}]\n'), "not escaped"),
    "javascript": (OLD.replace("https://wiki.example/cb", "javascript:alert(1)"), "javascript"),
    "flow": (OLD.replace("implicit-consent", "enrolment"), "enrolment"),
    "expression": (OLD.replace("return {'role': 'x'}", "return {"), "Line 1"),
    "key": (OLD.replace("!KeyOf role", "!KeyOf nothing"), "nothing"),
    "find": (OLD.replace("scope-openid", "scope-nothing"), "finds nothing"),
    "slug": (OLD.replace("{slug: wiki}", "{slug: token}"), "reserved"),
    "secret": (OLD.replace("client_type: public", "client_secret: short"), "client secret"),
    "format": (OLD.replace("https://%s/", "https://%s/%s"), "!Format"),
    "duration": (OLD.replace("minutes=5", "fortnights=1"), "duration"),
}


@pytest.mark.parametrize(("text", "words"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_cannot_be_done_is_refused_by_name_and_leaves_nothing(db: Database, text: str, words: str) -> None:
    await started(db)
    with pytest.raises(BlueprintInvalid) as caught:
        await load(db, text)
    assert words in caught.value.message
    async with db.read() as tx:
        assert await oauth_providers.by_client_id(tx, "wiki") is None
        assert [group.name for group in await groups.everything(tx)] == ["admins"]


def test_durations_are_authentiks() -> None:
    assert durations.parse("hours=1;minutes=30") == 5_400_000
    assert durations.parse("days=0.5,seconds=1") == 43_201_000
