"""How much thought is asked of Claude. Source: Anthropic's documentation, "Thinking", "Extended thinking" and "Effort".

| asked for | Claude 3.7 to 4.5, and others that speak its API | Claude 4.6 and later |
|---|---|---|
| nothing | nothing | nothing |
| `none`, or no tokens | nothing: no thought is the default | off where the model can, else `effort: low` |
| `minimal` to `max` | `budget_tokens` of `translation.effort` | `adaptive`, and `effort` (`minimal` is `low`) |
| tokens | `budget_tokens` | `adaptive`, and the effort of `translation.effort` |
| as the model likes | `budget_tokens` of `medium` | `adaptive` |

A budget stays within half of `max_tokens`, and is never below 1,024. `xhigh` is `high` on Claude 4.6, which lacks it.
Claude 4.7 and later show no thought unless told to: whoever asks for thought by an effort or a budget is shown it, as
by the models before. A client that asks for `adaptive` speaks Anthropic's API and knows its `display`.
Where Anthropic would refuse a request because of the thought it asks for, thought is not asked for.
"""

from typing import NamedTuple

from gatewright.translation.carriage import Carriage
from gatewright.translation.claude import Thinking, Traits
from gatewright.translation.dialect import Dialect
from gatewright.translation.effort import BUDGETS, budget_of, effort_of
from gatewright.translation.model import (
    Json,
    Message,
    Reasoning,
    ReasoningAsk,
    Request,
    Role,
    ToolCall,
    ToolResult,
)

SMALLEST_BUDGET = 1_024
OURS: frozenset[str | None] = frozenset({None, Dialect.MESSAGES.value})
"""The dialects whose seals count; of None nobody knows better."""


class Thought(NamedTuple):
    """The members `thinking` and `output_config.effort` of a request."""

    thinking: Json | None = None
    effort: str | None = None

    @property
    def wanted(self) -> bool:
        """Whether the model is told to think, which rules out some other parameters."""
        return self.thinking is not None and self.thinking["type"] != "disabled"


NOTHING = Thought()


def ask_for_thought(
    request: Request, traits: Traits, max_tokens: int, carriage: Carriage, sealed_by: frozenset[str | None] = OURS
) -> Thought:
    """What to ask for; `sealed_by` are the dialects whose seals go back to this provider. Raises CannotCarry."""
    ask = request.reasoning
    if ask is None:
        return NOTHING
    if ask.effort == "none" or (ask.budget is not None and ask.budget <= 0):
        return _without(traits, carriage, request)
    match traits.thinking:
        case Thinking.NEVER:
            carriage.lose("reasoning", "it does not think before it answers")
            return NOTHING
        case Thinking.BUDGET:
            found = _budgeted(ask, max_tokens, carriage)
        case _:
            found = _adaptive(ask, traits)
    if found.wanted and _is_hindered(request, traits, sealed_by):
        carriage.let_go(_name(request))
        return found._replace(thinking=None)
    return found


def _name(request: Request) -> str:
    return request.asked_as.get("reasoning", "reasoning")


def _without(traits: Traits, carriage: Carriage, request: Request) -> Thought:
    if traits.thinking is not Thinking.ADAPTIVE or traits.pausable is None:
        return NOTHING
    if traits.pausable:
        return Thought({"type": "disabled"})
    carriage.let_go(_name(request))
    return Thought(effort="low")


def _budgeted(ask: ReasoningAsk, max_tokens: int, carriage: Carriage) -> Thought:
    budget = budget_of(ask)
    if budget is None and ask.adaptive:
        budget = BUDGETS["medium"]
    if budget is None:
        if ask.effort is not None:
            carriage.lose("reasoning", f"the effort {ask.effort!r} is not known")
        return NOTHING
    if max_tokens <= SMALLEST_BUDGET:
        carriage.lose("reasoning", f"it thinks in {SMALLEST_BUDGET} tokens or more, and the answer may not have more")
        return NOTHING
    budget = max(min(budget, max_tokens // 2), SMALLEST_BUDGET)
    return Thought(_shown({"type": "enabled", "budget_tokens": budget}, ask))


def _adaptive(ask: ReasoningAsk, traits: Traits) -> Thought:
    effort = effort_of(ask)
    if effort == "minimal":
        effort = "low"
    elif effort == "xhigh" and not traits.xhigh:
        effort = "high"
    thinking = _shown({"type": "adaptive"}, ask)
    if traits.hides and not ask.adaptive:
        thinking.setdefault("display", "summarized")
    return Thought(thinking, effort)


def _shown(thinking: Json, ask: ReasoningAsk) -> Json:
    if ask.show is False:
        thinking["display"] = "omitted"
    elif ask.show or ask.summary is not None:
        thinking["display"] = "summarized"
    return thinking


def _is_hindered(request: Request, traits: Traits, sealed_by: frozenset[str | None]) -> bool:
    """Whether Anthropic would refuse the request because of the thought that it asks for.

    A tool that must be called rules thought out. With a budget, what was said since the user spoke last must begin with
    a thought that Anthropic sealed, which clients of other dialects often do not hand back.
    """
    if request.tool_choice is not None and request.tool_choice.mode in ("required", "named"):
        return True
    return traits.thinking is Thinking.BUDGET and _continues_without_thought(request.messages, sealed_by)


def _continues_without_thought(messages: tuple[Message, ...], sealed_by: frozenset[str | None]) -> bool:
    first: Message | None = None
    for message in reversed(messages):
        if message.role is Role.ASSISTANT:
            first = message
        elif not all(isinstance(part, ToolResult) for part in message.parts):
            break
    if first is None or not any(isinstance(part, ToolCall) for part in first.parts):
        return False
    part = first.parts[0]
    return not (isinstance(part, Reasoning) and part.origin in sealed_by and bool(part.signature or part.redacted))
