"""Streamed answers of Converse, which botocore reads too: whole, cut anywhere, broken off, damaged, hostile."""

import base64
import itertools
import json
from typing import Any

import pytest
from botocore.exceptions import EventStreamError
from hypothesis import given
from hypothesis import strategies as st
from tests import botocore_judge
from tests.bedrock import event, exception, failure, frame, headers

from gatewright.domain.money import Usage
from gatewright.translation.bedrock_converse.provider import PROVIDER
from gatewright.translation.events import (
    Cited,
    Event,
    Failed,
    Finished,
    PartAdded,
    PartEnded,
    ReasoningDelta,
    ReasoningSealed,
    Started,
    TextDelta,
    ToolArguments,
    ToolEnded,
    ToolStarted,
    Unknown,
    Used,
)
from gatewright.translation.model import Citation, Finish, Media

PNG = base64.b64encode(b"\x89PNG").decode()
START = event("messageStart", {"role": "assistant", "p": "abcdefgh"})
METADATA = event(
    "metadata",
    {
        "usage": {
            "inputTokens": 10,
            "outputTokens": 5,
            "totalTokens": 35,
            "cacheReadInputTokens": 8,
            "cacheWriteInputTokens": 12,
            "cacheDetails": [{"ttl": "1h", "inputTokens": 12}],
        },
        "metrics": {"latencyMs": 300},
    },
)
USED = Used(Usage(prompt=30, completion=5, cached=8, cache_write_1h=12))


def delta(index: int, **kinds: Any) -> bytes:
    return event("contentBlockDelta", {"contentBlockIndex": index, "delta": kinds, "p": "ab"})


def start(index: int, **kinds: Any) -> bytes:
    return event("contentBlockStart", {"contentBlockIndex": index, "start": kinds})


def stop(index: int) -> bytes:
    return event("contentBlockStop", {"contentBlockIndex": index})


def end(reason: str = "end_turn", **fields: Any) -> bytes:
    more = {"additionalModelResponseFields": fields} if fields else {}
    return event("messageStop", {"stopReason": reason, **more})


def read(*pieces: bytes, judged: bool = True) -> list[Event]:
    if judged:
        botocore_judge.events(b"".join(pieces))
    reader = PROVIDER.reader()
    return [*itertools.chain.from_iterable(reader.feed(piece) for piece in pieces), *reader.finish()]


EVERYTHING = b"".join(
    (
        START,
        delta(0, reasoningContent={"text": "hm"}),
        delta(0, reasoningContent={"text": ""}),
        delta(0, reasoningContent={"text": ", yes"}),
        delta(0, reasoningContent={"signature": "sig"}),
        delta(0, reasoningContent={"signature": "nature"}),
        stop(0),
        delta(1, reasoningContent={"redactedContent": PNG}),
        stop(1),
        delta(2, text="Hel"),
        delta(2, text=""),
        delta(2, text="lo"),
        delta(
            2,
            citation={
                "title": "T",
                "sourceContent": [{"text": "q"}],
                "location": {"web": {"url": "https://a.example"}},
            },
        ),
        stop(2),
        delta(3, text="Another"),
        stop(3),
        start(4, toolUse={"toolUseId": "t1", "name": "weather"}),
        delta(4, toolUse={"input": ""}),
        delta(4, toolUse={"input": '{"a":'}),
        start(5, toolUse={"toolUseId": "t2", "name": "other"}),
        delta(5, toolUse={"input": "{}"}),
        delta(4, toolUse={"input": "1}"}),
        stop(4),
        stop(5),
        start(6, toolUse={"toolUseId": "t3", "name": "search", "type": "server_tool_use"}),
        delta(6, toolUse={"input": "{}"}),
        stop(6),
        start(7, toolResult={"toolUseId": "t3"}),
        delta(7, toolResult=[{"text": "found"}]),
        stop(7),
        start(8, image={"format": "png"}),
        delta(8, image={"source": {"bytes": PNG}}),
        stop(8),
        end("tool_use"),
        METADATA,
    )
)
WANTED: list[Event] = [
    Started(),
    ReasoningDelta("hm"),
    ReasoningDelta(", yes"),
    ReasoningSealed(signature="signature", origin="bedrock_converse"),
    ReasoningSealed(redacted=PNG, origin="bedrock_converse"),
    TextDelta("Hel"),
    TextDelta("lo"),
    Cited(
        Citation(
            url="https://a.example",
            title="T",
            quote="q",
            raw={"title": "T", "location": {"web": {"url": "https://a.example"}}},
        )
    ),
    PartEnded(),
    TextDelta("Another"),
    PartEnded(),
    ToolStarted(0, "t1", "weather"),
    ToolArguments(0, '{"a":'),
    ToolStarted(1, "t2", "other"),
    ToolArguments(1, "{}"),
    ToolArguments(0, "1}"),
    ToolEnded(0),
    ToolEnded(1),
    Unknown("contentBlockStart"),
    Unknown("contentBlockStart"),
    PartAdded(Media(kind="image", media_type="image/png", data=PNG)),
    USED,
    Finished(Finish.TOOL_CALLS),
]


def test_every_kind_of_event() -> None:
    assert read(EVERYTHING) == WANTED


@given(st.lists(st.integers(0, len(EVERYTHING)), max_size=20))
def test_cut_anywhere(at: list[int]) -> None:
    marks = [0, *sorted(at), len(EVERYTHING)]
    assert read(*(EVERYTHING[start:end] for start, end in itertools.pairwise(marks)), judged=False) == WANTED


def test_which_sequence_stopped_it_and_how_much_was_thought() -> None:
    fields = {"delta": {"stop_sequence": "END"}, "usage": {"output_tokens_details": {"thinking_tokens": 3}}}
    found = read(START, delta(0, text="x"), stop(0), end("stop_sequence", **fields), METADATA)
    assert found[-1] == Finished(Finish.STOP_SEQUENCE, "END")
    assert isinstance(found[-2], Used)
    assert found[-2].usage.reasoning == 3


def test_a_stream_without_metadata_still_ends() -> None:
    assert read(START, delta(0, text="x"), end("max_tokens")) == [Started(), TextDelta("x"), Finished(Finish.LENGTH)]


@pytest.mark.parametrize(
    ("last", "wanted"),
    [
        (exception("throttlingException", "Slow down"), Failed("Slow down", "throttlingException", 429)),
        (exception("validationException", "No"), Failed("No", "validationException", 400)),
        (exception("modelStreamErrorException", "Oh"), Failed("Oh", "modelStreamErrorException", 424)),
        (failure("InternalFailure", "It broke"), Failed("It broke", "InternalFailure", 502)),
    ],
)
def test_the_provider_breaks_off(last: bytes, wanted: Failed) -> None:
    stream = START + delta(0, text="x") + last
    with pytest.raises(EventStreamError, match=wanted.message):
        botocore_judge.events(stream)
    assert read(stream + delta(0, text="y"), judged=False) == [Started(), TextDelta("x"), wanted]


def test_an_exception_that_is_not_known() -> None:
    found = read(exception("newException", "Oh"), judged=False)
    assert found == [Failed("Oh", "newException", 502)]


def test_an_exception_without_words() -> None:
    names = {":exception-type": "internalServerException", ":message-type": "exception"}
    for body in (b"", b"{", b'{"message":1}'):
        (found,) = read(frame(body, headers(names)), judged=False)
        assert found == Failed("The model provider broke off the answer.", "internalServerException", 500)


def test_the_model_wrote_what_could_not_be_read() -> None:
    found = read(START, end("malformed_tool_use"), METADATA)
    assert found[1] == USED
    assert isinstance(found[2], Failed)
    assert found[2].kind == "malformed_tool_use"


@pytest.mark.parametrize("cut", [0, 5, len(START), len(START) + 3])
def test_a_stream_that_ends_early_is_no_answer(cut: int) -> None:
    found = read((START + delta(0, text="x") + stop(0))[:cut], judged=False)
    assert isinstance(found[-1], Failed)
    assert found[-1].kind == "stream_cut"


def test_half_a_frame_after_the_end_of_the_message_is_no_end() -> None:
    found = read(START + end() + METADATA[:-1], judged=False)
    assert isinstance(found[-1], Failed)


def test_what_was_damaged_ends_the_stream_with_an_error() -> None:
    good = START + delta(0, text="x")
    found = read(good + delta(0, text="y")[:-1] + b"\x00" + METADATA, judged=False)
    assert found[:2] == [Started(), TextDelta("x")]
    (failed,) = found[2:]
    assert isinstance(failed, Failed)
    assert failed.kind == "event_stream_broken"


@pytest.mark.parametrize("answer", [b'{"message":"not a stream"}', b"data: {}\n\n" * 9, b"\x00" * 64])
def test_what_is_no_event_stream(answer: bytes) -> None:
    (failed,) = read(answer, judged=False)
    assert isinstance(failed, Failed)


@pytest.mark.parametrize(
    "hostile",
    [
        event("contentBlockDelta", {"contentBlockIndex": 0}),
        event("contentBlockDelta", {"contentBlockIndex": "0", "delta": {"text": "x"}}),
        event("contentBlockDelta", []),
        event("contentBlockStart", {"contentBlockIndex": 0, "start": {"toolUse": {"name": "x"}}}),
        event("messageStop", {}),
        event("metadata", {"usage": {"inputTokens": "many"}}),
        frame(b"{", headers({":message-type": "event", ":event-type": "contentBlockStop"})),
        frame(
            b'{"contentBlockIndex":0,"delta":{"citation":{"location":' + b'{"a":' * 50_000,
            headers({":message-type": "event", ":event-type": "contentBlockDelta"}),
        ),
        frame(
            b'{"contentBlockIndex":0,"delta":{"text":"\xff"}}',
            headers({":message-type": "event", ":event-type": "contentBlockDelta"}),
        ),
    ],
)
def test_a_malformed_event_ends_the_stream_with_an_error(hostile: bytes) -> None:
    found = read(START + hostile + METADATA, judged=False)
    assert found[0] == Started()
    assert isinstance(found[-1], Failed)
    assert found[-1].kind == "event_malformed"


def test_what_is_not_known_is_left_out() -> None:
    strange = frame(b"{}", headers({":message-type": "event"}))
    found = read(
        START + event("somethingNew", {"a": 1}) + strange + delta(0, newKind=1) + end() + METADATA, judged=False
    )
    assert found[1:4] == [Unknown("somethingNew"), Unknown(""), Unknown("contentBlockDelta")]
    assert found[-1] == Finished(Finish.STOP)


def test_a_negative_count_gives_no_money_back() -> None:
    usage = {"inputTokens": -10, "outputTokens": -5, "cacheReadInputTokens": -1}
    found = read(START + end() + event("metadata", {"usage": usage, "metrics": {}}), judged=False)
    assert found[1] == Used(Usage())


def test_blocks_that_never_end_are_bounded() -> None:
    endless = b"".join(start(at, toolUse={"toolUseId": str(at), "name": "x"}) for at in range(1100))
    found = read(endless, judged=False)
    assert isinstance(found[-1], Failed)
    assert len(found) == 1025


def test_a_part_that_never_ends_is_bounded() -> None:
    reader = PROVIDER.reader()
    piece = json.dumps({"contentBlockIndex": 0, "delta": {"reasoningContent": {"signature": "x" * 8_000_000}}}).encode()
    data = frame(piece, headers({":message-type": "event", ":event-type": "contentBlockDelta"}))
    found = [one for _ in range(6) for one in reader.feed(data)]
    assert [type(one) for one in found] == [Failed]


def test_a_text_of_ten_megabytes() -> None:
    data = delta(0, text="x" * 10_000_000)
    reader = PROVIDER.reader()
    found = [one for at in range(0, len(data), 65_536) for one in reader.feed(data[at : at + 65_536])]
    assert [len(one.text) for one in found if isinstance(one, TextDelta)] == [10_000_000]
