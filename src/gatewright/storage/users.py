"""Users and the identities that link a login to one."""

import unicodedata
from typing import Any, cast

import msgspec
from sqlalchemy import ColumnElement, Row, bindparam, delete, func, insert, or_, select, text, update

from gatewright.domain.clock import Millis
from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.people import User
from gatewright.storage.database import Transaction
from gatewright.storage.rows import builtins
from gatewright.storage.tables import identities, users

FIELDS = [column for column in users.c if column.name not in ("password_hash", "deleted_at")]
ALIVE = users.c.deleted_at.is_(None)
ROLE_LOCK, SETUP_LOCK, SERVICE_ACCOUNT_LOCK = 4_202_614, 4_202_615, 4_202_616
SERVICE_ACCOUNT = "service_account"


class NewUser(msgspec.Struct, frozen=True):
    """What a new row needs."""

    uuid: str
    username: str
    user_id: str
    email: str | None
    role: Role
    role_reason: RoleReason
    display_name: str | None = None
    email_verified: bool = False
    is_break_glass: bool = False
    password_hash: str | None = None
    kind: str = "internal"


class Identity(msgspec.Struct, frozen=True):
    """One way in which a user signs in. `source` is the issuer, or `embedded` for our own provider."""

    id: int
    source: str
    subject: str
    created_at: Millis
    last_used_at: Millis | None


_PASSWORD = select(*FIELDS, users.c.password_hash).where(ALIVE, users.c.password_hash.is_not(None))
_WITH_PASSWORD = _PASSWORD.where(users.c.username == bindparam("sought"))
_WITH_PASSWORD_BY_EMAIL = _PASSWORD.where(func.lower(users.c.email) == bindparam("sought")).limit(2)
_BY_ID = select(*FIELDS).where(users.c.id == bindparam("sought"), ALIVE)


async def add(tx: Transaction, new: NewUser, at: Millis) -> User:
    """Inserts the user. The caller made sure that username and user_id are free (`taken`)."""
    row = {
        **builtins(new),
        "attributes": {},
        "metadata": {},
        "role_locked": False,
        "is_active": True,
        "created_at": at,
        "updated_at": at,
    }
    result = await tx.execute(insert(users).values(row).returning(*FIELDS))
    return _user(result.one())


async def taken(tx: Transaction, *, username: str, user_id: str) -> bool:
    """Whether either name belongs to somebody, deleted people included."""
    query = select(users.c.id).where(or_(users.c.username == username, users.c.user_id == user_id)).limit(1)
    return (await tx.execute(query)).first() is not None


async def resembles(tx: Transaction, column: str, name: str) -> bool:
    """Whether somebody, deleted people included, has that `username` or `user_id`, or one that looks like it.

    Upper and lower case are one (of ASCII letters alone on SQLite), and so are a letter's wide and narrow forms.
    """
    query = select(users.c.id).where(_like(users.c[column], name))
    return (await tx.execute(query.limit(1))).first() is not None


async def person_like(tx: Transaction, user_id: str) -> bool:
    """Whether a living person whose row can be given to somebody has that `user_id`, or one that looks like it."""
    person = (ALIVE, ~users.c.is_break_glass, users.c.kind != SERVICE_ACCOUNT)
    query = select(users.c.id).where(_like(users.c.user_id, user_id), *person)
    return (await tx.execute(query.limit(1))).first() is not None


async def any_exist(tx: Transaction) -> bool:
    return (await tx.execute(select(users.c.id).limit(1))).first() is not None


async def any_local(tx: Transaction) -> bool:
    """Whether there is or was somebody with a password here."""
    return (await tx.execute(select(users.c.id).where(users.c.password_hash.is_not(None)).limit(1))).first() is not None


async def lock_setup(tx: Transaction) -> None:
    """Lets one first administrator at a time be made. SQLite's write lock does that already."""
    await _lock(tx, SETUP_LOCK)


async def lock_service_accounts(tx: Transaction) -> None:
    """Lets one service account at a time be made. SQLite's write lock does that already."""
    await _lock(tx, SERVICE_ACCOUNT_LOCK)


async def service_account(tx: Transaction, username: str) -> User | None:
    """The service account of that name; never a person who has it."""
    return await _one(tx, (users.c.username == username) & (users.c.kind == SERVICE_ACCOUNT))


async def by_id(tx: Transaction, user_pk: int) -> User | None:
    row = (await tx.execute(_BY_ID, {"sought": user_pk})).first()
    return None if row is None else _user(row)


async def by_user_id(tx: Transaction, user_id: str) -> User | None:
    return await _one(tx, users.c.user_id == user_id)


async def by_username(tx: Transaction, username: str) -> User | None:
    """For our own provider's subjects alone: no login finds a user by a name."""
    return await _one(tx, users.c.username == username)


async def by_identity(tx: Transaction, source: str, subject: str) -> User | None:
    """The user whom this (source, subject) is linked to. The only way in which a login finds a user."""
    query = (
        select(*FIELDS)
        .join(identities, identities.c.user_pk == users.c.id)
        .where(identities.c.source == source, identities.c.subject == subject, ALIVE)
    )
    row = (await tx.execute(query)).first()
    return None if row is None else _user(row)


async def with_password(tx: Transaction, name: str) -> tuple[User, str] | None:
    """The user with that username, else the only one with that e-mail address, and the password hash."""
    row = (await tx.execute(_WITH_PASSWORD, {"sought": name})).first()
    if row is None:
        rows = (await tx.execute(_WITH_PASSWORD_BY_EMAIL, {"sought": name.lower()})).all()
        row = rows[0] if len(rows) == 1 else None
    return None if row is None else (_user(row), cast("str", row.password_hash))


async def has_password(tx: Transaction, user_pk: int) -> bool:
    """Whether the person signs in here."""
    query = select(users.c.id).where(users.c.id == user_pk, users.c.password_hash.is_not(None))
    return (await tx.execute(query)).first() is not None


async def page(tx: Transaction, limit: int, after: int | None) -> list[User]:
    """Users in the order of their ids, after the given one."""
    query = select(*FIELDS).where(ALIVE).order_by(users.c.id).limit(limit)
    if after is not None:
        query = query.where(users.c.id > after)
    return [_user(row) for row in await tx.execute(query)]


async def other_admin_exists(tx: Transaction, user_pk: int) -> bool:
    """Whether somebody else is an active administrator."""
    query = select(users.c.id).where(
        ALIVE, users.c.is_active, users.c.role == Role.PROXY_ADMIN.value, users.c.id != user_pk
    )
    return (await tx.execute(query.limit(1))).first() is not None


async def lock_roles(tx: Transaction) -> None:
    """Lets one change of a role at a time be made by hand, until the commit. SQLite's write lock does that already."""
    await _lock(tx, ROLE_LOCK)


async def is_source(tx: Transaction, source: str) -> bool:
    """Whether anybody ever signed in from that source."""
    query = select(identities.c.id).where(identities.c.source == source)
    return (await tx.execute(query.limit(1))).first() is not None


async def is_linked(tx: Transaction, source: str, subject: str) -> bool:
    """Whether the identity is somebody's, deleted people included."""
    query = select(identities.c.id).where(identities.c.source == source, identities.c.subject == subject)
    return (await tx.execute(query)).first() is not None


async def change(tx: Transaction, user_pk: int, at: Millis, **columns: Any) -> User | None:
    """Sets columns of one user; None when there is no such user."""
    values = {name: builtins(value) for name, value in columns.items()}
    query = update(users).where(users.c.id == user_pk, ALIVE).values(**values, updated_at=at).returning(*FIELDS)
    row = (await tx.execute(query)).first()
    return None if row is None else _user(row)


async def link(tx: Transaction, user_pk: int, source: str, subject: str, at: Millis) -> None:
    """Links a login identity to the user. (source, subject) is unique, and moves to nobody while it is linked."""
    await tx.execute(insert(identities).values(user_pk=user_pk, source=source, subject=subject, created_at=at))


async def identity_used(tx: Transaction, source: str, subject: str, at: Millis) -> None:
    query = update(identities).where(identities.c.source == source, identities.c.subject == subject)
    await tx.execute(query.values(last_used_at=at))


async def identities_of(tx: Transaction, user_pk: int) -> list[tuple[str, str]]:
    """The (source, subject) pairs linked to the user."""
    query = select(identities.c.source, identities.c.subject).where(identities.c.user_pk == user_pk)
    return [(row.source, row.subject) for row in await tx.execute(query.order_by(identities.c.id))]


async def identity_rows(tx: Transaction, user_pk: int) -> list[Identity]:
    """The identities linked to the user, oldest first."""
    query = select(identities).where(identities.c.user_pk == user_pk).order_by(identities.c.id)
    return [msgspec.convert(row._mapping, Identity) for row in await tx.execute(query)]


async def unlink(tx: Transaction, user_pk: int, identity_id: int) -> None:
    """Takes an identity from the user. Whoever signs in with it is a newcomer."""
    await tx.execute(delete(identities).where(identities.c.id == identity_id, identities.c.user_pk == user_pk))


def _like(known: ColumnElement[str], name: str) -> ColumnElement[bool]:
    plain = unicodedata.normalize("NFKC", name)
    return or_(known.in_({name, plain}), func.lower(known) == plain.lower())


async def _lock(tx: Transaction, number: int) -> None:
    if tx.dialect.name == "postgresql":
        await tx.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": number})


async def _one(tx: Transaction, condition: ColumnElement[bool]) -> User | None:
    row = (await tx.execute(select(*FIELDS).where(condition, ALIVE))).first()
    return None if row is None else _user(row)


def _user(row: Row[*tuple[Any, ...]]) -> User:
    return msgspec.convert(row._mapping, User, strict=False)
