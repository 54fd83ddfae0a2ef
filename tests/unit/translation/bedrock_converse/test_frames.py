"""Event-stream frames: cut anywhere, damaged anywhere, too long; botocore reads what these tests write."""

import contextlib
import itertools

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import example, given
from hypothesis import strategies as st
from tests.bedrock import frame, header, headers, prelude

from gatewright.translation.bedrock_converse.frames import Frame, FrameBroken, Frames, read_headers

TEXTS = {":message-type": "event", ":event-type": "contentBlockDelta", ":content-type": "application/json"}


words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=60).filter(lambda text: len(text.encode()) < 256)
header_sets = st.dictionaries(words, st.text(st.characters(codec="utf-8"), max_size=300), max_size=5)
frame_lists = st.lists(st.tuples(header_sets, st.binary(max_size=400)), max_size=6)


def cut(data: bytes, at: list[int]) -> list[bytes]:
    marks = sorted({0, len(data), *(position % (len(data) + 1) for position in at)})
    return [data[start:end] for start, end in itertools.pairwise(marks)]


@given(frame_lists, st.lists(st.integers(0, 10**6), max_size=12))
def test_frames_cut_anywhere_are_what_botocore_reads(wanted: list[tuple[dict[str, str], bytes]], at: list[int]) -> None:
    stream = b"".join(frame(payload, headers(names)) for names, payload in wanted)
    ours = Frames()
    found = [one for piece in cut(stream, at) for one in ours.feed(piece)]
    judge = EventStreamBuffer()
    judge.add_data(stream)
    assert found == [Frame(one.headers, one.payload) for one in judge]
    assert found == [Frame(names, payload) for names, payload in wanted]
    assert ours.between


def test_byte_by_byte() -> None:
    stream = frame(b'{"a":1}', headers(TEXTS)) * 3
    ours = Frames()
    found = [one for byte in stream for one in ours.feed(bytes([byte]))]
    assert found == [Frame(TEXTS, b'{"a":1}')] * 3
    assert ours.between
    assert list(ours.feed(stream[:20])) == []
    assert not ours.between


@given(st.integers(0, 10**6), st.integers(1, 255))
@example(0, 1)
def test_no_damage_goes_unnoticed(position: int, change: int) -> None:
    good = frame(b'{"contentBlockIndex":0,"delta":{"text":"Hello"}}', headers(TEXTS))
    damaged = bytearray(good)
    damaged[position % len(good)] ^= change
    with pytest.raises(FrameBroken):
        list(Frames().feed(bytes(damaged) + good * 2))


def test_the_frames_before_a_damaged_one_still_count() -> None:
    good = frame(b"one")
    found: list[Frame] = []
    with pytest.raises(FrameBroken, match="damaged"):
        found.extend(Frames().feed(good + good[:-1] + b"\x00"))
    assert [one.payload for one in found] == [b"one"]


def test_a_frame_of_ten_megabytes_in_small_pieces() -> None:
    payload = b"x" * 10_000_000
    stream = frame(payload)
    ours = Frames()
    found = [one for start in range(0, len(stream), 65_536) for one in ours.feed(stream[start : start + 65_536])]
    assert [len(one.payload) for one in found] == [10_000_000]
    assert found[0].payload == payload


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (prelude(17 * 1024 * 1024, 0), "longer than 16777216 bytes"),
        (prelude(0xFFFFFFFF, 0), "longer"),
        (prelude(15, 0), "lengths"),
        (prelude(100, 85), "lengths"),
        (prelude(1_000_000, 200_000), "lengths"),
        (b'{"message":"no stream"}', "no event stream"),
        (b"HTTP/1.1 200 OK\r\n", "no event stream"),
    ],
)
def test_a_wrong_beginning_is_refused_before_its_frame_is_waited_for(start: bytes, words: str) -> None:
    with pytest.raises(FrameBroken, match=words):
        list(Frames().feed(start))


def test_headers_of_every_type_are_skipped_and_strings_kept() -> None:
    values = {
        0: b"",
        1: b"",
        2: b"\x01",
        3: b"\x00\x01",
        4: b"\x00" * 4,
        5: b"\x00" * 8,
        6: b"\x00\x03abc",
        8: b"\x00" * 8,
        9: b"\x00" * 16,
    }
    raw = b"".join(b"\x01%c" % (96 + kind) + bytes([kind]) + value for kind, value in values.items())
    raw += header("kept", "yes")
    assert read_headers(raw) == {"kept": "yes"}
    judge = EventStreamBuffer()
    judge.add_data(frame(b"", raw))
    assert next(judge).headers["kept"] == "yes"


@pytest.mark.parametrize(
    "raw",
    [
        b"\x05ab",
        b"\x01a",
        b"\x01a\x07\x00",
        b"\x01a\x07\x00\x05ab",
        b"\x01a\x09abc",
        b"\x01a\x63",
        b"\x01\xff\x07\x00\x00",
        b"\x01a\x07\x00\x01\xff",
    ],
)
def test_broken_headers(raw: bytes) -> None:
    with pytest.raises(FrameBroken):
        list(Frames().feed(frame(b"", raw)))


@given(st.binary(max_size=64))
def test_any_headers_are_read_or_refused(raw: bytes) -> None:
    with contextlib.suppress(FrameBroken):
        read_headers(raw)


def test_a_stream_of_ever_new_headers_is_not_remembered_for_ever() -> None:
    ours = Frames()
    for number in range(1000):
        (one,) = ours.feed(frame(b"", header("n", str(number))))
        assert one.headers == {"n": str(number)}
    assert len(ours._headers) < 100
