"""The messages of a request.

The system prompt is what the system and developer messages at the beginning say. One that comes later, or has a name,
stays where it stands as a message of Role.SYSTEM.
"""

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import Json, Message, Part, Reasoning, Refusal, Role, ToolCall, ToolResult
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


class _Function(msgspec.Struct):
    name: str
    arguments: str | None = None


class _ToolCall(msgspec.Struct):
    id: str
    type: str = "function"
    function: _Function | None = None
    extra_content: Json | None = None
    provider_specific_fields: Json | None = None


class _Message(msgspec.Struct):
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


class _Conversation:
    """What was read so far."""

    __slots__ = ("messages", "results", "system")

    def __init__(self) -> None:
        self.system: list[Part] = []
        self.messages: list[Message] = []
        self.results: list[Part] = []

    def say(self, message: Message) -> None:
        self.end_results()
        self.messages.append(message)

    def end_results(self) -> None:
        if self.results:
            self.messages.append(Message(Role.USER, tuple(self.results)))
            self.results = []

    @property
    def begun(self) -> bool:
        return bool(self.messages or self.results)


def read_messages(raw: msgspec.Raw) -> tuple[tuple[Part, ...], tuple[Message, ...]]:
    """The system prompt and the conversation. Raises BadInput naming the message that is wrong."""
    found = _Conversation()
    for index, message in enumerate(member(_decode, "messages", raw)):
        param = f"messages[{index}]"
        match message.role:
            case "user":
                found.say(Message(Role.USER, tuple(_parts(message, param)), message.name))
            case "assistant":
                found.say(Message(Role.ASSISTANT, tuple(_assistant(message, param)), message.name))
            case "tool":
                found.results.append(_result(message, param))
            case "system" | "developer":
                _system(message, param, found)
            case "function":
                raise _outdated(param, "messages of the role `tool`")
            case other:
                raise BadInput(f"`{param}.role` has the unknown value {other!r}.", param=f"{param}.role")
    found.end_results()
    return tuple(found.system), tuple(found.messages)


def _parts(message: _Message, param: str) -> list[Part]:
    if message.content is None:
        raise BadInput(f"`{param}.content` is missing.", param=f"{param}.content")
    return _marked(read_content(message.content, f"{param}.content"), message, param)


def _system(message: _Message, param: str, found: _Conversation) -> None:
    parts = only_text(_parts(message, param), f"{param}.content")
    if found.begun or message.name is not None:
        found.say(Message(Role.SYSTEM, parts, message.name))
    else:
        found.system.extend(parts)


def _result(message: _Message, param: str) -> Part:
    if message.tool_call_id is None:
        raise BadInput(f"`{param}.tool_call_id` is missing.", param=f"{param}.tool_call_id")
    parts = read_content(message.content, f"{param}.content")
    cache = cache_of(message.cache_control, message.prompt_cache_breakpoint, param)
    return ToolResult(call_id=message.tool_call_id, parts=tuple(parts), name=message.name, cache=cache)


def _assistant(message: _Message, param: str) -> list[Part]:
    if message.function_call is not None:
        raise _outdated(f"{param}.function_call", "`tool_calls`")
    if message.audio is not None:
        raise BadInput(
            f"`{param}.audio` is an answer that only its provider has.",
            param=f"{param}.audio",
            hint="Send its transcript as `content`.",
        )
    parts = _reasoning(message)
    parts += read_content(message.content, f"{param}.content")
    if message.refusal:
        parts.append(Refusal(text=message.refusal))
    parts += read_content(message.images, f"{param}.images")
    parts += [_call(call, f"{param}.tool_calls[{at}]") for at, call in enumerate(message.tool_calls or ())]
    return _marked(parts, message, param)


def _reasoning(message: _Message) -> list[Part]:
    """The blocks hold what the text holds, with its seals."""
    if message.thinking_blocks:
        return [thought(block, Dialect.MESSAGES) for block in message.thinking_blocks]
    text = message.reasoning_content or message.reasoning
    return [Reasoning(text=text)] if text else []


def _call(call: _ToolCall, param: str) -> Part:
    if call.function is None or call.type != "function":
        raise BadInput(f"`{param}` must be of the type function.", param=f"{param}.type")
    signature = signature_of(call.extra_content, call.provider_specific_fields)
    return ToolCall(id=call.id, name=call.function.name, arguments=call.function.arguments or "", signature=signature)


def _marked(parts: list[Part], message: _Message, param: str) -> list[Part]:
    """A mark on the message is one on its last part, unless that has one."""
    cache = cache_of(message.cache_control, message.prompt_cache_breakpoint, param)
    if parts and parts[-1].cache is None:
        parts[-1] = with_mark(parts[-1], cache)
    return parts


def _outdated(param: str, instead: str) -> BadInput:
    return BadInput(f"`{param}` is outdated and cannot be sent to this model.", param=param, hint=f"Send {instead}.")
