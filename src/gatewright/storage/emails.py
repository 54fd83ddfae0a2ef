"""Messages of e-mail that wait to be sent, sealed, and requests for one that nobody looked into yet."""

from sqlalchemy import func, insert, select

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.deliveries import Queue, Waiting
from gatewright.storage.tables import emails


class WaitingEmail(Waiting, frozen=True, kw_only=True):
    """`content` is sealed; after `expires_at` it is of no use any more."""

    kind: str
    user_pk: int | None
    content: bytes
    expires_at: Millis

    def __repr__(self) -> str:
        return f"WaitingEmail({self.id}, {self.kind!r})"


QUEUE = Queue(emails, WaitingEmail)


async def standing(tx: Transaction) -> tuple[int, str | None]:
    """How many wait, and why the one that failed last did."""
    count = (await tx.execute(select(func.count()).select_from(emails))).scalar_one()
    failed = select(emails.c.problem).where(emails.c.problem.is_not(None)).order_by(emails.c.next_attempt_at.desc())
    return count, (await tx.execute(failed.limit(1))).scalar()


async def add(
    tx: Transaction, kind: str, content: bytes, now: Millis, expires_at: Millis, user_pk: int | None = None
) -> None:
    """Due at once."""
    values = {"kind": kind, "user_pk": user_pk, "content": content, "created_at": now, "next_attempt_at": now}
    await tx.execute(insert(emails).values(**values, expires_at=expires_at))
