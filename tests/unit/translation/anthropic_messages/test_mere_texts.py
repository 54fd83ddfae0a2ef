"""The short way to a content of mere text says what the long way says, or leaves it to that one."""

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from gatewright.translation.anthropic_messages.block_reader import BlockReader, mere_texts
from gatewright.translation.anthropic_messages.wire import Block

TEXTS = st.sampled_from(["", " ", "Hello.", "ä\n"])
BLOCKS = st.fixed_dictionaries(
    {"type": st.just("text")},
    optional={
        "text": st.one_of(st.none(), TEXTS),
        "citations": st.sampled_from([None, [], [{"type": "char_location", "cited_text": "a"}]]),
        "cache_control": st.sampled_from([None, {"type": "ephemeral"}]),
    },
)
THOUGHTS = st.just({"type": "thinking", "thinking": "Hm.", "signature": "s"})


@given(st.one_of(TEXTS, st.lists(st.one_of(BLOCKS, THOUGHTS), max_size=4)))
def test_both_ways_say_the_same(content: Any) -> None:
    read = msgspec.convert(content, str | list[Block])
    short = mere_texts(read)
    if short is not None:
        assert short == BlockReader(lambda _: None).read(read, "messages.0.content")


def test_the_short_way_is_taken() -> None:
    read = [Block("text", "Hello."), Block("text", "There.")]
    assert mere_texts(read) == BlockReader(lambda _: None).read(read, "messages.0.content") != ()
