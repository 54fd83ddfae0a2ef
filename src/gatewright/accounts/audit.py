"""Write audit events: to the database, and to the process log for whoever reads that."""

import logging

from gatewright.accounts.limits import network_of
from gatewright.domain.clock import MINUTE, Millis
from gatewright.domain.people import Event
from gatewright.storage import audit_log
from gatewright.storage.database import Database, Transaction

# Anybody can be refused as often as they like: what one network, and what all of them, may write a minute and worker.
REFUSALS_BY_NETWORK = 60
REFUSALS = 1200
WINDOW: Millis = MINUTE
EVERYBODY = "*"
logger = logging.getLogger("gatewright.audit")


class Audit:
    """Events never hold a secret; `details` is shown to administrators."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._refused: dict[str, int] = {}
        self._window_ends: Millis = 0

    async def write(self, event: Event, tx: Transaction | None = None) -> None:
        """Writes the event, in the given transaction when it must stand or fall with that.

        Of a flood of refusals the first ones stand in the log, and one line that says that more came.
        """
        logger.info("%s %s actor=%s ref=%s", event.action, event.outcome, event.actor, event.origin.reference)
        if tx is not None:
            await audit_log.add(tx, event, self._db.clock())
            return
        if event.outcome != "ok":
            over = self._count(event)
            if over > 1:
                return
            if over == 1:
                event = Event("audit.flood", "not_written", details={"action": event.action}, origin=event.origin)
        async with self._db.write() as own:
            await audit_log.add(own, event, self._db.clock())

    def _count(self, event: Event) -> int:
        """By how many refusals this window is above its bounds, this one included."""
        now = self._db.clock()
        if now >= self._window_ends:
            self._refused.clear()
            self._window_ends = now + WINDOW
        over = 0
        for bucket, most in ((EVERYBODY, REFUSALS), (network_of(event.origin.address or ""), REFUSALS_BY_NETWORK)):
            # Above the first bound nothing is kept for the second one, which bounds the memory.
            if over == 0:
                self._refused[bucket] = count = self._refused.get(bucket, 0) + 1
                over = max(0, count - most)
        return over
