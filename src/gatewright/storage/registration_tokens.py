"""Initial access tokens, with which clients register themselves (RFC 7591 3). Only their hashes are stored."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, insert, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.rows import changed
from gatewright.storage.tables import applications, registration_tokens


class RegistrationToken(msgspec.Struct, frozen=True):
    """One row without the hash. `slug` is that of the application at which clients register."""

    id: int
    uuid: str
    name: str
    application_id: int
    slug: str
    group_uuids: tuple[str, ...]
    uses: int
    most_uses: int
    created_at: Millis
    created_by: str
    expires_at: Millis
    revoked_at: Millis | None
    last_used_at: Millis | None

    def is_good(self, now: Millis) -> bool:
        """Whether a client can register with it now."""
        return self.revoked_at is None and self.expires_at > now and self.uses < self.most_uses


async def page(tx: Transaction, limit: int, before: int | None) -> list[RegistrationToken]:
    """Newest first, those that are over too; `before` is the id of the last row that was seen."""
    query = _query().order_by(registration_tokens.c.id.desc()).limit(limit)
    if before is not None:
        query = query.where(registration_tokens.c.id < before)
    return [_token(row) for row in await tx.execute(query)]


async def by_uuid(tx: Transaction, uuid: str) -> RegistrationToken | None:
    row = (await tx.execute(_query().where(registration_tokens.c.uuid == uuid))).first()
    return None if row is None else _token(row)


async def any_good(tx: Transaction, application_id: int, now: Millis) -> bool:
    """Whether clients can register at the application now."""
    query = select(registration_tokens.c.id).where(registration_tokens.c.application_id == application_id, *_good(now))
    return (await tx.execute(query.limit(1))).first() is not None


async def good(tx: Transaction, token_hash: str, now: Millis) -> RegistrationToken | None:
    """The token with that hash, None when it is unknown, used up, expired or revoked."""
    query = _query().where(registration_tokens.c.token_hash == token_hash, *_good(now))
    row = (await tx.execute(query)).first()
    return None if row is None else _token(row)


async def use(tx: Transaction, token_id: int, now: Millis) -> bool:
    """Counts one use, atomically; False when none was left."""
    query = update(registration_tokens).where(registration_tokens.c.id == token_id, *_good(now))
    values = {"uses": registration_tokens.c.uses + 1, "last_used_at": now}
    return changed(await tx.execute(query.values(values))) == 1


async def add(tx: Transaction, **columns: Any) -> None:
    await tx.execute(insert(registration_tokens).values(columns))


async def revoke(tx: Transaction, token_id: int, at: Millis) -> bool:
    """False when it was revoked before."""
    query = update(registration_tokens).where(
        registration_tokens.c.id == token_id, registration_tokens.c.revoked_at.is_(None)
    )
    return changed(await tx.execute(query.values(revoked_at=at))) == 1


def _good(now: Millis) -> tuple[ColumnElement[bool], ...]:
    return (
        registration_tokens.c.revoked_at.is_(None),
        registration_tokens.c.expires_at > now,
        registration_tokens.c.uses < registration_tokens.c.most_uses,
    )


def _query() -> Any:
    columns = [column for column in registration_tokens.c if column.name != "token_hash"]
    joined = registration_tokens.join(applications, applications.c.id == registration_tokens.c.application_id)
    return select(*columns, applications.c.slug).select_from(joined)


def _token(row: Any) -> RegistrationToken:
    return msgspec.convert(row._mapping, RegistrationToken)
