"""Events pass whole, whatever pieces they come in, and nothing is lost or kept for long."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.gateway.whole_events import LONGEST_HELD, WholeEvents
from gatewright.translation.dialect import Dialect
from gatewright.translation.registry import passing


def tap() -> WholeEvents:
    return WholeEvents(passing(Dialect.CHAT).tap(False), tuple)


@given(
    st.lists(st.sampled_from([b"data: a", b": x", b"event: e", b"data: {}", b""]), max_size=12),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
    st.lists(st.integers(0, 120), max_size=8),
)
def test_nothing_is_lost_and_nothing_is_halved(lines: list[bytes], end: bytes, cuts: list[int]) -> None:
    whole = b"".join(line + end for line in lines)
    edges = [0, *sorted({min(cut, len(whole)) for cut in cuts}), len(whole)]
    one, sent = tap(), b""
    for start, stop in pairwise(edges):
        piece = one.feed(whole[start:stop])
        sent += piece
        assert whole.startswith(sent)
        assert not piece or piece.endswith((b"\n\n", b"\n\r\n", b"\r\r"))
    assert sent + one.finish() == whole


@pytest.mark.parametrize("blank", [b"\n\n", b"\r\n\r\n", b"\r\r"])
def test_a_blank_line_may_come_in_pieces(blank: bytes) -> None:
    one = tap()
    event = b"data: x" + blank
    pieces = [one.feed(event[at : at + 1]) for at in range(len(event))]
    assert pieces == [b""] * (len(event) - 1) + [event]


def test_a_long_event_is_not_kept() -> None:
    one = tap()
    piece = b"x" * 10_000
    sent = sum(len(one.feed(piece)) for _ in range(200))
    assert 200 * len(piece) - sent <= LONGEST_HELD
    assert len(one.feed(b"\n\n")) + sent == 200 * len(piece) + 2
