"""The end of a session and all that ends with it, in one transaction.

A session of the provider takes along its access and refresh tokens and the dashboard's sessions that came from it, and
leaves a notice for each client that wants to hear of it (Back-Channel Logout 1.0, 2.7). One that merely expires leaves
the refresh tokens, which were given to outlive it, and the dashboard, whose sessions have a life of their own.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, exists, insert, literal, select, update

from gatewright.domain.clock import Millis
from gatewright.storage import access_tokens, changes, refresh_tokens, tables
from gatewright.storage.database import Transaction
from gatewright.storage.tables import logout_notices, oauth_providers, session_clients, sessions

ALIVE = sessions.c.ended_at.is_(None)
PROVIDER, DASHBOARD = "idp", "gateway"


async def end(tx: Transaction, session_id: int, at: Millis) -> bool:
    """Ends one session of either kind; False when it was over. Call it last: it announces the change."""
    return bool(await _end(tx, sessions.c.id == session_id, at))


async def end_user(tx: Transaction, user_pk: int, at: Millis, spared: Sequence[int] = ()) -> int:
    """Ends every session of the person but those `spared`, and says how many. Call it last: it announces the change."""
    return await _end(tx, (sessions.c.user_pk == user_pk) & sessions.c.id.not_in(spared), at)


async def end_client(tx: Transaction, session_id: int, provider_id: int, at: Millis) -> None:
    """Ends what one client has of a session that goes on."""
    mine = (tables.refresh_tokens.c.session_id == session_id) & (tables.refresh_tokens.c.provider_id == provider_id)
    families = (
        select(tables.refresh_tokens.c.family).where(mine, tables.refresh_tokens.c.revoked_at.is_(None)).distinct()
    )
    for family in (await tx.execute(families.order_by(tables.refresh_tokens.c.family))).scalars().all():
        await refresh_tokens.lock_family(tx, family)
    for table in (tables.refresh_tokens, tables.access_tokens):
        query = update(table).where(
            table.c.session_id == session_id, table.c.provider_id == provider_id, table.c.revoked_at.is_(None)
        )
        await tx.execute(query.values(revoked_at=at))
    await _tell(tx, (session_clients.c.session_id == session_id) & (session_clients.c.provider_id == provider_id), at)


async def end_dashboards(tx: Transaction, sids: Sequence[str], at: Millis) -> None:
    """Ends the dashboard's sessions that came from these of the provider. Call it last: it announces the change."""
    query = update(sessions).where(sessions.c.kind == DASHBOARD, sessions.c.provider_sid.in_(sids), ALIVE)
    for token_hash in (await tx.execute(query.values(ended_at=at).returning(sessions.c.token_hash))).scalars().all():
        await changes.announce(tx, "session", token_hash, at)


async def end_outside(tx: Transaction, source: str, sid: str | None, user_pk: int | None, at: Millis) -> int:
    """Ends the dashboard's sessions from that source: of one session there, of one person, or of both at once.

    Says how many. Call it last: it announces the change.
    """
    condition = (sessions.c.kind == DASHBOARD) & (sessions.c.source == source)
    if sid is None and user_pk is None:
        return 0
    if sid is not None:
        condition &= sessions.c.outside_sid == sid
    if user_pk is not None:
        condition &= sessions.c.user_pk == user_pk
    return await _end(tx, condition, at)


async def expire(tx: Transaction, now: Millis, most: int) -> int:
    """Tells the clients of up to `most` sessions that expired, and ends the access tokens from before that."""
    heard = exists().where(session_clients.c.session_id == sessions.c.id)
    query = select(sessions.c.id).where(sessions.c.kind == PROVIDER, ALIVE, sessions.c.expires_at <= now, heard)
    # Two workers that look at once take different ones.
    locked = query.order_by(sessions.c.id).limit(most).with_for_update(skip_locked=True, key_share=True)
    ids = list((await tx.execute(locked)).scalars())
    end_of_its_session = select(sessions.c.expires_at).where(sessions.c.id == tables.access_tokens.c.session_id)
    before = tables.access_tokens.c.created_at < end_of_its_session.scalar_subquery()
    revoke = update(tables.access_tokens).where(
        tables.access_tokens.c.session_id.in_(ids), before, tables.access_tokens.c.revoked_at.is_(None)
    )
    await tx.execute(revoke.values(revoked_at=now))
    await _tell(tx, session_clients.c.session_id.in_(ids), now)
    return len(ids)


async def _end(tx: Transaction, condition: ColumnElement[bool], at: Millis) -> int:
    # Tokens first, in the order in which a refresh takes its locks.
    for session_id in (await tx.execute(select(sessions.c.id).where(condition, ALIVE))).scalars().all():
        await refresh_tokens.revoke_session(tx, session_id, at)
        await access_tokens.revoke_session(tx, session_id, at)
    query = update(sessions).where(condition, ALIVE).values(ended_at=at)
    returned = query.returning(sessions.c.id, sessions.c.sid, sessions.c.kind, sessions.c.token_hash)
    ended = (await tx.execute(returned)).all()
    own = [row for row in ended if row.kind == PROVIDER]
    await _tell(tx, session_clients.c.session_id.in_([row.id for row in own]), at)
    for row in ended:
        await changes.announce(tx, "session", row.token_hash, at)
    await end_dashboards(tx, [row.sid for row in own], at)
    return len(ended)


async def _tell(tx: Transaction, condition: ColumnElement[bool], at: Millis) -> None:
    """Makes the notices, and forgets the clients, so that nobody is told twice."""
    joined = session_clients.join(sessions, sessions.c.id == session_clients.c.session_id).join(
        oauth_providers, oauth_providers.c.id == session_clients.c.provider_id
    )
    wanted = select(
        session_clients.c.provider_id,
        sessions.c.sid,
        session_clients.c.subject,
        literal(at).label("created_at"),
        literal(at).label("next_attempt_at"),
    ).select_from(joined)
    wanted = wanted.where(
        condition, oauth_providers.c.logout_method == "backchannel", oauth_providers.c.logout_uri != ""
    )
    names = ["provider_id", "sid", "subject", "created_at", "next_attempt_at"]
    await tx.execute(insert(logout_notices).from_select(names, wanted))
    await tx.execute(delete(session_clients).where(condition))
