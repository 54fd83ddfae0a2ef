"""Rows that wait to be sent somewhere. A worker claims one for a while before it sends it.

So two workers never send the same one at once, and a worker that died gives its rows back.
"""

from typing import Generic, TypeVar

import msgspec
from sqlalchemy import ColumnElement, Table, delete, select, true, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """What every such row has; `attempts` counts the one that it was claimed for."""

    id: int
    attempts: int
    created_at: Millis


W = TypeVar("W", bound=Waiting)


class Queue(Generic[W]):
    """The rows of a table with the columns of `Waiting`, `problem` and `next_attempt_at`.

    `unsent` are those that still wait, for a table that keeps what was sent.
    """

    def __init__(self, table: Table, row: type[W], unsent: ColumnElement[bool] | None = None) -> None:
        self._table = table
        self._row = row
        self._unsent = true() if unsent is None else unsent

    async def any_due(self, tx: Transaction, now: Millis) -> bool:
        return (await tx.execute(select(self._table.c.id).where(self._due(now)).limit(1))).first() is not None

    async def claim(self, tx: Transaction, now: Millis, until: Millis, most: int) -> list[W]:
        """Up to `most` rows that are due, which nobody else gets before `until`."""
        table = self._table
        query = select(table.c.id).where(self._due(now)).order_by(table.c.next_attempt_at, table.c.id).limit(most)
        ids = list((await tx.execute(query.with_for_update(skip_locked=True))).scalars())
        columns = [table.c[name] for name in self._row.__struct_fields__]
        taken = update(table).where(table.c.id.in_(ids)).values(attempts=table.c.attempts + 1, next_attempt_at=until)
        return [msgspec.convert(row._mapping, self._row) for row in await tx.execute(taken.returning(*columns))]

    async def failed(self, tx: Transaction, row_id: int, problem: str, next_attempt_at: Millis) -> None:
        query = update(self._table).where(self._table.c.id == row_id)
        await tx.execute(query.values(problem=problem, next_attempt_at=next_attempt_at))

    async def remove(self, tx: Transaction, row_id: int) -> bool:
        """Forgets the row; False when somebody else did."""
        query = delete(self._table).where(self._table.c.id == row_id).returning(self._table.c.id)
        return (await tx.execute(query)).first() is not None

    def _due(self, now: Millis) -> ColumnElement[bool]:
        return self._unsent & (self._table.c.next_attempt_at <= now)
