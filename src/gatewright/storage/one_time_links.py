"""Links that work once: set-up, recovery. Only the hash of the token is stored."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, delete, insert, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import one_time_links as links


async def replace(tx: Transaction, token_hash: str, purpose: str, now: Millis, expires_at: Millis) -> None:
    """Stores a new link and drops earlier ones of the same purpose that nobody used."""
    await tx.execute(delete(links).where(links.c.purpose == purpose, links.c.used_at.is_(None)))
    await tx.execute(
        insert(links).values(token_hash=token_hash, purpose=purpose, created_at=now, expires_at=expires_at)
    )


async def is_good(tx: Transaction, token_hash: str, purpose: str, now: Millis) -> bool:
    query = select(links.c.token_hash).where(*_good(token_hash, purpose, now))
    return (await tx.execute(query)).first() is not None


async def use(tx: Transaction, token_hash: str, purpose: str, now: Millis) -> bool:
    """Uses the link up, atomically; False when it is unknown, used or expired."""
    query = update(links).where(*_good(token_hash, purpose, now)).values(used_at=now).returning(links.c.token_hash)
    return (await tx.execute(query)).first() is not None


async def replace_own(
    tx: Transaction, token_hash: str, purpose: str, user_pk: int, now: Millis, expires_at: Millis
) -> None:
    """Stores a new link of a person's and drops their earlier ones of the same purpose that nobody used."""
    await drop_own(tx, (purpose,), user_pk)
    values = {"token_hash": token_hash, "purpose": purpose, "user_pk": user_pk, "created_at": now}
    await tx.execute(insert(links).values(**values, expires_at=expires_at))


async def drop_own(tx: Transaction, purposes: Collection[str], user_pk: int) -> None:
    """Drops a person's links of these purposes that nobody used."""
    own = (links.c.purpose.in_(purposes), links.c.user_pk == user_pk, links.c.used_at.is_(None))
    await tx.execute(delete(links).where(*own))


async def owner(tx: Transaction, token_hash: str, purpose: str, now: Millis) -> int | None:
    """Whose good link it is."""
    return (await tx.execute(select(links.c.user_pk).where(*_good(token_hash, purpose, now)))).scalar()


async def take(tx: Transaction, token_hash: str, purpose: str, now: Millis) -> int | None:
    """Uses the link up, atomically, and says whose it was; None when it is unknown, used or expired."""
    query = update(links).where(*_good(token_hash, purpose, now)).values(used_at=now).returning(links.c.user_pk)
    user_pk: int | None = (await tx.execute(query)).scalar()
    return user_pk


def _good(token_hash: str, purpose: str, now: Millis) -> tuple[ColumnElement[bool], ...]:
    return (
        links.c.token_hash == token_hash,
        links.c.purpose == purpose,
        links.c.used_at.is_(None),
        links.c.expires_at > now,
    )
