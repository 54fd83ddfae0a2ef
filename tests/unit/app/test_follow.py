"""Every change reaches what is kept in memory, a database that goes away in the middle included."""

import pytest

from gatewright.app.follow import Follower
from gatewright.domain.errors import Unavailable
from gatewright.storage import changes
from gatewright.storage.database import Database

pytestmark = pytest.mark.anyio


async def test_what_fails_after_a_change_is_done_again(db: Database) -> None:
    heard: list[str] = []
    attempts: list[bool] = []

    async def after() -> None:
        attempts.append(len(attempts) > 0)
        if not attempts[-1]:
            raise Unavailable("away")

    follower = Follower(db, [lambda change: heard.append(change.ref)], after)
    await follower.start()
    await follower.catch_up()
    assert attempts == []
    async with db.write() as tx:
        await changes.announce(tx, "key", "one", 1)
    with pytest.raises(Unavailable):
        await follower.catch_up()
    await follower.catch_up()
    await follower.catch_up()
    assert (heard, attempts) == (["one"], [False, True])
