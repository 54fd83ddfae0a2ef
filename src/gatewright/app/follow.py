"""Follow the change sequence, so that a revocation or a new model is on every worker within a second."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from gatewright.domain.errors import Unavailable
from gatewright.storage import changes
from gatewright.storage.changes import Change
from gatewright.storage.database import Database

EVERY_S = 0.5
logger = logging.getLogger(__name__)


class Follower:
    """Polls, and hands each change to everybody who keeps something in memory."""

    def __init__(self, db: Database, listeners: list[Callable[[Change], None]], after: Callable[[], Awaitable[None]]):
        self._db = db
        self._listeners = listeners
        self._after = after
        self._last = 0
        self._is_behind = False

    async def start(self) -> None:
        """Notes where the sequence stands. Call it before anything is read into memory."""
        async with self._db.read() as tx:
            self._last = await changes.newest(tx)

    async def catch_up(self) -> None:
        """Reads what is new and hands it on. What fails after that is done again with the next call.

        Raises Unavailable.
        """
        async with self._db.read() as tx:
            found = await changes.since(tx, self._last)
        for change in found:
            for listener in self._listeners:
                listener(change)
            self._last = change.id
        self._is_behind = self._is_behind or bool(found)
        if self._is_behind:
            await self._after()
            self._is_behind = False

    async def run(self) -> None:
        """Polls until it is cancelled; a database that is away is asked again."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.catch_up()
            except Unavailable:
                logger.warning("the change sequence cannot be read; trying again")
