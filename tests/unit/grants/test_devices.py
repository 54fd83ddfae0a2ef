"""A device waits, a person answers once, the device collects once (RFC 8628)."""

import asyncio
import re

import pytest
from sqlalchemy import select

from gatewright.domain.people import Origin
from gatewright.grants.devices import Devices, Started
from gatewright.grants.tokens import Issued, NewTokens, Tokens
from gatewright.oidc.errors import OAuthError
from gatewright.storage.database import Database
from gatewright.storage.tables import device_codes

from .conftest import ManualClock, living

pytestmark = pytest.mark.anyio
Rows = dict[str, int]


class Stage:
    def __init__(self, db: Database, rows: Rows) -> None:
        self.rows = rows
        self.tokens = Tokens(db)
        self.devices = Devices(db, self.tokens)

    async def start(self) -> Started:
        origin = Origin(address="192.0.2.7", user_agent="tv")
        return await self.devices.start(self.rows["provider"], "openid", ("https://api.example",), origin)

    async def approve(self, code: str) -> bool:
        return await self.devices.approve(code, self.rows["user"], self.rows["session"]) is not None

    async def poll(self, device_code: str, provider: str = "provider") -> Issued | tuple[str, str]:
        try:
            row = await self.devices.look(device_code, self.rows[provider])
            new = NewTokens(row.device_code_hash, row.provider_id, row.user_pk or 0, None, row.scope, 600_000)
            return await self.devices.redeem(row, new)
        except OAuthError as error:
            return error.error, error.cause


@pytest.fixture
def stage(db: Database, rows: Rows) -> Stage:
    return Stage(db, rows)


async def test_the_way_of_a_device(stage: Stage, clock: ManualClock, db: Database) -> None:
    started = await stage.start()
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", started.user_code)
    assert (started.expires_in, started.interval) == (600, 5)
    assert await stage.poll(started.device_code) == ("authorization_pending", "authorization_pending")
    clock.now += 5_000
    assert await stage.poll(started.device_code) == ("authorization_pending", "authorization_pending")
    waiting = await stage.devices.waiting(started.user_code.lower().replace("-", " "))
    assert waiting is not None
    assert (waiting.address, waiting.scope, waiting.resource) == ("192.0.2.7", "openid", ("https://api.example",))
    assert await stage.approve(started.user_code)
    assert not await stage.approve(started.user_code)
    assert await stage.devices.deny(started.user_code) is None
    issued = await stage.poll(started.device_code)
    assert isinstance(issued, Issued)
    assert await living(db, issued.jti) is not None
    assert await stage.poll(started.device_code) == ("invalid_grant", "device_code_replayed")
    assert await living(db, issued.jti) is None
    async with db.read() as tx:
        stored = str((await tx.execute(select(device_codes))).all())
    assert started.device_code not in stored
    assert started.user_code.replace("-", "") not in stored


async def test_of_many_polls_at_once_exactly_one_collects(stage: Stage) -> None:
    for _ in range(4):
        started = await stage.start()
        assert await stage.approve(started.user_code)
        results = await asyncio.gather(*(stage.poll(started.device_code) for _ in range(6)))
        winners = [result for result in results if isinstance(result, Issued)]
        assert len(winners) == 1
        assert results.count(("invalid_grant", "device_code_replayed")) == 5


async def test_who_asks_too_often_waits_longer(stage: Stage, clock: ManualClock) -> None:
    started = await stage.start()
    await stage.poll(started.device_code)
    clock.now += 3_000
    assert await stage.poll(started.device_code) == ("slow_down", "slow_down")
    clock.now += 5_000
    assert await stage.poll(started.device_code) == ("slow_down", "slow_down")
    clock.now += 15_000
    assert (await stage.poll(started.device_code))[0] == "authorization_pending"  # type: ignore[index]  # no Issued


async def test_a_no_and_the_end_of_time(stage: Stage, clock: ManualClock) -> None:
    denied, late, approved = await stage.start(), await stage.start(), await stage.start()
    assert await stage.devices.deny(denied.user_code) is not None
    assert not await stage.approve(denied.user_code)
    assert await stage.poll(denied.device_code) == ("access_denied", "device_denied")
    assert await stage.approve(approved.user_code)
    clock.now += 600_000
    assert await stage.devices.waiting(late.user_code) is None
    assert not await stage.approve(late.user_code)
    assert await stage.poll(late.device_code) == ("expired_token", "device_code_expired")
    assert await stage.poll(approved.device_code) == ("expired_token", "device_code_expired")


async def test_another_client_collects_nothing(stage: Stage) -> None:
    started = await stage.start()
    assert await stage.approve(started.user_code)
    stolen = await stage.poll(started.device_code, "other")
    assert stolen == ("invalid_grant", "device_code_of_another_client")
    assert isinstance(await stage.poll(started.device_code), Issued)


@pytest.mark.parametrize("code", ["", "x", "x" * 10_000, "\x00", "é"])
async def test_unknown_codes(stage: Stage, code: str) -> None:
    assert await stage.poll(code) == ("invalid_grant", "device_code_unknown")
    assert await stage.devices.waiting(code) is None
    assert not await stage.approve(code)
