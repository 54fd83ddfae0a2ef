"""Money: whole nano-dollars. The only arithmetic on prices.

A price is nano-dollars for one million tokens, so that a price of $0.0375 a million is exact; a cost is rounded once,
half up, to whole nano-dollars. An unknown price is None and makes the cost None, never zero.
"""

from decimal import ROUND_HALF_UP, Decimal

import msgspec

Nanos = int
"""Nano-dollars: 1 USD is 1_000_000_000."""

NANOS_PER_DOLLAR = 1_000_000_000
TOKENS_PER_PRICE = 1_000_000


class Usage(msgspec.Struct, frozen=True):
    """What one request used, in tokens. `cached` is the part of `prompt` that was read from the provider's cache."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    reasoning: int = 0


class Price(msgspec.Struct, frozen=True):
    """Nano-dollars for one million tokens. `cached_input` None means that cached tokens cost what input costs."""

    input: Nanos
    output: Nanos
    cached_input: Nanos | None = None


def cost(usage: Usage, price: Price | None) -> Nanos | None:
    """What `usage` costs at `price`, in nano-dollars, rounded once; None when the price is unknown."""
    if price is None:
        return None
    cached_rate = price.input if price.cached_input is None else price.cached_input
    total = (usage.prompt - usage.cached) * price.input + usage.cached * cached_rate + usage.completion * price.output
    return (total + TOKENS_PER_PRICE // 2) // TOKENS_PER_PRICE


def price_per_million(dollars_per_token: object) -> Nanos:
    """LiteLLM's `input_cost_per_token` (USD a token, a number or its text) as nano-dollars a million tokens."""
    exact = Decimal(str(dollars_per_token)) * NANOS_PER_DOLLAR * TOKENS_PER_PRICE
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def dollars(nanos: Nanos) -> str:
    """The exact amount in USD as plain decimal text, without trailing zeros: 1_500_000 is `0.0015`."""
    whole, fraction = divmod(abs(nanos), NANOS_PER_DOLLAR)
    sign = "-" if nanos < 0 else ""
    return f"{sign}{whole}.{fraction:09d}".rstrip("0").rstrip(".")
