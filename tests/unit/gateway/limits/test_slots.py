"""Slots of workers that run on, of workers that were killed, and counters that were lost."""

import asyncio
from uuid import uuid4

import pytest
from tests.unit.gateway.limits.conftest import ManualClock, parallel, requests, tokens

from gatewright.gateway.limits import valkey as module
from gatewright.gateway.limits.claims import Refused, Taken
from gatewright.gateway.limits.memory import MemoryCounters
from gatewright.gateway.limits.valkey import SLOT_LIFE, ValkeyCounters
from gatewright.outbound.valkey import Valkey


async def test_slots_of_a_killed_worker_come_back(valkey: Valkey, clock: ManualClock) -> None:
    prefix = uuid4().hex
    killed, alive = ValkeyCounters(valkey, prefix, clock), ValkeyCounters(valkey, prefix, clock)
    assert isinstance(await killed.take([parallel(1)], 5, "a"), Taken)
    clock.now += SLOT_LIFE - 1
    await alive.keep()
    assert isinstance(await alive.take([parallel(1)], 5, "b"), Refused)
    clock.now += 1
    assert isinstance(await alive.take([parallel(1)], 5, "b"), Taken)


@pytest.mark.parametrize("at_once", [500, 2])
async def test_slots_of_long_requests_are_kept(
    valkey: Valkey, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(module, "AT_ONCE", at_once)
    prefix = uuid4().hex
    counters, other = ValkeyCounters(valkey, prefix, clock), ValkeyCounters(valkey, prefix, clock)
    claims = [parallel(3, "a"), parallel(9, "b")]
    for number in range(3):
        assert isinstance(await counters.take(claims, 5, f"s{number}"), Taken)
    for _ in range(5):
        clock.now += SLOT_LIFE - 1
        await counters.keep()
        assert isinstance(await other.take(claims, 5, "late"), Refused)
    task = counters.settle(claims, "s0", Taken(0, 0, []), None)
    assert task is not None
    await task
    await counters.keep()
    assert isinstance(await other.take(claims, 5, "late"), Taken)
    assert isinstance(await other.take(claims, 5, "later"), Refused)


async def test_a_slot_that_was_freed_is_kept_no_longer(valkey: Valkey, clock: ManualClock) -> None:
    counters = ValkeyCounters(valkey, uuid4().hex, clock)
    claims = [parallel(1)]
    taken = await counters.take(claims, 5, "a")
    assert isinstance(taken, Taken)
    held = dict(counters._held)
    task = counters.settle(claims, "a", taken, None)
    assert task is not None
    await task
    assert counters._held == {}
    # One that was on its way to be prolonged does not come back.
    counters._held.update(held)
    await counters.keep()
    assert isinstance(await counters.take(claims, 5, "b"), Taken)


async def test_a_slot_that_was_refused_is_not_kept(valkey: Valkey, clock: ManualClock) -> None:
    counters = ValkeyCounters(valkey, uuid4().hex, clock)
    assert isinstance(await counters.take([parallel(0)], 5, "a"), Refused)
    assert counters._held == {}


async def test_settling_goes_on_when_nobody_waits_for_it(valkey: Valkey, clock: ManualClock) -> None:
    counters = ValkeyCounters(valkey, uuid4().hex, clock)
    taken = await counters.take([parallel(1)], 5, "a")
    assert isinstance(taken, Taken)
    counters.settle([parallel(1)], "a", taken, None)
    await counters.stop()
    assert isinstance(await counters.take([parallel(1)], 5, "b"), Taken)


async def test_counters_that_were_lost_never_fall_below_nothing(valkey: Valkey, clock: ManualClock) -> None:
    counters = ValkeyCounters(valkey, uuid4().hex, clock)
    claims = [tokens(100), parallel(2)]
    taken = await counters.take(claims, 5, "a")
    assert isinstance(taken, Taken)
    await valkey._client.flushall()
    for _ in range(2):
        task = counters.settle(claims, "a", taken, 0)
        assert task is not None
        await task
    found = await counters.take(claims, 5, "b")
    assert isinstance(found, Taken)
    assert found.left == [95, 1]


async def test_the_servers_clock_counts_without_one(valkey: Valkey) -> None:
    counters = ValkeyCounters(valkey, uuid4().hex)
    claims = [requests(2), tokens(10), parallel(1)]
    taken = await counters.take(claims, 5, "a")
    assert isinstance(taken, Taken)
    assert taken.second > 1_700_000_000
    await counters.keep()
    refused = await counters.take(claims, 5, "b")
    assert refused == Refused(2, 1_000)
    task = counters.settle(claims, "a", taken, 3)
    assert task is not None
    await task
    assert isinstance(await counters.take(claims, 5, "b"), Taken)
    refused = await counters.take([requests(2)], 5, "c")
    assert isinstance(refused, Refused)
    assert 58_000 < refused.wait <= 61_000


async def test_keys_in_valkey_go_away_by_themselves(valkey: Valkey) -> None:
    prefix = uuid4().hex
    counters = ValkeyCounters(valkey, prefix)
    await counters.take([requests(2), tokens(10), parallel(1)], 5, "a")
    names = await valkey._client.keys(f"{{{prefix}}}*")
    assert len(names) == 3
    for name in names:
        assert 0 < await valkey._client.pttl(name) <= 62_000


async def test_installations_are_apart(valkey: Valkey) -> None:
    one, other = ValkeyCounters(valkey, uuid4().hex), ValkeyCounters(valkey, uuid4().hex)
    for counters in (one, other):
        assert isinstance(await counters.take([requests(1)], 5, "a"), Taken)


async def test_local_limits_are_divided_by_the_workers(clock: ManualClock) -> None:
    workers = [MemoryCounters(clock, share=3) for _ in range(3)]
    for claim, each in ((requests(10, "a"), 3), (parallel(7, "b"), 2), (requests(2, "c"), 1), (requests(0, "d"), 0)):
        for counters in workers:
            found = [await counters.take([claim], 5, str(number)) for number in range(10)]
            assert sum(isinstance(one, Taken) for one in found) == each, claim


async def test_memory_forgets_empty_windows(clock: ManualClock) -> None:
    counters = MemoryCounters(clock)
    for number in range(3000):
        await counters.take([requests(5, f"k{number}")], 5, "s")
        clock.now += 100
    assert len(counters._windows) <= 1024 + 610


async def test_workers_share_what_valkey_counts(valkey: Valkey) -> None:
    prefix = uuid4().hex
    workers = [ValkeyCounters(valkey, prefix) for _ in range(4)]
    claims = [requests(60), parallel(25), tokens(1000)]
    found = await asyncio.gather(*(workers[number % 4].take(claims, 5, f"s{number}") for number in range(200)))
    assert sum(isinstance(one, Taken) for one in found) == 25
