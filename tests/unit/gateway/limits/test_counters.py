"""The suite that counters in memory and in Valkey both pass."""

import asyncio
from collections.abc import Callable

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.gateway.limits.conftest import ManualClock, parallel, requests, tokens

from gatewright.gateway.limits.claims import Claim, Counters, Refused, Taken


async def settle(counters: Counters, claims: list[Claim], slot: str, taken: Taken, used: int | None = None) -> None:
    """Settles, and waits until it is done."""
    task = counters.settle(claims, slot, taken, used)
    if task is not None:
        await task


async def take(counters: Counters, *claims: Claim, asked: int = 1, slot: str = "s") -> Taken:
    found = await counters.take(claims, asked, slot)
    assert isinstance(found, Taken), found
    assert found.tokens == asked
    return found


async def refused(counters: Counters, *claims: Claim, asked: int = 1, slot: str = "s") -> Refused:
    found = await counters.take(claims, asked, slot)
    assert isinstance(found, Refused), found
    return found


async def test_a_limit_lets_so_many_through_and_says_when_the_next_may_come(
    counters: Counters, clock: ManualClock
) -> None:
    assert [(await take(counters, requests(3))).left for _ in range(3)] == [[2], [1], [0]]
    assert await refused(counters, requests(3)) == Refused(0, 61_000)
    clock.now += 60_999
    assert await refused(counters, requests(3)) == Refused(0, 1)
    clock.now += 1
    assert (await take(counters, requests(3))).left == [2]


async def test_the_window_slides(counters: Counters, clock: ManualClock) -> None:
    for _ in range(2):
        await take(counters, requests(2))
        clock.now += 30_000
    # The first was taken 60 seconds ago, to the second: it still counts for one more.
    assert await refused(counters, requests(2)) == Refused(0, 1_000)
    clock.now += 1_000
    assert (await take(counters, requests(2))).left == [0]
    assert await refused(counters, requests(2)) == Refused(0, 30_000)


async def test_counters_are_apart(counters: Counters) -> None:
    await take(counters, requests(1, "a"))
    await take(counters, requests(1, "b"))
    await refused(counters, requests(1, "a"))


async def test_what_is_refused_takes_nothing_of_any_limit(counters: Counters) -> None:
    await take(counters, requests(1, "small"))
    for _ in range(5):
        found = await refused(counters, requests(9), parallel(9), tokens(9), requests(1, "small"), asked=5)
        assert found.which == 3
    assert (await take(counters, requests(9), parallel(9), tokens(9), asked=5)).left == [8, 8, 4]


async def test_the_first_limit_that_is_reached_is_named(counters: Counters) -> None:
    await take(counters, requests(5), parallel(1), tokens(10), asked=10)
    assert (await refused(counters, requests(5), parallel(1), tokens(10))).which == 1
    assert (await refused(counters, requests(1), parallel(1), tokens(10))).which == 0
    assert (await refused(counters, requests(5), parallel(2), tokens(10))).which == 2


async def test_a_limit_of_zero_lets_nothing_through(counters: Counters) -> None:
    for claim in (requests(0), tokens(0), parallel(0)):
        for asked in (0, 7):
            assert (await refused(counters, claim, asked=asked)).wait > 0


async def test_slots_come_back_once(counters: Counters) -> None:
    claims = [parallel(2)]
    first, second = await take(counters, *claims, slot="a"), await take(counters, *claims, slot="b")
    assert await refused(counters, *claims, slot="c") == Refused(0, 1_000)
    await settle(counters, claims, "a", first)
    await take(counters, *claims, slot="c")
    await refused(counters, *claims, slot="d")
    await settle(counters, claims, "b", second)
    await settle(counters, claims, "c", second)
    assert (await take(counters, *claims, slot="e")).left == [1]


async def test_tokens_that_were_not_used_are_given_back(counters: Counters, clock: ManualClock) -> None:
    claims = [tokens(100)]
    taken = await take(counters, *claims, asked=80)
    await refused(counters, *claims, asked=80)
    clock.now += 5_000
    await settle(counters, claims, "s", taken, 15)
    assert (await take(counters, *claims, asked=85)).left == [0]
    # What was used counts from when it was known.
    clock.now += 56_000
    assert (await refused(counters, *claims)).wait == 5_000


async def test_tokens_that_were_used_beyond_the_claim_count_too(counters: Counters) -> None:
    claims = [tokens(100)]
    await settle(counters, claims, "s", await take(counters, *claims, asked=10), 150)
    await refused(counters, *claims)


async def test_tokens_are_given_back_to_nobody_elses_second(counters: Counters, clock: ManualClock) -> None:
    claims = [tokens(100)]
    old = await take(counters, *claims, asked=40)
    clock.now += 61_000
    await take(counters, *claims, asked=30)
    await settle(counters, claims, "s", old, 0)
    assert (await take(counters, *claims)).left == [69]


async def test_what_was_used_may_stay_unknown(counters: Counters) -> None:
    claims = [tokens(100), parallel(1)]
    await settle(counters, claims, "s", await take(counters, *claims, asked=40), None)
    assert (await take(counters, *claims, asked=40)).left == [20, 0]


async def test_a_request_for_more_than_everything_runs_alone(counters: Counters, clock: ManualClock) -> None:
    claims = [tokens(100)]
    taken = await take(counters, *claims, asked=10**9)
    assert taken.left == [0]
    await refused(counters, *claims)
    await settle(counters, claims, "s", taken, 30)
    assert (await refused(counters, *claims, asked=10**9)).which == 0
    clock.now += 61_000
    await take(counters, *claims, asked=10**9)


async def test_many_at_once_take_no_more_than_there_is(counters: Counters) -> None:
    claims = [requests(50), parallel(20), tokens(10_000)]
    found = await asyncio.gather(*(counters.take(claims, 1, f"s{number}") for number in range(200)))
    assert sum(isinstance(one, Taken) for one in found) == 20


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("take"), st.integers(1, 12)),
        st.tuples(st.just("wait"), st.integers(1, 45_000)),
        st.tuples(st.just("settle"), st.integers(0, 12)),
    ),
    max_size=40,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(steps=STEPS, rpm=st.integers(0, 5), tpm=st.integers(0, 20), slots=st.integers(0, 4))
async def test_never_more_than_the_limit_in_any_minute(
    new_counters: Callable[[], Counters],
    clock: ManualClock,
    steps: list[tuple[str, int]],
    rpm: int,
    tpm: int,
    slots: int,
) -> None:
    counters = new_counters()
    running: list[tuple[str, list[Claim], Taken]] = []
    requested: list[int] = []
    # At, and how many: what was claimed and is not settled yet, and what was used.
    claimed: dict[str, tuple[int, int]] = {}
    used: list[tuple[int, int]] = []
    for number, (step, amount) in enumerate(steps):
        if step == "wait":
            clock.now += amount
        elif step == "settle" and running:
            slot, claims, taken = running.pop(0)
            spent = min(amount, taken.tokens, tpm)
            await settle(counters, claims, slot, taken, spent)
            at, held = claimed.pop(slot)
            # A claim that is too old to count frees nothing: what was used then comes on top.
            if at > clock.now - 60_000:
                used.append((clock.now, min(spent, held)))
        elif step == "take":
            claims = [requests(rpm), tokens(tpm), parallel(slots)]
            found = await counters.take(claims, amount, f"s{number}")
            if isinstance(found, Taken):
                running.append((f"s{number}", claims, found))
                requested.append(clock.now)
                claimed[f"s{number}"] = (clock.now, min(amount, tpm))
                assert all(left >= 0 for left in found.left)
            else:
                assert 0 < found.wait <= 61_000
        minute = clock.now - 60_000
        assert sum(at > minute for at in requested) <= rpm
        assert sum(many for at, many in [*claimed.values(), *used] if at > minute) <= tpm
        assert len(running) <= slots
    for slot, claims, taken in running:
        await settle(counters, claims, slot, taken, 0)
    clock.now += 61_000
    if min(rpm, tpm, slots) > 0:
        assert (await take(counters, requests(rpm), tokens(tpm), parallel(slots))).left == [
            *(rpm - 1, tpm - 1, slots - 1)
        ]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(waits=st.lists(st.integers(0, 30_000), min_size=1, max_size=20), limit=st.integers(1, 4))
async def test_whoever_waits_as_long_as_told_is_let_through(
    new_counters: Callable[[], Counters], clock: ManualClock, waits: list[int], limit: int
) -> None:
    counters = new_counters()
    for wait in waits:
        clock.now += wait
        found = await counters.take([requests(limit)], 0, "s")
        if isinstance(found, Refused):
            clock.now += found.wait - 1
            assert (await refused(counters, requests(limit))).wait == 1
            clock.now += 1
            await take(counters, requests(limit))
