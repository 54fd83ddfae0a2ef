"""Notices of sessions that ended, on their way to clients."""

from sqlalchemy import update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.deliveries import Queue, Waiting
from gatewright.storage.tables import logout_notices


class Notice(Waiting, frozen=True, kw_only=True):
    """One notice."""

    provider_id: int
    sid: str
    subject: str


QUEUE = Queue(logout_notices, Notice, logout_notices.c.delivered_at.is_(None))


async def delivered(tx: Transaction, notice_id: int, at: Millis) -> None:
    """The row is kept for a while, without its problem."""
    await tx.execute(
        update(logout_notices).where(logout_notices.c.id == notice_id).values(delivered_at=at, problem=None)
    )
