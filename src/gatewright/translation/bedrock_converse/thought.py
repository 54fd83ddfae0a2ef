"""How much thought is asked of other models than Claude, in the form that each family has: `family` has the table."""

from gatewright.translation.bedrock_converse.family import Family
from gatewright.translation.carriage import Carriage
from gatewright.translation.effort import effort_of
from gatewright.translation.model import Json, Request

_OFF = "none"
# Of our words, those that the others know.
_THREE = {"minimal": "low", "low": "low", "medium": "medium", "high": "high", "xhigh": "high", "max": "high"}


def thought(request: Request, family: Family, carriage: Carriage) -> Json:
    """Members of `additionalModelRequestFields`; none when nothing was asked or need be said. Raises CannotCarry."""
    ask = request.reasoning
    if ask is None:
        return {}
    if ask.effort == _OFF or (ask.effort is None and ask.budget == 0):
        return _without(family, carriage)
    effort = effort_of(ask)
    if effort is None:
        return {}  # as the model likes, or only how it is shown
    match family:
        case Family.NOVA | Family.DEEPSEEK_R1 | Family.OTHER:
            carriage.lose("reasoning", "how much it thinks cannot be said")
            return {}
        case Family.NOVA_2:
            return {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": _THREE.get(effort, effort)}}
        case Family.GPT:
            return {"reasoning": {"effort": effort}}
    return {"reasoning_effort": _THREE.get(effort, effort)}


def _without(family: Family, carriage: Carriage) -> Json:
    match family:
        case Family.GPT_OSS | Family.DEEPSEEK_R1:
            carriage.lose("reasoning", "it always thinks")
        case Family.NOVA_2:
            return {"reasoningConfig": {"type": "disabled"}}
        case Family.GPT:
            return {"reasoning": {"effort": _OFF}}
    return {}
