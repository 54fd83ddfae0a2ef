"""Browser sessions: a random id in a cookie, its hash and everything else in the database.

The cookie is a part that stays, by which the row is found, and a secret that is renewed while in use (domain
`session_life`). Whoever brings the first with a secret of before had the cookie once: the session ends.
"""

import copy
import hashlib
import hmac
import secrets

import msgspec

from gatewright.domain.clock import Millis
from gatewright.domain.people import PROXY_SOURCE, Event, Origin, User
from gatewright.domain.session_life import (
    OVERLAP,
    RENEW_AFTER,
    SHORT_RENEW_AFTER,
    SHORT_SECRET,
    Brought,
    Judgement,
    Lives,
    Times,
    Verdict,
    judge,
)
from gatewright.storage import audit_log, session_ends, sessions, users
from gatewright.storage.database import Database, Transaction
from gatewright.storage.session_ends import DASHBOARD
from gatewright.storage.sessions import SessionRow

PURPOSE = "sessions.id_token"
SECRET_PURPOSE = "sessions.next_secret"
REUSED = "session_token_reused"
PROXY_USER_CHANGED = "proxy_user_changed"
LONGEST_COOKIE = 200


class Session(msgspec.Struct, frozen=True):
    """A living session and its user as they are now.

    `cookie` is what the browser is to keep for the `cookie_life` milliseconds to the absolute end, None as it has it.
    """

    row: SessionRow
    user: User
    cookie: str | None = None
    cookie_life: Millis = 0


def token_hash(token: str) -> str:
    """How a session's cookie value, or a part of it, is stored."""
    return hashlib.sha256(token.encode()).hexdigest()


class Sessions:
    """Sessions of one kind: `gateway` (the dashboard's) or `idp` (the embedded provider's).

    `life` is the absolute limit, `idle` how long one lives unused. The dashboard's ids are renewed while in use; with
    `short_ids` one lives ten minutes (EXPERIMENTAL_UI_LOGIN).
    """

    def __init__(
        self, db: Database, kind: str, life: Millis, *, idle: Millis | None = None, short_ids: bool = False
    ) -> None:
        self._db = db
        self.kind = kind
        self.lives = Lives(life, idle)
        # The provider's session that the dashboard's came from keeps to the limits that are set.
        self._origin_lives = self.lives
        if kind == DASHBOARD:
            secret, after = (SHORT_SECRET, SHORT_RENEW_AFTER) if short_ids else (None, RENEW_AFTER)
            self.lives = Lives(life, idle, secret, after)

    async def open(
        self,
        user: User,
        origin: Origin,
        *,
        source: str | None = None,
        amr: tuple[str, ...] = (),
        id_token: str | None = None,
        provider_sid: str | None = None,
        outside_sid: str | None = None,
    ) -> tuple[str, SessionRow]:
        """Starts a session; the cookie's value, which is never stored, and the row.

        `provider_sid` is the session of our own provider that it comes from, and ends with; for one that a proxy in
        front signed in (`PROXY_SOURCE`) it is the binding to whom the proxy names. `outside_sid` is the session at an
        outside provider, whose logout tokens name it.
        """
        token, now = secrets.token_urlsafe(32), self._db.clock()
        secret = secrets.token_urlsafe(32) if self.lives.renew_after is not None else None
        absolute_end = now + self.lives.absolute
        async with self._db.write() as tx:
            row = await sessions.add(
                tx,
                token_hash=token_hash(token),
                kind=self.kind,
                user_pk=user.id,
                source=source,
                sid=secrets.token_urlsafe(16),
                provider_sid=provider_sid,
                outside_sid=outside_sid,
                amr=list(amr),
                id_token=None if id_token is None else self._db.sealer.seal(id_token, PURPOSE),
                address=origin.address,
                user_agent=(origin.user_agent or "")[:300] or None,
                created_at=now,
                last_used_at=now,
                expires_at=self.lives.end(now, absolute_end),
                absolute_expires_at=absolute_end,
                secret_hash=None if secret is None else token_hash(secret),
                secret_at=now,
            )
        return token if secret is None else f"{token}.{secret}", row

    def within(self, tx: Transaction) -> "Sessions":
        """These sessions, as part of an open transaction."""
        joined = copy.copy(self)
        joined._db = self._db.joined(tx)
        return joined

    async def find(self, cookie: str | None, origin: Origin | None = None) -> Session | None:
        """The living session with that cookie value and its active user, None otherwise.

        A secret of before ends the session, which the audit log says (`session_token_reused`).
        """
        if not cookie or len(cookie) > LONGEST_COOKIE:
            return None
        token, _, secret = cookie.partition(".")
        now = self._db.clock()
        async with self._db.read() as tx:
            row = await sessions.by_token(tx, token_hash(token), self.kind, now)
            user = None if row is None else await users.by_id(tx, row.user_pk)
        if row is None or user is None or not user.is_active:
            return None
        if row.source == PROXY_SOURCE and not await self._is_asserted(row, origin or Origin()):
            return None
        brought = self._brought(row, secret)
        if brought is Brought.STRANGE and row.secret_hash is None:
            return None
        judged = judge(self.lives, _times(row), brought, now)
        if judged.verdict is Verdict.REUSED:
            await self._end(row.id, REUSED, None, origin or Origin())
        if judged.verdict is not Verdict.GOOD:
            return None
        return await self._used(Session(row, user), token, secret, judged)

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
        return await self._end(session_id, "ok", actor, origin)

    async def _is_asserted(self, row: SessionRow, origin: Origin) -> bool:
        """Whether the proxy in front still says that the person is there. When it names another, the session ends."""
        if origin.asserted is not None and origin.asserted != row.provider_sid:
            await self._end(row.id, PROXY_USER_CHANGED, None, origin)
        return origin.asserted == row.provider_sid

    def id_token(self, row: SessionRow) -> str | None:
        """The ID token of the login that opened the session, for the hint at sign-out."""
        return None if row.id_token is None else self._db.sealer.open(row.id_token, PURPOSE)

    def _brought(self, row: SessionRow, secret: str) -> Brought:
        hashed = token_hash(secret)
        # A row from before this had no secret: its cookie is the first part alone.
        if not secret if row.secret_hash is None else hmac.compare_digest(hashed, row.secret_hash):
            return Brought.CURRENT
        if row.next_secret is not None:
            waiting = self._db.sealer.open(row.next_secret, SECRET_PURPOSE)
            if hmac.compare_digest(waiting.encode(), secret.encode()):
                return Brought.NEXT
        known = row.previous_secret_hash
        return Brought.PREVIOUS if known is not None and hmac.compare_digest(hashed, known) else Brought.STRANGE

    async def _used(self, found: Session, token: str, secret: str, judged: Judgement) -> Session:
        """The session after what its use changes is written: at most every few minutes anything is."""
        row, cookie, now = found.row, None, self._db.clock()
        if judged.expires_at is None and not judged.renew:
            return found
        async with self._db.write() as tx:
            if judged.adopt:
                await sessions.adopt(tx, row, token_hash(secret), now + OVERLAP)
            if judged.renew:
                waiting = row.next_secret or await self._offer(tx, row, now)
                cookie = None if waiting is None else f"{token}.{self._db.sealer.open(waiting, SECRET_PURPOSE)}"
            if judged.expires_at is not None:
                await sessions.touch(tx, row.id, now, judged.expires_at)
                row = msgspec.structs.replace(row, last_used_at=now, expires_at=judged.expires_at)
        if judged.expires_at is not None and row.provider_sid is not None:
            # Apart: whoever ends both sessions locks them in an order of their own.
            async with self._db.write() as tx:
                await sessions.touch_origin(tx, row.provider_sid, now, now + self._origin_lives.unused)
        return Session(row, found.user, cookie, row.absolute_expires_at - now)

    async def _offer(self, tx: Transaction, row: SessionRow, now: Millis) -> bytes | None:
        fresh = self._db.sealer.seal(secrets.token_urlsafe(32), SECRET_PURPOSE)
        return await sessions.offer(tx, row, fresh, now)

    async def _end(self, session_id: int, outcome: str, actor: str | None, origin: Origin) -> bool:
        """Ends the session; the audit log says so where it was living."""
        now = self._db.clock()
        async with self._db.write() as tx:
            row = await sessions.by_id(tx, session_id, now)
            if row is None:
                return False
            details = {"session": session_id, "kind": row.kind}
            await audit_log.add(tx, Event("session.end", outcome, actor, f"user:{row.user_pk}", details, origin), now)
            return await session_ends.end(tx, session_id, now)


def _times(row: SessionRow) -> Times:
    return Times(
        last_used_at=row.last_used_at,
        expires_at=row.expires_at,
        absolute_end=row.absolute_expires_at,
        secret_at=row.created_at if row.secret_at is None else row.secret_at,
        next_at=row.next_secret_at,
        previous_until=row.previous_until,
    )
