"""The commands of somebody who is signed in: whoami, models, logout, token; and what they do when one is not."""

import json
import subprocess
from collections.abc import Callable

import pytest

from gatewright.cli.times import now
from gatewright.domain.clock import HOUR, MINUTE, iso

from .conftest import Cli
from .gateway import KEY, ME, Gateway, Reply

COMMANDS = [("whoami",), ("models", "list")]


def test_whoami_is_the_servers_word(cli: Cli, gateway: Gateway) -> None:
    gateway.keys[KEY] = {**ME, "expires_at": iso(now() + 22 * HOUR + 5 * MINUTE)}
    cli.store(gateway.url, KEY, created_at=now() - 90 * MINUTE)

    done = cli("whoami")

    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines() == [
        f"Server: {gateway.url}",
        "User: Jane Doe (jane)",
        "E-mail: jane@example.com",
        "Role: Admin (proxy_admin), because: the provider's claim litellm_role says proxy_admin",
        f"Credential: the stored sign-in, {cli.file}",
        "Token age: 1.5 hours",
        "Expires in 22 hours",
    ]


def test_whoami_passes_a_warning_on(cli: Cli, gateway: Gateway) -> None:
    reason = {"rule": "unknown_value", "claim": "litellm_role", "value": "boss", "warning": "No such role: boss."}
    gateway.keys[KEY] = {**ME, "role_reason": reason}
    cli.store(gateway.url, KEY)
    done = cli("whoami")
    assert done.code == 0
    assert "names no role (boss)" in done.out
    assert done.err == "warning: No such role: boss.\n"


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ({"rule": "group", "claim": "groups", "value": "ops"}, "the group ops in the provider's claim groups gives it"),
        ({"rule": "no_group", "claim": "groups", "value": "a, b"}, "no group in the provider's claim groups gives a"),
        ({"rule": "default", "claim": "litellm_role"}, "sent no claim litellm_role, so the default applies"),
        ({"rule": "default"}, "because: the default, since nothing gave another"),
        ({"rule": "manual"}, "because: set by an administrator\n"),
        ({"rule": "proxy_admin_id"}, "because: PROXY_ADMIN_ID names you"),
    ],
)
def test_whoami_says_why(cli: Cli, gateway: Gateway, reason: dict[str, str], words: str) -> None:
    gateway.keys[KEY] = {**ME, "role_reason": reason}
    cli.store(gateway.url, KEY)
    assert words in cli("whoami").out


def test_whoami_as_json(cli: Cli, gateway: Gateway) -> None:
    cli.store(gateway.url, KEY, created_at=1000, expires_at=2000)
    result = json.loads(cli("whoami", "--json").out)
    assert result["server"] == gateway.url
    assert result["credential"] == {
        "source": "the stored sign-in",
        "created_at": "1970-01-01T00:00:01.000Z",
        "expires_at": "1970-01-01T00:00:02.000Z",
    }
    assert result["me"] == ME


@pytest.mark.parametrize("command", COMMANDS)
def test_nobody_signed_in_is_4(cli: Cli, gateway: Gateway, command: tuple[str, ...]) -> None:
    done = cli(*command, env={"GATEWRIGHT_URL": gateway.url})
    assert done.code == 4
    assert done.err == f"error: Not signed in to {gateway.url}.\nhint: Run `gatewright login`.\n"
    assert gateway.seen == []


@pytest.mark.parametrize("command", COMMANDS)
def test_an_ended_sign_in_is_4(cli: Cli, gateway: Gateway, command: tuple[str, ...]) -> None:
    cli.store(gateway.url, "sk-revoked")
    done = cli(*command)
    assert done.code == 4
    assert done.out == ""
    assert "has expired or was ended" in done.err
    assert "hint: Run `gatewright login`." in done.err
    assert "sk-revoked" not in done.err
    assert ("reference: req-77" in done.err) is (command == ("whoami",))


def test_a_refused_key_names_its_source(cli: Cli, gateway: Gateway) -> None:
    given = {"GATEWRIGHT_URL": gateway.url, "GATEWRIGHT_API_KEY": "sk-wrong"}
    done = cli("whoami", env=given)
    assert done.code == 4
    assert "refused the key from GATEWRIGHT_API_KEY" in done.err
    assert "refused the key from --api-key" in cli("--api-key", "sk-x", "whoami", env=given).err


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (
            Reply(403, {"title": "Forbidden", "detail": "No.", "hint": "Ask.", "request_id": "r-1"}),
            5,
            "error: No.\nhint: Ask.\nreference: r-1\n",
        ),
        (Reply(404, {"detail": "Not Found"}), 3, "error: Not Found\n"),
        (Reply(409, {"detail": {"error": "Changed."}}), 3, "error: Changed.\n"),
        (
            Reply(429, {"error": {"message": "Slow down."}}, {"retry-after": "7"}),
            6,
            "error: Slow down.\nhint: Try again in 7 seconds.\n",
        ),
        (
            Reply(503, {"error": "x", "error_description": "Busy."}, {"x-request-id": "h-1"}),
            1,
            "error: Busy.\nreference: h-1\n",
        ),
        (Reply(502, "<html>nginx</html>"), 1, "answered 502 Bad Gateway.\n"),
        (Reply(302, None, {"location": "/elsewhere"}), 1, "redirects are not followed.\n"),
        (Reply(200, "<html>"), 1, "not what a gateway answers."),
        (Reply(200, ["x"]), 1, "not what a gateway answers."),
    ],
)
def test_a_servers_error_becomes_message_hint_and_code(
    cli: Cli, gateway: Gateway, reply: Reply, code: int, words: str
) -> None:
    gateway.instead["GET", "/api/v1/me"] = reply
    cli.store(gateway.url, KEY)
    done = cli("whoami")
    assert done.code == code
    assert words in done.err
    assert done.out == ""


def test_models_are_plain_lines_for_a_script(cli: Cli, gateway: Gateway) -> None:
    cli.store(gateway.url, KEY)
    assert cli("models", "list").out == "claude-opus\ngpt-5\n"
    assert cli("models").out == "claude-opus\ngpt-5\n"


def test_models_as_json_are_the_servers_objects(cli: Cli, gateway: Gateway) -> None:
    cli.store(gateway.url, KEY)
    result = json.loads(cli("models", "list", "--json").out)
    assert sorted(result, key=str) == sorted(gateway.models, key=str)
    assert json.loads(cli("models", "--json", "list").out) == result
    assert json.loads(cli("models", "--json").out) == result


def test_no_models_is_said_on_stderr(cli: Cli, gateway: Gateway) -> None:
    gateway.models = []
    cli.store(gateway.url, KEY)
    done = cli("models", "list")
    assert (done.code, done.out) == (0, "")
    assert f"There is no model that you may use. Administrators add them at {gateway.url}/ui." in done.err
    assert json.loads(cli("models", "list", "--json").out) == []


def test_logout_ends_it_here_and_there(cli: Cli, gateway: Gateway) -> None:
    cli.store(gateway.url, KEY)
    done = cli("logout")
    assert (done.code, done.out) == (0, f"Signed out of {gateway.url}.\n")
    assert KEY not in gateway.keys
    assert cli.stored()["servers"] == {}
    assert cli("token").code == 4
    again = cli("logout")
    assert (again.code, again.out) == (0, f"Not signed in to {gateway.url}.\n")


def test_logout_of_what_the_server_ended_before(cli: Cli, gateway: Gateway) -> None:
    cli.store(gateway.url, "sk-ended")
    assert cli("logout", "--json").out == json.dumps({"server": gateway.url, "revoked": True}, indent=2) + "\n"
    assert cli.stored()["servers"] == {}


def test_logout_without_the_server_forgets_and_says_so(cli: Cli, gateways: Callable[[], Gateway]) -> None:
    gone = gateways()
    gone.stop()
    cli.store(gone.url, KEY)
    done = cli("logout")
    assert done.code == 7
    assert "could not be ended there" in done.err
    assert "works until it expires" in done.err
    assert cli.stored()["servers"] == {}


def test_logout_that_the_server_cannot_do(cli: Cli, gateway: Gateway) -> None:
    gateway.instead["POST", "/api/v1/me/logout"] = Reply(404, {"detail": "Not Found"})
    cli.store(gateway.url, KEY)
    done = cli("logout")
    assert done.code == 1
    assert "did not end the sign-in: Not Found" in done.err
    assert cli.stored()["servers"] == {}


def test_logout_never_spends_a_key_of_the_environment(cli: Cli, gateway: Gateway) -> None:
    gateway.keys["sk-environment"] = ME
    cli.store(gateway.url, KEY)
    assert cli("logout", env={"GATEWRIGHT_API_KEY": "sk-environment"}).code == 0
    assert list(gateway.keys) == ["sk-environment"]


def test_a_key_that_cannot_be_a_header_is_refused(cli: Cli, gateway: Gateway) -> None:
    done = cli("whoami", "--url", gateway.url, "--api-key", "sk-a\nx-other: 1")
    assert done.code == 1
    assert "The key from --api-key is not one" in done.err
    assert "x-other" not in done.err
    assert gateway.seen == []


def test_a_reader_that_goes_away_leaves_no_traceback(cli: Cli, gateway: Gateway) -> None:
    gateway.models = [{"id": f"model-{n}", "owned_by": "x"} for n in range(5000)]
    cli.store(gateway.url, KEY)
    process = subprocess.Popen(
        [*cli.command, "models"], env=cli.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stderr
    process.stdout.readline()
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    process.wait(20)
    assert err == ""
