"""One model request: its headers read, its answer given our headers and nothing rebuilt, whichever door it came by."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import msgspec

from gatewright.domain.errors import GatewrightError, TooLarge, TooManyRequests, Unauthenticated
from gatewright.domain.money import dollars
from gatewright.gateway.exchange import Facts, WireHeaders
from gatewright.web.credential import key_in
from gatewright.web.errors import openai_error

# The order of contract litellm 3.1: the lowest rank that is present counts.
CREDENTIALS = {
    b"x-litellm-api-key": 0,
    b"authorization": 1,
    b"api-key": 2,
    b"x-api-key": 3,
    b"x-goog-api-key": 4,
    b"ocp-apim-subscription-key": 5,
}
LENGTH_RANK = -1
_RANKS = {**CREDENTIALS, b"content-length": LENGTH_RANK}

# All that a provider may tell the client by header; neither its cookies nor what is about its connection to us.
FORWARDED = frozenset({b"retry-after", b"retry-after-ms", b"x-should-retry"})
LIMITS = b"x-ratelimit-"
JSON = (b"content-type", b"application/json")
EVENTS = b"text/event-stream"
SSE = [
    (b"content-type", EVENTS + b"; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]


class ModelExchange:
    """What the doors share. A door adds the body, hang-ups, and the three ways to write: `_whole`, `_start`, `_write`.

    `limit` is the largest body in bytes.
    """

    __slots__ = (
        *("_events", "_length", "_limit", "_secret", "_sent"),
        *("address", "begun", "named_model", "request_id"),
    )

    def __init__(self, headers: WireHeaders, request_id: str, address: str | None, limit: int) -> None:
        self._limit = limit
        self._sent = headers
        self._secret, self._length = _credential_and_length(headers)
        self.request_id = request_id
        self.address = address
        self.begun = False
        self.named_model: str | None = None
        self._events = True

    @property
    def secret(self) -> str:
        """The caller's key. Raises Unauthenticated when there is none; a cookie never counts here."""
        if not self._secret:
            raise Unauthenticated("No API key passed in.", hint="Send it as `Authorization: Bearer sk-...`.")
        return self._secret

    async def body(self) -> bytes:
        """The whole body. Raises TooLarge and ClientGone."""
        raise NotImplementedError

    def until_hang_up(self) -> AbstractContextManager[object]:
        """Cancels the block when the client hangs up, and then raises ClientGone."""
        raise NotImplementedError

    def forwarded(self, names: Sequence[bytes]) -> WireHeaders:
        """The caller's headers of these names (lower case)."""
        return [(name, value) for name, value in self._sent if name in names]

    async def reply(self, status: int, upstream: WireHeaders, body: bytes, facts: Facts) -> None:
        """A complete answer; of the provider's headers it gets those that clients may see."""
        headers = self._headers(upstream, facts)
        headers.append((b"content-length", b"%d" % len(body)))
        headers.append(_content_type(upstream))
        await self._whole(status, headers, body)

    async def begin(self, status: int, upstream: WireHeaders, facts: Facts) -> None:
        """The head of a stream, of events or of a file; `send` and `end` follow."""
        kind = _content_type(upstream)
        self._events = kind[1].startswith(EVENTS)
        await self._start(status, self._headers(upstream, facts) + (SSE if self._events else [kind]))

    async def send(self, data: bytes) -> None:
        """Bytes of the stream; waits while the client is slow."""
        await self._write(data, more=True)

    async def end(self) -> None:
        """The stream is complete."""
        await self._write(b"", more=False)

    async def json(self, body: Any) -> None:
        """An answer of our own."""
        raw = msgspec.json.encode(body)
        await self._whole(200, [JSON, (b"content-length", b"%d" % len(raw)), *self._ids()], raw)

    async def refuse(self, error: GatewrightError, extra: WireHeaders | None = None) -> None:
        """The error in OpenAI's shape; after the answer has begun as an event of the stream, which ends with it.

        A file that has begun just stays incomplete: the server then closes the connection, and the client notices.
        """
        if self.begun and not self._events:
            return
        raw = msgspec.json.encode(openai_error(error))
        if self.begun:
            # The stream may have broken off inside an event.
            await self._write(b"\n\ndata: " + raw + b"\n\n", more=False)
            return
        headers = [JSON, (b"content-length", b"%d" % len(raw)), *self._ids(), *(extra or ())]
        if isinstance(error, TooManyRequests):
            headers.append((b"retry-after", b"%d" % error.retry_after))
        if isinstance(error, Unauthenticated):
            headers.append((b"www-authenticate", b'Bearer realm="gatewright"'))
        await self._whole(error.status, headers, raw)

    def _ids(self) -> WireHeaders:
        own = self.request_id.encode()
        return [(b"x-request-id", own), (b"x-litellm-call-id", own)]

    def _headers(self, upstream: WireHeaders, facts: Facts) -> WireHeaders:
        forwarded = [pair for pair in upstream if pair[0] in FORWARDED or pair[0].startswith(LIMITS)]
        one = facts.deployment
        headers = [*self._ids(), *_deployment_headers(one.id, one.name), *forwarded]
        if facts.cost is not None:
            headers.append((b"x-litellm-response-cost", dollars(facts.cost).encode()))
        if facts.dropped:
            headers.append((b"x-gatewright-dropped-params", _visible(",".join(facts.dropped))))
        return headers

    def _too_large(self) -> TooLarge:
        return TooLarge(f"The request body is larger than {self._limit} bytes.")

    async def _whole(self, status: int, headers: WireHeaders, body: bytes) -> None:
        """A complete answer, whose length is among the headers. Raises ClientGone."""
        raise NotImplementedError

    async def _start(self, status: int, headers: WireHeaders) -> None:
        """The head of an answer of unknown length. Raises ClientGone."""
        raise NotImplementedError

    async def _write(self, data: bytes, *, more: bool) -> None:
        """More of it; without `more` the last of it. Raises ClientGone."""
        raise NotImplementedError


def _content_type(headers: WireHeaders) -> tuple[bytes, bytes]:
    return next((pair for pair in headers if pair[0] == b"content-type"), JSON)


@lru_cache(maxsize=4096)
def _deployment_headers(deployment_id: str, name: str) -> WireHeaders:
    return [(b"x-litellm-model-id", _visible(deployment_id)), (b"x-litellm-model-group", _visible(name))]


def _visible(text: str) -> bytes:
    """Names are whatever people wrote; a header holds visible ASCII."""
    return quote(text, safe="/:@!$&'()*+,;=?#[]^`{|}~. ").encode()


def _credential_and_length(headers: Iterable[tuple[bytes, bytes]]) -> tuple[str, int]:
    """The credential that counts, empty without one, and the announced length of the body, 0 without one."""
    best, found, length = len(CREDENTIALS), b"", 0
    for name, value in headers:
        rank = _RANKS.get(name)
        if rank is None:
            continue
        if rank == LENGTH_RANK:
            length = int(value) if value.isdigit() and len(value) < 20 else 0
        elif rank < best and value:
            best, found = rank, value
    return key_in(found.decode("latin-1")), length
