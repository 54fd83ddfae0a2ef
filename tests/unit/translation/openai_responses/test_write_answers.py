"""Answers of other dialects as a client of the responses API gets them, judged by OpenAI's own models of them."""

import json
import re
from typing import Any, NoReturn

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translation.conformance.openai_responses import judge_answer, judge_stream

from gatewright.domain.money import Usage
from gatewright.translation import events as ev
from gatewright.translation.model import (
    Answer,
    Citation,
    Finish,
    Heading,
    Media,
    Message,
    Part,
    Reasoning,
    Refusal,
    Role,
    Text,
    ToolCall,
)
from gatewright.translation.openai_responses.client import CLIENT
from gatewright.translation.openai_responses.client_tools import free_text_of
from gatewright.translation.openai_responses.open_items import Numbered, OpenMessage, Place

decode = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
TOOLS: list[Any] = [
    {"type": "function", "name": "run", "parameters": {}, "strict": False},
    {"type": "custom", "name": "apply_patch"},
    {"type": "namespace", "name": "agents", "description": "", "tools": [{"type": "function", "name": "spawn"}]},
    {"type": "tool_search", "execution": "client"},
]


def heading(**members: Any) -> Heading:
    body = json.dumps({"model": "m", "input": "Hello", **members}).encode()
    return Heading("req-00ab", "house/model", 1763770001, CLIENT.read(decode(body)))


def whole(answer: Answer, **members: Any) -> dict[str, Any]:
    body = CLIENT.write(answer, heading(**members))
    judge_answer(body)
    found: dict[str, Any] = json.loads(body)
    return found


def stream(*events: ev.Event, **members: Any) -> list[dict[str, Any]]:
    writer = CLIENT.writer(heading(**members))
    out = b"".join([*(writer.write([event]) for event in events), writer.finish()])
    judge_stream(out)
    return [json.loads(event.partition("\ndata: ")[2]) for event in out.decode().strip().split("\n\n")]


def of_kind(events: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [event for event in events if event["type"] == kind]


PARTS: tuple[Part, ...] = (
    Reasoning(text="Hm.", signature="sig", origin="anthropic_messages"),
    Text(
        text="I look.", citations=(Citation(url="https://example.com", title="E", start=0, end=1), Citation(title="x"))
    ),
    Text(text="Again."),
    ToolCall(id="c1", name="run", arguments='{"a":1}'),
    ToolCall(id="c2", name="apply_patch", arguments='{"input":"*** Begin"}'),
    ToolCall(id="c3", name="agents__spawn", signature="gem"),
    ToolCall(id="c4", name="tool_search", arguments='{"query":"mail"}'),
    Media(kind="image", media_type="image/webp", data="AAAA"),
    Media(kind="audio", media_type="audio/wav", data="AAAA"),
    Refusal(text="No more."),
)
EVENTS: list[ev.Event] = [
    ev.Started("x", "y"),
    ev.ReasoningDelta("H"),
    ev.ReasoningDelta("m."),
    ev.ReasoningSealed("sig", origin="anthropic_messages"),
    ev.TextDelta("I "),
    ev.TextDelta("look."),
    ev.Cited(Citation(url="https://example.com", title="E", start=0, end=1)),
    ev.Cited(Citation(title="x")),
    ev.PartEnded(),
    ev.TextDelta("Again."),
    ev.ToolStarted(0, "c1", "run"),
    ev.ToolArguments(0, '{"a"'),
    ev.ToolStarted(1, "c2", "apply_patch"),
    ev.ToolArguments(1, '{"input":"***'),
    ev.ToolArguments(0, ":1}"),
    ev.ToolEnded(0),
    ev.ToolArguments(1, ' Begin"}'),
    ev.ToolEnded(1),
    ev.ToolStarted(2, "c3", "agents__spawn", "gem"),
    ev.ToolEnded(2),
    ev.ToolStarted(3, "c4", "tool_search"),
    ev.ToolArguments(3, '{"query":"mail"}'),
    ev.PartAdded(Media(kind="image", media_type="image/webp", data="AAAA")),
    ev.PartAdded(Media(kind="audio", media_type="audio/wav", data="AAAA")),
    ev.Unknown("odd"),
    ev.RefusalDelta("No "),
    ev.RefusalDelta("more."),
    ev.Used(Usage(3, 4, cached=1, reasoning=2)),
    ev.Finished(Finish.TOOL_CALLS),
]


def test_every_part_has_its_item() -> None:
    found = whole(Answer(parts=PARTS, finish=Finish.TOOL_CALLS, usage=Usage(3, 4, cached=1, reasoning=2)), tools=TOOLS)
    assert (found["id"], found["model"], found["created_at"]) == ("resp_00ab", "house/model", 1763770001)
    assert (found["status"], found["store"], found["previous_response_id"]) == ("completed", False, None)
    assert found["usage"] == {
        "input_tokens": 3,
        "input_tokens_details": {"cached_tokens": 1, "cache_write_tokens": 0},
        "output_tokens": 4,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 7,
    }
    thought, said, run, patch, seal, spawn, search, image, refusal = found["output"]
    assert thought["summary"] == [{"type": "summary_text", "text": "Hm."}]
    assert [part["text"] for part in said["content"]] == ["I look.", "Again."]
    assert said["content"][0]["annotations"] == [
        {"type": "url_citation", "url": "https://example.com", "title": "E", "start_index": 0, "end_index": 1}
    ]
    assert (run["type"], run["call_id"], run["name"], run["arguments"]) == ("function_call", "c1", "run", '{"a":1}')
    assert (patch["type"], patch["name"], patch["input"]) == ("custom_tool_call", "apply_patch", "*** Begin")
    assert (seal["type"], seal["summary"]) == ("reasoning", [])
    assert (spawn["name"], spawn["namespace"], spawn["arguments"]) == ("spawn", "agents", "{}")
    assert (search["type"], search["execution"], search["arguments"]) == (
        "tool_search_call",
        "client",
        {"query": "mail"},
    )
    assert (image["type"], image["result"], image["output_format"]) == ("image_generation_call", "AAAA", "webp")
    assert refusal["content"] == [{"type": "refusal", "refusal": "No more."}]
    assert [item["id"] for item in (thought, said, run, patch)] == [
        "rs_00ab0000",
        "msg_00ab0001",
        "fc_00ab0002",
        "ctc_00ab0003",
    ]


def test_a_stream_makes_the_same_response() -> None:
    events = stream(*EVENTS, tools=TOOLS)
    answer = Answer(parts=PARTS, finish=Finish.TOOL_CALLS, usage=Usage(3, 4, cached=1, reasoning=2))
    response = events[-1]["response"]
    expected = whole(answer, tools=TOOLS)
    # Two calls were open at once: an item's place is where it began.
    assert response == expected
    (patch,) = of_kind(events, "response.custom_tool_call_input.done")
    assert patch["input"] == "*** Begin"
    deltas = of_kind(events, "response.function_call_arguments.delta")
    assert [event["delta"] for event in deltas] == ['{"a"', ":1}", "{}"]
    assert [event["delta"] for event in of_kind(events, "response.output_text.delta")] == ["I ", "look.", "Again."]


def test_what_a_client_hands_back_is_what_the_provider_said() -> None:
    """Seals of other providers survive a turn through a client of this dialect."""
    answer = Answer(
        parts=(*PARTS[:1], Reasoning(redacted="data", origin="anthropic_messages"), *PARTS[3:7]), finish=Finish.STOP
    )
    for output in (
        whole(answer, tools=TOOLS)["output"],
        stream(
            *EVENTS[1:4],
            ev.ReasoningSealed(redacted="data", origin="anthropic_messages"),
            *EVENTS[10:21],
            *EVENTS[21:22],
            ev.Finished(Finish.STOP),
            tools=TOOLS,
        )[-1]["response"]["output"],
    ):
        body = json.dumps({"model": "m", "input": output, "tools": TOOLS}).encode()
        (found,) = CLIENT.read(decode(body)).messages
        calls = tuple(
            msgspec.structs.replace(part, arguments=part.arguments or "{}") if isinstance(part, ToolCall) else part
            for part in answer.parts
        )
        assert found == Message(Role.ASSISTANT, calls)


@pytest.mark.parametrize(
    ("finish", "status", "reason"),
    [
        (Finish.STOP, "completed", None),
        (Finish.TOOL_CALLS, "completed", None),
        (Finish.PAUSE, "completed", None),
        (Finish.REFUSAL, "completed", None),
        (Finish.LENGTH, "incomplete", "max_output_tokens"),
        (Finish.CONTEXT_FULL, "incomplete", "max_output_tokens"),
        (Finish.CONTENT_FILTER, "incomplete", "content_filter"),
    ],
)
def test_how_an_answer_ended(finish: Finish, status: str, reason: str | None) -> None:
    found = whole(Answer(parts=(Text(text="So"),), finish=finish))
    last = stream(ev.TextDelta("So"), ev.Finished(finish))[-1]
    assert last["type"] == f"response.{status}"
    assert last["response"] == found
    assert (found["status"], found["output"][0]["status"], found["usage"]) == (status, status, None)
    assert found["incomplete_details"] == (None if reason is None else {"reason": reason})


def test_the_request_is_repeated() -> None:
    members = {
        "instructions": "Be brief.",
        "tools": TOOLS,
        "tool_choice": {"type": "function", "name": "run"},
        "parallel_tool_calls": False,
        "temperature": 0.25,
        "max_output_tokens": 64,
        "metadata": {"a": "b"},
        "text": {"format": {"type": "json_object"}},
        "reasoning": {"effort": "low"},
        "user": "u1",
        "store": True,
    }
    answer = Answer(parts=(), finish=Finish.STOP)
    for found in (
        whole(answer, **members),
        *(event["response"] for event in stream(ev.Finished(Finish.STOP), **members) if "response" in event),
    ):
        assert {name: found[name] for name in members} == {**members, "store": False}
    assert whole(answer)["tools"] == []


def test_logprobs_stand_with_the_text() -> None:
    one = {"token": "So", "bytes": [83, 111], "logprob": -0.5, "top_logprobs": []}
    logprobs = {"content": [one]}
    found = whole(Answer(parts=(Text(text="So"),), finish=Finish.STOP, logprobs=logprobs))
    assert found["output"][0]["content"][0]["logprobs"] == [one]
    events = stream(ev.TextDelta("So", logprobs), ev.Finished(Finish.STOP))
    assert of_kind(events, "response.output_text.delta")[0]["logprobs"] == [one]
    assert events[-1]["response"]["output"] == found["output"]


def test_nothing_follows_the_end() -> None:
    writer = CLIENT.writer(heading())
    assert writer.write([ev.Finished(Finish.STOP)]).count(b"event: ") == 3
    assert writer.write([ev.TextDelta("late")]) == b""
    assert writer.finish() == b""


def test_an_end_that_nobody_told_is_an_end() -> None:
    writer = CLIENT.writer(heading())
    stream_bytes = writer.write([ev.TextDelta("So")]) + writer.finish()
    judge_stream(stream_bytes)
    assert b"event: response.completed" in stream_bytes


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ('{"input":"a\\nb"}', "a\nb"),
        ('{"patch":"a"}', "a"),
        ('{"input":"a","why":"b"}', "a"),
        ('"a"', "a"),
        ("*** Begin Patch", "*** Begin Patch"),
        ('{"a":"b","c":"d"}', '{"a":"b","c":"d"}'),
        ('{"input":7}', '{"input":7}'),
        ("[" * 100_000, "[" * 100_000),
    ],
)
def test_free_text_is_found_in_what_a_model_wrote(arguments: str, text: str) -> None:
    assert free_text_of(arguments) == text


@given(st.text())
def test_free_text_survives(text: str) -> None:
    events = stream(
        ev.ToolStarted(0, "c", "apply_patch"),
        ev.ToolArguments(0, json.dumps({"input": text})),
        ev.Finished(Finish.TOOL_CALLS),
        tools=TOOLS,
    )
    assert events[-1]["response"]["output"][0]["input"] == text


TEXTS = st.text(max_size=4)
INDEXES = st.integers(0, 2)
ANY_EVENT = st.one_of(
    st.builds(ev.TextDelta, TEXTS),
    st.builds(ev.RefusalDelta, TEXTS),
    st.builds(ev.ReasoningDelta, TEXTS),
    st.builds(ev.ReasoningSealed, st.none() | TEXTS, st.none() | TEXTS),
    st.just(ev.PartEnded()),
    st.builds(ev.ToolStarted, INDEXES, TEXTS, st.sampled_from(["run", "apply_patch", "tool_search", "odd"])),
    st.builds(ev.ToolArguments, INDEXES, TEXTS),
    st.builds(ev.ToolEnded, INDEXES),
    st.builds(ev.Cited, st.builds(Citation, url=st.none() | TEXTS, start=st.none() | INDEXES)),
    st.just(ev.PartAdded(Media(kind="image", data="AAAA"))),
    st.just(ev.Used(Usage(1, 2))),
    st.just(ev.Unknown("odd")),
)


@given(st.lists(ANY_EVENT, max_size=12), st.sampled_from(Finish))
def test_whatever_a_reader_says_becomes_a_stream_in_order(events: list[ev.Event], finish: Finish) -> None:
    """Also what no reader should say."""
    told = [
        msgspec.structs.replace(event, id=f"call_{number}") if isinstance(event, ev.ToolStarted) else event
        for number, event in enumerate(events)
    ]
    stream(*told, ev.Finished(finish), tools=TOOLS)


class Unread(list[str]):
    """Pieces that nobody may look through."""

    def __iter__(self) -> NoReturn:
        raise AssertionError("the text was measured again")


def test_a_source_without_an_end_goes_up_to_where_the_text_is() -> None:
    """However long the text is by then: each of thousands of sources costs the same."""
    source = ev.Cited(Citation(url="https://example.com/a"))
    message = OpenMessage(Place(heading(), "msg", 0), Numbered())
    ends = []
    events: list[ev.TextDelta | ev.Cited] = [ev.TextDelta("Eins"), source, ev.TextDelta("Zw\u00f6lf"), source]
    for event in events:
        told = message.cite(event) if isinstance(event, ev.Cited) else message.text(event)
        ends += re.findall(rb'"end_index":(\d+)', told)
    message._pieces = Unread(message._pieces)
    ends += re.findall(rb'"end_index":(\d+)', message.cite(source))
    assert ends == [b"4", b"9", b"9"]
    message._pieces = []
    message.end_part()
    assert b'"end_index":3' in message.text(ev.TextDelta("neu")) + message.cite(source)
