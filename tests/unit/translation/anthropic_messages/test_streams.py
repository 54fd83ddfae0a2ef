"""Streamed answers, both ways, judged by Anthropic's own library."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translation.anthropic_messages.judge import accept_events, accumulated
from tests.unit.translation.anthropic_messages.test_tap import END, START, STOP, STREAM, USED, delta, event

from gatewright.domain.money import Usage
from gatewright.translation import events as ev
from gatewright.translation.anthropic_messages.client import CLIENT
from gatewright.translation.anthropic_messages.provider import PROVIDER
from gatewright.translation.model import (
    Answer,
    Citation,
    Finish,
    Heading,
    Media,
    Part,
    Reasoning,
    Request,
    Text,
    ToolCall,
)

HEADING = Heading("req-0123abcd", "public-name", 1_700_000_000, Request(messages=()))
OURS = "anthropic_messages"
STARTED = ev.Started("chatcmpl-1", "real-model")


def written(*events: ev.Event, batch: int = 1) -> bytes:
    writer = CLIENT.writer(HEADING)
    out = b"".join(writer.write(list(events[at : at + batch])) for at in range(0, len(events), batch))
    return out + writer.finish()


def blocks(stream: bytes) -> list[dict[str, Any]]:
    return [block.to_dict() for block in accumulated(stream).content]


def names(stream: bytes) -> list[str]:
    return [event.type.removeprefix("content_block_") for event in accept_events(stream)][1:-2]


def read(data: bytes, cuts: tuple[int, ...] = ()) -> list[ev.Event]:
    reader = PROVIDER.reader()
    found, at = [], 0
    for cut in [*sorted(cuts), len(data)]:
        found += reader.feed(data[at:cut])
        at = cut
    return found + reader.finish()


# ---- for clients


def test_a_text() -> None:
    used = Usage(prompt=10, completion=5, cached=3)
    stream = written(
        STARTED, ev.TextDelta("Hel"), ev.TextDelta("lo\n\n"), ev.PartEnded(), ev.Used(used), ev.Finished(Finish.STOP)
    )
    message = accumulated(stream)
    assert message.id == "msg_0123abcd"
    assert message.model == "public-name"
    assert message.stop_reason == "end_turn"
    assert (message.usage.input_tokens, message.usage.cache_read_input_tokens, message.usage.output_tokens) == (7, 3, 5)
    assert blocks(stream) == [{"type": "text", "text": "Hello\n\n"}]
    assert names(stream) == ["start", "delta", "delta", "stop"]


def test_thoughts_and_calls() -> None:
    stream = written(
        STARTED,
        ev.ReasoningDelta("h"),
        ev.ReasoningDelta("m"),
        ev.ReasoningSealed(signature="c2ln", origin=OURS),
        ev.ReasoningSealed(redacted="ZGF0YQ==", origin=OURS),
        ev.TextDelta("Let me see."),
        ev.ToolStarted(0, "call_1", "weather"),
        ev.ToolArguments(0, '{"city":'),
        ev.ToolArguments(0, ' "Bonn"}'),
        ev.ToolStarted(1, "call_2", "time"),
        ev.ToolArguments(1, ""),
        ev.ToolEnded(0),
        ev.ToolEnded(1),
        ev.Finished(Finish.TOOL_CALLS),
    )
    assert blocks(stream) == [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "ZGF0YQ=="},
        {"type": "text", "text": "Let me see."},
        {"type": "tool_use", "id": "call_1", "name": "weather", "input": {"city": "Bonn"}},
        {"type": "tool_use", "id": "call_2", "name": "time", "input": {}},
    ]
    assert names(stream) == [
        *("start", "delta", "delta", "delta", "stop"),
        *("start", "stop"),
        *("start", "delta", "stop"),
        *("start", "delta", "delta", "stop"),
        *("start", "stop"),
    ]
    assert accumulated(stream).stop_reason == "tool_use"


def test_calls_whose_arguments_are_mixed() -> None:
    stream = written(
        STARTED,
        ev.ToolStarted(0, "a", "f"),
        ev.ToolArguments(0, '{"x":'),
        ev.ToolStarted(1, "b", "g"),
        ev.ToolArguments(1, '{"y":'),
        ev.ToolArguments(0, "1}"),
        ev.ToolArguments(1, "2}"),
        ev.TextDelta("Done."),
        ev.Finished(Finish.STOP),
    )
    assert [block.get("input") for block in blocks(stream)] == [{"x": 1}, {"y": 2}, None]
    assert accumulated(stream).stop_reason == "tool_use"


def test_sources() -> None:
    stream = written(
        STARTED,
        ev.TextDelta("so"),
        ev.Cited(Citation(url="https://example.com", title="Example", quote="q")),
        ev.Cited(Citation(title="nowhere")),
        ev.Finished(Finish.STOP),
    )
    (block,) = blocks(stream)
    assert [one["url"] for one in block["citations"]] == ["https://example.com"]


def test_parts_of_one_kind_that_follow_each_other_are_two() -> None:
    stream = written(STARTED, ev.TextDelta("a"), ev.PartEnded(), ev.TextDelta("b"), ev.Finished(Finish.STOP))
    assert [block["text"] for block in blocks(stream)] == ["a", "b"]


def test_what_the_api_cannot_carry_is_said() -> None:
    image = Media(kind="image", media_type="image/png", data="AAAA")
    stream = written(STARTED, ev.TextDelta("Look:"), ev.PartAdded(image), ev.Unknown("x"), ev.Finished(Finish.STOP))
    assert len(blocks(stream)) == 2
    assert "image/png" in blocks(stream)[1]["text"]


@pytest.mark.parametrize("reason", list(Finish))
def test_an_answer_without_content(reason: Finish) -> None:
    assert accumulated(written(ev.Finished(reason, "X"))).stop_sequence == "X"
    assert accumulated(CLIENT.writer(HEADING).finish()).content == []


@pytest.mark.parametrize(
    "sealed",
    [
        ev.ReasoningSealed(signature="by Google", origin="gemini"),
        ev.ReasoningSealed(redacted="gAAAA", id="rs_1", origin="openai_responses"),
        ev.ReasoningSealed(id="rs_1", origin="openai_responses"),
    ],
)
@pytest.mark.parametrize("text", ["", "hm"])
def test_a_streamed_seal_is_the_one_of_a_whole_answer(sealed: ev.ReasoningSealed, text: str) -> None:
    said = [ev.ReasoningDelta(text)] if text else []
    stream = written(STARTED, *said, sealed, ev.Finished(Finish.STOP))
    part = Reasoning(
        text=text, signature=sealed.signature, redacted=sealed.redacted, id=sealed.id, origin=sealed.origin
    )
    whole = json.loads(CLIENT.write(Answer(parts=(part,), finish=Finish.STOP), HEADING))
    assert blocks(stream) == whole["content"]


def test_a_sealed_call() -> None:
    stream = written(STARTED, ev.ToolStarted(0, "a", "f", "by Google"), ev.ToolEnded(0), ev.Finished(Finish.STOP))
    part = ToolCall(id="a", name="f", signature="by Google")
    whole = json.loads(CLIENT.write(Answer(parts=(part,), finish=Finish.STOP), HEADING))
    assert blocks(stream) == whole["content"]


# ---- of providers


def test_what_a_provider_streams() -> None:
    found = read(STREAM)
    assert found[0] == ev.Started("msg_1", "m")
    assert [one for one in found if not isinstance(one, ev.Used)][1:] == [
        ev.TextDelta("Hello "),
        ev.TextDelta('event: message_stop\ndata: {"type":"error"}\n\n error'),
        ev.PartEnded(),
        ev.Finished(Finish.STOP),
    ]
    assert found[-2] == ev.Used(USED)
    assert isinstance(found[1], ev.Used)
    assert found[1].usage.prompt == 5400


def block(index: int, kind: dict[str, Any], *deltas: dict[str, Any]) -> bytes:
    pieces = [event("content_block_delta", index=index, delta=one) for one in deltas]
    start = event("content_block_start", index=index, content_block=kind)
    return start + b"".join(pieces) + event("content_block_stop", index=index)


def test_blocks_of_all_kinds() -> None:
    cited = {"type": "char_location", "cited_text": "a", "document_title": "T"}
    stream = (
        START
        + block(
            0,
            {"type": "thinking", "thinking": "", "signature": ""},
            {"type": "thinking_delta", "thinking": "hm"},
            {"type": "signature_delta", "signature": "c2ln"},
        )
        + block(1, {"type": "redacted_thinking", "data": "ZGF0YQ=="})
        + block(2, {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}, {"type": "x_delta"})
        + block(3, {"type": "text", "text": "a"}, {"type": "citations_delta", "citation": cited}, {"type": "new_delta"})
        + block(
            4,
            {"type": "tool_use", "id": "t1", "name": "f", "input": {}},
            {"type": "input_json_delta", "partial_json": ""},
            {"type": "input_json_delta", "partial_json": '{"a":1}'},
        )
        + block(5, {"type": "tool_use", "id": "t2", "name": "g", "input": {}})
        + block(6, {"type": "tool_use", "id": "t3", "name": "h", "input": {"whole": True}})
        + event("event_of_tomorrow", index=7)
        + event(
            "message_delta", delta={"stop_reason": "stop_sequence", "stop_sequence": "X"}, usage={"output_tokens": 1}
        )
        + STOP
    )
    assert [one for one in read(stream) if not isinstance(one, ev.Used | ev.Started)] == [
        ev.ReasoningDelta("hm"),
        ev.ReasoningSealed(signature="c2ln", origin=OURS),
        ev.ReasoningSealed(redacted="ZGF0YQ==", origin=OURS),
        ev.Unknown("server_tool_use"),
        ev.TextDelta("a"),
        ev.Cited(Citation(title="T", quote="a", raw=cited)),
        ev.Unknown("new_delta"),
        ev.PartEnded(),
        ev.ToolStarted(0, "t1", "f"),
        ev.ToolArguments(0, '{"a":1}'),
        ev.ToolEnded(0),
        ev.ToolStarted(1, "t2", "g"),
        ev.ToolEnded(1),
        ev.ToolStarted(2, "t3", "h"),
        ev.ToolArguments(2, '{"whole":true}'),
        ev.ToolEnded(2),
        ev.Unknown("event_of_tomorrow"),
        ev.Finished(Finish.STOP_SEQUENCE, "X"),
    ]


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_how_a_stream_is_cut_changes_nothing(cuts: list[int]) -> None:
    assert read(STREAM, tuple(cuts)) == read(STREAM)


@given(st.integers(0, len(STREAM) - len(STOP) - len(END)))
def test_a_stream_that_breaks_off_failed(end: int) -> None:
    last = read(STREAM[:end])[-1]
    assert isinstance(last, ev.Failed)
    assert last.status == 502


def test_a_stream_that_said_why_it_ends_is_whole() -> None:
    assert read(STREAM.removesuffix(STOP))[-1] == ev.Finished(Finish.STOP)


@pytest.mark.parametrize(("kind", "status"), [("overloaded_error", 529), ("rate_limit_error", 429), ("odd", 502)])
def test_an_error_of_the_providers_own(kind: str, status: int) -> None:
    stream = START + delta("a") + event("error", error={"type": kind, "message": "Oh."}) + delta("b") + STOP
    assert read(stream)[-1] == ev.Failed("Oh.", kind, status)


@pytest.mark.parametrize(
    "junk",
    [
        b"data: {\n\n",
        b'data: {"type":5}\n\n',
        b"data: " + b"[" * 100_000 + b"\n\n",
        b'data: {"type":"content_block_start","index":0,"content_block":{"type":"text","text":5}}\n\n',
        b'data: {"type":"content_block_start","index":0}\n\n',
        b'data: {"type":"message_start","message":{"usage":{"input_tokens":"x"}}}\n\n',
        b"data: \xff\n\n",
        b"data: " + b"x" * (9 * 1024 * 1024),
    ],
)
def test_what_cannot_be_read_ends_the_stream_with_a_failure(junk: bytes) -> None:
    reader = PROVIDER.reader()
    found = reader.feed(START + junk)
    assert isinstance(found[-1], ev.Failed)
    assert reader.feed(STOP) == []
    assert reader.finish() == []


def test_blocks_that_never_end_are_no_answer() -> None:
    begun = event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    reader = PROVIDER.reader()
    found: list[ev.Event] = []
    for index in range(2000):
        found += reader.feed(begun.replace(b'"index":0', b'"index":%d' % index))
    assert [type(one) for one in found] == [ev.Failed]


# ---- round trips

texts = st.text(min_size=1, max_size=20)
arguments = st.dictionaries(texts, st.integers() | texts, max_size=3).map(json.dumps)
some_parts = st.lists(
    st.builds(Text, text=texts)
    | st.builds(Reasoning, text=texts, signature=texts, origin=st.just(OURS))
    | st.builds(Reasoning, redacted=texts, origin=st.just(OURS))
    | st.builds(ToolCall, id=texts, name=texts, arguments=arguments),
    max_size=6,
)


def events_of(parts: list[Part], pieces: int) -> list[ev.Event]:
    """A stream that says these parts, a few characters at a time."""
    found: list[ev.Event] = [STARTED]
    calls = 0
    for part in parts:
        match part:
            case Text():
                found += [ev.TextDelta(piece) for piece in cut(part.text, pieces)]
                found.append(ev.PartEnded())
            case Reasoning():
                found += [ev.ReasoningDelta(piece) for piece in cut(part.text, pieces)]
                found.append(ev.ReasoningSealed(part.signature, part.redacted, origin=part.origin))
            case ToolCall():
                found.append(ev.ToolStarted(calls, part.id, part.name))
                found += [ev.ToolArguments(calls, piece) for piece in cut(part.arguments, pieces)]
                found.append(ev.ToolEnded(calls))
                calls += 1
    return [*found, ev.Used(USED), ev.Finished(Finish.LENGTH)]


def cut(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


@given(some_parts, st.integers(1, 30), st.integers(1, 5))
def test_what_a_client_is_streamed_is_what_was_said(parts: list[Part], pieces: int, batch: int) -> None:
    stream = written(*events_of(parts, pieces), batch=batch)
    whole = json.loads(CLIENT.write(Answer(parts=tuple(parts), finish=Finish.LENGTH, usage=USED), HEADING))
    assert accumulated(stream).to_dict()["content"] == whole["content"]


@given(some_parts, st.integers(1, 30))
def test_events_survive_the_dialect(parts: list[Part], pieces: int) -> None:
    """Nothing is lost between what a client's writer writes and a provider's reader reads."""
    given = events_of(parts, pieces)
    found = read(written(*given))

    def plain(events: list[ev.Event]) -> list[ev.Event]:
        return [one for one in events if not isinstance(one, ev.Started | ev.Used)]

    assert plain(found) == plain(given)
    assert found[-2] == ev.Used(USED)
