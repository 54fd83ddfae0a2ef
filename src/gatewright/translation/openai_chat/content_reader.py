"""Content of a message, as a client writes it, into parts."""

from collections.abc import Callable

from gatewright.domain.errors import BadInput
from gatewright.translation.data_urls import media_at
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import Media, Part, Refusal, Text
from gatewright.translation.openai_chat.wire import ContentPart, ImageUrl, ThinkingBlock, cache_of, thought, with_mark

AUDIO_TYPES = {"mp3": "audio/mpeg", "wav": "audio/wav"}
_BY_ENDING = {".pdf": "application/pdf", ".txt": "text/plain", ".md": "text/markdown", ".csv": "text/csv"}


def read_content(content: str | list[ContentPart] | None, index: int, member: str = "content") -> tuple[Part, ...]:
    """The parts in that member of `messages[index]`; empty texts are left out. Raises BadInput naming the wrong one."""
    if isinstance(content, str):
        return (Text(content),) if content else ()
    if not content:
        return ()
    found: list[Part] = []
    for at, part in enumerate(content):
        if part.type == "text" and part.text and part.cache_control is None and part.prompt_cache_breakpoint is None:
            found.append(Text(part.text))  # as nearly all are
            continue
        name = f"messages[{index}].{member}[{at}]"
        reader = _READERS.get(part.type)
        if reader is None:
            raise BadInput(f"`{name}` is of the unknown type {part.type!r}.", param=f"{name}.type")
        read = reader(part, name)
        if read is not None:
            found.append(with_mark(read, cache_of(part.cache_control, part.prompt_cache_breakpoint, name)))
    return tuple(found)


def only_text(parts: tuple[Part, ...], index: int) -> tuple[Part, ...]:
    """For messages of the system. Raises BadInput for other parts than texts."""
    if not all(isinstance(part, Text) for part in parts):
        param = f"messages[{index}].content"
        raise BadInput(f"`{param}` may hold text only.", param=param)
    return parts


def _text(part: ContentPart, name: str) -> Part | None:
    if part.text is None:
        raise _missing(name, "text")
    return Text(text=part.text) if part.text else None


def _refusal(part: ContentPart, name: str) -> Part | None:
    if part.refusal is None:
        raise _missing(name, "refusal")
    return Refusal(text=part.refusal)


def _image(part: ContentPart, name: str) -> Part | None:
    return _linked(part.image_url, f"{name}.image_url", None)


def _video(part: ContentPart, name: str) -> Part | None:
    return _linked(part.video_url, f"{name}.video_url", "video")


def _linked(link: ImageUrl | str | None, param: str, kind: str | None) -> Media:
    if link is None:
        raise BadInput(f"`{param}` is missing.", param=param)
    if isinstance(link, str):
        return media_at(link, param=param, kind=kind)
    media = media_at(link.url, param=f"{param}.url", kind=kind, media_type=link.format)
    return Media(kind=media.kind, media_type=media.media_type, data=media.data, url=media.url, detail=link.detail)


def _audio(part: ContentPart, name: str) -> Part | None:
    if part.input_audio is None:
        raise _missing(name, "input_audio")
    audio = part.input_audio
    kind = AUDIO_TYPES.get(audio.format, f"audio/{audio.format}")
    return Media(kind="audio", media_type=kind, data=audio.data)


def _file(part: ContentPart, name: str) -> Part | None:
    file = part.file
    if file is None or (file.file_data is None) == (file.file_id is None):
        raise BadInput(f"`{name}.file` must have either `file_data` or `file_id`.", param=f"{name}.file")
    if file.file_id is not None:
        if file.file_id.startswith(("https://", "http://", "gs://")):  # as LiteLLM takes addresses
            return Media(kind="file", media_type=file.format, url=file.file_id, name=file.filename)
        return Media(kind="file", media_type=file.format, file_id=file.file_id, name=file.filename)
    data = file.file_data or ""
    if data.startswith(("data:", "https://", "http://")):
        media = media_at(data, param=f"{name}.file.file_data", kind="file", media_type=file.format)
        return Media(kind="file", media_type=media.media_type, data=media.data, url=media.url, name=file.filename)
    ending = "." + (file.filename or "").rpartition(".")[2].lower()
    return Media(kind="file", media_type=file.format or _BY_ENDING.get(ending), data=data, name=file.filename)


def _thinking(part: ContentPart, name: str) -> Part | None:
    if not isinstance(part.thinking, str):
        raise _missing(name, "thinking")
    return thought(ThinkingBlock("thinking", part.thinking, part.signature), Dialect.MESSAGES)


def _redacted(part: ContentPart, name: str) -> Part | None:
    if part.data is None:
        raise _missing(name, "data")
    return thought(ThinkingBlock("redacted_thinking", data=part.data), Dialect.MESSAGES)


def _missing(name: str, member: str) -> BadInput:
    return BadInput(f"`{name}.{member}` is missing.", param=f"{name}.{member}")


_READERS: dict[str, Callable[[ContentPart, str], Part | None]] = {
    "text": _text,
    "input_text": _text,
    "refusal": _refusal,
    "image_url": _image,
    "video_url": _video,
    "input_audio": _audio,
    "file": _file,
    "thinking": _thinking,
    "redacted_thinking": _redacted,
}
