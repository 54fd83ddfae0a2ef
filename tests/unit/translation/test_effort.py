"""Words and budgets of thought, both ways."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.translation.effort import budget_of, effort_of
from gatewright.translation.model import ReasoningAsk


@pytest.mark.parametrize("word", ["low", "medium", "high"])
def test_a_word_comes_back_from_the_budget_that_it_stands_for(word: str) -> None:
    assert effort_of(ReasoningAsk(budget=budget_of(ReasoningAsk(effort=word)))) == word


@given(st.integers(1, 10**7), st.integers(1, 10**7))
def test_more_tokens_are_never_a_smaller_word(one: int, other: int) -> None:
    order = ["low", "medium", "high"]
    few, many = sorted((one, other))
    first, second = (effort_of(ReasoningAsk(budget=budget)) for budget in (few, many))
    assert first is not None
    assert second is not None
    assert order.index(first) <= order.index(second)


def test_what_was_said_counts() -> None:
    both = ReasoningAsk(effort="high", budget=1500)
    assert (effort_of(both), budget_of(both)) == ("high", 1500)
    assert (effort_of(ReasoningAsk(adaptive=True)), budget_of(ReasoningAsk(adaptive=True))) == (None, None)
    assert effort_of(ReasoningAsk(budget=0)) is None
    assert budget_of(ReasoningAsk(effort="a word of tomorrow")) is None
