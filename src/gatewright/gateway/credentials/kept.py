"""A credential that is fetched when it is needed, by one request for all that wait, and again before it expires."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from gatewright.domain.clock import SECOND, Clock, Millis
from gatewright.domain.errors import GatewrightError
from gatewright.upstreams.failures import CallFailed, Phase

RENEW_BEFORE = 225 * SECOND
"""One this near its end is renewed while it still serves. The metadata servers of clouds hand out the old one until
four minutes before its end."""

TRY_AGAIN_AFTER = 10 * SECOND
"""How long one that still serves goes on after a renewal that failed or brought nothing newer."""

logger = logging.getLogger(__name__)


class CredentialFailed(CallFailed):
    """The credential for a model call cannot be had. Nothing was sent to the model's provider."""

    code = "upstream_credential_failed"

    def __init__(self, message: str) -> None:
        super().__init__(message, phase=Phase.CONNECT)


class Expiring(Protocol):
    """What serves until `expires_at`."""

    @property
    def expires_at(self) -> Millis: ...


T = TypeVar("T", bound=Expiring)


class Kept(Generic[T]):
    """`what` and `whose` name the credential and its owner in messages: `access token`, `svc@example.com`."""

    def __init__(self, fetch: Callable[[], Awaitable[T]], clock: Clock, what: str, whose: str) -> None:
        self._fetch = fetch
        self._clock = clock
        self._what = what
        self._whose = whose
        self._value: T | None = None
        self._renew_at: Millis = 0
        self._fetching: asyncio.Task[T] | None = None

    async def current(self) -> T:
        """The one that counts now. Raises CredentialFailed."""
        now = self._clock()
        value = self._value
        if value is None or value.expires_at <= now:
            # A caller that hangs up leaves the fetch to the others who wait for it.
            return await asyncio.shield(self._fetched())
        if self._renew_at <= now:
            self._fetched().add_done_callback(self._renewed)
        return value

    def _fetched(self) -> asyncio.Task[T]:
        """The fetch that is under way, or a new one."""
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._take())
        return self._fetching

    async def _take(self) -> T:
        self._renew_at = self._clock() + TRY_AGAIN_AFTER
        try:
            value = await self._fetch()
        except CredentialFailed:
            raise
        except GatewrightError as error:
            raise CredentialFailed(f"No {self._what} for {self._whose}: {error.message}") from error
        if value.expires_at <= self._clock():
            raise CredentialFailed(f"No {self._what} for {self._whose}: the one that came has expired.")
        self._value = value
        self._renew_at = max(self._renew_at, value.expires_at - RENEW_BEFORE)
        return value

    def _renewed(self, task: asyncio.Task[T]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("The old %s for %s serves until it expires: %s", self._what, self._whose, error)
