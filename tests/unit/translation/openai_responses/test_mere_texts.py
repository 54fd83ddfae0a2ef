"""The short way to a content of mere text says what the long way says, or leaves it to that one."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gatewright.translation.openai_responses.content import mere_texts, read_parts

TEXTS = st.sampled_from(["", " ", "Hello.", "ä\n"])
ANYTHING = st.one_of(st.none(), st.integers(), TEXTS, st.lists(TEXTS, max_size=1))
PARTS = st.fixed_dictionaries(
    {"type": st.one_of(st.sampled_from(["input_text", "output_text", "text", "refusal"]), ANYTHING)},
    optional={
        "text": ANYTHING,
        "refusal": TEXTS,
        "annotations": st.just([]),
        "prompt_cache_breakpoint": st.sampled_from([None, {"ttl": "12h"}]),
    },
)


@given(st.one_of(ANYTHING, st.lists(st.one_of(PARTS, ANYTHING), max_size=4)))
def test_both_ways_say_the_same(content: Any) -> None:
    short = mere_texts(content)
    if short is not None:
        assert short == read_parts(content, "input[0].content")


def test_the_short_way_is_taken() -> None:
    content = [{"type": "input_text", "text": "Hello."}, {"type": "output_text", "text": "There.", "annotations": []}]
    assert mere_texts(content) == read_parts(content, "input[0].content") != ()
