"""`/managed/blueprints/` as automation uses it, and as somebody would who has gained a foothold."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.unit.web.authentik.conftest import API, Desk, bearer
from tests.unit.web.conftest import BASE, MASTER, Worker

from gatewright.app.build import Program
from gatewright.app.first_start import prepare
from gatewright.app.keyfiles import with_keys
from gatewright.domain.identity import Role
from gatewright.settings.load import load
from gatewright.storage import api_tokens, blueprints

PATH = "/managed/blueprints/"
SECRET, PASSWORD, FROM_CONTEXT = "a-secret-of-the-wiki-0099", "a password of ada's", "a-key-from-the-context-77"
KEY_DEFAULT = "a-key-that-is-a-default-11"
CONTENT = f"""\
version: 1
metadata: {{name: inside, labels: {{team: docs}}}}
context: {{shared: {FROM_CONTEXT}, title: Wiki}}
entries:
  - model: authentik_core.user
    id: ada
    identifiers: {{username: ada}}
    attrs:
      name: Ada
      password: |-
        {PASSWORD}

      # Kept.
      email: ada@example.com
  - model: authentik_providers_oauth2.oauth2provider
    identifiers: {{name: !Context title}}
    attrs: {{client_id: wiki, client_secret: {SECRET}, redirect_uris: []}}
  - model: authentik_core.token
    identifiers: {{identifier: ada-api}}
    attrs:
      user: !KeyOf ada
      key: !If
        - !Context [other, false]
        - {KEY_DEFAULT}
        - !Context shared
      description: "50 %"
"""


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A folder of the operator's: one file that is applied, one that is not, one that is none, and no others."""
    found = tmp_path / "blueprints"
    (found / "..data").mkdir(parents=True)
    (found / "..data" / "twice.yaml").write_text("version: 2")
    (found / "team.yaml").write_text(group("!Env TEAM", "metadata: {name: Team}\n"))
    off = "metadata: {name: off, labels: {blueprints.goauthentik.io/instantiate: 'false'}}\n"
    (found / "off.yml").write_text(group("!Context [name, !File name.txt]", off))
    (found / "name.txt").write_text("from the file\n")
    (tmp_path / "outside.yaml").write_text(group("outside"))
    return found


def group(name: str, head: str = "") -> str:
    return f"version: 1\n{head}entries:\n  - {{model: authentik_core.group, identifiers: {{name: {name}}}}}\n"


@pytest.fixture
async def worker(db_url: str | None, tmp_path: Path, folder: Path) -> AsyncIterator[Worker]:
    environ = {
        "LITELLM_MASTER_KEY": MASTER,
        "GATEWRIGHT_DATA_DIR": str(tmp_path),
        "PROXY_BASE_URL": BASE,
        "GATEWRIGHT_BLUEPRINTS_DIR": str(folder),
        "GATEWRIGHT_BLUEPRINT_VARIABLES": "RELEASED",
        "TEAM": "red",
        "RELEASED": "blue",
        **({} if db_url is None else {"DATABASE_URL": db_url}),
    }
    settings = with_keys(load({}, environ))
    prepared = await prepare(settings)
    program = Program(settings)
    await program.edge._start()
    yield Worker(program, prepared.setup_link or "")
    await program.edge._stop()
    again = await prepare(with_keys(load({}, environ)))
    assert again.data == prepared.data


async def names(desk: Desk) -> set[str]:
    return {one["name"] for one in await desk.listed("/core/groups/")}


async def test_a_blueprint_from_its_making_to_its_end(desk: Desk) -> None:
    made = await desk.ok("POST", PATH, {"name": "wiki", "content": CONTENT})
    assert (made["status"], made["enabled"], made["report"]) == ("successful", True, [])
    assert made["managed_models"] == [
        "authentik_core.token",
        "authentik_core.user",
        "authentik_providers_oauth2.oauth2provider",
    ]
    assert made["metadata"] == {"name": "wiki", "labels": {"team": "docs"}}
    assert len(made["last_applied_hash"]) == 128
    assert await desk.sign_in("ada", PASSWORD) == 303
    # The key opens the API: the token is real. Then nothing is written twice.
    assert (await desk.call("GET", "/core/users/me/", headers=bearer(FROM_CONTEXT))).status_code == 200
    rotated = len(await desk.events("secret.rotate"))
    applied = await desk.ok("POST", f"{PATH}{made['pk']}/apply/")
    assert applied["last_applied_hash"] == made["last_applied_hash"]
    assert (len(await desk.events("secret.rotate")), len(await desk.events("user.password"))) == (rotated, 1)
    event = (await desk.events("idp.blueprint"))[0]
    assert (event["outcome"], event["actor"], event["details"]["name"]) == ("ok", "default_user_id", "inside")
    # What comes back unchanged keeps its secrets; the rest of it may change.
    shown = await desk.ok("GET", f"{PATH}{made['pk']}/")
    changed = await desk.ok("PUT", f"{PATH}{made['pk']}/", {"name": "new name", "content": shown["content"]})
    assert (changed["name"], changed["content"]) == ("new name", shown["content"])
    assert await desk.sign_in("ada", PASSWORD) == 303
    await desk.ok("DELETE", f"{PATH}{made['pk']}/")
    assert (await desk.call("GET", f"{PATH}{made['pk']}/")).status_code == 404
    assert len(await desk.listed("/core/users/?username=ada")) == 1


async def test_secrets_are_covered_and_sealed(desk: Desk) -> None:
    made = await desk.ok("POST", PATH, {"name": "wiki", "content": CONTENT, "context": {"shared": SECRET, "n": 1}})
    secrets = (SECRET, PASSWORD, FROM_CONTEXT, KEY_DEFAULT)
    shown = await desk.ok("GET", f"{PATH}{made['pk']}/")
    for text in (str(made), str(shown), str(await desk.listed(PATH))):
        assert [one for one in secrets if one in text] == []
    assert shown["context"] == {"shared": "********", "n": 1}
    for kept in (
        "# Kept.",
        "email: ada@example.com",
        'client_secret: "********"',
        "title: Wiki",
        'description: "50 %"',
    ):
        assert kept in shown["content"]
    async with desk.db.read() as tx:
        row = await blueprints.by_uuid(tx, made["pk"])
    assert row is not None
    stored = b"".join((row.content or b"", row.context or b"", repr(row).encode()))
    assert [one for one in secrets if one.encode() in stored] == []
    # A covered secret in a text that is otherwise new cannot be what somebody means.
    new = shown["content"].replace("Name", "x").replace("Ada", "Ada L.")
    refused = await desk.call("PATCH", f"{PATH}{made['pk']}/", {"content": new})
    assert (refused.status_code, list(refused.json())) == (400, ["content"])
    same = await desk.ok("PATCH", f"{PATH}{made['pk']}/", {"context": {"shared": "********", "n": 2}})
    assert same["context"] == {"shared": "********", "n": 2}
    assert (await desk.call("GET", "/core/users/me/", headers=bearer(SECRET))).status_code == 200


async def test_what_cannot_be_done_is_told_by_line_and_nothing_of_it_stays(desk: Desk) -> None:
    """Also what reads the server: its variables, its files, other paths."""
    before = await names(desk)
    bad = {
        group("fine") + "  - {model: authentik_brands.brand, identifiers: {domain: x}}\n": "Line 4, authentik_brands",
        group("!Env LITELLM_MASTER_KEY"): "Line 3: !Env LITELLM_MASTER_KEY",
        group("!Env [LITELLM_MASTER_KEY, x]"): "GATEWRIGHT_BLUEPRINT_VARIABLES",
        group("!File name.txt"): "!File reads files of the folder",
        "a: &a [*a]": "alias",
        "version: 1": "entries",
        group("x") + "  - {model: authentik_core.group, identifiers: {name: x}}\n" * 1000: "at most 1000 entries",
    }
    for content, words in bad.items():
        refused = await desk.call("POST", PATH, {"name": "bad", "content": content})
        assert (refused.status_code, list(refused.json())) == (400, ["content"])
        first, second, *_ = refused.json()["content"]
        assert first == "Failed to validate blueprint"
        assert words in second
    for path in (
        "../outside.yaml",
        "/etc/passwd",
        "..data/twice.yaml",
        "team.yaml/../team.yaml",
        "name.txt",
        "./team.yaml",
    ):
        refused = await desk.call("POST", PATH, {"name": "bad", "path": path})
        assert "does not exist" in refused.json()["path"][1]
    for body, field in (
        ({"name": "x"}, "non_field_errors"),
        ({"name": "x", "path": "team.yaml", "content": "a"}, "non_field_errors"),
        ({"name": "x", "path": "oci://registry.example/x"}, "path"),
        ({"name": "x", "content": "a", "colour": 1}, "colour"),
        ({"name": "x", "content": "a", "context": []}, "context"),
        ({"name": "Team", "content": group("y")}, "name"),
        ({"content": group("y")}, "name"),
    ):
        assert field in (await desk.call("POST", PATH, body)).json(), body
    assert await names(desk) == before
    assert [one["name"] for one in await desk.listed(PATH)] == ["Team"]
    released = await desk.ok("POST", PATH, {"name": "ok", "content": group("!Env RELEASED")})
    assert (released["status"], "blue" in await names(desk)) == ("successful", True)


async def test_many_at_once_get_an_answer_each(desk: Desk) -> None:
    """One of a name; nobody's request ends in a deadlock with changes of the same objects."""
    mine = (await desk.ok("POST", "/core/groups/", {"name": "shared"}))["pk"]
    change = "  - {model: authentik_core.user, identifiers: {username: u}}\n" + group("shared").split("entries:\n")[
        1
    ].replace("}}", "}, attrs: {attributes: {n: NUMBER}}}")
    body = {"name": "same", "content": "version: 1\nentries:\n" + change}
    same = [desk.call("POST", PATH, {**body, "content": body["content"].replace("NUMBER", str(n))}) for n in range(3)]
    others = [desk.call("PATCH", f"/core/groups/{mine}/", {"attributes": {"m": n}}) for n in range(3)]
    users = [desk.call("POST", "/core/users/", {"username": f"u{n}", "name": "U"}) for n in range(2)]
    answered = await asyncio.gather(*same, *others, *users)
    assert sorted(one.status_code for one in answered[:3]) == [201, 400, 400]
    assert {one.status_code for one in answered[3:]} == {200, 201}


async def test_one_that_is_not_enabled_is_kept_and_not_applied(desk: Desk) -> None:
    made = await desk.ok(
        "POST", PATH, {"name": "later", "content": group("!Find [GROUP, [name, x]]"), "enabled": False}
    )
    assert (made["status"], made["last_applied_hash"]) == ("unknown", "")
    refused = await desk.call("POST", f"{PATH}{made['pk']}/apply/")
    assert refused.json() == {"non_field_errors": ["The blueprint is not enabled."]}
    assert (await desk.call("PATCH", f"{PATH}{made['pk']}/", {"enabled": True})).status_code == 400
    fixed = {"content": group("!Context name"), "context": {"name": "later"}}
    assert (await desk.ok("PATCH", f"{PATH}{made['pk']}/", {**fixed, "enabled": True}))["status"] == "successful"
    assert "later" in await names(desk)
    # It was good when it was made, and is not any more: the objects stay as they are, and the row says why.
    late = await desk.ok(
        "POST", PATH, {"name": "late", "content": group("z", "").replace("name: z}", "name: z}, state: created")}
    )
    member = await desk.person("u", Role.INTERNAL_USER)
    content = "version: 1\nentries: [{model: authentik_core.user, identifiers: {username: u}, attrs: {name: U}}]"
    late = await desk.ok("PATCH", f"{PATH}{late['pk']}/", {"content": content})
    await desk.ok("DELETE", f"/core/users/{member.id}/")
    refused = await desk.call("POST", f"{PATH}{late['pk']}/apply/")
    assert (refused.status_code, "Line 2" in refused.json()["non_field_errors"][0]) == (400, True)
    after = await desk.ok("GET", f"{PATH}{late['pk']}/")
    assert (after["status"], after["last_applied_hash"]) == ("error", late["last_applied_hash"])
    assert "Line 2" in after["report"][0]
    assert (await desk.events("idp.blueprint"))[0]["outcome"] == "blueprint_invalid"


async def test_files_of_the_folder_stand_in_the_list(desk: Desk, folder: Path, worker: Worker) -> None:
    (team,) = await desk.listed(PATH)
    assert (team["name"], team["path"], team["status"], team["content"]) == ("Team", "team.yaml", "successful", "")
    assert "red" in await names(desk)
    available = {one["path"]: one["meta"] for one in await desk.ok("GET", f"{PATH}available/")}
    assert list(available) == ["off.yml", "team.yaml"]
    assert available["off.yml"]["labels"] == {"blueprints.goauthentik.io/instantiate": "false"}
    made = await desk.ok("POST", PATH, {"name": "asked for", "path": "off.yml"})
    assert (made["status"], "from the file" in await names(desk)) == ("successful", True)
    made = await desk.ok("PATCH", f"{PATH}{made['pk']}/", {"context": {"name": "from the context"}})
    # Which of a file's context values are secrets is not known here.
    assert (made["context"], "from the context" in await names(desk)) == ({"name": "********"}, True)
    # Switched off, a broken file stops no start (the fixture starts once more); a file that is gone is an orphan.
    (folder / "team.yaml").write_text("version: 1\nentries: [{model: nothing, identifiers: {a: b}}]")
    assert (await desk.call("POST", f"{PATH}{team['pk']}/apply/")).status_code == 400
    await desk.ok("PATCH", f"{PATH}{team['pk']}/", {"enabled": False})
    (folder / "off.yml").unlink()
    await prepare(worker.program.settings)
    states = {one["path"]: one["status"] for one in await desk.listed(PATH)}
    assert states == {"team.yaml": "error", "off.yml": "orphaned"}


def form(**fields: str) -> tuple[bytes, dict[str, str]]:
    """A multipart form as the client's library writes it."""
    parts = [
        f'--b\r\nContent-Disposition: form-data; name="{name}"'
        f"{'; filename=x.yaml' if name == 'file' else ''}\r\n\r\n{text}\r\n"
        for name, text in fields.items()
    ]
    return "".join([*parts, "--b--\r\n"]).encode(), {"content-type": "multipart/form-data; boundary=b"}


async def sent(desk: Desk, body: bytes, headers: dict[str, str]) -> Any:
    return await desk.worker.admin.post(f"{API}{PATH}import/", content=body, headers=headers)


async def test_an_import_is_applied_once_and_not_kept(desk: Desk) -> None:
    count = len(await desk.listed(PATH))
    done = (await sent(desk, *form(file=group("!Context name"), context='{"name": "imported"}'))).json()
    assert done == {"success": True, "logs": []}
    done = (await sent(desk, *form(path="off.yml"))).json()
    assert done["success"]
    assert {"imported", "from the file"} <= await names(desk)
    failed = (await sent(desk, *form(file=group("x") + "  - {model: y, identifiers: {a: b}}\n"))).json()
    assert failed["success"] is False
    (log,) = failed["logs"]
    assert (log["log_level"], log["event"]) == ("error", "Line 4, y: the model y is not supported.")
    assert "x" not in await names(desk)
    assert len(await desk.listed(PATH)) == count
    refused = (await desk.events("idp.blueprint"))[0]
    assert (refused["outcome"], refused["details"]["problems"]) == ("blueprint_invalid", [log["event"]])
    for body, headers in (
        (b"{}", {"content-type": "application/json"}),
        (b"nothing", form()[1]),
        form(),
        form(file="a", path="b"),
        form(file=group("x"), context="[1]"),
        form(file=group("x"), context="{"),
        form(file=group("x"), colour="red"),
        (form(file="a")[0].replace(b"--b--", b"") + form(file="a")[0], form()[1]),
        (form(file="a")[0].replace(b"a\r\n--b--", b"\xff\r\n--b--"), form()[1]),
        (b"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n--c\r\n\r\nx\r\n--c--\r\n\r\n--b--\r\n", form()[1]),
    ):
        assert (await sent(desk, body, headers)).status_code == 400, body


async def test_an_export_can_be_imported(desk: Desk) -> None:
    await desk.ok("POST", "/core/users/", {"username": "grace", "name": "Grace"})
    answered = await desk.call("GET", f"{PATH}export/")
    assert (answered.status_code, answered.headers["content-type"]) == (200, "application/yaml")
    assert "attachment" in answered.headers["content-disposition"]
    assert "username: grace" in answered.text
    assert (await desk.events("idp.export"))[0]["actor"] == "default_user_id"
    without = (await desk.call("GET", f"{PATH}export/?people=false")).text
    assert "grace" not in without
    assert (await desk.call("GET", f"{PATH}export/?people=perhaps")).status_code == 400
    # The API reads no variables: somebody gives the secret, or says that it stays.
    text = without.replace("!Env 'LITELLM_OIDC_SECRET'", "!Context [secret, null]")
    assert (await sent(desk, *form(file=text))).json() == {"success": True, "logs": []}
    refused = (await sent(desk, *form(file=without))).json()
    assert [log["event"].partition(": ")[2][:24] for log in refused["logs"]] == [
        "!Env LITELLM_OIDC_SECRET",
        "!KeyOf waits for 'provid",
    ]
    assert yaml.safe_load(text.partition("entries:")[0])["version"] == 1


async def test_a_credential_that_ends_makes_none_that_lives_on(desk: Desk) -> None:
    admin = await desk.person("admin", Role.PROXY_ADMIN)
    headers = await desk.api_token(admin.id, expires="2099-01-01T00:00:00Z")
    attrs = f"{{user: {admin.id}, expiring: false}}"
    content = group("x") + f"  - {{model: authentik_core.token, identifiers: {{identifier: t}}, attrs: {attrs}}}\n"
    await desk.ok("POST", PATH, {"name": "t", "content": content}, headers=headers)
    async with desk.db.read() as tx:
        found = await api_tokens.by_identifier(tx, "t")
    assert found is not None
    assert found.expires_at == 4_070_908_800_000
