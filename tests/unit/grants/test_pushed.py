"""A pushed request is taken once, in time, by its own client."""

import asyncio

import pytest

from gatewright.grants.pushed import URN, PushedRequests
from gatewright.oidc.errors import InvalidRequest
from gatewright.storage.database import Database

from .conftest import ManualClock

pytestmark = pytest.mark.anyio
Rows = dict[str, int]
PARAMS = {"client_id": "litellm", "scope": "openid email", "state": "ä &=?", "nonce": ""}


async def test_it_comes_back_as_it_was_pushed_once(db: Database, rows: Rows) -> None:
    pushed = PushedRequests(db)
    uri = await pushed.push(rows["provider"], PARAMS)
    assert uri.startswith(URN)
    assert await pushed.take(rows["other"], uri) is None
    assert await pushed.take(rows["provider"], uri) == PARAMS
    assert await pushed.take(rows["provider"], uri) is None


async def test_of_many_at_once_exactly_one_takes_it(db: Database, rows: Rows) -> None:
    pushed = PushedRequests(db)
    uri = await pushed.push(rows["provider"], PARAMS)
    results = await asyncio.gather(*(pushed.take(rows["provider"], uri) for _ in range(8)))
    assert results.count(None) == 7


async def test_it_lives_a_minute(db: Database, rows: Rows, clock: ManualClock) -> None:
    pushed = PushedRequests(db)
    uri = await pushed.push(rows["provider"], PARAMS)
    clock.now += 60_000
    assert await pushed.take(rows["provider"], uri) is None


@pytest.mark.parametrize("uri", ["", URN, URN + "x" * 10_000, "https://evil.example/request", "\x00"])
async def test_what_was_never_pushed(db: Database, rows: Rows, uri: str) -> None:
    assert await PushedRequests(db).take(rows["provider"], uri) is None


async def test_it_has_a_bound(db: Database, rows: Rows) -> None:
    with pytest.raises(InvalidRequest):
        await PushedRequests(db).push(rows["provider"], {"state": "/" * 10_000})
