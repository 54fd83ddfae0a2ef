"""Members of JSON objects that a client sent, checked: what is wrong is refused by its place in the request."""

from typing import Any

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.translation.model import Json

_decode = msgspec.json.Decoder().decode


Place = str | int
"""A place in the request, such as `tools[0]`. A number is an item of `input`: its name is made when it is wrong."""


def wrong(at: str, what: str) -> BadInput:
    """The error for the value at this place, such as `input[2].content`."""
    return BadInput(f"`{at}` must be {what}.", param=at)


def decoded(raw: msgspec.Raw, name: str) -> Any:
    """The value of a member of the body. Raises BadInput for what is no JSON that can be read."""
    try:
        return _decode(raw)
    except (ValueError, RecursionError):
        raise BadInput(f"`{name}` is not JSON that can be read.", param=name) from None


def text(members: Json, name: str, at: Place) -> str:
    """A text that has to be there. Raises BadInput."""
    found = members.get(name)
    if not isinstance(found, str):
        raise wrong(f"{at if isinstance(at, str) else f'input[{at}]'}.{name}", "a text")
    return found


def maybe_text(members: Json, name: str, at: Place) -> str | None:
    """A text, or None when it is absent or null. Raises BadInput."""
    return None if members.get(name) is None else text(members, name, at)


def an_object(value: Any, at: str) -> Json:
    """Raises BadInput for what is no JSON object."""
    if not isinstance(value, dict):
        raise wrong(at, "an object")
    return value


def a_list(value: Any, at: str) -> list[Any]:
    """Raises BadInput for what is no JSON array."""
    if not isinstance(value, list):
        raise wrong(at, "an array")
    return value


def objects(value: Any, at: str) -> list[tuple[str, Json]]:
    """The objects of an array, each with its place. Raises BadInput."""
    return [(f"{at}[{index}]", an_object(one, f"{at}[{index}]")) for index, one in enumerate(a_list(value, at))]
