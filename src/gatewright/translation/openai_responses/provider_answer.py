"""A provider's complete answer. Source: OpenAI API reference, the response object."""

import msgspec

from gatewright.translation.halves import AnswerBroken
from gatewright.translation.model import Answer, Json, Part, Refusal, ToolCall
from gatewright.translation.openai_responses import wire

_decode = msgspec.json.Decoder(wire.Response).decode
_WHOLE = frozenset({"completed", "incomplete", None})


def read(body: bytes) -> Answer:
    """The answer. Raises ValueError for what is no response, and AnswerBroken for one that says that it failed."""
    try:
        found = _decode(body)
        if found.output is None and found.error is None:
            raise ValueError("The answer has no output.")
        items = [item for raw in found.output or () if (item := wire.item_of(raw)) is not None]
    except RecursionError as error:
        raise ValueError("The answer is nested too deeply.") from error
    usage = None if found.usage is None else found.usage.usage()
    if found.status not in _WHOLE or found.error is not None:
        raise AnswerBroken(wire.broken(found), usage)
    parts: list[Part] = [part for item in items for part in wire.parts_of(item)]
    called = any(isinstance(part, ToolCall) for part in parts)
    refused = any(isinstance(part, Refusal) for part in parts)
    return Answer(
        parts=tuple(parts),
        finish=wire.finish_of(found, called=called, refused=refused),
        id=found.id,
        model=found.model,
        usage=usage,
        logprobs=_logprobs(items),
    )


def _logprobs(items: list[wire.Item]) -> Json | None:
    """In the form of the chat dialect."""
    found = [one for item in items for content in item.content or () for one in content.logprobs or ()]
    return {"content": found} if found else None
