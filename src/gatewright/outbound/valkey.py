"""The one connection of a worker to Valkey or Redis, for whatever workers and replicas share.

While it is down every call fails at once, so that no request waits for it; one call now and then tries again. The
library is imported when there is a URL: it costs memory that a gateway without Valkey should not pay.
"""

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.commands.core import AsyncScript

T = TypeVar("T")

TIMEOUT_S = 1.0
"""For a call, connecting included. It takes a millisecond; a server that needs longer than this is of no use."""

SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 10.0
"""From one attempt at a server that is down to the next; doubled each time, with jitter."""

MOST_CONNECTIONS = 16
logger = logging.getLogger(__name__)


class ValkeyDown(Exception):
    """It cannot be reached, or does not do what it is asked. Never reaches a client: each user says what then."""


class Valkey:
    """Opened at the first call, closed at the end. `ticks` are seconds on a clock that never goes back."""

    def __init__(self, url: str, ticks: Callable[[], float] = time.monotonic) -> None:
        self._where = _shown(url)
        self._ticks = ticks
        self._problem: str | None = None
        self._again_at = 0.0
        self._pause = SHORTEST_PAUSE_S
        self._failing = asyncio.Event()
        self._client = _client(url)
        self._errors: tuple[type[Exception], ...] = (
            import_module("redis.exceptions").RedisError,
            *(OSError, TimeoutError),
        )
        self._scripts: dict[str, AsyncScript] = {}

    @property
    def problem(self) -> str | None:
        """What is wrong now, for people; None when nothing is known to be."""
        return self._problem

    async def script(self, source: str, keys: Sequence[str], arguments: Sequence[str | int]) -> Any:
        """Runs a Lua script, sent once and named by its hash from then on. Raises ValkeyDown."""
        found = self._scripts.get(source)
        if found is None:
            found = self._scripts[source] = self._client.register_script(source)
        return await self._run(found(keys, arguments))

    async def get(self, key: str) -> bytes | None:
        """The value, None when there is none. Raises ValkeyDown."""
        found: bytes | None = await self._run(self._client.get(key))
        return found

    async def put(self, key: str, value: bytes, life_ms: int) -> None:
        """Stores a value for so long. Raises ValkeyDown."""
        await self._run(self._client.set(key, value, px=life_ms))

    async def watch(self) -> None:
        """Until it is cancelled: says at the start whether it is there, and tries again while it is down."""
        while True:
            try:
                await self._run(self._client.ping())
            except ValkeyDown:
                await asyncio.sleep(max(0.05, self._again_at - self._ticks()))
            else:
                self._failing.clear()
                with suppress(TimeoutError):
                    async with asyncio.timeout(LONGEST_PAUSE_S):
                        await self._failing.wait()

    async def close(self) -> None:
        await self._client.aclose()

    async def _run(self, call: Awaitable[Any]) -> Any:
        if self._problem is not None:
            now = self._ticks()
            if now < self._again_at:
                _drop(call)
                raise ValkeyDown(self._problem)
            # The others go on failing at once while this one tries.
            self._again_at = now + TIMEOUT_S
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await call
        except self._errors as error:
            raise self._failed(error) from error
        if self._problem is not None:
            logger.warning("Valkey at %s is back", self._where)
            self._problem, self._pause = None, SHORTEST_PAUSE_S
        return answer

    def _failed(self, error: Exception) -> ValkeyDown:
        # The library's own words are not shown: a password may stand in them.
        cause = type(error).__name__
        if self._problem is None:
            logger.warning("Valkey at %s cannot be used (%s); trying again now and then", self._where, cause)
        self._problem = f"Valkey cannot be used: {cause}."
        self._failing.set()
        self._again_at = self._ticks() + self._pause * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)
        self._pause = min(self._pause * 2, LONGEST_PAUSE_S)
        return ValkeyDown(self._problem)


def _drop(call: Awaitable[Any]) -> None:
    """A coroutine that nobody will wait for must be closed, or Python warns of it."""
    close = getattr(call, "close", None)
    if close is not None:
        close()


def _client(url: str) -> "Redis":
    library = import_module("redis.asyncio")
    pool = library.BlockingConnectionPool.from_url(
        url,
        max_connections=MOST_CONNECTIONS,
        timeout=TIMEOUT_S,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=TIMEOUT_S,
        # Once: a connection that the server closed while it was idle is noticed only when it is used.
        retry=import_module("redis.asyncio.retry").Retry(import_module("redis.backoff").NoBackoff(), 1),
        protocol=2,
    )
    client: Redis = library.Redis.from_pool(pool)
    return client


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port or 6379}" if parts.hostname else parts.path
