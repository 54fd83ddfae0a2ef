"""Names with `*`: what they match, what they become, and what a key with one may use."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.identity import Role
from gatewright.domain.keys import Principal
from gatewright.domain.model_names import covers, fill, match, specificity, spellings


@pytest.mark.parametrize(
    ("pattern", "name", "found"),
    [
        ("openai/*", "openai/gpt-5", ("gpt-5",)),
        ("openai/*", "openai/", ("",)),
        ("openai/*", "azure/openai/gpt-5", None),
        ("*", "anything/at all", ("anything/at all",)),
        ("*-preview", "gpt-5-preview", ("gpt-5",)),
        ("*-preview", "gpt-5-preview-2", None),
        ("a*a", "a", None),
        ("fo::*::static::*", "fo::bar::static::baz", ("bar", "baz")),
        ("*meta.llama3*", "hello-meta.llama3-70b", ("hello-", "-70b")),
        ("gpt.5", "gptx5", None),
        ("plain", "plain", ()),
        ("plain", "plainer", None),
    ],
)
def test_what_matches(pattern: str, name: str, found: tuple[str, ...] | None) -> None:
    assert match(pattern, name) == found


@given(st.text("ab*", max_size=8), st.text("ab", max_size=12))
def test_it_matches_what_the_regular_expression_matches(pattern: str, name: str) -> None:
    found = match(pattern, name)
    regex = re.escape(pattern).replace(r"\*", "(.*)")
    assert (found is not None) is (re.fullmatch(regex, name) is not None)
    if found is not None:
        pieces = pattern.split("*")
        rest = "".join(part + piece for part, piece in zip(found, pieces[1:], strict=True))
        assert pieces[0] + rest == name


def test_longer_patterns_are_tried_first_as_litellm_measures_them() -> None:
    patterns = ["*", "openai/*mini", "openai/*", "openai/gpt-*", "*/*"]
    assert sorted(patterns, key=specificity, reverse=True) == ["openai/gpt-*", "openai/*mini", "openai/*", "*/*", "*"]


def test_a_hostile_pattern_takes_no_longer_than_the_name_is_long() -> None:
    assert match("*a" * 5000 + "*b", "a" * 100_000) is None


@pytest.mark.parametrize(
    ("model", "asked", "found", "filled"),
    [
        ("*", "openai/gpt-5", ("gpt-5",), "gpt-5"),
        ("fo::*::static::*", "x", ("bar", "baz"), "fo::bar::static::baz"),
        ("gpt-5", "openai/anything", ("anything",), "gpt-5"),
        ("llama-*", "a-b-c", ("a", "c"), "a-b-c"),
        ("*-*", "x", ("one",), "one-*"),
    ],
)
def test_what_the_provider_is_asked_for(model: str, asked: str, found: tuple[str, ...], filled: str) -> None:
    assert fill(model, asked, found) == filled


def test_a_name_that_tells_its_provider_is_spelled_with_it_too() -> None:
    assert spellings("claude-sonnet-5") == ("claude-sonnet-5", "anthropic/claude-sonnet-5")
    assert spellings("openai/gpt-5") == ("openai/gpt-5",)
    assert spellings("house") == ("house",)


def test_a_key_with_a_pattern_may_use_what_it_matches() -> None:
    key = Principal("key", Role.INTERNAL_USER, None, "u", 1, models=frozenset({"openai/gpt-*", "house"}))
    assert [name for name in ("openai/gpt-5", "openai/o3", "house", "houses", "gpt-5") if key.may_use(name)] == [
        "openai/gpt-5",
        "house",
    ]
    assert not covers(["house"], "house")
