"""One HTTP/1.1 connection to an upstream: a request at a time, its answer handed on as it arrives.

Everything happens in the event loop's callbacks; there is no task. One timer serves a connection for its whole life:
a deadline that moves away costs an assignment, and only one that comes nearer sets the timer anew.
"""

import asyncio
import socket
from typing import Protocol, cast

import httptools

from gatewright.upstreams.failures import CallFailed, CallTimedOut, Phase
from gatewright.upstreams.outbox import outbox_of
from gatewright.upstreams.target import Origin
from gatewright.upstreams.timeouts import Timeouts

MAX_BARREN = 64 * 1024
"""Bytes without a byte of body: an answer's head, chunk extensions, trailers. Real ones are below 8 KB."""

JOIN_BELOW = 32 * 1024
"""Bytes. A smaller body is sent in one piece with its head; copying a larger one costs more than a second piece."""

NEVER = float("inf")

WireHeaders = list[tuple[bytes, bytes]]


class StaleConnection(Exception):
    """A kept connection closed before the answer's first byte, as servers do when they tire of waiting."""


class Sink(Protocol):
    """Takes an answer: `head`, then `data` any number of times, then `end`; or `failed`, after which nothing comes.

    Called inside the event loop's callback, so it must be quick and must not raise. It may abort the connection, but
    not from `head`.
    """

    def head(self, status: int, headers: WireHeaders) -> None: ...
    def data(self, item: bytes) -> None: ...
    def end(self) -> None: ...
    def failed(self, error: Exception) -> None: ...


class Keeper(Protocol):
    """Who keeps a connection between two requests, and how long it may stay idle (seconds)."""

    idle_age: float

    def release(self, connection: "Connection") -> None: ...
    def forget(self, connection: "Connection") -> None: ...


class Connection(asyncio.Protocol):
    """`keeper` is set once the connection counts in a pool; from then on `forget` is called exactly once."""

    __slots__ = (
        "_answered",
        "_barren",
        "_complete",
        "_deadline",
        "_headers",
        "_idle_timeout",
        "_keep",
        "_loop",
        "_origin",
        "_outbox",
        "_outgoing",
        "_parser",
        "_parts",
        "_paused",
        "_sink",
        "_status",
        "_timer",
        "_timer_at",
        "_transport",
        "_used",
        "closed",
        "keeper",
        "lost",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, origin: Origin) -> None:
        self._loop = loop
        self._origin = origin
        self._outbox = outbox_of(loop)
        self._outgoing = b""  # the request, until the turn of the loop ends
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._sink: Sink | None = None
        self._headers: WireHeaders = []
        self._parts: list[bytes] = []
        self._status = 0  # of the final answer; 0 until its head is complete
        self._answered = False  # whether a byte has come since the request was sent
        self._barren = 0  # bytes since the last byte of body
        self._complete = False
        self._keep = False
        self._paused = False
        self._used = 0
        self._idle_timeout = NEVER
        self._deadline = NEVER
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = NEVER
        self.keeper: Keeper | None = None
        self.closed = False
        self.lost: asyncio.Future[None] = loop.create_future()

    # ---- what the pool and the client ask for

    def start(self, sink: Sink, head: bytes, body: bytes, timeouts: Timeouts) -> None:
        """Send a request; its answer goes to `sink`. The connection must be open and idle."""
        transport = self._transport
        if transport is None or self.closed or self._sink is not None:
            raise RuntimeError("the connection is not free")
        self._sink = sink
        self._headers = []
        self._status = self._barren = 0
        self._answered = self._complete = False
        self._idle_timeout = timeouts.idle
        self._used += 1
        self._deadline = when = self._loop.time() + timeouts.first_byte
        if when < self._timer_at:
            self._set_timer(when)
        if len(body) < JOIN_BELOW:
            self._outgoing = head + body
            self._outbox.add(self)
        else:
            transport.write(head)
            transport.write(body)

    def flush(self) -> None:
        """Send what waits for the end of the turn."""
        outgoing, self._outgoing = self._outgoing, b""
        if outgoing and self._transport is not None and not self.closed:
            self._transport.write(outgoing)

    def rest(self) -> None:
        """Wait for the next request, at most the keeper's idle age."""
        if self.keeper is not None:
            self._deadline = when = self._loop.time() + self.keeper.idle_age
            if when < self._timer_at:
                self._set_timer(when)

    def pause(self) -> None:
        """Stop reading: whoever takes the answer is slower than the upstream, which is not the upstream's fault."""
        if self._transport is not None and not self._paused and not self.closed:
            self._paused = True
            self._deadline = NEVER
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read on after `pause`."""
        if self._transport is not None and self._paused and not self.closed:
            self._paused = False
            self._go_on()
            self._transport.resume_reading()

    def abort(self) -> None:
        """Close at once; the sink hears nothing more. Safe to call at any time."""
        self._sink = None
        if self.closed:
            return
        self.closed = True
        self._deadline = NEVER
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self.keeper is not None:
            self.keeper.forget(self)
        if self._transport is not None:
            self._transport.abort()

    def give_up(self, words: str) -> None:
        """Close at once and tell the sink that the upstream ... `words`."""
        sink = self._sink
        phase = Phase.BODY if self._status else Phase.HEAD
        self.abort()
        if sink is not None:
            sink.failed(CallFailed(f"{self._origin.authority} {words}.", phase=phase))

    # ---- the event loop's callbacks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is one in all but name
        sock = transport.get_extra_info("socket")
        if sock is not None and sock.family != socket.AF_UNIX:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def data_received(self, data: bytes) -> None:
        sink = self._sink
        if sink is None:  # an answer that nobody asked for: the next request must not get it
            self.abort()
            return
        if self._outgoing:
            self.flush()
        self._answered = True
        self._barren += len(data)
        headed = self._status
        valid = True
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            valid = self._keep = False
        if self._status and not headed:
            sink.head(self._status, self._headers)
        if parts := self._parts:
            self._barren = 0
            item = parts[0] if len(parts) == 1 else b"".join(parts)
            parts.clear()
            sink.data(item)
        if self._sink is not sink:  # it has had enough
            return
        if self._complete:  # bytes behind the answer that are no HTTP are no fault of the answer
            self._finish(sink)
        elif valid and self._barren <= MAX_BARREN:
            self._go_on()
        else:
            self.give_up("sent a head or trailers without end" if valid else "did not answer in valid HTTP")

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)
        sink = self._sink
        if sink is None:
            self.abort()
        elif exc is None and self._status and self._until_close():
            self.abort()
            sink.end()
        elif self._used > 1 and not self._answered:
            self.abort()
            sink.failed(StaleConnection())
        else:
            self.give_up("closed the connection before its answer was complete")

    # ---- the parser's callbacks; what they raise would be lost, so they raise nothing

    def on_message_begin(self) -> None:
        if self._complete:  # bytes behind the answer belong to no request of ours
            self._keep = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._status:  # else it is a trailer
            self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < 200:  # an interim answer (100, 103): the final one follows
            self._headers.clear()
        elif not self._status:
            self._status = status

    def on_body(self, body: bytes) -> None:
        if not self._complete:
            self._parts.append(body)

    def on_message_complete(self) -> None:
        if self._status and not self._complete:
            self._complete = True
            # The parser knows this only here: asked after feed_data() it says no, and every request dials anew.
            self._keep = self._parser.should_keep_alive()

    # ---- inside

    def _go_on(self) -> None:
        if not self._paused:
            self._deadline = when = self._loop.time() + self._idle_timeout
            if when < self._timer_at:
                self._set_timer(when)

    def _finish(self, sink: Sink) -> None:
        """The answer is complete: keep the connection when it can serve again, then tell the sink."""
        self._sink = None
        if self._paused:
            self.resume()
        unsent = self._transport is None or self._transport.get_write_buffer_size()
        if self._keep and self.keeper is not None and not unsent:
            self.keeper.release(self)
        else:
            self.abort()
        sink.end()

    def _until_close(self) -> bool:
        """Whether the answer's length was told by no header, so that its end is the connection's."""
        for name, value in self._headers:
            if name == b"content-length" or (name == b"transfer-encoding" and b"chunked" in value.lower()):
                return False
        return True

    def _set_timer(self, when: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = when
        self._timer = self._loop.call_at(when, self._tick)

    def _tick(self) -> None:
        self._timer = None
        self._timer_at = NEVER
        if self._loop.time() < self._deadline:
            if self._deadline < NEVER:
                self._set_timer(self._deadline)
            return
        sink, answered, headed = self._sink, self._answered, self._status
        self.abort()
        if sink is not None:
            words = "stopped in the middle of its answer" if answered else "did not begin to answer in time"
            phase = Phase.BODY if headed else Phase.HEAD
            sink.failed(CallTimedOut(f"{self._origin.authority} {words}.", phase=phase))
