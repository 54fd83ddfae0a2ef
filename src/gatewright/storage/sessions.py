"""Browser sessions: the dashboard's (kind `gateway`) and the embedded provider's (kind `idp`)."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, case, insert, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import refresh_tokens, session_clients, sessions


class SessionRow(msgspec.Struct, frozen=True):
    """One row of sessions. `id_token` and `next_secret` are sealed; `expires_at` moves on with use."""

    id: int
    token_hash: str
    kind: str
    user_pk: int
    source: str | None
    sid: str
    amr: list[str]
    id_token: bytes | None
    address: str | None
    user_agent: str | None
    created_at: Millis
    last_used_at: Millis
    expires_at: Millis
    absolute_expires_at: Millis
    ended_at: Millis | None
    provider_sid: str | None = None
    secret_hash: str | None = None
    secret_at: Millis | None = None
    next_secret: bytes | None = None
    next_secret_at: Millis | None = None
    previous_secret_hash: str | None = None
    previous_until: Millis | None = None


_ADD = insert(sessions).returning(sessions)
_NOT_ENDED = select(sessions).where(sessions.c.ended_at.is_(None))
_LIVING = _NOT_ENDED.where(sessions.c.expires_at > bindparam("now"))
_BY_TOKEN = _LIVING.where(sessions.c.token_hash == bindparam("sought"), sessions.c.kind == bindparam("of_kind"))
_BY_ID = _LIVING.where(sessions.c.id == bindparam("sought"))
_BY_ID_NOT_ENDED = _NOT_ENDED.where(sessions.c.id == bindparam("sought"))


async def add(tx: Transaction, **columns: Any) -> SessionRow:
    """Inserts a session."""
    return msgspec.convert((await tx.execute(_ADD, columns)).one()._mapping, SessionRow)


async def by_token(tx: Transaction, token_hash: str, kind: str, now: Millis) -> SessionRow | None:
    """The living session with that token, None when there is none, it ended or it expired."""
    row = (await tx.execute(_BY_TOKEN, {"sought": token_hash, "of_kind": kind, "now": now})).first()
    return None if row is None else msgspec.convert(row._mapping, SessionRow)


async def by_id(tx: Transaction, session_id: int, now: Millis) -> SessionRow | None:
    """The living session with that id."""
    row = (await tx.execute(_BY_ID, {"sought": session_id, "now": now})).first()
    return None if row is None else msgspec.convert(row._mapping, SessionRow)


async def living_with_sid(tx: Transaction, sid: str, now: Millis) -> int | None:
    """The id of the provider's living session that its clients know by that name."""
    query = select(sessions.c.id).where(
        sessions.c.sid == sid, sessions.c.kind == "idp", sessions.c.ended_at.is_(None), sessions.c.expires_at > now
    )
    found: int | None = (await tx.execute(query)).scalar()
    return found


async def not_ended(tx: Transaction, session_id: int) -> SessionRow | None:
    """The session with that id unless somebody ended it; one that merely expired is found too."""
    row = (await tx.execute(_BY_ID_NOT_ENDED, {"sought": session_id})).first()
    return None if row is None else msgspec.convert(row._mapping, SessionRow)


async def of_user(tx: Transaction, user_pk: int, kind: str, now: Millis) -> list[SessionRow]:
    """The user's living sessions of that kind, last used first."""
    query = select(sessions).where(
        sessions.c.user_pk == user_pk,
        sessions.c.kind == kind,
        sessions.c.ended_at.is_(None),
        sessions.c.expires_at > now,
    )
    rows = await tx.execute(query.order_by(sessions.c.last_used_at.desc()))
    return [msgspec.convert(row._mapping, SessionRow) for row in rows]


async def touch(tx: Transaction, session_id: int, at: Millis, expires_at: Millis) -> None:
    """Notes that the session was used, and lives on."""
    query = update(sessions).where(sessions.c.id == session_id, sessions.c.last_used_at <= at)
    await tx.execute(query.values(last_used_at=at, expires_at=expires_at))


async def touch_origin(tx: Transaction, sid: str, at: Millis, expires_at: Millis) -> None:
    """Notes a use of what came from the provider's session: that one lives on too, never past its absolute end."""
    latest = sessions.c.absolute_expires_at
    ends = case((latest < expires_at, latest), else_=expires_at)
    mine = (sessions.c.sid == sid, sessions.c.kind == "idp", sessions.c.ended_at.is_(None))
    query = update(sessions).where(*mine, sessions.c.expires_at > at, sessions.c.last_used_at <= at)
    await tx.execute(query.values(last_used_at=at, expires_at=ends))


async def offer(tx: Transaction, row: SessionRow, sealed: bytes, at: Millis) -> bytes | None:
    """Keeps the secret that is to follow, unless one waits already; the sealed one that waits then.

    None when another secret is the current one by now.
    """
    known = (sessions.c.id == row.id, sessions.c.secret_hash.is_not_distinct_from(row.secret_hash))
    free = update(sessions).where(*known, sessions.c.next_secret.is_(None))
    await tx.execute(free.values(next_secret=sealed, next_secret_at=at))
    waiting: bytes | None = (await tx.execute(select(sessions.c.next_secret).where(*known))).scalar()
    return waiting


async def adopt(tx: Transaction, row: SessionRow, secret_hash: str, until: Millis) -> None:
    """Makes the secret that waits the current one; nothing when another request did. The old one counts `until`."""
    query = update(sessions).where(
        sessions.c.id == row.id,
        sessions.c.secret_hash.is_not_distinct_from(row.secret_hash),
        sessions.c.next_secret_at == row.next_secret_at,
    )
    await tx.execute(
        query.values(
            secret_hash=secret_hash,
            secret_at=row.next_secret_at,
            previous_secret_hash=row.secret_hash,
            previous_until=until,
            next_secret=None,
            next_secret_at=None,
        )
    )


async def succeed(tx: Transaction, old_id: int, new_id: int) -> SessionRow:
    """Lets a session go on in a new row, under the `sid` by which its clients know it and with what they refresh.

    The new row as it is then.
    """
    fresh = (await tx.execute(select(sessions.c.sid).where(sessions.c.id == new_id))).scalar_one()
    known = (await tx.execute(select(sessions.c.sid).where(sessions.c.id == old_id))).scalar_one()
    # The column is unique at every moment.
    for session_id, sid in ((new_id, f"{fresh}~"), (old_id, fresh), (new_id, known)):
        await tx.execute(update(sessions).where(sessions.c.id == session_id).values(sid=sid))
    for table in (session_clients, refresh_tokens):
        await tx.execute(update(table).where(table.c.session_id == old_id).values(session_id=new_id))
    found = (await tx.execute(select(sessions).where(sessions.c.id == new_id))).one()
    return msgspec.convert(found._mapping, SessionRow)
