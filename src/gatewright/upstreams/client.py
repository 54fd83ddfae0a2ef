"""The HTTP/1.1 client for model calls: kept connections, no task and no header dictionary per request.

Redirects are never followed and nothing is decompressed: the answer is the provider's, byte for byte.
"""

import asyncio
import ssl

from gatewright.upstreams.connection import Connection, StaleConnection
from gatewright.upstreams.dial import dial
from gatewright.upstreams.failures import CallFailed, Phase
from gatewright.upstreams.pool import Limits, Pool
from gatewright.upstreams.response import Response
from gatewright.upstreams.target import Target
from gatewright.upstreams.timeouts import Timeouts

USUAL_TIMEOUTS = Timeouts()
USUAL_LIMITS = Limits()


class Client:
    """One for a process and its event loop. `tls` None trusts the system's certificate authorities."""

    def __init__(
        self,
        *,
        timeouts: Timeouts = USUAL_TIMEOUTS,
        limits: Limits = USUAL_LIMITS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._timeouts = timeouts
        self._limits = limits
        self._tls = tls
        self._pools: dict[str, Pool] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closing = False

    async def send(
        self, target: Target, body: bytes = b"", *, headers: bytes = b"", timeouts: Timeouts | None = None
    ) -> Response:
        """Send a request and wait for the answer's head. `headers` is what `target.header_block` made.

        A kept connection that closes before the answer's first byte is replaced by a new one, once. Cancelling closes
        the connection. Raises CallFailed (AddressRefused among them) and CallTimedOut.
        """
        timeouts = timeouts or self._timeouts
        loop = self._loop or self._bind()
        pool = self._pools.get(target.pool_key) or self._open_pool(loop, target)
        head = target.head + headers + b"content-length: %d\r\n\r\n" % len(body)
        again = False
        while True:
            connection = pool.take(fresh=again)
            if connection is None:
                connection = await self._obtain(pool, target, timeouts.connect)
            response = Response(loop, connection, target.origin)
            connection.start(response, head, body, timeouts)
            try:
                await response.arrived
            except asyncio.CancelledError:
                response.abort()
                raise
            if response.status or response.error is None:
                return response
            if not isinstance(response.error, StaleConnection):
                raise response.error
            if again:
                raise CallFailed(f"{target.origin.authority} closed two connections at once.", phase=Phase.HEAD)
            again = True

    @property
    def open_connections(self) -> int:
        """Connections to all servers now, idle ones and those being dialled included."""
        return sum(pool.open for pool in self._pools.values())

    @property
    def idle_connections(self) -> int:
        """Connections that wait for a request."""
        return sum(pool.idle for pool in self._pools.values())

    async def aclose(self, grace: float = 0.0) -> None:
        """Take no more requests, give those under way `grace` seconds, then close every connection."""
        self._closing = True
        for pool in self._pools.values():
            pool.close()
        members = [connection for pool in self._pools.values() for connection in pool.members]
        if members and grace > 0:
            await asyncio.wait([connection.lost for connection in members], timeout=grace)
        for connection in members:
            connection.give_up("was left because Gatewright is shutting down")
        if members:
            await asyncio.wait([connection.lost for connection in members], timeout=1.0)

    def _bind(self) -> asyncio.AbstractEventLoop:
        self._loop = asyncio.get_running_loop()
        return self._loop

    def _open_pool(self, loop: asyncio.AbstractEventLoop, target: Target) -> Pool:
        if self._closing:
            raise CallFailed("Gatewright is shutting down.", phase=Phase.CONNECT)
        pool = self._pools[target.pool_key] = Pool(loop, target, self._limits)
        return pool

    async def _obtain(self, pool: Pool, target: Target, seconds: float) -> Connection:
        tls = (target.tls or self._default_tls()) if target.origin.scheme == "https" else None
        deadline = asyncio.get_running_loop().time() + seconds
        return await pool.obtain(lambda: dial(target, tls, deadline), deadline)

    def _default_tls(self) -> ssl.SSLContext:
        """Made at the first need: reading the system's certificates takes 20 ms."""
        if self._tls is None:
            self._tls = ssl.create_default_context()
            self._tls.set_alpn_protocols(["http/1.1"])
        return self._tls
