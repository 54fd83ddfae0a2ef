import asyncio
from typing import Any, cast

import pytest

from gatewright.upstreams.connection import Connection
from gatewright.upstreams.outbox import Outbox, outbox_of
from gatewright.upstreams.response import Response
from gatewright.upstreams.target import parse_target
from gatewright.upstreams.timeouts import Timeouts

from .server import OK, OPERATOR

TARGET = parse_target("http://model.example/v1", "/x", policy=OPERATOR)


class Pen:
    """A writer that notes when it is flushed."""

    def __init__(self, paper: list[str], name: str, outbox: Outbox | None = None) -> None:
        self.paper, self.name, self.outbox = paper, name, outbox

    def flush(self) -> None:
        self.paper.append(self.name)
        if self.outbox is not None:
            self.outbox.add(Pen(self.paper, f"{self.name} again"))


class Wire:
    """A transport that remembers each write."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def get_extra_info(self, _name: str) -> None:
        return None

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        """Nothing to close."""


def connected() -> tuple[Connection, Wire, Response]:
    loop, wire = asyncio.get_running_loop(), Wire()
    connection = Connection(loop, TARGET.origin)
    connection.connection_made(cast(Any, wire))
    return connection, wire, Response(loop, connection, TARGET.origin)


async def test_what_is_added_in_one_turn_is_flushed_at_its_end_in_order() -> None:
    outbox, paper = Outbox(asyncio.get_running_loop()), list[str]()
    outbox.add(Pen(paper, "first"))
    asyncio.get_running_loop().call_soon(paper.append, "later")
    outbox.add(Pen(paper, "second"))
    assert paper == []
    await asyncio.sleep(0)
    assert paper == ["first", "second", "later"]


async def test_what_is_added_while_flushing_goes_out_a_turn_later() -> None:
    outbox, paper = Outbox(asyncio.get_running_loop()), list[str]()
    outbox.add(Pen(paper, "first", outbox))
    await asyncio.sleep(0)
    assert paper == ["first"]
    await asyncio.sleep(0)
    assert paper == ["first", "first again"]


async def test_what_comes_first_is_done_before_all_writers() -> None:
    outbox, paper = Outbox(asyncio.get_running_loop()), list[str]()
    outbox.add(Pen(paper, "writer"))
    outbox.add_first(lambda: paper.append("record"))
    assert paper == []
    await asyncio.sleep(0)
    assert paper == ["record", "writer"]


async def test_what_comes_first_is_done_at_the_turns_end_without_a_writer_too() -> None:
    outbox, paper = Outbox(asyncio.get_running_loop()), list[str]()
    outbox.add_first(lambda: paper.append("record"))
    await asyncio.sleep(0)
    assert paper == ["record"]


async def test_a_writer_in_a_hurry_has_it_done_once() -> None:
    outbox, paper = Outbox(asyncio.get_running_loop()), list[str]()
    outbox.add_first(lambda: paper.append("record"))
    outbox.flush_first()
    outbox.flush_first()
    assert paper == ["record"]
    await asyncio.sleep(0)
    assert paper == ["record"]


async def test_a_loop_has_one_outbox() -> None:
    loop = asyncio.get_running_loop()
    assert outbox_of(loop) is outbox_of(loop)


async def test_a_request_leaves_at_the_end_of_the_turn_in_one_piece() -> None:
    connection, wire, response = connected()
    connection.start(response, b"head ", b"body", Timeouts())
    assert wire.writes == []
    await asyncio.sleep(0)
    assert wire.writes == [b"head body"]


async def test_a_request_is_sent_before_anything_is_read_as_its_answer() -> None:
    connection, wire, response = connected()
    connection.start(response, b"head ", b"body", Timeouts())
    connection.data_received(OK)
    assert wire.writes == [b"head body"]
    await asyncio.sleep(0)
    assert wire.writes == [b"head body"]
    assert response.status == 200


@pytest.mark.parametrize("body", [b"body", b"x" * 100_000])
async def test_short_and_long_requests_are_sent_whole(body: bytes) -> None:
    connection, wire, response = connected()
    connection.start(response, b"head ", body, Timeouts())
    await asyncio.sleep(0)
    assert b"".join(wire.writes) == b"head " + body


async def test_a_request_that_is_given_up_at_once_is_never_sent() -> None:
    connection, wire, response = connected()
    connection.start(response, b"head ", b"body", Timeouts())
    response.abort()
    await asyncio.sleep(0)
    assert wire.writes == []
