"""What a stream that passes through used, or how it failed. The bytes stay as they are.

Source: Anthropic API reference, "Streaming messages": the input is counted in `message_start`, which comes first, the
output in `message_delta`, which comes last but `message_stop`; `error` ends a stream at any place. Between them only
the names of events are looked for.
"""

import re

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation.anthropic_messages.errors import WireError
from gatewright.translation.anthropic_messages.usage import WireUsage
from gatewright.translation.halves import ProviderError

HEAD = 16 * 1024
"""Bytes of the beginning in which `message_start` must end; of a stream that keeps it longer the input is not known."""

TAIL = 4 * 1024
"""Bytes kept from the end: `message_delta`, `message_stop` and `error` take less than 2 KB of them."""

MOST_KEPT = 4 * TAIL

ENDED_EARLY = ProviderError("The model provider ended the stream before the answer was complete.")

_LEADS = {
    name: re.compile(rb"(?:\A|[\r\n])event: ?" + name + rb"(?:\r\n|\n|\r)data: ?([^\r\n]*)[\r\n]")
    for name in (b"message_start", b"message_delta", b"error")
}
# A line end inside a JSON string is escaped, so that no text of the model's can look like the name of an event.
_STOP = re.compile(rb"(?:\A|[\r\n])event: ?message_stop[\r\n]")


class _Message(msgspec.Struct):
    usage: WireUsage | None = None


class _Event(msgspec.Struct):
    message: _Message | None = None
    usage: WireUsage | None = None
    error: WireError | None = None


_decode = msgspec.json.Decoder(_Event).decode


class MessageTap:
    """Relays a stream unchanged and keeps its ends.

    `usage` is what the stream so far says it used, `done` whether the answer is whole, `failed` the error that the
    provider ended it with, or that it ended too early: both are certain once the stream has ended.
    """

    __slots__ = ("_head", "_pieces", "_size", "_start", "done", "failed")

    notices_end = True

    def __init__(self) -> None:
        self._head: bytes | None = b""  # None once `message_start` is read or given up
        self._start = WireUsage()
        self._pieces: list[bytes] = []  # what came last: at least as much as the tail, cut now and then
        self._size = 0
        self.done = False
        self.failed: ProviderError | None = None

    def feed(self, data: bytes) -> bytes:
        """Take bytes that arrived; returns the bytes to relay now: all of them."""
        if self._head is not None:
            self._read_head(data)
        self._pieces.append(data)
        self._size += len(data)
        if self._size > MOST_KEPT:
            self._pieces = [self._tail()]
            self._size = TAIL
        if b"message_stop" in data:
            self.done = _STOP.search(self._tail()) is not None
        return data

    def finish(self) -> bytes:
        """The provider is done; returns the bytes to relay last: none."""
        tail = self._tail() + b"\n"  # the last line may lack its end
        self.done = _STOP.search(tail) is not None
        if found := _events(b"error", tail):
            self.failed = (found[-1].error or WireError()).said()._replace(told=True)
        elif not self.done:
            self.failed = ENDED_EARLY
        return b""

    @property
    def usage(self) -> Usage | None:
        """Input of the beginning, and output of the last count; of a stream without a beginning what its end says."""
        found = self._start
        for event in _events(b"message_delta", self._tail() + b"\n"):
            if event.usage is not None:
                found = found.then(event.usage)
        return found.usage()

    def _tail(self) -> bytes:
        return b"".join(self._pieces)[-TAIL:]

    def _read_head(self, data: bytes) -> None:
        head = (self._head or b"") + data
        if (found := _events(b"message_start", head)) and found[0].message is not None:
            self._start = found[0].message.usage or WireUsage()
            self._head = None
        else:
            self._head = head if len(head) <= HEAD else None


def _events(name: bytes, data: bytes) -> list[_Event]:
    """The events of this name in `data` that can be read."""
    found = []
    for payload in _LEADS[name].findall(data):
        try:
            found.append(_decode(payload))
        except (ValueError, RecursionError):
            continue
    return found
