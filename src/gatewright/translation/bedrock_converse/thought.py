"""How much thought is asked for, in the form that each family of models has for it: `family` has the table."""

from gatewright.translation.bedrock_converse.family import Family, Model
from gatewright.translation.carriage import Carriage
from gatewright.translation.claude import Thinking
from gatewright.translation.effort import budget_of, effort_of
from gatewright.translation.model import Json, ReasoningAsk, Request

SMALLEST_BUDGET = 1024
"""Tokens that Claude wants at least."""

_OFF = "none"
# Of our words, those that the others know: https://docs.aws.amazon.com says which.
_THREE = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}


def thought(request: Request, model: Model, carriage: Carriage) -> Json:
    """Members of `additionalModelRequestFields`; none when nothing was asked or can be said. Raises CannotCarry."""
    ask = request.reasoning
    if ask is None:
        return {}
    if model.is_claude:
        return _claude(ask, request.max_tokens, model, carriage)
    effort = effort_of(ask)
    if effort is None and ask.adaptive:
        return {}  # the model decides, which it does unasked
    if effort is None or model.family in (Family.NOVA, Family.DEEPSEEK_R1, Family.OTHER):
        if not _is_off(ask) or model.family is Family.DEEPSEEK_R1:
            carriage.lose("reasoning")
        return {}
    return _others(effort, model.family, carriage)


def _others(effort: str, family: Family, carriage: Carriage) -> Json:
    match family:
        case Family.NOVA_2:
            if effort == _OFF:
                return {"reasoningConfig": {"type": "disabled"}}
            return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": _THREE.get(effort, effort)}}
        case Family.GPT:
            return {"reasoning": {"effort": effort}}
        case Family.GPT_OSS if effort == _OFF:
            carriage.lose("reasoning", "it cannot do without thought")
            return {}
    return {"reasoning_effort": _THREE.get(effort, effort)}


def _claude(ask: ReasoningAsk, max_tokens: int | None, model: Model, carriage: Carriage) -> Json:
    known = model.claude
    if _is_off(ask):
        if known.pausable is None:
            return {}
        if known.pausable:
            return {"thinking": {"type": "disabled"}}
        carriage.lose("reasoning", "this model always thinks")
        return {}
    if known.thinking is Thinking.NEVER:
        carriage.lose("reasoning", "this model cannot think aloud")
        return {}
    if known.thinking is Thinking.BUDGET:
        return _budgeted(ask, max_tokens, carriage)
    thinking: Json = {"type": "adaptive"}
    if ask.show is False:
        thinking["display"] = "omitted"
    elif ask.show or ask.summary or ask.effort:
        thinking["display"] = "summarized"
    effort = effort_of(ask)
    if effort is None:
        return {"thinking": thinking}
    words = {"minimal": "low"} if known.xhigh else {"minimal": "low", "xhigh": "high"}
    return {"thinking": thinking, "output_config": {"effort": words.get(effort, effort)}}


def _budgeted(ask: ReasoningAsk, max_tokens: int | None, carriage: Carriage) -> Json:
    """A budget that was asked for in tokens goes as it is; one that a word stands for must leave room to answer."""
    if ask.budget is not None:
        return _enabled(ask.budget)
    budget = budget_of(ask) or budget_of(ReasoningAsk(effort="medium")) or SMALLEST_BUDGET
    if max_tokens is not None and max_tokens <= SMALLEST_BUDGET:
        carriage.lose("reasoning", f"this model thinks in at least {SMALLEST_BUDGET} of the tokens it may write")
        return {}
    return _enabled(budget if max_tokens is None else min(budget, max(SMALLEST_BUDGET, max_tokens // 2)))


def _enabled(budget: int) -> Json:
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}


def _is_off(ask: ReasoningAsk) -> bool:
    return ask.effort == _OFF or (ask.effort is None and ask.budget == 0)
