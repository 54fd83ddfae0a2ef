"""The first administrator: by a link that works once, or by two settings."""

import hashlib
import secrets

from gatewright.accounts.audit import Audit
from gatewright.accounts.passwords import Passwords
from gatewright.accounts.users import create_local
from gatewright.domain.clock import HOUR
from gatewright.domain.errors import BadInput, Forbidden
from gatewright.domain.identity import RoleReason
from gatewright.domain.people import Event, Origin, User
from gatewright.storage import audit_log, one_time_links, users
from gatewright.storage.database import Database

PURPOSE = "setup"
LINK_LIFE = HOUR
LONGEST_EMAIL = 254


class Setup:
    """Closed for ever once there is a user, but for the holder of a link. `break_glass`: beside an outside provider."""

    def __init__(self, db: Database, passwords: Passwords, *, break_glass: bool) -> None:
        self._db = db
        self._passwords = passwords
        self._break_glass = break_glass
        self._audit = Audit(db)

    async def is_open(self) -> bool:
        """Whether there is no user yet."""
        async with self._db.read() as tx:
            return not await users.any_exist(tx)

    async def new_link(self) -> str:
        """A fresh token; links made before it stop working."""
        token, now = secrets.token_urlsafe(32), self._db.clock()
        async with self._db.write() as tx:
            await one_time_links.replace(tx, _hash(token), PURPOSE, now, now + LINK_LIFE)
        return token

    async def link_is_good(self, token: str) -> bool:
        async with self._db.read() as tx:
            good = await one_time_links.is_good(tx, _hash(token), PURPOSE, self._db.clock())
            return good and not await users.any_local(tx)

    async def use_link(self, token: str, email: str, password: str, origin: Origin) -> User:
        """Makes the administrator. Raises Forbidden when the link is used, expired or unknown, BadInput for a field."""
        try:
            return await self._create(email, password, origin, token)
        except Forbidden as error:
            await self._audit.write(Event("setup.admin", error.error_code, origin=origin))
            raise

    async def headless(self, email: str, password: str) -> User | None:
        """Makes the administrator from the settings; None when there is a user already, another replica's too."""
        if not await self.is_open():
            return None
        try:
            return await self._create(email, password, Origin(), None)
        except Forbidden:
            return None

    async def _create(self, email: str, password: str, origin: Origin, token: str | None) -> User:
        clean = email.strip()
        if not 3 <= len(clean) <= LONGEST_EMAIL or clean.count("@") != 1 or not clean.isprintable() or " " in clean:
            raise BadInput("This is not an e-mail address.", param="email", code="email_invalid")
        if token is not None and not await self.link_is_good(token):
            # Before the password: hashing it is dear, and this page is open to everybody.
            raise _link_refused()
        password_hash = await self._passwords.hash(password)
        now = self._db.clock()
        async with self._db.write() as tx:
            await users.lock_setup(tx)
            used = token is None or await one_time_links.use(tx, _hash(token), PURPOSE, now)
            # Somebody who signed in through an outside provider meanwhile does not take the link from its holder.
            if not used or await users.any_local(tx):
                raise _link_refused()
            if await users.taken(tx, username=clean, user_id=clean):
                raise BadInput("Somebody else has this name here.", param="email", code="email_taken")
            user = await create_local(
                tx,
                self._db,
                email=clean,
                password_hash=password_hash,
                role_reason=RoleReason(rule="break_glass" if self._break_glass else "first_admin"),
                break_glass=self._break_glass,
            )
            await audit_log.add(tx, Event("setup.admin", "ok", actor=user.user_id, origin=origin), now)
        return user


def _link_refused() -> Forbidden:
    return Forbidden(
        "This set-up link was used, has expired or is not the newest one.",
        hint="Start Gatewright again to get a new link, or sign in when there is an administrator already.",
        code="setup_link_invalid",
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
