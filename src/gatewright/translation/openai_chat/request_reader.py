"""A chat completion request into the request model.

Source: OpenAI API reference, "Create chat completion"; LiteLLM's `thinking`, OpenRouter's `reasoning`, and `top_k`,
which most compatible servers have.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.translation.model import Format, Json, ReasoningAsk, Request, Tool, ToolChoice
from gatewright.translation.openai_chat.message_reader import read_messages
from gatewright.translation.openai_chat.wire import CacheControl, cache_of, member

HINTS = frozenset(
    {
        *("metadata", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "safety_identifier"),
        *("tags", "litellm_session_id", "litellm_trace_id"),
    }
)
"""Parameters that change nothing in the answer."""

_NULL = b"null"
_any = msgspec.json.Decoder().decode


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


class _Options(msgspec.Struct):
    include_usage: bool | None = None


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


class _Plain(NamedTuple):
    """A parameter whose value goes into the model as it is. `default` is a value that changes nothing."""

    member: str
    decode: Callable[[msgspec.Raw], Any]
    default: object = None


def _decoder(kind: Any) -> Callable[[msgspec.Raw], Any]:
    return msgspec.json.Decoder(kind).decode


_number, _whole, _text, _flag = _decoder(float), _decoder(int), _decoder(str), _decoder(bool)

_PLAIN = {
    "temperature": _Plain("temperature", _number),
    "top_p": _Plain("top_p", _number),
    "top_k": _Plain("top_k", _whole),
    "seed": _Plain("seed", _whole),
    "presence_penalty": _Plain("presence_penalty", _number, 0),
    "frequency_penalty": _Plain("frequency_penalty", _number, 0),
    "logit_bias": _Plain("logit_bias", _decoder(dict[str, float]), {}),
    "logprobs": _Plain("logprobs", _flag, False),
    "top_logprobs": _Plain("top_logprobs", _whole, 0),
    "parallel_tool_calls": _Plain("parallel_tools", _flag),
    "verbosity": _Plain("verbosity", _text),
}


class _Asked:
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


def read(members: Mapping[str, msgspec.Raw]) -> Request:
    """The request. Raises BadInput naming the member that is wrong."""
    asked = _Asked()
    for name, raw in members.items():
        if bytes(raw) == _NULL:
            continue
        if (plain := _PLAIN.get(name)) is not None:
            value = member(plain.decode, name, raw)
            if value != plain.default:
                asked.put(plain.member, name, value)
        elif (reader := _READERS.get(name)) is not None:
            reader(raw, asked)
        else:
            asked.unknown[name] = member(_any, name, raw)
            if name in HINTS:
                asked.hints.add(name)
    if "messages" not in asked.values:
        raise BadInput("`messages` is missing.", param="messages")
    return Request(**asked.values, asked_as=asked.asked_as, unknown=asked.unknown, hints=frozenset(asked.hints))


def _messages(raw: msgspec.Raw, asked: _Asked) -> None:
    asked.values["system"], asked.values["messages"] = read_messages(raw)


def _nothing(_raw: msgspec.Raw, _asked: _Asked) -> None:
    """`model` is the gateway's."""


def _stream(raw: msgspec.Raw, asked: _Asked) -> None:
    asked.values["stream"] = member(_flag, "stream", raw)


def _stream_options(raw: msgspec.Raw, asked: _Asked) -> None:
    """The others than `include_usage` only say how OpenAI pads its chunks."""
    asked.values["include_usage"] = member(_options, "stream_options", raw).include_usage is True


def _max_tokens(name: str) -> Callable[[msgspec.Raw, _Asked], None]:
    def read_it(raw: msgspec.Raw, asked: _Asked) -> None:
        value = member(_whole, name, raw)
        if value < 1:
            raise BadInput(f"`{name}` must be at least 1.", param=name)
        if name == "max_completion_tokens" or "max_tokens" not in asked.values:
            asked.put("max_tokens", name, value)

    return read_it


def _n(raw: msgspec.Raw, asked: _Asked) -> None:
    value = member(_whole, "n", raw)
    if value != 1:
        asked.unknown["n"] = value


def _stop(raw: msgspec.Raw, asked: _Asked) -> None:
    value = member(_texts, "stop", raw)
    found = (value,) if isinstance(value, str) else tuple(value)
    if found:
        asked.put("stop", "stop", found)


def _service_tier(raw: msgspec.Raw, asked: _Asked) -> None:
    value = member(_text, "service_tier", raw)
    asked.put("service_tier", "service_tier", value)
    if value in ("auto", "default"):
        asked.hints.add("service_tier")


def _user(raw: msgspec.Raw, asked: _Asked) -> None:
    asked.put("user", "user", member(_text, "user", raw))
    asked.hints.add("user")


def _store(raw: msgspec.Raw, asked: _Asked) -> None:
    asked.unknown["store"] = value = member(_flag, "store", raw)
    if not value:
        asked.hints.add("store")


def _modalities(raw: msgspec.Raw, asked: _Asked) -> None:
    value = member(_list, "modalities", raw)
    if value not in (["text"], []):
        asked.unknown["modalities"] = value


def _tool_list(raw: msgspec.Raw, asked: _Asked) -> None:
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


def _tool_choice(raw: msgspec.Raw, asked: _Asked) -> None:
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


def _response_format(raw: msgspec.Raw, asked: _Asked) -> None:
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


def _reasoning_effort(raw: msgspec.Raw, asked: _Asked) -> None:
    found = member(_effort, "reasoning_effort", raw)
    effort, summary = (found, None) if isinstance(found, str) else (found.effort, found.summary)
    _ask(asked, "reasoning_effort", effort=effort, summary=summary)


def _thinking(raw: msgspec.Raw, asked: _Asked) -> None:
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


def _reasoning(raw: msgspec.Raw, asked: _Asked) -> None:
    found = member(_effort_object, "reasoning", raw)
    effort = (
        "none"
        if found.enabled is False
        else found.effort or ("medium" if found.enabled and found.max_tokens is None else None)
    )
    show = None if found.exclude is None else not found.exclude
    _ask(asked, "reasoning", effort=effort, budget=found.max_tokens, summary=found.summary, show=show)


def _ask(asked: _Asked, name: str, **said: Any) -> None:
    """Adds to what another parameter has said already."""
    known = asked.values.get("reasoning", ReasoningAsk())
    new = {key: value for key, value in said.items() if value is not None}
    if new:
        asked.put("reasoning", name, msgspec.structs.replace(known, **new))


def _refused(name: str, instead: str) -> Callable[[msgspec.Raw, _Asked], None]:
    def refuse(_raw: msgspec.Raw, _asked: _Asked) -> None:
        raise BadInput(f"`{name}` is outdated and cannot be sent to this model.", param=name, hint=f"Send `{instead}`.")

    return refuse


_tools, _choice, _format = _decoder(list[_Tool]), _decoder(_Choice | str), _decoder(_Format)
_options, _texts, _list = _decoder(_Options), _decoder(list[str] | str), _decoder(list[str])
_effort, _effort_object, _thinking_object = _decoder(_Effort | str), _decoder(_Effort), _decoder(_Thinking)

_READERS: dict[str, Callable[[msgspec.Raw, _Asked], None]] = {
    "model": _nothing,
    "messages": _messages,
    "stream": _stream,
    "stream_options": _stream_options,
    "max_tokens": _max_tokens("max_tokens"),
    "max_completion_tokens": _max_tokens("max_completion_tokens"),
    "n": _n,
    "stop": _stop,
    "service_tier": _service_tier,
    "user": _user,
    "store": _store,
    "modalities": _modalities,
    "tools": _tool_list,
    "tool_choice": _tool_choice,
    "response_format": _response_format,
    "reasoning_effort": _reasoning_effort,
    "thinking": _thinking,
    "reasoning": _reasoning,
    "functions": _refused("functions", "tools"),
    "function_call": _refused("function_call", "tool_choice"),
}
