"""What every aggregate module needs: JSON columns to Structs, keyset cursors, counting changed rows."""

from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Result

from gatewright.domain.errors import BadInput
from gatewright.domain.limits import Limits, ModelLimits


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


def limits_in(row: Mapping[str, Any], whose: str = "") -> Limits:
    """The limits in a row's columns; `whose` stands before the columns' names."""
    return Limits(
        rpm=row[f"{whose}rpm_limit"],
        tpm=row[f"{whose}tpm_limit"],
        parallel=row[f"{whose}max_parallel_requests"],
        models=msgspec.convert(row.get(f"{whose}model_limits") or {}, dict[str, ModelLimits]),
    )


def limit_values(limits: Limits, *, models: bool = True) -> dict[str, Any]:
    """The columns that hold these limits; without `models` for a table that limits no single models."""
    values: dict[str, Any] = {
        "rpm_limit": limits.rpm,
        "tpm_limit": limits.tpm,
        "max_parallel_requests": limits.parallel,
    }
    return {**values, "model_limits": builtins(limits.models)} if models else values


def changed(result: Result[Any]) -> int:
    """How many rows an UPDATE or DELETE touched."""
    count: int = result.rowcount  # type: ignore[attr-defined]  # CursorResult, which execute() types as Result
    return count
