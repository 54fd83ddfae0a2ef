"""Somebody forgot their password and asks for a link by e-mail, signed in nowhere (contract 3.5, 8.6, 8.35).

The request only notes what was typed: whether that is anybody is looked into later, by the job that sends messages.
So the answer and its time are the same for everybody, and nobody learns who has an account.
"""

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.limits import Limits, network_of
from gatewright.domain.clock import HOUR, MINUTE, Millis
from gatewright.domain.errors import TooManyRequests
from gatewright.domain.mail import deliverable
from gatewright.domain.people import Event, Origin, User
from gatewright.idp.directory.recovery import LIFE, put_mail
from gatewright.idp.mail.outbox import Outbox
from gatewright.storage import audit_log, emails, users
from gatewright.storage.database import Database, Transaction
from gatewright.storage.directory import people as rows
from gatewright.storage.emails import WaitingEmail

REQUEST = "recovery.request"
ACTION = "user.recovery_email"
LONGEST = 254
BY_ADDRESS, ADDRESS_WINDOW = 10, 15 * MINUTE
BY_ACCOUNT, ACCOUNT_WINDOW = 3, HOUR
# A request that could not be looked into by then is of no use to anybody.
REQUEST_LIFE: Millis = HOUR


class Asked(msgspec.Struct, frozen=True):
    """What was typed, from where; sealed while it waits."""

    typed: str
    origin: Origin


class ForgottenPasswords:
    """Messages go to the address on file alone, never to one that was typed, and only when it is proven."""

    def __init__(self, db: Database, outbox: Outbox, limits: Limits, audit: Audit) -> None:
        self._db = db
        self._outbox = outbox
        self._limits = limits
        self._audit = audit

    @property
    def is_on(self) -> bool:
        """Whether messages can be sent."""
        return self._outbox.is_on

    async def ask(self, typed: str, origin: Origin) -> None:
        """Notes the request. Raises TooManyRequests by address, whoever it is about, and Conflict unless `is_on`."""
        self._outbox.check_on()
        try:
            bucket = f"recovery:address:{network_of(origin.address or '')}"
            await self._limits.count(bucket, BY_ADDRESS, ADDRESS_WINDOW)
        except TooManyRequests:
            await self._audit.write(Event(ACTION, "too_many_by_address", origin=origin))
            raise
        asked = Asked(typed.strip()[:LONGEST].replace("\0", ""), origin)
        async with self._db.write() as tx:
            await self._outbox.keep(tx, REQUEST, msgspec.json.encode(asked).decode(), REQUEST_LIFE)

    async def answer(self, row: WaitingEmail) -> None:
        """Looks into a request: puts a message into the box, or writes down why not. Raises as `Outbox.opened`."""
        asked = self._outbox.opened(row.content, Asked)
        async with self._db.read() as tx:
            user, cause = await _found(tx, asked.typed)
        if user is not None and cause is None and not await self._is_within_limit(user):
            cause = "too_many_attempts"
        async with self._db.write() as tx:
            if not await emails.QUEUE.remove(tx, row.id):
                return
            if user is not None and cause is None:
                cause = await self._put(tx, user)
            if cause is None and user is not None:
                event = Event(ACTION, "ok", None, user.user_id, {"by": "self"}, asked.origin)
                await audit_log.add(tx, event, self._db.clock())
        if cause is not None:
            await self._audit.write(Event(ACTION, cause, target=asked.typed or None, origin=asked.origin))

    async def _put(self, tx: Transaction, before: User) -> str | None:
        """Puts the message into the box; the cause when that is no longer right."""
        user = await users.by_id(tx, before.id)
        cause = refusal(user, is_local=True)
        to = None if user is None else deliverable(user.email)
        if user is None or to is None or cause is not None:
            return cause or "user_unknown"
        await put_mail(tx, self._outbox, user, to, self._db.clock(), life=LIFE, asked=True)
        return None

    async def _is_within_limit(self, user: User) -> bool:
        """Counts by account, whatever was typed for it."""
        try:
            await self._limits.count(f"recovery:account:{user.id}", BY_ACCOUNT, ACCOUNT_WINDOW)
        except TooManyRequests:
            return False
        return True


async def _found(tx: Transaction, typed: str) -> tuple[User | None, str | None]:
    """Whom the text names, and why they get no message. A name counts before an address."""
    user = await users.by_username(tx, typed) or await rows.by_proven_address(tx, typed)
    is_local = user is not None and await users.has_password(tx, user.id)
    return user, refusal(user, is_local=is_local)


def refusal(user: User | None, *, is_local: bool) -> str | None:
    """Why somebody cannot get a new password by e-mail: a cause code for the audit log; None when they can."""
    if user is None:
        return "user_unknown"
    causes = {
        "user_inactive": not user.is_active,
        "service_account": user.kind.endswith("service_account"),
        # It is there for when everything else fails; a mailbox must not open it.
        "break_glass": user.is_break_glass,
        "not_local": not is_local,
        "email_unverified": not user.email_verified,
        "email_unfit": deliverable(user.email) is None,
    }
    return next((cause for cause, applies in causes.items() if applies), None)
