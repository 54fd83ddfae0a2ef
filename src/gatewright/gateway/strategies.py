"""Which of several deployments is asked: LiteLLM's routing strategies as pure functions (contract litellm 4.5)."""

from collections.abc import Callable, Sequence

from gatewright.gateway.group import Member

Draw = Callable[[], float]
"""A random number from 0 to below 1."""

Measure = Callable[[Member, bool], float]
"""What to keep low; the flag says that the request is for a stream."""

UNKNOWN_PRICE = float("inf")


def choose(members: Sequence[Member], strategy: str, draw: Draw, *, stream: bool = False) -> Member:
    """One of `members`, of which there is at least one. `strategy` is one of `settings.router.STRATEGIES`."""
    if len(members) == 1:
        return members[0]
    measure = MEASURES.get(strategy)
    if measure is None:
        return _weighted(members, draw)
    measured = [measure(member, stream) for member in members]
    least = min(measured)
    best = [member for member, value in zip(members, measured, strict=True) if value == least]
    return best[int(draw() * len(best))]


def _weighted(members: Sequence[Member], draw: Draw) -> Member:
    """By weight, or where none has one by rpm, or by tpm, else each as often as another."""
    for weigh in WEIGHTS:
        weights = [weigh(member) for member in members]
        if max(weights) <= 0:
            continue
        left = draw() * sum(weights)
        for member, weight in zip(members, weights, strict=True):
            left -= weight
            if left < 0:
                return member
        return next(m for m, weight in zip(reversed(members), reversed(weights), strict=True) if weight > 0)
    return members[int(draw() * len(members))]


def _latency(member: Member, stream: bool) -> float:
    """Seconds to a stream's first byte, or for a token of a whole answer. Who was never asked comes first."""
    health = member.health
    return (health.first_byte_s if stream else health.per_token_s) or 0.0


def _cost(member: Member, _: bool) -> float:
    price = member.deployment.price
    return UNKNOWN_PRICE if price is None else float(price.input + price.output)


def _busy(member: Member, _: bool) -> float:
    return member.health.in_flight


MEASURES: dict[str, Measure] = {
    "least-busy": _busy,
    "latency-based-routing": _latency,
    "cost-based-routing": _cost,
}
WEIGHTS: tuple[Callable[[Member], float], ...] = (
    lambda member: member.deployment.terms.weight or 0,
    lambda member: member.deployment.terms.rpm or 0,
    lambda member: member.deployment.terms.tpm or 0,
)
