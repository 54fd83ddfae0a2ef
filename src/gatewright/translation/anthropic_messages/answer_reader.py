"""A complete answer of Anthropic's. Source: Anthropic API reference, "Create a message", the response."""

import msgspec

from gatewright.translation.anthropic_messages.block_reader import citation
from gatewright.translation.anthropic_messages.stops import finish_of
from gatewright.translation.anthropic_messages.usage import WireUsage
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import Answer, Json, Part, Reasoning, Text, ToolCall

OURS = Dialect.MESSAGES.value


class _Block(msgspec.Struct):
    type: str
    text: str = ""
    citations: list[Json] | None = None
    thinking: str = ""
    signature: str | None = None
    data: str | None = None
    id: str = ""
    name: str = ""
    input: msgspec.Raw = msgspec.Raw()


class _Message(msgspec.Struct):
    type: str
    content: list[msgspec.Raw]
    id: str = ""
    model: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None
    usage: WireUsage | None = None


class _Kind(msgspec.Struct):
    type: str


_decode = msgspec.json.Decoder(_Message).decode
_decode_kind = msgspec.json.Decoder(_Kind).decode
_decode_block = msgspec.json.Decoder(_Block).decode


def read(body: bytes) -> Answer:
    """The answer; blocks of tools that Anthropic runs itself are left out. Raises ValueError."""
    message = _decode(body)
    if message.type != "message":
        raise ValueError(f"an answer of the type {message.type!r}")
    parts = [part for raw in message.content if (part := _part(raw)) is not None]
    return Answer(
        parts=tuple(parts),
        finish=finish_of(message.stop_reason),
        id=message.id,
        model=message.model,
        stop_sequence=message.stop_sequence,
        usage=None if message.usage is None else message.usage.usage(),
    )


def _part(raw: msgspec.Raw) -> Part | None:
    if _decode_kind(raw).type not in ("text", "thinking", "redacted_thinking", "tool_use"):
        return None
    block = _decode_block(raw)
    match block.type:
        case "text":
            return Text(text=block.text, citations=tuple(citation(one) for one in block.citations or ()))
        case "thinking":
            return Reasoning(text=block.thinking, signature=block.signature or None, origin=OURS)
        case "redacted_thinking":
            return Reasoning(redacted=block.data, origin=OURS)
        case _:
            return ToolCall(id=block.id, name=block.name, arguments=bytes(block.input).decode())
