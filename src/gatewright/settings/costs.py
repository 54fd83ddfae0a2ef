"""What a deployment's tokens cost, as LiteLLM's `litellm_params` and `model_info` say it."""

from collections.abc import Mapping
from typing import Any

from gatewright.domain.money import Nanos, Price, price_per_million
from gatewright.settings.findings import Wrong

COSTS = {
    "input_cost_per_token": "input",
    "output_cost_per_token": "output",
    "cache_read_input_token_cost": "cached_input",
    "cache_creation_input_token_cost": "cache_write",
    "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
    "input_cost_per_audio_token": "audio_input",
    "output_cost_per_audio_token": "audio_output",
}
"""USD for one token, by LiteLLM's names, and the field of Price that each is."""

HIGHEST: Nanos = 10**15
"""A million dollars for a million tokens: above it a slip of the pen, and a sum that overflows."""


def price_of(costs: Mapping[str, Any]) -> Price | None:
    """The price, None when neither input nor output has one; where only one has, the other costs nothing.

    Raises Wrong with the member that is no price.
    """
    found = {field: _nanos(costs[name], name) for name, field in COSTS.items() if costs.get(name) is not None}
    if "input" not in found and "output" not in found:
        return None
    return Price(**{"input": 0, "output": 0, **found})


def _nanos(value: Any, name: str) -> Nanos:
    try:
        if isinstance(value, bool):
            raise ValueError
        nanos = price_per_million(value)
    except (ArithmeticError, ValueError):
        nanos = -1
    if not 0 <= nanos <= HIGHEST:
        raise Wrong("it is not a cost | Write USD per token, such as 0.0000025", f".{name}")
    return nanos
