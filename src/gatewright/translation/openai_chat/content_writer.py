"""Parts into the content of a message, for a provider."""

from collections.abc import Sequence

from gatewright.translation.carriage import Carriage
from gatewright.translation.data_urls import data_url
from gatewright.translation.model import Json, Media, Part, Refusal, Text
from gatewright.translation.openai_chat.servers import Server

_FORMATS = {"audio/mpeg": "mp3", "audio/mp3": "mp3", "audio/wav": "wav", "audio/x-wav": "wav", "audio/wave": "wav"}


def written_content(parts: Sequence[Part], server: Server, carriage: Carriage) -> str | list[Json]:
    """A string where that says it all. Raises CannotCarry."""
    if len(parts) == 1:
        part = parts[0]
        if type(part) is Text and part.cache is None:  # as nearly always
            return part.text
    texts = [part.text for part in parts if type(part) is Text]
    marks = any(part.cache for part in parts)
    if len(texts) == len(parts) and (server.plain or len(texts) < 2) and not (marks and server.marks):
        if marks:
            carriage.let_go("cache_control")
        return "\n".join(texts)
    return [marked(_part(part, carriage), part.cache, server, carriage) for part in parts]


def marked(written: Json, cache: str | None, server: Server, carriage: Carriage) -> Json:
    """Adds the mark of a part or a tool where the server takes it."""
    if cache is not None and server.marks:
        written["cache_control"] = {"type": "ephemeral"} if cache == "5m" else {"type": "ephemeral", "ttl": cache}
    elif cache is not None:
        carriage.let_go("cache_control")
    return written


def _part(part: Part, carriage: Carriage) -> Json:
    if type(part) is Text:
        if part.citations:
            carriage.let_go("citations")
        return {"type": "text", "text": part.text}
    if type(part) is Media:
        return _media(part, carriage)
    if type(part) is Refusal:
        return {"type": "refusal", "refusal": part.text}
    raise carriage.must("messages", f"a part of the kind {type(part).__name__} has no place there")


def _media(media: Media, carriage: Carriage) -> Json:
    if media.cite:
        carriage.let_go("citations")
    match media.kind:
        case "image" if media.file_id is None:
            link: Json = {"url": data_url(media, "image/png") if media.url is None else media.url}
            if media.detail is not None:
                link["detail"] = media.detail
            return {"type": "image_url", "image_url": link}
        case "audio" if media.data is not None:
            kind = media.media_type or "audio/wav"
            return {
                "type": "input_audio",
                "input_audio": {"data": media.data, "format": _FORMATS.get(kind, kind.partition("/")[2])},
            }
        case "file" if media.url is None:
            return _file(media)
    given = "a file id" if media.file_id is not None else "an address"
    raise carriage.must("messages", f"it takes no {media.kind} by {given}")


def _file(media: Media) -> Json:
    if media.text is not None:
        lines = [line for line in (media.name, media.context, media.text) if line]
        return {"type": "text", "text": "\n\n".join(lines)}
    if media.file_id is not None:
        return {"type": "file", "file": {"file_id": media.file_id}}
    url = data_url(media, "application/pdf")
    return {"type": "file", "file": {"filename": media.name or "document.pdf", "file_data": url}}
