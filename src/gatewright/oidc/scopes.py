"""The scope parameter: a list of names in one string (RFC 6749 3.3)."""

import re
from collections.abc import Iterable

OPENID = "openid"
OFFLINE_ACCESS = "offline_access"
TOKEN = re.compile(r"[\x21\x23-\x5B\x5D-\x7E]+", re.ASCII)


def parse(text: str) -> tuple[str, ...]:
    """The names in the order given, each once. Names outside the grammar are dropped, as unknown ones are."""
    return tuple(dict.fromkeys(name for name in text.split(" ") if TOKEN.fullmatch(name)))


def clamp(requested: tuple[str, ...], configured: Iterable[str]) -> tuple[str, ...]:
    """What is granted: the requested names that are configured, all of them when none was requested.

    The only place where a scope is granted: every grant goes through it (Authentik contract 1.3 step 4, 8.11).
    """
    known = tuple(dict.fromkeys(configured))
    return tuple(name for name in requested if name in known) if requested else known


def render(names: Iterable[str]) -> str:
    """The wire form."""
    return " ".join(names)
