"""The ledger loses nothing and counts nothing twice: killed workers, a database that is away, a full disk."""

import asyncio
import errno
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.servers import eventually_async
from tests.unit.spend.settling import row

from gatewright.domain.clock import Millis
from gatewright.domain.errors import Unavailable
from gatewright.spend import ledger as module
from gatewright.spend.journal import Journal
from gatewright.spend.ledger import Ledger
from gatewright.storage import keys, spend_log
from gatewright.storage.database import Database, Transaction
from gatewright.upstreams.outbox import Outbox


class Uses:
    def __init__(self) -> None:
        self.last_used: dict[int, Millis] = {}


async def stored(db: Database) -> int:
    async with db.read() as tx:
        return (await spend_log.totals(tx, 0)).requests


def switch(db: Database, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Set item 0 to True and writes find the database away."""
    away = [False]
    write = db.write

    @asynccontextmanager
    async def maybe() -> AsyncIterator[Transaction]:
        if away[0]:
            raise Unavailable("The database is not available.", code="database_unavailable")
        async with write() as tx:
            yield tx

    monkeypatch.setattr(db, "write", maybe)
    return away


async def test_a_settled_request_reaches_the_database_and_leaves_the_journal(db: Database, tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    ledger = Ledger(db, folder)
    for number in range(4500):
        ledger.settle(row(f"r{number}"))
    assert ledger.backlog == 4500
    await ledger.flush()
    assert await stored(db) == 4500
    assert (ledger.backlog, list(folder.iterdir())) == (0, [])


async def test_the_background_job_writes_and_stop_drains(db: Database, tmp_path: Path) -> None:
    ledger = Ledger(db, tmp_path / "journal")
    await ledger.start()
    ledger.settle(row("a"))
    await eventually_async(lambda: ledger.backlog == 0, "the record is written behind")
    ledger.settle(row("b"))
    await ledger.stop()
    assert await stored(db) == 2


async def test_what_killed_workers_settled_is_brought_in_once(db: Database, tmp_path: Path) -> None:
    folder = tmp_path / "journal"
    settled = [killed_while_settling(folder, f"w{number}") for number in range(3)]
    # What was said to be settled is there; at most one more a worker was written and not yet said.
    ledger = Ledger(db, folder)
    assert await ledger.adopt() == 3
    await ledger.flush()
    assert sum(settled) <= await stored(db) <= sum(settled) + 3
    assert list(folder.iterdir()) == []


def killed_while_settling(folder: Path, prefix: str) -> int:
    """How many records a worker had settled when it was killed with SIGKILL."""
    command = [sys.executable, str(Path(__file__).with_name("settling.py")), str(folder), prefix]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if int(line) >= 200:
                break
        process.kill()
        said = process.stdout.read().split(b"\n")
        return max([200, *(int(text) for text in said[:-1] if text)])


async def test_replaying_the_same_journal_again_changes_nothing(db: Database, tmp_path: Path) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    for folder in (first, again):
        journal = Journal(folder)
        for number in range(700):
            journal.append(row(f"r{number}"))
        journal.close()
    for folder in (first, again):
        ledger = Ledger(db, folder)
        await ledger.adopt()
        await ledger.flush()
    async with db.read() as tx:
        totals = await spend_log.totals(tx, 0)
    assert (totals.requests, totals.spend) == (700, 4900)


async def test_with_the_database_away_the_journal_keeps_everything(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = switch(db, monkeypatch)
    folder = tmp_path / "journal"
    ledger = Ledger(db, folder)
    away[0] = True
    for number in range(5):
        ledger.settle(row(f"r{number}"))
        with pytest.raises(Unavailable):
            await ledger.flush()
    assert ledger.backlog == 5
    assert ledger.health.problem == "The database is not available."
    assert len(list(folder.iterdir())) == 2
    await ledger.stop()
    assert ledger.backlog == 0

    away[0] = False
    after_restart = Ledger(db, folder)
    assert await after_restart.adopt() == 2
    await after_restart.flush()
    assert await stored(db) == 5
    assert after_restart.health.problem is None


async def test_the_background_job_survives_a_database_that_comes_back(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = switch(db, monkeypatch)
    monkeypatch.setattr(module, "SHORTEST_PAUSE", 0.01)
    monkeypatch.setattr(module, "LONGEST_PAUSE", 0.02)
    ledger = Ledger(db, tmp_path / "journal")
    away[0] = True
    await ledger.start()
    ledger.settle(row("a"))
    await eventually_async(lambda: ledger.health.problem is not None, "the trouble shows")
    away[0] = False
    await eventually_async(lambda: ledger.backlog == 0, "the record is written in the end")
    await ledger.stop()
    assert await stored(db) == 1


async def test_a_full_disk_is_shown_and_memory_helps_out(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "MOST_IN_MEMORY", 2)
    ledger = Ledger(db, tmp_path / "journal")
    with monkeypatch.context() as disk:
        disk.setattr(os, "write", full)
        for request_id in "abc":
            ledger.settle(row(request_id))
    trouble = ledger.health
    assert (trouble.in_memory, trouble.lost) == (2, 1)
    assert trouble.problem == "The spend journal cannot be written: No space left on device."
    ledger.settle(row("d"))
    assert ledger.health.problem is None
    await ledger.flush()
    assert await stored(db) == 3
    await ledger.stop()


async def test_the_records_of_a_turn_are_one_write(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, outbox = tmp_path / "journal", Outbox(asyncio.get_running_loop())
    ledger = Ledger(db, folder)
    written: list[bytes] = []
    write = os.write

    def noted(fd: int, data: bytes) -> int:
        written.append(data)
        return write(fd, data)

    with monkeypatch.context() as disk:
        disk.setattr(os, "write", noted)
        for request_id in "abc":
            ledger.settle(row(request_id), outbox)
        assert (written, ledger.backlog) == ([], 3)
        outbox.flush_first()
        assert [msgspec.json.decode(line)[0] for line in b"".join(written).splitlines()] == ["a", "b", "c"]
        assert (len(written), ledger.backlog) == (1, 3)
        ledger.settle(row("d"), outbox)
        ledger.settle(row("e"))
        assert len(written) == 2
    ledger.settle(row("f"), outbox)
    await ledger.flush()
    assert await stored(db) == 6
    assert (ledger.backlog, list(folder.iterdir())) == (0, [])
    await ledger.stop()


async def test_a_turn_that_was_written_in_part_is_counted_once(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, outbox = Ledger(db, tmp_path / "journal"), Outbox(asyncio.get_running_loop())
    write = os.write
    with monkeypatch.context() as disk:
        disk.setattr(os, "write", lambda fd, data: write(fd, data[: len(data) // 2]))
        for request_id in "abcd":
            ledger.settle(row(request_id), outbox)
        ledger.write()
    assert ledger.health.in_memory == 4
    ledger.settle(row("e"))
    await ledger.flush()
    assert await stored(db) == 5
    assert ledger.backlog == 0
    await ledger.stop()


async def test_a_record_that_the_database_refuses_does_not_hold_up_the_others(db: Database, tmp_path: Path) -> None:
    ledger = Ledger(db, tmp_path / "journal")
    ledger.settle(row("a"))
    ledger.settle(msgspec.structs.replace(row("b"), cost=2**80))
    ledger.settle(row("c"))
    await ledger.flush()
    assert await stored(db) == 2
    assert ledger.health.refused == 1
    kept = (tmp_path / "journal" / "refused.log").read_bytes()
    assert msgspec.json.decode(kept)[0] == "b"


async def test_one_of_many_that_is_refused_or_known_keeps_out_itself_alone(db: Database, tmp_path: Path) -> None:
    ledger = Ledger(db, tmp_path / "journal")
    ledger.settle(row("r3"))
    await ledger.flush()
    for number in range(100):
        ledger.settle(row(f"r{number}"))
    ledger.settle(row("r5"))
    await ledger.flush()
    assert (await stored(db), ledger.health.refused) == (100, 0)
    for number in range(100, 180):
        ledger.settle(msgspec.structs.replace(row(f"r{number}"), cost=2**80 if number == 110 else number))
    await ledger.flush()
    assert (await stored(db), ledger.health.refused) == (179, 1)
    async with db.read() as tx:
        totals = await spend_log.totals(tx, 0)
    assert totals.spend == 100 * 7 + sum(range(100, 180)) - 110
    await ledger.stop()


async def test_uses_of_keys_are_written_and_kept_while_the_database_is_away(
    db: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns: dict[str, Any] = {"kind": "virtual", "key_name": "sk-...1", "models": [], "metadata": {}, "blocked": False}
    async with db.write() as tx:
        key_id = await keys.add(tx, uuid="u", token_hash="h", created_at=1, updated_at=1, **columns)
    away = switch(db, monkeypatch)
    uses = Uses()
    ledger = Ledger(db, tmp_path / "journal", uses)
    uses.last_used[key_id] = 5
    away[0] = True
    with pytest.raises(Unavailable):
        await ledger.note_uses()
    assert uses.last_used == {key_id: 5}
    away[0] = False
    uses.last_used[key_id] = 6
    await ledger.stop()
    assert uses.last_used == {}
    async with db.read() as tx:
        found = await keys.by_hash(tx, "h")
    assert found is not None
    assert found.last_used_at == 6
