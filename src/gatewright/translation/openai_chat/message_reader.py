"""The messages of a request.

The system prompt is what the system and developer messages at the beginning say. One that comes later, or has a name,
stays where it stands as a message of Role.SYSTEM.
"""

from collections.abc import Callable

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import (
    ASSISTANT,
    SYSTEM,
    USER,
    Json,
    Message,
    Part,
    Reasoning,
    Refusal,
    Role,
    ToolCall,
    ToolResult,
)
from gatewright.translation.openai_chat.content_reader import only_text, read_content
from gatewright.translation.openai_chat.wire import (
    Breakpoint,
    CacheControl,
    ContentPart,
    ThinkingBlock,
    cache_of,
    member,
    signature_of,
    thought,
    with_mark,
)


class _Function(msgspec.Struct, gc=False):
    name: str
    arguments: str | None = None


class _ToolCall(msgspec.Struct, gc=False):
    id: str
    type: str = "function"
    function: _Function | None = None
    extra_content: Json | None = None
    provider_specific_fields: Json | None = None


class _Message(msgspec.Struct, gc=False):
    role: str
    content: str | list[ContentPart] | None = None
    name: str | None = None
    refusal: str | None = None
    tool_calls: list[_ToolCall] | None = None
    tool_call_id: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    thinking_blocks: list[ThinkingBlock] | None = None
    images: list[ContentPart] | None = None
    function_call: object = None
    audio: object = None
    cache_control: CacheControl | None = None
    prompt_cache_breakpoint: Breakpoint | None = None


_decode = msgspec.json.Decoder(list[_Message]).decode


def read_messages(raw: msgspec.Raw) -> tuple[tuple[Part, ...], tuple[Message, ...]]:
    """The system prompt and the conversation. Raises BadInput naming the message that is wrong."""
    system: list[Part] = []
    messages: list[Message] = []
    results: list[Part] = []
    for index, message in enumerate(member(_decode, "messages", raw)):
        if message.role == "tool":
            results.append(_result(message, index))
            continue
        known = _ROLES.get(message.role)
        if known is None:
            raise _unknown_role(message.role, index)
        role, reader = known
        parts = reader(message, index)
        if message.cache_control is not None or message.prompt_cache_breakpoint is not None:
            parts = _marked(parts, message, index)
        if role is SYSTEM and message.name is None and not messages and not results:
            system += parts
            continue
        if results:
            messages.append(Message(USER, tuple(results)))
            results = []
        messages.append(Message(role, parts, message.name))
    if results:
        messages.append(Message(USER, tuple(results)))
    return tuple(system), tuple(messages)


def _user(message: _Message, index: int) -> tuple[Part, ...]:
    if message.content is None:
        raise BadInput(f"`messages[{index}].content` is missing.", param=f"messages[{index}].content")
    return read_content(message.content, index)


def _system(message: _Message, index: int) -> tuple[Part, ...]:
    return only_text(_user(message, index), index)


def _result(message: _Message, index: int) -> Part:
    if message.tool_call_id is None:
        param = f"messages[{index}].tool_call_id"
        raise BadInput(f"`{param}` is missing.", param=param)
    parts = read_content(message.content, index)
    if message.cache_control is None and message.prompt_cache_breakpoint is None:
        return ToolResult(message.tool_call_id, parts, name=message.name)
    return ToolResult(message.tool_call_id, parts, name=message.name, cache=_mark_of(message, index))


def _assistant(message: _Message, index: int) -> tuple[Part, ...]:
    if message.function_call is not None:
        raise _outdated(f"messages[{index}].function_call", "`tool_calls`")
    if message.audio is not None:
        raise BadInput(
            f"`messages[{index}].audio` is an answer that only its provider has.",
            param=f"messages[{index}].audio",
            hint="Send its transcript as `content`.",
        )
    parts = read_content(message.content, index)
    if message.thinking_blocks or message.reasoning_content or message.reasoning:
        parts = (*_reasoning(message), *parts)
    if message.refusal:
        parts = (*parts, Refusal(message.refusal))
    if message.images:
        parts += read_content(message.images, index, "images")
    if message.tool_calls:
        parts += _calls(message.tool_calls, index)
    return parts


def _reasoning(message: _Message) -> list[Part]:
    """The blocks hold what the text holds, with its seals."""
    if message.thinking_blocks:
        return [thought(block, Dialect.MESSAGES) for block in message.thinking_blocks]
    text = message.reasoning_content or message.reasoning
    return [Reasoning(text)] if text else []


def _calls(calls: list[_ToolCall], index: int) -> tuple[Part, ...]:
    if len(calls) == 1:  # as nearly always
        return (_call(calls[0], index, 0),)
    return tuple([_call(call, index, at) for at, call in enumerate(calls)])


def _call(call: _ToolCall, index: int, at: int) -> Part:
    function = call.function
    if function is None or call.type != "function":
        param = f"messages[{index}].tool_calls[{at}]"
        raise BadInput(f"`{param}` must be of the type function.", param=f"{param}.type")
    signature = None
    if call.extra_content is not None or call.provider_specific_fields is not None:
        signature = signature_of(call.extra_content, call.provider_specific_fields)
    return ToolCall(call.id, function.name, function.arguments or "", signature)


def _mark_of(message: _Message, index: int) -> str | None:
    return cache_of(message.cache_control, message.prompt_cache_breakpoint, f"messages[{index}]")


def _marked(parts: tuple[Part, ...], message: _Message, index: int) -> tuple[Part, ...]:
    """A mark on the message is one on its last part, unless that has one."""
    cache = _mark_of(message, index)
    return (*parts[:-1], with_mark(parts[-1], cache)) if parts and parts[-1].cache is None else parts


def _unknown_role(role: str, index: int) -> BadInput:
    param = f"messages[{index}]"
    if role == "function":
        return _outdated(param, "messages of the role `tool`")
    return BadInput(f"`{param}.role` has the unknown value {role!r}.", param=f"{param}.role")


def _outdated(param: str, instead: str) -> BadInput:
    return BadInput(f"`{param}` is outdated and cannot be sent to this model.", param=param, hint=f"Send {instead}.")


_ROLES: dict[str, tuple[Role, Callable[[_Message, int], tuple[Part, ...]]]] = {
    "user": (USER, _user),
    "assistant": (ASSISTANT, _assistant),
    "system": (SYSTEM, _system),
    "developer": (SYSTEM, _system),
}
