"""What a provider says: the pieces of answers and events as they stand on the wire, and what they mean.

Source: OpenAI API reference, the response object and "Streaming events".
"""

from typing import Any

import msgspec

from gatewright.translation.dialect import Dialect
from gatewright.translation.halves import ProviderError
from gatewright.translation.model import Citation, Finish, Json, Media, Part, Reasoning, Refusal, Text, ToolCall
from gatewright.translation.openai_chat.errors import Words, said
from gatewright.translation.openai_responses.client_tools import arguments_of
from gatewright.translation.openai_responses.usage import WireUsage

NOTHING = msgspec.Raw(b"")
CALLS = frozenset({"function_call", "custom_tool_call"})


class Content(msgspec.Struct):
    """A part of a message, of a thought or of its summary."""

    type: str = ""
    text: str | None = None
    refusal: str | None = None
    annotations: list[Json] | None = None
    logprobs: list[Json] | None = None


class Item(msgspec.Struct):
    """An item of the kinds that are read here."""

    type: str = ""
    id: str | None = None
    content: list[Content] | None = None
    summary: list[Content] | None = None
    encrypted_content: str | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    input: str | None = None
    result: str | None = None
    output_format: str | None = None


class _Kind(msgspec.Struct):
    type: str = ""


class _Incomplete(msgspec.Struct):
    reason: str | None = None


class Response(msgspec.Struct):
    """The response object."""

    id: str = ""
    model: str = ""
    status: str | None = None
    error: Words | None = None
    incomplete_details: _Incomplete | None = None
    output: list[msgspec.Raw] | None = None
    usage: WireUsage | None = None


KNOWN = frozenset({"message", "reasoning", "image_generation_call", *CALLS})
"""Items that mean something in other dialects too; the rest are steps of OpenAI's own tools."""

_CUT_OFF = {"content_filter": Finish.CONTENT_FILTER}
_decode_kind = msgspec.json.Decoder(_Kind).decode
_decode_item = msgspec.json.Decoder(Item).decode


def item_of(raw: msgspec.Raw) -> Item | None:
    """None for an item of another kind. Raises ValueError."""
    return _decode_item(raw) if _decode_kind(raw).type in KNOWN else None


def parts_of(item: Item) -> list[Part]:
    """What an item says. Raises ValueError for a call without a name."""
    match item.type:
        case "message":
            return [part for content in item.content or () if (part := said_in(content)) is not None]
        case "reasoning":
            thought = thought_of(item)
            return [thought] if thought.text or thought.redacted else []
        case "image_generation_call":
            media = image_of(item)
            return [] if media is None else [media]
    if not item.name:
        raise ValueError("The answer has a tool call without a name.")
    return [ToolCall(id=item.call_id or item.id or "", name=item.name, arguments=arguments_in(item))]


def said_in(content: Content) -> Part | None:
    """A text or a refusal; None for what is neither, or empty."""
    if content.type == "refusal":
        return Refusal(text=content.refusal or "")
    if content.type != "output_text" or not content.text:
        return None
    found = (citation_of(one) for one in content.annotations or ())
    return Text(text=content.text, citations=tuple(one for one in found if one is not None))


def thought_of(item: Item) -> Reasoning:
    """What was thought, else its summary, and the seal."""
    shown = [part.text for part in item.content or item.summary or () if part.text]
    sealed = item.encrypted_content is not None
    return Reasoning(
        text="\n\n".join(shown),
        redacted=item.encrypted_content,
        id=item.id if sealed else None,
        origin=Dialect.RESPONSES if sealed else None,
    )


def arguments_in(item: Item) -> str:
    """A call's arguments as JSON text; of a tool of free text, that text as its only one."""
    if item.type == "custom_tool_call":
        return arguments_of(item.input or "")
    return item.arguments or ""


def image_of(item: Item) -> Media | None:
    """An image that was made; None for one that was not."""
    if not item.result:
        return None
    return Media(kind="image", media_type=f"image/{item.output_format or 'png'}", data=item.result)


def citation_of(annotation: Json) -> Citation | None:
    """A source with an address; None for the ids of files that only OpenAI can read."""
    url = annotation.get("url")
    if annotation.get("type") != "url_citation" or not isinstance(url, str):
        return None
    title = annotation.get("title")
    start, end = _place(annotation.get("start_index")), _place(annotation.get("end_index"))
    return Citation(url=url, title=title if isinstance(title, str) and title else None, start=start, end=end)


def finish_of(found: Response, *, called: bool, refused: bool) -> Finish:
    """Why the model stopped."""
    if found.status == "incomplete":
        reason = found.incomplete_details.reason if found.incomplete_details else None
        return _CUT_OFF.get(reason or "", Finish.LENGTH)
    if called:
        return Finish.TOOL_CALLS
    return Finish.REFUSAL if refused else Finish.STOP


def broken(found: Response) -> ProviderError:
    """The error of an answer that is neither whole nor cut off."""
    if found.error is not None and found.error.message:
        return said(found.error)
    return ProviderError(f"The answer has the status {found.status!r}.", found.status)


def _place(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
