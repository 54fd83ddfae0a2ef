"""Which clients a session of the provider signed in to, and the subject that each of them sees."""

from sqlalchemy import bindparam, insert, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.rows import changed
from gatewright.storage.tables import oauth_providers, session_clients, sessions

# NO KEY: rows that refer to the session are inserted beside.
_HOLD = (
    select(sessions.c.id)
    .where(
        sessions.c.id == bindparam("sought"), sessions.c.ended_at.is_(None), sessions.c.expires_at > bindparam("now")
    )
    .with_for_update(key_share=True)
)
_KNOWN = (
    update(session_clients)
    .where(
        session_clients.c.session_id == bindparam("of_session"),
        session_clients.c.provider_id == bindparam("of_provider"),
    )
    .values(subject=bindparam("now_subject"))
)
_ADD = insert(session_clients)


async def note(tx: Transaction, session_id: int, provider_id: int, subject: str, at: Millis) -> None:
    """Notes that the client got tokens in the session; nothing when the session is over.

    The session is held until the commit, so that its end, which tells the clients, comes before or after this.
    """
    if (await tx.execute(_HOLD, {"sought": session_id, "now": at})).first() is None:
        return
    known = {"of_session": session_id, "of_provider": provider_id, "now_subject": subject}
    if not changed(await tx.execute(_KNOWN, known)):
        pair = {"session_id": session_id, "provider_id": provider_id}
        await tx.execute(_ADD, {**pair, "subject": subject, "created_at": at})


async def with_method(tx: Transaction, session_id: int, method: str) -> list[int]:
    """The ids of the session's clients that have a logout address and want to hear of the end in that way."""
    joined = session_clients.join(oauth_providers, oauth_providers.c.id == session_clients.c.provider_id)
    query = (
        select(session_clients.c.provider_id)
        .select_from(joined)
        .where(
            session_clients.c.session_id == session_id,
            oauth_providers.c.logout_method == method,
            oauth_providers.c.logout_uri != "",
        )
    )
    return list((await tx.execute(query.order_by(session_clients.c.id))).scalars())
