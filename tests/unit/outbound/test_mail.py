"""Messages of e-mail against a real SMTP server: encrypted, signed in, refused, too late; and nothing injected."""

import asyncio
import ssl
from collections.abc import Iterator
from contextlib import suppress
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.mail import PASSWORD, SENDER, USER, MailServer, mail_server
from tests.servers import free_port
from tests.unit.outbound.test_tls import certificate

from gatewright.domain.mail import Message, deliverable
from gatewright.outbound.errors import MailFailed
from gatewright.outbound.mail import Mailer
from gatewright.settings.email import Email

pytestmark = pytest.mark.anyio
MESSAGE = Message("id-1", "ada@example.com", "Grüße", "Hello\n.\nBye ü\n", "<p>Hello &amp; bye</p>")


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate(tmp_path_factory.mktemp("mail"), "localhost")


@pytest.fixture(scope="module")
def plain_server() -> Iterator[MailServer]:
    with mail_server() as found:
        yield found


@pytest.fixture
def server(plain_server: MailServer) -> MailServer:
    plain_server.envelopes.clear()
    plain_server.answers.clear()
    plain_server.hold = None
    return plain_server


def mailer(server: MailServer, *, trusts: Path | None = None, **more: Any) -> Mailer:
    told = Email(host="localhost", port=server.port, security="none", sender=SENDER, sender_name="Gate")
    tls = None if trusts is None else ssl.create_default_context(cafile=str(trusts))
    return Mailer(msgspec.structs.replace(told, **{"host": "127.0.0.1", **more}), lambda: 1_795_219_200_000, tls=tls)


async def sent(one: Mailer, message: Message = MESSAGE) -> str:
    try:
        return await one.send(message)
    finally:
        one.close()


async def failure(one: Mailer, message: Message = MESSAGE) -> MailFailed:
    with pytest.raises(MailFailed) as found:
        await sent(one, message)
    return found.value


async def test_the_message_arrives_as_it_was_written(server: MailServer) -> None:
    assert await sent(mailer(server)) == "250 taken"
    [envelope], [mail] = server.envelopes, server.messages
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, ["ada@example.com"])
    assert (mail["From"], mail["To"], mail["Subject"]) == ("Gate <gate@example.com>", "ada@example.com", "Grüße")
    assert (mail["Date"].datetime.timestamp(), mail["Message-ID"]) == (1_795_219_200, "<id-1@example.com>")
    assert (mail["Auto-Submitted"], mail.get_content_type()) == ("auto-generated", "multipart/alternative")
    assert server.text() == MESSAGE.text
    html = mail.get_body(("html",))
    assert html is not None
    assert html.get_content().strip() == MESSAGE.html


async def test_starttls_and_the_sign_in(pair: Path) -> None:
    with mail_server(starttls=pair, login=True) as server:
        options: dict[str, Any] = {"trusts": pair, "host": "localhost", "security": "starttls", "username": USER}
        assert await sent(mailer(server, **options, password=PASSWORD)) == "250 taken"
        [session] = server.sessions
        assert session.ssl is not None
        wrong = await failure(mailer(server, **options, password="another-password"))
        assert (wrong.error_code, wrong.permanent) == ("mail_login_refused", False)
        assert "another-password" not in wrong.message
        assert "535" in wrong.message


async def test_tls_from_the_first_byte(pair: Path) -> None:
    with mail_server(tls=pair) as server:
        assert await sent(mailer(server, trusts=pair, host="localhost", security="tls")) == "250 taken"
        other_name = await failure(mailer(server, trusts=pair, security="tls"))
        stranger = await failure(mailer(server, host="localhost", security="tls"))
    assert [one.error_code for one in (other_name, stranger)] == ["mail_certificate"] * 2
    assert "SSL_CERT_FILE" in stranger.message


async def test_an_untrusted_certificate_gets_no_password(pair: Path) -> None:
    with mail_server(starttls=pair, login=True) as server:
        signed: dict[str, Any] = {"username": USER, "password": PASSWORD}
        found = await failure(mailer(server, host="localhost", security="starttls", **signed))
        assert (found.error_code, server.envelopes) == ("mail_certificate", [])


async def test_a_server_without_starttls_gets_nothing(server: MailServer) -> None:
    found = await failure(mailer(server, security="starttls"))
    assert (found.error_code, server.envelopes) == ("mail_not_supported", [])


@pytest.mark.parametrize(
    ("command", "answer", "permanent"),
    [
        ("RCPT", "550 5.1.1 no such person", True),
        ("RCPT", "451 4.7.1 greylisted", False),
        ("DATA", "554 5.7.1 spam", True),
        ("DATA", "452 4.3.1 disk full", False),
        ("MAIL", "553 5.7.1 not your address", False),
    ],
)
async def test_a_refusal_says_why_and_whether_it_is_worth_another_try(
    server: MailServer, command: str, answer: str, permanent: bool
) -> None:
    server.answers[command] = answer
    found = await failure(mailer(server))
    assert (found.error_code, found.permanent) == ("mail_refused", permanent)
    assert answer in found.message
    assert server.envelopes == []


async def test_what_the_server_quotes_of_the_message_is_not_shown(server: MailServer) -> None:
    token = "Zx0" * 14
    server.answers["DATA"] = f"554 bad link https://llm.example.com/recovery/use-token/{token}/ and {token}"
    assert (await failure(mailer(server))).message.endswith("554 bad link … and …")


class Dripping:
    """A server that greets byte by byte for ever, so that no single read takes long. `left` when it was left."""

    def __init__(self) -> None:
        self.met, self.left = asyncio.Event(), asyncio.Event()

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.met.set()
        with suppress(ConnectionError):
            while not reader.at_eof():
                writer.write(b"2")
                await writer.drain()
                await asyncio.sleep(0.01)
            writer.close()
            await writer.wait_closed()
        self.left.set()


async def test_a_server_that_never_ends_is_left_when_the_time_is_up(server: MailServer) -> None:
    drip = Dripping()
    slow = await asyncio.start_server(drip.talk, "127.0.0.1", 0)
    async with slow:
        found = await failure(mailer(server, port=slow.sockets[0].getsockname()[1], timeout_s=0.2))
        await drip.left.wait()
    assert found.error_code == "mail_timeout"


async def test_a_gateway_that_stops_waits_for_no_server(server: MailServer) -> None:
    drip = Dripping()
    slow = await asyncio.start_server(drip.talk, "127.0.0.1", 0)
    async with slow:
        one = mailer(server, port=slow.sockets[0].getsockname()[1], timeout_s=3600)
        sending = asyncio.create_task(one.send(MESSAGE))
        await drip.met.wait()
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await drip.left.wait()
    one.close()


async def test_nobody_there(server: MailServer) -> None:
    found = await failure(mailer(server, port=free_port()))
    assert (found.error_code, found.permanent) == ("mail_unreachable", False)


@pytest.mark.parametrize(
    "address",
    [
        *("", "ada", "@example.com", "ada@", "a@b@c", "ada@exa mple.com", '"a b"@example.com', "a..b@example.com"),
        *("ada@example.com\r\nBcc: eve@example.com", "ada@example.com, eve@example.com", "<ada@example.com>"),
        *("ada@example.com\x00", "ada@-example.com", "ädа@example.com", "ada@exämple.com", "a@[127.0.0.1]"),
        *("a" * 65 + "@example.com", "a@" + "b" * 255),
    ],
)
def test_what_is_no_address_is_none(address: str) -> None:
    assert deliverable(address) is None
    with pytest.raises(MailFailed, match="this address"):
        COMPOSER.composed(msgspec.structs.replace(MESSAGE, to=address))


@pytest.mark.parametrize("address", ["ada@example.com", "a.b+c@sub.example.com", "ada@corp.local", "root@localhost"])
def test_addresses_of_companies_are_addresses(address: str) -> None:
    assert deliverable(address) == address


HEADERS = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted", "MIME-Version", "Content-Type"}


COMPOSER = Mailer(
    Email(host="localhost", port=1, security="none", sender=SENDER),
    lambda: 0,
    tls=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
)


@settings(deadline=None, max_examples=50)
@given(subject=st.text(), text=st.text(), html=st.text(), address=st.text() | st.emails())
def test_no_text_becomes_a_header_or_another_address(subject: str, text: str, html: str, address: str) -> None:
    to = deliverable(address) or "ada@example.com"
    raw = COMPOSER.composed(Message("id", to, subject, text, html))
    found = message_from_bytes(raw, policy=policy.default)
    assert set(found.keys()) == HEADERS
    assert len(found.keys()) == len(HEADERS)
    assert [one.addr_spec for one in found["To"].addresses] == [to]
    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]
