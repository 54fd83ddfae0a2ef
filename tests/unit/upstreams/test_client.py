import asyncio
import json
import socket
from collections.abc import AsyncIterator

import pytest

from gatewright.domain.errors import UpstreamFailed, UpstreamTimeout
from gatewright.upstreams.client import Client
from gatewright.upstreams.failures import CallFailed, CallTimedOut, Phase
from gatewright.upstreams.pool import Limits
from gatewright.upstreams.response import HIGH_WATER
from gatewright.upstreams.target import header_block
from gatewright.upstreams.timeouts import Timeouts

from .server import OK, Talk, Upstream, always, answering

pytestmark = pytest.mark.anyio

SOON = 0.03
"""Seconds: a timeout that a test waits for."""

STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    client = Client()
    yield client
    await client.aclose()
    assert client.open_connections == 0


async def test_a_request_arrives_as_it_was_meant(client: Client) -> None:
    seen: list[bytes] = []

    async def script(talk: Talk) -> None:
        seen.append(await talk.request())
        await talk.say(b"HTTP/1.1 201 Created\r\nX-Request-ID: r1\r\nContent-Length: 2\r\n\r\nok")

    async with Upstream(script) as up:
        target = up.target(headers=[("authorization", "Bearer sk-1"), ("content-type", "application/json")])
        response = await client.send(target, b'{"a":1}', headers=header_block([("x-trace", "t1")]))
        assert (response.status, await response.read()) == (201, b"ok")
        assert response.header(b"x-request-id") == b"r1"
        assert response.header(b"missing") is None
        assert seen == [
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1:%d\r\naccept-encoding: identity\r\n"
            b"authorization: Bearer sk-1\r\ncontent-type: application/json\r\nx-trace: t1\r\n"
            b'content-length: 7\r\n\r\n{"a":1}' % up.port
        ]


async def test_a_large_body_arrives_whole(client: Client) -> None:
    sizes: list[int] = []

    async def script(talk: Talk) -> None:
        sizes.append(len(await talk.request()))
        await talk.say(OK)

    async with Upstream(script) as up:
        body = json.dumps({"messages": "x" * 2_000_000}).encode()
        assert await (await client.send(up.target(), body)).read() == b"ok"
        assert sizes[0] > len(body)


async def test_a_connection_is_used_again(client: Client) -> None:
    async with Upstream(always) as up:
        for _ in range(20):
            assert await (await client.send(up.target(), b"{}")).read() == b"ok"
        assert up.accepted == 1
        assert client.idle_connections == client.open_connections == 1


async def test_as_many_connections_as_requests_at_once(client: Client) -> None:
    async with Upstream(always) as up:

        async def call() -> bytes:
            return await (await client.send(up.target(), b"{}")).read()

        for _ in range(5):
            assert await asyncio.gather(*(call() for _ in range(4))) == [b"ok"] * 4
        assert up.accepted == client.idle_connections == 4


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        OK + b"more",
        OK + OK,
    ],
)
async def test_a_connection_that_cannot_serve_again_is_left(client: Client, answer: bytes) -> None:
    async with Upstream(answering(answer, OK)) as up:
        for _ in range(2):
            assert await (await client.send(up.target(), b"{}")).read() == b"ok"
        assert up.accepted == 2
        assert client.open_connections == 0


async def test_an_answer_that_nobody_asked_for_ends_the_connection(client: Client) -> None:
    unasked = asyncio.Event()
    gone = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.say(OK)
        if talk.number == 1:
            await unasked.wait()
            await talk.say(b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")
            await talk.gone()
            gone.set()

    async with Upstream(script) as up:
        assert await (await client.send(up.target(), b"{}")).read() == b"ok"
        unasked.set()
        await gone.wait()
        assert await (await client.send(up.target(), b"{}")).read() == b"ok"


@pytest.mark.parametrize(
    ("wire", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b""),
        (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
        (STREAM + chunk(b"hel") + chunk(b"lo") + b"0\r\n\r\n", b"hello"),
        (STREAM + b"5;ext=1\r\nhello\r\n0\r\nx-trailer: 1\r\n\r\n", b"hello"),
        (b"HTTP/1.1 200 OK\r\n\r\nhello", b"hello"),
        (b"HTTP/1.0 200 OK\r\nConnection: close\r\n\r\nhello", b"hello"),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + OK, b"ok"),
    ],
)
async def test_every_way_to_end_a_body(client: Client, wire: bytes, body: bytes) -> None:
    async with Upstream(answering(wire)) as up:
        response = await client.send(up.target(), b"{}")
        assert (await response.read(), response.header(b"link")) == (body, None)
    async with Upstream(answering(wire)) as up:
        response = await client.send(up.target(), b"{}")
        assert b"".join([item async for item in response.stream()]) == body


async def test_an_error_and_a_redirect_are_answers(client: Client) -> None:
    moved = b"HTTP/1.1 307 Moved\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n"
    async with Upstream(answering(moved, OK.replace(b"200 OK", b"429 Slow Down"))) as up:
        response = await client.send(up.target(), b"{}")
        assert (response.status, await response.read()) == (307, b"")
        response = await client.send(up.target(), b"{}")
        assert (response.status, await response.read()) == (429, b"ok")


async def test_a_stale_connection_is_replaced_once(client: Client) -> None:
    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.say(OK)
        if talk.number == 1:
            await talk.request()  # the second request is read and not answered

    async with Upstream(script) as up:
        for _ in range(2):
            assert await (await client.send(up.target(), b"{}")).read() == b"ok"
        assert up.accepted == 2


async def test_a_second_connection_that_closes_is_an_error(client: Client) -> None:
    async def script(talk: Talk) -> None:
        await talk.request()
        if talk.number == 1:
            await talk.say(OK)
            await talk.request()

    async with Upstream(script) as up:
        assert await (await client.send(up.target(), b"{}")).read() == b"ok"
        with pytest.raises(CallFailed, match="closed the connection") as caught:
            await client.send(up.target(), b"{}")
        assert caught.value.retryable
        assert up.accepted == 2


async def test_no_second_try_after_the_first_byte(client: Client) -> None:
    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.say(OK)
        await talk.request()
        await talk.say(b"H")

    async with Upstream(script) as up:
        assert await (await client.send(up.target(), b"{}")).read() == b"ok"
        with pytest.raises(CallFailed) as caught:
            await client.send(up.target(), b"{}")
        assert caught.value.phase is Phase.HEAD
        assert up.accepted == 1


async def test_no_second_try_on_a_new_connection(client: Client) -> None:
    async def script(talk: Talk) -> None:
        await talk.request()
        talk.reset()

    async with Upstream(script) as up:
        with pytest.raises(CallFailed) as caught:
            await client.send(up.target(), b"{}")
        assert isinstance(caught.value, UpstreamFailed)
        assert up.accepted == 1


async def test_each_piece_of_a_stream_is_there_before_the_next_is_sent(client: Client) -> None:
    step = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM)
        for number in range(5):
            await step.wait()
            step.clear()
            await talk.say(chunk(b"data: %d\n\n" % number))
        await step.wait()
        await talk.say(b"0\r\n\r\n")
        await talk.gone()

    async with Upstream(script) as up:
        response = await client.send(up.target(), b"{}")  # the head alone is enough
        stream = response.stream()
        for number in range(5):
            step.set()  # the server goes on only after we got the piece before
            assert await anext(stream) == b"data: %d\n\n" % number
        step.set()
        assert [item async for item in stream] == []
        assert client.idle_connections == 1


async def test_one_read_is_one_item(client: Client) -> None:
    async with Upstream(answering(STREAM + chunk(b"a") + chunk(b"b") + b"0\r\n\r\n")) as up:
        response = await client.send(up.target(), b"{}")
        assert [item async for item in response.stream()] == [b"ab"]


async def test_an_answer_that_breaks_off(client: Client) -> None:
    async with Upstream(answering(STREAM + chunk(b"a"))) as up:
        response = await client.send(up.target(), b"{}")
        stream = response.stream()
        assert await anext(stream) == b"a"
        with pytest.raises(CallFailed) as caught:
            await anext(stream)
        assert not caught.value.retryable
        response = await client.send(up.target(), b"{}")
        with pytest.raises(CallFailed, match="closed the connection before"):
            await response.read()


async def test_leaving_closes_the_upstream_connection(client: Client) -> None:
    gone = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM + chunk(b"a"))
        await talk.gone()
        gone.set()

    async with Upstream(script) as up:
        response = await client.send(up.target(), b"{}")
        async for _ in response.stream():
            break
        response.abort()
        response.abort()
        await gone.wait()
        assert client.open_connections == 0
        with pytest.raises(CallFailed, match="given up"):
            await response.read()


@pytest.mark.parametrize("where", ["head", "stream", "read"])
async def test_cancelling_closes_the_upstream_connection(client: Client, where: str) -> None:
    waiting = asyncio.Event()
    gone = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.request()
        if where != "head":
            await talk.say(STREAM + chunk(b"a"))
        waiting.set()
        await talk.gone()
        gone.set()

    async def call() -> None:
        response = await client.send(up.target(), b"{}")
        if where == "read":
            await response.read()
        async for _ in response.stream():
            pass

    async with Upstream(script) as up:
        task = asyncio.create_task(call())
        await waiting.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await gone.wait()
        assert client.open_connections == 0


async def test_a_slow_consumer_slows_the_upstream(client: Client) -> None:
    piece = chunk(b"x" * 65_000)
    total = 400
    written = 0
    stuck = asyncio.Event()

    async def script(talk: Talk) -> None:
        nonlocal written
        talk.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65_536)
        talk.writer.transport.set_write_buffer_limits(high=65_536)
        await talk.request()
        await talk.say(STREAM)
        for _ in range(total):
            talk.writer.write(piece)
            drain = asyncio.ensure_future(talk.writer.drain())
            done, _ = await asyncio.wait([drain], timeout=0.2)
            if not done:
                stuck.set()
            await drain
            written += 1
        await talk.say(b"0\r\n\r\n")

    async with Upstream(script) as up:
        response = await client.send(up.target(), b"{}")
        stream = response.stream()
        size = len(await anext(stream))
        await stuck.wait()
        assert written < total / 2
        assert response._size < 3 * HIGH_WATER
        async for item in stream:
            size += len(item)
        assert size == 65_000 * total


async def test_a_consumer_that_pauses_is_not_the_upstreams_fault(client: Client) -> None:
    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM)
        for _ in range(40):
            await talk.say(chunk(b"x" * 65_000))
        await talk.say(b"0\r\n\r\n")

    async with Upstream(script) as up:
        response = await client.send(up.target(), b"{}", timeouts=Timeouts(idle=SOON))
        while not response._paused:
            await asyncio.sleep(0)
        await asyncio.sleep(3 * SOON)
        assert len(await response.read()) == 40 * 65_000


async def test_an_answer_that_is_too_large_is_refused(client: Client) -> None:
    answer = STREAM + chunk(b"x" * 2000) + b"0\r\n\r\n"
    async with Upstream(answering(answer, answer)) as up:
        response = await client.send(up.target(), b"{}")
        with pytest.raises(CallFailed, match="larger than 1000 bytes"):
            await response.read(1000)
        response = await client.send(up.target(), b"{}")
        assert len(await response.read(2000)) == 2000


@pytest.mark.parametrize("prefix", [b"", b"HTTP/1.1 100 Continue\r\n\r\n", OK[:-3]])
async def test_a_head_without_end_is_refused(client: Client, prefix: bytes) -> None:
    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.say(prefix or b"HTTP/1.1 200 OK\r\n")
        while True:
            await talk.say(b"x-more: %b\r\n" % (b"x" * 1000) if prefix == b"" else prefix * 100)

    async with Upstream(script) as up:
        with pytest.raises(CallFailed):
            await (await client.send(up.target(), b"{}")).read()
        assert client.open_connections == 0


async def test_trailers_without_end_are_refused(client: Client) -> None:
    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM + chunk(b"a") + b"0\r\n")
        while True:
            await talk.say(b"x-more: %b\r\n" % (b"x" * 1000))

    async with Upstream(script) as up:
        response = await client.send(up.target(), b"{}")
        with pytest.raises(CallFailed, match="without end"):
            await response.read()


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nbad header: 1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nx: a\rb\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
        STREAM + b"xyz\r\n",
        STREAM + b"2\r\nhello\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhel",
        b"HTTP/1.1 200",
        b"",
    ],
)
async def test_an_answer_that_is_not_http_is_refused(client: Client, answer: bytes) -> None:
    async with Upstream(answering(answer)) as up:
        with pytest.raises(CallFailed) as caught:
            await (await client.send(up.target(headers=[("authorization", "Bearer sk-secret")]), b"{}")).read()
        assert caught.value.error_code == "upstream_unavailable"
        assert f"127.0.0.1:{up.port}" in caught.value.message
        assert "secret" not in caught.value.message
        assert client.open_connections == 0


async def test_the_first_byte_has_a_deadline(client: Client) -> None:
    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.gone()

    async with Upstream(script) as up:
        with pytest.raises(CallTimedOut) as caught:
            await client.send(up.target(), b"{}", timeouts=Timeouts(first_byte=SOON))
        assert isinstance(caught.value, UpstreamTimeout)
        assert caught.value.retryable
        assert client.open_connections == 0


@pytest.mark.parametrize("said", [STREAM[:40], STREAM, STREAM + chunk(b"a")])
async def test_a_pause_in_an_answer_has_a_deadline(client: Client, said: bytes) -> None:
    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.say(said)
        await talk.gone()

    async with Upstream(script) as up:
        with pytest.raises(CallTimedOut, match="in the middle"):
            await (await client.send(up.target(), b"{}", timeouts=Timeouts(idle=SOON))).read()
        assert client.open_connections == 0


async def test_a_timeout_counts_anew_for_each_request(client: Client) -> None:
    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.say(OK)
        await talk.request()
        await asyncio.sleep(3 * SOON)
        await talk.say(OK)

    async with Upstream(script) as up:
        response = await client.send(up.target(), b"{}", timeouts=Timeouts(first_byte=SOON, idle=SOON))
        assert await response.read() == b"ok"
        response = await client.send(up.target(), b"{}")
        assert await response.read() == b"ok"
        assert up.accepted == 1


async def test_connecting_has_a_deadline(client: Client) -> None:
    with socket.socket() as listening:  # accepts nothing: a full queue makes the next connection wait
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        try:
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(listening.getsockname())
            up = Upstream(always)
            up.port = listening.getsockname()[1]
            with pytest.raises(CallTimedOut) as caught:
                await client.send(up.target(), b"{}", timeouts=Timeouts(connect=SOON))
            assert caught.value.phase is Phase.CONNECT
        finally:
            for filler in fillers:
                filler.close()


async def test_nobody_there(client: Client) -> None:
    async with Upstream(always) as up:
        target = up.target()
    with pytest.raises(CallFailed, match="could not be reached") as caught:
        await client.send(target, b"{}")
    assert caught.value.phase is Phase.CONNECT
    assert client.open_connections == 0


async def test_connections_are_bounded_and_the_next_waits() -> None:
    client = Client(limits=Limits(connections=2))
    async with Upstream(always) as up:

        async def call() -> bytes:
            return await (await client.send(up.target(), b"{}")).read()

        assert await asyncio.gather(*(call() for _ in range(20))) == [b"ok"] * 20
        assert up.accepted == client.open_connections == 2
    await client.aclose()


async def test_waiting_for_a_connection_has_a_deadline_and_leaves_nothing() -> None:
    client = Client(limits=Limits(connections=1))

    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM)
        await talk.gone()

    async with Upstream(script) as up:
        first = await client.send(up.target(), b"{}")
        with pytest.raises(CallTimedOut, match="in use"):
            await client.send(up.target(), b"{}", timeouts=Timeouts(connect=SOON))
        waiting = asyncio.create_task(client.send(up.target(), b"{}"))
        leaving = asyncio.create_task(client.send(up.target(), b"{}"))
        await asyncio.sleep(0)
        leaving.cancel()
        first.abort()  # its place goes to the one that waits
        second = await waiting
        assert second.status == 200
        second.abort()
        with pytest.raises(asyncio.CancelledError):
            await leaving
        assert client.open_connections == 0
    await client.aclose()


async def test_idle_connections_are_bounded_and_age() -> None:
    client = Client(limits=Limits(idle=1, idle_age=SOON))
    closed = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.say(OK)
        await talk.gone()
        closed.set()

    async with Upstream(script) as up:
        responses = await asyncio.gather(*(client.send(up.target(), b"{}") for _ in range(3)))
        for response in responses:
            assert await response.read() == b"ok"
        assert client.idle_connections <= 1
        while client.open_connections:
            await closed.wait()
            await asyncio.sleep(SOON / 10)
    await client.aclose()


async def test_closing_lets_a_request_end_in_its_grace() -> None:
    client = Client()
    go = asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM)
        await go.wait()
        await talk.say(chunk(b"end") + b"0\r\n\r\n")
        await talk.gone()

    async with Upstream(script) as up:
        response = await client.send(up.target(), b"{}")
        closing = asyncio.create_task(client.aclose(grace=5))
        await asyncio.sleep(0)
        with pytest.raises(CallFailed, match="shutting down"):
            await client.send(up.target(), b"{}")
        go.set()
        assert await response.read() == b"end"
        await closing
        assert client.open_connections == 0


async def test_closing_ends_what_goes_on_and_what_waits() -> None:
    client = Client(limits=Limits(connections=1))

    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM)
        await talk.gone()

    async with Upstream(script) as up:
        response = await client.send(up.target(), b"{}")
        reading = asyncio.create_task(response.read())
        waiting = asyncio.create_task(client.send(up.target(), b"{}"))
        await asyncio.sleep(0)
        await client.aclose()
        for task in (reading, waiting):
            with pytest.raises(CallFailed, match="shutting down"):
                await task
        assert client.open_connections == 0
        with pytest.raises(CallFailed, match="shutting down"):
            await client.send(up.target("/other"), b"{}")
