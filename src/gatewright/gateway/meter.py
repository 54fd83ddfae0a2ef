"""Meters one request: what is known of it so far, settled in the ledger exactly once."""

import asyncio
from collections.abc import Callable, Sequence

import msgspec

from gatewright.domain.clock import Millis
from gatewright.domain.errors import BadInput, GatewrightError
from gatewright.domain.keys import Principal
from gatewright.domain.money import Nanos, Usage, cost
from gatewright.gateway.deployment import Deployment
from gatewright.gateway.exchange import ClientGone, Exchange, Facts
from gatewright.gateway.failures import NobodyFree
from gatewright.gateway.limits.limiter import Admission
from gatewright.spend.ledger import Ledger
from gatewright.storage.spend_log import SpendRow
from gatewright.upstreams.call import Asked

MOST_TOKENS = 10**9
"""From here on a provider's count is nonsense and counts as unknown: it must not overflow a sum."""

CLIENT_CLOSED_REQUEST = 499
"""nginx's status for a request whose client left before an answer began; nobody is ever sent it."""


UNANSWERED = ("upstream_error", "refused", "gateway_error")


class Watch:
    """Where a request's time goes, in seconds of a steady clock. `upstream_s` is what providers and waiting took.

    `started_at` is when that was, by the wall clock.
    """

    __slots__ = ("_began", "_ticks", "started_at", "upstream_s")

    def __init__(self, ticks: Callable[[], float], started_at: Millis) -> None:
        self._ticks = ticks
        self._began = ticks()
        self.started_at = started_at
        self.upstream_s = 0.0

    def total_s(self) -> float:
        """Since the request was there."""
        return self._ticks() - self._began

    def total_ms(self) -> Millis:
        """The same in whole milliseconds."""
        return int((self._ticks() - self._began) * 1000)


class Meter:
    """Made when a request has a plan.

    `deployment` is the one that was asked last, `cost` what is known of the cost (nano-dollars; None while usage or
    price are unknown), `settled` whether the request is recorded. `retries` and `fallbacks` count attempts after the
    first, `most_retries` says how many there may have been; `session_id` is what the client calls its session.
    `admission` is what the request took of its caller's limits, None when there are none. `cache_key` is set when the
    answer comes from the cache.
    """

    __slots__ = (
        "_asked",
        "_caller",
        "_error_code",
        "_exchange",
        "_first_byte_ms",
        "_ledger",
        "_outcome",
        "_status",
        "_usage",
        "_wasted",
        "admission",
        "cache_key",
        "cost",
        "deployment",
        "fallbacks",
        "most_retries",
        "retries",
        "session_id",
        "settled",
        "watch",
    )

    def __init__(self, ledger: Ledger, exchange: Exchange, caller: Principal, asked: Asked, watch: Watch) -> None:
        self._ledger = ledger
        self._exchange = exchange
        self._caller = caller
        self._asked = asked
        self._first_byte_ms: Millis | None = None
        self._status = 200
        self._outcome = "ok"
        self._error_code: str | None = None
        self._usage: Usage | None = None
        self.settled = False
        self._wasted: Nanos = 0
        self.cost: Nanos | None = None
        self.deployment: Deployment | None = None
        self.retries = self.fallbacks = 0
        self.most_retries: int | None = None
        self.watch = watch
        self.cache_key: str | None = None
        self.session_id: str | None = None
        self.admission: Admission | None = None

    @property
    def usage(self) -> Usage | None:
        """What is known of it so far."""
        return self._usage

    @property
    def went_well(self) -> bool:
        """Whether nothing went wrong so far."""
        return self._outcome == "ok"

    def hit(self, cache_key: str) -> None:
        """The answer comes from the cache: nobody is asked, and it costs nothing."""
        self.cache_key, self._usage, self.cost = cache_key, Usage(), 0
        self.first_byte()

    def facts(self, dropped: Sequence[str] = ()) -> Facts:
        """What the head of the answer says of how it came about."""
        total = self.watch.total_s()
        return Facts(
            deployment=self.deployment,
            cost=self.cost,
            retries=self.retries,
            most_retries=self.most_retries,
            fallbacks=self.fallbacks,
            dropped=dropped,
            total_ms=total * 1000,
            overhead_ms=max(0.0, total - self.watch.upstream_s) * 1000,
            open_book=self._caller.sees_everything,
            limits=() if self.admission is None else self.admission.standings,
            cache_key=self.cache_key,
        )

    def first_byte(self) -> None:
        """The answer begins now; later calls change nothing."""
        if self._first_byte_ms is None:
            self._first_byte_ms = self.watch.total_ms()

    def refused(self, status: int) -> None:
        """The provider answered with an error status, which the client gets as it is."""
        self._status, self._outcome, self._error_code = status, "upstream_error", f"upstream_{status}"

    def used(self, usage: Usage | None) -> None:
        """What the provider says was used; None when it does not say."""
        if usage is not None and max(msgspec.structs.astuple(usage)) < MOST_TOKENS:
            self._usage = usage
            known = None if self.deployment is None else cost(usage, self.deployment.price)
            self.cost = None if known is None else known + self._wasted

    def wasted(self, spent: Nanos | None) -> None:
        """An answer cost that much, if that is known, and is not the one that the client gets."""
        self._wasted += spent or 0

    def failed(self, error: BaseException) -> None:
        """The request ends with this error instead of a whole answer."""
        begun = self._exchange.begun
        if isinstance(error, ClientGone):
            self._outcome, self._status = "client_gone", 200 if begun else CLIENT_CLOSED_REQUEST
            return
        self._outcome = "cut" if begun else "upstream_error"
        if isinstance(error, BadInput | NobodyFree) and not begun:
            self._outcome = "refused"
        if isinstance(error, GatewrightError):
            self._error_code, status = error.error_code, error.status
        elif isinstance(error, asyncio.CancelledError):
            self._error_code, status = "shutting_down", 503
        else:
            self._error_code, status = "internal_error", 500
            self._outcome = "cut" if begun else "gateway_error"
        self._status = 200 if begun else status

    def settle(self) -> None:
        """Records the request, and frees what it holds, the first time it is called; call it before the answer ends."""
        if self.settled:
            return
        self.settled = True
        if self._exchange.begun:
            self._exchange.flush()  # a slow disk holds back the end of a stream and no more
        if self.admission is not None:
            self.admission.settle(self._spent())
        usage = self._usage or Usage()
        caller, one, watch = self._caller, self.deployment, self.watch
        # All fields, by their place: naming them takes ten times as long, more than writing the record.
        self._ledger.settle(
            SpendRow(
                self._exchange.request_id,
                watch.started_at,
                watch.total_ms(),
                caller.credential_id or None,
                caller.user_pk,
                caller.user_id,
                self._asked.model,
                self._status,
                self._outcome,
                self._asked.stream,
                self._first_byte_ms,
                None if one is None else one.upstream_model,
                None if one is None else one.id,
                None if one is None else one.provider,
                self._error_code,
                usage.prompt,
                usage.completion,
                usage.cached,
                usage.reasoning,
                self._usage is not None and self._usage.in_tokens,
                self.cost,
                self._exchange.address,
                usage.cache_write,
                usage.cache_write_1h,
                usage.audio_prompt,
                usage.audio_completion,
                self.retries,
                self.fallbacks,
                self.cache_key is not None,
                caller.team_id,
                self.session_id,
            ),
            self._exchange.outbox,
        )

    def _spent(self) -> int | None:
        """Tokens that count against limits. Without an answer there are none; of one that broke off nobody knows."""
        if self._usage is not None and self._usage.in_tokens:
            return max(0, self._usage.prompt + self._usage.completion)
        return 0 if self._outcome in UNANSWERED else None
