"""What is exported makes the same objects again in an empty installation, and changes nothing where it came from."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.unit.idp.conftest import BASE, open_database, quick_passwords, started
from tests.unit.idp.test_blueprint_language import resolver

from gatewright.accounts.audit import Audit
from gatewright.domain.errors import BadInput
from gatewright.idp.blueprints import export as exporting
from gatewright.idp.blueprints.apply import Blueprints
from gatewright.idp.blueprints.dumping import dump, tag
from gatewright.idp.blueprints.export import export
from gatewright.idp.blueprints.file import TAGS, Blueprint, read
from gatewright.idp.blueprints.keeping import sources_for
from gatewright.idp.clients import Clients
from gatewright.storage import audit_log
from gatewright.storage.database import Database
from gatewright.storage.migrate import migrate

pytestmark = pytest.mark.anyio
SECRET = "a-secret-of-the-wiki-1234"
EXPRESSION = 'if "x" in request.user.username:\n    # trailing space \n    return {"a": "ü"}\n\nreturn {}'


def everything() -> str:
    """A blueprint with every attribute of every model that is exported, and names that YAML could take for others."""
    return f"""
version: 1
metadata: {{name: everything}}
entries:
  - {{model: authentik_core.group, id: z, identifiers: {{name: "zeta: #1"}}, attrs: {{requires_mfa: true}}}}
  - model: authentik_core.group
    id: a
    identifiers: {{name: "yes"}}
    attrs: {{parents: [!KeyOf z], attributes: {{"007": "1e3", "=": [null, true, 1.5, "2026-01-01"], "~": ""}}}}
  - {{model: authentik_core.group, id: m, identifiers: {{name: "- middle"}}, attrs: {{parents: [!KeyOf a, !KeyOf z]}}}}
  - model: authentik_core.user
    id: ada
    identifiers: {{username: ada}}
    attrs:
      name: "Ada\\u2028 Lovelace"
      email: ada@example.com
      email_verified: true
      password: a long password
      groups: [!KeyOf a, !KeyOf m]
      attributes: {{note: "two\\nlines ", tabs: "a\\tb"}}
      path: staff/math
  - model: authentik_core.user
    identifiers: {{username: "0x10"}}
    attrs: {{is_active: false, type: external}}
  - model: authentik_providers_oauth2.scopemapping
    id: map
    identifiers: {{name: "!Find [a]"}}
    attrs: {{scope_name: roles, description: "50 % of it", expression: {yaml_text(EXPRESSION)}, required: true}}
  - model: authentik_providers_oauth2.scopemapping
    identifiers: {{managed: goauthentik.io/providers/oauth2/scope-email}}
    attrs: {{description: Changed here}}
  - model: authentik_providers_oauth2.oauth2provider
    id: wiki
    identifiers: {{name: Wiki}}
    attrs:
      client_id: wiki.example/1
      client_secret: {SECRET}
      authorization_flow: !Find [authentik_flows.flow, [slug, default-provider-authorization-explicit-consent]]
      invalidation_flow: !Find [authentik_flows.flow, [slug, default-provider-invalidation-flow]]
      redirect_uris:
        - {{url: "{{base_url}}/a%20b", matching_mode: strict}}
        - {{url: "https://wiki\\\\.example/cb", matching_mode: regex}}
        - {{url: "https://wiki.example/out", redirect_uri_type: logout}}
      grant_types: [authorization_code, client_credentials]
      sub_mode: user_email
      issuer_mode: global
      consent_validity: ""
      access_token_validity: seconds=90
      refresh_token_threshold: hours=1
      include_claims_in_id_token: false
      require_pkce: true
      logout_uri: https://wiki.example/bye
      logout_method: frontchannel
      jwks: {{keys: [{{kty: OKP, crv: Ed25519, x: abc, kid: "1"}}]}}
      property_mappings:
        - !Find [authentik_providers_oauth2.scopemapping, [managed, goauthentik.io/providers/oauth2/scope-openid]]
        - !KeyOf map
  - {{model: authentik_providers_oauth2.oauth2provider, identifiers: {{name: Pub}}, attrs: {{client_id: wiki-example_1,
      client_type: public}}}}
  - model: authentik_providers_oauth2.oauth2provider
    identifiers: {{name: Two}}
    attrs:
      client_id: wiki_example-1
      signing_key: !Find [authentik_crypto.certificatekeypair, [name, Gatewright ES256 key]]
  - model: authentik_core.application
    id: app
    identifiers: {{slug: wiki}}
    attrs:
      name: Wiki
      provider: !KeyOf wiki
      meta_launch_url: "{{base_url}}/%(username)s?a=%25"
      group: "null"
      policy_engine_mode: all
      open_in_new_tab: true
      meta_description: "a\\nb"
      meta_publisher: "'"
      meta_icon: fa://fa-book
  - {{model: authentik_core.application, identifiers: {{slug: bare}}, attrs: {{name: Bare, meta_hide: true}}}}
  - {{model: authentik_core.applicationentitlement, id: ent, identifiers: {{name: editor, app: !KeyOf app}},
      attrs: {{attributes: {{level: 2}}}}}}
  - {{model: authentik_policies.policybinding, identifiers: {{target: !KeyOf app, order: 5, group: !KeyOf a}}}}
  - model: authentik_policies.policybinding
    identifiers: {{target: !KeyOf app, order: 5, group: !KeyOf a, negate: true}}
  - {{model: authentik_policies.policybinding, identifiers: {{target: !KeyOf ent, order: 0, user: !KeyOf ada}},
      attrs: {{enabled: false}}}}
"""


def yaml_text(text: str) -> str:
    return yaml.safe_dump(text, default_style='"', width=10_000).strip()


@pytest.fixture
async def elsewhere(tmp_path: Path) -> AsyncIterator[Database]:
    """Another installation, after its first start."""
    (tmp_path / "other").mkdir()
    opened = open_database(tmp_path / "other")
    await migrate(opened)
    await started(opened)
    yield opened
    await opened.close()


def applier(db: Database) -> Blueprints:
    return Blueprints(db, BASE, quick_passwords(), Audit(db), own_client="litellm")


async def load(db: Database, text: str, **environment: str) -> Blueprint:
    file = read(text)
    assert await applier(db).apply(file, sources_for(file, {}, environment=environment)) == []
    return file


async def updates(db: Database) -> list[dict[str, Any]]:
    """The changes of objects, newest first."""
    async with db.read() as tx:
        return [event for event in await audit_log.newest(tx, 500) if event["action"] == "model.updated"]


async def test_an_export_makes_the_same_objects_again(db: Database, elsewhere: Database) -> None:
    await started(db)
    await load(db, everything())
    text = await export(db, applier(db))
    assert SECRET not in text
    assert "password" not in text.replace("the passwords and second factors", "")
    head = [line for line in text.splitlines() if line.startswith("#   ")]
    assert head == [
        "#   LITELLM_OIDC_SECRET: the secret of the client litellm",
        "#   CLIENT_SECRET_WIKI_EXAMPLE_1: the secret of the client wiki.example/1",
        "#   CLIENT_SECRET_WIKI_EXAMPLE_1_2: the secret of the client wiki_example-1",
    ]
    # It says what is there: nothing is changed and nothing logged, but for groups, whose older member stands there too.
    before = await updates(db)
    await load(db, text)
    after = await updates(db)
    assert {event["details"]["name"] for event in after[: len(after) - len(before)]} == {"yes", "- middle"}
    # Where it came from, and twice in an empty installation: always the same.
    for where in (db, elsewhere, elsewhere):
        await load(where, text, CLIENT_SECRET_WIKI_EXAMPLE_1=SECRET)
        assert await export(where, applier(where)) == text
    for where in (db, elsewhere):
        assert await Clients(where, BASE).secret("wiki.example/1") == SECRET
    client = await Clients(elsewhere, "https://moved.example").by_client_id("wiki.example/1")
    assert client is not None
    assert client.launch_url == "https://moved.example/%(username)s?a=%25"
    assert "signing_key: !Find [authentik_crypto.certificatekeypair, [name, Gatewright ES256 key]]" in text


async def test_without_a_variable_the_present_secret_stays(db: Database) -> None:
    await started(db)
    await load(db, everything())
    before = await Clients(db, BASE).secret("litellm")
    await load(db, await export(db, applier(db)))
    assert await Clients(db, BASE).secret("wiki.example/1") == SECRET
    assert await Clients(db, BASE).secret("litellm") == before


async def test_an_export_without_people_finds_them_by_name(
    db: Database, elsewhere: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await started(db)
    await load(db, everything())
    text = await export(db, applier(db), people=False)
    assert "ada@example.com" not in text
    assert "!Find [authentik_core.user, [username, ada]]" in text
    await load(elsewhere, "version: 1\nentries: [{model: authentik_core.user, identifiers: {username: ada}}]")
    await load(elsewhere, text)
    assert await export(elsewhere, applier(elsewhere), people=False) == text
    monkeypatch.setattr(exporting, "LONGEST", 1000)
    with pytest.raises(BadInput, match="larger than a blueprint may be"):
        await export(db, applier(db))


async def test_an_export_is_a_blueprint_of_authentiks(db: Database) -> None:
    """Read by names alone, as another reader of the format does: its models, its members, its tags."""
    await started(db)
    await load(db, everything())
    tags: set[str] = set()

    class Loader(yaml.SafeLoader):
        """Knows the tags by name only."""

    def seen(loader: Loader, name: str, node: Any) -> Any:
        tags.add(name)
        return loader.construct_sequence(node, deep=True) if isinstance(node, yaml.SequenceNode) else node.value

    Loader.add_multi_constructor("!", seen)
    raw = yaml.load(await export(db, applier(db)), Loader=Loader)
    assert raw.keys() == {"version", "metadata", "context", "entries"}
    assert tags == {"KeyOf", "Find", "Env", "Format", "Context"} <= TAGS
    assert {frozenset(entry) - {"id"} for entry in raw["entries"]} == {frozenset({"model", "identifiers", "attrs"})}
    assert {entry["model"] for entry in raw["entries"]} == {
        "authentik_core.group",
        "authentik_core.user",
        "authentik_providers_oauth2.scopemapping",
        "authentik_providers_oauth2.oauth2provider",
        "authentik_core.application",
        "authentik_core.applicationentitlement",
        "authentik_policies.policybinding",
    }
    managed = [entry for entry in raw["entries"] if "managed" in entry["identifiers"]]
    # Authentik has its own of these: only what was changed here goes along.
    assert [entry["attrs"]["description"] for entry in managed] == ["Changed here"]


plain = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
# Line ends and what YAML gives a meaning come up more often than they would.
texts = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from("\n\r\x85\u2028 \t#:-'\"%!&*|>{}[],"), max_size=40
)
values = st.recursive(
    plain | texts, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3), max_leaves=12
)


@settings(max_examples=150, deadline=None)
@given(values)
@example("\x85a\rb\n")
async def test_whatever_is_written_is_read_back(value: Any) -> None:
    entry = {"model": "x", "identifiers": {"a": value, "b": tag("Format", "%s", tag("Context", "name"))}, "attrs": {}}
    document = {"version": 1, "context": {"name": "it"}, "entries": [entry]}
    file = read(dump(document, ["a comment"]))
    assert await resolver(file.context).value(file.entries[0].identifiers) == {"a": value, "b": "it"}
