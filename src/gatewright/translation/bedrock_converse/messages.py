"""A conversation as Converse's messages: turns of the user and the assistant in alternation, of content blocks.

Source: Amazon Bedrock API reference, `Message`, `ContentBlock`, `ToolResultBlock`, `ReasoningContentBlock`,
`CachePointBlock`.
"""

import hashlib
import re
from collections.abc import Iterable

import msgspec

from gatewright.translation.bedrock_converse.family import Model
from gatewright.translation.bedrock_converse.media import MediaBlocks
from gatewright.translation.carriage import CannotCarry, Carriage
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import (
    ASSISTANT,
    Json,
    Media,
    Message,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)

NOTHING_SAID = "(no output)"
"""A tool's result, or a text, may not be blank."""

SEE_DOCUMENT = "See the document."
"""A turn with a document must have a text too."""

LONGEST_ID = 64
_NOT_IN_IDS = re.compile(r"[^a-zA-Z0-9_.:-]")
_DIGEST = 12
SEALED_HERE: frozenset[str | None] = frozenset({None, Dialect.CONVERSE.value})
SEALED_FOR_CLAUDE = SEALED_HERE | {Dialect.MESSAGES.value}
"""Anthropic's seals are good on every platform that serves Claude."""

_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Turns:
    """Writes the messages and the system prompt of one request for one model."""

    def __init__(self, model: Model, carriage: Carriage) -> None:
        self._model = model
        self._carriage = carriage
        self._media = MediaBlocks(carriage)

    def messages(self, messages: Iterable[Message]) -> list[Json]:
        """Turns that follow each other in one role become one; a blank one is left out. Raises CannotCarry."""
        turns: list[Json] = []
        for message in messages:
            if message.name is not None:
                self._carriage.let_go("messages.name")
            role = "assistant" if message.role is ASSISTANT else "user"
            blocks = self._blocks(message.parts, role)
            if turns and turns[-1]["role"] == role:
                turns[-1]["content"] += blocks
            elif blocks:
                turns.append({"role": role, "content": blocks})
        if not turns:
            raise self._carriage.must("messages", "there must be one that is not blank")
        for turn in turns:
            turn["content"] = _ordered(turn["content"])
        return turns

    def system(self, parts: Iterable[Part]) -> list[Json]:
        """The system prompt's blocks. Raises CannotCarry."""
        blocks: list[Json] = []
        for part in parts:
            if not isinstance(part, Text):
                raise self._carriage.must("system", "it may hold text only")
            if part.text.strip():
                blocks.append({"text": part.text})
            if blocks:
                blocks += self.mark(part.cache)
        return blocks

    def mark(self, cache: str | None, *, on_tools: bool = False) -> list[Json]:
        """The block that ends what shall be cached, for models that know it; nothing for no mark."""
        if cache is None:
            return []
        if not self._model.is_claude and (on_tools or not self._model.is_nova):
            self._carriage.let_go("cache_control")
            return []
        point = {"type": "default"}
        if cache == "1h":
            if self._model.is_claude and self._model.long_cache:
                point["ttl"] = cache
            else:
                self._carriage.let_go("cache_control.ttl")
        return [{"cachePoint": point}]

    def _blocks(self, parts: Iterable[Part], role: str) -> list[Json]:
        blocks: list[Json] = []
        for part in parts:
            if type(part) is Text and part.cache is None and not part.citations:  # as most are
                if part.text and not part.text.isspace():
                    blocks.append({"text": part.text})
                continue
            block = self._block(part, role)
            if block is not None:
                blocks.append(block)
            cache = _mark_of(part)
            if blocks and cache is not None and "reasoningContent" not in blocks[-1]:
                blocks += self.mark(cache)
        return blocks

    def _block(self, part: Part, role: str) -> Json | None:
        if type(part) is ToolCall:
            return self._call(part)
        if type(part) is ToolResult:
            return self._result(part)
        if type(part) is Text or type(part) is Refusal:
            if type(part) is Text and part.citations:
                self._carriage.let_go("messages.citations")
            return {"text": part.text} if part.text.strip() else None
        if type(part) is Reasoning:
            return self._thought(part)
        if type(part) is not Media:
            raise self._refused(f"a part of the kind {type(part).__name__} has no counterpart")
        if role == "assistant":
            raise self._refused("only the user's may hold images, documents and sound")
        return self._media.block(part)

    def _thought(self, part: Reasoning) -> Json | None:
        """Only sealed thought goes back: models refuse what they cannot check, or refuse thought altogether."""
        known = SEALED_FOR_CLAUDE if self._model.is_claude else SEALED_HERE
        if part.origin in known and part.redacted:
            return {"reasoningContent": {"redactedContent": part.redacted}}
        if part.origin in known and part.signature:
            return {"reasoningContent": {"reasoningText": {"text": part.text, "signature": part.signature}}}
        self._carriage.let_go("messages.reasoning")
        return None

    def _call(self, part: ToolCall) -> Json:
        try:
            given = _decode_object(part.arguments or "{}")
        except (ValueError, RecursionError):
            raise self._refused(f"the arguments of the call of {part.name!r} are no JSON object") from None
        return {"toolUse": {"toolUseId": fitting_id(part.id), "name": part.name, "input": given}}

    def _result(self, part: ToolResult) -> Json:
        content = [block for one in part.parts if (block := self._result_block(one)) is not None]
        result: Json = {"toolUseId": fitting_id(part.call_id), "content": content or [{"text": NOTHING_SAID}]}
        if part.is_error and (self._model.is_claude or self._model.is_nova):
            result["status"] = "error"
        elif part.is_error:
            self._carriage.let_go("messages.is_error")
        return {"toolResult": result}

    def _result_block(self, part: Part) -> Json | None:
        if type(part) is Text:
            return {"text": part.text} if part.text.strip() else None
        if isinstance(part, Media) and part.kind != "audio":
            return self._media.block(part)
        raise self._refused("a tool's result may hold text, images, documents and video only")

    def _refused(self, why: str) -> CannotCarry:
        return self._carriage.must("messages", why)


def _mark_of(part: Part) -> str | None:
    """Inside a tool's result no mark may stand: one there counts for the whole result."""
    if part.cache is None and type(part) is ToolResult:
        for one in part.parts:
            if one.cache is not None:
                return one.cache
    return part.cache


def fitting_id(given: str) -> str:
    """The id of a tool call in the characters and the length that Converse allows; the same one for the same id."""
    if len(given) <= LONGEST_ID and given.isascii() and given.isidentifier():  # as most are
        return given
    plain = _NOT_IN_IDS.sub("_", given)
    if plain == given and 0 < len(plain) <= LONGEST_ID:
        return given
    digest = hashlib.sha256(given.encode()).hexdigest()[:_DIGEST]
    return f"{plain[: LONGEST_ID - _DIGEST - 1]}_{digest}"


def _ordered(blocks: list[Json]) -> list[Json]:
    """Results of tools first, as Claude wants them, each with its cache mark; a text where documents need one."""
    if len(blocks) == 1 and "document" not in blocks[0]:
        return blocks
    first: list[Json] = []
    rest: list[Json] = []
    into = rest
    for block in blocks:
        if "cachePoint" not in block:
            into = first if "toolResult" in block else rest
        into.append(block)
    found = first + rest
    if any("document" in block for block in found) and not any("text" in block for block in found):
        found.append({"text": SEE_DOCUMENT})
    return found
