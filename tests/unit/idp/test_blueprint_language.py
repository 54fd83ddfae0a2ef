"""What a blueprint may say: states, tags and models, in one transaction, on both databases."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.idp.conftest import BASE, quick_passwords, started

from gatewright.accounts.audit import Audit
from gatewright.domain.errors import SettingInvalid
from gatewright.idp.access import AccessRules
from gatewright.idp.blueprints.apply import Blueprints
from gatewright.idp.blueprints.file import BlueprintInvalid, read
from gatewright.idp.blueprints.folder import Folder, apply_folder
from gatewright.idp.blueprints.tags import Resolver, Sources
from gatewright.idp.clients import Clients
from gatewright.storage import audit_log, groups, oauth_providers, scope_mappings, users
from gatewright.storage.database import Database

pytestmark = pytest.mark.anyio


@pytest.fixture
async def blueprints(db: Database) -> Blueprints:
    await started(db)
    return Blueprints(db, BASE, quick_passwords(), Audit(db), own_client="litellm")


def entries(*lines: str) -> str:
    return "version: 1\nmetadata: {name: test}\nentries:\n" + "\n".join(f"  - {line}" for line in lines)


async def load(blueprints: Blueprints, text: str, **environment: str) -> list[str]:
    return await blueprints.apply(read(text), Sources(environment=environment))


async def group_names(db: Database) -> list[str]:
    async with db.read() as tx:
        return [group.name for group in await groups.everything(tx)]


async def test_the_four_states(db: Database, blueprints: Blueprints) -> None:
    made = "{model: authentik_core.group, state: STATE, identifiers: {name: staff}, attrs: {attributes: {n: NUMBER}}}"

    async def do(state: str, number: int) -> None:
        await load(blueprints, entries(made.replace("STATE", state).replace("NUMBER", str(number))))

    async def attributes() -> dict[str, Any] | None:
        async with db.read() as tx:
            return next((one.attributes for one in await groups.everything(tx) if one.name == "staff"), None)

    await do("must_created", 1)
    assert await attributes() == {"n": 1}
    await do("created", 2)
    assert await attributes() == {"n": 1}
    await do("present", 3)
    await do("present", 3)
    assert await attributes() == {"n": 3}
    with pytest.raises(BlueprintInvalid, match=r"Line 4, authentik_core\.group: it exists already"):
        await do("must_created", 4)
    await do("absent", 5)
    await do("absent", 5)
    assert await attributes() is None


WHOLE = """
version: 1
metadata: {name: whole}
context:
  names: [red, blue]
  team: {lead: ada}
entries:
  - model: authentik_core.group
    id: red
    identifiers: {name: !Format ["%s team", red]}
    attrs: {is_superuser: !If [!Condition [AND, !Context on, true], true, false]}
  - model: authentik_core.user
    id: ada
    identifiers: {username: !Context team.lead}
    attrs:
      name: Ada
      email: ada@example.com
      password: !Env ADA_PASSWORD
      groups: [!KeyOf red]
      attributes:
        colours: !Enumerate [!Context names, SEQ, !Format ["%s-%s", !Index 0, !Value 0]]
        map: !Enumerate [!Context names, MAP, [!Value 0, !Index 0]]
        second: !AtIndex [!Context names, 1]
        none: !AtIndex [!Context names, 9, nothing]
        parsed: !ParseJSON '{"a": [1]}'
        nested: !Enumerate [[1, 2], SEQ, !Enumerate [[a], SEQ, [!Value 0, !Value 1]]]
  - model: authentik_providers_oauth2.oauth2provider
    id: wiki
    identifiers: {name: Wiki}
    attrs:
      authorization_flow: !Find [authentik_flows.flow, [slug, default-provider-authorization-explicit-consent]]
      client_id: wiki
      redirect_uris: [{matching_mode: strict, url: "https://wiki.example/cb"}]
      signing_key: !Find [authentik_crypto.certificatekeypair, [name, authentik Self-signed Certificate]]
      property_mappings:
        - !Find [authentik_core.propertymapping, [managed, goauthentik.io/providers/oauth2/scope-openid]]
  - model: authentik_core.application
    id: app
    identifiers: {slug: wiki}
    attrs: {name: Wiki, provider: !KeyOf wiki, group: Docs}
  - model: authentik_policies.policybinding
    identifiers: {target: !KeyOf app, order: 0}
    attrs: {group: !KeyOf red}
  - model: authentik_core.applicationentitlement
    id: editor
    identifiers: {name: editor, app: !KeyOf app}
  - model: authentik_policies.policybinding
    identifiers: {target: !KeyOf editor, order: 0}
    attrs: {user: !KeyOf ada}
  - model: authentik_core.group
    conditions: [!Find [authentik_core.group, [name, nobody]]]
    identifiers: {name: never}
"""


async def test_a_whole_file_twice_comes_to_the_same(db: Database, blueprints: Blueprints) -> None:
    for _ in range(2):
        await load(blueprints, WHOLE, ADA_PASSWORD="a long password")
    async with db.read() as tx:
        found = await users.with_password(tx, "ada")
        bob = await users.by_username(tx, "ada")
        names = [one.group.name for one in await groups.memberships(tx, found[0].id) if one.direct] if found else []
        superuser = [group.is_superuser for group in await groups.everything(tx) if group.name == "red team"]
        rows = [event for event in await audit_log.newest(tx, 100) if event["action"] == "user.password"]
    assert found is not None
    assert bob is not None
    assert names == ["red team"]
    assert superuser == [False]
    assert await quick_passwords().matches("a long password", found[1])
    # The second time it was the password already: nobody was signed out for nothing.
    assert len(rows) == 1
    assert found[0].attributes == {
        "colours": ["0-red", "1-blue"],
        "map": {"red": 0, "blue": 1},
        "second": "blue",
        "none": "nothing",
        "parsed": {"a": [1]},
        "nested": [[["a", 1]], [["a", 2]]],
    }
    client = await Clients(db, BASE).by_client_id("wiki")
    assert client is not None
    assert (client.asks_consent, client.is_public) == (True, False)
    rules = AccessRules(db)
    assert await rules.refusal(found[0], client) is None
    assert [one.name for one in await rules.entitlements(found[0].id, client.application_id)] == ["editor"]
    assert "never" not in await group_names(db)
    await load(blueprints, entries("{model: authentik_core.user, state: absent, identifiers: {username: ada}}"))
    async with db.read() as tx:
        assert await users.by_username(tx, "ada") is None


async def test_every_problem_is_told_by_its_line_and_nothing_is_done(db: Database, blueprints: Blueprints) -> None:
    text = entries(
        "{model: authentik_core.group, identifiers: {name: fine}}",
        "{model: authentik_core.group, identifiers: {name: a}, attrs: {colour: red}}",
        "{model: authentik_stages_captcha.captchastage, identifiers: {name: b}}",
        "{model: authentik_core.user, identifiers: {username: c}, attrs: {groups: [!Find [GROUP, [name, x]]]}}",
        "{model: authentik_core.group, identifiers: {colour: d}}",
    ).replace("GROUP", "authentik_core.group")
    with pytest.raises(BlueprintInvalid) as caught:
        await load(blueprints, text)
    problems = caught.value.problems
    assert [problem.split(",")[0].split(":")[0] for problem in problems] == ["Line 5", "Line 6", "Line 7", "Line 8"]
    assert "colour" in problems[0]
    assert "authentik_stages_captcha.captchastage is not supported" in problems[1]
    assert "finds nothing" in problems[2]
    assert "only by name" in problems[3]
    assert caught.value.message.endswith("(and 3 more)")
    assert await group_names(db) == ["admins"]


CONDITIONS = {
    "[AND, true, false]": False,
    "[NAND, true, false]": True,
    "[OR, false, 1]": True,
    "[NOR, false, 1]": False,
    "[XOR, true, true]": False,
    "[XNOR, true, true]": True,
    "[EQ, a, a, a]": True,
    "[NEQ, a, b]": True,
}


@pytest.mark.parametrize(("text", "value"), CONDITIONS.items(), ids=CONDITIONS.keys())
async def test_conditions(text: str, value: bool) -> None:
    assert await resolver({}).value(identifier(f"!Condition {text}")) is value


async def test_an_entry_whose_condition_fails_is_passed_over(db: Database, blueprints: Blueprints) -> None:
    group = "{model: authentik_core.group, conditions: [!Condition [AND, WHEN]], identifiers: {name: 'WHEN'}}"
    await load(blueprints, entries(group.replace("WHEN", "true"), group.replace("WHEN", "false")))
    assert await group_names(db) == ["admins", "true"]


async def test_a_branch_that_is_not_taken_is_not_looked_at(db: Database, blueprints: Blueprints) -> None:
    find = "!Find [authentik_core.group, [name, nobody]]"
    entry = f"{{model: authentik_core.group, identifiers: {{name: !If [{find}, {find}, plan b]}}}}"
    await load(blueprints, entries(entry))
    assert "plan b" in await group_names(db)


BAD = {
    "loop outside": ("!Value 0", "outside"),
    "deep loop": ("!Enumerate [[1], SEQ, !Value 3]", "outside"),
    "enumerate": ("!Enumerate [[1], LIST, 1]", "SEQ or MAP"),
    "enumerate text": ("!Enumerate [abc, SEQ, 1]", "goes over"),
    "map": ("!Enumerate [[1], MAP, [1, 2, 3]]", "a name and a value"),
    "json": ("!ParseJSON '{'", "not JSON"),
    "at index": ("!AtIndex [[1], 5]", "finds nothing at 5"),
    "condition": ("!Condition [MAYBE, true]", "no mode MAYBE"),
    "format": ('!Format ["%s %s", 1]', "does not fit"),
    "key": ("!KeyOf nobody", "no entry above"),
    "if": ("!If [true, 1, 2, 3]", "at most two"),
    "empty": ("!Find []", "needs a value"),
}


@pytest.mark.parametrize(("text", "words"), BAD.values(), ids=BAD.keys())
async def test_a_tag_that_says_nothing_sensible_names_its_line(text: str, words: str) -> None:
    with pytest.raises(BlueprintInvalid, match="Line 4: !") as caught:
        await resolver({}).value(identifier(text))
    assert words in caught.value.message


async def test_a_file_that_multiplies_itself_is_stopped() -> None:
    items = "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"
    bomb = "1"
    for _ in range(9):
        bomb = f"!Enumerate [{items}, SEQ, {bomb}]"
    text = entries(f"{{model: authentik_core.group, identifiers: {{name: {bomb}}}}}")
    entry = read(text).entries[0]
    with pytest.raises(BlueprintInvalid, match="more than"):
        await resolver({}).value(entry.identifiers)


@given(
    value=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
async def test_what_holds_no_tag_stays_as_it_is(value: Any) -> None:
    assert await resolver({}).value(value) == value


def identifier(text: str) -> Any:
    """The value, tags and all, as it is read from a file."""
    return read(entries(f"{{model: x, identifiers: {{a: {text}}}}}")).entries[0].identifiers["a"]


class Nothing:
    """A directory without objects."""

    async def find(self, model: str, pairs: dict[str, Any]) -> None:
        del model, pairs

    async def shown(self, model: str, pairs: dict[str, Any]) -> None:
        del model, pairs


def resolver(context: Mapping[str, Any], sources: Sources | None = None) -> Resolver:
    return Resolver(context, sources or Sources(), Nothing())


async def test_the_dashboards_own_client_cannot_be_broken_by_a_file(db: Database, blueprints: Blueprints) -> None:
    client = "authentik_providers_oauth2.oauth2provider, identifiers: {client_id: litellm}"
    broken = f"{{model: {client}, attrs: {{client_type: public}}}}"
    gone = "{model: authentik_core.application, state: absent, identifiers: {slug: litellm}}"
    for entry in (broken, gone):
        with pytest.raises(BlueprintInvalid, match="The dashboard signs in with this client"):
            await load(blueprints, entries(entry))
    async with db.read() as tx:
        row = await oauth_providers.by_client_id(tx, "litellm")
    assert row is not None
    assert row.client_type == "confidential"


async def test_a_folder_is_applied_in_order_with_its_own_files(
    db: Database, blueprints: Blueprints, tmp_path: Path
) -> None:
    folder = tmp_path / "blueprints"
    (folder / "more").mkdir(parents=True)
    (folder / "role.py").write_text("return {'team': 'red'}")
    mapping = "{model: authentik_providers_oauth2.scopemapping, identifiers: {name: Team}, attrs: ATTRS}"
    attrs = "{scope_name: team, expression: !File role.py, description: !Env WHY}"
    child = "{model: authentik_core.group, identifiers: {name: second}, attrs: {parents: [PARENT]}}"
    parent = "!Find [authentik_core.group, [name, first]]"
    (folder / "20-team.yaml").write_text(entries(mapping.replace("ATTRS", attrs)))
    (folder / "10-group.yml").write_text(entries("{model: authentik_core.group, identifiers: {name: first}}"))
    (folder / "more" / "30.yaml").write_text(entries(child.replace("PARENT", parent)))
    off = "metadata: {name: off, labels: {blueprints.goauthentik.io/instantiate: 'false'}}"
    text = entries("{model: authentik_core.group, identifiers: {name: off}}").replace("metadata: {name: test}", off)
    (folder / "40.yaml").write_text(text)
    assert await apply_folder(db, blueprints, Folder(folder), {"WHY": "Your team"}) == [
        "10-group.yml",
        "20-team.yaml",
        "more/30.yaml",
    ]
    async with db.read() as tx:
        found = await scope_mappings.find(tx, name="Team")
    assert found is not None
    assert (found.expression, found.description) == ("return {'team': 'red'}", "Your team")
    assert {"first", "second"} <= set(await group_names(db))
    assert "off" not in await group_names(db)


async def test_a_bad_file_of_the_folder_stops_the_start_by_name(
    db: Database, blueprints: Blueprints, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "secret").write_text("s3cret")
    folder = tmp_path / "blueprints"
    folder.mkdir()
    (folder / "link").symlink_to(tmp_path / "secret")
    for name in ("../secret", "/etc/passwd", "link"):
        (folder / "a.yaml").write_text(entries(f"{{model: authentik_core.group, identifiers: {{name: !File {name}}}}}"))
        with pytest.raises(SettingInvalid, match=r"a\.yaml: Line 4: !File"):
            await apply_folder(db, blueprints, Folder(folder), {})
    (folder / "a.yaml").write_text(
        entries("{model: authentik_core.group, identifiers: {x: 1}}", "{model: nothing, identifiers: {x: 1}}")
    )
    with pytest.raises(SettingInvalid, match="GATEWRIGHT_BLUEPRINTS_DIR"):
        await apply_folder(db, blueprints, Folder(folder), {})
    assert "Line 5, nothing: the model nothing is not supported" in caplog.text
    with pytest.raises(SettingInvalid, match="not a folder"):
        await apply_folder(db, blueprints, Folder(tmp_path / "absent"), {})
    assert await group_names(db) == ["admins"]
