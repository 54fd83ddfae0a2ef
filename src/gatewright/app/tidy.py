"""Once an hour, forget what is over. Every worker does it; doing it twice is harmless."""

import asyncio
import logging

from gatewright.domain.errors import Unavailable
from gatewright.storage.database import Database
from gatewright.storage.retention import forget_expired

EVERY_S = 3600
logger = logging.getLogger(__name__)


async def tidy(db: Database) -> None:
    """Runs until it is cancelled."""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            async with db.write() as tx:
                await forget_expired(tx, db.clock())
        except Unavailable:
            logger.warning("expired rows stay until the next hour")
