"""How much thought is asked for. Source: Gemini API documentation, "Thinking"."""

from gatewright.translation.carriage import Carriage
from gatewright.translation.effort import budget_of, effort_of
from gatewright.translation.gemini.family import EVERY_LEVEL, Traits
from gatewright.translation.model import Json, ReasoningAsk, Request

AUTOMATIC = -1
_LEVELS = {"minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "xhigh": "HIGH", "max": "HIGH"}


def thinking_config(request: Request, traits: Traits, carriage: Carriage) -> Json | None:
    """`thinkingConfig`, None for the model's own choice. Thoughts are shown to whoever asks for thought.

    Where thought cannot be switched off, the least of it is asked for and noted. Raises CannotCarry for a model that
    does not think.
    """
    ask = request.reasoning
    if ask is None:
        return None
    off = ask.effort == "none" or ask.budget == 0
    if not traits.thinks:
        if not off:
            carriage.lose("reasoning", "this model does not think")
        return None
    if off:
        return _none(request, traits, carriage)
    config = _level(ask, traits) if traits.levels else _budget(ask, traits)
    return {**config, "includeThoughts": ask.show is not False}


def _none(request: Request, traits: Traits, carriage: Carriage) -> Json:
    if traits.pausable:
        return {"thinkingBudget": 0}
    carriage.let_go(request.asked_as.get("reasoning", "reasoning"))
    if traits.budgets is not None:
        return {"thinkingBudget": traits.budgets[0], "includeThoughts": False}
    return {"thinkingLevel": traits.levels[0], "includeThoughts": False}


def _level(ask: ReasoningAsk, traits: Traits) -> Json:
    """The level that was asked for, else the next one above it that the model has, else its highest."""
    wanted = _LEVELS.get(effort_of(ask) or "")
    if wanted is None:
        return {}
    enough = (level for level in EVERY_LEVEL[EVERY_LEVEL.index(wanted) :] if level in traits.levels)
    return {"thinkingLevel": next(enough, traits.levels[-1])}


def _budget(ask: ReasoningAsk, traits: Traits) -> Json:
    budget = budget_of(ask)
    if budget is None or traits.budgets is None:
        return {"thinkingBudget": AUTOMATIC} if ask.adaptive else {}
    least, most = traits.budgets
    return {"thinkingBudget": min(max(budget, least), most)}
