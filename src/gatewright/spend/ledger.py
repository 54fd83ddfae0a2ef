"""What requests used, written behind: in the journal before the answer ends, in the database a moment later.

Loses nothing and counts nothing twice: a record leaves the journal only when the database has it, and the database
takes a request id once. While the database is down the journal grows and the requests go on.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Protocol

import msgspec

from gatewright.domain.clock import Millis
from gatewright.domain.errors import Unavailable
from gatewright.spend.journal import Journal, Segment, line_of
from gatewright.storage import keys, spend_log
from gatewright.storage.database import Database
from gatewright.storage.spend_log import RowsRefused, SpendRow
from gatewright.upstreams.outbox import Outbox

BATCH = 2000
"""Records of one transaction, which takes about 20 ms; as many that wait are written at once."""

PERIOD = 0.25
"""Seconds that a record waits for company."""

SWEEP = 5.0
"""Seconds between two looks for the journals of dead workers, and for keys that were used."""

MOST_IN_MEMORY = 20_000
"""Records kept in memory while the journal's disk takes none, about 10 MB."""

SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
"""Seconds to the next attempt after the database failed; doubled each time."""

logger = logging.getLogger(__name__)


class KeyUses(Protocol):
    """Who notes when keys are used: the key ring. Swapped for an empty one when it is written."""

    last_used: dict[int, Millis]


class LedgerHealth(msgspec.Struct, frozen=True):
    """For the readiness answer. `backlog` records wait for the database, `in_memory` of them only in memory.

    `lost` records found neither disk nor memory; `refused` ones the database would not take and are kept beside the
    journal. `problem` is what is wrong now, None when nothing is.
    """

    backlog: int
    in_memory: int
    lost: int
    refused: int
    problem: str | None


class Ledger:
    """One for a worker. `start` it before the first request and `stop` it after the last one."""

    def __init__(self, db: Database, directory: Path, uses: KeyUses | None = None) -> None:
        self._db = db
        self._directory = directory
        self._uses = uses
        self._journal = Journal(directory)
        self._unwritten: list[SpendRow] = []
        self._lines: list[bytes] = []  # of what is unwritten
        self._in_memory: list[SpendRow] = []
        self._lost = self._refused = 0
        self._disk_problem: str | None = None
        self._database_problem: str | None = None
        self._fresh = 0
        self._pause = SHORTEST_PAUSE
        self._some, self._many = asyncio.Event(), asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    def settle(self, row: SpendRow, outbox: Outbox | None = None) -> None:
        """Records a request for good: when this returns, killing the process loses nothing. Trouble is in `health`.

        With an outbox the same is true only once that sends anything: then all records of a turn are one write.
        """
        self._lines.append(line_of(row))
        self._unwritten.append(row)
        if outbox is None:
            self.write()
        elif len(self._unwritten) == 1:
            outbox.add_first(self.write)
        self._fresh += 1
        if self._fresh == 1:
            self._some.set()
        elif self._fresh == BATCH:
            self._many.set()

    def write(self) -> None:
        """Has the journal take what waits for company. Never raises."""
        if not self._unwritten:
            return
        lines, rows = self._lines, self._unwritten
        self._lines, self._unwritten = [], []
        try:
            self._journal.write(rows, lines)
            self._disk_problem = None
        except OSError as error:
            self._keep_in_memory(rows, error)

    @property
    def backlog(self) -> int:
        """Records that the database does not have yet."""
        return self._journal.rows + len(self._in_memory) + len(self._unwritten)

    @property
    def health(self) -> LedgerHealth:
        return LedgerHealth(
            backlog=self.backlog,
            in_memory=len(self._in_memory),
            lost=self._lost,
            refused=self._refused,
            problem=self._disk_problem or self._database_problem,
        )

    async def start(self) -> None:
        """Starts the writing behind; the first thing it does is to bring in what dead workers left."""
        self._task = asyncio.create_task(self._run(), name="spend ledger")

    async def stop(self) -> None:
        """Writes what is left. With the database down it stays in the journal for the next start."""
        if self._task is not None:
            async with self._one_at_a_time:
                self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        try:
            await self.flush()
            await self.note_uses()
        except Unavailable:
            logger.warning("%d spend records stay in the journal for the next start", self.backlog)
        self._journal.close()

    async def adopt(self) -> int:
        """Takes over the journals of dead workers for the next `flush`; says how many files."""
        return await asyncio.to_thread(self._journal.adopt)

    async def flush(self) -> None:
        """Brings everything that is settled into the database. Raises Unavailable when that is down."""
        async with self._one_at_a_time:
            self._fresh = 0
            self._some.clear()
            self._many.clear()
            self.write()
            try:
                await self._flush_memory()
                for segment in tuple(self._journal.sealed):
                    await self._flush_segment(segment)
                # Sealed last: with the database down there is one growing file, not one for each attempt.
                if (last := self._journal.seal()) is not None:
                    await self._flush_segment(last)
            except Unavailable as error:
                self._database_problem = error.message
                raise
            self._database_problem = None
            self._pause = SHORTEST_PAUSE

    async def note_uses(self) -> None:
        """Writes when keys were last used. Raises Unavailable when the database is down; nothing is forgotten then."""
        uses = self._uses
        if uses is None or not uses.last_used:
            return
        noted, uses.last_used = uses.last_used, {}
        try:
            async with self._db.write() as tx:
                await keys.used(tx, noted)
        except Unavailable:
            uses.last_used = noted | uses.last_used
            raise

    async def _run(self) -> None:
        while True:
            try:
                await self.adopt()
                await self._rounds()
            except Unavailable as error:
                logger.warning("spend records wait in the journal (%d): %s", self.backlog, error.message)
            except Exception:  # the one boundary of this job: it must outlive whatever goes wrong in a round
                logger.exception("the spend ledger failed and will try again")
            await asyncio.sleep(self._pause)
            self._pause = min(self._pause * 2, LONGEST_PAUSE)

    async def _rounds(self) -> None:
        loop = asyncio.get_running_loop()
        sweep_at = loop.time() + SWEEP
        while True:
            await self.flush()
            if loop.time() >= sweep_at:
                await self.note_uses()
                await self.adopt()
                sweep_at = loop.time() + SWEEP
            if await _within(self._some, sweep_at - loop.time()):
                await _within(self._many, PERIOD)

    async def _flush_segment(self, segment: Segment) -> None:
        batches = segment.batches(BATCH)
        try:
            while batch := next(batches, None) if segment.kept else await asyncio.to_thread(next, batches, None):
                await self._insert(batch)
        finally:
            batches.close()
        self._journal.drop(segment)

    async def _flush_memory(self) -> None:
        while batch := list(islice(self._in_memory, BATCH)):
            await self._insert(batch)
            del self._in_memory[: len(batch)]

    async def _insert(self, rows: Sequence[SpendRow]) -> None:
        try:
            async with self._db.write() as tx:
                await spend_log.insert(tx, rows)
        except RowsRefused:
            if len(rows) > 1:
                for row in rows:
                    await self._insert((row,))
                return
            self._set_aside(rows[0])

    def _set_aside(self, row: SpendRow) -> None:
        """One record that the database will never take must not hold up all others."""
        self._refused += 1
        logger.exception("the database does not take the spend record %s; it is kept in refused.log", row.request_id)
        with (self._directory / "refused.log").open("ab") as file:
            file.write(msgspec.json.encode(row) + b"\n")

    def _keep_in_memory(self, rows: Sequence[SpendRow], error: OSError) -> None:
        if self._disk_problem is None:
            logger.error("the spend journal cannot be written: %s", error)
        self._disk_problem = f"The spend journal cannot be written: {error.strerror}."
        room = max(0, MOST_IN_MEMORY - len(self._in_memory))
        self._in_memory.extend(rows[:room])
        for row in rows[room:]:
            self._lost += 1
            logger.error("spend record lost: %s", msgspec.json.encode(row).decode())


async def _within(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event came within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
