"""Sends one message of e-mail by SMTP, with the standard library's client in threads of its own.

Imported when a mail server is named: most gateways have none. Certificates are checked as for every outbound call,
against the system's authorities or SSL_CERT_FILE.
"""

import asyncio
import re
import smtplib
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any

from gatewright.domain.clock import Clock
from gatewright.domain.mail import Message, deliverable
from gatewright.outbound.errors import MailFailed
from gatewright.settings.email import Email

AT_ONCE = 4
LONGEST_ANSWER = 200
# What a server quotes of a message that it refuses: the links in it open accounts.
SECRETIVE = re.compile(r"\S*://\S*|[A-Za-z0-9_\-]{25,}")
TAKEN = (250, 251)


class Mailer:
    """Opened once a process, closed at its end. `tls` is for tests; `clock` dates the messages."""

    def __init__(self, server: Email, clock: Clock, *, tls: ssl.SSLContext | None = None) -> None:
        self.server = server
        self._clock = clock
        self._tls = tls or ssl.create_default_context()
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="mail")

    async def send(self, message: Message) -> str:
        """What the server answered, as it may be shown. Raises MailFailed.

        After a time-out or a break the message may have arrived all the same.
        """
        attempt, raw = _Attempt(self.server, self._tls), self.composed(message)
        work = asyncio.get_running_loop().run_in_executor(self._threads, attempt.run, message.to, raw)
        try:
            await asyncio.wait({work}, timeout=self.server.timeout_s)
        finally:
            if not work.done():
                # A thread cannot be stopped, but what it waits for can be taken away.
                attempt.break_off()
                work.add_done_callback(_seen)
        return await work

    def composed(self, message: Message) -> bytes:
        """The message as it travels (RFC 5322, RFC 2046 5.1.4). Raises MailFailed for an address that is none."""
        if deliverable(message.to) is None:
            raise MailFailed("No message can go to this address.", code="mail_address_invalid", permanent=True)
        server = self.server
        mail = EmailMessage(policy=SMTP)
        mail["From"] = Address(one_line(server.sender_name), addr_spec=server.sender)
        mail["To"] = Address(addr_spec=message.to)
        mail["Subject"] = one_line(message.subject)
        mail["Date"] = format_datetime(datetime.fromtimestamp(self._clock() // 1000, UTC))
        mail["Message-ID"] = f"<{message.id}@{server.sender.rpartition('@')[2]}>"
        # No robot need answer it (RFC 3834 5).
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(message.text, cte="quoted-printable")
        mail.add_alternative(message.html, subtype="html", cte="quoted-printable")
        return mail.as_bytes()

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class _Attempt:
    """One connection, in a thread; `break_off` is called from outside it."""

    def __init__(self, server: Email, tls: ssl.SSLContext) -> None:
        self.name = f"{server.host}:{server.port}"
        self._server = server
        self._tls = tls
        self._connection: smtplib.SMTP | None = None
        self._is_over = False

    def run(self, to: str, raw: bytes) -> str:
        """Raises MailFailed."""
        try:
            connection = self._connected()
            try:
                answer = self._deliver(connection, to, raw)
                # Nobody waits for its answer: the message is delivered.
                with suppress(smtplib.SMTPException, OSError):
                    connection.putcmd("quit")
            finally:
                connection.close()
        except (smtplib.SMTPException, OSError, ValueError) as error:
            raise self._failure(error) from error
        return answer

    def break_off(self) -> None:
        self._is_over = True
        found = None if self._connection is None else self._connection.sock
        if found is not None:
            with suppress(OSError):
                found.shutdown(socket.SHUT_RDWR)

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        # The name is not looked up, which could take longer than all the rest.
        options: dict[str, Any] = {
            "local_hostname": server.sender.rpartition("@")[2],
            "timeout": server.timeout_s,
        }
        if server.security == "tls":
            return _OverTls(self._opening, server.host, server.port, context=self._tls, **options)
        return _Announced(self._opening, server.host, server.port, **options)

    def _opening(self, connection: smtplib.SMTP) -> None:
        """Notes the connection before it is made. Raises TimeoutError when nobody waits any more."""
        self._connection = connection
        if self._is_over:
            raise TimeoutError

    def _deliver(self, connection: smtplib.SMTP, to: str, raw: bytes) -> str:
        """Raises MailFailed for what will never be taken; else what smtplib raises."""
        server = self._server
        if server.security == "starttls":
            connection.starttls(context=self._tls)
        if server.username is not None and server.password is not None:
            connection.login(server.username, server.password)
        connection.ehlo_or_helo_if_needed()
        code, told = _handed_over(connection, server.sender, to, raw)
        if code not in TAKEN:
            permanent = 500 <= code < 600
            shown = self._shown(code, told)
            raise MailFailed(f"{self.name} refused the message: {shown}", code="mail_refused", permanent=permanent)
        return self._shown(code, told)

    def _failure(self, error: Exception) -> MailFailed:
        if self._is_over or isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
            return MailFailed(f"{self.name} took too long to answer.", code="mail_timeout")
        if isinstance(error, smtplib.SMTPNotSupportedError):
            return MailFailed(f"{self.name} does not offer what is asked of it: {error}", code="mail_not_supported")
        if isinstance(error, smtplib.SMTPResponseException):
            told = self._shown(error.smtp_code, error.smtp_error)
            if isinstance(error, smtplib.SMTPAuthenticationError):
                return MailFailed(f"{self.name} refused the sign-in: {told}", code="mail_login_refused")
            return MailFailed(f"{self.name} refused us: {told}", code="mail_refused")
        if isinstance(error, ssl.SSLCertVerificationError):
            return MailFailed(
                f"The certificate of {self.name} is not trusted here. Add its authority to the system's, or name a "
                "file with SSL_CERT_FILE.",
                code="mail_certificate",
            )
        if isinstance(error, ssl.SSLError):
            return MailFailed(f"{self.name} does not speak TLS as it is configured.", code="mail_tls")
        if isinstance(error, smtplib.SMTPException):
            return MailFailed(f"{self.name} broke off the connection or does not speak SMTP.", code="mail_broken")
        return MailFailed(f"{self.name} could not be reached.", code="mail_unreachable")

    def _shown(self, code: int, told: bytes | str) -> str:
        """The server's words in one line, without what it quotes of the message or of the sign-in."""
        text = told.decode("ascii", "replace") if isinstance(told, bytes) else told
        for secret in (self._server.password, self._server.username):
            text = text.replace(secret, "…") if secret else text
        return one_line(f"{code} {SECRETIVE.sub('…', text)}")[:LONGEST_ANSWER]


class _Announced(smtplib.SMTP):
    """Says that it connects before it does, so that it can be broken off while it waits for the greeting."""

    def __init__(self, opening: Callable[[smtplib.SMTP], None], *arguments: Any, **options: Any) -> None:
        self._opening = opening
        super().__init__(*arguments, **options)

    def connect(
        self,
        host: str = "localhost",
        port: int = 0,
        source_address: Any = None,
    ) -> tuple[int, bytes]:
        self._opening(self)
        return super().connect(host, port, source_address)


class _OverTls(_Announced, smtplib.SMTP_SSL):
    """TLS from the first byte."""


def _handed_over(connection: smtplib.SMTP, sender: str, to: str, raw: bytes) -> tuple[int, bytes | str]:
    """The answer to the recipient when they are refused, else to the message. A refused sender is raised."""
    code, told = connection.mail(sender)
    if code not in TAKEN:
        raise smtplib.SMTPSenderRefused(code, told, sender)
    code, told = connection.rcpt(to)
    if code not in TAKEN:
        return code, told
    try:
        return connection.data(raw)
    except smtplib.SMTPDataError as error:
        return error.smtp_code, error.smtp_error


def _seen(work: asyncio.Future[str]) -> None:
    """Nobody may be left to look at what became of it."""
    if not work.cancelled():
        work.exception()


def one_line(text: str) -> str:
    """The text without anything that could end a line or cannot be seen."""
    return "".join(char if char.isprintable() else " " for char in text)
