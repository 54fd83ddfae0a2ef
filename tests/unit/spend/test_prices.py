"""The price table against genai-prices itself, whose data it is made from."""

import re
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from genai_prices import types
from genai_prices.data import providers
from genai_prices.data_snapshot import DataSnapshot

from gatewright.domain.money import NANOS_PER_DOLLAR, Extras, Price, Usage, WideUsage, cost
from gatewright.spend import prices as module
from gatewright.spend.prices import LONGEST_NAME, Prices

PRICES = Prices()
SNAPSHOT = DataSnapshot(providers=providers, from_auto_update=False)
DAY = datetime.fromisoformat(PRICES.date).replace(tzinfo=UTC)
RATES = (
    *("input_mtok", "output_mtok", "cache_read_mtok", "cache_write_mtok", "cache_write_1h_mtok"),
    *("input_audio_mtok", "output_audio_mtok", "input_image_mtok", "output_image_mtok"),
    *("output_reasoning_mtok", "output_citation_mtok", "cache_image_read_mtok"),
    *("requests_kcount", "web_searches_kcount", "storage_searches_kcount"),
)
STARTS = (32_000, 100_000, 128_000, 199_999, 200_000, 256_000, 272_000, 512_000, 524_288)
"""Where tiers of the table begin."""


def used(prompt: int, price: Price | None) -> WideUsage:
    """With everything in it; searches only where they have a price, since others make the cost unknown."""
    extras = price and price.extras
    return WideUsage(
        prompt=prompt,
        completion=500,
        cached=100,
        cache_write=200,
        cache_write_1h=50,
        audio_prompt=20,
        audio_completion=5,
        reasoning=40,
        image_prompt=30,
        image_completion=60,
        citations=70 if extras and extras.citation is not None else 0,
        searches=3 if extras and extras.search is not None else 0,
        file_searches=2 if extras and extras.file_search is not None else 0,
    )


def oracle(provider: str, model: str, ours: Price | None) -> dict[int, int | None]:
    """What requests of 1000 tokens and of those at the edge of a tier cost according to genai-prices, in nano-dollars,
    at the dearest hour of the table's day.
    """
    edges = (1000, *(edge for start in STARTS for edge in (start, start + 1)))
    try:
        _, info = SNAPSHOT.find_provider_model(model, None, provider, None)
    except LookupError:
        return dict.fromkeys(edges)
    hours = [info.get_prices(DAY + timedelta(minutes=30 * step)) for step in range(48)]
    known = [one for one in hours if one.input_mtok is not None]
    if not known:
        return dict.fromkeys(edges)
    dearest = max(known, key=lambda one: _base(one.input_mtok) + _base(one.output_mtok))
    rates = {name: rate for name in RATES if (rate := getattr(dearest, name)) is not None}
    price = types.ModelPrice(**rates)
    return {prompt: _nanos(price, used(prompt, ours)) for prompt in edges}


def _nanos(price: types.ModelPrice, one: WideUsage) -> int:
    usage = types.Usage(
        input_tokens=one.prompt,
        output_tokens=one.completion + one.citations,  # theirs are part of the output
        cache_read_tokens=one.cached,
        cache_write_tokens=one.cache_write + one.cache_write_1h,
        cache_write_1h_tokens=one.cache_write_1h,
        input_audio_tokens=one.audio_prompt,
        output_audio_tokens=one.audio_completion,
        output_reasoning_tokens=one.reasoning,
        input_image_tokens=one.image_prompt,
        output_image_tokens=one.image_completion,
        output_citation_tokens=one.citations,
        cache_image_read_tokens=0,
        web_searches=one.searches,
        storage_searches=one.file_searches,
    )
    total = price.calc_price(usage)["total_price"]
    return int((total * NANOS_PER_DOLLAR).quantize(Decimal(1), ROUND_HALF_UP))


def _base(value: object) -> Decimal:
    found = value.base if isinstance(value, types.TieredPrices) else value
    return found if isinstance(found, Decimal) else Decimal(0)


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
            price = PRICES.lookup(provider.id, name)
            wrong += [
                (name, prompt, ours, theirs)
                for prompt, theirs in oracle(provider.id, name, price).items()
                if (ours := cost(used(prompt, price), price)) != theirs
            ]
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
    extras = Extras(search=10_000_000_000_000, file_search=2_500_000_000_000)
    assert PRICES.lookup("openai", "gpt-4o") == Price(2_500_000_000, 10_000_000_000, 1_250_000_000, extras=extras)


@pytest.mark.parametrize(
    ("provider", "model", "usage", "nanos"),
    [
        ("openai", "whisper-1", WideUsage(sound_ms=90_000, counted=False), 9_000_000),
        ("openai", "tts-1", WideUsage(characters=1000, counted=False), 15_000_000),
        ("openai", "gpt-4o", WideUsage(prompt=1000, searches=2), 22_500_000),
        ("openai", "gpt-image-1", WideUsage(prompt=1000, image_prompt=500, completion=100), 11_500_000),
        ("perplexity", "sonar", Usage(prompt=1000, completion=1000), 14_000_000),
        ("anthropic", "claude-sonnet-4-5", WideUsage(prompt=200_001, searches=1), 1_210_006_000),
        # What is not known of a price or of a use makes the cost unknown, not nothing.
        ("openai", "whisper-1", Usage(prompt=1000), None),
        ("openai", "gpt-4o", WideUsage(characters=1000, counted=False), None),
        ("groq", "llama-3.1-8b-instant", WideUsage(prompt=10, searches=1), None),
        ("openai", "whisper-1", Usage(), 0),
    ],
)
def test_what_is_not_counted_in_tokens(provider: str, model: str, usage: Usage, nanos: int | None) -> None:
    assert cost(usage, PRICES.lookup(provider, model)) == nanos


def test_all_tokens_of_a_long_request_cost_more() -> None:
    price = PRICES.lookup("gemini", "gemini-2.5-pro")
    assert cost(Usage(prompt=200_000, completion=1000), price) == 260_000_000
    assert cost(Usage(prompt=200_001, completion=1000), price) == 515_002_500
    assert cost(Usage(prompt=200_001, completion=1000, cached=200_001), price) == 65_000_250


def test_every_tier_of_the_data_is_compared() -> None:
    prices = [price for one in providers for model in one.models for price in _all(model)]
    values = [value for price in prices for value in vars(price).values()]
    tiers = [tier for value in values if isinstance(value, types.TieredPrices) for tier in value.tiers]
    assert {tier.start for tier in tiers} == set(STARTS)


def _all(model: types.ModelInfo) -> list[types.ModelPrice]:
    return [one.prices for one in model.prices] if isinstance(model.prices, list) else [model.prices]


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
