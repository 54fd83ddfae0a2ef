"""Server-sent events out of bytes that arrive cut anywhere.

Source: WHATWG HTML, 9.2.6 "Interpreting an event stream". `id` and `retry` mean nothing here and are skipped.
"""

import re

LONGEST_EVENT = 8 * 1024 * 1024
"""Bytes. What a provider may make one worker keep for one stream before it is given up."""

MOST_LINES = 100_000
"""Of one event. JSON that is written over many lines has fewer."""

FEW = 3
"""Events that come in one piece. A look for mere line ends among so few takes longer than splitting at them does."""

_BLANK = b"\n\n"
_BLANKS = re.compile(rb"\n{3,}")
_MARK = b"\xef\xbb\xbf"  # a byte order mark, which may begin a stream


class EventTooLong(ValueError):
    """An event that does not end within the limits. The stream cannot be read on."""


class Events:
    """Splits one stream into (event, data): both bytes, `event` empty where the stream names none.

    Lines end with LF, CRLF or CR; several `data` lines are joined with LF; comments and events without data are left
    out. `limit` is the longest event in bytes. What an answer costs is about its bytes, whatever they are.
    """

    __slots__ = ("_held", "_limit", "_returned")

    def __init__(self, limit: int = LONGEST_EVENT) -> None:
        self._limit = limit
        self._held = bytearray()  # the beginning of the event that is arriving
        self._returned = False  # whether the last byte was a CR: a LF after it is part of the same line end

    def feed(self, data: bytes) -> list[tuple[bytes, bytes]]:
        """The events that `data` completes. Raises EventTooLong, after which nothing may be fed."""
        if self._returned or b"\r" in data:
            data = self._plain(data)
        held = self._held
        if held:
            known = len(held)
            held += data
            end = held.rfind(_BLANK, known - 1)
            if end >= 0:
                data = bytes(held[:end])
                del held[: end + 2]
        else:
            end = data.rfind(_BLANK)
            held += data if end < 0 else data[end + 2 :]
            data = data[:end]
        if len(held) > self._limit:
            held.clear()
            raise EventTooLong(f"An event is longer than {self._limit} bytes.")
        return [] if end < 0 else self._split(data)

    def finish(self) -> list[tuple[bytes, bytes]]:
        """The stream has ended: its last event, when no blank line came after that and it is within the limits."""
        last = bytes(self._held.rstrip(b"\n"))
        self._held.clear()
        return [] if last.count(b"\n") >= MOST_LINES else self._split(last)

    def _plain(self, data: bytes) -> bytes:
        """`data` with LF as its only line end."""
        if self._returned and data.startswith(b"\n"):
            data = data[1:]
            self._returned = False
        if data:
            self._returned = data.endswith(b"\r")
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _split(self, data: bytes) -> list[tuple[bytes, bytes]]:
        found = []
        events = data.split(_BLANK)
        if len(events) > FEW and b"\n\n\n" in data:
            events = _BLANKS.sub(_BLANK, data).split(_BLANK)
        for event in events:
            if len(event) > self._limit:
                raise EventTooLong(f"An event is longer than {self._limit} bytes.")
            if event.startswith(b"data: ") and b"\n" not in event:
                found.append((b"", event[6:]))
            elif (event.startswith(b"event:") or b"data:" in event) and (fields := _fields(event)) is not None:
                found.append(fields)
        return found


def _fields(event: bytes) -> tuple[bytes, bytes] | None:
    if len(event) >= MOST_LINES and event.count(b"\n") >= MOST_LINES:
        raise EventTooLong(f"An event has more than {MOST_LINES} lines.")
    name = b""
    lines = []
    for line in event.removeprefix(_MARK).split(b"\n"):
        if line.startswith(b"data:"):
            lines.append(line[5:].removeprefix(b" "))
        elif line.startswith(b"event:"):
            name = line[6:].removeprefix(b" ")
    return (name, b"\n".join(lines)) if lines else None
