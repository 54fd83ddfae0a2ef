"""What complete answers and chunks of streams say alike: the wire's structs, and what they mean."""

from collections.abc import Iterator
from typing import Any

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.translation.data_urls import media_at
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import Citation, Finish, Json, Media, Reasoning
from gatewright.translation.openai_chat.wire import ContentPart, ImageUrl, ThinkingBlock, thought

NOTHING = msgspec.Raw(b"")


class Function(msgspec.Struct):
    name: str | None = None
    arguments: str | Json | None = None


class ToolCallPiece(msgspec.Struct):
    """A tool call, or what a chunk adds to one."""

    index: int | None = None
    id: str | None = None
    function: Function | None = None
    extra_content: Json | None = None
    provider_specific_fields: Json | None = None


class Detail(msgspec.Struct):
    """OpenRouter's form of a thought."""

    type: str = ""
    text: str | None = None
    summary: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None


class UrlCitation(msgspec.Struct):
    url: str | None = None
    title: str | None = None
    content: str | None = None
    start_index: int | None = None
    end_index: int | None = None


class Annotation(msgspec.Struct):
    type: str = ""
    url_citation: UrlCitation | None = None


class Image(msgspec.Struct):
    image_url: ImageUrl | None = None


class Said(msgspec.Struct):
    """A message or a delta."""

    content: str | list[ContentPart] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: Any = None
    reasoning_details: list[Detail] | None = None
    thinking_blocks: list[ThinkingBlock] | None = None
    tool_calls: list[ToolCallPiece] | None = None
    annotations: list[Annotation] | None = None
    images: list[Image] | None = None

    def thoughts(self) -> str:
        """The text of what was thought; servers that have it by two names say the same by both."""
        if self.reasoning_content:
            return self.reasoning_content
        return self.reasoning if isinstance(self.reasoning, str) else ""


_FINISHES = {
    "stop": Finish.STOP,
    "length": Finish.LENGTH,
    "max_tokens": Finish.LENGTH,
    "model_length": Finish.CONTEXT_FULL,  # Mistral
    "tool_calls": Finish.TOOL_CALLS,
    "function_call": Finish.TOOL_CALLS,
    "tool_use": Finish.TOOL_CALLS,
    "content_filter": Finish.CONTENT_FILTER,
    "sensitive": Finish.CONTENT_FILTER,  # Z.ai
}
BROKEN_OFF = frozenset({"error", "insufficient_system_resource", "network_error"})
"""OpenRouter's, DeepSeek's and Z.ai's words for an answer that is none."""


def finish_of(reason: str | None, *, called: bool, refused: bool) -> Finish:
    """Why the model stopped. Many servers say `stop` when it called a tool."""
    found = _FINISHES.get(reason or "stop", Finish.STOP)
    if found is Finish.STOP:
        if called:
            return Finish.TOOL_CALLS
        if refused:
            return Finish.REFUSAL
    return found


def seals(said: Said) -> Iterator[Reasoning]:
    """Thoughts in the forms that can have a seal."""
    for block in said.thinking_blocks or ():
        yield thought(block, Dialect.CHAT)
    for detail in said.reasoning_details or ():
        yield Reasoning(
            text=detail.text or detail.summary or "",
            signature=detail.signature or None,
            redacted=detail.data or None,
            id=detail.id,
            origin=Dialect.CHAT,
        )


def texts(content: str | list[ContentPart] | None) -> Iterator[tuple[bool, str]]:
    """The pieces of content in order, each with whether it was thought: Mistral's models think in their content."""
    if isinstance(content, str):
        yield False, content
        return
    for part in content or ():
        if part.type == "text" and part.text:
            yield False, part.text
        elif part.type == "thinking":
            yield True, _nested(part.thinking)


def _nested(thinking: object) -> str:
    if isinstance(thinking, list):
        pieces = (piece.get("text") for piece in thinking if isinstance(piece, dict))
        return "".join(piece for piece in pieces if isinstance(piece, str))
    return thinking if isinstance(thinking, str) else ""


def citations(said: Said) -> list[Citation]:
    """The sources that a message or a delta names."""
    found = (note.url_citation for note in said.annotations or () if note.url_citation is not None)
    return [
        Citation(url=one.url, title=one.title or None, quote=one.content, start=one.start_index, end=one.end_index)
        for one in found
    ]


def sources(results: object, urls: object) -> list[Citation]:
    """Perplexity's sources (`search_results`, or `citations`), which belong to the answer as a whole.

    Other servers have other things by these names: what has no address is left out.
    """
    found = []
    for one in results if isinstance(results, list) else ():
        if isinstance(one, dict) and isinstance(url := one.get("url"), str):
            title = one.get("title")
            found.append(Citation(url=url, title=title if isinstance(title, str) else None))
    if not found and isinstance(urls, list):
        found = [Citation(url=url) for url in urls if isinstance(url, str)]
    return found


def media(said: Said) -> list[Media]:
    """The images that were made. Raises ValueError for an address that is none."""
    try:
        links = [image.image_url for image in said.images or () if image.image_url is not None]
        return [media_at(link.url, param="image_url") for link in links]
    except BadInput as error:
        raise ValueError(error.message) from None


def arguments_of(function: Function) -> str:
    """JSON text, also where a server gives the object itself."""
    found = function.arguments
    return found or "" if isinstance(found, str | None) else msgspec.json.encode(found).decode()


def made_up_id(answer_id: str, index: int) -> str:
    """For a call that came without an id: told apart from those of other answers by the answer's id."""
    kept = "".join(letter for letter in answer_id if letter.isalnum())[-24:]
    return f"call_{kept}_{index}" if kept else f"call_{index}"
