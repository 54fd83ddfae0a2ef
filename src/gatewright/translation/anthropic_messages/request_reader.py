"""A messages request into the request model. Source: Anthropic API reference, "Create a message", beta members too."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.translation.anthropic_messages.block_reader import IN_MESSAGE, IN_SYSTEM, BlockReader, mere_texts
from gatewright.translation.anthropic_messages.wire import (
    Block,
    WireChoice,
    WireFormat,
    WireMessage,
    WireThinking,
    WireTool,
    cache_of,
    member,
    wrong,
)
from gatewright.translation.model import (
    ASSISTANT,
    SYSTEM,
    USER,
    Format,
    Json,
    Message,
    Part,
    ReasoningAsk,
    Request,
    Tool,
    ToolChoice,
)

HINTS = frozenset(
    {
        *("cache_control", "context_management", "compaction", "diagnostics", "speed", "user_profile_id"),
        *("workspace_id", "betas", "tags", "litellm_session_id", "litellm_trace_id"),
    }
)
"""Members that change nothing in the answer but what it costs and how soon it comes."""

LONGEST_NAME = 100
NOTHING = (b"null", b"[]", b"{}")
EFFORTS = frozenset({"low", "medium", "high", "xhigh", "max"})
DEFAULT_TEMPERATURE = 1.0
TIERS = {"auto": "auto", "standard_only": "default"}
"""Anthropic's word, and OpenAI's for the same, which is the model's."""
MODES = {"auto": "auto", "any": "required", "none": "none"}


def _decoder(kind: Any) -> Callable[[msgspec.Raw], Any]:
    return msgspec.json.Decoder(kind).decode


_number, _whole, _text, _flag = _decoder(float), _decoder(int), _decoder(str), _decoder(bool)
_object, _any, _texts = _decoder(Json), _decoder(Any), _decoder(list[str])
_messages, _system = _decoder(list[WireMessage]), _decoder(str | list[Block])
_tools, _choice, _thinking, _format = (
    _decoder(list[WireTool]),
    _decoder(WireChoice),
    _decoder(WireThinking),
    _decoder(WireFormat),
)


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

    def note(self, name: str, *, hint: bool = False) -> None:
        """Something that has no place in the model. Clients choose some of these names."""
        name = name[:LONGEST_NAME]
        self.unknown[name] = None
        if hint:
            self.hints.add(name)


def read(members: Mapping[str, msgspec.Raw]) -> Request:
    """The request. Raises BadInput naming the member that is wrong."""
    asked = _Asked()
    _conversation(members, asked)
    _reasoning(members, asked)
    for name, raw in members.items():
        if name in _ELSEWHERE or bytes(raw) in NOTHING:
            continue
        reader = _READERS.get(name)
        if reader is None:
            member(_any, name, raw)
            asked.note(name, hint=name in HINTS)
        else:
            reader(raw, asked)
    return Request(
        **asked.values,
        include_usage=True,
        asked_as=asked.asked_as,
        unknown=asked.unknown,
        hints=frozenset(asked.hints),
    )


def _conversation(members: Mapping[str, msgspec.Raw], asked: _Asked) -> None:
    raw = members.get("messages")
    if raw is None:
        raise BadInput("messages: It is missing.", param="messages")
    reader = BlockReader(asked.note)
    system: list[Part] = []
    if (first := members.get("system")) is not None and bytes(first) not in NOTHING:
        system.extend(reader.read(member(_system, "system", first), "system", IN_SYSTEM))
    messages: list[Message] = []
    for index, message in enumerate(member(_messages, "messages", raw)):
        role = _ROLES.get(message.role)
        if role is None:
            raise wrong(f"messages.{index}.role", f"It has the unknown value {message.role!r}")
        parts = mere_texts(message.content)
        if parts is None:
            known = IN_SYSTEM if role is SYSTEM else IN_MESSAGE
            parts = reader.read(message.content, f"messages.{index}.content", known)
        if role is SYSTEM and not messages:
            system.extend(parts)
        elif parts:
            messages.append(Message(role, parts))
    asked.values["system"] = tuple(system)
    asked.values["messages"] = tuple(messages)


def _reasoning(members: Mapping[str, msgspec.Raw], asked: _Asked) -> None:
    """`thinking` and `output_config` together."""
    given = members.get("output_config")
    config = {} if given is None or bytes(given) in NOTHING else member(_object, "output_config", given)
    effort = config.pop("effort", None)
    if effort is not None and effort not in EFFORTS:
        raise wrong("output_config.effort", f"It must be one of {', '.join(sorted(EFFORTS))}")
    wanted = config.pop("format", None)
    if wanted is not None:
        _put_format(msgspec.Raw(msgspec.json.encode(wanted)), "output_config.format", asked)
    for name in config:
        asked.note(f"output_config.{name}", hint=name == "task_budget")
    raw = members.get("thinking")
    if raw is None or bytes(raw) in NOTHING:
        if effort is not None:
            asked.put("reasoning", "output_config.effort", ReasoningAsk(effort=effort))
        return
    ask = _thought(member(_thinking, "thinking", raw), effort)
    asked.put("reasoning", "thinking", ask)
    if ask.effort != effort:  # no thought is wanted, and what effort is besides has no counterpart
        asked.note("output_config.effort", hint=True)


def _thought(thinking: WireThinking, effort: str | None) -> ReasoningAsk:
    show = {"summarized": True, "omitted": False}.get(thinking.display or "")
    match thinking.type:
        case "enabled":
            if thinking.budget_tokens is None or thinking.budget_tokens < 1:
                raise wrong("thinking.budget_tokens", "It must be a number above 0")
            return ReasoningAsk(effort=effort, budget=thinking.budget_tokens, show=show)
        case "adaptive":
            return ReasoningAsk(effort=effort, adaptive=True, show=show)
        case "disabled" | "between_tools":
            return ReasoningAsk(budget=0)
        case other:
            raise wrong("thinking.type", f"It has the unknown value {other!r}")


def _put_format(raw: msgspec.Raw, name: str, asked: _Asked) -> None:
    wanted = member(_format, name, raw)
    if wanted.type != "json_schema" or wanted.schema is None:
        raise wrong(name, "It must be of the type json_schema, with a schema")
    asked.put("format", name, Format("json_schema", schema=wanted.schema, strict=True))


def _output_format(raw: msgspec.Raw, asked: _Asked) -> None:
    _put_format(raw, "output_format", asked)


def _tool_list(raw: msgspec.Raw, asked: _Asked) -> None:
    found = []
    for index, tool in enumerate(member(_tools, "tools", raw)):
        at = f"tools.{index}"
        if tool.type not in (None, "custom"):
            asked.note(f"{at}.{tool.type}")
            continue
        if not tool.name:
            raise wrong(f"{at}.name", "It is missing")
        for name in ("input_examples", "eager_input_streaming", "defer_loading"):
            if getattr(tool, name):
                asked.note(f"{at}.{name}", hint=True)
        if tool.allowed_callers not in (None, ["direct"]):
            asked.note(f"{at}.allowed_callers")
        found.append(
            Tool(
                name=tool.name,
                description=tool.description,
                parameters=tool.input_schema,
                strict=tool.strict,
                cache=cache_of(tool.cache_control, at),
            )
        )
    if found:
        asked.put("tools", "tools", tuple(found))


def _tool_choice(raw: msgspec.Raw, asked: _Asked) -> None:
    choice = member(_choice, "tool_choice", raw)
    if choice.type == "tool":
        if not choice.name:
            raise wrong("tool_choice.name", "It is missing")
        found = ToolChoice("named", choice.name)
    elif choice.type in MODES:
        found = ToolChoice(MODES[choice.type])
    else:
        raise wrong("tool_choice.type", f"It has the unknown value {choice.type!r}")
    asked.put("tool_choice", "tool_choice", found)
    if choice.disable_parallel_tool_use:
        asked.put("parallel_tools", "tool_choice.disable_parallel_tool_use", False)


def _temperature(raw: msgspec.Raw, asked: _Asked) -> None:
    asked.put("temperature", "temperature", member(_number, "temperature", raw))
    if asked.values["temperature"] == DEFAULT_TEMPERATURE:
        del asked.asked_as["temperature"]


def _top_p(raw: msgspec.Raw, asked: _Asked) -> None:
    asked.put("top_p", "top_p", member(_number, "top_p", raw))


def _top_k(raw: msgspec.Raw, asked: _Asked) -> None:
    asked.put("top_k", "top_k", member(_whole, "top_k", raw))


def _max_tokens(raw: msgspec.Raw, asked: _Asked) -> None:
    most = member(_whole, "max_tokens", raw)
    if most < 1:
        raise wrong("max_tokens", "It must be at least 1")
    asked.put("max_tokens", "max_tokens", most)


def _stop(raw: msgspec.Raw, asked: _Asked) -> None:
    asked.put("stop", "stop_sequences", tuple(member(_texts, "stop_sequences", raw)))


def _metadata(raw: msgspec.Raw, asked: _Asked) -> None:
    """Others than `user_id` are for the gateway."""
    for name, value in member(_object, "metadata", raw).items():
        if name == "user_id" and isinstance(value, str):
            asked.put("user", "metadata.user_id", value)
            asked.hints.add("user")
        elif value is not None:
            asked.note(f"metadata.{name}", hint=True)


def _service_tier(raw: msgspec.Raw, asked: _Asked) -> None:
    tier = member(_text, "service_tier", raw)
    asked.put("service_tier", "service_tier", TIERS.get(tier, tier))
    asked.hints.add("service_tier")


def _stream(raw: msgspec.Raw, asked: _Asked) -> None:
    asked.values["stream"] = member(_flag, "stream", raw)


_ROLES = {"user": USER, "assistant": ASSISTANT, "system": SYSTEM}
_ELSEWHERE = frozenset({"model", "messages", "system", "thinking", "output_config"})

_READERS: dict[str, Callable[[msgspec.Raw, _Asked], None]] = {
    "max_tokens": _max_tokens,
    "temperature": _temperature,
    "top_p": _top_p,
    "top_k": _top_k,
    "stop_sequences": _stop,
    "tools": _tool_list,
    "tool_choice": _tool_choice,
    "output_format": _output_format,
    "metadata": _metadata,
    "service_tier": _service_tier,
    "stream": _stream,
}
