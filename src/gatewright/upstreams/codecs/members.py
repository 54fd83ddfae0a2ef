"""Reads the members of a small request, and refuses by name what has no counterpart."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.translation.carriage import CannotCarry

T = TypeVar("T")
Members = Mapping[str, msgspec.Raw]


def member(members: Members, name: str, kind: Any, default: Any = None) -> Any:
    """The member as `kind` (a type that msgspec decodes). Raises BadInput naming it."""
    raw = members.get(name)
    if raw is None:
        return default
    try:
        value = msgspec.json.decode(raw, type=kind | None)
    except (ValueError, RecursionError) as error:
        cause = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise BadInput(f"`{name}` is not usable: {cause}.", param=name) from None
    return default if value is None else value


def lose(members: Members, known: Iterable[str], where: str, dropped: list[str] | None) -> None:
    """Refuses every member that is not `known`, or notes it in `dropped` when there is a list."""
    for name in members.keys() - set(known):
        if dropped is None:
            raise CannotCarry(
                f"`{name}` cannot be sent to this model: {where} has no counterpart.",
                param=name,
                hint="Leave it out, or set drop_params for this model.",
            )
        dropped.append(name)
