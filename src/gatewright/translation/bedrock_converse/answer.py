"""A whole answer of Converse.

Source: Amazon Bedrock API reference, "Converse": response body.
"""

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation.bedrock_converse.wire import ContentBlock, Converse, ModelFields, TokenUsage, ToolUse
from gatewright.translation.counts import MOST
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import Answer, Finish, Media, Part, Reasoning, Text, ToolCall

FINISHES = {
    "end_turn": Finish.STOP,
    "tool_use": Finish.TOOL_CALLS,
    "max_tokens": Finish.LENGTH,
    "stop_sequence": Finish.STOP_SEQUENCE,
    "guardrail_intervened": Finish.CONTENT_FILTER,
    "content_filtered": Finish.CONTENT_FILTER,
    "refusal": Finish.REFUSAL,
    "model_context_window_exceeded": Finish.CONTEXT_FULL,
}
MALFORMED = frozenset({"malformed_model_output", "malformed_tool_use"})
"""The model wrote what Bedrock could not read: that is no answer."""

ORIGIN = Dialect.CONVERSE.value

_decode = msgspec.json.Decoder(Converse).decode


def read(body: bytes) -> Answer:
    """The answer. Raises ValueError for what is none."""
    found = _decode(body)
    if found.stop_reason in MALFORMED:
        raise ValueError(f"the model's answer ended with {found.stop_reason}")
    fields = found.additional_model_response_fields or ModelFields()
    return Answer(
        parts=tuple(part for block in found.output.message.content for part in _parts(block)),
        finish=finish(found.stop_reason),
        stop_sequence=fields.stopped_at,
        usage=usage(found.usage, fields),
    )


def finish(reason: str) -> Finish:
    """A reason that is not known is an ordinary end."""
    return FINISHES.get(reason, Finish.STOP)


def usage(found: TokenUsage | None, fields: ModelFields) -> Usage | None:
    """The counts, none of them negative: a provider must not be able to give money back. None for nonsense.

    What was written to the cache lives five minutes unless it is said to live an hour.
    """
    if found is None:
        return None
    read_tokens = max(found.cache_read_input_tokens or 0, 0)
    written = max(found.cache_write_input_tokens or 0, 0)
    completion = max(found.output_tokens, 0)
    long = sum(max(one.input_tokens, 0) for one in found.cache_details or () if one.ttl == "1h")
    prompt = max(found.input_tokens, 0) + read_tokens + written
    if max(prompt, completion) > MOST:
        return None
    return Usage(
        prompt=prompt,
        completion=completion,
        cached=read_tokens,
        reasoning=min(max(fields.thinking, 0), completion),
        cache_write=written - min(long, written),
        cache_write_1h=min(long, written),
    )


def _parts(block: ContentBlock) -> list[Part]:
    """None for what the provider did itself with its own tools."""
    if block.text is not None:
        return [Text(text=block.text)] if block.text else []
    if block.tool_use is not None:
        return _call(block.tool_use)
    if (thought := block.reasoning_content) is not None:
        if thought.redacted_content is not None:
            return [Reasoning(redacted=thought.redacted_content, origin=ORIGIN)]
        if (plain := thought.reasoning_text) is not None:
            return [Reasoning(text=plain.text, signature=plain.signature, origin=ORIGIN)]
    if (cited := block.citations_content) is not None:
        text = "".join(one.text or "" for one in cited.content or ())
        return [Text(text=text, citations=tuple(one.citation() for one in cited.citations or ()))]
    if block.image is not None and block.image.source is not None and block.image.source.bytes is not None:
        return [Media(kind="image", media_type=f"image/{block.image.format}", data=block.image.source.bytes)]
    return []


def _call(call: ToolUse) -> list[Part]:
    if call.type is not None:
        return []
    return [ToolCall(id=call.tool_use_id, name=call.name, arguments=bytes(call.input).decode())]
