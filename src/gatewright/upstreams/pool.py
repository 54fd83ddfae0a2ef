"""The connections to one server: the one used last is used next, the oldest idle one goes first."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable

import msgspec

from gatewright.upstreams.connection import Connection
from gatewright.upstreams.failures import CallFailed, CallTimedOut, Phase
from gatewright.upstreams.target import Target


class Limits(msgspec.Struct, frozen=True):
    """For each server. `connections` at most at once, `idle` of them kept, each for `idle_age` seconds.

    The age is below the 60 seconds after which common load balancers close a connection.
    """

    connections: int = 1000
    idle: int = 256
    idle_age: float = 50.0


class Pool:
    """Counts a connection from before it is dialled until it is closed. `target` keeps the TLS context alive."""

    __slots__ = ("_closing", "_idle", "_limits", "_loop", "_open", "_target", "_waiters", "idle_age", "members")

    def __init__(self, loop: asyncio.AbstractEventLoop, target: Target, limits: Limits) -> None:
        self._loop = loop
        self._target = target
        self._limits = limits
        self._idle: list[Connection] = []
        self._waiters: deque[asyncio.Future[Connection | None]] = deque()
        self._open = 0
        self._closing = False
        self.members: set[Connection] = set()
        self.idle_age = limits.idle_age

    @property
    def open(self) -> int:
        """Connections now, those being dialled included."""
        return self._open

    @property
    def idle(self) -> int:
        """Connections that wait for a request."""
        return len(self._idle)

    def take(self, *, fresh: bool = False) -> Connection | None:
        """A kept connection if there is one. With `fresh` only when no new one can be had."""
        if not self._idle or (fresh and self._open < self._limits.connections):
            return None
        return self._idle.pop()

    async def obtain(self, dial: Callable[[], Awaitable[Connection]], deadline: float) -> Connection:
        """A new connection, or when all are in use the first that becomes free before `deadline`.

        Raises what `dial` raises, and CallTimedOut (phase CONNECT) when none becomes free.
        """
        while True:
            if self._closing:
                raise self._shutting_down()
            if self._open < self._limits.connections:
                self._open += 1
                return await self._dialled(dial)
            handed = await self._turn(deadline)
            if handed is None:
                return await self._dialled(dial)
            if not handed.closed:
                return handed

    def release(self, connection: Connection) -> None:
        """Take back a connection that can serve again: for whoever waits, else to keep."""
        connection.rest()
        if self._waiters and (waiter := self._next_waiter()) is not None:
            waiter.set_result(connection)
        elif self._closing or len(self._idle) >= self._limits.idle:
            connection.abort()
        else:
            self._idle.append(connection)

    def forget(self, connection: Connection) -> None:
        """A connection is closed: its place is free."""
        connection.keeper = None
        self.members.discard(connection)
        with contextlib.suppress(ValueError):
            self._idle.remove(connection)
        self._vacate()

    def close(self) -> None:
        """Keep nothing and give out nothing from now on; requests under way go on."""
        self._closing = True
        while (waiter := self._next_waiter()) is not None:
            waiter.set_exception(self._shutting_down())
        for connection in list(self._idle):
            connection.abort()

    async def _dialled(self, dial: Callable[[], Awaitable[Connection]]) -> Connection:
        """Dial into a place that is counted already."""
        try:
            connection = await dial()
            if self._closing:
                connection.abort()
                raise self._shutting_down()
            if connection.closed:
                raise CallFailed(f"{self._target.origin.authority} closed the connection at once.", phase=Phase.CONNECT)
        except BaseException:
            self._vacate()
            raise
        connection.keeper = self
        self.members.add(connection)
        return connection

    async def _turn(self, deadline: float) -> Connection | None:
        """Wait for a connection that is free, or for None: a place to dial into."""
        waiter: asyncio.Future[Connection | None] = self._loop.create_future()
        self._waiters.append(waiter)
        timer = self._loop.call_at(deadline, self._too_late, waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                handed = waiter.result()  # given to us just as our caller left
                if handed is None:
                    self._vacate()
                elif not handed.closed:
                    self.release(handed)
            raise
        finally:
            timer.cancel()

    def _vacate(self) -> None:
        """Pass a place on to whoever waits, else count it free."""
        waiter = self._next_waiter()
        if waiter is not None:
            waiter.set_result(None)
        else:
            self._open -= 1

    def _next_waiter(self) -> asyncio.Future[Connection | None] | None:
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                return waiter
        return None

    def _too_late(self, waiter: asyncio.Future[Connection | None]) -> None:
        if not waiter.done():
            name = self._target.origin.authority
            waiter.set_exception(
                CallTimedOut(f"All {self._limits.connections} connections to {name} are in use.", phase=Phase.CONNECT)
            )

    def _shutting_down(self) -> CallFailed:
        return CallFailed("Gatewright is shutting down.", phase=Phase.CONNECT)
