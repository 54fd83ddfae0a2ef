import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gatewright.domain.money import Usage
from gatewright.translation.halves import ProviderError
from gatewright.translation.openai_responses import PASSING, tap
from gatewright.translation.openai_responses.usage import usage_object, usage_of

USED = {
    "input_tokens": 36,
    "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 20},
    "output_tokens": 87,
    "output_tokens_details": {"reasoning_tokens": 64},
    "total_tokens": 123,
}
EXPECTED = Usage(36, 87, cached=8, reasoning=64, cache_write=20)
FORGED = {"type": "response.completed", "response": {"usage": {"input_tokens": 1, "output_tokens": 1}}}


def event(kind: str, **members: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **members})}\n\n".encode()


def response(**members: Any) -> dict[str, Any]:
    return {"id": "resp_1", "object": "response", "output": [], **members}


BEGINNING = (
    event("response.created", response=response(status="in_progress", usage=None))
    + event("response.output_text.delta", delta="It completed.", sequence_number=1)
    + event("response.output_text.delta", delta=f"{json.dumps(FORGED)}\n\n", sequence_number=2)
)
ENDS = {
    "completed": event("response.completed", response=response(status="completed", usage=USED)),
    "incomplete": event("response.incomplete", response=response(status="incomplete", usage=USED)),
    "unnamed": b"data: " + json.dumps({"response": {"usage": USED}, "type": "response.completed"}).encode() + b"\n\n",
    "transcript": event("transcript.text.done", text="Hi", usage={"type": "tokens", **USED}),
    "image": event("image_generation.completed", b64_json="AAAA", usage=USED),
}


def watch(pieces: list[bytes]) -> tuple[bytes, Usage | None, bool, ProviderError | None]:
    found = PASSING.tap(False)
    out = b"".join([*(found.feed(piece) for piece in pieces), found.finish()])
    return out, found.usage, found.done, found.failed


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("end", ENDS)
@given(cuts=st.lists(st.integers(0, 900), max_size=8))
def test_the_end_says_what_was_used_wherever_the_stream_is_cut(end: str, line_end: bytes, cuts: list[int]) -> None:
    stream = (BEGINNING + ENDS[end]).replace(b"\n", line_end)
    bounds = [0, *sorted(cuts), len(stream)]
    pieces = [stream[start:stop] for start, stop in pairwise(bounds)]
    assert watch(pieces) == (stream, EXPECTED, True, None)


def test_nothing_is_known_before_the_end() -> None:
    found = PASSING.tap(False)
    for piece in BEGINNING.splitlines(keepends=True):
        assert found.feed(piece) == piece
        assert (found.usage, found.done) == (None, False)
    found.feed(ENDS["completed"])
    assert (found.usage, found.done) == (EXPECTED, True)


FAILURES = {
    "failed": event("response.failed", response=response(error={"code": "server_error", "message": "Oh"}, usage=USED)),
    "flat": event("error", code="server_error", message="Oh", param=None, sequence_number=3),
    "nested": event("error", error={"type": "x", "code": "server_error", "message": "Oh", "param": None}),
}


@pytest.mark.parametrize("name", FAILURES)
def test_an_error_of_the_provider_is_not_the_end_of_an_answer(name: str) -> None:
    out, usage, done, failed = watch([BEGINNING, FAILURES[name]])
    assert out == BEGINNING + FAILURES[name]
    assert not done
    assert failed == ProviderError("Oh", "server_error", told=True)
    assert usage == (EXPECTED if name == "failed" else None)


def test_an_end_that_nobody_can_keep_is_relayed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tap, "LONGEST_END", 100)
    assert watch([BEGINNING[:50], BEGINNING[50:], ENDS["completed"]])[:3] == (
        BEGINNING + ENDS["completed"],
        None,
        False,
    )


@pytest.mark.parametrize(
    "end",
    [
        b'data: {"type":"response.completed"',
        b"data: completed\n\n",
        b'data: {"type":"response.completed","response":[1]}\n\n',
        b'data: {"type":"response.completed","response":' + b"[" * 100_000 + b"\n\n",
        b'data: {"type":"response.completed\xff"}\n\n',
    ],
)
def test_a_malformed_end_is_relayed(end: bytes) -> None:
    assert watch([BEGINNING, end]) == (BEGINNING + end, None, False, tap.ENDED_EARLY)


def test_a_stream_of_another_kind_may_end_as_it_likes() -> None:
    stream = event("image_generation.partial_image", b64_json="AAAA") + b"data: {}\n\n"
    assert watch([stream]) == (stream, None, False, None)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (USED, EXPECTED),
        ({"input_tokens": 5}, Usage(5, 0)),
        (
            {"input_tokens": 9, "output_tokens": 1, "input_token_details": {"audio_tokens": 9}},
            Usage(9, 1, audio_prompt=9),
        ),
        (
            {
                "input_tokens": 100,
                "input_tokens_details": {
                    "cache_write_tokens": 60,
                    "cache_write_tokens_details": {"ttl_12h_tokens": 20, "ttl_30m_tokens": 40},
                },
            },
            Usage(100, 0, cache_write=40, cache_write_1h=20),
        ),
        (
            {"input_tokens": -5, "output_tokens": 3, "input_tokens_details": {"cached_tokens": 9}},
            Usage(0, 3),
        ),
        ({"input_tokens": 5, "output_tokens": 3, "output_tokens_details": {"reasoning_tokens": 7}}, Usage(5, 3, 0, 3)),
        ({"type": "duration", "seconds": 3}, None),
        ({"input_tokens": 10**30, "output_tokens": 3}, None),
        ({"input_tokens": "5"}, None),
        ([], None),
        (None, None),
    ],
)
def test_usage_of_an_answer(written: Any, expected: Usage | None) -> None:
    assert usage_of(json.dumps({"id": "resp_1", "output": [{"usage": 7}], "usage": written}).encode()) == expected


def test_what_is_no_answer_says_nothing() -> None:
    for body in (b"", b"[]", b"{", b'{"usage":' + b"[" * 100_000, b'{"usage":{"input_tokens":1e999}}'):
        assert usage_of(body) is None


COUNTS = st.integers(0, 10**9)


@given(prompt=COUNTS, completion=COUNTS, cached=COUNTS, written=COUNTS, thought=COUNTS)
def test_usage_is_read_as_it_was_written(prompt: int, completion: int, cached: int, written: int, thought: int) -> None:
    cached = min(cached, prompt)
    usage = Usage(
        prompt,
        completion,
        cached=cached,
        cache_write=min(written, prompt - cached),
        reasoning=min(thought, completion),
    )
    assert usage_of(json.dumps({"usage": usage_object(usage)}).encode()) == usage
