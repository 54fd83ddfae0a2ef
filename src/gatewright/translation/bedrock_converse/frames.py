"""Frames of `application/vnd.amazon.eventstream` out of bytes that arrive cut anywhere.

A frame is a prelude (total length, length of the headers, CRC-32 of both), headers, payload and the CRC-32 of all
before it; numbers are big-endian. Source: Smithy, "Amazon Event Stream Specification".
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple
from zlib import crc32

PRELUDE = 12
TRAILER = 4
LONGEST_FRAME = 16 * 1024 * 1024
"""Bytes. What a provider may make one worker keep for one stream before it is given up."""

LONGEST_HEADERS = 128 * 1024
"""Bytes, by the specification."""

# Headers repeat with every event of a kind: they are read once.
_REMEMBERED = 32
_LONGEST_REMEMBERED = 512

_prelude = struct.Struct(">III").unpack_from
_checksum = struct.Struct(">I").unpack_from
_length = struct.Struct(">H").unpack_from

_STRING = 7
# How many bytes the value of each type has; of the others their own first two say it.
_FIXED = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
_VARYING = frozenset({6, _STRING})


class FrameBroken(ValueError):
    """What arrives are no frames, or they were damaged. The stream cannot be read on."""


class Frame(NamedTuple):
    """`headers` holds those whose value is a string, by name."""

    headers: dict[str, str]
    payload: bytes


class Frames:
    """Splits one stream. `limit` is the longest frame in bytes."""

    __slots__ = ("_headers", "_held", "_limit", "_needed")

    def __init__(self, limit: int = LONGEST_FRAME) -> None:
        self._limit = limit
        self._held = bytearray()  # the beginning of the frame that is arriving
        self._needed = PRELUDE  # bytes of it that must be there before anything can be said of it
        self._headers: dict[bytes, dict[str, str]] = {}

    @property
    def between(self) -> bool:
        """Whether no frame has begun and not ended."""
        return not self._held

    def feed(self, data: bytes) -> Iterator[Frame]:
        """The frames that `data` completes; take all of them. Raises FrameBroken after the last good one."""
        held = self._held
        if held:
            held += data
            if len(held) < self._needed:
                return
            data = bytes(held)
            held.clear()
        at, size = 0, len(data)
        self._needed = PRELUDE
        while size - at >= PRELUDE:
            total, headers = self._lengths(data, at)
            if size - at < total:
                self._needed = total
                break
            yield self._frame(data, at, total, headers)
            at += total
        held += data[at:]

    def _lengths(self, data: bytes, at: int) -> tuple[int, int]:
        total, headers, checksum = _prelude(data, at)
        if crc32(data[at : at + 8]) != checksum:
            raise FrameBroken("The answer is no event stream, or a frame's beginning was damaged.")
        if total > self._limit:
            raise FrameBroken(f"A frame is longer than {self._limit} bytes.")
        if headers > LONGEST_HEADERS or total < PRELUDE + headers + TRAILER:
            raise FrameBroken("A frame's lengths do not fit.")
        return total, headers

    def _frame(self, data: bytes, at: int, total: int, headers: int) -> Frame:
        end = at + total - TRAILER
        with memoryview(data) as view:
            if crc32(view[at:end]) != _checksum(data, end)[0]:
                raise FrameBroken("A frame was damaged on its way.")
        begin = at + PRELUDE
        payload = begin + headers
        return Frame(self._read(data[begin:payload]), data[payload:end])

    def _read(self, raw: bytes) -> dict[str, str]:
        found = self._headers.get(raw)
        if found is None:
            found = read_headers(raw)
            if len(raw) <= _LONGEST_REMEMBERED and len(self._headers) < _REMEMBERED:
                self._headers[raw] = found
        return found


def read_headers(raw: bytes) -> dict[str, str]:
    """The headers whose value is a string, by name. Raises FrameBroken."""
    found: dict[str, str] = {}
    at, size = 0, len(raw)
    while at < size:
        name, at = _taken(raw, at + 1, raw[at])
        kind, at = _taken(raw, at, 1)
        if kind[0] in _VARYING:
            length, at = _taken(raw, at, 2)
            value, at = _taken(raw, at, _length(length)[0])
        elif kind[0] in _FIXED:
            value, at = _taken(raw, at, _FIXED[kind[0]])
        else:
            raise FrameBroken(f"A header has the unknown type {kind[0]}.")
        if kind[0] == _STRING:
            found[_text(name)] = _text(value)
    return found


def _taken(raw: bytes, at: int, length: int) -> tuple[bytes, int]:
    end = at + length
    if end > len(raw):
        raise FrameBroken("A frame's headers end in the middle of one.")
    return raw[at:end], end


def _text(raw: bytes) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        raise FrameBroken("A frame's header is not UTF-8.") from None
