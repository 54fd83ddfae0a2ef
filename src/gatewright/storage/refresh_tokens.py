"""Refresh tokens by their SHA-256. A token is good once: its use rotates it into the next one of its family."""

import msgspec
from sqlalchemy import ColumnElement, insert, select, text, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.rows import builtins, changed
from gatewright.storage.tables import refresh_tokens


class RefreshToken(msgspec.Struct, frozen=True):
    """One row. It dies unused at `idle_expires_at`; `expires_at` is the end of the whole family, which began at
    `granted_at` and was last used at `last_used_at` from that address.
    """

    token_hash: str
    family: str
    provider_id: int
    user_pk: int
    session_id: int | None
    sid: str | None
    amr: tuple[str, ...]
    auth_time: Millis
    scope: str
    resource: tuple[str, ...] | None
    created_at: Millis
    idle_expires_at: Millis
    expires_at: Millis
    rotated_at: Millis | None = None
    revoked_at: Millis | None = None
    granted_at: Millis = 0
    last_used_at: Millis = 0
    address: str | None = None
    user_agent: str | None = None


async def add(tx: Transaction, token: RefreshToken) -> None:
    await tx.execute(insert(refresh_tokens).values(builtins(token)))


async def find(tx: Transaction, token_hash: str) -> RefreshToken | None:
    """The token whatever its state."""
    row = (await tx.execute(select(refresh_tokens).where(refresh_tokens.c.token_hash == token_hash))).first()
    return None if row is None else msgspec.convert(row._mapping, RefreshToken)


async def rotate(tx: Transaction, token_hash: str, at: Millis) -> bool:
    """Marks the token as used; False unless this call was the one that did (Authentik contract 8.22)."""
    return await _change(tx, token_hash, rotated_at=at)


async def keep(tx: Transaction, token_hash: str, at: Millis) -> bool:
    """Holds a token that goes on unrotated, until the commit; False when it is rotated or revoked by now."""
    return await _change(tx, token_hash, rotated_at=None, last_used_at=at)


async def lock_family(tx: Transaction, family: str) -> None:
    """Lets one transaction at a time change a family: no successor slips past a revocation. SQLite locks by itself."""
    if tx.dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:family, 0))"), {"family": family})


async def revoke_family(tx: Transaction, family: str, at: Millis) -> int:
    """Revokes every token of the family and says how many were not revoked yet."""
    return await _revoke(tx, refresh_tokens.c.family == family, at)


async def revoke_session(tx: Transaction, session_id: int, at: Millis) -> int:
    """Revokes what began in the session and says how many were not revoked yet."""
    return await _revoke(tx, refresh_tokens.c.session_id == session_id, at)


async def revoke_client(tx: Transaction, user_pk: int, provider_id: int, at: Millis) -> int:
    """Revokes every token that the client has of the person and says how many were not revoked yet."""
    mine = (refresh_tokens.c.user_pk == user_pk) & (refresh_tokens.c.provider_id == provider_id)
    query = select(refresh_tokens.c.family).where(mine, refresh_tokens.c.revoked_at.is_(None)).distinct()
    for family in (await tx.execute(query.order_by(refresh_tokens.c.family))).scalars().all():
        await lock_family(tx, family)
    return await _revoke(tx, mine, at)


async def _change(tx: Transaction, token_hash: str, **columns: Millis | None) -> bool:
    query = update(refresh_tokens).where(
        refresh_tokens.c.token_hash == token_hash,
        refresh_tokens.c.rotated_at.is_(None),
        refresh_tokens.c.revoked_at.is_(None),
    )
    return changed(await tx.execute(query.values(**columns))) == 1


async def _revoke(tx: Transaction, condition: ColumnElement[bool], at: Millis) -> int:
    query = update(refresh_tokens).where(condition, refresh_tokens.c.revoked_at.is_(None))
    return changed(await tx.execute(query.values(revoked_at=at)))
