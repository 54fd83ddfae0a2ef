"""One model request: its headers read, its answer given our headers and nothing rebuilt, whichever door it came by."""

import re
from collections.abc import Coroutine, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote

import msgspec

from gatewright import __version__
from gatewright.domain.errors import GatewrightError, TooLarge, TooManyRequests, Unauthenticated
from gatewright.domain.money import dollars
from gatewright.gateway.counting import ESTIMATE
from gatewright.gateway.exchange import Facts, WireHeaders
from gatewright.gateway.limits.claims import KEY, PARALLEL, REQUESTS, TOKENS
from gatewright.gateway.wishes import HEADERS as WISHES
from gatewright.translation.dialect import Dialect
from gatewright.upstreams.outbox import Outbox
from gatewright.web.credential import key_in
from gatewright.web.model_api.refusals import REFUSALS

# The order of contract litellm 3.1: the lowest rank that is present counts.
CREDENTIALS = {
    b"x-litellm-api-key": 0,
    b"authorization": 1,
    b"api-key": 2,
    b"x-api-key": 3,
    b"x-goog-api-key": 4,
    b"ocp-apim-subscription-key": 5,
}
LENGTH_RANK, WISH_RANK, EXPECT_RANK = -1, -2, -3
_RANKS = {
    **CREDENTIALS,
    b"content-length": LENGTH_RANK,
    b"expect": EXPECT_RANK,
    **dict.fromkeys(WISHES, WISH_RANK),
}

# All that a provider may tell the client by header; neither its cookies nor what is about its connection to us.
FORWARDED = frozenset({b"retry-after", b"retry-after-ms", b"x-should-retry"})
LIMITS = b"x-ratelimit-"
OURS = frozenset({ESTIMATE[0]})
"""What answers of our own say of themselves."""

# What LiteLLM's clients look for under `llm_provider-`, of the headers that say nothing of our account there.
REPEATED = frozenset(
    {
        *(b"x-request-id", b"request-id", b"x-amzn-requestid", b"apim-request-id", b"x-ms-region"),
        *(b"openai-processing-ms", b"openai-version", b"x-groq-region"),
    }
)
REPEATED_LIMITS = b"anthropic-ratelimit-"
MOST_KNOWN, LONGEST_KNOWN = 1024, 100
"""Names of providers' headers that are remembered, and their characters."""

JSON = b"application/json"
CHAT, MESSAGES = Dialect.CHAT, Dialect.MESSAGES
EVENTS = b"text/event-stream"
SSE = b"content-type: %b; charset=utf-8\r\ncache-control: no-cache\r\nx-accel-buffering: no\r\n" % EVENTS


class ModelExchange:
    """What the doors share. A door adds the body, hang-ups, and the three ways to write: `_whole`, `_start`, `_write`.

    The head of an answer is made as the lines that it consists of: most of them are the same for a whole deployment.
    `limit` is the largest body in bytes. `dialect` is the one that the client reads errors in. `outbox` is where its
    answer waits for the end of the turn; None where a door writes each piece by itself.
    """

    __slots__ = (
        *("_asks_to_send", "_events", "_last", "_length", "_limit", "_secret", "_sent"),
        *("address", "begun", "dialect", "facts", "named_model", "outbox", "request_id", "wishes"),
    )

    def __init__(self, headers: WireHeaders, request_id: str, address: str | None, limit: int) -> None:
        self._limit = limit
        self._sent = headers
        self.wishes: WireHeaders = []
        self._asks_to_send = False
        self._secret, self._length = self._credential_and_length(headers)
        self.facts: Facts | None = None
        self.request_id = request_id
        self.address = address
        self.begun = False
        self.outbox: Outbox | None = None
        self.named_model: str | None = None
        self.dialect: Dialect = CHAT
        self._events = True
        self._last = b""  # of a stream, what was sent last

    @property
    def secret(self) -> str:
        """The caller's key. Raises Unauthenticated when there is none; a cookie never counts here."""
        if not self._secret:
            raise Unauthenticated("No API key passed in.", hint="Send it as `Authorization: Bearer sk-...`.")
        return self._secret

    async def body(self) -> bytes:
        """The whole body. Raises TooLarge and ClientGone."""
        raise NotImplementedError

    def flush(self) -> None:
        """Sends at once what waits; nothing does where a door writes each piece by itself."""

    def over(self) -> None:
        """It was served, or nobody is there to serve it."""

    def until_hang_up(self) -> AbstractContextManager[object]:
        """Cancels the block when the client hangs up, and then raises ClientGone."""
        raise NotImplementedError

    def forwarded(self, names: Sequence[bytes]) -> WireHeaders:
        """The caller's headers of these names (lower case)."""
        return [(name, value) for name, value in self._sent if name in names]

    def reply(self, status: int, upstream: WireHeaders, body: bytes, facts: Facts) -> Coroutine[Any, Any, None]:
        """A complete answer; of the provider's headers it gets those that clients may see."""
        kind, passed = _kind_and_passed(upstream)
        size = b"content-length: %d\r\ncontent-type: " % len(body)
        return self._whole(status, b"".join((self._ids(), _fact_lines(facts), passed, size, kind, b"\r\n")), body)

    async def begin(self, status: int, upstream: WireHeaders, facts: Facts) -> None:
        """The head of a stream, of events or of a file; `send` and `end` follow."""
        kind, passed = _kind_and_passed(upstream)
        self._events = kind.startswith(EVENTS)
        last = SSE if self._events else b"content-type: %b\r\n" % kind
        await self._start(status, b"".join((self._ids(), _fact_lines(facts), passed, last)))

    async def send(self, data: bytes) -> None:
        """Bytes of the stream; waits while the client is slow."""
        self._last = data
        await self._write(data, more=True)

    async def end(self) -> None:
        """The stream is complete."""
        await self._write(b"", more=False)

    async def json(self, body: Any) -> None:
        """An answer of our own."""
        raw = msgspec.json.encode(body)
        await self._whole(200, _own_kind(raw) + self._ids(), raw)

    async def refuse(self, error: GatewrightError, extra: WireHeaders | None = None) -> None:
        """The error in the client's dialect; after the answer has begun as an event of the stream, which ends with it.

        A file that has begun just stays incomplete: the server then closes the connection, and the client notices.
        """
        if self.begun and not self._events:
            return
        words = REFUSALS[self.dialect]
        if self.begun:
            await self._write(words.event(error, self.request_id, self._last), more=False)
            return
        raw = msgspec.json.encode(words.whole(error, self.request_id))
        head = _own_kind(raw) + self._ids() + (b"" if self.facts is None else _fact_lines(self.facts))
        headers = list(extra or ())
        if isinstance(error, TooManyRequests):
            headers += _wait_headers(error)
        if isinstance(error, Unauthenticated):
            headers.append((b"www-authenticate", b'Bearer realm="gatewright"'))
        await self._whole(error.status, head + _lines(headers), raw)

    def _ids(self) -> bytes:
        own = self.request_id
        third = f"request-id: {own}\r\n" if self.dialect is MESSAGES else ""
        return f"x-request-id: {own}\r\nx-litellm-call-id: {own}\r\n{third}".encode()

    def _credential_and_length(self, headers: WireHeaders) -> tuple[str, int]:
        """The credential that counts, empty without one, and the announced length of the body, 0 without one.

        On the way it finds the headers about routing, and whether the client waits until it may send the body.
        """
        best, found, length = len(CREDENTIALS), b"", 0
        for name, value in headers:
            if name not in _RANKS:
                continue
            rank = _RANKS[name]
            if rank >= 0:
                if rank < best and value:
                    best, found = rank, value
            elif rank == LENGTH_RANK:
                length = int(value) if value.isdigit() and len(value) < 20 else 0
            elif rank == WISH_RANK:
                self.wishes.append((name, value))
            else:
                self._asks_to_send = True
        return key_in(found.decode("latin-1")), length

    def _too_large(self) -> TooLarge:
        return TooLarge(f"The request body is larger than {self._limit} bytes.")

    async def _whole(self, status: int, head: bytes, body: bytes) -> None:
        """A complete answer, whose length is in its head. Raises ClientGone."""
        raise NotImplementedError

    async def _start(self, status: int, head: bytes) -> None:
        """The head of an answer of unknown length. Raises ClientGone."""
        raise NotImplementedError

    async def _write(self, data: bytes, *, more: bool) -> None:
        """More of it; without `more` the last of it. Raises ClientGone."""
        raise NotImplementedError


def _own_kind(body: bytes) -> bytes:
    return b"content-type: %b\r\ncontent-length: %d\r\n" % (JSON, len(body))


def _lines(headers: WireHeaders) -> bytes:
    return b"".join([b"%b: %b\r\n" % pair for pair in headers])


_PASSED: dict[bytes, tuple[bytes, ...]] = {b"content-type": (), **{name: (name,) for name in OURS}}


def _kind_and_passed(upstream: WireHeaders) -> tuple[bytes, bytes]:
    """Of a provider's headers the kind of its answer, and the lines of those that reach the client."""
    kind, lines = b"", b""
    for name, value in upstream:
        passed = _PASSED.get(name)
        if passed is None:
            passed = _passed_on(name)
        elif name == b"content-type":
            kind = kind or value
        for known in passed:
            lines += b"%b: %b\r\n" % (known, value)
    return kind or JSON, lines


def _passed_on(name: bytes) -> tuple[bytes, ...]:
    """The names under which a provider's header reaches the client: its own, and LiteLLM's for it."""
    plain = name in FORWARDED or name.startswith(LIMITS)
    repeated = plain or name in REPEATED or name.startswith(REPEATED_LIMITS)
    passed = (*((name,) if plain else ()), *((b"llm_provider-" + name,) if repeated else ()))
    if len(_PASSED) < MOST_KNOWN and len(name) < LONGEST_KNOWN:
        _PASSED[name] = passed
    return passed


def _fact_lines(facts: Facts) -> bytes:
    """Contract litellm 4.3."""
    one = facts.deployment
    times = (
        f"x-litellm-response-duration-ms: {facts.total_ms:.2f}\r\n"
        f"x-litellm-overhead-duration-ms: {facts.overhead_ms:.2f}\r\n"
    )
    if facts.cost is not None:
        times += f"x-litellm-response-cost: {dollars(facts.cost)}\r\n"
    attempts = _attempt_lines(facts.retries, facts.fallbacks) if facts.retries or facts.fallbacks else ONE_ATTEMPT
    lines = (b"" if one is None else _deployment_lines(one.id, one.name)) + attempts + times.encode()
    if one is not None and facts.open_book:
        lines += _open_lines(one.provider, one.upstream_model, one.api_base)
    if facts.most_retries is not None or facts.dropped or facts.cache_key is not None or facts.limits:
        lines += _lines(_rare_headers(facts))
    return lines


_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._~!#$%&'*+^`|-]")
"""What no header's name may hold (RFC 9110, 5.6.2)."""

KEY_LIMITS: dict[str, bytes] = {REQUESTS: b"x-litellm-key-rpm-limit", TOKENS: b"x-litellm-key-tpm-limit"}


def _rare_headers(facts: Facts) -> WireHeaders:
    headers = []
    if facts.most_retries is not None:
        headers.append((b"x-litellm-max-retries", b"%d" % facts.most_retries))
    if facts.dropped:
        headers.append((b"x-gatewright-dropped-params", _visible(",".join(facts.dropped))))
    if facts.cache_key is not None:
        headers.append((b"x-litellm-cache-key", facts.cache_key.encode()))
    for scope, kind, limit, left, model in facts.limits:
        if model is not None:
            name = _NOT_IN_NAMES.sub("-", model)
            headers.append((f"x-litellm-key-remaining-{kind}-{name}".encode(), b"%d" % left))
        elif kind != PARALLEL:
            if scope == KEY:
                headers.append((KEY_LIMITS[kind], b"%d" % limit))
            headers.append((f"x-ratelimit-{scope}-limit-{kind}".encode(), b"%d" % limit))
            headers.append((f"x-ratelimit-{scope}-remaining-{kind}".encode(), b"%d" % left))
    return headers


def _wait_headers(error: TooManyRequests) -> WireHeaders:
    """How long to wait and, when it is a limit of ours, which one it was, in LiteLLM's words."""
    headers = [(b"retry-after", b"%d" % error.retry_after)]
    if error.limit_kind is not None and error.resets_at is not None:
        at = datetime.fromtimestamp(error.resets_at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        headers += [(b"rate_limit_type", error.limit_kind.encode()), (b"reset_at", at.encode())]
    return headers


@lru_cache(maxsize=4096)
def _deployment_lines(deployment_id: str, name: str) -> bytes:
    return b"x-litellm-version: %b\r\nx-litellm-model-id: %b\r\nx-litellm-model-group: %b\r\n" % (
        __version__.encode(),
        _visible(deployment_id),
        _visible(name),
    )


@lru_cache(maxsize=4096)
def _open_lines(provider: str, model: str, api_base: str | None) -> bytes:
    """For those who may know which server stands behind a model."""
    found = [(b"x-litellm-model-name", _visible(f"{provider}/{model}"))]
    if api_base:
        found.append((b"x-litellm-model-api-base", _visible(api_base.partition("?")[0])))
    return _lines(found)


def _attempt_lines(retries: int, fallbacks: int) -> bytes:
    return b"x-litellm-attempted-retries: %d\r\nx-litellm-attempted-fallbacks: %d\r\n" % (retries, fallbacks)


ONE_ATTEMPT = _attempt_lines(0, 0)


def _visible(text: str) -> bytes:
    """Names are whatever people wrote; a header holds visible ASCII."""
    return quote(text, safe="/:@!$&'()*+,;=?#[]^`{|}~. ").encode()
