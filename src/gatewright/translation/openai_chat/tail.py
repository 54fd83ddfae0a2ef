"""Usage out of a same-dialect OpenAI stream, and how it ended, without parsing its chunks.

`UsageTail` watches a stream that the client gets as it is. `UsageChunkFilter` also hides the usage chunk that only we
asked for. Both have the same shape: `feed` what arrived, relay what it returns, `finish` at the end, then ask
`usage`, `done` and `failed`.

Source: OpenAI API reference, chat completion chunk: with `stream_options.include_usage` the last chunk before
`data: [DONE]` has `usage` and an empty `choices`. Some providers put `usage` on the last content chunk instead.
"""

import re

from gatewright.domain.money import Usage
from gatewright.translation.halves import ProviderError
from gatewright.translation.openai_chat.errors import told
from gatewright.translation.openai_chat.usage import usage_object, usage_of

TAIL = 2048
"""Bytes kept from the end of a stream: the usage chunk and `[DONE]` take less than 1 KB of them."""

LONGEST_USAGE_EVENT = 16 * 1024
"""Bytes. An event that is longer is never taken for the usage chunk, so nothing longer is ever held back."""

_USAGE = re.compile(rb'"usage"\s*:\s*(?=\{)')
_PIECE = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}]')
_LINE_ENDS = (b"\n", b"\r")
_BLANK_LINES = (b"\n\n", b"\n\r\n")
_DONE = re.compile(rb"[\r\n]data: ?\[DONE\]")
# A quote inside a JSON string is escaped, so that no text of the model's can look like one of these.
_NO_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*\]')
_CHOICES = re.compile(rb'"choices"\s*:\s*\[\s*[^\]\s]')
_FINISHED = re.compile(rb'"finish_reason"\s*:\s*"[^"]')

ENDED_EARLY = ProviderError("The model provider ended the stream before the answer was complete.")


class UsageTail:
    """Relays a stream unchanged and keeps its last bytes."""

    __slots__ = ("_tail", "failed")

    notices_end = False

    def __init__(self) -> None:
        self._tail = b"\n"  # so that a first line is found as every other is
        self.failed: ProviderError | None = None

    def feed(self, data: bytes) -> bytes:
        """Take bytes that arrived; returns the bytes to relay now: all of them."""
        self._tail = data[-TAIL:] if len(data) >= TAIL else self._tail[-TAIL:] + data
        return data

    def finish(self) -> bytes:
        """The upstream is done; returns the bytes to relay last: none."""
        tail = self._tail[-TAIL:]
        self.failed = _last_error(tail)
        if self.failed is None and not self.done and _CHOICES.search(tail) and not _FINISHED.search(tail):
            self.failed = ENDED_EARLY  # streams of other things than choices end in ways of their own
        return b""

    @property
    def usage(self) -> Usage | None:
        """The last usage object of the stream so far; None when there is none."""
        return _last_usage(self._tail[-TAIL:])

    @property
    def done(self) -> bool:
        """Whether `data: [DONE]` was seen: the stream is whole."""
        return _DONE.search(self._tail) is not None


class UsageChunkFilter:
    """Relays a stream without the events that hold nothing but usage.

    Only an event that may still turn out to be one is held back, and only until that is clear: that is when its
    `choices` begin, which stand before everything that a model writes slowly.
    """

    __slots__ = ("_held", "_passing", "_tail", "_usage")

    notices_end = False

    def __init__(self) -> None:
        self._held = b""  # the beginning of the event that is arriving; of one let through, its last two bytes
        self._passing = False  # whether `_held` was relayed already
        self._tail = UsageTail()
        self._usage: Usage | None = None

    def feed(self, data: bytes) -> bytes:
        """Take bytes that arrived; returns the bytes to relay now, maybe none."""
        self._tail.feed(data)
        if self._passing:
            return self._pass_on(data)
        if not self._held and data.endswith(_BLANK_LINES) and _NO_CHOICES.search(data) is None:
            return data  # nearly every chunk: whole events, none of them of interest
        return self._sift(self._held + data)

    def finish(self) -> bytes:
        """The upstream is done; returns the bytes to relay last: an event that never ended, unless it is usage."""
        self._tail.finish()
        held, self._held = self._held, b""
        return b"" if self._passing or self._hides(held) else held

    @property
    def usage(self) -> Usage | None:
        """What the stream so far says it used: the hidden chunk's, else the last usage object's; None without."""
        return self._usage or self._tail.usage

    @property
    def failed(self) -> ProviderError | None:
        """How the stream broke off; known once it has ended."""
        return self._tail.failed

    @property
    def done(self) -> bool:
        """Whether `data: [DONE]` was seen: the stream is whole."""
        return self._tail.done

    def _pass_on(self, data: bytes) -> bytes:
        """What to relay of `data`, which goes on with an event that is being let through."""
        known = len(self._held)
        window = self._held + data
        end = _blank_line(window, 0)
        if end < 0:
            self._held = window[-2:]
            return data
        self._passing = False
        return window[known:end] + self._sift(window[end:])

    def _sift(self, data: bytes) -> bytes:
        """What to relay of `data`, which begins where an event does."""
        out = []
        start = 0
        while (end := _event_end(data, start)) >= 0:
            event = data[start:end]
            if not self._hides(event):
                out.append(event)
            start = end
        rest = data[start:]
        if _undecided(rest):
            self._held = rest
        else:
            out.append(rest)
            self._held, self._passing = rest[-2:], True
        return b"".join(out)

    def _hides(self, event: bytes) -> bool:
        if len(event) > LONGEST_USAGE_EVENT or _NO_CHOICES.search(event) is None or _CHOICES.search(event):
            return False
        found = usage_of(_payload(event))
        if found is None:
            return False
        self._usage = found
        return True


def _undecided(rest: bytes) -> bool:
    """Whether an event that begins with `rest` may hold nothing but usage."""
    return len(rest) <= LONGEST_USAGE_EVENT and _CHOICES.search(rest) is None


def _event_end(data: bytes, start: int) -> int:
    """Where the event that begins at `start` ends; -1 when it has not ended. A surplus line end is one by itself."""
    if data[start : start + 1] in _LINE_ENDS:
        return start + 1
    return _blank_line(data, start)


def _blank_line(data: bytes, start: int) -> int:
    """The end of the first blank line after `start`; -1 when there is none."""
    plain = data.find(b"\n\n", start)
    other = data.find(b"\n\r\n", start, plain + 1 if plain >= 0 else len(data))
    if other >= 0:
        return other + 3
    return plain + 2 if plain >= 0 else -1


def _payload(event: bytes) -> bytes:
    return b"\n".join(line[5:] for line in event.splitlines() if line.startswith(b"data:"))


def _last_error(tail: bytes) -> ProviderError | None:
    """The error that is the last event but the end mark: the client has been told it."""
    for line in reversed(tail.splitlines()):
        payload = line[5:].strip() if line.startswith(b"data:") else b""
        if payload and not payload.startswith(b"[DONE]"):
            found = told(payload)
            return None if found is None else found._replace(told=True)
    return None


def _last_usage(tail: bytes) -> Usage | None:
    for found in reversed(list(_USAGE.finditer(tail))):
        text = _object_at(tail, found.end())
        usage = None if text is None else usage_object(text)
        if usage is not None:
            return usage
    return None


def _object_at(data: bytes, start: int) -> bytes | None:
    """The JSON object that begins at `start`; None when it does not end."""
    depth = 0
    for piece in _PIECE.finditer(data, start):
        mark = piece[0]
        if mark == b"{":
            depth += 1
        elif mark == b"}":
            depth -= 1
            if depth == 0:
                return data[start : piece.end()]
    return None
