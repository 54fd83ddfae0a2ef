"""One model request over ASGI: reads it, and writes its answer with our headers and nothing rebuilt."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import msgspec

from gatewright.domain.errors import GatewrightError, TooLarge, TooManyRequests, Unauthenticated
from gatewright.domain.money import dollars
from gatewright.gateway.exchange import ClientGone, Facts, WireHeaders
from gatewright.web.credential import key_in
from gatewright.web.errors import openai_error
from gatewright.web.model_api.hang_up import Message, Receive, UntilHangUp

Scope = Message
Send = Callable[[Message], Awaitable[None]]

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


class AsgiExchange:
    """Made for each request by the model API."""

    __slots__ = (
        "_events",
        "_length",
        "_limit",
        "_receive",
        "_secret",
        "_send",
        "_sent",
        "address",
        "begun",
        "named_model",
        "request_id",
    )

    def __init__(
        self, scope: Scope, receive: Receive, send: Send, request_id: str, address: str | None, limit: int
    ) -> None:
        self._receive = receive
        self._send = send
        self._limit = limit
        self._sent: WireHeaders = scope["headers"]
        self._secret, self._length = _credential_and_length(scope["headers"])
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
        """The whole body. Raises TooLarge, before reading it where its length is announced, and ClientGone."""
        if self._length > self._limit:
            raise self._too_large()
        message = await self._receive()
        whole: bytes = message.get("body", b"")
        if message.get("more_body"):
            whole = await self._rest(whole)
        elif message["type"] == "http.disconnect":
            raise ClientGone
        if len(whole) > self._limit:
            raise self._too_large()
        return whole

    def until_hang_up(self) -> UntilHangUp:
        """Cancels the block when the client hangs up."""
        return UntilHangUp(self._receive)

    def forwarded(self, names: Sequence[bytes]) -> WireHeaders:
        """The caller's headers of these names (lower case)."""
        return [(name, value) for name, value in self._sent if name in names]

    async def reply(self, status: int, upstream: WireHeaders, body: bytes, facts: Facts) -> None:
        """A complete answer; of the provider's headers it gets those that clients may see."""
        headers = self._headers(upstream, facts)
        headers.append((b"content-length", b"%d" % len(body)))
        headers.append(_content_type(upstream))
        self.begun = True
        try:
            await self._send({"type": "http.response.start", "status": status, "headers": headers})
            await self._send({"type": "http.response.body", "body": body, "more_body": False})
        except OSError as error:
            raise ClientGone from error

    async def begin(self, status: int, upstream: WireHeaders, facts: Facts) -> None:
        """The head of a stream, of events or of a file; `send` and `end` follow."""
        kind = _content_type(upstream)
        self._events = kind[1].startswith(EVENTS)
        await self._start(status, self._headers(upstream, facts) + (SSE if self._events else [kind]))

    async def send(self, data: bytes) -> None:
        """Bytes of the stream; waits while the client is slow."""
        try:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
        except OSError as error:
            raise ClientGone from error

    async def end(self) -> None:
        """The stream is complete."""
        await self._write(b"", more=False)

    async def json(self, body: Any) -> None:
        """An answer of our own."""
        raw = msgspec.json.encode(body)
        await self._start(200, [JSON, (b"content-length", b"%d" % len(raw)), *self._ids()])
        await self._write(raw, more=False)

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
        await self._start(error.status, headers)
        await self._write(raw, more=False)

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

    async def _rest(self, first: bytes) -> bytes:
        parts, size, more = [first], len(first), True
        while more and size <= self._limit:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            more = message.get("more_body", False)
        return b"".join(parts)

    def _too_large(self) -> TooLarge:
        return TooLarge(f"The request body is larger than {self._limit} bytes.")

    async def _start(self, status: int, headers: WireHeaders) -> None:
        self.begun = True
        try:
            await self._send({"type": "http.response.start", "status": status, "headers": headers})
        except OSError as error:
            raise ClientGone from error

    async def _write(self, data: bytes, *, more: bool) -> None:
        try:
            await self._send({"type": "http.response.body", "body": data, "more_body": more})
        except OSError as error:
            raise ClientGone from error


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
