"""The request model into a chat completion request. Source: OpenAI API reference, "Create chat completion"."""

from gatewright.translation.carriage import Carriage
from gatewright.translation.effort import effort_of
from gatewright.translation.model import Format, Json, ReasoningAsk, Request, Tool, ToolChoice
from gatewright.translation.openai_chat.content_writer import marked
from gatewright.translation.openai_chat.message_writer import MessageWriter
from gatewright.translation.openai_chat.servers import STEERING, Server, limit_name, server_of

_SAME = (
    *("temperature", "top_p", "top_k", "presence_penalty", "frequency_penalty", "logit_bias"),
    *("logprobs", "top_logprobs", "verbosity", "user"),
)
"""Members that are called so on the wire too."""

CARRIED = frozenset(
    {
        *_SAME,
        "max_tokens",
        "stop",
        "seed",
        "tools",
        "tool_choice",
        "parallel_tools",
        "format",
        "reasoning",
        "service_tier",
    }
)
_TIERS = {"standard_only": "default"}
_KNOWN_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast"})


def write(request: Request, model: str, carriage: Carriage) -> Json:
    """The body. Raises CannotCarry."""
    server = server_of(carriage.provider)
    carried = CARRIED - server.lacks
    carriage.carry(carried | STEERING if server.steered else carried)
    body: Json = {"model": model, "messages": MessageWriter(server, carriage).write(request)}
    for name in _SAME:
        if name in carried and (value := getattr(request, name)) is not None:
            body[name] = value
    _put_rest(body, request, server)
    if request.format is not None:
        body["response_format"] = _format(request.format)
    if request.service_tier is not None and "service_tier" in carried:
        _put_tier(body, request.service_tier, carriage)
    if request.reasoning is not None:
        _put_reasoning(body, request.reasoning, server, carriage)
    if request.tools:
        _put_tools(body, request, server, carriage)
    if server.steered:
        body.update((name, request.unknown[name]) for name in STEERING if name in request.unknown)
    return body


def _put_rest(body: Json, request: Request, server: Server) -> None:
    if request.max_tokens is not None:
        body[limit_name(server, body["model"])] = request.max_tokens
    if request.stop:
        body["stop"] = list(request.stop)
    if request.seed is not None:
        body[server.seed] = request.seed
    if request.stream:
        body["stream"] = True
        body["stream_options"] = {"include_usage": True}


def _put_tools(body: Json, request: Request, server: Server, carriage: Carriage) -> None:
    """A choice among no tools is refused by OpenAI, so that it is left out with them."""
    body["tools"] = [marked(_tool(tool), tool.cache, server, carriage) for tool in request.tools]
    if request.tool_choice is not None:
        body["tool_choice"] = _choice(request.tool_choice, server)
    if request.parallel_tools is not None:
        body["parallel_tool_calls"] = request.parallel_tools


def _tool(tool: Tool) -> Json:
    function: Json = {"name": tool.name}
    for name in ("description", "parameters", "strict"):
        if (value := getattr(tool, name)) is not None:
            function[name] = value
    return {"type": "function", "function": function}


def _choice(choice: ToolChoice, server: Server) -> object:
    match choice.mode:
        case "named":
            return {"type": "function", "function": {"name": choice.name}}
        case "required":
            return server.must_call
    return choice.mode


def _format(wanted: Format) -> Json:
    if wanted.kind != "json_schema":
        return {"type": wanted.kind}
    schema: Json = {"name": wanted.name or "answer"}
    for name in ("schema", "description", "strict"):
        if (value := getattr(wanted, name)) is not None:
            schema[name] = value
    return {"type": "json_schema", "json_schema": schema}


def _put_tier(body: Json, tier: str, carriage: Carriage) -> None:
    tier = _TIERS.get(tier, tier)
    if tier in _KNOWN_TIERS:
        body["service_tier"] = tier
    else:
        carriage.lose("service_tier", f"it knows no {tier!r}")


def _put_reasoning(body: Json, ask: ReasoningAsk, server: Server, carriage: Carriage) -> None:
    """How thoughts are shown is each server's own business, and so is what a model does that may decide."""
    if ask.summary is not None:
        carriage.let_go("reasoning.summary")
    effort = effort_of(ask)
    if not server.asks:
        if ask.show is False:
            carriage.let_go("reasoning.exclude")
        if effort is not None:
            body["reasoning_effort"] = effort
        return
    found: Json = {} if ask.show is None else {"exclude": not ask.show}
    if ask.budget is not None and ask.effort is None:
        found.update({"max_tokens": ask.budget} if ask.budget > 0 else {"enabled": False})
    elif effort is not None:
        found["effort"] = effort
    if found:
        body["reasoning"] = found
