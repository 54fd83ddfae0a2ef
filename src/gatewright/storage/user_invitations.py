"""LiteLLM's invitations: each opens one row of users, once. Only the hash of the token is stored."""

import msgspec
from sqlalchemy import ColumnElement, delete, insert, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import user_invitations as table
from gatewright.storage.tables import users


class UserInvitation(msgspec.Struct, frozen=True):
    """One row without the token. `user_id` is LiteLLM's id of the person; `accepted_at` is the end of its use."""

    id: int
    user_pk: int
    user_id: str
    created_at: Millis
    created_by: str
    updated_at: Millis
    updated_by: str
    expires_at: Millis
    accepted_at: Millis | None


FIELDS = [column for column in table.c if column.name != "token_hash"]
_WITH_USER = select(*FIELDS, users.c.user_id).join(users, users.c.id == table.c.user_pk)


async def add(tx: Transaction, token_hash: str, user_pk: int, by: str, now: Millis, expires_at: Millis) -> None:
    """Stores an invitation, and drops the person's earlier ones that nobody used."""
    await tx.execute(delete(table).where(table.c.user_pk == user_pk, table.c.accepted_at.is_(None)))
    stamps = {"created_at": now, "created_by": by, "updated_at": now, "updated_by": by}
    await tx.execute(insert(table).values(token_hash=token_hash, user_pk=user_pk, expires_at=expires_at, **stamps))


async def by_hash(tx: Transaction, token_hash: str) -> UserInvitation | None:
    """The invitation with that token, used and expired ones too."""
    row = (await tx.execute(_WITH_USER.where(table.c.token_hash == token_hash))).first()
    return None if row is None else msgspec.convert(row._mapping, UserInvitation, strict=False)


async def take(tx: Transaction, token_hash: str, by: str, now: Millis) -> int | None:
    """Uses it up, atomically, and says whose row it opens; None when it is unknown, used or expired."""
    values = {"accepted_at": now, "updated_at": now, "updated_by": by}
    query = update(table).where(*_good(token_hash, now)).values(values).returning(table.c.user_pk)
    user_pk: int | None = (await tx.execute(query)).scalar()
    return user_pk


async def remove(tx: Transaction, token_hash: str) -> None:
    await tx.execute(delete(table).where(table.c.token_hash == token_hash))


def _good(token_hash: str, now: Millis) -> tuple[ColumnElement[bool], ...]:
    return (table.c.token_hash == token_hash, table.c.accepted_at.is_(None), table.c.expires_at > now)
