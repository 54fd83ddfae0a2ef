"""What one request asks of each limit that it falls under, and what came of it. Pure values."""

import asyncio
from collections.abc import Collection, Sequence
from typing import Literal, NamedTuple, Protocol

from gatewright.domain.clock import Millis
from gatewright.domain.keys import Principal
from gatewright.domain.model_names import spellings

Kind = Literal["requests", "tokens", "max_parallel_requests"]
"""LiteLLM's names of them, as its header `rate_limit_type` has them (contract litellm 4.3)."""

REQUESTS: Kind = "requests"
TOKENS: Kind = "tokens"
PARALLEL: Kind = "max_parallel_requests"

WINDOW_S = 60
"""A unit that was taken counts until so many whole seconds have passed after the one in which it was taken."""


class Claim(NamedTuple):
    """One limit that a request falls under. `scope` says whose it is: `api_key`, `user`, `team`, `model` or `global`.

    `counter` names what is counted, the same on every worker.
    """

    scope: str
    kind: Kind
    limit: int
    counter: str


class Taken(NamedTuple):
    """Everything was taken, `tokens` of each limit on tokens. `left` is what remains of each limit.

    `second` is when, on the clock of the counters.
    """

    second: int
    tokens: int
    left: Sequence[int]


class Refused(NamedTuple):
    """Nothing was taken. `which` is the index of the claim that is refused, `wait` until it may be let through."""

    which: int
    wait: Millis


class Standing(NamedTuple):
    """What remains of one limit, for the answer's headers. `model` is there for a key's limit on one model."""

    scope: str
    kind: Kind
    limit: int
    left: int
    model: str | None = None


KEY = "api_key"
"""The kind of holder that a key is."""


def model_of(claim: Claim) -> str | None:
    """The model that a claim is about, when it is a limit of the key."""
    if claim.scope != "model" or not claim.counter.startswith(f"{KEY}:"):
        return None
    return claim.counter.partition(f":{claim.kind}:")[2]


class Counters(Protocol):
    """Counts. Either everything that a request claims is taken or nothing; `slot` names the request, once.

    More tokens than a whole limit count as the whole limit: such a request is let through alone.
    """

    async def take(self, claims: Sequence[Claim], tokens: int, slot: str, /) -> Taken | Refused: ...

    def settle(
        self, claims: Sequence[Claim], slot: str, taken: Taken, used: int | None, /
    ) -> "asyncio.Task[None] | None":
        """Frees the slots, and counts the tokens that were really used in the place of those that were taken.

        None of `used`: it is not known, what was taken stays. Does not wait: the task, where there is one, ends when it
        is done, or when it cannot be.
        """
        ...


def claims_of(caller: Principal, models: Collection[str], overall: int | None) -> list[Claim]:
    """Every limit that a request falls under. `overall` is what may run at once altogether.

    `models` are the names of the one model: a limit on it holds however a request spells it.
    """
    claims: list[Claim] = []
    if overall is not None:
        claims.append(Claim("global", PARALLEL, overall, "global:parallel"))
    for holder in caller.holders:
        limits, scope = holder.limits, holder.kind
        whose = f"{scope}:{holder.ref}"
        asked: list[tuple[str, Kind, int | None, str]] = [
            (scope, REQUESTS, limits.rpm, f"{whose}:requests"),
            (scope, TOKENS, limits.tpm, f"{whose}:tokens"),
            (scope, PARALLEL, limits.parallel, f"{whose}:parallel"),
        ]
        for model, of_model in limits.models.items():
            if not set(spellings(model)).isdisjoint(models):
                asked.append(("model", REQUESTS, of_model.rpm, f"{whose}:requests:{model}"))
                asked.append(("model", TOKENS, of_model.tpm, f"{whose}:tokens:{model}"))
        claims += [Claim(of, kind, limit, counter) for of, kind, limit, counter in asked if limit is not None]
    return claims
