"""Send what waits in a table, on whichever worker claims it first, and try again for some hours what fails."""

import asyncio
import logging
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from gatewright.domain.clock import HOUR, MINUTE, SECOND, Millis
from gatewright.domain.errors import GatewrightError, Unavailable
from gatewright.storage.database import Database, Transaction
from gatewright.storage.deliveries import Queue, Waiting

DELAYS: tuple[Millis, ...] = (
    10 * SECOND,
    30 * SECOND,
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
)
# A claim outlives the slowest attempt, so that a worker that died gives its rows back.
CLAIMED_FOR: Millis = MINUTE
AT_ONCE = 10
EVERY_S = 1.0
logger = logging.getLogger(__name__)
W = TypeVar("W", bound=Waiting)


class Undeliverable(GatewrightError):
    """Trying again would change nothing."""

    code = "undeliverable"
    summary = "This cannot be delivered."


class Deliveries(ABC, Generic[W]):
    """The job. `name` is what it says of itself in the log."""

    def __init__(
        self, db: Database, queue: Queue[W], name: str, *, at_once: int = AT_ONCE, claimed_for: Millis = CLAIMED_FOR
    ) -> None:
        self._db = db
        self._queue = queue
        self._name = name
        self._at_once = at_once
        self._claimed_for = claimed_for

    async def run(self) -> None:
        """Runs until it is cancelled; a database that is away is asked again."""
        round_number = 0
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.before(round_number)
                await self.deliver()
            except Unavailable:
                logger.warning("%s wait: the database cannot be read", self._name)
            round_number += 1

    async def before(self, round_number: int) -> None:
        """What else is to be done now and then."""

    async def deliver(self) -> int:
        """Sends what is due and says how many rows that were."""
        now = self._db.clock()
        async with self._db.read() as tx:
            if not await self._queue.any_due(tx, now):
                return 0
        async with self._db.write() as tx:
            claimed = await self._queue.claim(tx, now, now + self._claimed_for, self._at_once)
        await asyncio.gather(*(self._attempt(row) for row in claimed))
        return len(claimed)

    @abstractmethod
    async def send(self, row: W) -> None:
        """Raises Undeliverable to give up, Unavailable for trouble of our own, GatewrightError for another try."""

    @abstractmethod
    async def report(self, row: W, outcome: str, words: str | None = None) -> None:
        """Writes the event: `ok` or a cause code, with the cause in words."""

    async def sent(self, tx: Transaction, row: W) -> None:
        """What becomes of a row that was sent: it is forgotten."""
        await self._queue.remove(tx, row.id)

    async def _attempt(self, row: W) -> None:
        try:
            await self.send(row)
        except Unavailable:
            # Ours, not the other side's: the claim runs out and somebody tries again.
            logger.warning("%s wait: there is no key to open or sign them, or no database", self._name)
        except Undeliverable as error:
            await self._give_up(row, error.error_code, error.message)
        except GatewrightError as error:
            await self._failed(row, error)
        else:
            async with self._db.write() as tx:
                await self.sent(tx, row)
            await self.report(row, "ok")

    async def _failed(self, row: W, error: GatewrightError) -> None:
        if row.attempts > len(DELAYS):
            await self._give_up(row, "given_up", error.message)
            return
        again = self._db.clock() + DELAYS[row.attempts - 1]
        async with self._db.write() as tx:
            await self._queue.failed(tx, row.id, error.message, again)
        if row.attempts == 1:
            # The first failure and the last one; what lies between would flood the log.
            await self.report(row, error.error_code, error.message)

    async def _give_up(self, row: W, cause: str, words: str) -> None:
        async with self._db.write() as tx:
            await self._queue.remove(tx, row.id)
        await self.report(row, cause, words)
