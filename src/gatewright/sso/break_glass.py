"""Sign-in with a local password for the one account that needs no provider: when the outside provider is down.

Its second factor is asked for here too where one is set up: the way round a factor must not be the administrator's.
"""

from typing import Protocol

from gatewright.accounts.audit import Audit
from gatewright.accounts.limits import Limits, accounts_of
from gatewright.accounts.passwords import Passwords
from gatewright.accounts.sessions import Sessions
from gatewright.domain.errors import BadInput, GatewrightError, TooManyRequests, Unauthenticated
from gatewright.domain.people import Event, Origin, User
from gatewright.storage import users
from gatewright.storage.database import Database

SOURCE = "local"
LONGEST_NAME = 254
WRONG = "The name, the password or the code is wrong."


class SecondFactors(Protocol):
    """What somebody proves beside the password."""

    async def prove_if_set_up(self, user: User, code: str, origin: Origin) -> tuple[str, ...]:
        """How they proved it (RFC 8176); nothing where no factor is set up. Raises BadInput, TooManyRequests."""


class BreakGlass:
    """For break-glass accounts only; everybody else gets the same answer as for a wrong password."""

    def __init__(
        self, db: Database, sessions: Sessions, passwords: Passwords, limits: Limits, factors: SecondFactors
    ) -> None:
        self._db = db
        self._sessions = sessions
        self._passwords = passwords
        self._limits = limits
        self._factors = factors
        self._audit = Audit(db)

    async def sign_in(self, name: str, password: str, code: str, old_session: str | None, origin: Origin) -> str:
        """The new session's cookie value. Raises Unauthenticated or TooManyRequests, each in the audit log."""
        typed = name.strip().replace("\x00", "")
        try:
            user = await self._check(typed, password, origin)
            proved = await self._prove(user, code, origin)
        except GatewrightError as error:
            outcome = "too_many_attempts" if isinstance(error, TooManyRequests) else error.error_code
            target = typed[:LONGEST_NAME] or None
            await self._audit.write(Event("login.break_glass", outcome, target=target, origin=origin))
            raise
        old = await self._sessions.find(old_session, origin)
        if old is not None:
            await self._sessions.end(old.row.id)
        token, _ = await self._sessions.open(user, origin, source=SOURCE, amr=("pwd", *proved))
        now = self._db.clock()
        async with self._db.write() as tx:
            await users.change(tx, user.id, now, last_login_at=now)
        await self._audit.write(Event("login.break_glass", "ok", actor=user.user_id, origin=origin))
        return token

    async def _check(self, name: str, password: str, origin: Origin) -> User:
        async with self._db.read() as tx:
            found = await users.with_password(tx, name)
        user, stored = found if found is not None else (None, None)
        if user is not None and not (user.is_break_glass and user.is_active):
            user, stored = None, None
        accounts = accounts_of(user, name)
        await self._limits.count_sign_in(accounts, origin.address)
        good = await self._passwords.matches(password, stored)
        if user is None or not good:
            raise Unauthenticated(WRONG, code="credentials_wrong")
        await self._limits.forgive(accounts, origin.address)
        return user

    async def _prove(self, user: User, code: str, origin: Origin) -> tuple[str, ...]:
        try:
            return await self._factors.prove_if_set_up(user, code, origin)
        except BadInput as error:
            # The same words: nobody learns here that the password was right.
            raise Unauthenticated(WRONG, code="credentials_wrong") from error
