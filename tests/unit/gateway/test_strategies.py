"""Which of several deployments is asked."""

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.gateway.members import member

from gatewright.domain.money import Price
from gatewright.gateway.group import Member
from gatewright.gateway.strategies import choose
from gatewright.settings.router import STRATEGIES

DRAWS = 6000


def shares(members: list[Member], strategy: str = "simple-shuffle", *, stream: bool = False) -> dict[str, float]:
    random = Random(7)
    found = Counter(choose(members, strategy, random.random, stream=stream).deployment.id for _ in range(DRAWS))
    return {name: count / DRAWS for name, count in found.items()}


@pytest.mark.parametrize("measure", ["weight", "rpm", "tpm"])
def test_requests_are_shared_out_by_weight(measure: str) -> None:
    shared: dict[str, Any] = {measure: 3}
    found = shares([member("a", **shared), member("b", **{**shared, measure: 1}), member("none")])
    assert found == {"a": pytest.approx(0.75, abs=0.03), "b": pytest.approx(0.25, abs=0.03)}


def test_a_weight_counts_before_rpm_and_that_before_tpm() -> None:
    assert set(shares([member("a", weight=1), member("b", rpm=1000, tpm=1000)])) == {"a"}
    assert set(shares([member("a", rpm=1), member("b", tpm=1000)])) == {"a"}


def test_without_weights_all_are_asked_as_often() -> None:
    found = shares([member("a"), member("b", weight=0), member("c")])
    assert found == {name: pytest.approx(1 / 3, abs=0.03) for name in "abc"}


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=6), st.floats(0, 1, exclude_max=True))
def test_whoever_has_no_weight_is_never_chosen_while_another_has_one(weights: list[float], draw: float) -> None:
    members = [member(str(index), weight=weight) for index, weight in enumerate(weights)]
    chosen = choose(members, "simple-shuffle", lambda: draw)
    assert (chosen.deployment.terms.weight or 0) > 0 or max(weights) == 0


@given(st.sampled_from(STRATEGIES), st.integers(1, 5), st.floats(0, 1, exclude_max=True), st.booleans())
def test_every_strategy_chooses_one_of_them(strategy: str, count: int, draw: float, stream: bool) -> None:
    members = [member(str(index)) for index in range(count)]
    assert choose(members, strategy, lambda: draw, stream=stream) in members


def test_the_least_busy_one() -> None:
    members = [member("a"), member("b"), member("c")]
    members[0].health.in_flight = 2
    found = shares(members, "least-busy")
    assert found == {"b": pytest.approx(0.5, abs=0.03), "c": pytest.approx(0.5, abs=0.03)}
    members[1].health.starts(0)
    assert set(shares(members, "least-busy")) == {"c"}
    members[1].health.ends()
    assert set(shares(members, "least-busy")) == {"b", "c"}


def test_the_quickest_one_by_what_is_asked_for() -> None:
    talks, begins = member("talks"), member("begins")
    for _ in range(3):
        talks.health.answered_in(1.0, 100)
        begins.health.answered_in(2.0, 100)
        talks.health.began_in(0.9)
        begins.health.began_in(0.1)
    assert set(shares([talks, begins], "latency-based-routing")) == {"talks"}
    assert set(shares([talks, begins], "latency-based-routing", stream=True)) == {"begins"}
    assert set(shares([talks, begins, member("new")], "latency-based-routing")) == {"new"}


def test_the_average_moves_with_the_newest() -> None:
    slow = member("slow").health
    slow.began_in(10.0)
    for _ in range(20):
        slow.began_in(1.0)
    assert 1.0 < (slow.first_byte_s or 0) < 1.2


def test_the_cheapest_one_whose_price_is_known() -> None:
    members = [member("a", price=Price(5, 5)), member("b", price=Price(1, 8)), member("unknown")]
    assert set(shares(members, "cost-based-routing")) == {"b"}
    assert set(shares([members[0], members[2]], "cost-based-routing")) == {"a"}
    assert set(shares([member("x"), member("y")], "cost-based-routing")) == {"x", "y"}
