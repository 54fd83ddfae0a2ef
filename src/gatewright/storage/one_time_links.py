"""Links that work once: the set-up link. Only the hash of the token is stored."""

from sqlalchemy import delete, insert, select, update

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


def _good(token_hash: str, purpose: str, now: Millis) -> tuple:  # type: ignore[type-arg]  # SQL conditions
    return (
        links.c.token_hash == token_hash,
        links.c.purpose == purpose,
        links.c.used_at.is_(None),
        links.c.expires_at > now,
    )
