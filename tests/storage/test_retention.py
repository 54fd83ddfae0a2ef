"""What is over is forgotten; what can still be used or replayed stays."""

from sqlalchemy import func, insert, select

from gatewright.domain.clock import DAY, HOUR
from gatewright.domain.people import Event
from gatewright.storage import audit_log, changes, tables
from gatewright.storage.database import Database
from gatewright.storage.retention import forget_expired
from gatewright.storage.tables import attempts, one_time_links

NOW = 1000 * DAY


async def test_only_what_is_over_goes(db: Database) -> None:
    async with db.write() as tx:
        for name, expires_at in (("old", NOW - 2 * DAY), ("just over", NOW - HOUR), ("alive", NOW + HOUR)):
            values = {"token_hash": name, "purpose": "setup", "created_at": 0, "expires_at": expires_at}
            await tx.execute(insert(one_time_links).values(values))
        for bucket, resets_at in (("over", NOW - 1), ("running", NOW + 1)):
            await tx.execute(insert(attempts).values(bucket=bucket, count=1, resets_at=resets_at))
        for at in (NOW - 500 * DAY, NOW - 300 * DAY):
            await audit_log.add(tx, Event("logout", "ok"), at)
        for at in (NOW - 3 * HOUR, NOW - 2 * HOUR):
            await changes.announce(tx, "key", "a", at)
    async with db.write() as tx:
        await forget_expired(tx, NOW)
        links = set((await tx.execute(select(one_time_links.c.token_hash))).scalars())
        buckets = set((await tx.execute(select(attempts.c.bucket))).scalars())
        left = await changes.since(tx, 0)
        newest = await changes.newest(tx)
        events = await audit_log.newest(tx, 10)
    assert [event["at"] for event in events] == [NOW - 300 * DAY]
    assert links == {"just over", "alive"}
    assert buckets == {"running"}
    assert [change.id for change in left] == [newest]


async def test_ids_of_changes_go_on_after_forgetting(db: Database) -> None:
    async with db.write() as tx:
        await changes.announce(tx, "key", "a", 0)
        before = await changes.newest(tx)
    async with db.write() as tx:
        await forget_expired(tx, NOW)
        await changes.announce(tx, "key", "b", NOW)
        count = (await tx.execute(select(func.count()).select_from(tables.changes))).scalar()
        assert await changes.newest(tx) > before
    assert count == 2
