"""Write what expressions note with ak_create_event to the audit log: so much a minute and worker."""

from collections.abc import Sequence

from gatewright.accounts.audit import Audit
from gatewright.domain.clock import MINUTE, Clock, Millis
from gatewright.domain.people import Event, Origin, User
from gatewright.idp.expressions.engine import Noted

MOST = 60
WINDOW: Millis = MINUTE
ACTION_CHARS = 64


class NotedEvents:
    """Each call of a mapping may note something: a busy sign-in page must not fill the log."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit = audit
        self._clock = clock
        self._count = 0
        self._window_ends: Millis = 0

    async def write(self, noted: Sequence[Noted], mapping: str, user: User, origin: Origin) -> None:
        """Writes the events. Of those over the bound only the first is written, and says so."""
        for one in noted:
            now = self._clock()
            if now >= self._window_ends:
                self._count, self._window_ends = 0, now + WINDOW
            self._count += 1
            if self._count > MOST + 1:
                return
            details = {"action": one.action[:ACTION_CHARS], "fields": one.fields}
            if self._count > MOST:
                details = {"flood": f"more than {MOST} events a minute are not written"}
            await self._audit.write(Event("idp.expression", "ok", user.user_id, mapping, details, origin))
