"""Messages that wait: claimed by one worker at a time, due again when it died, forgotten when they are of no use."""

from gatewright.domain.clock import DAY
from gatewright.storage import emails
from gatewright.storage.database import Database
from gatewright.storage.retention import forget_expired


async def test_a_claim_is_one_workers_until_it_runs_out(db: Database) -> None:
    async with db.write() as tx:
        assert not await emails.QUEUE.any_due(tx, 5)
        for number in range(3):
            await emails.add(tx, "test", b"sealed %d" % number, 5, 100)
    async with db.write() as tx:
        first = await emails.QUEUE.claim(tx, 5, 20, 2)
    async with db.write() as tx:
        second = await emails.QUEUE.claim(tx, 5, 20, 2)
        assert await emails.QUEUE.claim(tx, 19, 40, 9) == []
    # An UPDATE answers its rows in no order.
    assert sorted(one.content for one in first) == [b"sealed 0", b"sealed 1"]
    assert [(one.content, one.attempts) for one in second] == [(b"sealed 2", 1)]
    async with db.write() as tx:
        await emails.QUEUE.failed(tx, second[0].id, "why", 30)
        assert await emails.QUEUE.remove(tx, first[0].id)
        assert not await emails.QUEUE.remove(tx, first[0].id)
        again = await emails.QUEUE.claim(tx, 20, 60, 9)
    assert [(one.id, one.attempts) for one in again] == [(first[1].id, 2)]


async def test_a_number_is_never_given_twice(db: Database) -> None:
    numbers = []
    for _ in range(2):
        async with db.write() as tx:
            await emails.add(tx, "test", b"sealed", 5, 100)
            [row] = await emails.QUEUE.claim(tx, 5, 20, 1)
            assert await emails.QUEUE.remove(tx, row.id)
            numbers.append(row.id)
    assert numbers[0] < numbers[1]


async def test_what_is_of_no_use_is_forgotten(db: Database) -> None:
    async with db.write() as tx:
        await emails.add(tx, "test", b"old", 5, 100)
        await emails.add(tx, "test", b"new", 5, DAY + 200)
        await forget_expired(tx, DAY + 101)
        [left] = await emails.QUEUE.claim(tx, DAY, DAY, 9)
    assert left.content == b"new"
