"""What every aggregate module needs: JSON columns to Structs, keyset cursors, counting changed rows."""

from typing import Any

import msgspec
from sqlalchemy import Result

from gatewright.domain.errors import BadInput


def cursor_id(cursor: str | None) -> int | None:
    """The row id that a page starts after, from the opaque cursor of the page before."""
    if cursor is None:
        return None
    if not cursor.isdecimal() or len(cursor) > 18:
        raise BadInput(
            "The cursor is not one that a list answered.", param="cursor", hint="Leave it out to start over."
        )
    return int(cursor)


def builtins(value: Any) -> Any:
    """A Struct as the plain value that a JSON column stores."""
    return msgspec.to_builtins(value)


def changed(result: Result[Any]) -> int:
    """How many rows an UPDATE or DELETE touched."""
    count: int = result.rowcount  # type: ignore[attr-defined]  # CursorResult, which execute() types as Result
    return count
