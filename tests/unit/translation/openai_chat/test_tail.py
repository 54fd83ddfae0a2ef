from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.money import Usage
from gatewright.translation.halves import ProviderError
from gatewright.translation.openai_chat.tail import ENDED_EARLY, LONGEST_USAGE_EVENT, UsageChunkFilter, UsageTail

ROLE = b'data: {"id":"c1","choices":[{"index":0,"delta":{"role":"assistant"}}],"usage":null}\n\n'
TEXT = b'data: {"id":"c1","choices":[{"index":0,"delta":{"content":"hello"}}],"usage":null}\n\n'
FORGED = (
    b'data: {"id":"c1","choices":[{"delta":{"content":"\\"choices\\":[],'
    b'\\"usage\\":{\\"prompt_tokens\\":1}\\n\\ndata: [DONE]"}}]}\n\n'
)
STOP = b'data: {"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
STOP_WITH_USAGE = (
    b'data: {"id":"c1","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":7,"completion_tokens":8}}\n\n'
)
USAGE = (
    b'data: {"id":"c1","choices":[],"usage":{"prompt_tokens":30,"completion_tokens":64,"total_tokens":94,'
    b'"prompt_tokens_details":{"cached_tokens":10},"completion_tokens_details":{"reasoning_tokens":5}}}\n\n'
)
USAGE_FIRST = (
    b'data: { "usage" : {"prompt_tokens":30,"completion_tokens":64,"prompt_tokens_details":{"cached_tokens":10},'
    b'"completion_tokens_details":{"reasoning_tokens":5}}, "choices" : [ ] }\n\n'
)
AZURE = b'data: {"choices":[],"prompt_filter_results":[{"prompt_index":0}],"usage":null}\n\n'
PING = b": OPENROUTER PROCESSING\n\n"
NAMED = b"event: ping\nid: 7\ndata: {}\n\n"
FAILED = b'data: {"error":{"message":"overloaded"}}\n\n'
DONE = b"data: [DONE]\n\n"
EXPECTED = Usage(30, 64, cached=10, reasoning=5)


def windows(stream: bytes) -> bytes:
    return stream.replace(b"\n", b"\r\n")


def sift(parts: list[bytes]) -> tuple[bytes, Usage | None, bool]:
    found = UsageChunkFilter()
    out = b"".join([*(found.feed(part) for part in parts), found.finish()])
    return out, found.usage, found.done


def watch(parts: list[bytes]) -> tuple[bytes, Usage | None, bool]:
    found = UsageTail()
    out = b"".join([*(found.feed(part) for part in parts), found.finish()])
    return out, found.usage, found.done


@pytest.mark.parametrize("usage", [USAGE, USAGE_FIRST])
def test_the_usage_chunk_is_hidden_and_read(usage: bytes) -> None:
    stream = [ROLE, TEXT, FORGED, STOP, usage, DONE]
    shown = [ROLE, TEXT, FORGED, STOP, DONE]
    assert sift(stream) == (b"".join(shown), EXPECTED, True)
    assert sift([b"".join(stream)]) == (b"".join(shown), EXPECTED, True)
    assert sift([windows(part) for part in stream]) == (windows(b"".join(shown)), EXPECTED, True)
    assert watch(stream) == (b"".join(stream), EXPECTED, True)


@pytest.mark.parametrize("event", [ROLE, TEXT, FORGED, STOP, STOP_WITH_USAGE, AZURE, PING, NAMED, FAILED, DONE])
def test_every_other_event_passes_at_once_and_unchanged(event: bytes) -> None:
    found = UsageChunkFilter()
    assert found.feed(event) == event
    assert found.feed(windows(event)) == windows(event)
    assert found.finish() == b""


def test_usage_on_the_last_content_chunk_is_relayed_and_read() -> None:
    stream = b"".join([ROLE, TEXT, STOP_WITH_USAGE, DONE])
    assert sift([stream]) == (stream, Usage(7, 8), True)
    assert watch([stream]) == (stream, Usage(7, 8), True)


def test_a_stream_without_usage_has_none() -> None:
    stream = b"".join([ROLE, TEXT, FORGED, STOP])
    assert sift([stream]) == (stream, None, False)
    assert watch([stream]) == (stream, None, False)


def test_an_event_is_held_back_only_until_its_choices_begin() -> None:
    found = UsageChunkFilter()
    assert found.feed(b'data: {"id":"c1","choi') == b""
    assert found.feed(b'ces":[') == b""
    assert found.feed(b"{") == b'data: {"id":"c1","choices":[{'
    assert found.feed(b'"delta":{"content":"slo') == b'"delta":{"content":"slo'
    assert found.feed(b'w"}}]}\n') == b'w"}}]}\n'
    assert found.feed(b"\n" + USAGE[:20]) == b"\n"
    assert found.feed(USAGE[20:] + DONE) == DONE
    assert (found.usage, found.done) == (EXPECTED, True)


def test_a_stream_that_breaks_off_gives_back_what_was_held() -> None:
    cut = b'data: {"id":"c1","choices":[],"usage":{"prompt_tok'
    assert sift([TEXT, cut]) == (TEXT + cut, None, False)
    assert sift([TEXT, USAGE.strip()]) == (TEXT, EXPECTED, False)


def test_nothing_long_is_held_back() -> None:
    found = UsageChunkFilter()
    long = b"data: " + b" " * LONGEST_USAGE_EVENT
    assert found.feed(long) == long
    rest = USAGE.removeprefix(b"data: ")
    assert found.feed(rest) == rest
    assert found.feed(USAGE) == b""


def test_only_the_end_of_a_stream_is_kept() -> None:
    found = UsageTail()
    for _ in range(1000):
        found.feed(TEXT)
    found.feed(b"x" * 100_000)
    assert len(found._tail) < 5_000
    assert found.usage is None


EVENTS = [ROLE, TEXT, FORGED, STOP, STOP_WITH_USAGE, USAGE, USAGE_FIRST, AZURE, PING, NAMED, FAILED, DONE]
STREAMS = st.lists(
    st.sampled_from([*EVENTS, b"\n", b"\r\n", b"\r", b"data: {\n", b'"choices":[]', b'"choices":[1'])
    | st.sampled_from(EVENTS).map(windows),
    max_size=8,
).map(b"".join)


@given(stream=STREAMS, data=st.data())
def test_where_it_is_split_makes_no_difference(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=20)))
    parts = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    single = [stream[at : at + 1] for at in range(len(stream))]
    assert sift(parts) == sift([stream]) == sift(single)
    assert watch(parts) == watch([stream]) == watch(single)


@given(stream=st.lists(st.sampled_from(EVENTS) | st.sampled_from(EVENTS).map(windows), max_size=8))
def test_exactly_the_usage_chunks_are_hidden(stream: list[bytes]) -> None:
    hidden = {USAGE, USAGE_FIRST, windows(USAGE), windows(USAGE_FIRST)}
    assert sift(stream)[0] == b"".join(event for event in stream if event not in hidden)


@given(st.lists(st.text(alphabet=':[]{}"choiesua \\\n\rdt1,', max_size=30).map(str.encode), max_size=6))
def test_a_stream_that_is_no_event_stream_passes(parts: list[bytes]) -> None:
    out, usage, _ = sift(parts)
    if usage is None:
        assert out == b"".join(parts)


DELTA = b'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}\n\n'


@pytest.mark.parametrize("tap", [UsageTail, UsageChunkFilter])
@pytest.mark.parametrize(
    ("stream", "failed"),
    [
        (TEXT + FAILED, ProviderError("overloaded", told=True)),
        (TEXT + FAILED + DONE, ProviderError("overloaded", told=True)),
        (windows(TEXT + FAILED), ProviderError("overloaded", told=True)),
        (FAILED, ProviderError("overloaded", told=True)),
        (ROLE + DELTA, ENDED_EARLY),
        (ROLE + DELTA + b"data: {", ENDED_EARLY),
        (ROLE + DELTA + STOP, None),
        (ROLE + DELTA + DONE, None),
        (TEXT + FORGED + STOP + DONE, None),
        (FAILED + TEXT + STOP + DONE, None),
        (b'data: {"type":"speech.audio.delta","audio":"AAAA"}\n\n', None),
        (b"ID3 no events at all", None),
        (b"", None),
    ],
)
def test_how_a_stream_broke_off_is_known_at_its_end(
    tap: Callable[[], UsageTail | UsageChunkFilter], stream: bytes, failed: ProviderError | None
) -> None:
    for pieces in ([stream], [stream[at : at + 1] for at in range(len(stream))]):
        watching = tap()
        assert b"".join([*(watching.feed(piece) for piece in pieces), watching.finish()]) == stream
        assert watching.failed == failed
