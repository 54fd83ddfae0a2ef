"""What the dashboard shows of the spend log."""

from collections.abc import Sequence

import msgspec

from gatewright.domain.clock import Millis
from gatewright.domain.money import Nanos
from gatewright.storage import spend_log
from gatewright.storage.database import Database
from gatewright.storage.spend_log import HourTotals, ModelTotals, Totals


class Overview(msgspec.Struct, frozen=True):
    """What happened since `since`, everybody's or one user's. `first_request_done` looks at all time.

    `hours` are those that saw requests (UTC, oldest first), `models` the busiest first. Money is nano-dollars.
    """

    since: Millis
    totals: Totals
    first_request_done: bool
    hours: Sequence[HourTotals]
    models: Sequence[ModelTotals]


class Reports:
    """Reads the database: a request is in it about a quarter of a second after its answer."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def overview(self, user_pk: int | None, since: Millis) -> Overview:
        """The figures of `GET /api/v1/overview`; of one user, or of everybody with None."""
        async with self._db.read() as tx:
            return Overview(
                since=since,
                totals=await spend_log.totals(tx, since, user_pk),
                first_request_done=await spend_log.has_any(tx, user_pk),
                hours=await spend_log.by_hour(tx, since, user_pk),
                models=await spend_log.by_model(tx, since, user_pk),
            )

    async def of_keys(self, key_ids: Sequence[int]) -> dict[int, Nanos]:
        """What each of these keys has spent so far; a key that spent nothing is missing."""
        async with self._db.read() as tx:
            return await spend_log.by_key(tx, key_ids)

    async def requests(self, most: int) -> int:
        """How many model requests there ever were, counted as far as `most`."""
        async with self._db.read() as tx:
            return await spend_log.count(tx, most)
