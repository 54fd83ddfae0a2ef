"""What the second door writes, and when: at the end of a turn, but before anything else happens to the connection."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.web.model_api.direct import Wire, configuration, connect
from tests.unit.web.model_api.harness import gateway

from gatewright.storage.database import Database
from gatewright.web.model_api.door import DirectProtocol


class Pieces(Wire):
    """A client's end that notes each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[bytes] = []

    def write(self, data: Any) -> None:
        self.writes.append(data)


async def test_what_is_sent_in_one_turn_leaves_in_one_write(db: Database, tmp_path: Path) -> None:
    async with gateway(db, tmp_path) as made:
        wire = Pieces()
        protocol = connect(configuration(made.api), wire)
        assert isinstance(protocol, DirectProtocol)
        protocol.send(b"one ")
        protocol.send(b"two")
        assert wire.writes == []
        await asyncio.sleep(0)
        assert wire.writes == [b"one two"]
        protocol.send(b"three")
        await asyncio.sleep(0)
        assert wire.writes == [b"one two", b"three"]


@pytest.mark.parametrize(
    "happens",
    [
        DirectProtocol.close,
        DirectProtocol.shutdown,
        DirectProtocol.flush,
        lambda protocol: protocol.data_received(b"no HTTP\r\n\r\n"),
    ],
)
async def test_what_waits_is_sent_before_anything_else_happens(
    db: Database, tmp_path: Path, happens: Callable[[DirectProtocol], None]
) -> None:
    async with gateway(db, tmp_path) as made:
        wire = Pieces()
        protocol = connect(configuration(made.api), wire)
        assert isinstance(protocol, DirectProtocol)
        protocol.send(b"answer")
        happens(protocol)
        assert wire.writes[0] == b"answer"
        before = len(wire.writes)
        await asyncio.sleep(0)
        assert len(wire.writes) == before


async def test_what_waits_for_a_client_that_is_gone_is_dropped(db: Database, tmp_path: Path) -> None:
    async with gateway(db, tmp_path) as made:
        wire = Pieces()
        protocol = connect(configuration(made.api), wire)
        assert isinstance(protocol, DirectProtocol)
        protocol.send(b"answer")
        wire.closing = True
        await asyncio.sleep(0)
        assert wire.writes == []
