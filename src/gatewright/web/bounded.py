"""uvicorn's protocol, with bounds on what a client may send, and how slowly, before anybody knows who it is."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gatewright.web.connections import HeadTooLong, TooSlow, Watch, answer

LONGEST_HEAD = 64 * 1024
"""Bytes of a request's head, of its trailers, or of what stands between two chunks of its body. The reads in which it
begins and ends, 256 KB each, are not counted."""

PROGRESS = 16 * 1024
"""Bytes that make a body one that is still coming."""

TOO_LONG, TOO_SLOW = answer(HeadTooLong()), answer(TooSlow())

# What a connection waits for: the rest of a head, the rest of a body, or the answer and then the next request.
HEAD, BODY, NEXT = range(3)


class BoundedProtocol(HttpToolsProtocol):
    """The parser itself keeps a head of any length, and waits for it for ever."""

    stage = HEAD
    since: float | None = None
    """The loop's time when `stage`, or the last progress in it, was first seen by the watch; None: not seen yet."""

    arrived = 0
    """Bytes so far."""
    fruitful = 0
    """`arrived` when the request began, or at the last byte of its body."""
    _mark = 0
    _unread = 0
    _unread_since = 0.0

    def __init__(self, *args: Any, watch: Watch, **options: Any) -> None:
        super().__init__(*args, **options)
        self._watch = watch

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        both_ways = cast(asyncio.Transport, transport)
        if self._watch.admits(both_ways, self.connections):
            super().connection_made(both_ways)

    def data_received(self, data: bytes) -> None:
        self.arrived += len(data)
        HttpToolsProtocol.data_received(self, data)
        if self.arrived - self.fruitful > LONGEST_HEAD and not self.transport.is_closing():
            self._refuse(TOO_LONG)

    def on_message_begin(self) -> None:
        self.stage, self.since, self.fruitful = HEAD, None, self.arrived
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.stage, self.since = BODY, None
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self.fruitful = self.arrived
        super().on_body(body)

    def on_message_complete(self) -> None:
        self.stage, self.since = NEXT, None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """As uvicorn's, without a timer: the watch knows how long nothing was asked."""
        if self.pipeline or self.transport.is_closing():
            super().on_response_complete()
            return
        self.server_state.total_requests += 1
        self.flow.resume_reading()

    def look(self, now: float) -> None:
        """Closes the connection when its client is late."""
        bounds, since = self._watch.bounds, self.since
        unread = self.transport.get_write_buffer_size()
        if unread == 0 or unread != self._unread:
            self._unread, self._unread_since = unread, now
        elif now - self._unread_since >= bounds.idle_s:
            self.transport.abort()
            return
        if since is None or self._is_on_us():
            self.since, self._mark = now, self.arrived
            return
        if now - since < (bounds.head_s, bounds.body_s, bounds.idle_s)[self.stage] or self.transport.is_closing():
            return
        if self.stage == NEXT or not self.arrived:
            self.transport.close()
        else:
            self._refuse(TOO_SLOW)

    def _is_on_us(self) -> bool:
        """Whether it is not the client that is waited for, or something came of it."""
        if self.flow.read_paused or (self.stage == BODY and self.arrived - self._mark >= PROGRESS):
            return True
        return self.stage == NEXT and not self._is_free()

    def _refuse(self, words: bytes) -> None:
        """Answers unless another answer would be cut in two, and closes."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        reads = self.stage == BODY and cycle is not None and not self.pipeline and not cycle.response_started
        if self._is_free() or reads:
            self.transport.write(words)
        self.transport.close()

    def _is_free(self) -> bool:
        """Whether nothing is being answered."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return cycle is None or cycle.response_complete
