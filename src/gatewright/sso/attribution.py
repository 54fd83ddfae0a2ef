"""What is kept of a person's claims in their metadata, for attribution: pure (contract litellm 2.6)."""

import math
from collections.abc import Mapping
from typing import Any

from gatewright.settings.sign_in import ClaimNames
from gatewright.sso.claim_paths import at

LONGEST = 1024
TOKEN = "eyJ"  # how a JSON object begins in base64url: that of a JSON Web Token's header


def kept(extra: Mapping[str, Any], own: Mapping[str, Any], names: ClaimNames) -> dict[str, Any]:
    """The metadata that `names.kept` asks for, nested by the dots of its places.

    A source is looked for among the extra claims, by its whole name and then as a path, then among our own fields.
    """
    found: dict[str, Any] = {}
    for source, place in names.kept:
        value = at(extra, source)
        if value is None:
            value = own.get(source)
        if may_be_kept(value):
            _put(found, place.split("."), value)
    return found


def may_be_kept(value: object) -> bool:
    """Text of a reasonable length that is no token, a number, true or false."""
    if isinstance(value, str):
        looks_signed = value.startswith(TOKEN) and value.count(".") >= 2
        return len(value) <= LONGEST and value.isprintable() and not looks_signed
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, bool) or (isinstance(value, int) and abs(value) < 2**63)


def deeper(before: Mapping[str, Any], added: Mapping[str, Any]) -> dict[str, Any]:
    """Both, object by object; where both have a value the added one counts."""
    found = dict(before)
    for name, value in added.items():
        old = found.get(name)
        found[name] = deeper(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return found


def flat(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """By the whole place with its dots, as the command line's poll answers it."""
    found: dict[str, Any] = {}
    for name, value in metadata.items():
        within = flat(value) if isinstance(value, Mapping) else None
        found |= {name: value} if within is None else {f"{name}.{rest}": one for rest, one in within.items()}
    return found


def _put(found: dict[str, Any], path: list[str], value: object) -> None:
    for name in path[:-1]:
        found = found.setdefault(name, {})
    found[path[-1]] = value
