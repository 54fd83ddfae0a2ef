"""`gatewright token`: what scripts and coding agents run, often, and parse."""

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from gatewright.cli import fast
from gatewright.cli.fast import TokenRequest
from gatewright.cli.times import now
from gatewright.domain.clock import HOUR, iso

from .conftest import Cli
from .gateway import KEY, Gateway

HERE = "http://localhost:4000"
THERE = "https://llm.example.com"


def test_the_token_stands_alone(cli: Cli) -> None:
    cli.store(HERE, KEY, expires_at=now() + HOUR)
    done = cli("token")
    assert (done.code, done.out, done.err) == (0, f"{KEY}\n", "")


def test_the_token_as_json(cli: Cli) -> None:
    expires_at = now() + HOUR
    cli.store(HERE, KEY, expires_at=expires_at)
    assert json.loads(cli("token", "--json").out) == {"server": HERE, "token": KEY, "expires_at": iso(expires_at)}


def test_each_server_has_its_own(cli: Cli) -> None:
    cli.store(THERE, "sk-there")
    cli.store(HERE, "sk-here")
    assert cli("token").out == "sk-here\n"
    assert cli("token", "--url", f"{THERE}/").out == "sk-there\n"
    assert cli(f"--base-url={THERE}", "token").out == "sk-there\n"
    assert cli("token", env={"LITELLM_PROXY_URL": THERE}).out == "sk-there\n"


def test_none_for_this_server_is_4(cli: Cli) -> None:
    cli.store(HERE, KEY)
    done = cli("token", "--url", "http://localhost:4001")
    assert (done.code, done.out) == (4, "")
    assert done.err == (
        "error: Not signed in to http://localhost:4001.\nhint: Run `gatewright login http://localhost:4001`.\n"
    )


def test_an_expired_one_is_4(cli: Cli) -> None:
    cli.store(HERE, KEY, expires_at=now() - 2 * HOUR)
    done = cli("token")
    assert (done.code, done.out) == (4, "")
    assert "expired 2 hours ago" in done.err


def test_a_key_of_the_environment_is_not_printed(cli: Cli) -> None:
    done = cli("token", env={"GATEWRIGHT_API_KEY": "sk-environment"})
    assert (done.code, done.out) == (4, "")


@pytest.mark.parametrize(
    ("arguments", "request_"),
    [
        (["token"], TokenRequest()),
        (["token", "--json"], TokenRequest(None, True)),
        (["--url", "u", "token"], TokenRequest("u")),
        (["token", "--base-url=u", "--json"], TokenRequest("u", True)),
        ([], None),
        (["whoami"], None),
        (["login", "token"], None),
        (["token", "token"], None),
        (["token", "--help"], None),
        (["token", "--url"], None),
        (["--json", "token"], None),
    ],
)
def test_the_fast_path_takes_what_it_knows(arguments: list[str], request_: TokenRequest | None) -> None:
    assert fast.parse(arguments) == request_


def test_click_answers_the_rest_alike(cli: Cli) -> None:
    cli.store(HERE, KEY)
    assert cli("--api-key", "sk-unused", "token").out == f"{KEY}\n"
    assert "Print the stored credential" in cli("token", "--help").out
    assert cli("token", "--nope").code == 2


def modules(cli: Cli, *arguments: str) -> set[str]:
    """Every module that the command imports."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "gatewright", *arguments],
        env=cli.environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0
    return {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}


def test_the_token_costs_the_standard_library(cli: Cli) -> None:
    cli.store(HERE, KEY)
    outside = {name.split(".")[0] for name in modules(cli, "token")} - sys.stdlib_module_names
    # sitecustomize and the loader of the editable install are this machine's, not ours.
    assert not {name for name in outside if name in {"click", "httpx2", "platformdirs", "msgspec"}}
    assert "gatewright" in outside


@pytest.mark.parametrize("arguments", [("version",), ("--help",), ("login", "--help")])
def test_no_client_command_imports_the_server(cli: Cli, arguments: tuple[str, ...]) -> None:
    imported = modules(cli, *arguments)
    heavy = {"starlette", "sqlalchemy", "uvicorn", "msgspec", "joserfc", "jinja2", "gatewright.app"}
    assert not imported & heavy
    assert ("httpx2" in imported) is (arguments[0] == "login")


def test_a_token_just_stored_by_login_is_printed(cli: Cli, gateways: Callable[[], Gateway]) -> None:
    gateway = gateways()
    assert cli("login", gateway.url, "--no-browser").code == 0
    assert cli("token").out == f"{KEY}\n"
