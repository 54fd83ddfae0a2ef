"""The job that empties the box: one message to one address, on whichever worker claims it first.

A message is forgotten once the server took it. A worker that dies between the two leaves it to another one, which sends
it again: at least once, with the same Message-ID.
"""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any, Protocol

from gatewright.accounts.audit import Audit
from gatewright.domain.clock import MINUTE, SECOND
from gatewright.domain.errors import BadInput, Unavailable
from gatewright.domain.mail import Message, deliverable
from gatewright.domain.people import Event, User
from gatewright.idp.deliveries import Deliveries, Undeliverable
from gatewright.idp.mail.outbox import Outbox, composed
from gatewright.outbound.errors import MailFailed
from gatewright.settings.email import Email
from gatewright.storage import emails
from gatewright.storage.database import Database
from gatewright.storage.emails import WaitingEmail

AT_ONCE = 4

Answer = Callable[[WaitingEmail], Awaitable[None]]
"""Looks into a request for a message, and takes its row out of the box."""


class Mailer(Protocol):
    """What `outbound.mail` has."""

    server: Email

    async def send(self, message: Message) -> str: ...

    def close(self) -> None: ...


class MailDelivery(Deliveries[WaitingEmail]):
    """Opens the box. `requests` answers the rows of those kinds, which are no messages yet."""

    def __init__(
        self, db: Database, outbox: Outbox, mailer: Mailer, requests: Mapping[str, Answer], audit: Audit
    ) -> None:
        # A name may stand for several addresses that are tried one after the other.
        longest = int(mailer.server.timeout_s * SECOND) + MINUTE
        super().__init__(db, emails.QUEUE, "messages", at_once=AT_ONCE, claimed_for=longest)
        self._outbox = outbox
        self._mailer = mailer
        self._requests = requests
        self._audit = audit
        outbox.is_on = True

    @property
    def server(self) -> Email:
        return self._mailer.server

    async def send(self, row: WaitingEmail) -> None:
        """Raises Undeliverable, Unavailable, MailFailed."""
        if row.expires_at <= self._db.clock():
            raise Undeliverable("Its time was up before the mail server took it.", code="mail_expired")
        answer = self._requests.get(row.kind)
        if answer is not None:
            await answer(row)
            return
        try:
            await self._mailer.send(self._outbox.opened(row.content, Message))
        except MailFailed as error:
            if error.permanent:
                raise Undeliverable(error.message, code=error.error_code) from error
            raise

    async def report(self, row: WaitingEmail, outcome: str, words: str | None = None) -> None:
        """`email.send`; a request that was answered has an event of its own."""
        if row.kind in self._requests and outcome == "ok":
            return
        details: dict[str, Any] = {"kind": row.kind, "attempt": row.attempts}
        if row.kind not in self._requests:
            with suppress(Unavailable, Undeliverable):
                details["to"] = self._outbox.opened(row.content, Message).to
        if words is not None:
            details["cause"] = words
        await self._audit.write(Event("email.send", outcome, details=details))

    async def test(self, user: User) -> tuple[str, str]:
        """Sends a message to an administrator's own address now; the address and what the server answered.

        Raises BadInput without an address, MailFailed with the cause.
        """
        to = deliverable(user.email)
        if to is None:
            raise BadInput("Your account has no e-mail address that a message can go to.", code="email_address_missing")
        details = {"kind": "test", "to": to}
        try:
            told = await self._mailer.send(composed(to, self._outbox.writer.test()))
        except MailFailed as error:
            failed = {**details, "cause": error.message}
            await self._audit.write(Event("email.send", error.error_code, user.user_id, user.user_id, failed))
            raise
        await self._audit.write(Event("email.send", "ok", user.user_id, user.user_id, details))
        return to, told

    def close(self) -> None:
        self._mailer.close()
