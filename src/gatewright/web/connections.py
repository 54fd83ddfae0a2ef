"""Which connections a worker keeps: only so many, and none whose client lets it wait.

One timer a worker looks over all of them now and again. A request costs no timer, so that times are coarse: what is
late goes within a period after its time.
"""

import asyncio
import logging
from collections.abc import Collection
from typing import Protocol, cast

import msgspec
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from gatewright.domain.errors import BadInput, GatewrightError, Unavailable
from gatewright.web.errors import openai_error

LONGEST_PERIOD_S = 5.0
MOST_LINGERING = 100
"""Connections beyond the limit that may stay until their client has read why it is turned away."""
RETRY_AFTER_S = 5

logger = logging.getLogger(__name__)


class TooManyConnections(Unavailable):
    code = "too_many_connections"
    summary = "The gateway has as many connections as it may have. Try again in a few seconds."


class TooSlow(BadInput):
    code = "request_timeout"
    status = 408
    summary = "The request did not arrive in time."


class HeadTooLong(BadInput):
    code = "head_too_long"
    status = 431
    summary = "The headers or the trailers of the request are longer than 64 KB."


class Bounds(msgspec.Struct, frozen=True):
    """Seconds: `head_s` and `body_s` as in `settings.schema`; `idle_s` is how long a connection is kept that has no
    request, or whose client takes nothing of its answer. `most` is how many may be open.
    """

    head_s: float = 30.0
    body_s: float = 30.0
    idle_s: float = 75.0
    most: int = 8192


USUAL = Bounds()


class Watched(Protocol):
    """A connection."""

    def look(self, now: float) -> None:
        """Closes it when it is late. `now` is the loop's time, in seconds."""
        ...


class Watch:
    """One for a worker; each process makes its own of the one that it is given."""

    def __init__(self, bounds: Bounds) -> None:
        self.bounds = bounds
        self._period_s = min(LONGEST_PERIOD_S, bounds.head_s / 2, bounds.body_s / 2, bounds.idle_s / 2)
        self._timer: asyncio.TimerHandle | None = None
        self._lingering: list[asyncio.Transport] = []
        self._turned_away = 0

    def admits(self, transport: asyncio.Transport, others: Collection[object]) -> bool:
        """Whether there is room for one more; if not it is told so and is not to be touched again."""
        if self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._period_s, self._sweep, loop, others)
        if len(others) < self.bounds.most:
            return True
        self._turned_away += 1
        transport.set_protocol(_TurnedAway())
        if len(self._lingering) >= MOST_LINGERING:
            transport.abort()
        else:
            self._lingering.append(transport)
            transport.write(FULL)
            if not transport.is_closing():  # it is when the client has left meanwhile
                transport.write_eof()
        return False

    def _sweep(self, loop: asyncio.AbstractEventLoop, connections: Collection[object]) -> None:
        late, self._lingering = self._lingering, []
        self._timer = loop.call_later(self._period_s, self._sweep, loop, connections) if connections else None
        for transport in late:
            transport.abort()
        if self._turned_away:
            logger.warning("turned %d connections away: %d are open", self._turned_away, len(connections))
            self._turned_away = 0
        now = loop.time()
        for one in tuple(connections):
            cast(Watched, one).look(now)


class _TurnedAway(asyncio.Protocol):
    """Reads on and keeps nothing: a connection that is closed with bytes unread is reset, and its answer lost."""


def answer(error: GatewrightError, *headers: str) -> bytes:
    """A whole answer on a connection that ends with it, in OpenAI's words: nobody knows yet what is asked."""
    body = msgspec.json.encode(openai_error(error))
    fixed = ("content-type: application/json", f"content-length: {len(body)}", "connection: close")
    lines = "".join(f"{line}\r\n" for line in (*headers, *fixed))
    return b"%b%b\r\n%b" % (STATUS_LINE[error.status], lines.encode(), body)


FULL = answer(TooManyConnections(), f"retry-after: {RETRY_AFTER_S}")
