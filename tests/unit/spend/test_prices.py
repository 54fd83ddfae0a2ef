"""The price table against genai-prices itself, whose data it is made from."""

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from genai_prices import types
from genai_prices.data import providers
from genai_prices.data_snapshot import DataSnapshot

from gatewright.domain.money import NANOS_PER_DOLLAR, Price, Usage, cost
from gatewright.spend import prices as module
from gatewright.spend.prices import LONGEST_NAME, Prices

PRICES = Prices()
SNAPSHOT = DataSnapshot(providers=providers, from_auto_update=False)
DAY = datetime.fromisoformat(PRICES.date).replace(tzinfo=UTC)
USED = Usage(
    prompt=1000, completion=500, cached=100, cache_write=200, cache_write_1h=50, audio_prompt=20, audio_completion=5
)
RATES = (
    *("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok"),
    *("input_audio_mtok", "output_audio_mtok"),
)


def oracle(provider: str, model: str) -> int | None:
    """What USED costs according to genai-prices, in nano-dollars, at the dearest hour of the table's day."""
    try:
        _, info = SNAPSHOT.find_provider_model(model, None, provider, None)
    except LookupError:
        return None
    best: tuple[Decimal, int] | None = None
    for step in range(48):
        at = DAY + timedelta(minutes=30 * step)
        price = info.get_prices(at)
        flat = {name: _base(getattr(price, name, None)) for name in RATES}
        if flat["input_mtok"] is None:
            continue
        known = types.ModelPrice(**{name: value for name, value in flat.items() if value is not None})
        usage = types.Usage(
            input_tokens=USED.prompt,
            output_tokens=USED.completion,
            cache_read_tokens=USED.cached,
            cache_write_tokens=USED.cache_write + USED.cache_write_1h,
            cache_write_1h_tokens=USED.cache_write_1h,
            input_audio_tokens=USED.audio_prompt,
            output_audio_tokens=USED.audio_completion,
        )
        total = known.calc_price(usage)["total_price"]
        dear = flat["input_mtok"] + (flat["output_mtok"] or 0)
        if best is None or dear > best[0]:
            best = dear, int((total * NANOS_PER_DOLLAR).quantize(Decimal(1), ROUND_HALF_UP))
    return None if best is None else best[1]


def _base(value: object) -> Decimal | None:
    if isinstance(value, types.TieredPrices):
        return value.base
    assert value is None or isinstance(value, Decimal)
    return value


def names(provider: types.Provider) -> list[str]:
    """Model names that the provider's rules speak of, with and without a date behind them."""
    found: list[str] = []

    def walk(match: object) -> None:
        for value in vars(match).values():
            if isinstance(value, str):
                plain = re.sub(r"[\^$\\]|\(\?.*|\[.*", "", value)
                found.extend([plain, f"{plain}-20251211", f"{plain}-2025-12-11"])
            else:
                for part in value:
                    walk(part)

    for model in provider.models:
        found.append(model.id)
        walk(model.match)
    return found


@pytest.mark.parametrize(
    "provider", [provider for provider in providers if provider.id != "openrouter"], ids=lambda p: p.id
)
def test_every_model_costs_what_genai_prices_says(provider: types.Provider) -> None:
    wrong = []
    for name in names(provider)[:150]:
        if name.strip():
            ours, theirs = cost(USED, PRICES.lookup(provider.id, name)), oracle(provider.id, name)
            if ours != theirs:
                wrong.append((name, ours, theirs))
    assert wrong == []


@pytest.mark.parametrize(
    ("provider", "model", "same"),
    [
        ("azure", "gpt-4o", ("openai", "gpt-4o")),
        ("azure", "gpt-4o-2024-08-06", ("openai", "gpt-4o-2024-08-06")),
        ("azure_ai", "gpt-4o", ("openai", "gpt-4o")),
        ("OpenAI", " GPT-4o ", ("openai", "gpt-4o")),
        ("text-completion-openai", "gpt-4o", ("openai", "gpt-4o")),
        ("vertex_ai", "gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("gemini", "gemini-2.5-pro", ("google", "gemini-2.5-pro")),
        ("vertex_ai", "claude-3-5-sonnet@20241022", ("google", "claude-3-5-sonnet")),
        (
            "bedrock",
            "us.anthropic.claude-3-5-sonnet-20241022-v2:0",
            ("aws", "anthropic.claude-3-5-sonnet-20241022-v2:0"),
        ),
        ("xai", "grok-4.5", ("x-ai", "grok-4.5")),
    ],
)
def test_litellms_names_lead_to_the_same_price(provider: str, model: str, same: tuple[str, str]) -> None:
    found = PRICES.lookup(provider, model)
    assert found is not None
    assert found == PRICES.lookup(*same)


def test_a_well_known_price() -> None:
    assert PRICES.lookup("openai", "gpt-4o") == Price(2_500_000_000, 10_000_000_000, 1_250_000_000)


def test_an_embedding_has_no_output_price() -> None:
    assert PRICES.lookup("openai", "text-embedding-3-small") == Price(20_000_000, 0)


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "no-such-model"),
        ("openai", ""),
        ("openai", "gpt-4o" + "x" * LONGEST_NAME),
        ("ollama", "llama3"),
        ("hosted_vllm", "gpt-4o"),
        ("custom_openai", "gpt-4o"),
        ("openai_like", "gpt-4o"),
        ("", "gpt-4o"),
    ],
)
def test_what_is_not_known_has_no_price(provider: str, model: str) -> None:
    assert PRICES.lookup(provider, model) is None


def test_the_file_is_small_and_says_where_it_is_from() -> None:
    assert module.__file__ is not None
    assert Path(module.__file__).with_name("prices.json").stat().st_size < 400_000
    assert PRICES.source.startswith("genai-prices ")
    assert re.fullmatch(r"20\d\d-\d\d-\d\d", PRICES.date)
