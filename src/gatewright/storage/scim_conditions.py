"""A SCIM filter as a SQL condition. What is none is refused, never passed over (RFC 7644 3.4.2.2)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal, NoReturn, cast

import msgspec
from sqlalchemy import ColumnElement, Select, and_, false, func, not_, or_

from gatewright.domain.clock import Millis
from gatewright.domain.scim.errors import ScimRefused
from gatewright.domain.scim.filters import AttributePath, Both, Compare, Either, Element, Filter, Negated


class Field(msgspec.Struct, frozen=True):
    """A column; `kind`: text with or without its case, text that is stored casefolded, boolean, or a time."""

    column: Any
    kind: Literal["exact", "folded", "key", "boolean", "time"] = "folded"


class Source(msgspec.Struct, frozen=True):
    """Where values of a multi-valued attribute stand: rows of a query, or with None the person's own row."""

    fields: Mapping[str, Field]
    rows: Select[Any] | None = None
    also: Any = None


Fields = Mapping[str, Field | tuple[Source, ...]]
"""By the attribute's path in lower case, an extension's with its URN. A tuple is a multi-valued attribute."""


def condition(wanted: Filter, fields: Fields) -> ColumnElement[bool]:
    """Raises ScimRefused (`invalidFilter`)."""
    if isinstance(wanted, Both):
        return and_(*(condition(part, fields) for part in wanted.parts))
    if isinstance(wanted, Either):
        return or_(*(condition(part, fields) for part in wanted.parts))
    if isinstance(wanted, Negated):
        return not_(condition(wanted.part, fields))
    if isinstance(wanted, Element):
        found = fields.get(str(wanted.path))
        if not isinstance(found, tuple):
            _refuse(wanted.path, fields)
        return _any_of(found, wanted.condition)
    return _comparison(wanted, fields)


def field_of(path: AttributePath, fields: Fields) -> Field | None:
    """The single column behind a path, None where there is none."""
    found = fields.get(str(path))
    return None if isinstance(found, tuple) else found


def _comparison(wanted: Compare, fields: Fields) -> ColumnElement[bool]:
    field = field_of(wanted.path, fields)
    if field is not None:
        # Without a value no test holds, and its negation does.
        return func.coalesce(_test(field, wanted), false())
    # `emails eq "x"` and `emails.value eq "x"` mean any of the values.
    many = fields.get(str(msgspec.structs.replace(wanted.path, sub=None)))
    if not isinstance(many, tuple):
        _refuse(wanted.path, fields)
    return _any_of(many, Compare(AttributePath(wanted.path.sub or "value"), wanted.operator, wanted.value))


def _any_of(sources: tuple[Source, ...], inner: Filter) -> ColumnElement[bool]:
    found = []
    for source in sources:
        holds = condition(inner, source.fields)
        found.append(and_(source.also, holds) if source.rows is None else source.rows.where(holds).exists())
    return or_(*found)


def _refuse(path: AttributePath, fields: Fields) -> NoReturn:
    known = ", ".join(name.rpartition(":")[2] for name in fields)
    raise ScimRefused(
        "invalidFilter", f"{str(path)[:100]!r} cannot be filtered by.", param="filter", hint=f"Use one of: {known}."
    )


def _test(field: Field, wanted: Compare) -> ColumnElement[bool]:
    if wanted.operator == "pr" or wanted.value is None:
        return _presence(field, wanted.operator)
    if field.kind == "boolean":
        return _boolean(field.column, wanted)
    if field.kind == "time":
        return _ordered(field.column, wanted.operator, _millis(wanted.value))
    if not isinstance(wanted.value, str):
        raise ScimRefused("invalidFilter", f"{wanted.path} is compared with text.", param="filter")
    if field.kind == "exact":
        return _text(field.column, wanted.operator, wanted.value)
    if field.kind == "key":
        return _text(field.column, wanted.operator, wanted.value.casefold())
    if wanted.operator == "ne":
        return not_(func.coalesce(_folded(field.column, "eq", wanted.value), false()))
    return _folded(field.column, wanted.operator, wanted.value)


def _folded(column: Any, operator: str, text: str) -> ColumnElement[bool]:
    # SQLite's lower() knows ASCII alone.
    return or_(_text(func.lower(column), operator, text.lower()), _text(column, operator, text))


def _presence(field: Field, operator: str) -> ColumnElement[bool]:
    if operator not in ("pr", "eq", "ne"):
        raise ScimRefused("invalidFilter", "null is compared with eq and ne.", param="filter")
    column = field.column
    present: ColumnElement[bool] = column.is_not(None)
    if field.kind in ("exact", "folded", "key"):
        present = and_(present, column != "")
    return not_(present) if operator == "eq" else present


def _boolean(column: Any, wanted: Compare) -> ColumnElement[bool]:
    value = wanted.value
    if isinstance(value, str) and value.lower() in ("true", "false"):
        value = value.lower() == "true"
    if wanted.operator not in ("eq", "ne") or not isinstance(value, bool):
        raise ScimRefused("invalidFilter", f"{wanted.path} is compared by eq with true or false.", param="filter")
    asked: ColumnElement[bool] = column if value else not_(column)
    return asked if wanted.operator == "eq" else not_(asked)


def _millis(value: Any) -> Millis:
    try:
        return int(datetime.fromisoformat(value).timestamp() * 1000)
    except (TypeError, ValueError, OverflowError):
        raise ScimRefused("invalidFilter", "A time is written as 2026-01-31T12:00:00Z.", param="filter") from None


def _text(column: Any, operator: str, text: str) -> ColumnElement[bool]:
    # LIKE would not know upper from lower case on SQLite.
    size = len(text)
    found: Any
    if operator == "co":
        found = func.replace(column, text, "") != column if text else column.is_not(None)
    elif operator == "sw":
        found = func.substr(column, 1, size) == text
    elif operator == "ew":
        end = func.substr(column, func.length(column) - size + 1, size)
        found = and_(func.length(column) >= size, end == text)
    else:
        found = _ordered(column, operator, text)
    return cast("ColumnElement[bool]", found)


def _ordered(column: Any, operator: str, value: Any) -> ColumnElement[bool]:
    tests: dict[str, Callable[[], Any]] = {
        "eq": lambda: column == value,
        "ne": lambda: not_(func.coalesce(column == value, false())),
        "gt": lambda: column > value,
        "ge": lambda: column >= value,
        "lt": lambda: column < value,
        "le": lambda: column <= value,
    }
    if operator not in tests:
        raise ScimRefused("invalidFilter", f"{operator} compares text.", param="filter")
    return cast("ColumnElement[bool]", tests[operator]())
