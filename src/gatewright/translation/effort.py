"""How much thought is asked for, in the two ways that dialects say it: in words, and as a budget of tokens.

The table is ours: providers publish none. Each step about doubles the one before, and none is below Anthropic's smallest
budget of 1,024 tokens, so that the words stay apart in both directions.
"""

from gatewright.translation.model import ReasoningAsk

BUDGETS = {
    "none": 0,
    "minimal": 1_024,
    "low": 2_048,
    "medium": 8_192,
    "high": 16_384,
    "xhigh": 32_768,
    "max": 65_536,
}
"""Tokens of thought that a word stands for."""

_WORDS = tuple((word, budget) for word, budget in BUDGETS.items() if word not in ("none", "minimal"))


def budget_of(ask: ReasoningAsk) -> int | None:
    """Tokens of thought: those asked for, else those that the word stands for; None when neither was said."""
    if ask.budget is not None:
        return ask.budget
    return None if ask.effort is None else BUDGETS.get(ask.effort)


def effort_of(ask: ReasoningAsk) -> str | None:
    """The word: the one that was said, else the smallest whose budget holds what was asked for.

    Never `minimal`, which few models know. None when neither was said.
    """
    if ask.effort is not None or ask.budget is None:
        return ask.effort
    if ask.budget <= 0:
        return "none"
    return next((word for word, budget in _WORDS if ask.budget <= budget), "max")
