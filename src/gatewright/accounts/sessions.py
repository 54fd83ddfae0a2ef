"""Browser sessions: a random id in a cookie, its hash and everything else in the database."""

import hashlib
import secrets

import msgspec

from gatewright.domain.clock import MINUTE, Millis
from gatewright.domain.people import Event, Origin, User
from gatewright.storage import audit_log, session_ends, sessions, users
from gatewright.storage.database import Database, Transaction
from gatewright.storage.sessions import SessionRow

# A used session is written back at most this often: a page makes many requests.
TOUCH_EVERY = 5 * MINUTE
PURPOSE = "sessions.id_token"


class Session(msgspec.Struct, frozen=True):
    """A living session and its user as they are now."""

    row: SessionRow
    user: User


def token_hash(token: str) -> str:
    """How a session's cookie value is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


class Sessions:
    """Sessions of one kind: `gateway` (the dashboard's) or `idp` (the embedded provider's)."""

    def __init__(self, db: Database, kind: str, life: Millis) -> None:
        self._db = db
        self.kind = kind
        self.life = life

    async def open(
        self,
        user: User,
        origin: Origin,
        *,
        source: str | None = None,
        amr: tuple[str, ...] = (),
        id_token: str | None = None,
        provider_sid: str | None = None,
    ) -> tuple[str, SessionRow]:
        """Starts a session; the cookie's value, which is never stored, and the row.

        `provider_sid` is the session of our own provider that it comes from, and ends with.
        """
        token, now = secrets.token_urlsafe(32), self._db.clock()
        async with self._db.write() as tx:
            row = await sessions.add(
                tx,
                token_hash=token_hash(token),
                kind=self.kind,
                user_pk=user.id,
                source=source,
                sid=secrets.token_urlsafe(16),
                provider_sid=provider_sid,
                amr=list(amr),
                id_token=None if id_token is None else self._db.sealer.seal(id_token, PURPOSE),
                address=origin.address,
                user_agent=(origin.user_agent or "")[:300] or None,
                created_at=now,
                last_used_at=now,
                expires_at=now + self.life,
            )
        return token, row

    def within(self, tx: Transaction) -> "Sessions":
        """These sessions, as part of an open transaction."""
        return Sessions(self._db.joined(tx), self.kind, self.life)

    async def find(self, token: str | None) -> Session | None:
        """The living session with that cookie value and its active user, None otherwise."""
        if not token:
            return None
        now = self._db.clock()
        async with self._db.read() as tx:
            row = await sessions.by_token(tx, token_hash(token), self.kind, now)
            user = None if row is None else await users.by_id(tx, row.user_pk)
        if row is None or user is None or not user.is_active:
            return None
        if now - row.last_used_at > TOUCH_EVERY:
            async with self._db.write() as tx:
                await sessions.touch(tx, row.id, now)
        return Session(row, user)

    async def of_user(self, user_pk: int) -> list[SessionRow]:
        """The user's living sessions of this kind, last used first."""
        async with self._db.read() as tx:
            return await sessions.of_user(tx, user_pk, self.kind, self._db.clock())

    async def end(self, session_id: int) -> bool:
        """Ends one session on every worker, with all that came of it; False when it was over already."""
        async with self._db.write() as tx:
            return await session_ends.end(tx, session_id, self._db.clock())

    async def end_by(self, session_id: int, actor: str, origin: Origin) -> bool:
        """As `end`, by somebody's will: the audit log says whose session it was, and who ended it."""
        now = self._db.clock()
        async with self._db.write() as tx:
            row = await sessions.by_id(tx, session_id, now)
            if row is None:
                return False
            details = {"session": session_id, "kind": row.kind}
            await audit_log.add(tx, Event("session.end", "ok", actor, f"user:{row.user_pk}", details, origin), now)
            return await session_ends.end(tx, session_id, now)

    def id_token(self, row: SessionRow) -> str | None:
        """The ID token of the login that opened the session, for the hint at sign-out."""
        return None if row.id_token is None else self._db.sealer.open(row.id_token, PURPOSE)
