"""Passes an answer on to the client and keeps a copy of it while it is small enough."""

import msgspec

from gatewright.domain.clock import Millis
from gatewright.gateway.cache.entry import Entry
from gatewright.gateway.exchange import Facts, Sink, WireHeaders
from gatewright.gateway.failures import header

EVENTS = b"text/event-stream"
COMPLETED = ("completed", None)


class _Seen(msgspec.Struct):
    """What of a whole answer tells that it is none. Source: OpenAI API reference, the response object's `status`."""

    error: msgspec.Raw | None = None
    status: str | None = None


_look = msgspec.json.Decoder(_Seen).decode


class Recorder:
    """Stands in the place of the exchange for one answer."""

    def __init__(self, sink: Sink, largest: int) -> None:
        self._sink = sink
        self._largest = largest
        self._kind = b""
        self._streamed = False
        self._parts: list[bytes] | None = None
        self._size = 0
        self._complete = False

    async def reply(self, status: int, headers: WireHeaders, body: bytes, facts: Facts) -> None:
        await self._sink.reply(status, headers, body, facts)
        if status == 200 and _is_answer(body):
            self._begin(headers)
            self._add(body)
            self._complete = True

    async def begin(self, status: int, headers: WireHeaders, facts: Facts) -> None:
        await self._sink.begin(status, headers, facts)
        self._streamed = True
        if status == 200:
            self._begin(headers)

    async def send(self, data: bytes) -> None:
        await self._sink.send(data)
        self._add(data)

    async def end(self) -> None:
        await self._sink.end()
        self._complete = True

    def entry(self, now: Millis) -> Entry | None:
        """The answer, None when it is not complete, not good or too large. A stream is one of events."""
        if not self._complete or self._parts is None or (self._streamed and not self._kind.startswith(EVENTS)):
            return None
        found = Entry(now, self._kind.decode("latin-1"), self._streamed, b"".join(self._parts))
        return found if found.is_sound() else None

    def _begin(self, headers: WireHeaders) -> None:
        self._kind = header(headers, b"content-type") or b""
        self._parts = []

    def _add(self, data: bytes) -> None:
        if self._parts is None:
            return
        self._size += len(data)
        if self._size > self._largest:
            self._parts = None
        else:
            self._parts.append(data)


def _is_answer(body: bytes) -> bool:
    """Whether it is a JSON object without an error, of something that is not still going on."""
    try:
        seen = _look(body)
    except (ValueError, RecursionError):
        return False
    return (seen.error is None or bytes(seen.error) == b"null") and seen.status in COMPLETED
