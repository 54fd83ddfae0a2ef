"""The outbound client against real servers on loopback: what it refuses before, while and after connecting."""

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gatewright.domain.addresses import AddressPolicy
from gatewright.outbound.client import LARGEST_ANSWER, METADATA, Outbound
from gatewright.outbound.errors import AddressRefused, OutboundFailed, shown
from gatewright.outbound.pinning import pin

pytestmark = pytest.mark.anyio

OPERATOR = AddressPolicy(operator=True)
STRICT = AddressPolicy()


class Server:
    """Answers every request with the same bytes and remembers what it was sent."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.answer = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-type: application/json\r\n\r\n{}"
        self.port = 0

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            (int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length:")), 0
        )
        self.seen.append(head + (await reader.readexactly(length)).decode())
        try:
            writer.write(self.answer)
            await writer.drain()
        except ConnectionError:
            pass
        writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    it = Server()
    listener = await asyncio.start_server(it.handle, "127.0.0.1", 0)
    it.port = listener.sockets[0].getsockname()[1]
    async with listener:
        yield it


def resolving(*addresses: str) -> Any:
    async def resolve(host: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    client = Outbound(resolve=resolving("127.0.0.1"))
    yield client
    await client.close()


async def test_the_name_is_kept_while_the_checked_address_is_connected_to(server: Server, outbound: Outbound) -> None:
    answer = await outbound.get(f"http://idp.example:{server.port}/a?b=c", OPERATOR)
    assert (answer.status, answer.json()) == (200, {})
    assert server.seen[0].startswith("GET /a?b=c HTTP/1.1\r\n")
    assert f"host: idp.example:{server.port}\r\n" in server.seen[0].lower()


async def test_a_form_is_sent_as_a_form(server: Server, outbound: Outbound) -> None:
    await outbound.post_form(f"http://idp.example:{server.port}/token", OPERATOR, {"code": "a b&c=ü"})
    assert server.seen[0].endswith("\r\n\r\ncode=a+b%26c%3D%C3%BC")


@pytest.mark.parametrize(
    "address",
    ["169.254.169.254", "fd00:ec2::254", "168.63.129.16", "0.0.0.0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"],
)
async def test_metadata_addresses_are_refused_even_to_the_operator(address: str) -> None:
    client = Outbound(resolve=resolving(address))
    with pytest.raises(AddressRefused):
        await client.get("http://metadata.example/latest", OPERATOR)
    await client.close()


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.5", "192.168.1.1", "::1", "fd12::1", "100.64.0.1"])
async def test_private_addresses_are_refused_to_people(server: Server, address: str) -> None:
    client = Outbound(resolve=resolving(address))
    with pytest.raises(AddressRefused):
        await client.get(f"http://inside.example:{server.port}/", STRICT)
    assert server.seen == []
    await client.close()


async def test_an_address_written_as_a_number_is_checked_too() -> None:
    client = Outbound()
    for host in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"):
        with pytest.raises(AddressRefused):
            await client.get(f"http://{host}:1/", STRICT)
    await client.close()


async def test_of_two_addresses_only_the_allowed_one_is_used(server: Server) -> None:
    client = Outbound(resolve=resolving("169.254.169.254", "127.0.0.1"))
    assert (await client.get(f"http://two.example:{server.port}/", OPERATOR)).is_ok
    target = await pin("http://two.example/", OPERATOR, resolving("169.254.169.254", "127.0.0.1"))
    assert target.addresses == ("127.0.0.1",)
    await client.close()


async def test_the_second_address_serves_when_the_first_does_not_answer(server: Server) -> None:
    client = Outbound(resolve=resolving("127.0.0.2", "127.0.0.1"))
    assert (await client.get(f"http://two.example:{server.port}/", OPERATOR)).is_ok
    assert len(server.seen) == 1
    await client.close()


async def test_a_second_dns_answer_changes_nothing(server: Server) -> None:
    """The name is resolved once a call, so rebinding between check and connect is impossible."""
    answers = iter([["127.0.0.1"], ["169.254.169.254"]])

    async def rebinding(host: str, port: int) -> list[str]:
        return next(answers)

    client = Outbound(resolve=rebinding)
    assert (await client.get(f"http://rebind.example:{server.port}/", OPERATOR)).is_ok
    with pytest.raises(AddressRefused):
        await client.get(f"http://rebind.example:{server.port}/", OPERATOR)
    await client.close()


async def test_a_redirect_is_an_answer_and_is_not_followed(server: Server, outbound: Outbound) -> None:
    server.answer = b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n"
    answer = await outbound.get(f"http://idp.example:{server.port}/", OPERATOR)
    assert (answer.status, len(server.seen), answer.is_ok) == (302, 1, False)


async def test_an_oversize_answer_is_refused(server: Server, outbound: Outbound) -> None:
    server.answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b"x" * (LARGEST_ANSWER + 1)
    with pytest.raises(OutboundFailed, match="more than") as caught:
        await outbound.get(f"http://idp.example:{server.port}/", OPERATOR)
    assert caught.value.error_code == "answer_too_large"


async def test_a_packed_answer_is_refused(server: Server, outbound: Outbound) -> None:
    server.answer = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\nxx"
    with pytest.raises(OutboundFailed, match="compressed"):
        await outbound.get(f"http://idp.example:{server.port}/", OPERATOR)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'"text"', b"[" * 100_000, b"\xff"])
async def test_what_is_not_a_json_object_is_an_error_that_quotes_nothing(
    server: Server, outbound: Outbound, body: bytes
) -> None:
    server.answer = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    answer = await outbound.get(f"http://idp.example:{server.port}/x?secret=hush", OPERATOR)
    with pytest.raises(OutboundFailed) as caught:
        answer.json()
    assert "hush" not in caught.value.message
    assert "<html>" not in caught.value.message


async def test_errors_and_logs_hold_no_secret(outbound: Outbound, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(OutboundFailed) as caught:
        await outbound.call(
            "POST", "http://idp.example:1/token?hush=1", OPERATOR, headers={"authorization": "hush"}, content=b"hush"
        )
    assert "hush" not in f"{caught.value.message}{caplog.text}"
    assert "http://idp.example:1/token" in caught.value.message


async def test_a_name_that_does_not_resolve_says_so() -> None:
    async def fails(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    client = Outbound(resolve=fails)
    with pytest.raises(OutboundFailed, match="could not be resolved"):
        await client.get("http://nowhere.example/", OPERATOR)
    await client.close()


async def test_garbage_instead_of_http_is_an_error(server: Server, outbound: Outbound) -> None:
    server.answer = b"SSH-2.0-OpenSSH\r\n"
    with pytest.raises(OutboundFailed):
        await outbound.get(f"http://idp.example:{server.port}/", OPERATOR)


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://a/",
        "http:///x",
        "http://user:pw@a/",
        "http://a/#f",
        "http://a\\@b/",
        "http://a b/",
        "http://a:x/",
        "http://a\r\nx: y/",
        "gopher://a",
        "//a/",
        "a",
        "http://[::1/",
        "http://%31/",
    ],
)
async def test_urls_of_another_shape_are_refused(url: str) -> None:
    client = Outbound(resolve=resolving("127.0.0.1"))
    with pytest.raises(AddressRefused):
        await client.get(url, OPERATOR)
    await client.close()


def test_what_is_shown_of_a_url_has_no_secret() -> None:
    assert shown("https://u:p@h.example:8443/a/b?token=x#y") == "https://h.example:8443/a/b"
    assert shown("http://h:port/") == "the address"


async def application(scope: Any, receive: Any, send: Any) -> None:
    host = dict(scope["headers"])[b"host"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"application/json")]})
    await send({"type": "http.response.body", "body": b'{"host": "%b"}' % host})


async def test_our_own_origin_is_answered_in_the_process() -> None:
    async def never(host: str, port: int) -> list[str]:
        raise AssertionError("resolved a name")

    client = Outbound(resolve=never)
    client.mount("https://llm.example", application)
    assert (await client.get("https://llm.example/a", OPERATOR)).json() == {"host": "llm.example"}
    assert (await client.get("https://llm.example:443/a", OPERATOR)).is_ok
    with pytest.raises(AssertionError):  # another port is another origin
        await client.get("https://llm.example:8443/a", OPERATOR)
    await client.close()


async def test_a_url_that_a_person_typed_never_reaches_us_from_inside() -> None:
    client = Outbound(resolve=resolving("127.0.0.1"))
    client.mount("http://localhost:4000", application)
    with pytest.raises(AddressRefused):
        await client.get("http://localhost:4000/", STRICT)
    await client.close()


async def test_a_broken_own_application_is_an_answer_with_500() -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("broken")

    client = Outbound()
    client.mount("https://llm.example", broken)
    assert (await client.get("https://llm.example/a", OPERATOR)).status == 500
    await client.close()


async def test_the_clouds_own_service_is_asked_at_its_one_address_and_nowhere_else(server: Server) -> None:
    assert METADATA == "http://169.254.169.254"
    client = Outbound(metadata=f"http://127.0.0.1:{server.port}")
    answer = await client.metadata("PUT", "/latest/api/token", {"x-a": "b"})
    assert answer.is_ok
    assert server.seen[0].startswith("PUT /latest/api/token HTTP/1.1\r\n")
    assert "x-a: b\r\n" in server.seen[0].lower()
    server.answer = b"HTTP/1.1 302 Found\r\nlocation: http://10.0.0.1/\r\ncontent-length: 0\r\n\r\n"
    assert (await client.metadata("GET", "/", {})).status == 302
    server.answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n" + b"x" * (LARGEST_ANSWER + 1)
    with pytest.raises(OutboundFailed, match="more than"):
        await client.metadata("GET", "/", {})
    await client.close()


async def test_nobody_at_the_clouds_address_is_said() -> None:
    client = Outbound(metadata="http://127.0.0.1:1")
    with pytest.raises(OutboundFailed, match="could not be reached"):
        await client.metadata("GET", "/", {})
    await client.close()
