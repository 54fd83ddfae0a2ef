"""Virtual keys and the command line's credentials: one table, one look-up path."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, insert, or_, select, text, update

from gatewright.domain.clock import Millis
from gatewright.domain.identity import Role
from gatewright.domain.limits import NO_LIMITS, Limits
from gatewright.storage.database import Transaction
from gatewright.storage.rows import builtins, limits_in
from gatewright.storage.tables import keys, teams, users


class KeyRow(msgspec.Struct, frozen=True):
    """One row of keys with its owner's names and standing; the owner's fields are None for a key without one.

    `team_exists` False while `team_id` names one: the team was deleted.
    """

    id: int
    uuid: str
    token_hash: str
    kind: str
    key_name: str
    alias: str | None
    user_pk: int | None
    models: list[str]
    metadata: dict[str, Any]
    blocked: bool
    address: str | None
    user_agent: str | None
    created_at: Millis
    created_by: str | None
    updated_at: Millis
    last_used_at: Millis | None
    expires_at: Millis | None
    revoked_at: Millis | None
    owner_user_id: str | None
    owner_email: str | None
    owner_role: Role | None
    owner_active: bool | None
    team_id: str | None = None
    team_exists: bool = False
    team_models: list[str] | None = None
    limits: Limits = NO_LIMITS
    owner_limits: Limits = NO_LIMITS
    team_limits: Limits = NO_LIMITS


NEW_KEY_LOCK = 4_202_616
OWNER = (
    users.c.user_id.label("owner_user_id"),
    users.c.email.label("owner_email"),
    users.c.role.label("owner_role"),
    (users.c.is_active & users.c.deleted_at.is_(None)).label("owner_active"),
    *(users.c[name].label(f"owner_{name}") for name in ("rpm_limit", "tpm_limit", "max_parallel_requests")),
)
TEAM = (
    teams.c.id.is_not(None).label("team_exists"),
    teams.c.models.label("team_models"),
    *(
        teams.c[name].label(f"team_{name}")
        for name in ("rpm_limit", "tpm_limit", "max_parallel_requests", "model_limits")
    ),
)
SELECT = (
    select(*keys.c, *OWNER, *TEAM)
    .outerjoin(users, users.c.id == keys.c.user_pk)
    .outerjoin(teams, teams.c.team_id == keys.c.team_id)
)


async def add(tx: Transaction, **columns: Any) -> int:
    """Inserts a key and returns its id."""
    key_id: int = (await tx.execute(insert(keys).values(columns).returning(keys.c.id))).scalar_one()
    return key_id


async def lock_new(tx: Transaction) -> None:
    """Lets one key at a time look whether its alias is free and its team is there, and be made or changed.

    SQLite's write lock does that already.
    """
    if tx.dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": NEW_KEY_LOCK})


async def by_hash(tx: Transaction, token_hash: str) -> KeyRow | None:
    return await _one(tx, keys.c.token_hash == token_hash)


async def by_id(tx: Transaction, key_id: int) -> KeyRow | None:
    return await _one(tx, keys.c.id == key_id)


async def by_uuid(tx: Transaction, uuid: str) -> KeyRow | None:
    return await _one(tx, keys.c.uuid == uuid)


async def by_alias(tx: Transaction, alias: str) -> KeyRow | None:
    """The living key with that alias."""
    return await _one(tx, (keys.c.alias == alias) & keys.c.revoked_at.is_(None))


async def page(
    tx: Transaction, kind: str, limit: int, after: int | None, *, user_pk: int | None = None, revoked: bool = True
) -> list[KeyRow]:
    """Keys of that kind, newest first, before the id `after`; of one user when given."""
    query = SELECT.where(keys.c.kind == kind).order_by(keys.c.id.desc()).limit(limit)
    if after is not None:
        query = query.where(keys.c.id < after)
    if user_pk is not None:
        query = query.where(keys.c.user_pk == user_pk)
    if not revoked:
        query = query.where(keys.c.revoked_at.is_(None))
    return [_row(row._mapping) for row in await tx.execute(query)]


async def revoke(tx: Transaction, key_id: int, at: Millis) -> str | None:
    """Revokes one key; its hash when it was alive."""
    query = update(keys).where(keys.c.id == key_id, keys.c.revoked_at.is_(None)).values(revoked_at=at, updated_at=at)
    token_hash: str | None = (await tx.execute(query.returning(keys.c.token_hash))).scalar()
    return token_hash


async def living_cli(tx: Transaction, user_pk: int) -> list[KeyRow]:
    """Every command-line sign-in of the user that nobody revoked."""
    query = SELECT.where(keys.c.user_pk == user_pk, keys.c.kind == "cli", keys.c.revoked_at.is_(None))
    return [_row(row._mapping) for row in await tx.execute(query)]


async def change(tx: Transaction, key_id: int, at: Millis, **columns: Any) -> None:
    """Sets columns of one key."""
    values = {name: builtins(value) for name, value in columns.items()}
    await tx.execute(update(keys).where(keys.c.id == key_id).values(**values, updated_at=at))


async def of_team(tx: Transaction, team_id: str) -> list[KeyRow]:
    """The living keys of a team, oldest first."""
    query = SELECT.where(keys.c.team_id == team_id, keys.c.revoked_at.is_(None)).order_by(keys.c.id)
    return [_row(row._mapping) for row in await tx.execute(query)]


async def used(tx: Transaction, last_used: dict[int, Millis]) -> None:
    """Notes when keys were last used; another worker may have noted a later use."""
    for key_id, at in last_used.items():
        earlier = or_(keys.c.last_used_at.is_(None), keys.c.last_used_at < at)
        await tx.execute(update(keys).where(keys.c.id == key_id, earlier).values(last_used_at=at))


async def _one(tx: Transaction, condition: ColumnElement[bool]) -> KeyRow | None:
    row = (await tx.execute(SELECT.where(condition))).first()
    return None if row is None else _row(row._mapping)


def _row(mapping: Any) -> KeyRow:
    return msgspec.structs.replace(
        msgspec.convert(mapping, KeyRow, strict=False),
        limits=limits_in(mapping),
        owner_limits=limits_in(mapping, "owner_"),
        team_limits=limits_in(mapping, "team_"),
    )
