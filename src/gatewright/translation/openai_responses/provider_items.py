"""Messages as items of a request. Source: OpenAI API reference, "Create a model response", `input`.

Items have no ids: those of answers that the provider did not keep are refused there.
"""

from collections.abc import Sequence

from gatewright.translation.carriage import Carriage
from gatewright.translation.data_urls import data_url
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import (
    ASSISTANT,
    USER,
    Json,
    Media,
    Message,
    Part,
    Reasoning,
    Refusal,
    Request,
    Text,
    ToolCall,
    ToolResult,
)


def written_items(request: Request, carriage: Carriage) -> list[Json]:
    """`input`. Raises CannotCarry."""
    items: list[Json] = []
    for message in request.messages:
        if message.name is not None:
            carriage.let_go("name")
        if message.role is ASSISTANT:
            for part in message.parts:
                item = _answered(part, carriage)
                if item is not None:
                    items.append(item)
        else:
            _told(message, items, carriage)
    return items


def _told(message: Message, items: list[Json], carriage: Carriage) -> None:
    """What the user and the tools say, or an instruction among the messages."""
    said: list[Part] = []
    for part in message.parts:
        if type(part) is ToolResult:
            items.append(_result(part, carriage))
        else:
            said.append(part)
    if said:
        role = "user" if message.role is USER else "developer"
        items.append({"type": "message", "role": role, "content": _content(said, carriage)})


def _answered(part: Part, carriage: Carriage) -> Json | None:
    """Texts one by one, refusals too, since only a text by itself may stand there without an id."""
    item: Json | None = None
    if type(part) is Text or type(part) is Refusal:
        if type(part) is Text and part.citations:
            carriage.let_go("citations")
        item = {"type": "message", "role": "assistant", "content": part.text}
    elif type(part) is ToolCall:
        arguments = part.arguments or "{}"
        item = {"type": "function_call", "call_id": part.id, "name": part.name, "arguments": arguments}
    elif type(part) is Reasoning:
        if part.redacted is None or part.origin not in (None, Dialect.RESPONSES):
            carriage.let_go("reasoning")
            return None
        summary = [{"type": "summary_text", "text": part.text}] if part.text else []
        item = {"type": "reasoning", "summary": summary, "encrypted_content": part.redacted}
    elif type(part) is Media:
        carriage.lose("images", "an assistant's message holds none")
    if part.cache is not None:
        carriage.let_go("cache_control")
    return item


def _result(result: ToolResult, carriage: Carriage) -> Json:
    if result.is_error:
        carriage.let_go("is_error")
    if result.cache is not None:
        carriage.let_go("cache_control")
    output = _content(result.parts, carriage) if result.parts else ""
    return {"type": "function_call_output", "call_id": result.call_id, "output": output}


def _content(parts: Sequence[Part], carriage: Carriage) -> str | list[Json]:
    """A string where that says it all."""
    only = parts[0] if len(parts) == 1 else None
    if type(only) is Text and only.cache is None:  # as nearly always
        return only.text
    if any(part.cache for part in parts):
        carriage.let_go("cache_control")
    if type(only) is Text:
        return only.text
    return [_part(part, carriage) for part in parts]


def _part(part: Part, carriage: Carriage) -> Json:
    if type(part) is Text or type(part) is Refusal:
        return {"type": "input_text", "text": part.text}
    if type(part) is Media:
        if part.kind == "image":
            return _image(part)
        if part.kind == "file":
            return _file(part, carriage)
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
