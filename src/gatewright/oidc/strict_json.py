"""JSON of strangers: one meaning or none. What two parsers could read in two ways is refused (RFC 8725 2.4)."""

import json
from typing import Any


def parse_object(text: bytes | str) -> dict[str, Any]:
    """The JSON object. Raises ValueError for anything else, a member that stands twice, and numbers that are none."""
    try:
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    if not isinstance(found, dict):
        raise ValueError("it is not a JSON object")
    return found


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a member stands in it twice")
    return found


def _refused(name: str) -> None:
    raise ValueError(f"{name} is no number")
