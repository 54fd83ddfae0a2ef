"""The box that messages wait in until the job sends them (`delivery`)."""

import secrets
from typing import TypeVar

import msgspec

from gatewright.domain.clock import DAY, Millis
from gatewright.domain.errors import Conflict
from gatewright.domain.mail import Message, deliverable
from gatewright.domain.people import Origin, User
from gatewright.idp.deliveries import Undeliverable
from gatewright.idp.mail.letters import Letter, Notice, Writer, html, plain
from gatewright.storage import emails
from gatewright.storage.database import Database, Transaction

PURPOSE = "emails.content"
NOTICE_LIFE: Millis = DAY
T = TypeVar("T")


class Addressed(msgspec.Struct, frozen=True):
    """What is sent, to which address, about whose account; `kind` is what the events call it."""

    kind: str
    to: str
    letter: Letter
    user_pk: int | None = None


class Outbox:
    """Takes nothing until there is a job to empty it, which is so where a mail server is configured."""

    def __init__(self, db: Database, base_url: str) -> None:
        self._db = db
        self.writer = Writer(base_url)
        self.is_on = False

    def check_on(self) -> None:
        """Raises Conflict where there is no mail server."""
        if not self.is_on:
            raise Conflict(
                "E-mail is not set up here.",
                hint="Set AUTHENTIK_EMAIL__HOST or SMTP_HOST, or hand the link over yourself.",
                code="email_not_set_up",
            )

    async def put(self, tx: Transaction, what: Addressed, life: Millis) -> None:
        """Puts the message in, for as long as it is of use. The transaction must be committed for it to be sent."""
        message = composed(what.to, what.letter)
        await self.keep(tx, what.kind, msgspec.json.encode(message).decode(), life, what.user_pk)

    async def keep(self, tx: Transaction, kind: str, content: str, life: Millis, user_pk: int | None = None) -> None:
        """Seals what the job will need, and stores it."""
        now = self._db.clock()
        sealed = self._db.sealer.seal(content, PURPOSE)
        await emails.add(tx, kind, sealed, now, now + life, user_pk)

    def opened(self, content: bytes, kind: type[T]) -> T:
        """What `keep` sealed. Raises Unavailable under another key, Undeliverable for what another version kept."""
        try:
            return msgspec.json.decode(self._db.sealer.open(content, PURPOSE), type=kind)
        except msgspec.DecodeError as error:
            raise Undeliverable("Another version of the gateway stored it.", code="mail_unreadable") from error

    async def tell(self, user: User, what: Notice, origin: Origin) -> None:
        """`notice` in a transaction of its own."""
        if self.is_on:
            async with self._db.write() as tx:
                await self.notice(tx, user, what, origin)

    async def notice(self, tx: Transaction, user: User, what: Notice, origin: Origin) -> None:
        """Tells somebody what was done, when their address is known to be theirs: nobody else must hear of it."""
        to = deliverable(user.email) if user.email_verified else None
        if not self.is_on or to is None or not user.is_active:
            return
        letter = self.writer.notice(what, user.username, self._db.clock(), origin.address)
        await self.put(tx, Addressed(what.value, to, letter, user.id), NOTICE_LIFE)


def composed(to: str, letter: Letter) -> Message:
    """The message, with an id that stays the same at every attempt to send it."""
    return Message(secrets.token_hex(16), to, letter.subject, plain(letter), html(letter))
