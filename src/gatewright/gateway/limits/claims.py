"""What one request asks of each limit that it falls under, and what came of it. Pure values."""

import asyncio
from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from gatewright.domain.clock import Millis
from gatewright.domain.keys import Principal

Kind = Literal["requests", "tokens", "max_parallel_requests"]
"""LiteLLM's names of them, as its header `rate_limit_type` has them (contract litellm 4.3)."""

REQUESTS: Kind = "requests"
TOKENS: Kind = "tokens"
PARALLEL: Kind = "max_parallel_requests"

WINDOW_S = 60
"""A unit that was taken counts until so many whole seconds have passed after the one in which it was taken."""


class Claim(NamedTuple):
    """One limit. `counter` names what is counted, the same on every worker; `scope` says whose limit it is:
    `api_key`, `user`, `team`, `model` or `global`. `amount` is what the request takes of it."""

    scope: str
    kind: Kind
    limit: int
    amount: int
    counter: str


class Taken(NamedTuple):
    """Everything was taken: `left` is what remains of each limit, `second` the second (since the epoch) of taking."""

    second: int
    left: Sequence[int]


class Refused(NamedTuple):
    """Nothing was taken. `which` is the index of the claim that is refused, `wait` until it may be let through."""

    which: int
    wait: Millis


class Counters(Protocol):
    """Counts. Either everything that a request claims is taken or nothing; `slot` names the request, once.

    A claim on more than the whole limit counts as the whole limit: such a request is let through alone.
    """

    async def take(self, claims: Sequence[Claim], slot: str, /) -> Taken | Refused: ...

    def settle(
        self, claims: Sequence[Claim], slot: str, second: int, tokens: int | None, /
    ) -> "asyncio.Task[None] | None":
        """Frees the slots, and counts the tokens that were really used in the place of those that were claimed.

        `second` is that of `Taken`; None tokens: what was used is not known, what was claimed stays. Does not wait: the
        task, where there is one, ends when it is done, or when it cannot be.
        """
        ...


def claims_of(caller: Principal, model: str, tokens: int, overall: int | None) -> list[Claim]:
    """Every limit that a request falls under. `overall` is what may run at once altogether."""
    claims: list[Claim] = []
    if overall is not None:
        claims.append(Claim("global", PARALLEL, overall, 1, "global:parallel"))
    for holder in caller.holders:
        limits, scope = holder.limits, holder.kind
        whose = f"{scope}:{holder.ref}"
        if limits.rpm is not None:
            claims.append(Claim(scope, REQUESTS, limits.rpm, 1, f"{whose}:requests"))
        if limits.tpm is not None:
            claims.append(Claim(scope, TOKENS, limits.tpm, tokens, f"{whose}:tokens"))
        if limits.parallel is not None:
            claims.append(Claim(scope, PARALLEL, limits.parallel, 1, f"{whose}:parallel"))
        if (of_model := limits.models.get(model)) is not None:
            if of_model.rpm is not None:
                claims.append(Claim("model", REQUESTS, of_model.rpm, 1, f"{whose}:requests:{model}"))
            if of_model.tpm is not None:
                claims.append(Claim("model", TOKENS, of_model.tpm, tokens, f"{whose}:tokens:{model}"))
    return claims
