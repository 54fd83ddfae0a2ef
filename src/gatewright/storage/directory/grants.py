"""What people have: sessions, consents, codes, access and refresh tokens, as the directory lists and ends them."""

from typing import Any

import msgspec
from sqlalchemy import Table, delete, or_, select

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.listing import Listing, Wish, matching
from gatewright.storage.tables import (
    access_tokens,
    applications,
    authorization_codes,
    consents,
    refresh_tokens,
    sessions,
    users,
)


class SessionView(msgspec.Struct, frozen=True):
    """A living session. `kind` is `idp` (the provider's) or `gateway` (the dashboard's)."""

    id: int
    kind: str
    user_pk: int
    address: str | None
    user_agent: str | None
    created_at: Millis
    last_used_at: Millis
    expires_at: Millis


class ConsentView(msgspec.Struct, frozen=True):
    """What a person let a client have."""

    id: int
    user_pk: int
    provider_id: int
    application_id: int | None
    scopes: list[str]
    expires_at: Millis | None


class TokenView(msgspec.Struct, frozen=True):
    """A living code, access or refresh token; `key` is the hash by which it is stored."""

    key: str
    family: str
    provider_id: int
    user_pk: int
    scope: str
    created_at: Millis
    expires_at: Millis


SESSIONS = Listing(
    key=sessions.c.id,
    columns={
        "user": sessions.c.user_pk,
        "user__username": users.c.username,
        "kind": sessions.c.kind,
        "session__last_ip": sessions.c.address,
        "session__last_user_agent": sessions.c.user_agent,
        "last_used": sessions.c.last_used_at,
        "expires": sessions.c.expires_at,
    },
    searched=(users.c.username, sessions.c.address, sessions.c.user_agent),
)
CONSENTS = Listing(
    key=consents.c.id,
    columns={
        "user": consents.c.user_pk,
        "application": applications.c.uuid,
        "expires": consents.c.expires_at,
        "user__username": users.c.username,
    },
    searched=(users.c.username, applications.c.name),
)
TOKEN_COLUMNS = ("provider_id", "user_pk", "scope", "created_at", "expires_at")
CODE, ACCESS, REFRESH = "code", "access", "refresh"
# Table, key, family and what marks the end of one. The hash of a code names the family of its tokens.
TABLES: dict[str, tuple[Table, str, str, str]] = {
    CODE: (authorization_codes, "code_hash", "code_hash", "redeemed_at"),
    ACCESS: (access_tokens, "jti_hash", "family", "revoked_at"),
    REFRESH: (refresh_tokens, "token_hash", "family", "revoked_at"),
}


async def session_page(tx: Transaction, wish: Wish, now: Millis) -> tuple[int, list[SessionView]]:
    """How many living sessions match, and one page of them."""
    names = msgspec.structs.fields(SessionView)
    query = select(*(sessions.c[one.name] for one in names)).join(users, users.c.id == sessions.c.user_pk)
    query = query.where(sessions.c.ended_at.is_(None), sessions.c.expires_at > now)
    count, rows = await matching(tx, query, SESSIONS, wish)
    return count, [msgspec.convert(row._mapping, SessionView) for row in rows]


async def consent_page(tx: Transaction, wish: Wish, now: Millis) -> tuple[int, list[ConsentView]]:
    """How many consents match that still count, and one page of them."""
    query = _consents().where(or_(consents.c.expires_at.is_(None), consents.c.expires_at > now))
    count, rows = await matching(tx, query, CONSENTS, wish)
    return count, [msgspec.convert(row._mapping, ConsentView, strict=False) for row in rows]


async def consent(tx: Transaction, consent_id: int) -> ConsentView | None:
    row = (await tx.execute(_consents().where(consents.c.id == consent_id))).first()
    return None if row is None else msgspec.convert(row._mapping, ConsentView, strict=False)


async def remove_consent(tx: Transaction, consent_id: int) -> None:
    await tx.execute(delete(consents).where(consents.c.id == consent_id))


async def token_page(tx: Transaction, kind: str, wish: Wish, now: Millis) -> tuple[int, list[TokenView]]:
    """How many living ones of that kind (`code`, `access`, `refresh`) match, and one page of them, newest first."""
    table = TABLES[kind][0]
    listing = Listing(
        key=table.c.created_at.desc(),
        columns={"user": table.c.user_pk, "provider": table.c.provider_id, "expires": table.c.expires_at},
        searched=(users.c.username,),
    )
    query = _living(kind, now).join(users, users.c.id == table.c.user_pk)
    count, rows = await matching(tx, query, listing, wish)
    return count, [msgspec.convert(row._mapping, TokenView) for row in rows]


async def token_numbers(tx: Transaction, kind: str, user_pk: int | None, now: Millis) -> list[TokenView]:
    """Every living one of somebody (None: of everybody), for finding one by its number."""
    query = _living(kind, now)
    if user_pk is not None:
        query = query.where(TABLES[kind][0].c.user_pk == user_pk)
    return [msgspec.convert(row._mapping, TokenView) for row in await tx.execute(query)]


def _living(kind: str, now: Millis) -> Any:
    table, key, family, ended = TABLES[kind]
    columns = (table.c[key].label("key"), table.c[family].label("family"), *(table.c[name] for name in TOKEN_COLUMNS))
    query = select(*columns).where(table.c[ended].is_(None), table.c.expires_at > now)
    if kind == REFRESH:
        query = query.where(refresh_tokens.c.rotated_at.is_(None), refresh_tokens.c.idle_expires_at > now)
    return query


def _consents() -> Any:
    joined = consents.join(users, users.c.id == consents.c.user_pk).outerjoin(
        applications, applications.c.provider_id == consents.c.provider_id
    )
    names = ("id", "user_pk", "provider_id", "scopes", "expires_at")
    return select(*(consents.c[name] for name in names), applications.c.id.label("application_id")).select_from(joined)
