"""Write audit events: to the database, and to the process log for whoever reads that."""

import logging

from gatewright.domain.people import Event
from gatewright.storage import audit_log
from gatewright.storage.database import Database, Transaction

logger = logging.getLogger("gatewright.audit")


class Audit:
    """Events never hold a secret; `details` is shown to administrators."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def write(self, event: Event, tx: Transaction | None = None) -> None:
        """Writes the event, in the given transaction when it must stand or fall with that."""
        logger.info("%s %s actor=%s ref=%s", event.action, event.outcome, event.actor, event.origin.reference)
        if tx is not None:
            await audit_log.add(tx, event, self._db.clock())
            return
        async with self._db.write() as own:
            await audit_log.add(own, event, self._db.clock())
