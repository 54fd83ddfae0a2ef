"""How much thought is asked for, in the two ways that dialects say it: in words, and as a budget of tokens.

The table is ours, providers publish none. `minimal` is Anthropic's smallest budget, and each step at least
doubles the one before.
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

_KNOWN_EVERYWHERE = ("low", "medium", "high")


def budget_of(ask: ReasoningAsk) -> int | None:
    """Tokens of thought: those asked for, else those that the word stands for; None when neither was said."""
    if ask.budget is not None:
        return ask.budget
    return None if ask.effort is None else BUDGETS.get(ask.effort)


def effort_of(ask: ReasoningAsk) -> str | None:
    """The word: the one that was said, else that of the smallest budget which holds the one asked for.

    A budget never becomes more than `high`, nor `minimal` or `none`, which few models know: of no thought at all
    nothing is said, for a model that can leave it does so unasked. None when neither word nor budget was said.
    """
    if ask.effort is not None or ask.budget is None or ask.budget <= 0:
        return ask.effort
    return next((word for word in _KNOWN_EVERYWHERE if ask.budget <= BUDGETS[word]), "high")
