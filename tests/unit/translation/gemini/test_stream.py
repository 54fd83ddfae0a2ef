"""What Google streams, cut anywhere, and what hostile servers send in its place."""

from itertools import pairwise
from typing import Any

import msgspec
import pytest
from google.genai import types
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translation.gemini.test_answer import GOLDEN, HEAD, SIG, body

from gatewright.domain.money import Usage
from gatewright.translation import events as ev
from gatewright.translation.gemini.provider import PROVIDER
from gatewright.translation.model import Citation, Finish, Media


def sse(*chunks: Any, end: bytes = b"\r\n\r\n") -> bytes:
    """A stream; every event is one that Google's library knows."""
    for chunk in chunks:
        types.GenerateContentResponse.model_validate(chunk)
    return b"".join(b"data: " + msgspec.json.encode(chunk) + end for chunk in chunks)


def read(data: bytes, *cuts: int) -> list[ev.Event]:
    """The events of a stream that arrives in pieces; deltas of one kind that follow each other are one."""
    reader = PROVIDER.reader()
    places = [0, *sorted(min(cut, len(data)) for cut in cuts), len(data)]
    found: list[ev.Event] = []
    for start, end in pairwise(places):
        found += reader.feed(data[start:end])
    return found + reader.finish()


def part(*parts: dict[str, Any], finish: str | None = None, **more: Any) -> dict[str, Any]:
    return body(*parts, finish=finish, **more)


def used(prompt: int, answer: int, thoughts: int = 0) -> dict[str, Any]:
    return {"promptTokenCount": prompt, "candidatesTokenCount": answer, "thoughtsTokenCount": thoughts}


CHUNKS: list[dict[str, Any]] = [
    {**part({"text": "I ", "thought": True}), "usageMetadata": used(9, 0, 2)},
    {**part({"text": "wonder.", "thought": True}), "usageMetadata": used(9, 0, 5)},
    {**part({"text": "Grüße "}), "usageMetadata": used(9, 3, 5)},
    {**part({"text": "\u2028x"}), "usageMetadata": used(9, 3, 5)},
    part({"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": SIG}, {"functionCall": {"name": "g"}}),
    {**part({"text": "", "thoughtSignature": SIG}, finish="STOP"), "usageMetadata": used(9, 8, 5)},
]
EVENTS: list[ev.Event] = [
    ev.Started("r-1_=", "gemini-3-flash"),
    ev.ReasoningDelta("I "),
    ev.Used(Usage(prompt=9, completion=2, reasoning=2)),
    ev.ReasoningDelta("wonder."),
    ev.Used(Usage(prompt=9, completion=5, reasoning=5)),
    ev.PartEnded(),
    ev.TextDelta("Grüße "),
    ev.Used(Usage(prompt=9, completion=8, reasoning=5)),
    ev.TextDelta("\u2028x"),
    ev.ToolStarted(0, "call_r-1__0", "f", SIG),
    ev.ToolArguments(0, '{"a":1}'),
    ev.ToolEnded(0),
    ev.ToolStarted(1, "call_r-1__1", "g"),
    ev.ToolArguments(1, "{}"),
    ev.ToolEnded(1),
    ev.ReasoningSealed(signature=SIG, origin="gemini"),
    ev.Used(Usage(prompt=9, completion=13, reasoning=5)),
    ev.Finished(Finish.TOOL_CALLS),
]


@given(st.lists(st.integers(0, 3000), max_size=12), st.sampled_from([b"\n\n", b"\r\n\r\n", b"\r\r"]))
def test_a_stream_cut_anywhere_says_the_same(cuts: list[int], end: bytes) -> None:
    assert read(sse(*CHUNKS, end=end), *cuts) == EVENTS


def test_a_stream_byte_by_byte_says_the_same() -> None:
    data = sse(*CHUNKS)
    assert read(data, *range(len(data))) == EVENTS


@pytest.mark.parametrize("answer", [one[1] for one in GOLDEN], ids=[one[0] for one in GOLDEN])
def test_a_whole_answer_as_the_one_event_of_a_stream(answer: dict[str, Any]) -> None:
    """Google streams short answers so; both ways are read by the same rules."""
    whole = PROVIDER.read(msgspec.json.encode(answer))
    events = read(sse(answer))
    assert events[-1] == ev.Finished(whole.finish)
    assert "".join(one.text for one in events if isinstance(one, ev.TextDelta)) == "".join(
        getattr(one, "text", "") for one in whole.parts if type(one).__name__ == "Text"
    )


def test_every_event_may_name_a_reason_and_the_last_one_counts() -> None:
    events = read(
        sse(part({"text": "a"}, finish="STOP"), part({"text": "b"}, finish="STOP"), part(finish="MAX_TOKENS"))
    )
    assert [one for one in events if not isinstance(one, ev.Started)] == [
        ev.TextDelta("a"),
        ev.TextDelta("b"),
        ev.Finished(Finish.LENGTH),
    ]


def test_a_blocked_prompt_ends_as_filtered_with_what_it_cost() -> None:
    blocked = {**HEAD, "promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 9}}
    assert read(sse(blocked)) == [
        ev.Started("r-1_=", "gemini-3-flash"),
        ev.Used(Usage(prompt=9)),
        ev.Finished(Finish.CONTENT_FILTER),
    ]


def test_an_answer_that_is_filtered_in_the_middle() -> None:
    events = read(sse(part({"text": "How to"}), {**HEAD, "candidates": [{"finishReason": "SAFETY", "index": 0}]}))
    assert events[-1] == ev.Finished(Finish.CONTENT_FILTER)


def test_sources_come_after_the_text_and_before_its_seal() -> None:
    grounding = {
        "groundingChunks": [{"web": {"uri": "https://a.example", "title": "A"}}],
        "groundingSupports": [{"segment": {"startIndex": 4, "endIndex": 9}, "groundingChunkIndices": [0]}],
    }
    last = part({"text": "c.", "thoughtSignature": SIG}, finish="STOP", groundingMetadata=grounding)
    events = read(sse(part({"text": "éa b"}), last))
    assert events[2:] == [
        ev.TextDelta("c."),
        ev.Cited(Citation(url="https://a.example", title="A")),
        ev.ReasoningSealed(signature=SIG, origin="gemini"),
        ev.Finished(Finish.STOP),
    ]
    inside = {**grounding, "groundingSupports": [{"segment": {"endIndex": 3}, "groundingChunkIndices": [0]}]}
    cited = [one for one in read(sse(part({"text": "éa b"}, groundingMetadata=inside))) if isinstance(one, ev.Cited)]
    assert cited == [ev.Cited(Citation(url="https://a.example", title="A", start=0, end=2))]


def test_images_and_what_nobody_knows() -> None:
    image = {"inlineData": {"mimeType": "image/png", "data": "AA=="}}
    events = read(
        sse(
            part({"text": "drawing", "thought": True}, {**image, "thought": True}),
            part({**image, "thoughtSignature": SIG}, {"executableCode": {"code": "1"}}, finish="STOP"),
        )
    )
    assert events[1:] == [
        ev.ReasoningDelta("drawing"),
        ev.Unknown("part"),
        ev.PartEnded(),
        ev.PartAdded(Media(kind="image", media_type="image/png", data="AA==")),
        ev.Unknown("part"),
        ev.Finished(Finish.STOP),
    ]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", "incomplete"),
        (b"not a stream", "incomplete"),
        (b'[{"error":{"code":500,"message":"m"}}]', "incomplete"),
        (b"data: [DONE]\n\n", "bad_stream"),
        (b"data: \xff\n\n", "bad_stream"),
        (b'data: {"candidates":7}\n\n', "bad_stream"),
        (b'data: {"candidates":[{"content":{"parts":[{"functionCall":{"name":"f","args":"x"}}]}}]}\n\n', "bad_stream"),
        (b'data: {"x":' + b"[" * 100_000 + b"\n\n", "bad_stream"),
        (b"data: " + b"x" * (9 * 1024 * 1024), "bad_stream"),
        (b'data: {"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}\n\n', "UNAVAILABLE"),
        (b'data: {"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]}\n\n', "MALFORMED_FUNCTION_CALL"),
        (b'data: {"candidates":[{"content":{"parts":[{"text":"cut o', "bad_stream"),
        (b'data: {"candidates":[{"content":{"parts":[{"text":"cut"}]}}]}\n\n', "incomplete"),
    ],
    ids=range(13),
)
def test_a_stream_that_is_none_fails_once_and_last(data: bytes, kind: str) -> None:
    events = read(data)
    assert [one.kind for one in events if isinstance(one, ev.Failed)] == [kind]
    assert isinstance(events[-1], ev.Failed)


@pytest.mark.parametrize("data", [b"data: {]\n\n", b'data: {"error":{"message":"m"}}\n\n', b"x" * (9 * 1024 * 1024)])
def test_nothing_is_read_after_a_failure(data: bytes) -> None:
    reader = PROVIDER.reader()
    assert isinstance(reader.feed(data)[-1], ev.Failed)
    assert reader.feed(sse(part({"text": "more"}, finish="STOP"))) == []
    assert reader.finish() == []


@given(st.lists(st.binary(max_size=60), max_size=6))
def test_no_bytes_do_more_than_fail(pieces: list[bytes]) -> None:
    reader = PROVIDER.reader()
    events = [one for piece in pieces for one in reader.feed(b"data: " + piece)] + reader.finish()
    assert isinstance(events[-1], ev.Failed)
