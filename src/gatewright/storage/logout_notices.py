"""Notices of sessions that ended, on their way to clients. A worker claims one for a while before it sends it."""

import msgspec
from sqlalchemy import ColumnElement, delete, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import logout_notices


class Notice(msgspec.Struct, frozen=True):
    """One notice; `attempts` counts the one that it was claimed for."""

    id: int
    provider_id: int
    sid: str
    subject: str
    attempts: int
    created_at: Millis


async def any_due(tx: Transaction, now: Millis) -> bool:
    return (await tx.execute(select(logout_notices.c.id).where(_due(now)).limit(1))).first() is not None


async def claim(tx: Transaction, now: Millis, until: Millis, most: int) -> list[Notice]:
    """Up to `most` notices that are due, which nobody else gets before `until`."""
    query = select(logout_notices.c.id).where(_due(now)).order_by(logout_notices.c.next_attempt_at).limit(most)
    ids = list((await tx.execute(query.with_for_update(skip_locked=True))).scalars())
    taken = update(logout_notices).where(logout_notices.c.id.in_(ids))
    columns = [logout_notices.c[name] for name in Notice.__struct_fields__]
    values = {"attempts": logout_notices.c.attempts + 1, "next_attempt_at": until}
    rows = await tx.execute(taken.values(values).returning(*columns))
    return [msgspec.convert(row._mapping, Notice) for row in rows]


async def delivered(tx: Transaction, notice_id: int, at: Millis) -> None:
    await tx.execute(
        update(logout_notices).where(logout_notices.c.id == notice_id).values(delivered_at=at, problem=None)
    )


async def failed(tx: Transaction, notice_id: int, problem: str, next_attempt_at: Millis) -> None:
    query = update(logout_notices).where(logout_notices.c.id == notice_id)
    await tx.execute(query.values(problem=problem, next_attempt_at=next_attempt_at))


async def give_up(tx: Transaction, notice_id: int) -> None:
    """Forgets the notice; the audit log says why."""
    await tx.execute(delete(logout_notices).where(logout_notices.c.id == notice_id))


def _due(now: Millis) -> ColumnElement[bool]:
    return logout_notices.c.delivered_at.is_(None) & (logout_notices.c.next_attempt_at <= now)
