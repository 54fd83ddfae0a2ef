"""The spend log: one row a model request, written behind the journal, read by the reports."""

import sqlite3
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain
from operator import itemgetter
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Dialect, Select, and_, case, column, func, select, table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, ProgrammingError

from gatewright.domain.clock import HOUR, Millis
from gatewright.domain.money import Nanos
from gatewright.storage.database import Transaction
from gatewright.storage.tables import spend_log


class SpendRow(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One model request, as the journal and the table hold it.

    The journal writes it as an array, so a new field goes to the end and has a default: journals outlive an upgrade.

    `outcome` is `ok`, `upstream_error` (no answer, or an error from the provider), `cut` (the answer broke off),
    `client_gone` or `refused` (by us: the model cannot do what was asked for).

    `status` is what the client was sent, or would have been. `metered` says that the token counts are
    known; when they are not they are 0 and `cost` is None, as it is when the price is unknown. `cost` is nano-dollars.

    The token counts are as in `domain.money.Usage`. `retries` and `fallbacks` count attempts after the first.
    `cache_hit`: answered from the response cache, at no cost. `session_id` is what the client calls its session.
    """

    request_id: str
    started_at: Millis
    duration_ms: int
    key_id: int | None
    user_pk: int | None
    user_id: str
    model: str
    status: int
    outcome: str
    stream: bool
    first_byte_ms: int | None = None
    upstream_model: str | None = None
    deployment: str | None = None
    provider: str | None = None
    error_code: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    metered: bool = False
    cost: Nanos | None = None
    address: str | None = None
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    audio_prompt_tokens: int = 0
    audio_completion_tokens: int = 0
    retries: int = 0
    fallbacks: int = 0
    cache_hit: bool = False
    team_id: str | None = None
    session_id: str | None = None


class Totals(msgspec.Struct, frozen=True):
    """Sums over a range. `errors` counts the requests whose answer failed or broke off; a client that left is none.

    `unpriced` counts those that reached a model and whose cost is unknown.
    """

    requests: int = 0
    errors: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    spend: Nanos = 0
    unpriced: int = 0


class HourTotals(msgspec.Struct, frozen=True):
    """One hour that saw requests, `at` its beginning."""

    at: Millis
    requests: int
    spend: Nanos


class ModelTotals(msgspec.Struct, frozen=True):
    """One public model name; `tokens` are prompt and completion together. `spend` None: no request had a price."""

    model: str
    requests: int
    tokens: int
    spend: Nanos | None


class RowsRefused(ValueError):
    """The database is well and will never take one of these rows."""


TOGETHER = 128 if sqlite3.sqlite_version_info >= (3, 32) else 32
"""Rows of one statement on SQLite; with 31 columns that stays below the 999 values that an old one takes."""

FAILED = ("upstream_error", "cut")
_COLUMNS = tuple(field.name for field in msgspec.structs.fields(SpendRow))
_UNSAID = {
    at: None if spend_log.c[field.name].nullable else field.default
    for at, field in enumerate(msgspec.structs.fields(SpendRow))
    if spend_log.c[field.name].nullable or spend_log.c[field.name].server_default is not None
}
"""What a column holds when nothing is said of it, by its place, where the database knows that."""

_c = spend_log.c
_requests = func.count().label("requests")
_spend = func.coalesce(func.sum(_c.cost), 0).label("spend")
_tokens = func.coalesce(func.sum(_c.prompt_tokens + _c.completion_tokens), 0).label("tokens")


async def insert(tx: Transaction, rows: Sequence[SpendRow]) -> None:
    """Inserts the rows whose request_id is not there yet; the others stay as they are.

    Raises RowsRefused for values that no attempt will ever get in; the transaction is of no more use then.
    """
    try:
        # Past SQLAlchemy's handling of each parameter, which costs more than the insert itself: 26 us a row, not 9.
        for query, values in _statements(tx.dialect, rows):
            await tx.exec_driver_sql(query, values)
    except (OperationalError, InterfaceError, ProgrammingError):
        raise
    except (DBAPIError, OverflowError, UnicodeError) as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        raise RowsRefused(f"The database refuses a value: {error}") from error


async def totals(tx: Transaction, since: Millis, user_pk: int | None = None) -> Totals:
    """Sums over everything that started at `since` or later; of one user when given."""
    query = select(
        _requests,
        _count(_c.outcome.in_(FAILED)).label("errors"),
        func.coalesce(func.sum(_c.prompt_tokens), 0).label("prompt_tokens"),
        func.coalesce(func.sum(_c.completion_tokens), 0).label("completion_tokens"),
        _spend,
        _count(and_(_c.cost.is_(None), _c.outcome.not_in(("upstream_error", "refused")))).label("unpriced"),
    )
    row = (await tx.execute(_in_range(query, since, user_pk))).one()
    return Totals(*(int(value) for value in row))


async def by_hour(tx: Transaction, since: Millis, user_pk: int | None = None) -> list[HourTotals]:
    """One entry an hour (UTC) that saw requests, oldest first."""
    hour = (_c.started_at - _c.started_at % HOUR).label("at")
    query = _in_range(select(hour, _requests, _spend), since, user_pk).group_by(hour).order_by(hour)
    return [HourTotals(*(int(value) for value in row)) for row in await tx.execute(query)]


async def by_model(tx: Transaction, since: Millis, user_pk: int | None = None) -> list[ModelTotals]:
    """One entry a public model name, the busiest first."""
    query = _in_range(select(_c.model, _requests, _tokens, func.sum(_c.cost)), since, user_pk)
    query = query.group_by(_c.model).order_by(_requests.desc(), _c.model)
    return [
        ModelTotals(model, int(requests), int(tokens), None if spend is None else int(spend))
        for model, requests, tokens, spend in await tx.execute(query)
    ]


async def by_key(tx: Transaction, key_ids: Sequence[int]) -> dict[int, Nanos]:
    """What each of these keys has spent so far; keys that spent nothing are missing."""
    if not key_ids:
        return {}
    query = select(_c.key_id, _spend).where(_c.key_id.in_(key_ids)).group_by(_c.key_id)
    return {key_id: int(spent) for key_id, spent in await tx.execute(query)}


async def has_any(tx: Transaction, user_pk: int | None = None) -> bool:
    """Whether there ever was a request; of one user when given. One look into an index."""
    query = select(_c.request_id).limit(1)
    if user_pk is not None:
        query = query.where(_c.user_pk == user_pk)
    return (await tx.execute(query)).first() is not None


async def count(tx: Transaction, most: int) -> int:
    """How many requests there were, counted as far as `most`."""
    some = select(_c.request_id).limit(most).subquery()
    return int((await tx.execute(select(func.count()).select_from(some))).scalar_one())


def _statements(dialect: Dialect, rows: Sequence[SpendRow]) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    """What inserts the rows: a statement in the driver's own language, and the values of each of its runs."""
    if not rows:
        return
    found = [msgspec.structs.astuple(row) for row in rows]
    said = _said(found)
    found = list(map(itemgetter(*said), found))
    query = _insert(dialect, said)
    whole = len(found) - len(found) % TOGETHER if dialect.name == "sqlite" else 0
    if whole:
        # SQLite's driver lets go of Python's lock and takes it again for each run, whatever that inserts.
        one_row = f"({', '.join('?' * len(said))})"
        many = query.replace(one_row, ", ".join([one_row] * TOGETHER))
        yield many, [tuple(chain.from_iterable(found[at : at + TOGETHER])) for at in range(0, whole, TOGETHER)]
    if whole < len(found):
        yield query, found[whole:]


def _said(found: Sequence[tuple[Any, ...]]) -> tuple[int, ...]:
    """The places of the columns in which one of the rows says something that the database does not put there itself."""
    columns = enumerate(zip(*found, strict=True))
    return tuple(at for at, values in columns if at not in _UNSAID or set(values) != {_UNSAID[at]})


@lru_cache(maxsize=256)
def _insert(dialect: Dialect, said: tuple[int, ...]) -> str:
    """The statement for one row."""
    names = [_COLUMNS[at] for at in said]
    # With its columns in the order of a row's fields.
    target = table(spend_log.name, *(column(name, spend_log.c[name].type) for name in names))
    kind = sqlite if dialect.name == "sqlite" else postgresql
    query = kind.insert(target).on_conflict_do_nothing(index_elements=["request_id"])
    return str(query.compile(dialect=dialect, column_keys=names))


def _count(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _in_range(query: Select[Any], since: Millis, user_pk: int | None) -> Select[Any]:
    query = query.where(_c.started_at >= since)
    return query if user_pk is None else query.where(_c.user_pk == user_pk)
