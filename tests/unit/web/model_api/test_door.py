"""What the second door leaves to the first, and what happens around its requests: on a connection in memory."""

import asyncio
import json
from pathlib import Path
from typing import cast

import pytest
from tests.unit.upstreams.server import Talk, Upstream
from tests.unit.web.model_api.direct import Wire, configuration, connect
from tests.unit.web.model_api.harness import (
    ANSWER,
    ASK,
    DONE,
    FIRST,
    STREAM_HEAD,
    Gateway,
    Provider,
    answer,
    chunk,
    gateway,
    model,
)

from gatewright.storage.database import Database
from gatewright.web.bounded import BoundedProtocol
from gatewright.web.model_api.door import DirectCycle, DirectProtocol

BODY = json.dumps(ASK).encode()


@pytest.fixture(autouse=True)
def door() -> None:
    """These tests are about one door."""


CHAT = "POST /v1/chat/completions HTTP/1.1"


def is_direct(protocol: BoundedProtocol) -> bool:
    """Whether the last request came by the second door."""
    return isinstance(cast(object, protocol.cycle), DirectCycle)


def request(made: Gateway, body: bytes = BODY, more: str = "", first: str = CHAT) -> bytes:
    head = f"{first}\r\nhost: g\r\nauthorization: Bearer {made.key}\r\n{more}content-length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def settled(protocol: BoundedProtocol) -> None:
    """Until everything that was asked is answered."""
    while protocol.tasks:
        await asyncio.gather(*protocol.tasks)
    await asyncio.sleep(0)  # what it wrote leaves at the end of the turn


async def test_requests_that_come_at_once_are_answered_in_their_order(db: Database, tmp_path: Path) -> None:
    slow = asyncio.Event()

    async def upstream(talk: Talk) -> None:
        while True:
            asked = await talk.request()
            if b'"first"' in asked:
                await slow.wait()
            await talk.say(answer(b'{"echo":%b}' % asked[asked.index(b'{"model"') :]))

    async with Upstream(upstream) as up, gateway(db, tmp_path, model(up.port)) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire)
        named = [json.dumps({**ASK, "user": name}).encode() for name in ("first", "second", "third")]
        protocol.data_received(b"".join(request(made, body) for body in named))
        assert protocol.tasks
        slow.set()
        await settled(protocol)
        at = [wire.written.index(name) for name in (b'"first"', b'"second"', b'"third"')]
        assert at == sorted(at)
        assert wire.written.count(b"HTTP/1.1 200 OK") == 3
        assert len(await made.records()) == 3


@pytest.mark.parametrize(
    ("more", "first"),
    [
        ("expect: 100-continue\r\n", CHAT),
        ("connection: close\r\n", CHAT),
        ("", "POST /v1/chat/completions HTTP/1.0"),
        ("", "PUT /v1/chat/completions HTTP/1.1"),
        ("", "POST /v1/chat%2Fcompletions HTTP/1.1"),
        ("", "GET /v1/models HTTP/1.1"),
    ],
)
async def test_what_is_not_plain_goes_by_the_first_door(db: Database, tmp_path: Path, more: str, first: str) -> None:
    async with Upstream(Provider(answer())) as up, gateway(db, tmp_path, model(up.port)) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire)
        protocol.data_received(request(made, more=more, first=first))
        assert not is_direct(protocol)
        await settled(protocol)
        assert wire.written.startswith(b"HTTP/1.1 ")


@pytest.mark.parametrize("more", ["content-length: 400000", "transfer-encoding: chunked"])
@pytest.mark.parametrize("key", ["sk-nobodys", ""])
async def test_a_long_body_of_somebody_unknown_is_not_kept(db: Database, tmp_path: Path, more: str, key: str) -> None:
    """Whoever has no key could fill the memory with a few connections."""
    async with gateway(db, tmp_path, model(1)) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire)
        protocol.data_received(f"{CHAT}\r\nhost: g\r\nauthorization: Bearer {key}\r\n{more}\r\n\r\n".encode())
        await settled(protocol)
        assert wire.written.startswith(b"HTTP/1.1 401 ")


@pytest.mark.parametrize("kind", [DirectProtocol, BoundedProtocol])
@pytest.mark.parametrize(
    ("begin", "piece"),
    [
        (b"GET / HTTP/1.1\r\n", b"a: b\r\n" * 1000),
        (b"GET / HTTP/1.1\r\na: ", b"b" * 6000),
        (b"POST /v1/chat/completions HTTP/1.1\r\nhost: ", b"b" * 6000),
        (b"GET /", b"b" * 6000),
        (b"", b"\r\n" * 3000),
    ],
)
async def test_a_head_without_end_is_refused(
    db: Database, tmp_path: Path, kind: type[BoundedProtocol], begin: bytes, piece: bytes
) -> None:
    async with gateway(db, tmp_path) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire, kind)
        protocol.data_received(begin)
        taken = 0
        while not wire.closing and taken < 200_000:
            protocol.data_received(piece)
            taken += len(piece)
        assert wire.closing
        assert wire.written.startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("piece", [b"a: b\r\n" * 1000, b"a: " + b"b" * 6000])
async def test_trailers_without_end_are_refused(db: Database, tmp_path: Path, piece: bytes) -> None:
    async with gateway(db, tmp_path, model(1)) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire)
        head = f"{CHAT}\r\nauthorization: Bearer {made.key}\r\ntransfer-encoding: chunked\r\n\r\n"
        protocol.data_received(head.encode() + b"1\r\n{\r\n0\r\n")
        for _ in range(40):
            if wire.closing:
                break
            protocol.data_received(piece)
        assert wire.closing
        protocol.connection_lost(None)
        await settled(protocol)


async def test_a_long_body_in_small_chunks_is_no_long_head(db: Database, tmp_path: Path) -> None:
    body = json.dumps({**ASK, "user": "x" * 300_000}).encode()
    async with Upstream(Provider(answer())) as up, gateway(db, tmp_path, model(up.port)) as made:
        for more, sent in (
            ("transfer-encoding: chunked", b"".join(b"1\r\n%b\r\n" % body[at : at + 1] for at in range(len(body)))),
            (f"content-length: {len(body)}", body),
        ):
            wire = Wire()
            protocol = connect(configuration(made.api), wire)
            head = f"{CHAT}\r\nhost: g\r\nauthorization: Bearer {made.key}\r\n{more}\r\n\r\n"
            protocol.data_received(head.encode())
            whole = sent + (b"0\r\n\r\n" if "chunked" in more else b"")
            for at in range(0, len(whole), 50_000):
                protocol.data_received(whole[at : at + 50_000])
            await settled(protocol)
            assert wire.written.endswith(ANSWER)


async def test_a_query_does_not_matter(db: Database, tmp_path: Path) -> None:
    async with Upstream(Provider(answer())) as up, gateway(db, tmp_path, model(up.port)) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire)
        protocol.data_received(request(made, first="POST /v1/chat/completions?beta=true HTTP/1.1"))
        assert is_direct(protocol)
        await settled(protocol)
        assert wire.written.endswith(ANSWER)


async def test_a_connection_serves_one_request_after_another_by_either_door(db: Database, tmp_path: Path) -> None:
    async with Upstream(Provider(answer())) as up, gateway(db, tmp_path, model(up.port)) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire)
        for first in (CHAT, "GET /v1/models HTTP/1.1") * 2:
            body = BODY if first.startswith("POST") else b""
            protocol.data_received(request(made, body, first=first))
            await settled(protocol)
        assert wire.written.count(b"HTTP/1.1 200 OK") == 4
        assert not wire.closing


async def test_a_server_that_stops_finishes_its_request_and_closes(db: Database, tmp_path: Path) -> None:
    async with Upstream(Provider(answer())) as up, gateway(db, tmp_path, model(up.port)) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire)
        protocol.data_received(request(made))
        protocol.shutdown()
        await settled(protocol)
        assert b"connection: close" in wire.written
        assert wire.written.endswith(ANSWER)
        assert wire.closing


async def test_a_body_that_is_announced_too_large_is_not_waited_for(db: Database, tmp_path: Path) -> None:
    async with gateway(db, tmp_path, max_request_bytes=10) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire)
        protocol.data_received(request(made)[:-5])
        await settled(protocol)
        assert wire.written.startswith(b"HTTP/1.1 413 ")
        assert wire.closing


async def test_a_client_that_leaves_a_queue_stops_the_upstream(db: Database, tmp_path: Path) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def upstream(talk: Talk) -> None:
        await talk.request()
        asked.set()
        await talk.gone()
        left.set()

    async with Upstream(upstream) as up, gateway(db, tmp_path, model(up.port)) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire)
        protocol.data_received(request(made) * 2)
        await asked.wait()
        wire.closing = True
        protocol.connection_lost(None)
        await left.wait()
        await settled(protocol)
        (record,) = await made.records()
    assert (record["outcome"], record["status"]) == ("client_gone", 499)


async def test_a_slow_client_holds_the_upstream_back(db: Database, tmp_path: Path) -> None:
    async def upstream(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM_HEAD + chunk(FIRST))
        for _ in range(200):
            await talk.say(chunk(b"data: " + b"x" * 20_000 + b"\n\n"))
        await talk.say(chunk(DONE) + b"0\r\n\r\n")

    async with Upstream(upstream) as up, gateway(db, tmp_path, model(up.port)) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire)
        protocol.pause_writing()
        protocol.data_received(request(made, json.dumps({**ASK, "stream": True}).encode()))
        (task,) = protocol.tasks
        while b"data: " not in wire.written:
            await asyncio.sleep(0)
        written = len(wire.written)
        for _ in range(100):
            await asyncio.sleep(0)
        assert len(wire.written) == written
        assert not task.done()
        protocol.resume_writing()
        await settled(protocol)
        assert wire.written.endswith(b"0\r\n\r\n")
        assert len(wire.written) > 200 * 20_000


async def test_pieces_of_any_size_make_the_same_request(db: Database, tmp_path: Path) -> None:
    async with Upstream(Provider(answer())) as up, gateway(db, tmp_path, model(up.port)) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire)
        for byte in request(made):
            protocol.data_received(bytes([byte]))
        await settled(protocol)
        assert wire.written.endswith(ANSWER)


async def test_what_is_no_http_is_refused(db: Database, tmp_path: Path) -> None:
    async with gateway(db, tmp_path) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire)
        protocol.data_received(b"\x16\x03\x01 nonsense\r\n\r\n")
        assert wire.written.startswith(b"HTTP/1.1 400 ")
        assert wire.closing
