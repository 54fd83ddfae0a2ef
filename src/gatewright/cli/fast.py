"""`gatewright token` without click: coding agents run it before every call, so its start is what it costs.

Standard library only.
"""

from collections.abc import Sequence
from typing import NamedTuple

from gatewright.cli import output, profile
from gatewright.cli.credentials import Store
from gatewright.cli.errors import SignInNeeded
from gatewright.cli.profile import Server
from gatewright.cli.times import duration, now
from gatewright.domain.clock import iso_or_none


class TokenRequest(NamedTuple):
    """`gatewright token` as typed."""

    url: str | None = None
    as_json: bool = False


def parse(arguments: Sequence[str]) -> TokenRequest | None:
    """`[--url URL] token [--url URL] [--json]` in any order; None for anything else, which click then answers."""
    url, as_json, named = None, False, False
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in ("--url", "--base-url"):
            if not equals and not rest:
                return None
            url = value if equals else rest.pop(0)
        elif word == "--json" and named:
            as_json = True
        elif word == "token" and not named:
            named = True
        else:
            return None
    return TokenRequest(url, as_json) if named else None


def print_token(request: TokenRequest) -> None:
    """Print the stored credential of the server, alone or as `{server, token, expires_at}`.

    Only a stored sign-in counts, not a key of the environment: a caller that has the key needs no printing of it.
    Raises SignInNeeded when there is none or it has expired.
    """
    store = Store()
    server = profile.server(request.url, store.last_server)
    credential = store.find(server.origin)
    if credential is None:
        raise SignInNeeded(f"Not signed in to {server.origin}.", hint=login_hint(server))
    if credential.expires_at is not None and credential.expires_at <= now():
        age = duration(now() - credential.expires_at)
        raise SignInNeeded(f"The sign-in to {server.origin} expired {age} ago.", hint=login_hint(server))
    if request.as_json:
        expires_at = iso_or_none(credential.expires_at)
        output.as_json({"server": server.origin, "token": credential.key, "expires_at": expires_at})
    else:
        output.line(credential.key)


def login_hint(server: Server) -> str:
    """How to sign in to this server: the short form when `login` goes there by itself."""
    return f"Run `gatewright login {server.origin}`." if server.given else "Run `gatewright login`."
