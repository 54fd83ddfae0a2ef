"""Sign-ins that race, on SQLite and on PostgreSQL: a state works once, and a person is made once."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.sso.provider import FakeProvider
from tests.unit.sso.stage import ManualClock, Stage, generic, sign_in

from gatewright.storage import login_transactions
from gatewright.storage.database import Database
from gatewright.storage.login_transactions import LoginTransaction
from gatewright.web.cookies import LOGIN

pytestmark = pytest.mark.anyio


@pytest.fixture
async def provider(db: Database) -> AsyncIterator[FakeProvider]:
    db.clock = ManualClock()
    fake = FakeProvider(db.clock)
    server = await fake.start()
    async with server:
        yield fake


@pytest.fixture
async def stage(db: Database, provider: FakeProvider, tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(db, tmp_path, generic(provider.origin))
    yield stage
    await stage.close()


async def test_a_transaction_is_taken_once_and_comes_back_whole(db: Database) -> None:
    row = LoginTransaction("s" * 64, "b" * 64, "generic", "n", b"\x01\xff", "/ui/", None, 1, 2)
    async with db.write() as tx:
        await login_transactions.add(tx, row)
    async with db.write() as tx:
        assert await login_transactions.take(tx, "other") is None
        assert await login_transactions.take(tx, "s" * 64) == row
    async with db.write() as tx:
        assert await login_transactions.take(tx, "s" * 64) is None


async def test_of_parallel_callbacks_with_one_state_exactly_one_wins(stage: Stage, provider: FakeProvider) -> None:
    browser = stage.browser()
    begun = await browser.get("/sso/key/generate")
    back = provider.authorize(begun.headers["location"])
    binding = browser.cookies[LOGIN]
    racers = [stage.browser() for _ in range(6)]
    for racer in racers:
        racer.cookies.set(LOGIN, binding)
    answers = await asyncio.gather(*(racer.get(f"/sso/callback?{back}") for racer in racers))
    assert sorted(answer.status_code for answer in answers) == [303, 400, 400, 400, 400, 400]
    assert len(provider.seen("/token")) == 1


async def test_parallel_first_sign_ins_of_one_person_make_one_user(stage: Stage, provider: FakeProvider) -> None:
    browsers = [stage.browser() for _ in range(5)]
    answers = await asyncio.gather(*(sign_in(stage, provider, browser) for browser in browsers))
    assert [answer.status_code for answer in answers] == [303] * 5
    assert [user.username for user in await stage.everybody()] == ["ada"]
