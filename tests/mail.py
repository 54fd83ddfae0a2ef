"""A real SMTP server on loopback (aiosmtpd), which keeps what it is sent and refuses what a test says."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from threading import Event
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers import eventually, free_port

USER, PASSWORD = "gate", "a-password-of-the-mail-server"
SENDER = "gate@example.com"


class MailServer:
    """`answers` maps a command (`RCPT`, `DATA`, `MAIL`) to what it is answered instead of success."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.sessions: list[Session] = []
        self.answers: dict[str, str] = {}
        self.hold: Event | None = None
        self.port = free_port()

    async def handle_MAIL(  # noqa: N802 (the library calls it so)
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if "MAIL" in self.answers:
            return self.answers["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 (the library calls it so)
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if "RCPT" in self.answers:
            return self.answers["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 (the library calls it so)
        self, _: SMTP, session: Session, envelope: Envelope
    ) -> str:
        if self.hold is not None:
            await asyncio.to_thread(self.hold.wait, 30)
        if "DATA" in self.answers:
            return self.answers["DATA"]
        self.envelopes.append(envelope)
        self.sessions.append(session)
        return "250 taken"

    @property
    def messages(self) -> list[EmailMessage]:
        """What arrived, as the library reads it."""
        return [message_from_bytes(one.original_content or b"", policy=policy.default) for one in self.envelopes]

    def text(self, index: int = -1) -> str:
        """The plain text of a message."""
        part = self.messages[index].get_body(("plain",))
        assert part is not None
        found: str = part.get_content()
        return found.replace("\r\n", "\n")

    def link(self, index: int = -1) -> str:
        """The one link of a message."""
        [found] = [line for line in self.text(index).splitlines() if line.startswith("http")]
        return found

    def wait_for(self, count: int) -> None:
        eventually(lambda: len(self.envelopes) >= count, f"{count} messages arrive", 20)
        assert len(self.envelopes) == count

    @property
    def environment(self) -> dict[str, Any]:
        """The settings of a gateway that sends here."""
        return {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(self.port), "SMTP_TLS": "false", "SMTP_SENDER_EMAIL": SENDER}


def signed_in(_: Any, __: Any, ___: Any, mechanism: str, data: Any) -> AuthResult:
    good = isinstance(data, LoginPassword) and (data.login, data.password) == (USER.encode(), PASSWORD.encode())
    return AuthResult(success=good, handled=False)


def context(pair: Path) -> ssl.SSLContext:
    """A server's side of TLS with the key and certificate of a file."""
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(pair)
    return found


@contextmanager
def mail_server(*, tls: Path | None = None, starttls: Path | None = None, login: bool = False) -> Iterator[MailServer]:
    """The server, on a free port of 127.0.0.1; `tls` and `starttls` are files of key and certificate."""
    made = MailServer()
    options: dict[str, Any] = {"auth_required": True, "authenticator": signed_in} if login else {}
    if starttls is not None:
        options |= {"tls_context": context(starttls), "require_starttls": True}
    controller = Controller(made, "127.0.0.1", made.port, ssl_context=None if tls is None else context(tls), **options)
    controller.start()
    try:
        yield made
    finally:
        if made.hold is not None:
            made.hold.set()
        controller.stop()
