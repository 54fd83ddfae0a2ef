"""Writes src/gatewright/spend/prices.json from the data of the development dependency genai-prices.

Run it after updating genai-prices: `python scripts/make_prices.py [--date 2026-11-21]`. The date says which of the
dated prices counts. Where a price depends on the time of day the dearest is taken, so that a budget holds at any hour.
What has neither a price by tokens nor one of EXTRAS (by page, say) stays without a price.
"""

from __future__ import annotations

import argparse
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any

from genai_prices import types
from genai_prices.data import providers

TARGET = Path(__file__).parent.parent / "src" / "gatewright" / "spend" / "prices.json"
NANOS = 1_000_000_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--date", type=date.fromisoformat, default=datetime.now(UTC).date())
    text = table(parser.parse_args().date)
    TARGET.write_text(text, encoding="utf-8")
    print(f"{TARGET.name}: {len(text)} bytes")


def table(day: date) -> str:
    """The file's text: one line for each provider, so that a diff shows what changed."""
    lines = [json.dumps(provider.id) + ":" + compact(entry(provider, day)) for provider in providers]
    about = {"source": f"genai-prices {version('genai-prices')}", "date": day.isoformat()}
    return compact(about)[:-1] + ',"providers":{\n' + ",\n".join(lines) + "\n}}\n"


def entry(provider: types.Provider, day: date) -> dict[str, Any]:
    """A provider: `match` finds it by another name, `fallback` names providers that sell the same models."""
    out: dict[str, Any] = {}
    if provider.provider_match is not None:
        out["match"] = clause(provider.provider_match)
    if provider.fallback_model_providers:
        out["fallback"] = provider.fallback_model_providers
    out["models"] = [[clause(model.match), *prices(model, day)] for model in provider.models]
    return out


def clause(match: Any) -> dict[str, Any]:
    """A match rule in the form that gatewright.spend.prices.Clause reads."""
    if isinstance(match, types.ClauseOr):
        return {"or": [clause(part) for part in match.or_]}
    if isinstance(match, types.ClauseAnd):
        return {"and": [clause(part) for part in match.and_]}
    fields: dict[str, str] = vars(match)
    return {name: value if name == "regex" else value.lower() for name, value in fields.items()}


# In the order in which gatewright.spend.prices reads them.
NAMES = (
    *("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok"),
    *("input_audio_mtok", "output_audio_mtok", "output_reasoning_mtok"),
)

EXTRAS = {
    # Theirs, ours, and what makes nano-dollars for a million out of their dollars.
    "input_image_mtok": ("image_input", 1),
    "output_image_mtok": ("image_output", 1),
    "output_citation_mtok": ("citation", 1),
    "requests_kcount": ("request", 1000),
    "web_searches_kcount": ("search", 1000),
    "storage_searches_kcount": ("file_search", 1000),
    "input_mchars": ("character", 1),
    "input_audio_hours": ("hour", 1_000_000),
}


def prices(model: types.ModelInfo, day: date) -> list[Any]:
    """`[rates, tiers, extras]` without the last ones that are not there; `tiers` are `[[above, rates], ...]`."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    if isinstance(model.prices, list) and not model.prices:
        return []
    times = [model.get_prices(midnight + timedelta(minutes=30 * step)) for step in range(48)]
    dearest = max(times, key=lambda one: sum(rate or 0 for rate in amounts(one, 0)[:2]))
    base = amounts(dearest, 0)
    more = extras(dearest)
    if base[0] is None:
        return [[], [], {"by_tokens": False, **more}] if more else []
    long = [[above, trimmed(amounts(dearest, above + 1))] for above in thresholds(dearest)]
    if more:
        return [trimmed(base), long, more]
    return [trimmed(base), long] if long else [trimmed(base)]


def extras(price: types.ModelPrice) -> dict[str, int]:
    """Nano-dollars for a million of what is not plain tokens, by the names of `gatewright.domain.money.Extras`."""
    found = {name: nanos(getattr(price, theirs, None), 0) for theirs, (name, _) in EXTRAS.items()}
    factors = dict(EXTRAS.values())
    return {name: value * factors[name] for name, value in found.items() if value is not None}


def thresholds(price: types.ModelPrice) -> list[int]:
    """Above how many tokens of input another tier begins."""
    values = [getattr(price, name, None) for name in NAMES]
    return sorted({tier.start for value in values if isinstance(value, types.TieredPrices) for tier in value.tiers})


def amounts(price: types.ModelPrice, tokens: int) -> list[int | None]:
    """Nano-dollars for a million tokens by NAMES, of a request with so many tokens of input."""
    return [nanos(getattr(price, name, None), tokens) for name in NAMES]


def nanos(value: Decimal | types.TieredPrices | None, tokens: int) -> int | None:
    if isinstance(value, types.TieredPrices):
        value = next((tier.price for tier in reversed(value.tiers) if tokens > tier.start), value.base)
    return None if value is None else int((Decimal(value) * NANOS).quantize(Decimal(1)))


def trimmed(rates: list[int | None]) -> list[int | None]:
    """Without the last ones that are not there. What has no output costs nothing for it."""
    found = [rates[0], rates[1] or 0, *rates[2:]]
    while found[-1] is None:
        found.pop()
    return found


def compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


if __name__ == "__main__":
    main()
