"""Forget what is over: expired logins, codes, tokens, counters, changes that every worker has seen."""

from sqlalchemy import and_, delete, func, or_, select

from gatewright.domain.clock import DAY, HOUR, Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import (
    access_tokens,
    api_tokens,
    attempts,
    audit_log,
    authorization_codes,
    ceremonies,
    changes,
    cli_logins,
    consents,
    device_codes,
    emails,
    invitations,
    login_transactions,
    logout_notices,
    one_time_links,
    pushed_requests,
    refresh_tokens,
    registration_tokens,
    sessions,
    used_assertions,
    user_invitations,
)

# Kept a while after their end, so that a replay is told apart from a value that never existed.
REPLAY_WINDOW = DAY
SESSIONS_KEPT = 30 * DAY
CHANGES_KEPT = HOUR
AUDIT_KEPT = 400 * DAY
# Delivered or given up long before.
NOTICES_KEPT = 7 * DAY
# Shown as over for a while, so that somebody whose script or link stopped working can see why.
SHOWN_AS_OVER = 30 * DAY


async def forget_expired(tx: Transaction, now: Millis) -> None:
    """Deletes rows that nobody can use any more."""
    for table in (authorization_codes, access_tokens, device_codes, pushed_requests, cli_logins, one_time_links):
        await tx.execute(delete(table).where(table.c.expires_at < now - REPLAY_WINDOW))
    await tx.execute(delete(refresh_tokens).where(refresh_tokens.c.idle_expires_at < now - REPLAY_WINDOW))
    await tx.execute(delete(logout_notices).where(logout_notices.c.created_at < now - NOTICES_KEPT))
    # The job forgets them in time and says so; these are left where there is no mail server any more.
    await tx.execute(delete(emails).where(emails.c.expires_at < now - REPLAY_WINDOW))
    await tx.execute(delete(consents).where(consents.c.expires_at < now))
    await tx.execute(delete(api_tokens).where(api_tokens.c.expires_at < now - SHOWN_AS_OVER))
    await tx.execute(delete(registration_tokens).where(registration_tokens.c.expires_at < now - SHOWN_AS_OVER))
    used_up = and_(invitations.c.single_use, invitations.c.used_at < now - SHOWN_AS_OVER)
    await tx.execute(delete(invitations).where(or_(invitations.c.expires_at < now - SHOWN_AS_OVER, used_up)))
    await tx.execute(delete(user_invitations).where(user_invitations.c.expires_at < now - SHOWN_AS_OVER))
    await tx.execute(delete(used_assertions).where(used_assertions.c.expires_at < now))
    await tx.execute(delete(login_transactions).where(login_transactions.c.expires_at < now))
    await tx.execute(delete(ceremonies).where(ceremonies.c.expires_at < now))
    await tx.execute(delete(attempts).where(attempts.c.resets_at < now))
    over = or_(sessions.c.expires_at < now - SESSIONS_KEPT, sessions.c.ended_at < now - SESSIONS_KEPT)
    # A session that was ended takes its refresh tokens along; without its row they would look like those of one that
    # merely expired.
    ended = select(sessions.c.id).where(over, sessions.c.ended_at.is_not(None))
    await tx.execute(delete(refresh_tokens).where(refresh_tokens.c.session_id.in_(ended)))
    await tx.execute(delete(sessions).where(over))
    await tx.execute(delete(audit_log).where(audit_log.c.at < now - AUDIT_KEPT))
    # The newest change stays, so that SQLite does not hand out its id again.
    newest = select(func.max(changes.c.id)).scalar_subquery()
    await tx.execute(delete(changes).where(and_(changes.c.at < now - CHANGES_KEPT, changes.c.id != newest)))
