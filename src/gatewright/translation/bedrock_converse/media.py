"""Images, documents, video and sound as Converse's blocks have them.

Source: Amazon Bedrock API reference, `ImageBlock`, `DocumentBlock`, `VideoBlock`, `AudioBlock`.
"""

import base64
import re
from typing import NamedTuple

from gatewright.translation.carriage import CannotCarry, Carriage
from gatewright.translation.model import Json, Media

IMAGES = {"image/png": "png", "image/jpeg": "jpeg", "image/jpg": "jpeg", "image/gif": "gif", "image/webp": "webp"}
DOCUMENTS = {
    "application/pdf": "pdf",
    "text/csv": "csv",
    "application/msword": "doc",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.ms-excel": "xls",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "text/html": "html",
    "text/plain": "txt",
    "text/markdown": "md",
}
VIDEOS = {
    "video/x-matroska": "mkv",
    "video/quicktime": "mov",
    "video/mp4": "mp4",
    "video/webm": "webm",
    "video/x-flv": "flv",
    "video/mpeg": "mpeg",
    "video/mpg": "mpg",
    "video/x-ms-wmv": "wmv",
    "video/wmv": "wmv",
    "video/3gpp": "three_gp",
}
SOUNDS = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/wav": "wav",
    "audio/wave": "wav",
    "audio/x-wav": "wav",
    "audio/opus": "opus",
    "audio/aac": "aac",
    "audio/flac": "flac",
    "audio/mp4": "mp4",
    "audio/ogg": "ogg",
    "audio/webm": "webm",
    "audio/m4a": "m4a",
    "audio/x-m4a": "m4a",
    "audio/pcm": "pcm",
}
LONGEST_NAME = 200
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9\s\-()\[\]]+")
_SPACES = re.compile(r"\s+")


class Kind(NamedTuple):
    """`block` is the member's name, `formats` its formats by media type."""

    block: str
    formats: dict[str, str]


KINDS = {
    "image": Kind("image", IMAGES),
    "file": Kind("document", DOCUMENTS),
    "video": Kind("video", VIDEOS),
    "audio": Kind("audio", SOUNDS),
}
_BY_TYPE = {media_type: kind for kind in KINDS.values() for media_type in kind.formats}


class MediaBlocks:
    """Writes the media of one request: the names of its documents must differ."""

    def __init__(self, carriage: Carriage) -> None:
        self._carriage = carriage
        self._names: set[str] = set()

    def block(self, media: Media) -> Json:
        """One content block. Raises CannotCarry."""
        if media.detail not in (None, "auto"):
            self._carriage.let_go("messages.detail")
        if media.text is not None:
            return self._document(media, "txt", {"bytes": base64.b64encode(media.text.encode()).decode()})
        kind = _BY_TYPE.get(media.media_type or "", KINDS[media.kind])
        form = kind.formats.get(media.media_type or "") or _by_name(media, kind)
        source = self._source(media)
        if form is None:
            known = ", ".join(sorted(set(kind.formats.values())))
            raise self._refused(
                f"{media.media_type or 'a file of unknown type'} is not among its formats of {kind.block}s: {known}"
            )
        if kind.block == "document":
            return self._document(media, form, source)
        return {kind.block: {"format": form, "source": source}}

    def _source(self, media: Media) -> Json:
        if media.data is not None:
            return {"bytes": media.data}
        if media.url is not None and media.url.startswith("s3://"):
            self._carriage.check_file(media.url)
            return {"s3Location": {"uri": media.url}}
        if media.url is not None:
            raise self._refused(
                f"Amazon Bedrock does not fetch a URL; send the {KINDS[media.kind].block} as base64 data, or as an "
                "s3:// address"
            )
        raise self._refused("a file that was uploaded elsewhere cannot be read by Amazon Bedrock; send its data")

    def _document(self, media: Media, form: str, source: Json) -> Json:
        document: Json = {"format": form, "name": self._name(media.name, form), "source": source}
        if media.context:
            document["context"] = media.context
        if media.cite:
            document["citations"] = {"enabled": True}
        return {"document": document}

    def _name(self, given: str | None, form: str) -> str:
        """A name of the characters that are allowed, without its ending, that no other document of the request has."""
        bare = (given or "").removesuffix(f".{form}")
        plain = _SPACES.sub(" ", _NOT_IN_NAMES.sub("-", bare)).strip(" -")[:LONGEST_NAME].strip()
        wanted = plain or "document"
        name, number = wanted, 1
        while name in self._names:
            number += 1
            ending = f" {number}"
            name = wanted[: LONGEST_NAME - len(ending)].rstrip() + ending
        self._names.add(name)
        return name

    def _refused(self, why: str) -> CannotCarry:
        return self._carriage.must("messages", why)


def _by_name(media: Media, kind: Kind) -> str | None:
    """The format that the file's ending says, where no media type does."""
    ending = (media.name or media.url or "").rpartition(".")[2].lower()
    found = "jpeg" if ending == "jpg" else ending
    if media.media_type in (None, "application/octet-stream") and found in kind.formats.values():
        return found
    return None
