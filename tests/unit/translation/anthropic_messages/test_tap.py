"""Usage out of native streams, which keep every byte."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.money import Usage
from gatewright.translation.anthropic_messages import PASSING
from gatewright.translation.anthropic_messages.tap import ENDED_EARLY, MOST_KEPT, MessageTap
from gatewright.translation.halves import ProviderError

INPUT = {
    "input_tokens": 100,
    "cache_creation_input_tokens": 300,
    "cache_read_input_tokens": 5000,
    "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 200},
    "output_tokens": 1,
    "service_tier": "standard",
}
OUTPUT = {"output_tokens": 503, "output_tokens_details": {"thinking_tokens": 400}}
USED = Usage(prompt=5400, completion=503, cached=5000, reasoning=400, cache_write=100, cache_write_1h=200)


def event(name: str, pad: str = "", **members: Any) -> bytes:
    """As Anthropic writes it: padded with spaces here and there."""
    body = json.dumps({"type": name, **members}, separators=(",", ":"))
    return f"event: {name}\ndata: {body[:-1]}{pad}}}\n\n".encode()


def delta(text: str) -> bytes:
    return event("content_block_delta", index=0, delta={"type": "text_delta", "text": text})


MESSAGE = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "usage": INPUT}
START = event("message_start", message=MESSAGE)
END = event("message_delta", delta={"stop_reason": "end_turn", "stop_sequence": None}, usage=OUTPUT)
STOP = event("message_stop", pad="       ")
STREAM = (
    START
    + event("ping")
    + event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    + delta("Hello ")
    + delta('event: message_stop\ndata: {"type":"error"}\n\n error')
    + event("content_block_stop", index=0)
    + END
    + STOP
)


def fed(data: bytes, cuts: list[int]) -> MessageTap:
    tap = MessageTap()
    at, relayed = 0, b""
    for cut in [*sorted(cuts), len(data)]:
        relayed += tap.feed(data[at:cut])
        at = cut
    assert relayed + tap.finish() == data
    return tap


@given(st.lists(st.integers(0, len(STREAM))), st.sampled_from([b"\n", b"\r\n"]))
def test_every_byte_passes_and_the_usage_is_found_however_it_is_cut(cuts: list[int], line_end: bytes) -> None:
    tap = fed(STREAM.replace(b"\n", line_end), cuts)
    assert tap.usage == USED
    assert tap.done
    assert tap.failed is None


def test_the_end_is_known_as_soon_as_it_is_there() -> None:
    tap, seen = MessageTap(), []
    for data in (STREAM.removesuffix(STOP), STOP):
        tap.feed(data)
        seen.append(tap.done)
    assert seen == [False, True]
    assert tap.usage == USED


@given(st.integers(0, len(STREAM) - len(STOP)))
def test_what_broke_off_is_not_done_and_owes_what_was_said(end: int) -> None:
    tap = fed(STREAM[:end], [])
    assert not tap.done
    assert tap.failed == ENDED_EARLY
    if end >= len(START):
        assert tap.usage is not None
        assert tap.usage.prompt == 5400


def test_a_text_that_looks_like_the_end_is_none() -> None:
    tap = fed(STREAM.removesuffix(END + STOP), [])
    assert not tap.done
    assert tap.failed == ENDED_EARLY
    assert tap.usage is not None
    assert tap.usage.completion == 1


def test_an_error_of_the_providers_own() -> None:
    broken = START + delta("Hel") + event("error", error={"type": "overloaded_error", "message": "Overloaded"})
    tap = fed(broken, [len(broken) - 30])
    assert tap.failed == ProviderError("Overloaded", "overloaded_error", told=True)
    assert not tap.done
    assert fed(START + b"event: error\ndata: oh no\n\n", []).failed == ENDED_EARLY
    assert fed(START + event("error", error=None), []).failed == ProviderError("", told=True)


def test_later_counts_replace_earlier_ones() -> None:
    grown = event(
        "message_delta", delta={}, usage={"output_tokens": 9, "cache_read_input_tokens": 7, "input_tokens": 2}
    )
    tap = fed(START + END + grown + STOP, [])
    assert tap.usage is not None
    assert (tap.usage.prompt, tap.usage.cached, tap.usage.completion) == (2 + 7 + 300, 7, 9)


def test_a_long_stream_is_not_kept() -> None:
    tap = MessageTap()
    tap.feed(START)
    for _ in range(200):
        tap.feed(delta("x" * 1000))
        assert sum(map(len, tap._pieces)) <= MOST_KEPT
    tap.feed(END)
    tap.feed(STOP)
    assert tap.usage == USED


@pytest.mark.parametrize(
    "junk", [b"", b"\n" * 100_000, b"event: message_start\ndata: " + b"[" * 200_000 + b"\n\n", b"\xff"]
)
def test_what_is_no_stream_of_this_api_harms_nothing(junk: bytes) -> None:
    tap = fed(junk, [len(junk) // 2])
    assert tap.usage is None
    assert not tap.done


def test_usage_of_complete_answers() -> None:
    assert PASSING.usage(json.dumps({"usage": {**INPUT, **OUTPUT}}).encode()) == USED
    assert PASSING.usage(b'{"input_tokens": 14}') == Usage()
    assert PASSING.usage(b'{"type":"message"}') is None
    assert PASSING.usage(b'{"usage":{}}') is None
    assert PASSING.usage(b"[" * 100_000) is None
    assert PASSING.usage(b'{"usage":{"input_tokens":"9"}}') is None


counts = st.none() | st.integers(-(2**40), 2**40)


@given(counts, counts, counts, counts, counts, counts, counts)
def test_no_count_is_negative_and_no_part_is_more_than_the_whole(
    fresh: int | None,
    written: int | None,
    read: int | None,
    short: int | None,
    hour: int | None,
    output: int | None,
    thought: int | None,
) -> None:
    wire = {
        "input_tokens": fresh,
        "cache_creation_input_tokens": written,
        "cache_read_input_tokens": read,
        "cache_creation": {"ephemeral_5m_input_tokens": short, "ephemeral_1h_input_tokens": hour},
        "output_tokens": output,
        "output_tokens_details": {"thinking_tokens": thought or 0},
    }
    usage = PASSING.usage(json.dumps({"usage": wire}).encode())
    if usage is None:
        assert (
            fresh is None is output
            or max(number or 0 for number in (fresh, written, read, short, hour, output)) > 10**8
        )
        return
    assert min(usage.prompt, usage.completion, usage.cached, usage.reasoning) >= 0
    assert min(usage.cache_write, usage.cache_write_1h) >= 0
    assert usage.cached + usage.cache_write + usage.cache_write_1h <= usage.prompt
    assert usage.reasoning <= usage.completion
