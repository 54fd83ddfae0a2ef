"""Media in `data:` URLs, as OpenAI's dialects carry them. Source: RFC 2397."""

from gatewright.domain.errors import BadInput
from gatewright.translation.model import Media

_SCHEMES = ("https://", "http://", "gs://", "s3://")


def media_at(url: str, *, param: str, kind: str | None = None, media_type: str | None = None) -> Media:
    """What stands at `url`: data in itself, or an address that the provider reads.

    `kind` None takes it from the media type, `image` when that is not known. `media_type` is what the caller says
    besides. Raises BadInput naming `param`.
    """
    if not url.startswith("data:"):
        if not url.startswith(_SCHEMES):
            raise BadInput(f"`{param}` must be an http(s) URL or a data URL.", param=param)
        return Media(kind=kind or kind_of(media_type), media_type=media_type, url=url)
    head, comma, data = url[5:].partition(",")
    stated, semicolon, encoding = head.rpartition(";")
    if not (comma and semicolon and data) or encoding.strip().lower() != "base64":
        raise BadInput(f"`{param}` must be a data URL in base64: data:<media type>;base64,<data>.", param=param)
    found = media_type or stated.partition(";")[0].strip().lower() or None
    return Media(kind=kind or kind_of(found), media_type=found, data=data)


def data_url(media: Media, otherwise: str = "application/octet-stream") -> str:
    """The data of `media` as a URL. `otherwise` is its media type where it has none."""
    return f"data:{media.media_type or otherwise};base64,{media.data or ''}"


def kind_of(media_type: str | None) -> str:
    """`image`, `audio`, `video` or `file`; `image` when the type is not known."""
    if media_type is None:
        return "image"
    family = media_type.partition("/")[0]
    return family if family in ("image", "audio", "video") else "file"
