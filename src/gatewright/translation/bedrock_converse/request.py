"""A request as Converse takes it.

Source: Amazon Bedrock API reference, "Converse": request body; user guide, "Structured output", "Service tiers".
"""

import re
from typing import Any, NamedTuple

import msgspec

from gatewright.translation.anthropic_messages.sampling_writer import sampling
from gatewright.translation.anthropic_messages.thinking_writer import ask_for_thought
from gatewright.translation.bedrock_converse.family import Model, model_of
from gatewright.translation.bedrock_converse.messages import SEALED_FOR_CLAUDE, Turns
from gatewright.translation.bedrock_converse.thought import thought
from gatewright.translation.carriage import Carriage
from gatewright.translation.model import Format, Json, Request, Tool, ToolCall

OWN = frozenset(
    {
        *("requestMetadata", "guardrailConfig", "performanceConfig", "serviceTier", "promptVariables"),
        *("additionalModelRequestFields", "additionalModelResponseFieldPaths"),
    }
)
"""Converse's own members, which a caller may send by their names."""

CARRIED = OWN | {
    *("tools", "tool_choice", "parallel_tools", "format", "reasoning"),
    *("max_tokens", "temperature", "top_p", "top_k", "stop", "service_tier", "user"),
}
# Where Claude's own answer says which sequence ended it, whole and streamed, and how much was thought.
CLAUDES_FIELDS = ["/stop_sequence", "/delta/stop_sequence", "/usage/output_tokens_details"]
USUAL_TIERS = frozenset({None, "auto", "default", "standard_only"})
TIERS = ("flex", "priority", "reserved")
GONE = "This tool is not available now."
"""What is said of a tool that the conversation called and that the caller does not offer any more."""

LONGEST_TOOL = 64
# Members of a schema that hold schemas by name, and those that hold plain values.
_NAMED = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
_VALUES = frozenset({"enum", "const", "default", "examples"})
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_USER = re.compile(r"[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}")

_encode = msgspec.json.Encoder().encode


def write(request: Request, name: str, carriage: Carriage) -> Json:
    """The body for the model with that id. Raises CannotCarry."""
    carriage.carry(CARRIED)
    model = model_of(name)
    turns = Turns(model, carriage)
    body: Json = {"messages": turns.messages(request.messages)}
    manner = _manner(request, model, carriage)
    for member, value in (
        ("system", turns.system(request.system)),
        ("inferenceConfig", _inference(request, model, manner.sampling, carriage)),
        ("toolConfig", _tools(request, model, turns, carriage)),
        ("outputConfig", _output(request.format, carriage)),
        ("additionalModelRequestFields", manner.fields | _one_at_a_time(request, model, carriage)),
        ("additionalModelResponseFieldPaths", CLAUDES_FIELDS if model.is_claude else []),
        ("requestMetadata", _metadata(request, carriage)),
        ("serviceTier", _tier(request, carriage)),
    ):
        if value:
            body[member] = value
    return body | _own(request.unknown, body)


def _own(unknown: Json, body: Json) -> Json:
    """The caller's own members of Converse, into which ours of that name are merged."""
    found: Json = {}
    for name in OWN & unknown.keys():
        given, ours = unknown[name], body.get(name)
        if isinstance(ours, dict) and isinstance(given, dict):
            found[name] = {**ours, **given}
        elif isinstance(ours, list) and isinstance(given, list):
            found[name] = [*given, *(one for one in ours if one not in given)]
        else:
            found[name] = given
    return found


class _Manner(NamedTuple):
    """How the model shall think and choose its words: `fields` are the model's own, `sampling` by our names."""

    fields: Json
    sampling: Json


def _manner(request: Request, model: Model, carriage: Carriage) -> _Manner:
    if model.is_claude:
        known = model.claude
        wanted = ask_for_thought(request, known, request.max_tokens or known.max_output, carriage, SEALED_FOR_CLAUDE)
        fields: Json = {} if wanted.thinking is None else {"thinking": wanted.thinking}
        if wanted.effort is not None:
            fields["output_config"] = {"effort": wanted.effort}
        chosen = sampling(request, known, wanted, carriage)
        fields |= {name: chosen.pop(name) for name in ("top_k",) if name in chosen}
        return _Manner(fields, chosen)
    chosen = {}
    for name in ("temperature", "top_p"):
        value = getattr(request, name)
        if value is not None and 0 <= value <= 1:
            chosen[name] = value
        elif value is not None:
            carriage.lose(name, "Amazon Bedrock's goes from 0 to 1")
    return _Manner(thought(request, model.family, carriage) | _top_k(request, model, carriage), chosen)


def _top_k(request: Request, model: Model, carriage: Carriage) -> Json:
    if request.top_k is None:
        return {}
    if model.is_nova:
        return {"inferenceConfig": {"topK": request.top_k}}
    carriage.lose("top_k", "this model does not let it be set")
    return {}


def _inference(request: Request, model: Model, sampling: Json, carriage: Carriage) -> Json:
    names = {"temperature": "temperature", "top_p": "topP"}
    config = {names[name]: value for name, value in sampling.items()}
    if request.max_tokens is not None:
        config["maxTokens"] = request.max_tokens
    stop = [one for one in request.stop if one.strip() or (one and not model.is_claude)]
    if len(stop) < len(request.stop):
        carriage.lose("stop", "a stop sequence may not be blank")
    if stop:
        config["stopSequences"] = stop
    return config


def _one_at_a_time(request: Request, model: Model, carriage: Carriage) -> Json:
    """That no two tools may be called at once, in Claude's own form."""
    if request.parallel_tools is not False or not request.tools:
        return {}
    mode = request.tool_choice.mode if request.tool_choice else "auto"
    if not model.is_claude:
        carriage.lose("parallel_tools", "this model cannot be kept from calling several tools at once")
    elif mode == "auto":
        return {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}
    elif mode != "none":
        # The kind of choice stands in toolConfig then, and may not stand here too.
        return {"tool_choice": {"disable_parallel_tool_use": True}}
    return {}


def _tools(request: Request, model: Model, turns: Turns, carriage: Carriage) -> Json:
    """Converse wants the tools of a conversation that holds calls, also where none may be called now."""
    choice = request.tool_choice
    if choice is not None and choice.mode == "none":
        if not _called(request):
            return {}
        carriage.let_go("tool_choice")
    offered = request.tools or tuple(Tool(name=name, description=GONE) for name in _called(request))
    if not offered:
        return {}
    tools: list[Json] = []
    for tool in offered:
        tools.append({"toolSpec": _spec(tool, model, carriage)})
        tools += turns.mark(tool.cache, on_tools=True)
    config: Json = {"tools": tools}
    match choice.mode if choice else None:
        case "required":
            config["toolChoice"] = {"any": {}}
        case "named":
            config["toolChoice"] = {"tool": {"name": choice.name if choice else None}}
        case "auto" if request.parallel_tools is not False:
            config["toolChoice"] = {"auto": {}}
    return config


def _called(request: Request) -> list[str]:
    """The tools that the conversation calls, each once."""
    parts = (part for message in request.messages for part in message.parts)
    return list(dict.fromkeys(part.name for part in parts if isinstance(part, ToolCall)))


def _spec(tool: Tool, model: Model, carriage: Carriage) -> Json:
    if _TOOL_NAME.fullmatch(tool.name) is None:
        raise carriage.must(
            "tools",
            f"the name of a tool must be 1 to {LONGEST_TOOL} letters, digits, _ and - on Amazon Bedrock, and "
            f"{tool.name[:100]!r} is not",
        )
    schema = tool.parameters or {}
    spec: Json = {
        "name": tool.name,
        "inputSchema": {"json": schema if "type" in schema else {"type": "object", **schema}},
    }
    if tool.description and tool.description.strip():
        spec["description"] = tool.description
    if tool.strict:
        if _takes_strict(model):
            spec["strict"] = True
        else:
            carriage.let_go("tools.strict")
    return spec


def _takes_strict(model: Model) -> bool:
    """Claude 4.1 to 4.6: older ones do not know the member, newer ones refuse it on Bedrock."""
    return model.is_claude and model.claude.structured and model.claude.samples


def _output(wanted: Format | None, carriage: Carriage) -> Json:
    if wanted is None:
        return {}
    if wanted.kind != "json_schema":
        carriage.lose("format", "Amazon Bedrock holds answers to a schema only; send one, or ask for JSON in words")
        return {}
    try:
        schema = _encode(_closed(wanted.schema or {"type": "object"})).decode()
    except RecursionError:
        raise carriage.must("format", "its schema is nested too deeply") from None
    definition: Json = {"schema": schema}
    if wanted.name:
        definition["name"] = wanted.name
    if wanted.description:
        definition["description"] = wanted.description
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": definition}}}


def _closed(schema: Any) -> Any:
    """The schema with `additionalProperties: false` in each object that does not say, as Bedrock wants it."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found: Json = {}
    for name, value in schema.items():
        if name in _NAMED and isinstance(value, dict):
            found[name] = {key: _closed(one) for key, one in value.items()}
        else:
            found[name] = value if name in _VALUES else _closed(value)
    if found.get("type") == "object":
        found.setdefault("additionalProperties", False)
    return found


def _metadata(request: Request, carriage: Carriage) -> Json:
    """The end user, by which Amazon's logs of invocations can be searched."""
    if request.user is None:
        return {}
    if _USER.fullmatch(request.user) is None:
        carriage.let_go(request.asked_as.get("user", "user"))
        return {}
    return {"user": request.user}


def _tier(request: Request, carriage: Carriage) -> Json:
    if request.service_tier in USUAL_TIERS:
        return {}
    if request.service_tier not in TIERS:
        carriage.lose("service_tier", f"Amazon Bedrock knows {', '.join(TIERS)}")
        return {}
    return {"type": request.service_tier}
