"""Calls the model API through its second door: uvicorn's protocol on a connection that exists in memory alone."""

import asyncio
from typing import Any, Protocol

import httptools
import uvicorn
from uvicorn.server import ServerState

from gatewright.web.bounded import BoundedProtocol
from gatewright.web.connections import USUAL, Bounds, Watch
from gatewright.web.edge import Edge
from gatewright.web.model_api.door import DirectProtocol
from gatewright.web.model_api.routes import ModelApi


class Got(Protocol):
    """What an answer is noted in."""

    status: int
    raw_headers: list[tuple[bytes, bytes]]
    pieces: list[bytes]
    ended: bool
    gone: asyncio.Event
    began: asyncio.Event


class Wire(asyncio.Transport):
    """The client's end: parses what the server writes."""

    def __init__(self, got: Got | None = None) -> None:
        super().__init__()
        self.got = got
        self.written = b""
        self.over = asyncio.Event()
        self.closing = False
        self._parser = httptools.HttpResponseParser(self)

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return {"peername": ("127.0.0.1", 5555), "sockname": ("127.0.0.1", 4000)}.get(name, default)

    def write(self, data: Any) -> None:
        self.written += bytes(data)
        if self.got is not None:
            self._parser.feed_data(data)

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True
        self.over.set()

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """Not needed."""

    def resume_reading(self) -> None:
        """Not needed."""

    def on_header(self, name: bytes, value: bytes) -> None:
        assert self.got is not None
        # These are the server's, whichever door a request came by.
        if name not in (b"date", b"transfer-encoding", b"connection"):
            self.got.raw_headers.append((name, value))

    def on_headers_complete(self) -> None:
        assert self.got is not None
        assert not self.got.status
        self.got.status = self._parser.get_status_code()

    def on_body(self, data: bytes) -> None:
        assert self.got is not None
        self.got.pieces.append(data)
        self.got.began.set()

    def on_message_complete(self) -> None:
        assert self.got is not None
        self.got.ended = True
        self.over.set()


def edge(api: ModelApi) -> Edge:
    """The application with nothing in it but the model API."""

    async def nothing(*_: Any) -> None:
        raise AssertionError("not a path of the model API")

    async def start_or_stop() -> None:
        return None

    return Edge(api, nothing, start_or_stop, start_or_stop)


def configuration(api: ModelApi) -> uvicorn.Config:
    """A server's configuration, loaded."""
    config = uvicorn.Config(
        edge(api),
        http=DirectProtocol,
        lifespan="off",
        log_level="critical",
        access_log=False,
        interface="asgi3",
        proxy_headers=False,
    )
    config.load()
    return config


def connect(
    config: uvicorn.Config, wire: Wire, kind: type[BoundedProtocol] = DirectProtocol, bounds: Bounds = USUAL
) -> BoundedProtocol:
    """A connection; give it bytes with `data_received`."""
    protocol = kind(config, ServerState(), {}, watch=Watch(bounds))
    protocol.connection_made(wire)
    return protocol


async def call(
    api: ModelApi, got: Got, request: bytes, body: bytes, *, parts: int = 1, config: uvicorn.Config | None = None
) -> None:
    """One request on a connection of its own. `request` is the head without the body's length."""
    wire = Wire(got)
    protocol = connect(config or configuration(api), wire)
    length = b"" if b"content-length" in request else b"content-length: %d\r\n" % len(body)
    protocol.data_received(request + length + b"\r\n")
    size = max(1, -(-len(body) // parts))
    for at in range(0, len(body), size):
        protocol.data_received(body[at : at + size])
    gone = asyncio.ensure_future(got.gone.wait())
    over = asyncio.ensure_future(wire.over.wait())
    tasks = list(protocol.tasks)
    try:
        await asyncio.wait([gone, over], return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            wire.closing = True
            protocol.connection_lost(ConnectionResetError())
        await asyncio.gather(*tasks)
    except asyncio.CancelledError:  # as a server does that ends
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
    finally:
        gone.cancel()
        over.cancel()
