"""Whom of a group one request asks, in which order, and how often."""

from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.members import group, ids, member

from gatewright.domain.errors import BadInput, UpstreamFailed
from gatewright.gateway.faults import Fault, fault_of
from gatewright.gateway.group import Group, Member, NobodyForTags
from gatewright.gateway.outcome import Failure
from gatewright.gateway.search import Search
from gatewright.gateway.terms import terms_of, timeouts_of
from gatewright.settings.router import Router
from gatewright.translation.halves import ProviderError

USUAL = Router()


def search(found: Group, router: Router = USUAL, wished: int | None = None) -> Search:
    return Search(found, router, lambda: 0.0, wished=wished, stream=False)


def failure(status: int, fault: Fault | None = None, wait: float | None = None) -> Failure:
    return Failure(fault or fault_of(status, ProviderError("")), status, UpstreamFailed(), asked_wait_s=wait)


def asked(found: Group, statuses: Any, router: Router = USUAL, wished: int | None = None) -> list[str | float]:
    """Who is asked when everybody fails with the next of these statuses: ids, and the waits between."""
    one = search(found, router, wished)
    trail: list[str | float] = []
    here = one.fresh(60.0)
    for status in statuses:
        if here is None:
            return trail
        trail.append(here.deployment.id)
        then = one.after(failure(status), here, 60.0)
        if then is None:
            return trail
        if then.member is None:
            trail.append(then.pause_s)
        here = then.member or one.again(60.0)
    return trail


FOREVER = [500] * 50


def test_each_deployment_before_any_is_asked_again() -> None:
    assert asked(group(member("a"), member("b"), member("c")), FOREVER) == ["a", "b", "c"]
    assert asked(group(member("a"), member("b")), FOREVER) == ["a", "b", 1.0, "a"]
    assert asked(group(member("a", alone=True)), FOREVER) == ["a", 0.5, "a", 1.0, "a"]


def test_a_request_decides_how_often() -> None:
    both = group(member("a", max_retries=9), member("b"))
    assert asked(both, FOREVER, wished=0) == ["a"]
    assert asked(both, FOREVER, wished=1) == ["a", "b"]
    assert asked(group(member("a", max_retries=1, alone=True)), FOREVER) == ["a", 0.5, "a"]
    assert asked(group(member("a", num_retries=0, max_retries=1, alone=True)), FOREVER) == ["a"]


def test_what_the_request_is_to_blame_for_is_said_once() -> None:
    assert asked(group(member("a"), member("b")), [400]) == ["a"]
    assert asked(group(member("a"), member("b")), [404]) == ["a"]
    assert asked(group(member("a", order=1), member("b", order=2)), [400]) == ["a"]


def test_our_credential_may_be_good_elsewhere() -> None:
    assert asked(group(member("a"), member("b")), [401, 403, 500]) == ["a", "b"]
    assert asked(group(member("a"), member("b")), [401, 500, 500]) == ["a", "b", 1.0, "b"]
    assert asked(group(member("a", alone=True)), [401]) == ["a"]


def test_lower_orders_first_and_each_with_its_own_retries() -> None:
    found = group(member("none"), member("two", order=2), member("one", order=1), member("first", order=1))
    assert asked(found, FOREVER) == ["one", "first", "two", "none", 0.5, "one", 1.0, "one"]
    assert asked(found, FOREVER, wished=0) == ["one", "two", "none"]
    assert asked(found, [500, 404, 401, 500], wished=0) == ["one", "two", "none"]


def test_a_policy_counts_more_than_every_number_but_none() -> None:
    router = Router(retry_policy={"NotFoundErrorRetries": 1, "InternalServerErrorRetries": 0})
    alone = group(member("a", alone=True))
    assert asked(alone, [404, 404, 404], router) == ["a", 0.5, "a"]
    assert asked(alone, [500, 500], router, wished=5) == ["a"]
    assert asked(alone, [404, 404], router, wished=0) == ["a"]
    assert asked(alone, [503, 503, 503, 503], router, wished=1) == ["a", 0.5, "a"]


def test_a_provider_that_names_a_time_is_given_it() -> None:
    one = search(group(member("a", alone=True)))
    here = one.fresh(0)
    assert here is not None
    then = one.after(failure(429, wait=7.0), here, 0)
    assert then is not None
    assert then.pause_s == 7.0


def test_who_rests_or_is_full_is_left_out() -> None:
    resting, full, free = member("resting"), member("full", rpm=1), member("free")
    resting.health.rests(5, now=60)
    full.health.starts(60)
    found = group(resting, full, free)
    assert asked(found, FOREVER) == ["free", 0.5, "free", 1.0, "free"]
    free.health.rests(5, now=60)
    assert search(found).fresh(60) is None
    assert asked(group(member("only", rpm=0, alone=True)), FOREVER) == []


def test_a_resting_order_hands_over_to_the_next() -> None:
    first, second = member("first", order=1), member("second", order=2)
    first.health.rests(5, now=60)
    assert asked(group(first, second), FOREVER, wished=0) == ["second"]


@given(
    st.lists(st.sampled_from([None, 1, 2]), min_size=1, max_size=6),
    st.lists(st.sampled_from([400, 401, 404, 429, 500, 503]), min_size=40, max_size=40),
    st.integers(0, 6),
)
def test_it_comes_to_an_end(orders: list[int | None], statuses: list[int], wished: int) -> None:
    numbers = count()
    members = [member(str(next(numbers)), order=order, alone=len(orders) == 1) for order in orders]
    trail = asked(group(*members), statuses, wished=wished)
    names = [step for step in trail if isinstance(step, str)]
    tiers = len(set(orders))
    assert 1 <= len(names) <= tiers * (wished + 1)
    # Nobody is asked twice before everybody was asked once, and never without a wait.
    first_wait = next((at for at, step in enumerate(trail) if isinstance(step, float)), len(trail))
    assert len(set(trail[:first_wait])) == first_wait


PAID, FREE, PLAIN = member("paid", tags=["paid", "eu"]), member("free", tags=["free", "default"]), member("plain")


@pytest.mark.parametrize(
    ("tags", "found"),
    [
        ((), ["free"]),
        (("paid",), ["paid"]),
        (("paid", "free"), ["paid", "free"]),
        (("unknown",), ["free"]),
        (("&eu",), ["paid"]),
        (("!paid",), ["free"]),
        (("paid", "&eu"), ["paid"]),
    ],
)
def test_tags_choose(tags: tuple[str, ...], found: list[str]) -> None:
    assert ids(group(PAID, FREE, PLAIN).for_tags(tags).members) == found


def test_without_a_default_one_everybody_serves_who_asks_for_nothing() -> None:
    assert ids(group(PAID, PLAIN).for_tags(()).members) == ["paid", "plain"]
    assert ids(group(PLAIN).for_tags(("unknown", "!eu")).members) == ["plain"]
    with pytest.raises(NobodyForTags):
        group(PLAIN).for_tags(("&eu",))
    for tags in (("unknown",), ("&free",), ("paid", "!eu")):
        with pytest.raises(NobodyForTags):
            group(PAID, PLAIN).for_tags(tags)


def test_what_a_deployment_says_of_routing() -> None:
    terms = terms_of({"rpm": "10", "weight": 2, "tags": ["a"], "model": "x"}, {"order": -1, "rpm": 5})
    assert (terms.rpm, terms.weight, terms.tags, terms.order) == (10, 2.0, frozenset({"a"}), -1)
    for wrong in ({"rpm": "many"}, {"rpm": -1}, {"weight": "nan"}, {"tags": 5}, {"cooldown_time": -1}):
        with pytest.raises(BadInput) as refused:
            terms_of(wrong, {})
        assert refused.value.param == next(iter(wrong))


def test_the_nearest_timeout_counts() -> None:
    def seconds(params: dict[str, Any], router: Router = USUAL, own: float | None = None) -> tuple[float, float]:
        whole, stream = timeouts_of(params, own, router, 600.0)
        assert (whole.idle, stream.idle) == (whole.first_byte, stream.first_byte)
        return whole.first_byte, stream.first_byte

    assert seconds({}) == (600, 600)
    assert seconds({}, Router(timeout_s=30)) == (30, 30)
    assert seconds({"timeout": 7}, Router(timeout_s=30, stream_timeout_s=4)) == (7, 4)
    assert seconds({"stream_timeout": "2"}, Router(timeout_s=30, stream_timeout_s=4), own=9) == (9, 2)
    with pytest.raises(BadInput, match="seconds"):
        timeouts_of({"stream_timeout": "soon"}, None, USUAL, 600.0)


def test_members_are_told_apart_though_they_are_alike() -> None:
    one: Member = member("same")
    assert one != member("same")
