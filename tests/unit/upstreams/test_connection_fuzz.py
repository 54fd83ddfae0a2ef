import asyncio
import contextlib
from collections.abc import Iterator
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gatewright.domain.errors import UpstreamFailed
from gatewright.upstreams.client import Client
from gatewright.upstreams.connection import Connection, WireHeaders
from gatewright.upstreams.pool import Limits, Pool
from gatewright.upstreams.target import parse_target
from gatewright.upstreams.timeouts import Timeouts

from .server import OK, OPERATOR, Talk, Upstream

TARGET = parse_target("http://model.example/v1", "/x", policy=OPERATOR)
CHUNKED = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
ANSWERS = [
    OK,
    b"HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nX-Empty:\r\nContent-Length: 0\r\n\r\n",
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: a\r\n\r\n" + OK,
    CHUNKED + b"6\r\ndata: \r\n3;a=b\r\n1\n\n\r\n0\r\nx-trailer: 1\r\n\r\n",
    b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3\r\n\r\nbye",
    b"HTTP/1.1 204 No Content\r\n\r\n",
    b"HTTP/1.1 200 OK\r\n\r\nuntil the end",
    b"HTTP/1.0 200 OK\r\n\r\nuntil the end",
    OK + OK,
    OK + b"\x00\x01garbage",
    b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\ncut",
    CHUNKED + b"zz\r\n",
    b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
]


class Wire:
    """A transport that remembers."""

    def __init__(self) -> None:
        self.sent = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.sent += data

    def get_extra_info(self, _name: str) -> None:
        return None

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return self.closed

    def abort(self) -> None:
        self.closed = True


class Record:
    """What a sink was told, and that it was told in order."""

    def __init__(self) -> None:
        self.status = 0
        self.headers: WireHeaders = []
        self.body = b""
        self.outcome = ""

    def head(self, status: int, headers: WireHeaders) -> None:
        assert not self.status
        assert not self.outcome
        self.status, self.headers = status, [*headers]

    def data(self, item: bytes) -> None:
        assert self.status
        assert not self.outcome
        assert item
        self.body += item

    def end(self) -> None:
        assert self.status
        assert not self.outcome
        self.outcome = "end"

    def failed(self, error: Exception) -> None:
        assert not self.outcome
        self.outcome = type(error).__name__


Result = tuple[int, WireHeaders, bytes, str, bool, int]


def play(loop: asyncio.AbstractEventLoop, parts: list[bytes], then: bytes = b"") -> tuple[Result, Result | None]:
    """One request answered by `parts` and the end of the connection, and if it can serve again another by `then`."""
    pool = Pool(loop, TARGET, Limits())

    async def dial() -> Connection:
        made = Connection(loop, TARGET.origin)
        made.connection_made(cast(asyncio.Transport, Wire()))
        return made

    def result(record: Record) -> Result:
        return record.status, record.headers, record.body, record.outcome, pool.idle == 1, pool.open

    connection = loop.run_until_complete(pool.obtain(dial, loop.time() + 1))
    record = Record()
    connection.start(record, TARGET.head, b"{}", Timeouts())
    for part in parts:
        if not connection.closed:
            connection.data_received(part)
    first = result(record)
    second = None
    if pool.take() is connection:
        again = Record()
        connection.start(again, TARGET.head, b"{}", Timeouts())
        if then:
            connection.data_received(then)
        connection.connection_lost(None)
        second = result(again)
    else:
        connection.connection_lost(None)
        first = result(record)
    assert pool.open == 0
    assert record.outcome
    return first, second


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


@given(data=st.data(), answer=st.sampled_from(ANSWERS))
def test_where_it_is_split_makes_no_difference(
    loop: asyncio.AbstractEventLoop, data: st.DataObject, answer: bytes
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(1, len(answer) - 1), unique=True, max_size=12)))
    parts = [answer[a:b] for a, b in zip([0, *cuts], [*cuts, len(answer)], strict=True)]
    whole, _ = play(loop, [answer])
    split, _ = play(loop, parts)
    single, _ = play(loop, [answer[at : at + 1] for at in range(len(answer))])
    assert split[:4] == single[:4] == whole[:4]


@pytest.mark.parametrize("answer", ANSWERS[:4])
def test_a_connection_that_serves_again_starts_anew(loop: asyncio.AbstractEventLoop, answer: bytes) -> None:
    first, second = play(loop, [answer], then=answer)
    assert first[4:] == (True, 1)
    assert second is not None
    assert second[:4] == first[:4]
    assert play(loop, [answer])[1] == (0, [], b"", "StaleConnection", False, 0)


WORDS = st.sampled_from(
    [
        *(b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.0 ", b"content-length: 3\r\n", b"\r\n"),
        *(
            b"transfer-encoding: chunked\r\n",
            b"connection: close\r\n",
            b"3\r\nabc\r\n",
            b"0\r\n\r\n",
            b"abc",
            b"x: y\r\n",
        ),
        *(
            b"upgrade: h2c\r\n",
            b"content-length: 99999999999999999999\r\n",
            b"HTTP/1.1 101 x\r\n",
            b"\n",
            b"\r",
            b"ffffffff",
        ),
    ]
)


@given(st.lists(WORDS | st.binary(max_size=30), max_size=12))
@settings(max_examples=300)
def test_no_bytes_break_a_connection(loop: asyncio.AbstractEventLoop, parts: list[bytes]) -> None:
    (status, headers, _, outcome, _, _), _ = play(loop, [part for part in parts if part])
    assert outcome in {"end", "CallFailed"}
    assert status == 0 or status >= 200
    assert all(name == name.lower() and b"\n" not in name + value for name, value in headers)


@pytest.mark.anyio
@given(parts=st.lists(WORDS | st.binary(max_size=30), max_size=8), ahead=st.booleans())
@settings(max_examples=40, deadline=None)
async def test_no_bytes_hang_a_call_or_leak_a_connection(parts: list[bytes], ahead: bool) -> None:
    async def script(talk: Talk) -> None:
        if not ahead:
            await talk.request()
        for part in parts:
            await talk.say(part)

    client = Client(timeouts=Timeouts(first_byte=5, idle=5))
    async with Upstream(script) as up, asyncio.timeout(4):
        for _ in range(2):
            with contextlib.suppress(UpstreamFailed):
                await (await client.send(up.target(), b"{}")).read()
        await client.aclose()
    assert client.open_connections == 0
