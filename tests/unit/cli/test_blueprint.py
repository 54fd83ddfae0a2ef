"""`gatewright blueprint`: what an operator does with files on the server's machine, the server running or not."""

import asyncio
import json
from pathlib import Path

import pytest

from gatewright.app.first_start import prepare
from gatewright.app.keyfiles import with_keys
from gatewright.settings.load import load

from .conftest import Cli

ENTRY = "{model: authentik_core.group, identifiers: {name: NAME}, permissions: [a]}"
MASTER = "sk-master-of-the-tests-0123456789"


def file(*names: str) -> str:
    return "version: 1\nmetadata: {name: teams}\nentries:\n" + "".join(
        f"  - {ENTRY.replace('NAME', name)}\n" for name in names
    )


@pytest.fixture
def env(cli: Cli) -> dict[str, str]:
    """The environment of an installation after its first start."""
    found = {"GATEWRIGHT_DATA_DIR": str(cli.home / "data"), "LITELLM_MASTER_KEY": MASTER}
    asyncio.run(prepare(with_keys(load({}, found))))
    return found


def test_a_file_is_checked_applied_and_exported(cli: Cli, env: dict[str, str]) -> None:
    (cli.home / "name.txt").write_text("from a file\n")
    (cli.home / "teams.yaml").write_text(file("!Env TEAM", "!File name.txt"))
    checked = cli("blueprint", "check", "teams.yaml", env={**env, "TEAM": "red"})
    assert (checked.code, checked.out) == (0, "teams.yaml: would be applied, 2 entries\n")
    assert "warning: Line 4, authentik_core.group: permissions was left out" in checked.err
    # Its other half, without the first: the trial left nothing of it.
    (cli.home / "teams.yaml").write_text(file("!Env TEAM").replace("identifiers", "state: must_created, identifiers"))
    applied = cli("blueprint", "apply", "teams.yaml", "--json", env={**env, "TEAM": "red"})
    assert (applied.code, json.loads(applied.out)["applied"]) == (0, True)
    exported = cli("blueprint", "export", "--without-people", env=env)
    assert (exported.code, exported.err) == (0, "")
    assert "name: red" in exported.out
    assert "name: from a file" not in exported.out
    again = cli("blueprint", "apply", "-", env=env, stdin=exported.out)
    assert (again.code, again.err) == (0, "")


def test_what_cannot_be_done_is_said_by_line(cli: Cli, env: dict[str, str]) -> None:
    (cli.home / "bad.yaml").write_text(file("fine", "!KeyOf nobody", "!File ../../etc/passwd"))
    done = cli("blueprint", "apply", "bad.yaml", env=env)
    assert (done.code, done.out) == (1, "")
    assert [line.partition(", ")[0][:22] for line in done.err.splitlines()] == [
        "error: Line 5: !KeyOf ",
        "error: Line 6: !File .",
        "Nothing was changed.",
    ]
    broken = cli("blueprint", "apply", "-", "--json", env=env, stdin="a: &a [*a]")
    assert (broken.code, len(json.loads(broken.out)["problems"])) == (1, 1)


def test_another_key_than_the_server_has_is_refused(cli: Cli, env: dict[str, str]) -> None:
    (cli.home / "teams.yaml").write_text(file("red"))
    done = cli("blueprint", "apply", "teams.yaml", env={**env, "LITELLM_MASTER_KEY": f"{MASTER}-of-elsewhere"})
    assert (done.code, done.out) == (1, "")
    assert "LITELLM_SALT_KEY" in done.err
    assert "name: red" not in cli("blueprint", "export", env=env).out


def test_nothing_is_made_where_no_installation_is(cli: Cli, tmp_path: Path) -> None:
    env = {"GATEWRIGHT_DATA_DIR": str(tmp_path / "nowhere")}
    done = cli("blueprint", "export", env=env)
    assert done.code == 1
    assert done.err.splitlines()[0].startswith("error: There is no installation at ")
    assert not (tmp_path / "nowhere").exists()
    missing = cli("blueprint", "apply", "absent.yaml", env=env)
    assert (missing.code, missing.err) == (1, "error: absent.yaml cannot be read: No such file or directory.\n")
