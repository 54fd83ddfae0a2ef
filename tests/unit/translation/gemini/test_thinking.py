"""How much thought each generation of Gemini is asked for."""

from typing import Any

import pytest
from tests.unit.translation.gemini.judge import asks, chat, typed, written

from gatewright.translation.carriage import CannotCarry
from gatewright.translation.gemini.family import Traits, traits
from gatewright.translation.model import ReasoningAsk

PRO_25, FLASH_25, LITE_25 = "gemini-2.5-pro", "gemini-2.5-flash", "gemini-2.5-flash-lite-preview-09-2025"
PRO_3, PRO_31, FLASH_3, FLASH_38 = (
    "gemini-3-pro-preview",
    "gemini-3.1-pro-preview",
    "gemini-3-flash",
    "gemini-3.8-flash",
)


def config(model: str, **ask: Any) -> dict[str, Any] | None:
    """`thinkingConfig` without the wish to see thoughts, which is True."""
    body, dropped = written(asks(reasoning=ReasoningAsk(**ask)), model)
    typed(body)
    assert dropped == []
    found: dict[str, Any] = dict(body["generationConfig"]["thinkingConfig"])
    assert found.pop("includeThoughts") is True
    return found


@pytest.mark.parametrize(
    ("model", "levels"),
    [
        (FLASH_3, ["MINIMAL", "LOW", "MEDIUM", "HIGH"]),
        ("gemini-3.1-flash-lite", ["MINIMAL", "LOW", "MEDIUM", "HIGH"]),
        ("gemini-3.6-flash", ["MINIMAL", "LOW", "MEDIUM", "HIGH"]),
        (FLASH_38, ["LOW", "LOW", "MEDIUM", "HIGH"]),
        (PRO_3, ["LOW", "LOW", "HIGH", "HIGH"]),
        (PRO_31, ["LOW", "LOW", "MEDIUM", "HIGH"]),
        ("gemini-3.1-flash-image", ["MINIMAL", "HIGH", "HIGH", "HIGH"]),
        ("gemini-4-argon", ["LOW", "LOW", "MEDIUM", "HIGH"]),
        ("gemini-flash-latest", ["LOW", "LOW", "MEDIUM", "HIGH"]),
        ("publishers/google/models/gemini-3-flash-preview", ["MINIMAL", "LOW", "MEDIUM", "HIGH"]),
        ("7310951467", ["LOW", "LOW", "MEDIUM", "HIGH"]),
    ],
)
def test_newer_models_are_asked_by_a_level_that_they_have(model: str, levels: list[str]) -> None:
    efforts = ("minimal", "low", "medium", "high")
    assert [config(model, effort=effort) for effort in efforts] == [{"thinkingLevel": level} for level in levels]
    assert config(model, effort="xhigh") == config(model, effort="max") == {"thinkingLevel": "HIGH"}


@pytest.mark.parametrize(
    ("budget", "level"),
    [(1, "LOW"), (2048, "LOW"), (2049, "MEDIUM"), (8192, "MEDIUM"), (8193, "HIGH"), (10**6, "HIGH")],
)
def test_a_budget_becomes_the_level_that_holds_it(budget: int, level: str) -> None:
    assert config(FLASH_3, budget=budget) == {"thinkingLevel": level}


@pytest.mark.parametrize(
    ("model", "ask", "budget"),
    [
        (FLASH_25, {"effort": "minimal"}, 1024),
        (FLASH_25, {"effort": "high"}, 16_384),
        (FLASH_25, {"effort": "max"}, 24_576),
        (PRO_25, {"effort": "max"}, 32_768),
        (FLASH_25, {"budget": 5000}, 5000),
        (FLASH_25, {"budget": 99_999}, 24_576),
        (PRO_25, {"budget": 1}, 128),
        (LITE_25, {"budget": 100}, 512),
        (FLASH_25, {"adaptive": True}, -1),
    ],
)
def test_older_models_are_asked_by_a_budget_that_they_take(model: str, ask: dict[str, Any], budget: int) -> None:
    assert config(model, **ask) == {"thinkingBudget": budget}


@pytest.mark.parametrize("ask", [{"adaptive": True}, {"show": True}, {"summary": "auto"}])
def test_newer_models_decide_for_themselves_unless_told(ask: dict[str, Any]) -> None:
    assert config(FLASH_3, **ask) == {}


@pytest.mark.parametrize("ask", [{"effort": "none"}, {"budget": 0}])
def test_no_thought_is_the_least_there_is_and_said_where_there_is_always_some(ask: dict[str, Any]) -> None:
    request = asks(reasoning=ReasoningAsk(**ask))
    for model, found, noted in (
        (FLASH_25, {"thinkingBudget": 0}, []),
        (LITE_25, {"thinkingBudget": 0}, []),
        (PRO_25, {"thinkingBudget": 128, "includeThoughts": False}, ["reasoning"]),
        (FLASH_3, {"thinkingLevel": "MINIMAL", "includeThoughts": False}, ["reasoning"]),
        (PRO_31, {"thinkingLevel": "LOW", "includeThoughts": False}, ["reasoning"]),
    ):
        body, dropped = written(request, model)
        typed(body)
        assert (body["generationConfig"]["thinkingConfig"], dropped) == (found, noted)
    assert "generationConfig" not in written(request, "gemini-2.0-flash")[0]


def test_thoughts_that_nobody_wants_to_see_are_not_asked_for() -> None:
    body, _ = written(asks(reasoning=ReasoningAsk(effort="low", show=False)))
    assert body["generationConfig"]["thinkingConfig"] == {"thinkingLevel": "LOW", "includeThoughts": False}


@pytest.mark.parametrize("model", ["gemini-2.0-flash", "gemini-1.5-pro", "gemma-3-27b-it", "gemini-2.5-flash-image"])
def test_a_model_that_does_not_think_says_so(model: str) -> None:
    with pytest.raises(CannotCarry, match="does not think") as caught:
        written(chat(reasoning_effort="high"), model)
    assert caught.value.param == "reasoning_effort"
    assert written(chat(reasoning_effort="high"), model, drop=True)[1] == ["reasoning_effort"]
    assert traits(model) == Traits()


def test_only_newer_models_ask_for_signatures() -> None:
    assert [traits(name).signed for name in (FLASH_25, FLASH_3, PRO_31, "gemini-pro-latest")] == [
        False,
        True,
        True,
        True,
    ]
