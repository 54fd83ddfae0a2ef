"""Errors of providers, in an answer of their own or in the middle of a stream."""

import msgspec

from gatewright.translation.events import Failed
from gatewright.translation.halves import ProviderError

LONGEST_MESSAGE = 2000
"""Characters of a provider's own words that are passed on."""


class Words(msgspec.Struct):
    message: str | None = None
    type: str | None = None
    code: str | int | None = None
    param: str | None = None


class _Body(msgspec.Struct):
    error: Words | str | None = None
    message: str | None = None
    detail: str | None = None
    code: str | int | None = None
    type: str | None = None


_STATUSES = frozenset(str(status) for status in range(400, 600))


class _Event(msgspec.Struct):
    error: Words | str | None = None


_decode = msgspec.json.Decoder(_Body | list[_Body]).decode
_decode_event = msgspec.json.Decoder(_Event).decode


def read_error(body: bytes) -> ProviderError:
    """What an error answer says: OpenAI's shape, vLLM's, FastAPI's, or Google's list of one. No words for others."""
    try:
        found = _decode(body)
    except (ValueError, RecursionError):
        return ProviderError("")
    if isinstance(found, list):
        found = found[0] if found else _Body()
    if isinstance(found.error, Words):
        return said(found.error)
    words = found.error or found.message or found.detail
    return said(Words(words, type=found.type, code=found.code))


def told(data: bytes) -> ProviderError | None:
    """The error that an event of a stream is; None for one that is none."""
    try:
        found = _decode_event(data)
    except (ValueError, RecursionError):
        return None
    return None if found.error is None else said(found.error)


def said(words: Words | str) -> ProviderError:
    """The message, cut where it is too long, and the code before the type."""
    if isinstance(words, str):
        words = Words(words)
    kind = words.code if words.code is not None else words.type
    return ProviderError((words.message or "")[:LONGEST_MESSAGE], None if kind is None else str(kind), words.param)


def failed(words: Words | str) -> Failed:
    """An error in a stream. A code that is a status is the status."""
    error = said(words)
    return Failed(error.message, error.kind, int(error.kind) if error.kind in _STATUSES else 502)
