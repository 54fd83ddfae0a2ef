"""What a deployment costs, as LiteLLM's `litellm_params` and `model_info` say it."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from gatewright.domain.money import NANOS_PER_DOLLAR, TOKENS_PER_PRICE, Extras, Nanos, Price, Tier, price_per_million
from gatewright.settings.findings import Wrong

COSTS = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cached_input",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "input_cost_per_audio_token": "audio_input",
    "output_cost_per_audio_token": "audio_output",
    "output_cost_per_reasoning_token": "reasoning_output",
}
"""USD for one token, by LiteLLM's names, and the field of Price that each is."""

UNIT_COSTS = {
    "input_cost_per_image_token": "image_input",
    "output_cost_per_image_token": "image_output",
    "citation_cost_per_token": "citation",
    "input_cost_per_request": "request",
    "search_context_cost_per_query": "search",
    "input_cost_per_image": "image",
    "output_cost_per_image": "image",
    "input_cost_per_character": "character",
    "input_cost_per_second": "hour",
    "output_cost_per_second": "hour",
    "input_cost_per_query": "query",
}
"""USD for one of something else, and the field of Extras that each is; of two of one field the last that is not 0
counts, as in LiteLLM.
"""

SECONDS_PER_HOUR = 3600
SEARCH_SIZE = "search_context_size_medium"
"""Of a search that costs what its size does, the usual one."""

_TIER = re.compile(rf"({'|'.join(COSTS)})_above_([0-9]{{1,9}})(k?)_tokens")
"""LiteLLM's name of a cost that counts for every token of a request with more input than that."""

INCLUSIVE = frozenset({"xai"})
"""Providers whose longer requests begin with the threshold itself, not above it."""

HIGHEST: Nanos = 10**15
"""A million dollars for a million tokens: above it a slip of the pen, and a sum that overflows."""

INSTEAD = frozenset({"request", "image", "character", "hour", "query"})
"""What is paid instead of tokens, where those have no price."""

DEAREST = frozenset({"request", "search", "image", "query"})
"""What one request has few of, so that each may cost a hundred times as much."""


def is_cost(name: str) -> bool:
    """Whether a member of `litellm_params` or `model_info` is a cost that counts."""
    return name in COSTS or name in UNIT_COSTS or _TIER.fullmatch(name) is not None


def price_of(costs: Mapping[str, Any], provider: str = "") -> Price | None:
    """The price, None when nothing has one; where only input or only output has, the other costs nothing.

    Raises Wrong with the member that is no price.
    """
    found: dict[str, Any] = {}
    tiers: dict[int, dict[str, Any]] = {}
    for name, value in costs.items():
        if value is None or not is_cost(name):
            continue
        if name in UNIT_COSTS:
            continue
        nanos = _nanos(value, name)
        if name in COSTS:
            found[COSTS[name]] = nanos
        else:
            field, above = _threshold(name)
            tiers.setdefault(above - (provider in INCLUSIVE), {})[field] = nanos
    extras = _extras(costs)
    if not {"input", "output"} & found.keys() and not extras:
        return None
    # LiteLLM's catalogue says of what is paid by the piece that its tokens cost 0.
    by_tokens = any(found.values()) or not extras.keys() & INSTEAD
    more = Extras(by_tokens=by_tokens, **extras) if extras else None
    price = Price(**{"input": 0, "output": 0, **found}, extras=more)
    return msgspec.structs.replace(price, tiers=_tiers(price, tiers)) if tiers else price


def costs_of(price: Price, provider: str = "") -> dict[str, float]:
    """A price by LiteLLM's names, in USD for one token, and for one of what else has a price: what `price_of` reads."""
    extras = price.extras
    found = _per_token(price, "") if extras is None or extras.by_tokens else {}
    for name, field in UNIT_COSTS.items():
        rate = getattr(extras, field, None)
        if rate is not None:
            found[name] = _dollars(rate / SECONDS_PER_HOUR if field == "hour" else rate)
    for tier in price.tiers:
        start = tier.above + (provider in INCLUSIVE)
        above = f"{start // 1000}k" if start % 1000 == 0 else str(start)
        found |= _per_token(tier.price, f"_above_{above}_tokens")
    return found


def _per_token(price: Price, suffix: str) -> dict[str, float]:
    rates = {f"{name}{suffix}": getattr(price, field) for name, field in COSTS.items()}
    return {name: _dollars(rate) for name, rate in rates.items() if rate is not None}


def _dollars(rate: float) -> float:
    return rate / (NANOS_PER_DOLLAR * TOKENS_PER_PRICE)


def _extras(costs: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, field in UNIT_COSTS.items():
        value = costs.get(name)
        if isinstance(value, Mapping) and field == "search":
            value = value.get(SEARCH_SIZE)
        if value is None:
            continue
        nanos = _nanos(value, name, HIGHEST * (100 if field in DEAREST else 1))
        found[field] = nanos * (SECONDS_PER_HOUR if field == "hour" else 1) or found.get(field, 0)
    return found


def _threshold(name: str) -> tuple[str, int]:
    """The field of Price that the cost of a tier is, and above how many tokens the tier begins."""
    match = _TIER.fullmatch(name)
    if match is None:
        raise ValueError(name)
    return COSTS[match[1]], int(match[2]) * (1000 if match[3] else 1)


def _tiers(price: Price, given: Mapping[int, Mapping[str, Any]]) -> tuple[Tier, ...]:
    """Lowest first. What a tier does not say costs what it does in the one below."""
    tiers = []
    for above in sorted(given):
        price = msgspec.structs.replace(price, **given[above])
        tiers.append(Tier(above, price))
    return tuple(tiers)


def _nanos(value: Any, name: str, highest: Nanos = HIGHEST) -> Nanos:
    try:
        if isinstance(value, bool):
            raise ValueError
        nanos = price_per_million(value)
    except (ArithmeticError, ValueError):
        nanos = -1
    if not 0 <= nanos <= highest:
        raise Wrong("it is not a cost | Write USD, per token such as 0.0000025", f".{name}")
    return nanos
