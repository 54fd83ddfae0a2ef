"""Clients that take their time, and that come in numbers: what they hold of a worker is bounded."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.unit.upstreams.server import Talk, Upstream
from tests.unit.web.model_api.direct import Wire, configuration, connect
from tests.unit.web.model_api.harness import ANSWER, ASK, Gateway, Provider, answer, gateway, model

from gatewright.storage.database import Database
from gatewright.web.bounded import PROGRESS, BoundedProtocol
from gatewright.web.connections import Bounds
from gatewright.web.model_api.door import DirectProtocol

CHAT = "POST /v1/chat/completions HTTP/1.1"
BODY = json.dumps(ASK).encode()
BOUNDS = Bounds(head_s=30, body_s=20, idle_s=75)


@pytest.fixture
def kind(door: None) -> type[BoundedProtocol]:
    """The server's protocol of this door."""
    return BoundedProtocol if Gateway.door == "asgi" else DirectProtocol


def is_open(wire: Wire) -> bool:
    return not wire.closing


def head(made: Gateway, length: int, first: str = CHAT) -> bytes:
    lines = f"{first}\r\nhost: g\r\nauthorization: Bearer {made.key}\r\ncontent-length: {length}\r\n\r\n"
    return lines.encode()


async def settled(protocol: BoundedProtocol) -> None:
    while protocol.tasks:
        await asyncio.gather(*protocol.tasks)
    await asyncio.sleep(0)  # what it wrote leaves at the end of the turn


async def test_a_head_that_comes_byte_by_byte_is_not_waited_for(
    db: Database, tmp_path: Path, kind: type[BoundedProtocol]
) -> None:
    async with gateway(db, tmp_path) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire, kind, BOUNDS)
        for second, byte in enumerate(head(made, 5)[:29]):
            protocol.data_received(bytes([byte]))
            protocol.look(second)
        assert is_open(wire)
        protocol.look(30)
    assert not is_open(wire)
    assert wire.written.startswith(b"HTTP/1.1 408 ")
    assert b'"request_timeout"' in wire.written


async def test_a_connection_that_says_nothing_is_closed_without_a_word(
    db: Database, tmp_path: Path, kind: type[BoundedProtocol]
) -> None:
    """A browser opens such ones ahead; it would take a 408 for the answer to its next request."""
    async with gateway(db, tmp_path) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire, kind, BOUNDS)
        for second in (0, 29):
            protocol.look(second)
            assert is_open(wire)
        protocol.look(30)
    assert (wire.closing, wire.written) == (True, b"")


@pytest.mark.parametrize("length", [50_000, 10_000_000])
async def test_a_body_that_only_drips_is_not_waited_for(
    db: Database, tmp_path: Path, kind: type[BoundedProtocol], length: int
) -> None:
    async with gateway(db, tmp_path, model(1)) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire, kind, BOUNDS)
        protocol.data_received(head(made, length) + b"{")
        for second in range(20):
            protocol.look(second)
            protocol.data_received(b" " * 100)
        assert is_open(wire)
        protocol.look(20)
        assert not is_open(wire)
        assert wire.written.startswith(b"HTTP/1.1 408 ")
        protocol.connection_lost(None)
        await settled(protocol)


async def test_a_slow_body_that_gets_on_is_served(db: Database, tmp_path: Path, kind: type[BoundedProtocol]) -> None:
    body = json.dumps({**ASK, "user": "x" * (4 * PROGRESS)}).encode()
    async with Upstream(Provider(answer())) as up, gateway(db, tmp_path, model(up.port)) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire, kind, BOUNDS)
        protocol.data_received(head(made, len(body)))
        for number, at in enumerate(range(0, len(body), PROGRESS)):
            protocol.look(19 * number)
            protocol.data_received(body[at : at + PROGRESS])
            for _ in range(10):  # by the first door the application takes what came
                await asyncio.sleep(0)
        await settled(protocol)
        assert wire.written.endswith(ANSWER)


async def test_an_answer_may_take_its_time_and_the_next_request_too(
    db: Database, tmp_path: Path, kind: type[BoundedProtocol]
) -> None:
    asked, go = asyncio.Event(), asyncio.Event()

    async def upstream(talk: Talk) -> None:
        while True:
            await talk.request()
            asked.set()
            await go.wait()
            await talk.say(answer())

    async with Upstream(upstream) as up, gateway(db, tmp_path, model(up.port)) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire, kind, BOUNDS)
        protocol.look(0)
        protocol.data_received(head(made, len(BODY)) + BODY)
        await asked.wait()
        for hour in range(3):
            protocol.look(3600 * hour)
        go.set()
        await settled(protocol)
        assert wire.written.endswith(ANSWER)
        protocol.look(7200 + 74)
        assert is_open(wire)
        protocol.data_received(head(made, len(BODY)) + BODY)
        await settled(protocol)
        assert wire.written.count(ANSWER) == 2
        protocol.look(8000)
        protocol.look(8074)
        assert is_open(wire)
        protocol.look(8075)
        assert not is_open(wire)
        assert b" 408 " not in wire.written


async def test_what_the_gateway_itself_holds_back_is_not_the_clients_fault(
    db: Database, tmp_path: Path, kind: type[BoundedProtocol]
) -> None:
    async with gateway(db, tmp_path, model(1)) as made:
        wire = Wire()
        protocol = connect(configuration(made.api), wire, kind, BOUNDS)
        protocol.data_received(head(made, 1_000_000) + b" " * 70_000)  # no task has run yet: nobody reads
        assert protocol.flow.read_paused
        for second in (0, 100, 200):
            protocol.look(second)
        assert is_open(wire)
        protocol.connection_lost(None)
        await settled(protocol)


async def test_a_client_that_takes_nothing_of_its_answer_is_let_go(
    db: Database, tmp_path: Path, kind: type[BoundedProtocol], monkeypatch: pytest.MonkeyPatch
) -> None:
    aborted = []
    async with gateway(db, tmp_path, model(1)) as made:
        wire = Wire()
        monkeypatch.setattr(wire, "get_write_buffer_size", lambda: 70_000)
        monkeypatch.setattr(wire, "abort", lambda: aborted.append(True), raising=False)
        protocol = connect(configuration(made.api), wire, kind, BOUNDS)
        for second in (0, 40, 74):
            protocol.data_received(b"GET /v1/models HTTP/1.1\r\nhost: g\r\n\r\n")
            protocol.look(second)
        assert not aborted
        protocol.look(75)
        assert aborted
        await settled(protocol)


async def read_all(port: int, data: bytes) -> bytes:
    """Whatever a server says to these bytes until it closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    try:
        found = await reader.read()
    except ConnectionResetError:
        found = b""
    writer.close()
    return found


def port_of(base: str) -> int:
    return httpx2.URL(base).port or 0


async def test_many_slow_heads_leave_room_for_others(db: Database, tmp_path: Path) -> None:
    """The attack itself, over sockets: half a head on as many connections as there may be."""
    failures: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: failures.append(context))
    bounds = Bounds(head_s=0.5, body_s=0.5, most=50)
    async with (
        Upstream(Provider(answer())) as up,
        gateway(db, tmp_path, model(up.port)) as made,
        made.served(bounds) as base,
    ):
        slow = [asyncio.create_task(read_all(port_of(base), head(made, 5)[:40])) for _ in range(250)]
        answers = await asyncio.gather(*slow)
        async with httpx2.AsyncClient(base_url=base, headers={"authorization": f"Bearer {made.key}"}) as http:
            served = await http.post("chat/completions", json=ASK)
    kinds = [one[9:12] for one in answers]
    assert set(kinds) <= {b"408", b"503", b""}
    assert kinds.count(b"408") >= 50  # more when the machine is slow: then some had made room already
    assert kinds.count(b"503") >= 1
    assert failures == []
    assert served.status_code == 200


async def test_one_connection_too_many_is_told_when_to_come_again(db: Database, tmp_path: Path) -> None:
    async with (
        Upstream(Provider(answer())) as up,
        gateway(db, tmp_path, model(up.port)) as made,
        made.served(Bounds(most=1)) as base,
        httpx2.AsyncClient(base_url=base, headers={"authorization": f"Bearer {made.key}"}) as first,
        httpx2.AsyncClient(base_url=base, headers={"authorization": f"Bearer {made.key}"}) as second,
    ):
        assert (await first.post("chat/completions", json=ASK)).status_code == 200
        refused = await second.post("chat/completions", json={**ASK, "user": "x" * 100_000})
        assert (await first.post("chat/completions", json=ASK)).status_code == 200
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "5"
    assert refused.json()["error"]["code"] == "too_many_connections"
