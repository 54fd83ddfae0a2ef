"""Lets requests through as far as the limits of their callers go, and says which limit stopped one."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from gatewright.domain.clock import Clock, Millis
from gatewright.domain.errors import TooManyRequests
from gatewright.domain.keys import Principal
from gatewright.domain.limits import Holder
from gatewright.gateway.limits.claims import (
    KEY,
    PARALLEL,
    REQUESTS,
    TOKENS,
    Claim,
    Counters,
    Kind,
    Refused,
    Standing,
    Taken,
    claims_of,
    model_of,
)
from gatewright.gateway.limits.estimate import estimate
from gatewright.gateway.limits.memory import MemoryCounters
from gatewright.gateway.limits.valkey import KEEP_EVERY_S, ValkeyCounters
from gatewright.outbound.valkey import ValkeyDown
from gatewright.upstreams.dispatch import Body
from gatewright.upstreams.endpoints import Endpoint

MOST_KNOWN = 10_000
"""Callers and models, about 10 MB."""

WHOSE = {
    "api_key": "this API key",
    "user": "the owner of this API key",
    "team": "the team of this API key",
    "model": "this model",
    "global": "this gateway",
}
WHAT: dict[Kind, str] = {REQUESTS: "requests a minute", TOKENS: "tokens a minute", PARALLEL: "requests at once"}


class LimitReached(TooManyRequests):
    """`limit_kind` is LiteLLM's name of it; `resets_at` is when a request may be let through again."""

    def __init__(self, claim: Claim, wait: Millis, now: Millis) -> None:
        seconds = max(1, -(-wait // 1000))
        super().__init__(
            f"The limit of {WHOSE[claim.scope]} is reached: {claim.limit} {WHAT[claim.kind]}. "
            f"Try again in {seconds} second{'s' if seconds > 1 else ''}.",
            retry_after=seconds,
        )
        self.limit_kind = claim.kind
        self.resets_at = now + wait


class Admission:
    """What one request took. `settle` it once or more often: only the first time counts."""

    __slots__ = ("_claims", "_counters", "_done", "_settled", "_slot", "_taken")

    def __init__(self, counters: Counters, claims: Sequence[Claim], slot: str, taken: Taken) -> None:
        self._counters = counters
        self._claims = claims
        self._slot = slot
        self._taken = taken
        self._settled = False
        self._done: asyncio.Task[None] | None = None

    @property
    def standings(self) -> list[Standing]:
        """What remains of each limit; of two of one kind and scope, of the one with less left. Behind them the key's
        own limits on the model.
        """
        found: dict[tuple[str, Kind], Standing] = {}
        own = []
        for claim, left in zip(self._claims, self._taken.left, strict=True):
            known = found.get((claim.scope, claim.kind))
            if known is None or left < known.left:
                found[claim.scope, claim.kind] = Standing(claim.scope, claim.kind, claim.limit, left)
            if claim.scope == "model" and (model := model_of(claim)) is not None:
                own.append(Standing(KEY, claim.kind, claim.limit, left, model))
        return [*found.values(), *own]

    def settle(self, tokens: int | None) -> None:
        """Frees the slots and counts the tokens that were used, None when that is not known. Does not wait."""
        if not self._settled:
            self._settled = True
            self._done = self._counters.settle(self._claims, self._slot, self._taken, tokens)

    async def settled(self) -> None:
        """Waits until all workers know what was settled: the client may come back at once, to another one."""
        if self._done is not None:
            await asyncio.shield(self._done)


class Limiter:
    """One for a worker. With `shared` counters it counts there; while they are down, in its own memory.

    `overall` is how many requests may run at once altogether, None for no limit.
    """

    def __init__(
        self, memory: MemoryCounters, clock: Clock, *, shared: ValkeyCounters | None = None, overall: int | None = None
    ) -> None:
        self._memory = memory
        self._clock = clock
        self._shared = shared
        self._overall = overall
        self._known: dict[tuple[int, str, str], tuple[tuple[Holder, ...], Sequence[Claim], bool]] = {}

    def concerns(self, caller: Principal) -> bool:
        """Whether there is any limit to look at."""
        return self._overall is not None or bool(caller.holders)

    async def admit(
        self, caller: Principal, asked: Body, whole: bytes, endpoint: Endpoint, slot: str, meant: str
    ) -> Admission:
        """Takes what the request needs; `whole` is its body, `slot` names it, once, and `meant` is what the model that
        it asks for stands for.

        Raises LimitReached, and nothing was taken then.
        """
        claims, of_tokens = self._claims(caller, asked.model, meant)
        tokens = estimate(asked, whole, endpoint) if of_tokens else 0
        counters, found = await self._take(claims, tokens, slot)
        if isinstance(found, Refused):
            raise LimitReached(claims[found.which], found.wait, self._clock())
        return Admission(counters, claims, slot, found)

    async def run(self) -> None:
        """Prolongs the slots of requests that are still running, until it is cancelled."""
        while self._shared is not None:
            await asyncio.sleep(KEEP_EVERY_S)
            await self._shared.keep()

    async def stop(self) -> None:
        """Waits for what is being settled."""
        if self._shared is not None:
            await self._shared.stop()

    def _claims(self, caller: Principal, model: str, meant: str) -> tuple[Sequence[Claim], bool]:
        """What a request falls under, and whether tokens are among it.

        Made once for what the key ring remembers of a caller, and each model that it asks for.
        """
        name = (id(caller.holders), model, meant)
        known = self._known.get(name)
        if known is None or known[0] is not caller.holders:
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            claims = claims_of(caller, (model, meant), self._overall)
            # Kept together with its holders, so that nothing else can get their id.
            known = caller.holders, claims, any(claim.kind == TOKENS for claim in claims)
            self._known[name] = known
        return known[1], known[2]

    async def _take(self, claims: Sequence[Claim], tokens: int, slot: str) -> tuple[Counters, Taken | Refused]:
        if self._shared is not None and claims:
            # The connection says in the log that it is down. A gateway that refused everybody then would be worse.
            with suppress(ValkeyDown):
                return self._shared, await self._shared.take(claims, tokens, slot)
        return self._memory, await self._memory.take(claims, tokens, slot)
