"""`gatewright login` against a real server: contract litellm 2.2, from the first request to the stored credential."""

import json
import shlex
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Cli
from .gateway import KEY, LOGIN_ID, ME, PENDING, POLL_SECRET, USER_CODE, Gateway, Reply

POLL = f"/sso/cli/poll/{LOGIN_ID}"


def test_a_sign_in_is_stored_and_says_who_and_where(cli: Cli, gateway: Gateway) -> None:
    gateway.polls = [PENDING, PENDING]

    done = cli("login", gateway.url, "--no-browser")

    assert (done.code, done.err) == (0, "")
    assert f"  {gateway.url}/sso/key/generate?source=litellm-cli&key={LOGIN_ID}\n" in done.out
    assert f"Verification code: {USER_CODE}" in done.out
    assert f"Signed in to {gateway.url} as Jane Doe (Admin)." in done.out
    assert f"Saved to {cli.file}" in done.out
    assert KEY not in done.out
    assert POLL_SECRET not in done.out
    assert cli.stored()["servers"][gateway.url]["key"] == KEY
    assert cli.stored()["last_server"] == gateway.url
    assert stat.S_IMODE(cli.file.stat().st_mode) == 0o600
    assert stat.S_IMODE(cli.folder.stat().st_mode) == 0o700


def test_the_wire_is_litellms(cli: Cli, gateway: Gateway) -> None:
    gateway.polls = [PENDING]
    cli("login", gateway.url, "--no-browser")

    first, *polls, me = gateway.seen
    assert (first.method, first.path, first.headers.get("authorization")) == ("POST", "/sso/cli/start", None)
    assert [(p.method, p.path, p.query) for p in polls] == [("GET", POLL, {})] * 2
    assert all(p.headers["x-litellm-cli-poll-secret"] == POLL_SECRET for p in polls)
    assert all("authorization" not in p.headers for p in polls)
    assert (me.path, me.headers["authorization"]) == ("/api/v1/me", f"Bearer {KEY}")
    assert "x-litellm-cli-poll-secret" not in me.headers


def test_the_link_opens_in_the_browser(cli: Cli, gateway: Gateway, tmp_path: Path) -> None:
    opened = tmp_path / "opened"
    script = tmp_path / "browser.py"
    script.write_text(f"import sys; open({str(opened)!r}, 'w').write(sys.argv[1])")
    browser = f"{shlex.quote(sys.executable)} {shlex.quote(str(script))} %s"

    done = cli("login", gateway.url, env={"BROWSER": browser})

    assert done.code == 0
    assert opened.read_text() == f"{gateway.url}/sso/key/generate?source=litellm-cli&key={LOGIN_ID}"


def test_a_browser_that_does_not_open_is_no_failure(cli: Cli, gateway: Gateway) -> None:
    done = cli("login", gateway.url, env={"BROWSER": "false %s"})
    assert done.code == 0
    assert "open the link yourself" in done.out


@pytest.mark.parametrize(
    ("complete", "used"),
    [("http://localhost:1/device?user_code=X", True), ("file:///etc/passwd", False), ("javascript:alert(1)", False)],
)
def test_a_complete_link_is_used_when_it_is_a_web_page(cli: Cli, gateway: Gateway, complete: str, used: bool) -> None:
    gateway.start["verification_uri_complete"] = complete
    done = cli("login", gateway.url, "--no-browser")
    assert done.code == 0
    assert (complete in done.out) is used


def test_a_busy_or_failing_server_is_asked_again(cli: Cli, gateway: Gateway) -> None:
    busy = Reply(429, {"detail": "Too many"}, {"retry-after": "0"})
    gateway.polls = [busy, Reply(500, "<html>"), Reply(503, {"detail": "x"}), PENDING]
    assert cli("login", gateway.url, "--no-browser").code == 0
    assert len(gateway.calls(POLL)) == 5


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (Reply(403, {"detail": "Invalid CLI polling secret"}), 5, "error: Invalid CLI polling secret\n"),
        (Reply(400, {"detail": "CLI login session not found or expired."}), 1, "not found or expired."),
        (Reply(302, None, {"location": "https://evil.example/x"}), 1, "redirects are not followed"),
        (Reply(200, {"status": "odd"}), 1, "neither pending nor ready"),
        (Reply(200, {"status": "ready"}), 1, "neither pending nor ready"),
        (Reply(200, {"status": "ready", "key": "sk-a\nb"}), 1, "The key from the server is not one"),
        (Reply(200, "<html>hello"), 1, "not what a gateway answers"),
    ],
)
def test_any_other_refusal_ends_it(cli: Cli, gateway: Gateway, reply: Reply, code: int, words: str) -> None:
    gateway.polls = [reply]
    done = cli("login", gateway.url, "--no-browser")
    assert done.code == code
    assert words in done.err
    assert "Traceback" not in done.err
    assert not cli.file.exists()
    assert len(gateway.calls(POLL)) == 1


def test_the_server_judges_the_secret(cli: Cli, gateway: Gateway) -> None:
    gateway.start["poll_secret"] = "another"
    done = cli("login", gateway.url, "--no-browser")
    assert (done.code, done.err) == (5, "error: Invalid CLI polling secret\n")


def test_the_wait_ends_with_the_time(cli: Cli, gateway: Gateway) -> None:
    gateway.start["expires_in"] = 0.2
    gateway.polls = [PENDING] * 1000
    done = cli("login", gateway.url, "--no-browser")
    assert done.code == 4
    assert "not finished in time" in done.err
    assert "hint: Run `gatewright login` again" in done.err


@pytest.mark.parametrize(
    ("reply", "code", "words"),
    [
        (Reply(404, {"detail": "Not Found"}), 1, "offers no sign-in for the command line"),
        (Reply(405, {"detail": "Method Not Allowed"}), 1, "offers no sign-in for the command line"),
        (Reply(429, {"detail": "Too many CLI login attempts. Try again later."}), 6, "Too many CLI login attempts"),
        (Reply(500, "oops"), 1, "500 Internal Server Error"),
        (Reply(200, {}), 1, "no usable login id"),
        (Reply(200, {"login_id": "cli-../../../../admin", "poll_secret": "x", "user_code": "y"}), 1, "login id"),
        (Reply(200, {"login_id": LOGIN_ID, "user_code": "y"}), 1, "lacks the polling secret"),
        (Reply(308, None, {"location": "https://llm.example.com/sso/cli/start"}), 1, "--url https://llm.example.com"),
    ],
)
def test_a_start_that_fails_says_why(cli: Cli, gateway: Gateway, reply: Reply, code: int, words: str) -> None:
    gateway.instead["POST", "/sso/cli/start"] = reply
    done = cli("login", gateway.url, "--no-browser")
    assert done.code == code
    assert words in done.err
    assert len(gateway.seen) == 1


def test_nobody_there(cli: Cli, gateways: Callable[[], Gateway]) -> None:
    gone = gateways()
    gone.stop()
    done = cli("login", gone.url)
    assert done.code == 7
    assert f"error: Cannot reach {gone.url}: Connection refused.\nhint: " in done.err


def test_the_place_is_tried_before_the_browser(cli: Cli, gateway: Gateway) -> None:
    (cli.home / "state").write_text("a file, not a folder")
    done = cli("login", gateway.url, "--no-browser")
    assert done.code == 1
    assert "Cannot use" in done.err
    assert gateway.seen == []


def test_json_leaves_stdout_to_the_result(cli: Cli, gateway: Gateway) -> None:
    gateway.keys[KEY] = {**ME, "expires_at": "2100-01-01T00:00:00.000Z"}
    done = cli("login", gateway.url, "--no-browser", "--json")
    result = json.loads(done.out)
    assert result["server"] == gateway.url
    assert (result["user_id"], result["email"], result["role"]) == ("u-1", "jane@example.com", "proxy_admin")
    assert result["expires_at"] == "2100-01-01T00:00:00.000Z"
    assert result["saved_to"] == str(cli.file)
    assert f"Verification code: {USER_CODE}" in done.err
    assert KEY not in done.out + done.err
    assert cli.stored()["servers"][gateway.url]["expires_at"] == 4102444800000


def test_a_server_without_our_api_will_do(cli: Cli, gateway: Gateway) -> None:
    """LiteLLM's own proxy knows no `/api/v1/me`."""
    gateway.instead["GET", "/api/v1/me"] = Reply(404, {"detail": "Not Found"})
    done = cli("login", gateway.url, "--no-browser")
    assert done.code == 0
    assert f"Signed in to {gateway.url} as u-1." in done.out


def test_a_key_in_the_environment_is_pointed_out(cli: Cli, gateway: Gateway) -> None:
    done = cli("login", gateway.url, "--no-browser", env={"LITELLM_PROXY_API_KEY": "sk-environment"})
    assert done.code == 0
    assert "warning: LITELLM_PROXY_API_KEY is set" in done.err
    assert all("sk-environment" not in str(seen.headers) for seen in gateway.seen)


def test_plain_http_elsewhere_is_warned_of(cli: Cli) -> None:
    # .invalid resolves nowhere, by RFC 6761.
    done = cli("login", "http://gateway.invalid", "--no-browser")
    assert done.code == 7
    assert done.err.startswith("warning: http://gateway.invalid is plain http")


def test_what_a_server_sends_cannot_drive_the_terminal(cli: Cli, gateway: Gateway) -> None:
    gateway.start["user_code"] = "AB\x1b[2JCD"
    gateway.polls = [Reply(400, {"detail": "bad\x1b]0;title\x07\nerror: forged"})]
    done = cli("login", gateway.url, "--no-browser")
    assert "\x1b" not in done.out + done.err
    assert len(done.err.splitlines()) == 1


def test_an_interrupt_is_130(cli: Cli, gateway: Gateway) -> None:
    gateway.polls = [PENDING] * 10_000
    # Whoever runs the tests in the background of a shell ignores the signal, and so would the process.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        process = subprocess.Popen(
            [*cli.command, "login", gateway.url, "--no-browser"],
            env=cli.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    finally:
        signal.signal(signal.SIGINT, before)
    until = time.monotonic() + 20
    while not gateway.calls(POLL) and time.monotonic() < until:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    try:
        _, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130
    assert err.strip() == "Interrupted."
    assert not cli.file.exists()
