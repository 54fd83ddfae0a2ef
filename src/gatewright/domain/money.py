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
HALF = TOKENS_PER_PRICE // 2


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

    @property
    def in_tokens(self) -> bool:
        """Whether the tokens are known."""
        return True


class WideUsage(Usage, frozen=True):
    """What is not text, or not counted in tokens.

    `image_prompt` and `image_completion` are tokens like those of sound. `citations` are tokens of sources, apart from
    the prompt. `searches` are searches of the web and `file_searches` of stored files that the provider made,
    `images` those it made, `characters` those it spoke, `sound_ms` milliseconds of sound that it heard, and `queries`
    what a rerank counts. `counted` False: tokens are not, and are 0.
    """

    image_prompt: int = 0
    image_completion: int = 0
    citations: int = 0
    searches: int = 0
    file_searches: int = 0
    images: int = 0
    characters: int = 0
    sound_ms: int = 0
    queries: int = 0
    counted: bool = True

    @property
    def in_tokens(self) -> bool:
        """Whether the tokens are known."""
        return self.counted


MOST_SEARCHES = 1_000_000
"""Of one request. A provider that says more is mistaken, or attacks the sum."""


def widened(usage: Usage | None, **counts: int) -> WideUsage:
    """The usage with these fields of WideUsage; without one, tokens are not counted."""
    if usage is None:
        return WideUsage(**counts, counted=False)
    return WideUsage(**{**msgspec.structs.asdict(usage), **counts})


class Price(msgspec.Struct, frozen=True, omit_defaults=True):
    """Nano-dollars for one million tokens.

    None means that these tokens cost what the others of their side do; an hour's cache write what a short one does.
    `tiers`, lowest first, are the prices of long requests, `extras` those of all else.
    """

    input: Nanos
    output: Nanos
    cached_input: Nanos | None = None
    cache_write: Nanos | None = None
    cache_write_1h: Nanos | None = None
    audio_input: Nanos | None = None
    audio_output: Nanos | None = None
    reasoning_output: Nanos | None = None
    tiers: "tuple[Tier, ...]" = ()
    extras: "Extras | None" = None


class Tier(msgspec.Struct, frozen=True):
    """What every token of a request costs whose prompt has more than `above` tokens, cached ones counted."""

    above: int
    price: Price


class Extras(msgspec.Struct, frozen=True, omit_defaults=True):
    """Nano-dollars for a million of what `WideUsage` counts, and for a million requests; None is unknown.

    Tokens of images cost what the others of their side do where they have no price. `by_tokens` False: no tokens have
    one. `hour` is for a million hours of sound.
    """

    by_tokens: bool = True
    image_input: Nanos | None = None
    image_output: Nanos | None = None
    citation: Nanos | None = None
    request: Nanos | None = None
    search: Nanos | None = None
    file_search: Nanos | None = None
    image: Nanos | None = None
    character: Nanos | None = None
    hour: Nanos | None = None
    query: Nanos | None = None


UNITS = ("search", "file_search", "image", "character", "hour", "query")
"""What is paid by the piece."""


def with_units_of(price: Price, other: Price | None) -> Price:
    """The price, where it says nothing of what is paid by the piece with what `other` says of that."""
    extras = NOTHING_ELSE if price.extras is None else price.extras
    missing = {name: getattr(other and other.extras, name, None) for name in UNITS if getattr(extras, name) is None}
    found = {name: rate for name, rate in missing.items() if rate is not None}
    return msgspec.structs.replace(price, extras=msgspec.structs.replace(extras, **found)) if found else price


MS_PER_HOUR = 3_600_000
NOTHING_ELSE = Extras()


def cost(usage: Usage, price: Price | None) -> Nanos | None:
    """What `usage` costs at `price`, in nano-dollars, rounded once; None when the price is unknown."""
    if price is None:
        return None
    extras = price.extras
    if price.tiers:
        for tier in price.tiers:
            if usage.prompt > tier.above:
                price = tier.price
    if usage.__class__ is not Usage or (extras is not None and (extras.request is not None or not extras.by_tokens)):
        known = _of_all(usage, price, extras or NOTHING_ELSE)
        if known is None:
            return None
        total = known
    else:
        total = _of_tokens(usage, price)
    return (total + HALF) // TOKENS_PER_PRICE


def _of_tokens(usage: Usage, price: Price) -> int:
    """Millionths of a nano-dollar."""
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
    if usage.reasoning and price.reasoning_output is not None:
        total += min(usage.reasoning, usage.completion) * (price.reasoning_output - price.output)
    return total


def _of_all(usage: Usage, price: Price, extras: Extras) -> int | None:
    """None when something that was used has no price."""
    wide = usage if isinstance(usage, WideUsage) else None
    total: int | None = None
    if usage.in_tokens and (extras.by_tokens or not (usage.prompt or usage.completion)):
        total = _of_tokens(usage, price)
        if wide is not None:
            total += _of_special_tokens(wide, price, extras)
    elif wide is not None:
        total = _of_units(wide, extras)
    if extras.request is not None and usage != usage.__class__():
        total = (total or 0) + extras.request
    if total is None or wide is None:
        return total
    for count, rate in ((wide.searches, extras.search), (wide.file_searches, extras.file_search)):
        if count and rate is None:
            return None
        total += count * (rate or 0)
    return total


def _of_special_tokens(wide: WideUsage, price: Price, extras: Extras) -> int:
    """What those of images cost more or less than text, and sources."""
    total = wide.citations * (extras.citation or 0)
    if extras.image_input is not None:
        total += wide.image_prompt * (extras.image_input - price.input)
    if extras.image_output is not None:
        total += wide.image_completion * (extras.image_output - price.output)
    return total


def _of_units(wide: WideUsage, extras: Extras) -> int | None:
    """Where tokens have no price, or are not known; None when what was counted has none either."""
    sound = None if extras.hour is None else wide.sound_ms * extras.hour // MS_PER_HOUR
    counted = (
        (wide.images, None if extras.image is None else wide.images * extras.image),
        (wide.characters, None if extras.character is None else wide.characters * extras.character),
        (wide.queries, None if extras.query is None else wide.queries * extras.query),
        (wide.sound_ms, sound),
    )
    found = [total for count, total in counted if count and total is not None]
    return sum(found) if found else None


def price_per_million(dollars_per_token: object) -> Nanos:
    """LiteLLM's `input_cost_per_token` (USD a token, a number or its text) as nano-dollars a million tokens."""
    exact = Decimal(str(dollars_per_token)) * NANOS_PER_DOLLAR * TOKENS_PER_PRICE
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def dollars(nanos: Nanos) -> str:
    """The exact amount in USD as plain decimal text, without trailing zeros: 1_500_000 is `0.0015`."""
    whole, fraction = divmod(abs(nanos), NANOS_PER_DOLLAR)
    sign = "-" if nanos < 0 else ""
    return f"{sign}{whole}.{fraction:09d}".rstrip("0").rstrip(".")
