"""When a deployment rests, for how long, and how it comes back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.gateway.faults import Fault
from gatewright.gateway.health import TRIAL_S, Health, minute_left
from gatewright.settings.router import Router

USUAL = Router()


def call(health: Health, fault: Fault | None, now: float = 60.0) -> None:
    health.starts(now)
    if fault is None:
        health.worked(now)
    else:
        health.failed(fault, now)
    health.ends()


def test_more_than_half_of_five_calls() -> None:
    health = Health()
    for fault in (Fault.INTERNAL, Fault.INTERNAL, None, Fault.INTERNAL):
        call(health, fault)
        assert not health.deserves_rest(Fault.INTERNAL, USUAL, at_once=False)
    call(health, None)
    assert health.deserves_rest(Fault.INTERNAL, USUAL, at_once=False)
    call(health, None)
    assert not health.deserves_rest(Fault.INTERNAL, USUAL, at_once=False)


def test_another_minute_begins_anew() -> None:
    health = Health()
    for _ in range(9):
        call(health, Fault.INTERNAL, 119.9)
    assert health.deserves_rest(Fault.INTERNAL, USUAL, at_once=False)
    call(health, Fault.INTERNAL, 120.0)
    assert not health.deserves_rest(Fault.INTERNAL, USUAL, at_once=False)


def test_what_stays_wrong_rests_at_once() -> None:
    health = Health()
    call(health, Fault.AUTHENTICATION)
    assert health.deserves_rest(Fault.AUTHENTICATION, USUAL, at_once=True)


def test_so_many_failures_as_are_allowed() -> None:
    router = Router(allowed_fails=2, allowed_fails_policy={"TimeoutErrorAllowedFails": 0})
    health = Health()
    for count in range(1, 5):
        call(health, Fault.INTERNAL)
        assert health.deserves_rest(Fault.INTERNAL, router, at_once=True) is (count > 2)
    other = Health()
    call(other, Fault.TIMEOUT)
    assert other.deserves_rest(Fault.TIMEOUT, router, at_once=False)


def test_after_a_rest_one_request_finds_out() -> None:
    health = Health()
    health.rests(5, now=100)
    assert not health.is_free(104.9)
    assert health.rest_left(101) == 4
    assert health.is_free(105)
    health.starts(105)
    assert not health.is_free(106)
    health.worked(106)
    health.ends()
    assert health.is_free(106)
    assert not health.is_on_trial


def test_whoever_fails_the_trial_rests_again_whatever_the_minute_says() -> None:
    health = Health()
    for _ in range(20):
        call(health, None, 100)
    health.rests(5, now=100)
    health.starts(110)
    health.failed(Fault.INTERNAL, 110)
    assert health.deserves_rest(Fault.INTERNAL, USUAL, at_once=False)
    health.rests(5, now=110)
    assert not health.is_free(114)
    assert health.is_free(115)


def test_a_trial_that_shows_nothing_leaves_it_to_the_next() -> None:
    health = Health()
    health.rests(5, now=100)
    health.starts(105)
    health.undecided()
    health.ends()
    assert health.is_free(105)


def test_a_trial_that_takes_too_long_is_not_the_only_one() -> None:
    health = Health()
    health.rests(5, now=100)
    health.starts(105)
    assert not health.is_free(105 + TRIAL_S - 1)
    assert health.is_free(105 + TRIAL_S)


def test_an_older_request_does_not_end_the_rest() -> None:
    health = Health()
    health.starts(99)
    health.rests(5, now=100)
    health.worked(101)
    assert not health.is_free(102)


@given(
    st.lists(st.tuples(st.floats(0, 300), st.integers(0, 50)), max_size=40),
    st.integers(1, 8) | st.none(),
    st.integers(1, 100) | st.none(),
)
def test_no_minute_gets_more_than_its_share(calls: list[tuple[float, int]], rpm: int | None, tpm: int | None) -> None:
    health = Health()
    served: dict[int, list[int]] = {}
    for now, tokens in sorted(calls):
        minute = served.setdefault(int(now // 60), [])
        full = (rpm is not None and len(minute) >= rpm) or (tpm is not None and sum(minute) >= tpm)
        assert health.is_full(rpm, tpm, now) is full
        if not full:
            health.starts(now)
            health.used(tokens, now)
            health.ends()
            minute.append(tokens)
    assert health.in_flight == 0


@pytest.mark.parametrize(("now", "left"), [(0.0, 60.0), (59.0, 1.0), (60.0, 60.0), (61.5, 58.5)])
def test_how_long_the_minute_still_lasts(now: float, left: float) -> None:
    assert minute_left(now) == left


def test_a_stream_that_broke_off_was_no_success() -> None:
    health = Health()
    for _ in range(5):
        health.starts(60)
        health.worked(60)
        health.broke_off(Fault.INTERNAL, 60)
        health.ends()
    assert health.deserves_rest(Fault.INTERNAL, USUAL, at_once=False)
