"""A complete answer for a client. Source: Anthropic API reference, "Create a message", the response."""

from collections.abc import Callable
from typing import Any

import msgspec

from gatewright.translation.anthropic_messages import seals
from gatewright.translation.anthropic_messages.block_reader import CITATIONS
from gatewright.translation.anthropic_messages.stops import reason_of
from gatewright.translation.anthropic_messages.usage import written_usage
from gatewright.translation.model import (
    Answer,
    Citation,
    Heading,
    Json,
    Media,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from gatewright.translation.seals import Sealed, pack

_encode = msgspec.json.Encoder().encode
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def write(answer: Answer, heading: Heading) -> bytes:
    """The body."""
    content = [block for part in answer.parts for block in blocks_of(part)]
    called = any(isinstance(part, ToolCall) for part in answer.parts)
    return _encode(
        {
            **head(heading),
            "content": content,
            "stop_reason": reason_of(answer.finish, called=called),
            "stop_sequence": answer.stop_sequence,
            "usage": written_usage(answer.usage),
        }
    )


def head(heading: Heading) -> Json:
    """What every message begins with."""
    return {
        "id": f"msg_{heading.id.removeprefix('req-')}",
        "type": "message",
        "role": "assistant",
        "model": heading.model,
    }


def blocks_of(part: Part) -> list[Json]:
    """The blocks of a part: a sealed tool call has two of them."""
    writer = _WRITERS.get(type(part))
    return [] if writer is None else writer(part)


def written_citation(one: Citation) -> Json | None:
    """A source in Anthropic's form: its own one, else that of a web search; None for one without an address."""
    if one.raw is not None and one.raw.get("type") in CITATIONS:
        return one.raw
    if one.url is None:
        return None
    return {
        "type": "web_search_result_location",
        "url": one.url,
        "title": one.title,
        "cited_text": one.quote or "",
        "encrypted_index": "",
    }


def call_seal(call_id: str, signature: str, origin: str | None = None) -> Json:
    """The block before a tool call that holds its seal."""
    packed = Sealed(signature=signature, origin=origin, call=call_id)
    return {"type": "redacted_thinking", "data": pack(packed)}


def thought(part: Reasoning) -> Json:
    """A thought that can be read is a thinking block, whoever sealed it."""
    if part.redacted is not None and not part.text:
        return {"type": "redacted_thinking", "data": seals.data_for(part)}
    return {"type": "thinking", "thinking": part.text, "signature": seals.signature_for(part)}


def left_out(part: Part) -> str | None:
    """Words in place of what the model made and this API cannot carry."""
    if not isinstance(part, Media):
        return None
    if part.url is not None:
        return part.url
    return f"[The model made a part of the type {part.media_type or part.kind}, which this API cannot carry.]"


def _text(part: Text) -> list[Json]:
    citations = [found for one in part.citations if (found := written_citation(one)) is not None]
    return [{"type": "text", "text": part.text, **({"citations": citations} if citations else {})}]


def _refusal(part: Refusal) -> list[Json]:
    return [{"type": "text", "text": part.text}]


def _reasoning(part: Reasoning) -> list[Json]:
    return [thought(part)]


def _tool_call(part: ToolCall) -> list[Json]:
    call = {"type": "tool_use", "id": part.id, "name": part.name, "input": _input(part.arguments)}
    return [call] if part.signature is None else [call_seal(part.id, part.signature), call]


def _input(arguments: str) -> Json:
    """Arguments have to be an object: what a model wrote instead is the one member of one."""
    if not arguments.strip():
        return {}
    try:
        return _object(arguments)
    except (ValueError, RecursionError):
        return {"invalid_json": arguments}


def _media(part: Media) -> list[Json]:
    return [{"type": "text", "text": left_out(part)}]


_WRITERS: dict[type[Part], Callable[[Any], list[Json]]] = {
    Text: _text,
    Refusal: _refusal,
    Reasoning: _reasoning,
    ToolCall: _tool_call,
    Media: _media,
}
