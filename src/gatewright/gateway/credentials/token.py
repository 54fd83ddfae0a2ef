"""An access token that is fetched when it is needed, by one request for all that wait, and again before it expires."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

import msgspec

from gatewright.domain.clock import SECOND, Clock, Millis
from gatewright.domain.errors import GatewrightError
from gatewright.upstreams.failures import CallFailed, Phase
from gatewright.upstreams.target import Target, header_block

RENEW_BEFORE = 225 * SECOND
"""A token this near its end is renewed while it still serves. The metadata servers of clouds hand out the old one until
four minutes before its end."""

TRY_AGAIN_AFTER = 10 * SECOND
"""How long a token that still serves goes on after a renewal that failed or brought nothing newer."""

LONGEST_TOKEN = 16 * 1024

logger = logging.getLogger(__name__)


class Token(msgspec.Struct, frozen=True):
    """`value` as the Authorization header has it behind `Bearer`."""

    value: str
    expires_at: Millis

    def __repr__(self) -> str:
        return f"Token(expires_at={self.expires_at})"


Fetch = Callable[[], Awaitable[Token]]


class CredentialFailed(CallFailed):
    """The credential for a model call cannot be had. Nothing was sent to the model's provider."""

    code = "upstream_credential_failed"

    def __init__(self, message: str) -> None:
        super().__init__(message, phase=Phase.CONNECT)


class BearerSigner:
    """A Signer that sends an access token. `whose` names the account in messages."""

    def __init__(self, fetch: Fetch, clock: Clock, whose: str) -> None:
        self._fetch = fetch
        self._clock = clock
        self._whose = whose
        self._token: Token | None = None
        self._line = b""
        self._renew_at: Millis = 0
        self._fetching: asyncio.Task[None] | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._whose})"

    async def headers(self, _target: Target, _body: bytes) -> bytes:
        """The Authorization line. Raises CredentialFailed."""
        now = self._clock()
        token = self._token
        if token is None or token.expires_at <= now:
            # A caller that hangs up leaves the fetch to the others who wait for it.
            await asyncio.shield(self._fetched())
        elif self._renew_at <= now:
            self._fetched().add_done_callback(self._renewed)
        return self._line

    def _fetched(self) -> asyncio.Task[None]:
        """The fetch that is under way, or a new one."""
        if self._fetching is None or self._fetching.done():
            self._fetching = asyncio.create_task(self._take())
        return self._fetching

    async def _take(self) -> None:
        self._renew_at = self._clock() + TRY_AGAIN_AFTER
        try:
            token = await self._fetch()
        except CredentialFailed:
            raise
        except GatewrightError as error:
            raise CredentialFailed(f"No access token for {self._whose}: {error.message}") from error
        if len(token.value) > LONGEST_TOKEN or not token.value.isascii() or not token.value.isprintable():
            raise CredentialFailed(f"No access token for {self._whose}: what came is none.")
        if token.expires_at <= self._clock():
            raise CredentialFailed(f"No access token for {self._whose}: the one that came has expired.")
        self._line = header_block([("authorization", f"Bearer {token.value}")])
        self._token = token
        self._renew_at = max(self._renew_at, token.expires_at - RENEW_BEFORE)

    def _renewed(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.warning("The old access token for %s serves until it expires: %s", self._whose, error)
