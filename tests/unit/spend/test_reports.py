"""Reports put the spend log's figures together; the figures are tested in storage."""

import msgspec
from tests.unit.spend.settling import row

from gatewright.domain.clock import HOUR
from gatewright.spend.reports import Reports
from gatewright.storage import spend_log
from gatewright.storage.database import Database
from gatewright.storage.spend_log import HourTotals, ModelTotals


async def test_the_overview_of_everybody_and_of_one(db: Database) -> None:
    first, reports = row("a"), Reports(db)
    nothing = await reports.overview(None, first.started_at)
    assert (nothing.totals.requests, nothing.first_request_done, nothing.hours, nothing.models) == (0, False, [], [])
    yesterday = msgspec.structs.replace(row("b"), user_pk=7, started_at=first.started_at - 1)
    async with db.write() as tx:
        await spend_log.insert(tx, [first, yesterday])
    everybody = await reports.overview(None, first.started_at)
    assert everybody.totals.requests == 1
    assert everybody.hours == [HourTotals(first.started_at - first.started_at % HOUR, 1, 7)]
    assert everybody.models == [ModelTotals("chat", 1, 3, 7)]
    one = await reports.overview(7, first.started_at)
    assert (one.totals.requests, one.first_request_done) == (0, True)
    assert await reports.of_keys([1, 2]) == {1: 14}
