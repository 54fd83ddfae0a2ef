"""The browser sign-in's wire protocol (contract litellm 2.2), without a word to the person.

`POST /sso/cli/start` gives a login id, a secret that only this process holds, and a code that the person compares in
the browser; `GET /sso/cli/poll/{login_id}` with the secret says `pending` until the browser is done, then `ready`.
"""

import re
import time
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from gatewright.cli.client import Answer, Client
from gatewright.cli.errors import CommandError, SignInNeeded, Unreachable
from gatewright.cli.failures import failure
from gatewright.cli.profile import Server

POLL_SECRET_HEADER = "x-litellm-cli-poll-secret"
_LOGIN_ID = re.compile(r"cli-[A-Za-z0-9_-]{12,124}")
_DEFAULT_INTERVAL, _DEFAULT_EXPIRY = 2.0, 600.0
_MIN_INTERVAL, _MAX_INTERVAL = 0.02, 30.0


class Started(NamedTuple):
    """A sign-in that waits for the person. `deadline` is a reading of time.monotonic, `interval` is in seconds."""

    login_id: str
    poll_secret: str
    user_code: str
    url: str
    interval: float
    deadline: float


class Ready(NamedTuple):
    """A finished sign-in: either a key, or the teams to choose from (`{"team_id", "team_alias"}` each)."""

    key: str | None
    user_id: str | None
    team_id: str | None
    teams: list[dict[str, str | None]]
    expires_at: object
    attribution_metadata: dict[str, Any]


def start(client: Client, server: Server) -> Started:
    """Ask the server to begin. Raises CommandError, or the failure that the server's answer is."""
    answer = client.request("POST", "/sso/cli/start")
    if answer.status in (404, 405):
        raise CommandError(
            f"{server.origin} offers no sign-in for the command line.",
            hint="It is too old, or not a gateway. A key works without: --api-key or GATEWRIGHT_API_KEY.",
        )
    if not answer.ok:
        raise failure(answer, server)
    body = answer.json_object()
    login_id, secret, code = body.get("login_id"), body.get("poll_secret"), body.get("user_code")
    if not isinstance(login_id, str) or not _LOGIN_ID.fullmatch(login_id):
        raise CommandError("The server's answer names no usable login id.")
    if not isinstance(secret, str) or not secret or not isinstance(code, str) or not code:
        raise CommandError("The server's answer lacks the polling secret or the verification code.")
    interval = min(max(_number(body.get("interval"), _DEFAULT_INTERVAL), _MIN_INTERVAL), _MAX_INTERVAL)
    expires_in = _number(body.get("expires_in"), _DEFAULT_EXPIRY)
    url = _browser_url(client.server, login_id, body.get("verification_uri_complete"))
    return Started(login_id, secret, code, url, interval, time.monotonic() + expires_in)


def wait(client: Client, server: Server, started: Started, *, team_id: str | None = None) -> Ready:
    """Poll until the server is ready, from now and then every interval.

    A busy (429), failing (5xx) or absent server is asked again. Raises what any other refusal is, SignInNeeded when
    the time is over, Unreachable when it is over and the server was absent to the end.
    """
    path = f"/sso/cli/poll/{started.login_id}"
    params = {"team_id": team_id} if team_id else None
    while True:
        pause, absence = started.interval, None
        try:
            answer = client.request("GET", path, params=params, headers={POLL_SECRET_HEADER: started.poll_secret})
        except Unreachable as cause:
            absence = cause
        else:
            if answer.ok:
                if ready := _ready(answer):
                    return ready
            elif answer.status != 429 and answer.status < 500:
                raise failure(answer, server)
            else:
                pause = max(pause, _retry_after(answer))
        if time.monotonic() + pause >= started.deadline:
            raise absence or SignInNeeded(
                "The sign-in was not finished in time.", hint="Run `gatewright login` again and use the new link."
            )
        time.sleep(pause)


def _ready(answer: Answer) -> Ready | None:
    """The finished sign-in, None while it is pending. Raises CommandError for an answer of another shape."""
    body = answer.json_object()
    if body.get("status") == "pending":
        return None
    key = _text(body.get("key"))
    if body.get("status") != "ready" or not (key or body.get("requires_team_selection")):
        raise CommandError("The server's answer is neither pending nor ready.")
    metadata = body.get("attribution_metadata")
    return Ready(
        key,
        _text(body.get("user_id")),
        _text(body.get("team_id")),
        _teams(body),
        body.get("expires_at"),
        metadata if isinstance(metadata, dict) else {},
    )


def _teams(body: dict[str, Any]) -> list[dict[str, str | None]]:
    details = [d for d in body.get("team_details") or [] if isinstance(d, dict)]
    aliases = {d.get("team_id"): _text(d.get("team_alias")) for d in details}
    names = [n for n in body.get("teams") or list(aliases) if isinstance(n, str)]
    return [{"team_id": name, "team_alias": aliases.get(name)} for name in names]


def _browser_url(server: str, login_id: str, complete: object) -> str:
    # Handed to the browser, so nothing but a web page may come of it.
    if isinstance(complete, str) and complete.isprintable() and urlsplit(complete).scheme in ("http", "https"):
        return complete
    return f"{server}/sso/key/generate?{urlencode({'source': 'litellm-cli', 'key': login_id})}"


def _retry_after(answer: Answer) -> float:
    seconds = answer.headers.get("retry-after", "")
    return min(float(seconds), _MAX_INTERVAL) if seconds.isdecimal() else 0.0


def _number(value: object, default: float) -> float:
    usable = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
    return float(value) if usable and isinstance(value, int | float) else default


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
