"""Parts of messages as clients send them, read into parts of the model.

Source: OpenAI API reference, "Create a model response", `input`.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.translation.data_urls import media_at
from gatewright.translation.model import Json, Media, Part, Refusal, Text
from gatewright.translation.openai_responses.fields import an_object, maybe_text, objects, text, wrong

FILE_TYPES = {
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "html": "text/html",
    "json": "application/json",
}
"""What a file is by the end of its name, where its data does not say so."""
_TEXTS = ("input_text", "output_text", "text")


def mere_texts(content: Any) -> tuple[Part, ...] | None:
    """The parts of a content that is nothing but text, as most are; None for one that must be looked into."""
    if isinstance(content, str):
        return (Text(content),) if content else ()
    if not isinstance(content, list):
        return None
    found = []
    for part in content:
        if not isinstance(part, dict) or part.get("type") not in _TEXTS or "prompt_cache_breakpoint" in part:
            return None
        said = part.get("text")
        if not isinstance(said, str):
            return None
        if said:
            found.append(Text(said))
    return tuple(found)


def read_parts(content: Any, at: str) -> tuple[Part, ...]:
    """A message's content or a tool's output: a text, or an array of parts; empty texts are left out.

    Raises BadInput.
    """
    if isinstance(content, str):
        return (Text(content),) if content else ()
    if not isinstance(content, list):
        raise wrong(at, "a text or an array")
    found = (_part(part, place) for place, part in objects(content, at))
    return tuple(part for part in found if not (isinstance(part, Text) and not part.text))


def _part(part: Json, at: str) -> Part:
    read = _PARTS.get(text(part, "type", at))
    if read is None:
        raise BadInput(f"`{at}.type` is unknown: {part['type']!r}.", param=f"{at}.type")
    return read(part, at)


def _text(part: Json, at: str) -> Part:
    return Text(text=text(part, "text", at), cache=_cache(part, at))


def _refusal(part: Json, at: str) -> Part:
    return Refusal(text=text(part, "refusal", at))


def _image(part: Json, at: str) -> Part:
    url, file_id = maybe_text(part, "image_url", at), maybe_text(part, "file_id", at)
    detail, cache = maybe_text(part, "detail", at), _cache(part, at)
    if detail == "auto":  # what nothing said means
        detail = None
    if url is not None:
        found = media_at(url, param=f"{at}.image_url", kind="image")
        return msgspec.structs.replace(found, detail=detail, cache=cache)
    if file_id is None:
        raise BadInput(f"`{at}` has neither `image_url` nor `file_id`.", param=at)
    return Media(kind="image", file_id=file_id, detail=detail, cache=cache)


def _file(part: Json, at: str) -> Part:
    name, cache = maybe_text(part, "filename", at), _cache(part, at)
    data, url = maybe_text(part, "file_data", at), maybe_text(part, "file_url", at)
    if data is not None and not data.startswith("data:"):
        media_type = FILE_TYPES.get((name or "").rpartition(".")[2].lower(), "application/pdf")
        return Media(kind="file", media_type=media_type, data=data, name=name, cache=cache)
    for member, value in (("file_data", data), ("file_url", url)):
        if value is not None:
            found = media_at(value, param=f"{at}.{member}", kind="file")
            return msgspec.structs.replace(found, name=name, cache=cache)
    file_id = maybe_text(part, "file_id", at)
    if file_id is None:
        raise BadInput(f"`{at}` has neither `file_data` nor `file_url` nor `file_id`.", param=at)
    return Media(kind="file", file_id=file_id, name=name, cache=cache)


def _audio(part: Json, at: str) -> Part:
    sound = an_object(part.get("input_audio"), f"{at}.input_audio")
    kind = text(sound, "format", f"{at}.input_audio")
    media_type = "audio/mpeg" if kind == "mp3" else f"audio/{kind}"
    return Media(kind="audio", media_type=media_type, data=text(sound, "data", f"{at}.input_audio"))


_PARTS: dict[str, Callable[[Json, str], Part]] = {
    **dict.fromkeys(_TEXTS, _text),
    "refusal": _refusal,
    "input_image": _image,
    "input_file": _file,
    "input_audio": _audio,
}


def _cache(part: Json, at: str) -> str | None:
    """Where the provider shall cache up to; whoever wants it kept for 12 hours gets the longer of the two lives."""
    mark = part.get("prompt_cache_breakpoint")
    if mark is None:
        return None
    return "1h" if an_object(mark, f"{at}.prompt_cache_breakpoint").get("ttl") == "12h" else "5m"
