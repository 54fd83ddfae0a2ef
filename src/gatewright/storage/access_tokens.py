"""Access tokens by the SHA-256 of their `jti`. A token lives as long as its row says, and no longer than its session.

A session that merely expired ends no token: those of a refresh token come later than it.
"""

import msgspec
from sqlalchemy import ColumnElement, bindparam, insert, or_, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.rows import builtins, changed
from gatewright.storage.tables import access_tokens, sessions


class AccessToken(msgspec.Struct, frozen=True):
    """One row. `family` is the hash of the code or device code that the token came from, else one of its own."""

    jti_hash: str
    family: str
    provider_id: int
    user_pk: int
    session_id: int | None
    scope: str
    created_at: Millis
    expires_at: Millis
    revoked_at: Millis | None = None


_ADD = insert(access_tokens)
_LIVING = (
    select(access_tokens)
    .outerjoin(sessions, sessions.c.id == access_tokens.c.session_id)
    .where(
        access_tokens.c.jti_hash == bindparam("sought"),
        access_tokens.c.expires_at > bindparam("now"),
        access_tokens.c.revoked_at.is_(None),
        or_(access_tokens.c.session_id.is_(None), sessions.c.ended_at.is_(None)),
    )
)


async def add(tx: Transaction, token: AccessToken) -> None:
    await tx.execute(_ADD, builtins(token))


async def living(tx: Transaction, jti_hash: str, now: Millis) -> AccessToken | None:
    """The token, unless it expired, was revoked, or its session was ended."""
    row = (await tx.execute(_LIVING, {"sought": jti_hash, "now": now})).first()
    return None if row is None else msgspec.convert(row._mapping, AccessToken)


async def revoke_family(tx: Transaction, family: str, at: Millis) -> int:
    """Revokes every token of the family and says how many were alive."""
    return await _revoke(tx, access_tokens.c.family == family, at)


async def revoke_session(tx: Transaction, session_id: int, at: Millis) -> int:
    """Revokes every token of the session and says how many were alive."""
    return await _revoke(tx, access_tokens.c.session_id == session_id, at)


async def revoke_client(tx: Transaction, user_pk: int, provider_id: int, at: Millis) -> int:
    """Revokes every token that the client has of the person and says how many were alive."""
    return await _revoke(tx, (access_tokens.c.user_pk == user_pk) & (access_tokens.c.provider_id == provider_id), at)


async def revoke(tx: Transaction, jti_hash: str, at: Millis) -> int:
    """Revokes one token and says whether it was alive (0 or 1)."""
    return await _revoke(tx, access_tokens.c.jti_hash == jti_hash, at)


async def _revoke(tx: Transaction, condition: ColumnElement[bool], at: Millis) -> int:
    query = update(access_tokens).where(condition, access_tokens.c.revoked_at.is_(None))
    return changed(await tx.execute(query.values(revoked_at=at)))
