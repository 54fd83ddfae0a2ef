"""Guesses of a second factor: few, and each pause longer than the one before, however many come at once.

And passwords: what is wrong counts for the address, what is right does not.
"""

import asyncio
import contextlib

import pytest

from gatewright.accounts.limits import (
    FREE_GUESSES,
    GUESSES_REMEMBERED,
    LONGEST_PAUSE,
    Limits,
    pause_after,
)
from gatewright.domain.clock import DAY, MINUTE
from gatewright.domain.errors import TooManyRequests
from gatewright.domain.guess_limits import GuessLimits
from gatewright.storage.database import Database

pytestmark = pytest.mark.anyio


class Clock:
    now = 1_800_000_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def clock(db: Database) -> Clock:
    db.clock = Clock()
    return db.clock


async def at_once(limits: Limits, user_pk: int, many: int) -> int:
    """How many of so many guesses at the same moment are let in."""
    results = await asyncio.gather(*(limits.count_guess(user_pk) for _ in range(many)), return_exceptions=True)
    assert all(one is None or isinstance(one, TooManyRequests) for one in results), results
    return sum(one is None for one in results)


async def test_parallel_guesses_do_not_slip_past(db: Database, clock: Clock) -> None:
    limits = Limits(db)
    assert await at_once(limits, 1, 12) == FREE_GUESSES
    assert await at_once(limits, 2, 3) == 3, "somebody else's guesses are their own"
    for doubling in range(4):
        clock.now += (MINUTE << doubling) - 1
        assert await at_once(limits, 1, 3) == 0
        clock.now += 1
        assert await at_once(limits, 1, 3) == 1
    await limits.forgive_guesses(1)
    assert await at_once(limits, 1, 12) == FREE_GUESSES


async def test_a_month_of_guessing_is_a_few_dozen_guesses(db: Database, clock: Clock) -> None:
    limits, start, guesses = Limits(db), clock.now, 0
    while clock.now < start + GUESSES_REMEMBERED:
        try:
            await limits.count_guess(1)
            guesses += 1
        except TooManyRequests as error:
            clock.now += error.retry_after * 1000
    assert guesses == 44


def test_a_pause_grows_to_a_day() -> None:
    pauses = [pause_after(guesses) for guesses in range(60)]
    assert pauses == sorted(pauses)
    assert pauses[FREE_GUESSES - 1 : FREE_GUESSES + 2] == [0, MINUTE, 2 * MINUTE]
    assert pauses[-1] == LONGEST_PAUSE == DAY


async def test_good_sign_ins_close_no_address(db: Database, clock: Clock) -> None:
    limits = Limits(db)
    for number in range(GuessLimits().by_address + 5):
        await limits.count_sign_in([f"user:{number}"], "192.0.2.1")
        await limits.forgive([f"user:{number}"], "192.0.2.1")
    for number in range(GuessLimits().by_address):
        await limits.count_sign_in([f"name:{number}"], "192.0.2.1")
        # Whoever has an account of their own gets no more guesses at others' by it.
        with contextlib.suppress(TooManyRequests):
            await limits.count_sign_in(["user:own"], "192.0.2.1")
            await limits.forgive(["user:own"], "192.0.2.1")
    with pytest.raises(TooManyRequests):
        await limits.count_sign_in(["name:another"], "192.0.2.1")
    await limits.count_sign_in(["name:another"], "192.0.2.2")


async def test_whoever_is_over_the_limit_is_blocked_from_then_on(db: Database, clock: Clock) -> None:
    """`failed_login_block_seconds`: neither the window's end nor more attempts change when it ends."""
    limits = Limits(db, GuessLimits(by_account=2, by_address=9, window=MINUTE, block=5 * MINUTE))
    for _ in range(2):
        await limits.count_sign_in(["user:1"], "192.0.2.1")
    with pytest.raises(TooManyRequests) as first:
        await limits.count_sign_in(["user:1"], "192.0.2.1")
    assert first.value.retry_after == 300
    clock.now += 4 * MINUTE
    with pytest.raises(TooManyRequests) as second:
        await limits.count_sign_in(["user:1"], "192.0.2.1")
    assert second.value.retry_after == 60
    clock.now += MINUTE
    await limits.count_sign_in(["user:1"], "192.0.2.1")
