"""Invitations: what lets a newcomer make an account. Only the hash of the token is stored."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, delete, insert, or_, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.listing import Listing, Wish, matching
from gatewright.storage.tables import invitations, users


class Invitation(msgspec.Struct, frozen=True):
    """One row without the token. `groups` are uuids; `used_at` is the last use."""

    id: int
    uuid: str
    name: str
    fixed_data: dict[str, Any]
    groups: list[str]
    single_use: bool
    created_by: int | None
    created_at: Millis
    expires_at: Millis
    used_at: Millis | None


FIELDS = [column for column in invitations.c if column.name != "token_hash"]
LISTING = Listing(
    key=invitations.c.id,
    columns={
        "name": invitations.c.name,
        "expires": invitations.c.expires_at,
        "single_use": invitations.c.single_use,
        "created_by__username": users.c.username,
    },
    searched=(invitations.c.name, users.c.username),
)


async def page(tx: Transaction, wish: Wish) -> tuple[int, list[Invitation]]:
    """How many invitations match, and one page of them; used and expired ones too."""
    query = select(*FIELDS).outerjoin(users, users.c.id == invitations.c.created_by)
    count, rows = await matching(tx, query, LISTING, wish)
    return count, [_invitation(row) for row in rows]


async def by_uuid(tx: Transaction, uuid: str) -> Invitation | None:
    row = (await tx.execute(select(*FIELDS).where(invitations.c.uuid == uuid))).first()
    return None if row is None else _invitation(row)


async def by_hash(tx: Transaction, token_hash: str) -> Invitation | None:
    """The invitation with that token, used and expired ones too."""
    row = (await tx.execute(select(*FIELDS).where(invitations.c.token_hash == token_hash))).first()
    return None if row is None else _invitation(row)


async def good(tx: Transaction, token_hash: str, now: Millis) -> Invitation | None:
    """The invitation that the token opens now, None when it is unknown, used or expired."""
    row = (await tx.execute(select(*FIELDS).where(*_good(token_hash, now)))).first()
    return None if row is None else _invitation(row)


async def take(tx: Transaction, token_hash: str, now: Millis) -> Invitation | None:
    """Uses the invitation, atomically: one that is for one person is over then (contract 8.7)."""
    query = update(invitations).where(*_good(token_hash, now)).values(used_at=now).returning(*FIELDS)
    row = (await tx.execute(query)).first()
    return None if row is None else _invitation(row)


async def add(tx: Transaction, **columns: Any) -> None:
    await tx.execute(insert(invitations).values(columns))


async def change(tx: Transaction, invitation_id: int, **columns: Any) -> None:
    await tx.execute(update(invitations).where(invitations.c.id == invitation_id).values(columns))


async def remove(tx: Transaction, invitation_id: int) -> None:
    await tx.execute(delete(invitations).where(invitations.c.id == invitation_id))


def _good(token_hash: str, now: Millis) -> tuple[ColumnElement[bool], ...]:
    unused = or_(invitations.c.single_use.is_(False), invitations.c.used_at.is_(None))
    return (invitations.c.token_hash == token_hash, invitations.c.expires_at > now, unused)


def _invitation(row: Any) -> Invitation:
    return msgspec.convert(row._mapping, Invitation, strict=False)
