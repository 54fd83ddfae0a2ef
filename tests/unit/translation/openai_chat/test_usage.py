"""Token counts, from all the names that servers have for them and back."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types import CompletionUsage

from gatewright.domain.money import MOST_SEARCHES, Usage, WideUsage
from gatewright.translation.counts import MOST
from gatewright.translation.openai_chat.usage import usage_object, usage_of, written_usage

COUNTS = {"prompt_tokens": 100, "completion_tokens": 20}


def read(**members: Any) -> Usage | None:
    return usage_object(json.dumps(COUNTS | members).encode())


def test_every_count_has_its_place() -> None:
    found = read(
        total_tokens=120,
        prompt_tokens_details={"cached_tokens": 40, "audio_tokens": 7, "cache_write_tokens": 30, "text_tokens": 1},
        completion_tokens_details={"reasoning_tokens": 15, "audio_tokens": 3, "accepted_prediction_tokens": 1},
    )
    assert found == Usage(
        100, 20, cached=40, reasoning=15, cache_write=30, cache_write_1h=0, audio_prompt=7, audio_completion=3
    )


@pytest.mark.parametrize(
    "members",
    [
        {"prompt_tokens_details": {"cached_tokens": 40}},
        {"prompt_cache_hit_tokens": 40, "prompt_cache_miss_tokens": 60},
        {"cached_tokens": 40},
        {"cache_read_input_tokens": 40},
        {"prompt_tokens_details": None, "cached_tokens": 40},
    ],
)
def test_what_was_read_from_a_cache_has_many_names(members: dict[str, Any]) -> None:
    assert read(**members) == Usage(100, 20, cached=40)


@pytest.mark.parametrize(
    "members",
    [
        {"prompt_tokens_details": {"cache_write_tokens": 30}},
        {"prompt_tokens_details": {"cache_creation_tokens": 30}},
        {"cache_creation_input_tokens": 30},
    ],
)
def test_what_was_written_to_a_cache_has_many_names(members: dict[str, Any]) -> None:
    assert read(**members) == Usage(100, 20, cache_write=30)


def test_writes_for_an_hour_are_told_apart() -> None:
    details = {"cache_creation_tokens": 30, "cache_creation_token_details": {"ephemeral_1h_input_tokens": 10}}
    assert read(prompt_tokens_details=details) == Usage(100, 20, cache_write=20, cache_write_1h=10)


NUMBERS = st.integers(-(10**30), 10**30) | st.none()


@given(
    prompt=NUMBERS,
    completion=NUMBERS,
    inside=st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("cached_tokens", "audio_tokens", "cache_write_tokens"), NUMBERS)
    ),
    hour=NUMBERS,
    spent=st.fixed_dictionaries({}, optional=dict.fromkeys(("reasoning_tokens", "audio_tokens"), NUMBERS)),
)
def test_no_count_is_negative_nor_larger_than_its_whole(
    prompt: int | None, completion: int | None, inside: dict[str, Any], hour: int | None, spent: dict[str, Any]
) -> None:
    details = {**inside, "cache_creation_token_details": {"ephemeral_1h_input_tokens": hour}}
    found = read(
        prompt_tokens=prompt,
        completion_tokens=completion,
        prompt_tokens_details=details,
        completion_tokens_details=spent,
    )
    if prompt is None and completion is None:
        assert found is None
        return
    assert found is not None
    assert all(0 <= count <= MOST for count in msgspec.structs.astuple(found))
    assert found.cached + found.cache_write + found.cache_write_1h <= found.prompt
    assert found.audio_prompt <= found.prompt
    assert found.audio_completion <= found.completion


@pytest.mark.parametrize(
    "text",
    [b"", b"null", b"{}", b"[]", b'{"prompt_tokens":"1"}', b'{"prompt_tokens":1.5}', b"\xff", b'{"a":' * 5000],
)
def test_what_is_no_usage_is_none(text: bytes) -> None:
    assert usage_object(text) is None
    assert usage_of(b'{"usage":%b}' % text) is None


TOKENS = st.integers(0, 10_000)


@given(st.lists(TOKENS, min_size=8, max_size=8))
def test_what_is_written_is_read_the_same(counts: list[int]) -> None:
    fresh, cached, short, long, sound, said, thought, spoken = counts
    usage = Usage(
        prompt=fresh + cached + short + long + sound,
        completion=said + spoken + thought,
        cached=cached,
        reasoning=thought,
        cache_write=short,
        cache_write_1h=long,
        audio_prompt=sound,
        audio_completion=spoken,
    )
    written = written_usage(usage)
    CompletionUsage.model_validate(written, strict=True)
    assert written["total_tokens"] == usage.prompt + usage.completion
    assert usage_object(json.dumps(written).encode()) == usage


XAI = {"prompt_tokens": 32, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 94}}


@pytest.mark.parametrize(
    ("wire", "usage"),
    [
        # xAI counts thought apart, as its total says; OpenAI among the output; Perplexity at the top.
        ({**XAI, "total_tokens": 135}, Usage(32, 103, reasoning=94)),
        (XAI, Usage(32, 103, reasoning=94)),
        (
            {**XAI, "completion_tokens": 95, "total_tokens": 127},
            Usage(32, 95, reasoning=94),
        ),
        ({"prompt_tokens": 3, "completion_tokens": 9, "reasoning_tokens": 5}, Usage(3, 9, reasoning=5)),
        (
            {"prompt_tokens": 3, "completion_tokens": 9, "num_search_queries": 4, "citation_tokens": 50},
            WideUsage(3, 9, searches=4, citations=50),
        ),
        (
            {"prompt_tokens": 3, "completion_tokens": 9, "num_search_queries": 10**15},
            WideUsage(3, 9, searches=MOST_SEARCHES),
        ),
        (
            {
                "prompt_tokens": 3,
                "completion_tokens": 9,
                "prompt_tokens_details": {"image_tokens": 2},
                "completion_tokens_details": {"image_tokens": 70},
            },
            WideUsage(3, 9, image_prompt=2, image_completion=9),
        ),
    ],
)
def test_what_providers_count_in_ways_of_their_own(wire: dict[str, object], usage: Usage) -> None:
    assert usage_object(json.dumps(wire).encode()) == usage


def test_litellms_names_stand_beside_openais() -> None:
    written = written_usage(Usage(100, 20, cached=40, cache_write=10, cache_write_1h=20))
    assert (written["cache_creation_input_tokens"], written["cache_read_input_tokens"]) == (30, 40)
    assert written["prompt_tokens_details"]["cache_write_tokens"] == 30
    assert "cache_creation_input_tokens" not in written_usage(Usage(100, 20, cached=40))
