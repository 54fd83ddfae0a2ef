"""The parameters of a chat completion that have a form of their own: tools, the answer's format, thought.

Each reader puts what it reads into `Asked`, and raises BadInput naming the place that is wrong.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.translation.model import Format, Json, ReasoningAsk, Tool, ToolChoice
from gatewright.translation.openai_chat.wire import CacheControl, cache_of, member


class _Function(msgspec.Struct):
    name: str
    description: str | None = None
    parameters: Json | None = None
    strict: bool | None = None
    cache_control: CacheControl | None = None


class _Tool(msgspec.Struct):
    type: str = "function"
    function: _Function | None = None
    cache_control: CacheControl | None = None


class _Named(msgspec.Struct):
    name: str


class _Choice(msgspec.Struct):
    type: str = "function"
    function: _Named | None = None


class _Schema(msgspec.Struct):
    name: str | None = None
    schema: Json | None = None
    description: str | None = None
    strict: bool | None = None


class _Format(msgspec.Struct):
    type: str
    json_schema: _Schema | None = None


class _Thinking(msgspec.Struct):
    type: str
    budget_tokens: int | None = None


class _Effort(msgspec.Struct):
    """LiteLLM's `reasoning_effort` may be an object; OpenRouter's `reasoning` always is one."""

    effort: str | None = None
    summary: str | None = None
    max_tokens: int | None = None
    exclude: bool | None = None
    enabled: bool | None = None


class Asked:
    """What was read so far."""

    __slots__ = ("asked_as", "hints", "unknown", "values")

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.asked_as: dict[str, str] = {}
        self.unknown: Json = {}
        self.hints: set[str] = set()

    def put(self, name: str, asked_as: str, value: object) -> None:
        self.values[name] = value
        self.asked_as[name] = asked_as


def decoder(kind: Any) -> Callable[[msgspec.Raw], Any]:
    """For a member of this type. It raises msgspec.ValidationError."""
    return msgspec.json.Decoder(kind).decode


_any = msgspec.json.Decoder().decode
_tools, _choice, _format = decoder(list[_Tool]), decoder(_Choice | str), decoder(_Format)
_effort, _effort_object, _thinking_object = decoder(_Effort | str), decoder(_Effort), decoder(_Thinking)


def read_tools(raw: msgspec.Raw, asked: Asked) -> None:
    """Functions; tools of other kinds have no place in the model, each by its own name."""
    tools = []
    for index, tool in enumerate(member(_tools, "tools", raw)):
        name = f"tools[{index}]"
        if tool.type != "function":
            asked.unknown[f"{name}.{tool.type}"] = {"type": tool.type}
            continue
        if tool.function is None:
            raise BadInput(f"`{name}.function` is missing.", param=f"{name}.function")
        one = tool.function
        cache = cache_of(tool.cache_control or one.cache_control, None, name)
        tools.append(
            Tool(name=one.name, description=one.description, parameters=one.parameters, strict=one.strict, cache=cache)
        )
    if tools:
        asked.put("tools", "tools", tuple(tools))


def read_tool_choice(raw: msgspec.Raw, asked: Asked) -> None:
    """A word or a function's name; a choice among some of the tools has no place in the model."""
    choice = member(_choice, "tool_choice", raw)
    if isinstance(choice, str):
        if choice not in ("auto", "none", "required"):
            raise BadInput("`tool_choice` must be auto, none, required or an object.", param="tool_choice")
        asked.put("tool_choice", "tool_choice", ToolChoice(choice))
    elif choice.type == "function":
        if choice.function is None:
            raise BadInput("`tool_choice.function` is missing.", param="tool_choice.function")
        asked.put("tool_choice", "tool_choice", ToolChoice("named", choice.function.name))
    else:
        asked.unknown[f"tool_choice.{choice.type}"] = member(_any, "tool_choice", raw)


def read_response_format(raw: msgspec.Raw, asked: Asked) -> None:
    """JSON, with a schema or without."""
    wanted = member(_format, "response_format", raw)
    match wanted.type:
        case "text":
            return
        case "json_object":
            found = Format("json_object")
        case "json_schema":
            schema = wanted.json_schema
            if schema is None:
                raise BadInput("`response_format.json_schema` is missing.", param="response_format.json_schema")
            found = Format("json_schema", schema.name, schema.schema, schema.description, schema.strict)
        case other:
            raise BadInput(f"`response_format.type` has the unknown value {other!r}.", param="response_format.type")
    asked.put("format", "response_format", found)


def read_effort(raw: msgspec.Raw, asked: Asked) -> None:
    """`reasoning_effort`: a word, or LiteLLM's object."""
    found = member(_effort, "reasoning_effort", raw)
    effort, summary = (found, None) if isinstance(found, str) else (found.effort, found.summary)
    _ask(asked, "reasoning_effort", effort=effort, summary=summary)


def read_thinking(raw: msgspec.Raw, asked: Asked) -> None:
    """Anthropic's `thinking`, as LiteLLM takes it."""
    found = member(_thinking_object, "thinking", raw)
    match found.type:
        case "enabled":
            _ask(asked, "thinking", budget=found.budget_tokens)
        case "adaptive":
            _ask(asked, "thinking", adaptive=True)
        case "disabled":
            _ask(asked, "thinking", budget=0)
        case other:
            raise BadInput(f"`thinking.type` has the unknown value {other!r}.", param="thinking.type")


def read_reasoning(raw: msgspec.Raw, asked: Asked) -> None:
    """OpenRouter's `reasoning`."""
    found = member(_effort_object, "reasoning", raw)
    effort = (
        "none"
        if found.enabled is False
        else found.effort or ("medium" if found.enabled and found.max_tokens is None else None)
    )
    show = None if found.exclude is None else not found.exclude
    _ask(asked, "reasoning", effort=effort, budget=found.max_tokens, summary=found.summary, show=show)


def _ask(asked: Asked, name: str, **said: Any) -> None:
    """Adds to what another parameter has said already."""
    known = asked.values.get("reasoning", ReasoningAsk())
    new = {key: value for key, value in said.items() if value is not None}
    if new:
        asked.put("reasoning", name, msgspec.structs.replace(known, **new))
