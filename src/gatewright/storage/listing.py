"""Pages of a list with filters, search and order, in SQL: what every list of `/api/v3` asks for (contract 3.8)."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Select, String, and_, cast, false, func, or_, select

from gatewright.storage.database import Transaction

LARGEST = 100


class Filter(msgspec.Struct, frozen=True):
    """`test`: `is`, `other`, `has` (a part, whatever its case), `starts`, `empty` and `filled` (True or False), `in`,
    `out`, `from` and `to` (without the bound), `least` and `most` (with it).
    """

    name: str
    test: str
    value: Any


class Wish(msgspec.Struct, frozen=True):
    """Which page of which rows. `order` are names of columns, with `-` before one that descends."""

    page: int = 1
    size: int = 20
    order: tuple[str, ...] = ()
    search: str | None = None
    filters: tuple[Filter, ...] = ()

    @property
    def start(self) -> int:
        """How many rows stand before the page."""
        return (self.page - 1) * self.size


EVERYTHING = Wish(size=1_000_000)


class Listing(msgspec.Struct, frozen=True):
    """A list: its key, which makes every order whole, its columns by public name, and those that a search looks at."""

    key: Any
    columns: Mapping[str, Any]
    searched: tuple[Any, ...] = ()


async def matching(
    tx: Transaction, query: Select[Any], listing: Listing, wish: Wish
) -> tuple[int, list[Row[tuple[Any, ...]]]]:
    """How many rows match, and those of the page. The caller checked the names of the columns."""
    query = query.where(*conditions(listing, wish))
    count = (await tx.execute(select(func.count()).select_from(query.order_by(None).subquery()))).scalar_one()
    return count, list(await tx.execute(ordered(query, listing, wish)))


def ordered(query: Select[Any], listing: Listing, wish: Wish) -> Select[Any]:
    """The page's rows in their order."""
    order = [_order(listing.columns, name) for name in wish.order]
    return query.order_by(*order, listing.key).limit(wish.size).offset(wish.start)


def conditions(listing: Listing, wish: Wish) -> list[ColumnElement[bool]]:
    """The filters and the search as SQL."""
    found = [_condition(listing.columns[one.name], one) for one in wish.filters]
    if wish.search:
        words = [or_(*(_has(column, word) for column in listing.searched)) for word in wish.search.split()[:10]]
        found.append(and_(*words) if listing.searched else false())
    return found


def _order(columns: Mapping[str, Any], name: str) -> Any:
    column = columns[name.removeprefix("-")]
    return column.desc() if name.startswith("-") else column.asc()


def _condition(column: Any, one: Filter) -> ColumnElement[bool]:
    tests: dict[str, Callable[[], ColumnElement[bool]]] = {
        "is": lambda: column == one.value,
        "in": lambda: column.in_(one.value),
        "out": lambda: column.not_in(one.value),
        "has": lambda: _has(column, one.value),
        "starts": lambda: column.startswith(one.value, autoescape=True),
        "empty": lambda: column.is_(None) if one.value else column.is_not(None),
        "from": lambda: column > one.value,
        "to": lambda: column < one.value,
        "least": lambda: column >= one.value,
        "most": lambda: column <= one.value,
        # An index knows what is smaller and what is larger, not what differs.
        "other": lambda: or_(column < one.value, column > one.value),
        "filled": lambda: column.is_not(None) if one.value else column.is_(None),
    }
    return tests[one.test]()


def _has(column: Any, text: str) -> ColumnElement[bool]:
    whole = cast(column, String)
    # SQLite's lower() knows ASCII alone.
    return or_(func.lower(whole).contains(text.lower(), autoescape=True), whole.contains(text, autoescape=True))
