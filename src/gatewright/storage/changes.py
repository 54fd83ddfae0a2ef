"""The change sequence: what other workers must forget or read again.

A worker polls `since` at most every second. PostgreSQL hands out ids before it commits, so a later id could become
visible first and an earlier one be missed; the advisory lock makes the order of ids the order of commits.
"""

from typing import NamedTuple

from sqlalchemy import func, insert, select, text

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import changes

CHANGE_LOCK = 4_202_612


class Change(NamedTuple):
    """`kind` is `key`, `user`, `team`, `session` or `deployment`; `ref` names the row as its cache does."""

    id: int
    kind: str
    ref: str


async def announce(tx: Transaction, kind: str, ref: str, at: Millis) -> None:
    """Says that something changed. Call it last in the transaction: it takes a lock until the commit."""
    if tx.dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": CHANGE_LOCK})
    await tx.execute(insert(changes).values(kind=kind, ref=ref, at=at))


async def since(tx: Transaction, last: int) -> list[Change]:
    """Every change after the one with the id `last`, oldest first."""
    rows = await tx.execute(
        select(changes.c.id, changes.c.kind, changes.c.ref).where(changes.c.id > last).order_by(changes.c.id)
    )
    return [Change(*row) for row in rows]


async def newest(tx: Transaction) -> int:
    """The id of the last change, 0 when there is none."""
    return (await tx.execute(select(func.max(changes.c.id)))).scalar() or 0
