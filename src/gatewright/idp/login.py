"""Sign a local person in with a password, and open the provider's own session."""

from gatewright.accounts.audit import Audit
from gatewright.accounts.limits import Limits, account_of
from gatewright.accounts.passwords import Passwords
from gatewright.accounts.sessions import Session, Sessions
from gatewright.domain.errors import TooManyRequests, Unauthenticated, Unavailable
from gatewright.domain.people import Event, Origin
from gatewright.storage import users
from gatewright.storage.database import Database

LONGEST_NAME = 254
WRONG = "This user name and password do not belong together."


class SignInRefused(Unauthenticated):
    """One text for an unknown name, a wrong password and a deactivated account, so that it tells nothing."""

    code = "sign_in_refused"
    summary = WRONG


class Login:
    """The sign-in of the provider's pages."""

    def __init__(self, db: Database, sessions: Sessions, passwords: Passwords, limits: Limits, audit: Audit) -> None:
        self._db = db
        self._sessions = sessions
        self._passwords = passwords
        self._limits = limits
        self._audit = audit

    async def session(self, token: str | None) -> Session | None:
        """The living session behind the provider's cookie."""
        return await self._sessions.find(token)

    async def nobody_yet(self) -> bool:
        """Whether nobody can sign in, because the set-up link was not used."""
        async with self._db.read() as tx:
            return not await users.any_local(tx)

    async def sign_in(self, name: str, password: str, origin: Origin, old_token: str | None) -> tuple[str, Session]:
        """The new cookie value and its session. The session that the browser had ends: no id outlives a sign-in.

        Raises SignInRefused, TooManyRequests.
        """
        typed = name.strip()[:LONGEST_NAME].replace("\x00", "")
        async with self._db.read() as tx:
            found = await users.with_password(tx, typed)
        account = account_of(found[0] if found else None, typed)
        try:
            await self._limits.count_sign_in(account, origin.address)
        except TooManyRequests:
            await self._report("too_many_attempts", typed, origin)
            raise
        matches = await self._passwords.matches(password, found[1] if found else None)
        if found is None or not matches or not found[0].is_active:
            cause = "user_unknown" if found is None else "password_wrong" if not matches else "user_inactive"
            await self._report(cause, typed, origin)
            raise SignInRefused()
        user = found[0]
        await self._limits.forgive(account)
        old = await self._sessions.find(old_token)
        if old is not None:
            await self._sessions.end(old.row.id)
        token, _ = await self._sessions.open(user, origin, source="password", amr=("pwd",))
        async with self._db.write() as tx:
            await users.change(tx, user.id, self._db.clock(), last_login_at=self._db.clock())
        await self._audit.write(Event("idp.login", "ok", actor=user.user_id, origin=origin))
        session = await self._sessions.find(token)
        if session is None:
            raise Unavailable("The session could not be opened. Try again.", code="session_not_opened")
        return token, session

    async def _report(self, cause: str, typed: str, origin: Origin) -> None:
        await self._audit.write(Event("idp.login", cause, target=typed or None, origin=origin))
