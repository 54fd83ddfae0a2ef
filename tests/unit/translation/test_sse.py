from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.translation import sse
from gatewright.translation.sse import MOST_LINES, Events, EventTooLong

STREAM = (
    b'data: {"a":1}\n\n'
    b": a comment\n\n"
    b"event: ping\n\n"
    b'event: delta\ndata: {"b":\ndata:2}\nid: 7\nretry: 10\n\n'
    b"\n\n\n"
    b'data:{"c":3}\n\n'
    b"data:  two spaces\n\n"
    b"data\n\n"
    b"data: [DONE]\n\n"
)
EXPECTED = [
    (b"", b'{"a":1}'),
    (b"delta", b'{"b":\n2}'),
    (b"", b'{"c":3}'),
    (b"", b" two spaces"),
    (b"", b"[DONE]"),
]


def read(pieces: list[bytes], limit: int = 1000) -> list[tuple[bytes, bytes]]:
    events = Events(limit)
    return [*(found for piece in pieces for found in events.feed(piece)), *events.finish()]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
@given(cuts=st.lists(st.integers(0, 200), max_size=12))
def test_a_stream_gives_the_same_events_wherever_it_is_cut(end: bytes, cuts: list[int]) -> None:
    stream = STREAM.replace(b"\n", end)
    bounds = [0, *sorted(cuts), len(stream)]
    pieces = [stream[start:stop] for start, stop in pairwise(bounds)]
    assert read(pieces) == EXPECTED
    assert read([stream[at : at + 1] for at in range(len(stream))]) == EXPECTED


def test_a_byte_order_mark_may_begin_a_stream() -> None:
    assert read([b"\xef\xbb\xbfdata: a\n\n", b"data: b\n\n"]) == [(b"", b"a"), (b"", b"b")]


@pytest.mark.parametrize("rest", [b"data: [DONE]", b"data: [DONE]\n", b"data: [DONE]\r\n"])
def test_the_last_event_needs_no_blank_line(rest: bytes) -> None:
    events = Events()
    assert events.feed(b"data: a\n\n" + rest) == [(b"", b"a")]
    assert events.finish() == [(b"", b"[DONE]")]
    assert events.finish() == []


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_an_event_that_is_too_long_fails(size: int) -> None:
    line = b"data: " + b"x" * 200
    for stream in (line, line + b"\n\n", b"data: a\n\n" + line + b"\n\ndata: b\n\n"):
        with pytest.raises(EventTooLong):
            read([stream[at : at + size] for at in range(0, len(stream), size)], limit=100)


def test_nothing_is_left_of_an_event_that_is_too_long() -> None:
    events = Events(limit=100)
    with pytest.raises(EventTooLong):
        events.feed(b"x" * 101)
    assert events.finish() == []


def test_the_limit_is_for_one_event_not_for_the_stream() -> None:
    assert len(read([b"data: " + b"x" * 50 + b"\n\n"] * 100, limit=60)) == 100


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_bare_line_ends_are_no_events(end: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """A provider that sends nothing else would cost a worker a microsecond for each of them."""
    looked_at: list[bytes] = []
    monkeypatch.setattr(sse, "_fields", looked_at.append)
    events = Events()
    assert events.feed(b"data: a\n\n" + end * 300_000 + b"data: b\n\n" + b": a comment\n\n" * 1000) == [
        (b"", b"a"),
        (b"", b"b"),
    ]
    assert len(looked_at) == 0


@pytest.mark.parametrize("size", [999, 10**9])
def test_an_event_of_endless_lines_fails(size: int) -> None:
    stream = b"data:\n" * (MOST_LINES + 1)
    with pytest.raises(EventTooLong):
        read([(stream + b"\n")[at : at + size] for at in range(0, len(stream) + 1, size)], limit=10**7)
    assert read([stream], limit=10**7) == []
    fewer = b"data:\n" * MOST_LINES
    assert read([fewer + b"\n"], limit=10**7) == read([fewer], limit=10**7) != []
