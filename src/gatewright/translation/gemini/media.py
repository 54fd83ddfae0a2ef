"""Images, sound, video and documents as parts. Source: Gemini API documentation, "File input methods".

Google fetches `https://` addresses itself, and Cloud Storage's `gs://` with our credential; we fetch nothing. A file
that was uploaded is known to it by its address, never by another provider's id.
"""

from gatewright.translation.carriage import Carriage
from gatewright.translation.model import Json, Media

ENDINGS = {
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "heic": "image/heic",
    "heif": "image/heif",
    "pdf": "application/pdf",
    "txt": "text/plain",
    "md": "text/markdown",
    "csv": "text/csv",
    "html": "text/html",
    "json": "application/json",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "aac": "audio/aac",
    "m4a": "audio/mp4",
    "mp4": "video/mp4",
    "mov": "video/quicktime",
    "webm": "video/webm",
    "mpeg": "video/mpeg",
    "avi": "video/x-msvideo",
}
CLOUD_STORAGE = "gs://"
OUR_FILES = "https://generativelanguage.googleapis.com/v1beta/"


def media_parts(media: Media, carriage: Carriage) -> list[Json]:
    """The part, behind a text that says what the caller says of it. Raises CannotCarry."""
    if media.detail not in (None, "auto"):
        carriage.let_go("detail")
    if media.cite:
        carriage.lose("citations")
    if media.text is not None:
        return [{"text": "\n".join(text for text in (media.name, media.context, media.text) if text)}]
    part = _inline(media, carriage) if media.data is not None else _linked(media, carriage)
    return [{"text": media.context}, part] if media.context else [part]


def _inline(media: Media, carriage: Carriage) -> Json:
    media_type = media.media_type or _by_ending(media.name)
    if media_type is None:
        raise carriage.must("messages", "a file among them does not say its media type, which Google's API asks for")
    return {"inlineData": {"mimeType": media_type, "data": media.data}}


def _linked(media: Media, carriage: Carriage) -> Json:
    uri = media.url or media.file_id or ""
    if media.url is None and uri.startswith("files/"):
        uri = OUR_FILES + uri
    if not uri.startswith(("https://", CLOUD_STORAGE)):
        what = "Google's API fetches https:// and gs:// addresses only" if media.url else "it is another provider's id"
        raise carriage.must("messages", f"{_shown(uri)} among them cannot be read: {what}; send the data")
    if uri.startswith(CLOUD_STORAGE):
        carriage.check_file(uri)
    media_type = media.media_type or _by_ending(media.name) or _by_ending(uri.partition("?")[0])
    return {"fileData": {"fileUri": uri} if media_type is None else {"mimeType": media_type, "fileUri": uri}}


def _by_ending(name: str | None) -> str | None:
    return ENDINGS.get((name or "").rpartition(".")[2].lower())


def _shown(uri: str) -> str:
    """Without its query, which may hold a secret."""
    return repr(uri.partition("?")[0][:100])
