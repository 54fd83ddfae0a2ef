"""Recovery links: an administrator makes one or has it sent, and its holder sets a new password, once.

Source: contract 3.5, 8.7, 8.19.
"""

import hashlib
import secrets

from gatewright.accounts.audit import Audit
from gatewright.accounts.passwords import Passwords
from gatewright.domain.clock import DAY, HOUR, MINUTE, Millis
from gatewright.domain.errors import BadInput, Conflict, Forbidden
from gatewright.domain.mail import deliverable
from gatewright.domain.people import Event, Origin, User
from gatewright.idp.directory.acting import By, absent
from gatewright.idp.directory.people import MAILED_RECOVERY, RECOVERY, new_password
from gatewright.idp.mail import links
from gatewright.idp.mail.letters import Notice
from gatewright.idp.mail.outbox import Addressed, Outbox
from gatewright.storage import audit_log, one_time_links, users
from gatewright.storage.database import Database, Transaction

MAIL = "recovery"
LIFE: Millis = HOUR
SHORTEST: Millis = MINUTE
LONGEST: Millis = 7 * DAY
PATH = "/recovery/use-token/"


class Recovery:
    """A link works once, until it expires; a newer one of the same person puts an end to the older.

    One that went by e-mail and one that was shown do not end each other: who asks for the first need not be anybody.
    """

    def __init__(self, db: Database, base_url: str, passwords: Passwords, audit: Audit, outbox: Outbox) -> None:
        self._db = db
        self._outbox = outbox
        self._base_url = base_url
        self._passwords = passwords
        self._audit = audit

    @property
    def shortest_password(self) -> int:
        """How many characters a new password needs."""
        return self._passwords.shortest

    async def link(self, user_pk: int, by: By, life: Millis = LIFE) -> str:
        """The link, which nobody can read again. Raises NotFound, Conflict for somebody who is switched off."""
        _check_life(life)
        now = self._db.clock()
        async with self._db.write() as tx:
            user = await _recoverable(tx, user_pk)
            path = await new_path(tx, user_pk, now, life)
            event = Event("user.recovery_link", "ok", by.actor, user.user_id, {}, by.origin)
            await audit_log.add(tx, event, now)
        return self._base_url + path

    async def mail(self, user_pk: int, by: By, life: Millis = LIFE) -> None:
        """Sends a link to the address on file, proven or not: an administrator vouches for it.

        Raises NotFound, Conflict for somebody who is switched off and without a mail server, BadInput.
        """
        _check_life(life)
        self._outbox.check_on()
        now = self._db.clock()
        async with self._db.write() as tx:
            user = await _recoverable(tx, user_pk)
            to = deliverable(user.email)
            if to is None:
                raise BadInput(
                    "This person has no e-mail address that a message can go to.", code="email_address_missing"
                )
            await put_mail(tx, self._outbox, user, to, now, life=life, asked=False)
            event = Event("user.recovery_email", "ok", by.actor, user.user_id, {"by": "administrator"}, by.origin)
            await audit_log.add(tx, event, now)

    async def whose(self, token: str) -> str | None:
        """The username of the link's person; None when the link is used, expired or unknown."""
        now = self._db.clock()
        async with self._db.read() as tx:
            if links.is_mailed(token):
                user = await links.holder(tx, token, MAILED_RECOVERY, now)
            else:
                user_pk = await one_time_links.owner(tx, _hash(token), RECOVERY, now)
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
            user = await _take(tx, token, now)
            if user is None or not user.is_active:
                raise _over()
            await new_password(tx, user, hashed, now)
            await self._outbox.notice(tx, user, Notice.PASSWORD, origin)
            await audit_log.add(tx, Event("user.recovery", "ok", user.user_id, user.user_id, origin=origin), now)
        return user.username


async def new_path(tx: Transaction, user_pk: int, now: Millis, life: Millis = LIFE) -> str:
    """The path of a new link, which puts an end to the person's older one."""
    token = secrets.token_urlsafe(32)
    await one_time_links.replace_own(tx, _hash(token), RECOVERY, user_pk, now, now + life)
    return f"{PATH}{token}/"


async def put_mail(
    tx: Transaction, outbox: Outbox, user: User, to: str, now: Millis, *, life: Millis, asked: bool
) -> None:
    """Puts a message with a new link into the box."""
    token = await links.new_token(tx, user, MAILED_RECOVERY, now, life)
    letter = outbox.writer.recovery(user.username, f"{PATH}{token}/", life, asked=asked)
    await outbox.put(tx, Addressed(MAIL, to, letter, user.id), life)


def _check_life(life: Millis) -> None:
    if not SHORTEST <= life <= LONGEST:
        raise BadInput("The link lives from a minute to seven days.", param="token_duration")


async def _recoverable(tx: Transaction, user_pk: int) -> User:
    user = await users.by_id(tx, user_pk)
    if user is None:
        raise absent("User")
    if not user.is_active:
        raise Conflict("This person is switched off. Switch them on first.", code="user_inactive")
    return user


async def _take(tx: Transaction, token: str, now: Millis) -> User | None:
    if links.is_mailed(token):
        return await links.take(tx, token, MAILED_RECOVERY, now)
    user_pk = await one_time_links.take(tx, _hash(token), RECOVERY, now)
    return None if user_pk is None else await users.by_id(tx, user_pk)


def _over() -> Forbidden:
    return Forbidden(
        "This link was used, has expired or is not the newest one.",
        hint="Ask an administrator for a new link.",
        code="recovery_link_invalid",
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
