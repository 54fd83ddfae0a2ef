"""A request's record is in the journal before the client can see the end of its answer, by either door."""

import asyncio
import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from tests.unit.upstreams.server import Upstream
from tests.unit.web.model_api.direct import Wire, configuration, connect
from tests.unit.web.model_api.harness import ANSWER, ASK, STREAM, Gateway, Provider, answer, gateway, model

from gatewright.storage.database import Database
from gatewright.web.bounded import BoundedProtocol
from gatewright.web.model_api.door import DirectProtocol

CLIENTS = 4


class Witness(Wire):
    """A client's end that notes with each write what the journal held then."""

    def __init__(self, journal: Path) -> None:
        super().__init__()
        self.journal = journal
        self.writes: list[tuple[bytes, bytes]] = []

    def write(self, data: Any) -> None:
        held = b"".join(path.read_bytes() for path in self.journal.glob("*.jsonl"))
        self.writes.append((bytes(data), held))


def request(made: Gateway, session: str, ask: dict[str, Any]) -> bytes:
    body = json.dumps(ask).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: g\r\nauthorization: Bearer {made.key}\r\n"
    return f"{head}x-litellm-session-id: {session}\r\ncontent-length: {len(body)}\r\n\r\n".encode() + body


async def asked_at_once(made: Gateway, ask: dict[str, Any]) -> list[Witness]:
    """Several clients that ask in the same turn, each with a session of its own: `client 0` and so on."""
    kind: type[BoundedProtocol] = BoundedProtocol if Gateway.door == "asgi" else DirectProtocol
    wires = [Witness(made.settings.data_dir / "journal") for _ in range(CLIENTS)]
    protocols = [connect(configuration(made.api), wire, kind) for wire in wires]
    for number, protocol in enumerate(protocols):
        protocol.data_received(request(made, f"client {number}", ask))
    while tasks := [task for protocol in protocols for task in protocol.tasks]:
        await asyncio.gather(*tasks)
    await asyncio.sleep(0)
    return wires


@pytest.mark.parametrize(
    ("ask", "sent", "end"),
    [(ASK, answer(), ANSWER), ({**ASK, "stream": True}, STREAM, b"data: [DONE]")],
    ids=["whole", "stream"],
)
async def test_the_record_is_there_before_the_end_is_sent(
    db: Database, tmp_path: Path, ask: dict[str, Any], sent: bytes, end: bytes
) -> None:
    async with Upstream(Provider(sent)) as up, gateway(db, tmp_path, model(up.port)) as made:
        for number, wire in enumerate(await asked_at_once(made, ask)):
            [held] = [held for data, held in wire.writes if end in data]
            assert b"client %d" % number in held


@pytest.mark.parametrize("door", ["direct"], indirect=True)  # by the other one nothing waits
@pytest.mark.parametrize("first", ["flush", "close", "shutdown", "data_received"])
async def test_an_answer_that_does_not_wait_for_the_turns_end_finds_the_record_written(
    db: Database, tmp_path: Path, first: str
) -> None:
    async with gateway(db, tmp_path) as made:
        wire = Witness(tmp_path / "journal")
        protocol = connect(configuration(made.api), wire)
        assert isinstance(protocol, DirectProtocol)

        def record() -> None:
            (tmp_path / "journal").mkdir()
            (tmp_path / "journal" / "a.jsonl").write_text("record")

        protocol.outbox.add_first(record)
        protocol.send(b"answer")
        getattr(protocol, first)(*([b"no HTTP\r\n\r\n"] if first == "data_received" else []))
        assert wire.writes[0] == (b"answer", b"record")


async def test_a_full_disk_holds_back_no_answer(db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    async with Upstream(Provider(answer())) as up, gateway(db, tmp_path, model(up.port)) as made:
        with monkeypatch.context() as disk:
            disk.setattr(os, "write", full)
            wires = await asked_at_once(made, ASK)
        assert all(wire.writes[-1][0].endswith(ANSWER) for wire in wires)
        assert made.ledger.health.in_memory == CLIENTS
        assert made.ledger.health.problem == "The spend journal cannot be written: No space left on device."
