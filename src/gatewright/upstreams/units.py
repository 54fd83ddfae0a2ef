"""What an answer used that is not counted in tokens: pictures, seconds heard, characters spoken, units of a rerank.

Source: OpenAI API reference, "Create image", "Create transcription" (`usage.seconds`, `duration`), "Create speech";
Cohere API reference, "Rerank API (v2)" (`meta.billed_units.search_units`).
"""

from collections.abc import Callable, Mapping
from math import isnan

import msgspec

from gatewright.domain.money import Usage, WideUsage, widened
from gatewright.translation.halves import ProviderError, Tap
from gatewright.upstreams.endpoints import IMAGE_EDITS, IMAGES, RERANK, SPEECH, TRANSCRIPTIONS, TRANSLATIONS, Endpoint

MOST_OF_ONE = 1_000_000
"""Pictures or searches. A provider that says more is mistaken."""

LONGEST_SOUND_S = 1_000_000.0


class _Picture(msgspec.Struct):
    """What it holds is skipped."""


class _Pictures(msgspec.Struct):
    data: list[_Picture] = []


class _Seconds(msgspec.Struct):
    seconds: float | None = None


class _Sound(msgspec.Struct):
    duration: float | str | None = None
    usage: _Seconds | None = None


class _Billed(msgspec.Struct):
    search_units: float | None = None


class _Meta(msgspec.Struct):
    billed_units: _Billed | None = None


class _Ranked(msgspec.Struct):
    meta: _Meta | None = None


_pictures = msgspec.json.Decoder(_Pictures).decode
_sound = msgspec.json.Decoder(_Sound).decode
_ranked = msgspec.json.Decoder(_Ranked).decode
_text = msgspec.json.Decoder(str).decode


def with_units(endpoint: Endpoint, body: bytes, usage: Usage | None) -> Usage | None:
    """The usage of a whole answer with what else it says, as it is where it says nothing that can be read."""
    count = _COUNTS.get(endpoint.path)
    if count is None:
        return usage
    try:
        return count(body, usage)
    except (ValueError, RecursionError):
        return usage


def searched(usage: Usage | None, units: float | None) -> Usage | None:
    """The usage of a rerank that says how many search units it cost."""
    count = _whole(units, MOST_OF_ONE)
    return widened(usage, queries=count) if count else usage


def _drawn(body: bytes, usage: Usage | None) -> Usage | None:
    """Output that is not told apart is all picture."""
    count = min(len(_pictures(body).data), MOST_OF_ONE)
    if usage is None:
        return widened(None, images=count) if count else None
    drawn = usage.image_completion if isinstance(usage, WideUsage) else 0
    return widened(usage, images=count, image_completion=drawn or usage.completion)


def _heard(body: bytes, usage: Usage | None) -> Usage | None:
    if usage is not None:
        return usage
    found = _sound(body)
    seconds = found.usage.seconds if found.usage is not None and found.usage.seconds is not None else found.duration
    count = _whole(float(seconds or 0) * 1000, LONGEST_SOUND_S * 1000)
    return widened(None, sound_ms=count) if count else None


def _ranking(body: bytes, usage: Usage | None) -> Usage | None:
    meta = _ranked(body).meta
    billed = None if meta is None else meta.billed_units
    return searched(usage, None if billed is None else billed.search_units)


def _whole(value: float | None, most: float) -> int:
    """The nearest whole number from 0 to `most`; 0 for what is no number."""
    return 0 if value is None or isnan(value) else round(min(max(value, 0.0), most))


_COUNTS: Mapping[str, Callable[[bytes, Usage | None], Usage | None]] = {
    IMAGES.path: _drawn,
    IMAGE_EDITS.path: _drawn,
    TRANSCRIPTIONS.path: _heard,
    TRANSLATIONS.path: _heard,
    RERANK.path: _ranking,
}


def with_spoken(endpoint: Endpoint, tap: Tap, text: msgspec.Raw | None) -> Tap:
    """The tap, for speech one that knows how much of `text` is spoken."""
    return SpokenTap(tap, text) if endpoint is SPEECH else tap


class SpokenTap:
    """A file of speech: its characters are those of the request, unless the stream itself says what it used."""

    __slots__ = ("_inner", "_usage")

    notices_end = False

    def __init__(self, inner: Tap, text: msgspec.Raw | None) -> None:
        self._inner = inner
        self._usage = _spoken(text)

    def feed(self, data: bytes) -> bytes:
        """As it is."""
        return self._inner.feed(data)

    def finish(self) -> bytes:
        """As it is."""
        return self._inner.finish()

    @property
    def usage(self) -> Usage | None:
        """Of the stream, else of the request."""
        return self._inner.usage or self._usage

    @property
    def done(self) -> bool:
        """As the stream says."""
        return self._inner.done

    @property
    def failed(self) -> ProviderError | None:
        """As the stream says."""
        return self._inner.failed


def _spoken(text: msgspec.Raw | None) -> Usage | None:
    try:
        count = 0 if text is None else len(_text(text))
    except ValueError:
        return None
    return widened(None, characters=count) if count else None
