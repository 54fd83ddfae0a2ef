"""What a terminal gets and a pipe does not, wrong usage, and where the credential file is."""

import json
import os
import pty
import subprocess
from collections.abc import Mapping

import platformdirs
import pytest

from gatewright import __version__
from gatewright.cli import profile
from gatewright.cli.group import COMMANDS, LazyGroup, group
from gatewright.cli.profile import Key

from .conftest import Cli
from .gateway import KEY, Gateway


def on_terminal(cli: Cli, *arguments: str, env: Mapping[str, str] | None = None) -> str:
    """What the command writes when stdout and stderr are a terminal."""
    parent, child = pty.openpty()
    process = subprocess.Popen(
        [*cli.command, *arguments], env=cli.environment(env), stdin=subprocess.DEVNULL, stdout=child, stderr=child
    )
    os.close(child)
    written = b""
    while True:
        try:
            block = os.read(parent, 4096)
        except OSError:
            # Linux says so when the last holder of the other end is gone.
            break
        if not block:
            break
        written += block
    os.close(parent)
    process.wait(20)
    return written.decode().replace("\r\n", "\n")


def test_a_terminal_gets_a_table(cli: Cli, gateway: Gateway) -> None:
    cli.store(gateway.url, KEY)
    text = on_terminal(cli, "models", env={"NO_COLOR": "1"})
    assert text == "MODEL        PROVIDER\nclaude-opus  anthropic\ngpt-5        openai\n"


@pytest.mark.parametrize(
    ("env", "coloured"),
    [({"TERM": "xterm"}, True), ({"TERM": "xterm", "NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals_that_want_it(cli: Cli, env: dict[str, str], coloured: bool) -> None:
    assert ("\x1b[31merror:\x1b[0m" in on_terminal(cli, "whoami", env=env)) is coloured
    assert "\x1b" not in cli("whoami", env=env).err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nope",), "error: No such command 'nope'.\nhint: Try `gatewright --help`."),
        (("whoami", "--nope"), "hint: Try `gatewright whoami --help`."),
        (("login", "https://a.example", "extra"), "unexpected extra argument"),
        (("login", "https://a.example", "--url", "https://b.example"), "Two servers are named."),
        (("login", "https://a.example/v1"), "hint: Use https://a.example."),
        (("whoami", "--url", "ftp://a.example"), "--url: not an http or https URL."),
    ],
)
def test_wrong_usage_is_2(cli: Cli, arguments: tuple[str, ...], words: str) -> None:
    done = cli(*arguments)
    assert (done.code, done.out) == (2, "")
    assert words in done.err


def test_a_wrong_variable_is_named(cli: Cli) -> None:
    done = cli("whoami", env={"LITELLM_PROXY_URL": "https://a.example/v1"})
    assert done.code == 2
    assert done.err.startswith("error: LITELLM_PROXY_URL: ")


def test_the_version(cli: Cli, gateway: Gateway) -> None:
    assert cli("version").out == f"gatewright {__version__}\n"
    assert cli("--version").out == f"gatewright {__version__}\n"
    assert json.loads(cli("version", "--json").out) == {"version": __version__, "server": None}
    both = cli("version", "--server", "--url", gateway.url)
    assert both.out == f"gatewright {__version__}\n{gateway.url}: Gatewright 9.9.9\n"


def test_no_command_is_a_question(cli: Cli) -> None:
    done = cli()
    assert done.code == 0
    assert all(name in done.out for name in COMMANDS)


def test_the_list_says_what_each_command_says(cli: Cli) -> None:
    assert isinstance(group, LazyGroup)
    context = group.make_context("gatewright", ["version"])
    for name, (_, summary) in COMMANDS.items():
        command = group.get_command(context, name)
        assert command is not None
        assert command.name == name
        if name != "serve":
            assert (command.help or "").splitlines()[0].split(":")[0].rstrip(".") == summary.rstrip(".")


def test_the_file_is_where_the_platform_keeps_state(monkeypatch: pytest.MonkeyPatch) -> None:
    for value in ("", "/elsewhere", " "):
        monkeypatch.setenv("XDG_STATE_HOME", value)
        assert profile.state_folder() == platformdirs.user_state_dir("gatewright")
    monkeypatch.delenv("XDG_STATE_HOME")
    assert profile.state_folder() == platformdirs.user_state_dir("gatewright")


def test_a_key_is_not_shown_by_its_text_form() -> None:
    assert "sk-secret" not in repr(Key("sk-secret", "--api-key"))
