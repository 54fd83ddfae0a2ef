"""Which clients a session of the provider signed in to, and the subject that each of them sees."""

from sqlalchemy import insert, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.rows import changed
from gatewright.storage.tables import oauth_providers, session_clients, sessions


async def note(tx: Transaction, session_id: int, provider_id: int, subject: str, at: Millis) -> None:
    """Notes that the client got tokens in the session; nothing when the session is over.

    The session is held until the commit, so that its end, which tells the clients, comes before or after this.
    """
    alive = select(sessions.c.id).where(
        sessions.c.id == session_id, sessions.c.ended_at.is_(None), sessions.c.expires_at > at
    )
    # NO KEY: rows that refer to the session are inserted beside.
    if (await tx.execute(alive.with_for_update(key_share=True))).first() is None:
        return
    pair = {"session_id": session_id, "provider_id": provider_id}
    known = update(session_clients).where(*(session_clients.c[name] == value for name, value in pair.items()))
    if not changed(await tx.execute(known.values(subject=subject))):
        await tx.execute(insert(session_clients).values(**pair, subject=subject, created_at=at))


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
