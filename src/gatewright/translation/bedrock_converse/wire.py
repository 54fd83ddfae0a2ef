"""What Converse answers, as msgspec reads it; members that nobody here looks at are skipped.

Source: Amazon Bedrock API reference, `ContentBlock`, `TokenUsage`, `CitationsContentBlock`, "ConverseStream".
"""

from typing import Any

import msgspec

from gatewright.translation.model import Citation, Json


class _Wire(msgspec.Struct, rename="camel"):
    pass


class CacheDetail(_Wire):
    ttl: str = ""
    input_tokens: int = 0


class TokenUsage(_Wire):
    """`input_tokens` are those that were neither read from the cache nor written to it."""

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None
    cache_details: list[CacheDetail] | None = None


class _ThinkingTokens(msgspec.Struct):
    thinking_tokens: int | None = None


class _ClaudeUsage(msgspec.Struct):
    output_tokens_details: _ThinkingTokens | None = None


class _Delta(msgspec.Struct):
    stop_sequence: str | None = None


class ModelFields(msgspec.Struct):
    """What we ask of Claude's own answer, which has other names than Converse."""

    stop_sequence: str | None = None
    delta: _Delta | None = None
    usage: _ClaudeUsage | None = None

    @property
    def stopped_at(self) -> str | None:
        return self.stop_sequence or (self.delta.stop_sequence if self.delta else None)

    @property
    def thinking(self) -> int:
        details = self.usage.output_tokens_details if self.usage else None
        return (details.thinking_tokens or 0) if details else 0


class SourceText(_Wire):
    text: str | None = None


class WireCitation(_Wire):
    title: str | None = None
    source: str | None = None
    source_content: list[SourceText] | None = None
    location: dict[str, Any] | None = None

    def citation(self) -> Citation:
        """Where in a document it was found stays in `raw`."""
        quote = "".join(one.text or "" for one in self.source_content or ())
        web = (self.location or {}).get("web")
        url = web.get("url") if isinstance(web, dict) else None
        raw: Json = {"title": self.title, "source": self.source, "location": self.location}
        return Citation(
            url=url if isinstance(url, str) else None,
            title=self.title,
            quote=quote or None,
            raw={name: value for name, value in raw.items() if value is not None},
        )


class Cited(_Wire):
    content: list[SourceText] | None = None
    citations: list[WireCitation] | None = None


class ReasoningText(_Wire):
    text: str = ""
    signature: str | None = None


class ReasoningContent(_Wire):
    reasoning_text: ReasoningText | None = None
    redacted_content: str | None = None


class ToolUse(_Wire):
    """`type` is there for tools that the provider calls itself."""

    tool_use_id: str
    name: str
    input: msgspec.Raw = msgspec.Raw(b"{}")
    type: str | None = None


class Source(_Wire):
    bytes: str | None = None


class Image(_Wire):
    format: str = "png"
    source: Source | None = None


class ContentBlock(_Wire):
    text: str | None = None
    tool_use: ToolUse | None = None
    reasoning_content: ReasoningContent | None = None
    citations_content: Cited | None = None
    image: Image | None = None


class WireMessage(_Wire):
    content: list[ContentBlock]


class Output(_Wire):
    message: WireMessage


class Converse(_Wire):
    output: Output
    stop_reason: str
    usage: TokenUsage | None = None
    additional_model_response_fields: ModelFields | None = None


class BlockStart(_Wire):
    tool_use: ToolUse | None = None
    image: Image | None = None


class BlockStarted(_Wire):
    content_block_index: int
    start: BlockStart


class Arguments(_Wire):
    input: str = ""


class ReasoningDelta(_Wire):
    text: str | None = None
    signature: str | None = None
    redacted_content: str | None = None


class BlockDelta(_Wire):
    text: str | None = None
    tool_use: Arguments | None = None
    reasoning_content: ReasoningDelta | None = None
    citation: WireCitation | None = None
    image: Image | None = None


class BlockContinued(_Wire):
    content_block_index: int
    delta: BlockDelta


class BlockStopped(_Wire):
    content_block_index: int


class MessageStopped(_Wire):
    stop_reason: str
    additional_model_response_fields: ModelFields | None = None


class Metadata(_Wire):
    usage: TokenUsage | None = None


class Problem(msgspec.Struct):
    """An error's or an exception's body. Some of Amazon's servers write a capital M."""

    message: str | None = None
    capital: str | None = msgspec.field(default=None, name="Message")
    type: str | None = msgspec.field(default=None, name="__type")
