"""Recovery links: an administrator makes one, and its holder sets a new password, once (contract 3.5, 8.7, 8.19)."""

import hashlib
import secrets

from gatewright.accounts.audit import Audit
from gatewright.accounts.passwords import Passwords
from gatewright.domain.clock import DAY, HOUR, MINUTE, Millis
from gatewright.domain.errors import BadInput, Conflict, Forbidden
from gatewright.domain.people import Event, Origin
from gatewright.idp.directory.acting import By, absent
from gatewright.idp.directory.people import new_password
from gatewright.storage import audit_log, one_time_links, users
from gatewright.storage.database import Database, Transaction

PURPOSE = "recovery"
LIFE: Millis = HOUR
SHORTEST: Millis = MINUTE
LONGEST: Millis = 7 * DAY
PATH = "/recovery/use-token/"


class Recovery:
    """A link works once, until it expires; a newer one of the same person puts an end to the older."""

    def __init__(self, db: Database, base_url: str, passwords: Passwords, audit: Audit) -> None:
        self._db = db
        self._base_url = base_url
        self._passwords = passwords
        self._audit = audit

    @property
    def shortest_password(self) -> int:
        """How many characters a new password needs."""
        return self._passwords.shortest

    async def link(self, user_pk: int, by: By, life: Millis = LIFE) -> str:
        """The link, which nobody can read again. Raises NotFound, Conflict for somebody who is switched off."""
        if not SHORTEST <= life <= LONGEST:
            raise BadInput("The link lives from a minute to seven days.", param="token_duration")
        now = self._db.clock()
        async with self._db.write() as tx:
            user = await users.by_id(tx, user_pk)
            if user is None:
                raise absent("User")
            if not user.is_active:
                raise Conflict("This person is switched off. Switch them on first.", code="user_inactive")
            path = await new_path(tx, user_pk, now, life)
            event = Event("user.recovery_link", "ok", by.actor, user.user_id, {}, by.origin)
            await audit_log.add(tx, event, now)
        return self._base_url + path

    async def whose(self, token: str) -> str | None:
        """The username of the link's person; None when the link is used, expired or unknown."""
        async with self._db.read() as tx:
            user_pk = await one_time_links.owner(tx, _hash(token), PURPOSE, self._db.clock())
            user = None if user_pk is None else await users.by_id(tx, user_pk)
        return None if user is None or not user.is_active else user.username

    async def use(self, token: str, password: str, origin: Origin) -> str:
        """Sets the password and ends every session of the person; their username.

        Raises Forbidden for a link that is over, BadInput for the password, which leaves the link as it is.
        """
        if await self.whose(token) is None:
            # Before the password: hashing is dear, and the page is open to everybody.
            await self._audit.write(Event("user.recovery", "link_invalid", origin=origin))
            raise _over()
        hashed, now = await self._passwords.hash(password), self._db.clock()
        async with self._db.write() as tx:
            user_pk = await one_time_links.take(tx, _hash(token), PURPOSE, now)
            user = None if user_pk is None else await users.by_id(tx, user_pk)
            if user is None or not user.is_active:
                raise _over()
            await new_password(tx, user, hashed, now)
            await audit_log.add(tx, Event("user.recovery", "ok", user.user_id, user.user_id, origin=origin), now)
        return user.username


async def new_path(tx: Transaction, user_pk: int, now: Millis, life: Millis = LIFE) -> str:
    """The path of a new link, which puts an end to the person's older one."""
    token = secrets.token_urlsafe(32)
    await one_time_links.replace_own(tx, _hash(token), PURPOSE, user_pk, now, now + life)
    return f"{PATH}{token}/"


def _over() -> Forbidden:
    return Forbidden(
        "This link was used, has expired or is not the newest one.",
        hint="Ask an administrator for a new link.",
        code="recovery_link_invalid",
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
