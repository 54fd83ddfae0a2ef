"""What the request path needs of the edge: one request, and the ways to answer it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

import msgspec

from gatewright.domain.money import Nanos
from gatewright.gateway.deployment import Deployment
from gatewright.gateway.limits.claims import Standing
from gatewright.upstreams.outbox import Outbox
from gatewright.upstreams.response import MAX_BODY

WireHeaders = list[tuple[bytes, bytes]]


class ClientGone(Exception):
    """The client hung up. Not an error of the tree: it is recorded, and there is nobody to answer."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What an answer's headers say of how it came about. Times are milliseconds; `cost` None while it is unknown.

    `retries` and `fallbacks` count attempts after the first; `dropped` names parameters that were left out. `total_ms`
    is everything, `overhead_ms` what is not the provider's. `open_book`: the caller may know which server it was.
    `limits` is what remains of each limit that the caller has; `cache_key` is set for an answer from the cache.
    """

    deployment: Deployment | None
    cost: Nanos | None = None
    retries: int = 0
    most_retries: int | None = None
    fallbacks: int = 0
    dropped: Sequence[str] = ()
    total_ms: float = 0.0
    overhead_ms: float = 0.0
    open_book: bool = False
    limits: Sequence[Standing] = ()
    cache_key: str | None = None


class Answer(Protocol):
    """An upstream's answer, or the built-in model's. Header names are in lower case."""

    status: int
    headers: WireHeaders

    async def read(self, max_size: int = MAX_BODY) -> bytes: ...
    def stream(self) -> AsyncIterator[bytes]: ...
    def abort(self) -> None: ...


class Sink(Protocol):
    """Where an answer goes: it is either `reply`, or `begin`, `send` any number of times, and `end`.

    Everything that waits for the client raises ClientGone when it has hung up.
    """

    async def reply(self, status: int, headers: WireHeaders, body: bytes, facts: Facts) -> None: ...
    async def begin(self, status: int, headers: WireHeaders, facts: Facts) -> None: ...
    async def send(self, data: bytes) -> None: ...
    async def end(self) -> None: ...


class Exchange(Sink, Protocol):
    """One request, and the way to answer it."""

    @property
    def request_id(self) -> str: ...

    @property
    def secret(self) -> str:
        """The caller's key. Raises Unauthenticated when there is none."""
        ...

    @property
    def address(self) -> str | None:
        """Where the call came from."""
        ...

    @property
    def begun(self) -> bool:
        """Whether the client has been sent a status."""
        ...

    @property
    def named_model(self) -> str | None:
        """The model's name where the address says it."""
        ...

    @property
    def wishes(self) -> WireHeaders:
        """Its headers about its own routing, those of `wishes.HEADERS`."""
        ...

    facts: Facts | None
    """What the headers of a refusal say of the attempts before it."""

    def forwarded(self, names: Sequence[bytes]) -> WireHeaders:
        """The caller's headers of these names (lower case)."""
        ...

    async def body(self) -> bytes:
        """The whole body. Raises TooLarge."""
        ...

    @property
    def outbox(self) -> Outbox | None:
        """Where what it sends waits for the end of the loop's turn; None when each piece leaves at once."""
        ...

    def flush(self) -> None:
        """Sends at once what was handed over and waits for company."""
        ...

    def until_hang_up(self) -> AbstractContextManager[object]:
        """A block that is cancelled, and then raises ClientGone, when the client hangs up meanwhile."""
        ...
