"""Messages as items of a request. Source: OpenAI API reference, "Create a model response", `input`.

Items have no ids: those of answers that the provider did not keep are refused there.
"""

from collections.abc import Iterator, Sequence

from gatewright.translation.carriage import Carriage
from gatewright.translation.data_urls import data_url
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import (
    Json,
    Media,
    Message,
    Part,
    Reasoning,
    Refusal,
    Request,
    Role,
    Text,
    ToolCall,
    ToolResult,
)

_ROLES = {Role.USER: "user", Role.SYSTEM: "developer"}


def written_items(request: Request, carriage: Carriage) -> list[Json]:
    """`input`. Raises CannotCarry."""
    return [item for message in request.messages for item in _message(message, carriage)]


def _message(message: Message, carriage: Carriage) -> Iterator[Json]:
    if message.name is not None:
        carriage.let_go("name")
    if message.role is Role.ASSISTANT:
        for part in message.parts:
            yield from _answered(part, carriage)
        return
    said: list[Part] = []
    for part in message.parts:
        if isinstance(part, ToolResult):
            yield _result(part, carriage)
        else:
            said.append(part)
    if said:
        yield {"type": "message", "role": _ROLES[message.role], "content": _content(said, carriage)}


def _answered(part: Part, carriage: Carriage) -> Iterator[Json]:
    """Texts one by one, refusals too, since only a text by itself may stand there without an id."""
    match part:
        case Text() | Refusal():
            if isinstance(part, Text) and part.citations:
                carriage.let_go("citations")
            yield {"type": "message", "role": "assistant", "content": part.text}
        case ToolCall():
            yield {
                "type": "function_call",
                "call_id": part.id,
                "name": part.name,
                "arguments": part.arguments or "{}",
            }
        case Reasoning():
            if part.redacted is None or part.origin not in (None, Dialect.RESPONSES):
                carriage.let_go("reasoning")
                return
            summary = [{"type": "summary_text", "text": part.text}] if part.text else []
            yield {"type": "reasoning", "summary": summary, "encrypted_content": part.redacted}
        case Media():
            carriage.lose("images", "an assistant's message holds none")
    if part.cache is not None:
        carriage.let_go("cache_control")


def _result(result: ToolResult, carriage: Carriage) -> Json:
    if result.is_error:
        carriage.let_go("is_error")
    if result.cache is not None:
        carriage.let_go("cache_control")
    output = _content(result.parts, carriage) if result.parts else ""
    return {"type": "function_call_output", "call_id": result.call_id, "output": output}


def _content(parts: Sequence[Part], carriage: Carriage) -> str | list[Json]:
    """A string where that says it all."""
    if any(part.cache for part in parts):
        carriage.let_go("cache_control")
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    return [_part(part, carriage) for part in parts]


def _part(part: Part, carriage: Carriage) -> Json:
    match part:
        case Text() | Refusal():
            return {"type": "input_text", "text": part.text}
        case Media(kind="image"):
            return _image(part)
        case Media(kind="file"):
            return _file(part, carriage)
        case Media():
            raise carriage.must("messages", f"it takes no {part.kind}")
    raise carriage.must("messages", f"a part of the kind {type(part).__name__} has no place there")


def _image(media: Media) -> Json:
    found: Json = {"type": "input_image", "detail": media.detail or "auto"}
    if media.file_id is not None:
        return {**found, "file_id": media.file_id}
    return {**found, "image_url": media.url or data_url(media, "image/png")}


def _file(media: Media, carriage: Carriage) -> Json:
    if media.cite:
        carriage.let_go("citations")
    if media.text is not None:
        lines = [line for line in (media.name, media.context, media.text) if line]
        return {"type": "input_text", "text": "\n\n".join(lines)}
    if media.file_id is not None:
        return {"type": "input_file", "file_id": media.file_id}
    if media.url is not None:
        return {"type": "input_file", "file_url": media.url}
    url = data_url(media, "application/pdf")
    return {"type": "input_file", "filename": media.name or "document.pdf", "file_data": url}
