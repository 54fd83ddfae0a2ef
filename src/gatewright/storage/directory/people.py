"""People as the directory lists them, and what ends with them."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import and_, delete, exists, func, insert, or_, select, update

from gatewright.domain.clock import Millis
from gatewright.domain.identity import Role
from gatewright.domain.people import User
from gatewright.storage.database import Transaction
from gatewright.storage.listing import Filter, Listing, Wish, matching
from gatewright.storage.refresh_tokens import lock_family
from gatewright.storage.rows import builtins
from gatewright.storage.tables import (
    access_tokens,
    api_tokens,
    device_codes,
    group_members,
    groups,
    identities,
    keys,
    refresh_tokens,
    users,
)
from gatewright.storage.users import ALIVE, FIELDS

LISTING = Listing(
    key=users.c.id,
    columns={
        **{name: users.c[name] for name in ("username", "email", "is_active", "path", "uuid", "role")},
        "name": users.c.display_name,
        "type": users.c.kind,
        "last_login": users.c.last_login_at,
        "date_joined": users.c.created_at,
        "last_updated": users.c.updated_at,
        "pk": users.c.id,
    },
    searched=(users.c.username, users.c.display_name, users.c.email, users.c.uuid),
)


async def page(tx: Transaction, wish: Wish) -> tuple[int, list[User]]:
    """How many people there are that match, and one page of them. Deleted people are not listed.

    `groups_by_name` and `groups_by_pk` name groups.
    """
    query = select(*FIELDS).where(ALIVE)
    kept: list[Filter] = []
    for one in wish.filters:
        if one.name.startswith("groups_by_"):
            column = groups.c.name if one.name == "groups_by_name" else groups.c.uuid
            joined = group_members.join(groups, groups.c.id == group_members.c.group_id)
            inside = select(group_members.c.user_pk).select_from(joined).where(column.in_(one.value))
            query = query.where(users.c.id.in_(inside))
        else:
            kept.append(one)
    count, rows = await matching(tx, query, LISTING, msgspec.structs.replace(wish, filters=tuple(kept)))
    return count, [_user(row) for row in rows]


async def by_ids(tx: Transaction, user_pks: Sequence[int]) -> dict[int, User]:
    rows = await tx.execute(select(*FIELDS).where(ALIVE, users.c.id.in_(user_pks)))
    return {row.id: _user(row) for row in rows}


async def paths(tx: Transaction) -> list[str]:
    """Every path that somebody is in."""
    return list((await tx.execute(select(users.c.path).where(ALIVE).distinct().order_by(users.c.path))).scalars())


async def add(tx: Transaction, **columns: Any) -> User:
    """Inserts a user. The caller made sure that the names are free."""
    row = {name: builtins(value) for name, value in columns.items()}
    row = {"metadata": {}, "role_locked": False, **row}
    return _user((await tx.execute(insert(users).values(row).returning(*FIELDS))).one())


async def is_address_of_another(tx: Transaction, text: str) -> bool:
    """Whether somebody's e-mail address reads like this, whatever its case."""
    query = select(users.c.id).where(ALIVE, func.lower(users.c.email) == text.lower()).limit(1)
    return (await tx.execute(query)).first() is not None


async def by_proven_address(tx: Transaction, text: str) -> User | None:
    """The only one with that e-mail address, among those who proved theirs: what anybody may type into theirs, or into
    that of a new account, finds nobody and hides nobody.
    """
    proven = (ALIVE, users.c.email_verified, func.lower(users.c.email) == text.lower())
    found = (await tx.execute(select(*FIELDS).where(*proven).limit(2))).all()
    return _user(found[0]) if len(found) == 1 else None


async def prove_address(tx: Transaction, user: User, at: Millis) -> bool:
    """Notes that the user's address is theirs; False when another one is on file by now."""
    mine = (users.c.id == user.id, ALIVE, users.c.email == user.email)
    query = update(users).where(*mine).values(email_verified=True, updated_at=at).returning(users.c.id)
    return (await tx.execute(query)).first() is not None


async def name_taken(tx: Transaction, name: str) -> bool:
    """Whether the name is or was somebody's, whatever its case; `Ada` beside `ada` would pass for the same person."""
    # SQLite's lower() knows ASCII alone.
    columns = (users.c.username, users.c.user_id)
    names = or_(*(column == name for column in columns), *(func.lower(column) == name.lower() for column in columns))
    return (await tx.execute(select(users.c.id).where(names).limit(1))).first() is not None


async def bury(tx: Transaction, user_pk: int, at: Millis) -> None:
    """Deletes the user and keeps the row, so that the username is never given to somebody else."""
    values: dict[str, Any] = {"is_active": False, "password_hash": None, "email": None, "attributes": {}}
    await tx.execute(update(users).where(users.c.id == user_pk).values(**values, deleted_at=at, updated_at=at))
    # Bindings stay: an application that only this person was let into must not become everybody's.
    await tx.execute(delete(group_members).where(group_members.c.user_pk == user_pk))


async def revoke_grants(tx: Transaction, user_pk: int, at: Millis, *, but_of: Sequence[int] = ()) -> None:
    """Revokes every access and refresh token of the user, and what a device waits for.

    Access tokens that were issued in the sessions `but_of` go on.
    """
    mine = (refresh_tokens.c.user_pk == user_pk) & refresh_tokens.c.revoked_at.is_(None)
    families = await tx.execute(
        select(refresh_tokens.c.family).where(mine).distinct().order_by(refresh_tokens.c.family)
    )
    for family in families.scalars().all():
        # No successor of a token that is being used slips past.
        await lock_family(tx, family)
    for table in (access_tokens, refresh_tokens):
        query = update(table).where(table.c.user_pk == user_pk, table.c.revoked_at.is_(None))
        if table is access_tokens and but_of:
            query = query.where(or_(table.c.session_id.is_(None), table.c.session_id.not_in(but_of)))
        await tx.execute(query.values(revoked_at=at))
    pending = and_(device_codes.c.user_pk == user_pk, device_codes.c.redeemed_at.is_(None))
    await tx.execute(update(device_codes).where(pending, device_codes.c.denied_at.is_(None)).values(denied_at=at))


async def revoke_keys(tx: Transaction, user_pk: int, at: Millis) -> list[str]:
    """Revokes every key of the user, and deletes their API tokens; the hashes of the keys."""
    query = update(keys).where(keys.c.user_pk == user_pk, keys.c.revoked_at.is_(None)).values(revoked_at=at)
    hashes = list((await tx.execute(query.returning(keys.c.token_hash))).scalars())
    await tx.execute(delete(api_tokens).where(api_tokens.c.user_pk == user_pk))
    return hashes


async def administrators(tx: Transaction) -> list[User]:
    """Every active administrator."""
    query = select(*FIELDS).where(ALIVE, users.c.is_active, users.c.role == Role.PROXY_ADMIN.value)
    return [_user(row) for row in await tx.execute(query.order_by(users.c.id))]


async def is_known_elsewhere(tx: Transaction, user_pk: int, source: str) -> bool:
    """Whether another source than this one signs the user in."""
    query = select(exists().where(identities.c.user_pk == user_pk, identities.c.source != source))
    return bool((await tx.execute(query)).scalar())


def _user(row: Any) -> User:
    return msgspec.convert(row._mapping, User, strict=False)
