"""An upstream's answer, for whoever awaits it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Protocol

from gatewright.upstreams.failures import CallFailed, Phase
from gatewright.upstreams.target import Origin

HIGH_WATER = 256 * 1024
"""Bytes waiting for the consumer above which the upstream is no longer read."""

LOW_WATER = 64 * 1024
"""Bytes waiting below which it is read again."""

MAX_BODY = 64 * 1024 * 1024
"""Bytes of a complete answer at most, unless told otherwise: images come as base64 inside JSON."""


class Source(Protocol):
    """The connection that an answer comes from."""

    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def abort(self) -> None: ...


# What the one waiter waits for.
HEAD, ITEM, WHOLE = range(3)


class Response:
    """`status`, `headers` (names in lower case) and the body: `read` it whole or iterate over `stream`.

    The client waits for `arrived` first: then there is a head, or an `error`. Take the body to its end or call `abort`,
    else the connection stays taken. One consumer at a time.
    """

    __slots__ = (
        "_ended",
        "_items",
        "_limit",
        "_loop",
        "_origin",
        "_paused",
        "_size",
        "_source",
        "_want",
        "arrived",
        "error",
        "headers",
        "status",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, source: Source, origin: Origin) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._loop = loop
        self._source: Source | None = source
        self._origin = origin
        self._items: deque[bytes] = deque()
        self._size = 0  # bytes in `_items`
        self._limit = MAX_BODY
        self._paused = False
        self._ended = False
        self.error: Exception | None = None
        self._want = HEAD
        self.arrived: asyncio.Future[None] = loop.create_future()

    # ---- for the consumer

    def header(self, name: bytes) -> bytes | None:
        """The first header of this name (lower case); None when there is none."""
        for known, value in self.headers:
            if known == name:
                return value
        return None

    async def read(self, max_size: int = MAX_BODY) -> bytes:
        """The whole body. Raises CallFailed when it is over `max_size` bytes or breaks off, CallTimedOut."""
        if not self._ended or self._size > max_size:
            await self._rest(max_size)
        if self.error is not None:
            raise self.error
        items = self._items
        body = items[0] if len(items) == 1 else b"".join(items)
        items.clear()
        self._size = 0
        return body

    def stream(self) -> AsyncIterator[bytes]:
        """The body as it arrives, an item for each read of the socket. Raises CallFailed, CallTimedOut.

        Cancelling the wait closes the connection; whoever stops early for another reason calls `abort`.
        """
        return self

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        items = self._items
        while not items:
            if self.error is not None:
                raise self.error
            if self._ended:
                raise StopAsyncIteration
            self._want = ITEM
            self.arrived = self._loop.create_future()
            try:
                await self.arrived
            except asyncio.CancelledError:
                self.abort()
                raise
        item = items.popleft()
        self._size -= len(item)
        if self._paused and self._size <= LOW_WATER:
            self._resume()
        return item

    def abort(self) -> None:
        """Close the connection if the answer is not complete. Safe to call at any time."""
        source, self._source = self._source, None
        if source is not None:
            source.abort()
            if self.error is None:
                self.error = CallFailed(f"The call to {self._origin.authority} was given up.", phase=Phase.BODY)
            self._wake()

    # ---- for the connection

    def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Take the head of the answer."""
        self.status = status
        self.headers = headers
        self._wake()

    def data(self, item: bytes) -> None:
        """Take the body bytes of one read."""
        self._items.append(item)
        self._size += len(item)
        if self._want == WHOLE:
            if self._size > self._limit:
                self._overflow()
            return
        if self._want == ITEM:
            self._wake()
        if self._size > HIGH_WATER and not self._paused and self._source is not None:
            self._paused = True
            self._source.pause()

    def end(self) -> None:
        """The answer is complete; its connection may serve another already."""
        self._source = None
        self._ended = True
        self._wake()

    def failed(self, error: Exception) -> None:
        """The answer will not be complete."""
        self._source = None
        self.error = error
        self._wake()

    # ---- inside

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            if self._source is not None:
                self._source.resume()

    def _overflow(self) -> None:
        source, self._source = self._source, None
        self._items.clear()
        self._size = 0
        self.error = CallFailed(
            f"The answer of {self._origin.authority} is larger than {self._limit} bytes.", phase=Phase.BODY
        )
        if source is not None:
            source.abort()
        self._wake()

    async def _rest(self, max_size: int) -> None:
        """Waits until the body is whole, or will never be."""
        self._want = WHOLE
        self._limit = max_size
        if self._size > max_size:
            self._overflow()
        self._resume()
        if self._ended or self.error is not None:
            return
        self.arrived = self._loop.create_future()
        try:
            await self.arrived
        except asyncio.CancelledError:
            self.abort()
            raise

    def _wake(self) -> None:
        if not self.arrived.done():
            self.arrived.set_result(None)
