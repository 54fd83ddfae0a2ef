"""The request model into a request of the responses API. Source: OpenAI API reference, "Create a model response".

Nothing is kept at the provider: every request brings the whole conversation, thoughts with their seals included.
"""

import re

from gatewright.translation.carriage import Carriage
from gatewright.translation.effort import effort_of
from gatewright.translation.model import Format, Json, ReasoningAsk, Request, Text, Tool, ToolChoice
from gatewright.translation.openai_responses.client_request import LOGPROBS
from gatewright.translation.openai_responses.provider_items import written_items

CARRIED = frozenset(
    {
        *("max_tokens", "temperature", "top_p", "logprobs", "top_logprobs", "user", "service_tier"),
        *("tools", "tool_choice", "parallel_tools", "format", "verbosity", "reasoning"),
    }
)
STEERING = frozenset({"prompt_cache_key", "prompt_cache_retention", "prompt_cache_options", "safety_identifier"})
"""Parameters of OpenAI's that are called the same in its chat completions."""

_SAME = ("temperature", "top_p", "top_logprobs", "user")
_TIERS = {"standard_only": "default"}
_KNOWN_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast", "ultrafast"})
_DOES_NOT_THINK = re.compile(r"(?:.*/)?(?:ft:)?(?:gpt-[34](?!\d)|chatgpt|gpt-[\d.]+-chat)")
"""Models of OpenAI's that have no thoughts to hand out, and refuse to be asked for them."""

_NO_PARAMETERS: Json = {"type": "object", "properties": {}}


def write(request: Request, model: str, carriage: Carriage) -> Json:
    """The body. Raises CannotCarry."""
    carriage.carry(CARRIED | STEERING)
    body: Json = {"model": model, "input": written_items(request, carriage), "store": False}
    if request.system:
        body["instructions"] = _instructions(request, carriage)
    for name in _SAME:
        if (value := getattr(request, name)) is not None:
            body[name] = value
    body.update((name, request.unknown[name]) for name in STEERING if name in request.unknown)
    if request.max_tokens is not None:
        body["max_output_tokens"] = request.max_tokens
    if request.stream:
        body["stream"] = True
    if request.tools:
        _put_tools(body, request, carriage)
    if request.reasoning is not None and (reasoning := _reasoning(request.reasoning)):
        body["reasoning"] = reasoning
    if request.service_tier is not None:
        _put_tier(body, request.service_tier, carriage)
    _put_text(body, request)
    _put_include(body, request, model)
    return body


def _instructions(request: Request, carriage: Carriage) -> str:
    texts = [part.text for part in request.system if isinstance(part, Text)]
    if len(texts) < len(request.system):
        raise carriage.must("system", "its instructions hold text only")
    if any(part.cache for part in request.system):
        carriage.let_go("cache_control")
    return "\n\n".join(texts)


def _put_tools(body: Json, request: Request, carriage: Carriage) -> None:
    """A choice among no tools is left out with them."""
    if any(tool.cache for tool in request.tools):
        carriage.let_go("cache_control")
    body["tools"] = [_tool(tool) for tool in request.tools]
    if request.tool_choice is not None:
        body["tool_choice"] = _choice(request.tool_choice)
    if request.parallel_tools is not None:
        body["parallel_tool_calls"] = request.parallel_tools


def _tool(tool: Tool) -> Json:
    """Functions are strict here unless they say otherwise, and elsewhere only when they say so."""
    found: Json = {
        "type": "function",
        "name": tool.name,
        "parameters": tool.parameters or _NO_PARAMETERS,
        "strict": tool.strict or False,
    }
    if tool.description is not None:
        found["description"] = tool.description
    return found


def _choice(choice: ToolChoice) -> object:
    return {"type": "function", "name": choice.name} if choice.mode == "named" else choice.mode


def _reasoning(ask: ReasoningAsk) -> Json:
    """Those who give a budget for thought are used to reading it; the others must ask to."""
    effort = effort_of(ask)
    summary = ask.summary or ("auto" if ask.adaptive or ask.budget else None)
    found: Json = {}
    if effort is not None:
        found["effort"] = effort
    if summary is not None and ask.show is not False:
        found["summary"] = summary
    return found


def _put_tier(body: Json, tier: str, carriage: Carriage) -> None:
    tier = _TIERS.get(tier, tier)
    if tier in _KNOWN_TIERS:
        body["service_tier"] = tier
    else:
        carriage.lose("service_tier", f"it knows no {tier!r}")


def _put_text(body: Json, request: Request) -> None:
    text: Json = {}
    if request.format is not None:
        text["format"] = _format(request.format)
    if request.verbosity is not None:
        text["verbosity"] = request.verbosity
    if text:
        body["text"] = text


def _format(wanted: Format) -> Json:
    if wanted.kind != "json_schema":
        return {"type": wanted.kind}
    found: Json = {"type": "json_schema", "name": wanted.name or "answer", "schema": wanted.schema or {}}
    for name in ("description", "strict"):
        if (value := getattr(wanted, name)) is not None:
            found[name] = value
    return found


def _put_include(body: Json, request: Request, model: str) -> None:
    include = []
    if _DOES_NOT_THINK.match(model.lower()) is None:
        include.append("reasoning.encrypted_content")
    if request.logprobs:
        include.append(LOGPROBS)
    if include:
        body["include"] = include
