"""Counters for limits that must hold across workers, counted atomically in the store."""

from collections.abc import Sequence

from sqlalchemy import case, delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import attempts


async def count(tx: Transaction, bucket: str, now: Millis, window: Millis) -> tuple[int, Millis]:
    """Counts one attempt in the bucket; how many there are in this window, and when it ends."""
    insert = postgres_insert if tx.dialect.name == "postgresql" else sqlite_insert
    over = attempts.c.resets_at <= now
    statement = (
        insert(attempts)
        .values(bucket=bucket, count=1, resets_at=now + window)
        .on_conflict_do_update(
            index_elements=["bucket"],
            set_={
                "count": case((over, 1), else_=attempts.c.count + 1),
                "resets_at": case((over, now + window), else_=attempts.c.resets_at),
            },
        )
        .returning(attempts.c.count, attempts.c.resets_at)
    )
    row = (await tx.execute(statement)).one()
    return row[0], row[1]


async def standing(tx: Transaction, bucket: str, now: Millis) -> tuple[int, Millis]:
    """How many attempts the bucket holds now, and when it empties, without counting one."""
    query = select(attempts.c.count, attempts.c.resets_at).where(
        attempts.c.bucket == bucket, attempts.c.resets_at > now
    )
    row = (await tx.execute(query)).first()
    return (0, now) if row is None else (row[0], row[1])


async def hold(tx: Transaction, bucket: str, until: Millis) -> None:
    """Lets the bucket empty at that time instead."""
    await tx.execute(update(attempts).where(attempts.c.bucket == bucket).values(resets_at=until))


async def clear(tx: Transaction, buckets: Sequence[str]) -> None:
    await tx.execute(delete(attempts).where(attempts.c.bucket.in_(buckets)))


async def give_back(tx: Transaction, bucket: str) -> None:
    """Takes one attempt out of the bucket."""
    holds_some = (attempts.c.bucket == bucket) & (attempts.c.count > 0)
    await tx.execute(update(attempts).where(holds_some).values(count=attempts.c.count - 1))
