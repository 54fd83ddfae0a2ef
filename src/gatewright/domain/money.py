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
    """What one request used, in tokens, in one form for every provider.

    `prompt` is all input and `completion` all output; the others are parts of them: of `prompt`, `cached` was read from
    the provider's cache, `cache_write` and `cache_write_1h` were written to it (to live 5 minutes or an hour), and
    `audio_prompt` is sound; of `completion`, `reasoning` is thought and `audio_completion` sound.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    reasoning: int = 0
    cache_write: int = 0
    cache_write_1h: int = 0
    audio_prompt: int = 0
    audio_completion: int = 0


class Price(msgspec.Struct, frozen=True, omit_defaults=True):
    """Nano-dollars for one million tokens.

    None means that these tokens cost what the others of their side do; an hour's cache write what a short one does.
    `tiers`, lowest first, are the prices of long requests.
    """

    input: Nanos
    output: Nanos
    cached_input: Nanos | None = None
    cache_write: Nanos | None = None
    cache_write_1h: Nanos | None = None
    audio_input: Nanos | None = None
    audio_output: Nanos | None = None
    tiers: "tuple[Tier, ...]" = ()


class Tier(msgspec.Struct, frozen=True):
    """What every token of a request costs whose prompt has more than `above` tokens, cached ones counted."""

    above: int
    price: Price


def cost(usage: Usage, price: Price | None) -> Nanos | None:
    """What `usage` costs at `price`, in nano-dollars, rounded once; None when the price is unknown."""
    if price is None:
        return None
    for tier in price.tiers:
        if usage.prompt > tier.above:
            price = tier.price
    total = usage.prompt * price.input + usage.completion * price.output
    if usage.cached and price.cached_input is not None:
        total += usage.cached * (price.cached_input - price.input)
    if usage.cache_write or usage.cache_write_1h:
        short = price.input if price.cache_write is None else price.cache_write
        long = short if price.cache_write_1h is None else price.cache_write_1h
        total += usage.cache_write * (short - price.input) + usage.cache_write_1h * (long - price.input)
    if usage.audio_prompt and price.audio_input is not None:
        total += usage.audio_prompt * (price.audio_input - price.input)
    if usage.audio_completion and price.audio_output is not None:
        total += usage.audio_completion * (price.audio_output - price.output)
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
