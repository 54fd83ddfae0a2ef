"""The request model into a messages request. Source: Anthropic API reference, "Create a message"."""

from gatewright.translation.anthropic_messages.message_writer import cache_control, write_messages, write_system
from gatewright.translation.anthropic_messages.sampling_writer import sampling
from gatewright.translation.anthropic_messages.thinking_writer import Thought, ask_for_thought
from gatewright.translation.carriage import Carriage
from gatewright.translation.claude import Traits, traits
from gatewright.translation.model import Format, Json, Request, Tool

CARRIED = frozenset(
    {
        *("tools", "tool_choice", "parallel_tools", "format", "reasoning", "max_tokens", "temperature", "top_p"),
        *("top_k", "stop", "service_tier", "user"),
    }
)
LONGEST_USER = 256
"""Characters of `metadata.user_id`."""
MODES = {"auto": "auto", "required": "any", "none": "none"}
TIERS = {"auto": "auto", "default": "standard_only"}


def write(request: Request, model: str, carriage: Carriage) -> Json:
    """The body. Raises CannotCarry.

    `max_tokens` must be there: when nobody says it, it is what every model of that generation takes
    (`translation.claude`), 8,192 for models that are none of Claude's.
    """
    carriage.carry(CARRIED)
    known = traits(model)
    max_tokens = request.max_tokens or known.max_output
    body: Json = {"model": model, "max_tokens": max_tokens}
    if (system := write_system(request.system, carriage)) is not None:
        body["system"] = system
    body["messages"] = write_messages(request.messages, known, carriage)
    thought = ask_for_thought(request, known, max_tokens, carriage)
    _tools(request, known, carriage, body)
    _thought(thought, body)
    _format(request.format, known, carriage, body)
    body |= sampling(request, known, thought, carriage)
    _rest(request, carriage, body)
    return body


def _tools(request: Request, known: Traits, carriage: Carriage, body: Json) -> None:
    if not request.tools:
        if request.tool_choice is not None:
            carriage.let_go(request.asked_as.get("tool_choice", "tool_choice"))
        return
    body["tools"] = [_tool(tool, known, carriage) for tool in request.tools]
    choice = request.tool_choice
    found: Json = {"type": "auto"}
    if choice is not None:
        found = {"type": "tool", "name": choice.name} if choice.mode == "named" else {"type": MODES[choice.mode]}
    if request.parallel_tools is False and found["type"] != "none":
        found["disable_parallel_tool_use"] = True
    if choice is not None or len(found) > 1:
        body["tool_choice"] = found


def _tool(tool: Tool, known: Traits, carriage: Carriage) -> Json:
    found: Json = {"name": tool.name}
    if tool.description is not None:
        found["description"] = tool.description
    found["input_schema"] = {"type": "object", **(tool.parameters or {})}
    if tool.strict:
        if known.structured:
            found["strict"] = True
        else:
            carriage.let_go("tools.strict")
    if tool.cache is not None:
        found["cache_control"] = cache_control(tool.cache)
    return found


def _thought(thought: Thought, body: Json) -> None:
    if thought.thinking is not None:
        body["thinking"] = thought.thinking
    if thought.effort is not None:
        body["output_config"] = {"effort": thought.effort}


def _format(wanted: Format | None, known: Traits, carriage: Carriage, body: Json) -> None:
    """A tool that must be called would be another request than the one that was made."""
    if wanted is None:
        return
    if wanted.kind != "json_schema" or wanted.schema is None:
        carriage.lose("format", "Anthropic's API has JSON only with a schema")
    elif not known.structured:
        carriage.lose("format", "it cannot be held to a schema")
    else:
        schema = wanted.schema
        if wanted.description is not None and "description" not in schema:
            schema = {**schema, "description": wanted.description}
        body.setdefault("output_config", {})["format"] = {"type": "json_schema", "schema": schema}


def _rest(request: Request, carriage: Carriage, body: Json) -> None:
    stop = [one for one in request.stop if one.strip()]
    if len(stop) < len(request.stop):
        carriage.lose("stop", "Anthropic takes no stop sequences of white space only")
    if stop:
        body["stop_sequences"] = stop
    if request.user is not None and len(request.user) <= LONGEST_USER:
        body["metadata"] = {"user_id": request.user}
    elif request.user is not None:
        carriage.let_go(request.asked_as.get("user", "user"))
    if request.service_tier in TIERS:
        body["service_tier"] = TIERS[request.service_tier]
    elif request.service_tier is not None:
        carriage.lose("service_tier", f"Anthropic has no tier {request.service_tier!r}")
    if request.stream:
        body["stream"] = True
