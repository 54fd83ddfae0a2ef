"""What is not text: it costs what it does, or its cost is unknown."""

from typing import Any

import pytest

from gatewright.domain.money import Extras, Price, Tier, Usage, WideUsage, cost, widened, with_units_of

MILLION = 1_000_000
BY_TOKENS = Price(input=2 * MILLION, output=4 * MILLION)


def priced(**rates: int) -> Price:
    extras: dict[str, Any] = {name: rate * MILLION for name, rate in rates.items()}
    return Price(BY_TOKENS.input, BY_TOKENS.output, extras=Extras(**extras))


def by_unit(**rates: int) -> Price:
    extras: dict[str, Any] = {name: rate * MILLION for name, rate in rates.items()}
    return Price(0, 0, extras=Extras(by_tokens=False, **extras))


@pytest.mark.parametrize(
    ("usage", "price", "nanos"),
    [
        (WideUsage(10, 5, image_prompt=4), priced(image_input=3), 44),
        (WideUsage(10, 5, image_completion=5), priced(image_output=9), 65),
        (WideUsage(10, 5, image_prompt=4, image_completion=5), BY_TOKENS, 40),
        (WideUsage(10, 5, citations=3), priced(citation=7), 61),
        (Usage(10, 5), priced(request=100), 140),
        (Usage(), priced(request=100), 0),
        (WideUsage(10, 5, searches=2), priced(search=50), 140),
        (WideUsage(10, 5, searches=2), priced(file_search=50), None),
        (WideUsage(10, 5, searches=1, file_searches=2), priced(search=50, file_search=7), 104),
        (WideUsage(images=2, counted=False), by_unit(image=30), 60),
        (WideUsage(images=2, counted=False), priced(image=30), 60),
        # The tokens of a picture have a price: it is not paid twice.
        (WideUsage(10, 5, images=2), priced(image=30), 40),
        (WideUsage(10, 5, images=2), by_unit(image=30), 60),
        (WideUsage(characters=9, counted=False), by_unit(character=3), 27),
        (WideUsage(sound_ms=1_800_000, counted=False), by_unit(hour=50), 25),
        (WideUsage(queries=3, counted=False), by_unit(query=11), 33),
        (Usage(10, 5), by_unit(request=9), 9),
        (Usage(10, 5), by_unit(image=30), None),
        (WideUsage(images=1, counted=False), by_unit(character=3), None),
        (WideUsage(images=1, counted=False), BY_TOKENS, None),
        (WideUsage(10, 5, searches=1), None, None),
    ],
)
def test_what_it_costs(usage: Usage, price: Price | None, nanos: int | None) -> None:
    assert cost(usage, price) == nanos


def test_thought_may_have_a_price_of_its_own() -> None:
    price = Price(2 * MILLION, 4 * MILLION, reasoning_output=MILLION)
    assert cost(Usage(10, 5, reasoning=3), price) == 31
    assert cost(Usage(10, 5, reasoning=50), price) == 25


def test_searches_are_added_to_the_tier_of_a_long_request() -> None:
    price = Price(MILLION, MILLION, tiers=(Tier(10, BY_TOKENS),), extras=Extras(search=MILLION))
    assert [cost(WideUsage(count, searches=1), price) for count in (10, 11)] == [11, 23]


def test_a_price_that_says_nothing_of_pieces_takes_what_is_known_of_them() -> None:
    known = by_unit(search=5, image=7, request=9)
    assert with_units_of(BY_TOKENS, known) == priced(search=5, image=7)
    assert with_units_of(priced(search=1), known) == priced(search=1, image=7)
    assert with_units_of(BY_TOKENS, BY_TOKENS) == with_units_of(BY_TOKENS, None) == BY_TOKENS


def test_a_usage_grows_and_keeps_what_it_was() -> None:
    assert widened(Usage(3, 4, cached=2), images=1) == WideUsage(3, 4, cached=2, images=1)
    assert widened(None, images=1) == WideUsage(images=1, counted=False)
    assert widened(WideUsage(3, searches=1), images=1) == WideUsage(3, searches=1, images=1)
    assert Usage(3).in_tokens
    assert not widened(None, images=1).in_tokens
