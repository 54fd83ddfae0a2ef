"""An upstream's answer, for whoever awaits it."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from enum import Enum
from typing import Protocol

from gatewright.upstreams.failures import CallFailed, Phase

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


class _Want(Enum):
    """What the one waiter waits for."""

    HEAD = 0
    ITEM = 1
    WHOLE = 2


class Response:
    """`status`, `headers` (names in lower case) and the body: `read` it whole or iterate over `stream`.

    Take the body to its end or call `abort`, else the connection stays taken. One consumer at a time.
    """

    __slots__ = (
        "_authority",
        "_ended",
        "_error",
        "_items",
        "_limit",
        "_loop",
        "_paused",
        "_size",
        "_source",
        "_waiter",
        "_want",
        "headers",
        "status",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop, source: Source, authority: str) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._loop = loop
        self._source: Source | None = source
        self._authority = authority
        self._items: deque[bytes] = deque()
        self._size = 0  # bytes in `_items`
        self._limit = MAX_BODY
        self._paused = False
        self._ended = False
        self._error: Exception | None = None
        self._want = _Want.HEAD
        self._waiter: asyncio.Future[None] | None = None

    # ---- for the consumer

    def header(self, name: bytes) -> bytes | None:
        """The first header of this name (lower case); None when there is none."""
        for known, value in self.headers:
            if known == name:
                return value
        return None

    async def headed(self) -> None:
        """Wait for the head, once. Raises what the call failed with; the client does this, not its caller."""
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        except asyncio.CancelledError:
            self.abort()
            raise
        self._waiter = None
        if not self.status and self._error is not None:
            raise self._error

    async def read(self, max_size: int = MAX_BODY) -> bytes:
        """The whole body. Raises CallFailed when it is over `max_size` bytes or breaks off, CallTimedOut."""
        self._want = _Want.WHOLE
        self._limit = max_size
        if self._size > max_size:
            self._overflow()
        self._resume()
        if not self._ended and self._error is None:
            await self._wait(_Want.WHOLE)
        if self._error is not None:
            raise self._error
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
            if self._error is not None:
                raise self._error
            if self._ended:
                raise StopAsyncIteration
            await self._wait(_Want.ITEM)
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
            if self._error is None:
                self._error = CallFailed(f"The call to {self._authority} was given up.", phase=Phase.BODY)
            self._wake()

    # ---- for the connection

    def head(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        """Take the head of the answer."""
        self.status = status
        self.headers = headers
        if self._want is _Want.HEAD:
            self._wake()

    def data(self, item: bytes) -> None:
        """Take the body bytes of one read."""
        self._items.append(item)
        self._size += len(item)
        if self._want is _Want.WHOLE:
            if self._size > self._limit:
                self._overflow()
            return
        if self._want is _Want.ITEM:
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
        self._error = error
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
        self._error = CallFailed(
            f"The answer of {self._authority} is larger than {self._limit} bytes.", phase=Phase.BODY
        )
        if source is not None:
            source.abort()
        self._wake()

    async def _wait(self, want: _Want) -> None:
        self._want = want
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        except asyncio.CancelledError:
            self.abort()
            raise
        self._waiter = None

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
