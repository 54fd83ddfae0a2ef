"""Authorization codes, by their SHA-256. A code is bound to client, redirect URI, challenge, session and user."""

import msgspec
from sqlalchemy import bindparam, insert, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.rows import builtins
from gatewright.storage.tables import authorization_codes


class Code(msgspec.Struct, frozen=True):
    """One row."""

    code_hash: str
    provider_id: int
    user_pk: int
    session_id: int
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    auth_time: Millis
    created_at: Millis
    expires_at: Millis
    redeemed_at: Millis | None = None
    resource: list[str] | None = None


_ADD = insert(authorization_codes)
_REDEEM = (
    update(authorization_codes)
    .where(
        authorization_codes.c.code_hash == bindparam("sought"),
        authorization_codes.c.provider_id == bindparam("of_provider"),
        authorization_codes.c.redeemed_at.is_(None),
    )
    .values(redeemed_at=bindparam("now"))
    .returning(authorization_codes)
)
_FIND = select(authorization_codes).where(authorization_codes.c.code_hash == bindparam("sought"))


async def add(tx: Transaction, code: Code) -> None:
    await tx.execute(_ADD, builtins(code))


async def redeem(tx: Transaction, code_hash: str, provider_id: int, at: Millis) -> Code | None:
    """Marks the code as used and returns it; None unless this call was the one that did.

    One conditional UPDATE, so that of two redemptions at the same moment one wins (Authentik contract 8.21, 8.22).
    """
    row = (await tx.execute(_REDEEM, {"sought": code_hash, "of_provider": provider_id, "now": at})).first()
    return None if row is None else msgspec.convert(row._mapping, Code)


async def cancel(tx: Transaction, user_pk: int, provider_id: int, at: Millis) -> None:
    """Uses up every code that the client has of the person."""
    query = update(authorization_codes).where(
        authorization_codes.c.user_pk == user_pk,
        authorization_codes.c.provider_id == provider_id,
        authorization_codes.c.redeemed_at.is_(None),
    )
    await tx.execute(query.values(redeemed_at=at))


async def find(tx: Transaction, code_hash: str) -> Code | None:
    """The code whatever its state."""
    row = (await tx.execute(_FIND, {"sought": code_hash})).first()
    return None if row is None else msgspec.convert(row._mapping, Code)
