"""Content blocks of a request, into parts. Source: Anthropic API reference, "Create a message"."""

from collections.abc import Callable

import msgspec

from gatewright.translation.anthropic_messages import seals
from gatewright.translation.anthropic_messages.wire import Block, Source, cache_of, wrong
from gatewright.translation.model import Citation, Json, Media, Part, Text, ToolCall, ToolResult
from gatewright.translation.seals import unpack

Noted = Callable[[str], None]
"""Takes the place of something that only Anthropic has."""

CITATIONS = frozenset(
    {
        *("char_location", "page_location", "content_block_location"),
        *("web_search_result_location", "search_result_location"),
    }
)
"""Anthropic's own forms of a source."""

IN_SYSTEM = frozenset({"text"})
IN_RESULT = frozenset({"text", "image", "document", "search_result"})
IN_MESSAGE = IN_RESULT | {"thinking", "redacted_thinking", "tool_use", "tool_result"}


def mere_texts(content: str | list[Block]) -> tuple[Part, ...] | None:
    """The parts of a content that is nothing but text, as most are; None for one that must be looked into."""
    if isinstance(content, str):
        return (Text(content),) if content else ()
    found = []
    for block in content:
        if block.type != "text" or not block.text or block.citations is not None or block.cache_control is not None:
            return None
        found.append(Text(block.text))
    return tuple(found)


class BlockReader:
    """Reads the blocks of one request.

    `note` is told of what has no place in the request model. `names` are those of the tools that were called, by the
    id of the call.
    """

    def __init__(self, note: Noted) -> None:
        self._note = note
        self.names: dict[str, str] = {}
        self._seals: dict[str, str] = {}  # of tool calls, by their ids

    def read(self, content: str | list[Block], at: str, known: frozenset[str] = IN_MESSAGE) -> tuple[Part, ...]:
        """The parts; empty texts are left out. Raises BadInput naming the block that is wrong."""
        if isinstance(content, str):
            return (Text(content),) if content else ()
        found = []
        for index, block in enumerate(content):
            place = f"{at}.{index}"
            if block.type not in known:
                self._note(f"{place}.{block.type}")
                continue
            part = _READERS[block.type](self, block, place)
            if part is not None:
                if block.cache_control is not None:
                    part = msgspec.structs.replace(part, cache=cache_of(block.cache_control, place))
                found.append(part)
        return tuple(found)

    def _text(self, block: Block, at: str) -> Part | None:
        if block.text is None:
            raise wrong(f"{at}.text", "It is missing")
        quoted = block.citations if isinstance(block.citations, list) else ()
        return Text(text=block.text, citations=tuple(citation(one) for one in quoted)) if block.text else None

    def _image(self, block: Block, at: str) -> Part:
        return self._media(block, at, "image", None)

    def _document(self, block: Block, at: str) -> Part:
        return self._media(block, at, "file", "application/pdf")

    def _media(self, block: Block, at: str, kind: str, linked: str | None) -> Part:
        """`linked` is the media type of what stands at an address."""
        source = block.source
        if not isinstance(source, Source):
            raise wrong(f"{at}.source", "It must be an object")
        found = Media(kind=kind, name=block.title, context=block.context, cite=_cited(block.citations))
        change = msgspec.structs.replace
        match source.type:
            case "base64" if source.data is not None and source.media_type is not None:
                return change(found, data=source.data, media_type=source.media_type)
            case "url" if source.url is not None:
                return change(found, url=source.url, media_type=linked)
            case "file" if source.file_id is not None:
                return change(found, file_id=source.file_id)
            case "text" if source.data is not None and kind == "file":
                return change(found, text=source.data, media_type="text/plain")
            case "content" if source.content is not None and kind == "file":
                text = self._plain(source.content, f"{at}.source.content")
                return change(found, text=text, media_type="text/plain")
        raise wrong(f"{at}.source", f"It is none of the sources of {block.type} blocks, or lacks a member")

    def _search_result(self, block: Block, at: str) -> Part:
        if not isinstance(block.source, str) or not isinstance(block.content, list):
            raise wrong(at, "A search_result needs a source and content")
        text = self._plain(block.content, f"{at}.content")
        cite = _cited(block.citations)
        return Media(kind="file", media_type="text/plain", text=text, name=block.title, context=block.source, cite=cite)

    def _plain(self, content: str | list[Block], at: str) -> str:
        return "\n".join(part.text for part in self.read(content, at, IN_SYSTEM) if isinstance(part, Text))

    def _thinking(self, block: Block, at: str) -> Part:
        if block.thinking is None:
            raise wrong(f"{at}.thinking", "It is missing")
        return seals.thought(block.thinking, block.signature or "")

    def _redacted(self, block: Block, at: str) -> Part | None:
        if block.data is None:
            raise wrong(f"{at}.data", "It is missing")
        packed = unpack(block.data)
        if packed is not None and packed.call is not None:
            self._seals[packed.call] = packed.signature or ""
            return None
        return seals.redacted(block.data)

    def _tool_use(self, block: Block, at: str) -> Part:
        if block.id is None or block.name is None:
            raise wrong(at, "A tool_use needs an id and a name")
        if block.caller is not None and block.caller.get("type") != "direct":
            self._note(f"{at}.caller")
        try:
            arguments = str(block.input, "utf-8")
        except UnicodeDecodeError:
            raise wrong(f"{at}.input", "It is not UTF-8 text") from None
        if arguments and not arguments.startswith("{"):
            raise wrong(f"{at}.input", "It must be an object")
        self.names[block.id] = block.name
        sealed = self._seals.pop(block.id, None) if self._seals else None
        return ToolCall(block.id, block.name, arguments, sealed or None)

    def _tool_result(self, block: Block, at: str) -> Part:
        if block.tool_use_id is None:
            raise wrong(f"{at}.tool_use_id", "It is missing")
        if isinstance(block.content, dict):
            raise wrong(f"{at}.content", "It must be a text or a list of blocks")
        content = block.content or ""
        parts = mere_texts(content)
        if parts is None:
            parts = self.read(content, f"{at}.content", IN_RESULT)
        return ToolResult(block.tool_use_id, parts, block.is_error is True, self.names.get(block.tool_use_id))


def citation(raw: Json) -> Citation:
    """A source in Anthropic's form, which is kept whole."""
    url, title, quote = (raw.get(name) for name in ("url", "title", "cited_text"))
    title = raw.get("document_title") if title is None else title
    return Citation(
        url=url if isinstance(url, str) else None,
        title=title if isinstance(title, str) else None,
        quote=quote if isinstance(quote, str) else None,
        raw=raw,
    )


def _cited(asked: list[Json] | Json | None) -> bool | None:
    enabled = asked.get("enabled") if isinstance(asked, dict) else None
    return enabled if isinstance(enabled, bool) else None


_READERS: dict[str, Callable[[BlockReader, Block, str], Part | None]] = {
    "text": BlockReader._text,
    "image": BlockReader._image,
    "document": BlockReader._document,
    "search_result": BlockReader._search_result,
    "thinking": BlockReader._thinking,
    "redacted_thinking": BlockReader._redacted,
    "tool_use": BlockReader._tool_use,
    "tool_result": BlockReader._tool_result,
}
