"""Where people are signed in, whatever it is kept as: browser sessions, the provider's, the command line's keys, and
what devices and applications refresh. Newest first, by keyset.

A session of the provider that a living one of the dashboard came from is that browser's and no row of its own.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Column, ColumnElement, Select, and_, false, func, null, or_, select

from gatewright.domain.clock import Millis
from gatewright.domain.errors import BadInput
from gatewright.storage.database import Transaction
from gatewright.storage.tables import (
    applications,
    keys,
    oauth_providers,
    refresh_tokens,
    session_clients,
    sessions,
    users,
)

BROWSER, PROVIDER, CLI, DEVICE, APPLICATION = "browser", "provider", "cli", "device", "application"
LONGEST_KEY = 100


class SignIn(msgspec.Struct, frozen=True):
    """One of them, and whose it is. `key` is the id of its row, of what is refreshed its family.

    `clients` are the names of the applications that have tokens from it. `provider_sid` is of a browser's.
    """

    kind: str
    key: int | str
    user_pk: int
    user_id: str
    username: str
    email: str | None
    address: str | None
    user_agent: str | None
    created_at: Millis
    last_used_at: Millis | None
    expires_at: Millis | None
    provider_sid: str | None = None
    client: str | None = None
    clients: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Its name outside."""
        return f"{self.kind}-{self.key}"


class Wanted(msgspec.Struct, frozen=True):
    """Whose, and which: `user_pk` is one person, `words` stand in a name or an address of theirs; None is no limit."""

    user_pk: int | None = None
    kind: str | None = None
    words: str | None = None

    @property
    def kinds(self) -> Sequence[str]:
        return KINDS if self.kind is None else (self.kind,)


class Part(NamedTuple):
    """One kind: where it is kept, when it began, and which rows are living."""

    key: Column[Any]
    began: Column[Any]
    select: Select[Any]
    living: Callable[[Millis], ColumnElement[bool]]
    numbered: bool = True


def _columns(table: Any, **others: Any) -> list[Any]:
    kept = ("address", "user_agent", "last_used_at", "expires_at", "user_pk")
    named = [table.c[name] for name in kept if name not in others]
    person = (users.c.user_id, users.c.username, users.c.email)
    return [*named, *person, *(column.label(name) for name, column in others.items())]


def _session_part(kind: str, own: Callable[[Millis], ColumnElement[bool]]) -> Part:
    def living(now: Millis) -> ColumnElement[bool]:
        return and_(sessions.c.kind == kind, sessions.c.ended_at.is_(None), sessions.c.expires_at > now, own(now))

    columns = _columns(sessions, key=sessions.c.id, created_at=sessions.c.created_at, client=null())
    query = select(*columns, sessions.c.provider_sid).join(users, users.c.id == sessions.c.user_pk)
    return Part(sessions.c.id, sessions.c.created_at, query, living)


def _not_a_browsers(now: Millis) -> ColumnElement[bool]:
    shown = sessions.alias("shown")
    came = select(shown.c.id).where(
        shown.c.provider_sid == sessions.c.sid,
        shown.c.kind == "gateway",
        shown.c.ended_at.is_(None),
        shown.c.expires_at > now,
    )
    return ~came.exists()


def _cli_part() -> Part:
    def living(now: Millis) -> ColumnElement[bool]:
        return and_(
            keys.c.kind == "cli", keys.c.revoked_at.is_(None), or_(keys.c.expires_at.is_(None), keys.c.expires_at > now)
        )

    columns = _columns(keys, key=keys.c.id, created_at=keys.c.created_at, client=null())
    return Part(keys.c.id, keys.c.created_at, select(*columns).join(users, users.c.id == keys.c.user_pk), living)


def _grant_part(own: ColumnElement[bool]) -> Part:
    table = refresh_tokens

    def living(now: Millis) -> ColumnElement[bool]:
        return and_(own, table.c.rotated_at.is_(None), table.c.revoked_at.is_(None), table.c.idle_expires_at > now)

    columns = _columns(
        table,
        key=table.c.family,
        created_at=table.c.granted_at,
        expires_at=table.c.idle_expires_at,
        client=func.coalesce(applications.c.name, oauth_providers.c.name),
    )
    query = (
        select(*columns)
        .join(users, users.c.id == table.c.user_pk)
        .join(oauth_providers, oauth_providers.c.id == table.c.provider_id)
        .outerjoin(applications, applications.c.provider_id == table.c.provider_id)
    )
    return Part(table.c.family, table.c.granted_at, query, living, numbered=False)


# In the order in which those of one moment are listed. A device's grant belongs to no session of a browser.
PARTS: dict[str, Part] = {
    BROWSER: _session_part("gateway", lambda _: ~false()),
    PROVIDER: _session_part("idp", _not_a_browsers),
    CLI: _cli_part(),
    DEVICE: _grant_part(refresh_tokens.c.sid.is_(None)),
    APPLICATION: _grant_part(refresh_tokens.c.sid.is_not(None)),
}
KINDS = tuple(PARTS)


async def page(
    tx: Transaction, now: Millis, limit: int, cursor: str | None, wanted: Wanted
) -> tuple[list[SignIn], str | None]:
    """The living ones, newest first, and the cursor of the page after.

    Raises BadInput for a cursor that no page answered.
    """
    after = None if cursor is None else _position(cursor)
    found: list[SignIn] = []
    for kind in wanted.kinds:
        query = _living(kind, now, wanted.user_pk)
        if wanted.words is not None:
            names = (users.c.user_id, users.c.username, users.c.email, users.c.display_name)
            query = query.where(or_(*(name.icontains(wanted.words, autoescape=True) for name in names)))
        if after is not None:
            query = query.where(_comes_after(kind, after))
        part = PARTS[kind]
        ordered = query.order_by(part.began.desc(), part.key.desc()).limit(limit + 1)
        found += [_row(kind, row) for row in await tx.execute(ordered)]
    # Stable: those of one moment stay in the order of the kinds, and within a kind of the keys.
    found.sort(key=lambda one: -one.created_at)
    shown = found[:limit]
    more = f"{shown[-1].created_at}.{shown[-1].id}" if len(found) > limit else None
    return await _with_clients(tx, shown), more


async def everything(tx: Transaction, now: Millis, user_pk: int) -> list[SignIn]:
    """Every living one of the person."""
    return [_row(kind, row) for kind in KINDS for row in await tx.execute(_living(kind, now, user_pk))]


async def find(tx: Transaction, wanted: str, now: Millis, *, user_pk: int | None) -> SignIn | None:
    """The living one of that name, of one person or of anybody."""
    named = _named(wanted)
    if named is None:
        return None
    kind, key = named
    row = (await tx.execute(_living(kind, now, user_pk).where(PARTS[kind].key == key))).first()
    return None if row is None else _row(kind, row)


def _living(kind: str, now: Millis, user_pk: int | None) -> Select[Any]:
    part = PARTS[kind]
    query = part.select.where(part.living(now), users.c.is_active, users.c.deleted_at.is_(None))
    return query if user_pk is None else query.where(users.c.id == user_pk)


def _row(kind: str, row: Any) -> SignIn:
    return SignIn(kind=kind, **row._mapping)


def _named(text: str) -> tuple[str, int | str] | None:
    kind, _, key = text.partition("-")
    part = PARTS.get(kind)
    if part is None or not key or len(key) > LONGEST_KEY:
        return None
    if not part.numbered:
        return (kind, key) if key.isascii() and key.isalnum() else None
    # More digits are no id of a row, and no number that a database takes.
    return (kind, int(key)) if key.isascii() and key.isdecimal() and len(key) <= 18 else None


def _position(cursor: str) -> tuple[Millis, str, int | str]:
    at, _, name = cursor.partition(".")
    named = _named(name)
    if named is None or not (at.isascii() and at.isdecimal() and len(at) <= 18):
        raise BadInput(
            "The cursor is not one that a list answered.", param="cursor", hint="Leave it out to start over."
        )
    return int(at), *named


def _comes_after(kind: str, after: tuple[Millis, str, int | str]) -> ColumnElement[bool]:
    at, of_kind, key = after
    part = PARTS[kind]
    order = KINDS.index(kind) - KINDS.index(of_kind)
    if order == 0:
        same: ColumnElement[bool] = part.key < key
    else:
        same = ~false() if order > 0 else false()
    return or_(part.began < at, and_(part.began == at, same))


async def _with_clients(tx: Transaction, found: Sequence[SignIn]) -> list[SignIn]:
    """The rows with the names of the applications."""
    ids = [one.key for one in found if one.kind == PROVIDER]
    sids = [one.provider_sid for one in found if one.provider_sid is not None]
    query = (
        select(sessions.c.id, sessions.c.sid, func.coalesce(applications.c.name, oauth_providers.c.name).label("name"))
        .join(session_clients, session_clients.c.session_id == sessions.c.id)
        .join(oauth_providers, oauth_providers.c.id == session_clients.c.provider_id)
        .outerjoin(applications, applications.c.provider_id == oauth_providers.c.id)
        .where(or_(sessions.c.id.in_(ids), sessions.c.sid.in_(sids)))
        .order_by(session_clients.c.id)
    )
    names = (await tx.execute(query)).all() if ids or sids else ()

    def clients(one: SignIn) -> tuple[str, ...]:
        if one.client is not None:
            return (one.client,)
        return tuple(
            row.name
            for row in names
            if (one.kind == PROVIDER and row.id == one.key) or (one.kind == BROWSER and row.sid == one.provider_sid)
        )

    return [msgspec.structs.replace(one, clients=clients(one)) for one in found]
