"""The second door: model requests straight from uvicorn's protocol, without ASGI's messages; all else goes on to it.

It takes the plain case alone: HTTP/1.1, POST, one of the model API's fixed paths, a short body of announced length.
Everything before and behind a request stays uvicorn's: `DirectCycle` stands in its protocol where its own cycle does,
so that pipelining, keep-alive and shutdown need no code here. It leans on uvicorn's internals, so uvicorn is pinned and
the model API's tests run through both doors. Source: uvicorn, `protocols/http/httptools_impl.py`.
"""

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Protocol, cast

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from gatewright.gateway.exchange import ClientGone, WireHeaders
from gatewright.upstreams.outbox import outbox_of
from gatewright.web.bounded import BODY, HEAD, NEXT, BoundedProtocol
from gatewright.web.model_api.exchange import ModelExchange

LAST_CHUNK = b"0\r\n\r\n"
LONGEST_WAITED_FOR = 256 * 1024
"""Bytes of a body that are taken before anybody looks at the key; the first door looks before it reads more."""


class Direct(Protocol):
    """What the door asks of the application."""

    def direct(self, path: bytes) -> Callable[[ModelExchange], Coroutine[Any, Any, None]] | None:
        """What serves a POST to that path (as it stands in the request, without a query); None for other paths."""
        ...

    def identity(self, client: tuple[str, int] | None, headers: WireHeaders) -> tuple[str, str | None, int]:
        """The request's id, the caller's address, and the largest body in bytes."""
        ...


class DirectCycle(ModelExchange):
    """One request and its answer, written to the connection as it is made.

    `disconnected`, `keep_alive`, `response_complete`, `response_started` and `message_event` are what uvicorn reads
    and sets. `body_fits`: the body is within the limit, as announced; the parser holds it to that.
    """

    __slots__ = (
        *("_gone", "_parts", "_protocol", "_task", "_waiting"),
        *("body_fits", "disconnected", "keep_alive", "response_complete", "serve"),
    )

    def __init__(
        self,
        protocol: "DirectProtocol",
        serve: Callable[[ModelExchange], Coroutine[Any, Any, None]],
        headers: WireHeaders,
        identity: tuple[str, str | None, int],
    ) -> None:
        request_id, address, limit = identity
        ModelExchange.__init__(self, headers, request_id, address, limit)
        self.outbox = protocol.outbox
        self.serve = serve
        self._protocol = protocol
        self._parts: list[bytes] = []
        self.body_fits = self._length <= self._limit
        self._task: asyncio.Task[None] | None = None
        self._waiting = False  # whether a block is to be cancelled when the client hangs up
        self._gone = False
        self.disconnected = False
        self.keep_alive = True
        self.response_complete = False

    # ---- what the protocol asks for

    @property
    def message_event(self) -> "DirectCycle":
        """uvicorn sets an event when something happened to the connection; here there is nobody to wake."""
        return self

    def set(self) -> None:
        """Nothing waits."""

    @property
    def response_started(self) -> bool:
        """Whether something of the answer is sent."""
        return self.begun

    def is_plain(self) -> bool:
        """Whether the body is announced, short enough to be waited for from somebody unknown, and on its way."""
        return 0 < self._length <= LONGEST_WAITED_FOR and not self._asks_to_send

    def add(self, data: bytes) -> None:
        """More of the body; what is over the limit is not kept."""
        if self.body_fits:
            self._parts.append(data)

    def start(self) -> None:
        """The body is complete, or too large: begin to serve, once."""
        if self._task is None:
            # Its own constructor: asyncio's function makes up a name for each task, which takes as long as the rest.
            self._task = task = asyncio.Task(self.serve(self), loop=self._protocol.loop, name="model request")
            self._protocol.tasks.add(task)

    def over(self) -> None:
        """It was served: the last thing that its task does, which needs no callback of its own for that."""
        if self._task is not None:
            self._protocol.tasks.discard(self._task)
        if not self.response_complete:
            # An answer that broke off: the client must notice.
            self.response_complete = True
            self._protocol.close()

    def flush(self) -> None:
        self._protocol.flush()

    def hang_up(self) -> None:
        """The connection is lost."""
        self._gone = True
        if self._waiting and self._task is not None:
            self._task.cancel()

    # ---- the exchange

    async def body(self) -> bytes:
        if not self.body_fits:
            self.keep_alive = False  # the rest of the body is still on its way
            raise self._too_large()
        parts = self._parts
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def until_hang_up(self) -> "DirectCycle":
        return self

    def __enter__(self) -> None:
        if self._gone:
            raise ClientGone
        self._waiting = True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._waiting = False
        if self._gone and kind is asyncio.CancelledError:
            task = self._task
            if task is not None and task.uncancel() == 0:
                raise ClientGone from error

    async def _whole(self, status: int, head: bytes, body: bytes) -> None:
        self.begun = True
        self._put(b"".join((STATUS_LINE[status], self._servers(), head, b"\r\n", body)))
        self._complete()

    async def _start(self, status: int, head: bytes) -> None:
        self.begun = True
        self._put(b"%b%b%btransfer-encoding: chunked\r\n\r\n" % (STATUS_LINE[status], self._servers(), head))

    async def _write(self, data: bytes, *, more: bool) -> None:
        chunk = b"%x\r\n%b\r\n" % (len(data), data) if data else b""
        self._put(chunk if more else chunk + LAST_CHUNK)
        if not more:
            self._complete()
        elif (flow := self._protocol.flow).write_paused:
            await flow.drain()
            if self._gone:
                raise ClientGone

    def _put(self, data: bytes) -> None:
        if self._gone or self._protocol.transport.is_closing():
            raise ClientGone
        self._protocol.send(data)

    def _servers(self) -> bytes:
        """The lines that are the server's own: what it says to everybody, and its wish to close."""
        lines = self._protocol.server_lines()
        return lines if self.keep_alive else lines + b"connection: close\r\n"

    def _complete(self) -> None:
        self.response_complete = True
        if not self.keep_alive:
            self._protocol.close()
        self._protocol.on_response_complete()


class DirectProtocol(BoundedProtocol):
    """uvicorn's protocol with the second door in it."""

    _reading: DirectCycle | None = None
    """The request whose body is arriving, when it is one of this door's."""

    _serving: DirectCycle | None = None
    """The last one of this door's, which others may queue behind."""

    _lines_of: object = None
    _lines = b""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._application = cast(Direct, self.app)
        self.outbox = outbox_of(self.loop)
        self._outgoing: list[bytes] = []

    def send(self, data: bytes) -> None:
        """At the end of the loop's turn, or at the next thing that happens to the connection."""
        if not self._outgoing:
            self.outbox.add(self)
        self._outgoing.append(data)

    def flush(self) -> None:
        """Send what waits for the end of the turn."""
        outgoing = self._outgoing
        if outgoing:
            self.outbox.flush_first()
            self._outgoing = []
            if not self.transport.is_closing():
                self.transport.write(outgoing[0] if len(outgoing) == 1 else b"".join(outgoing))

    def close(self) -> None:
        """As soon as everything is sent."""
        self.flush()
        self.transport.close()

    def shutdown(self) -> None:
        self.flush()
        super().shutdown()

    def data_received(self, data: bytes) -> None:
        if self._outgoing:
            self.flush()
        BoundedProtocol.data_received(self, data)  # super() takes as long as ten of these

    def server_lines(self) -> bytes:
        """uvicorn's own headers; it makes a new list of them each second, for the date."""
        given = self.server_state.default_headers
        if given is not self._lines_of:
            self._lines_of = given
            self._lines = b"".join([b"%b: %b\r\n" % pair for pair in given])
        return self._lines

    def on_message_begin(self) -> None:
        self.stage, self.since, self.fruitful = HEAD, None, self.arrived
        self.url = b""
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        cycle = self._reading = self._direct_cycle()
        if cycle is not None:
            self.stage, self.since = BODY, None
            self._serving = cycle
            # It has what this class's callbacks and uvicorn's ask of a cycle.
            self.cycle = cast(RequestResponseCycle, cycle)
            if not cycle.body_fits:
                cycle.start()
            return
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        cycle = self._reading
        if cycle is not None:
            self.fruitful = self.arrived
            cycle.add(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        cycle = self._reading
        if cycle is not None:
            self.stage, self.since = NEXT, None
            cycle.start()
        else:
            super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._serving is not None:
            self._serving.hang_up()

    def _direct_cycle(self) -> DirectCycle | None:
        """The request as one of this door's; None for what is not plain enough, and behind a request under way."""
        parser, headers = self.parser, self.headers
        before: Any = self.cycle
        if (
            parser.get_method() != b"POST"
            or (before is not None and not before.response_complete)
            or parser.get_http_version() != "1.1"
            or parser.should_upgrade()
            or not parser.should_keep_alive()
        ):
            return None
        application = self._application
        serve = application.direct(self.url.partition(b"?")[0])
        if serve is None:
            return None
        cycle = DirectCycle(self, serve, headers, application.identity(self.client, headers))
        return cycle if cycle.is_plain() else None
