"""Streams: what providers' chunks mean, and the chunks for a client."""

import json
from typing import Any

import pytest
from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from tests.unit.translation.conformance.openai_chat import DONE, ROLE, chunk, judge_stream, usage_chunk
from tests.unit.translation.openai_chat.bodies import read as read_request

from gatewright.domain.money import Usage
from gatewright.translation import events as ev
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import Citation, Finish, Heading, Media, Request, Text
from gatewright.translation.openai_chat.client import CLIENT
from gatewright.translation.openai_chat.provider import PROVIDER
from gatewright.translation.sse import LONGEST_EVENT

STARTED = ev.Started("chatcmpl-9", "some-model-2026")
STOP = chunk({}, "stop")


def events(*chunks: bytes) -> list[ev.Event]:
    """What a stream of these says after its beginning."""
    reader = PROVIDER.reader()
    first, *rest = [*(event for data in (ROLE, *chunks) for event in reader.feed(data)), *reader.finish()]
    assert first == STARTED
    return rest


def said(*deltas: dict[str, Any]) -> list[ev.Event]:
    """What these deltas say, without the end."""
    *found, finished = events(*(chunk(delta) for delta in deltas), STOP, DONE)
    assert isinstance(finished, ev.Finished)
    return found


def call(
    index: int | None, call_id: str | None = None, name: str | None = None, arguments: Any = None
) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    piece = {
        "index": index,
        "id": call_id,
        "function": {key: value for key, value in function.items() if value is not None},
    }
    return {"tool_calls": [{key: value for key, value in piece.items() if value is not None}]}


def test_an_ordinary_stream() -> None:
    assert events(
        chunk({"content": "He"}),
        chunk({"content": "llo"}),
        STOP,
        usage_chunk({"prompt_tokens": 3, "completion_tokens": 2}),
        DONE,
    ) == [
        ev.TextDelta("He"),
        ev.TextDelta("llo"),
        ev.Used(Usage(3, 2)),
        ev.Finished(Finish.STOP),
    ]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_comments_named_events_and_missing_spaces_do_not_matter(end: bytes) -> None:
    stream = b": PROCESSING\n\n" + chunk({"content": "a"}).replace(b"data: ", b"event: message\ndata:") + STOP + DONE
    assert events(stream.replace(b"\n", end)) == [ev.TextDelta("a"), ev.Finished(Finish.STOP)]


def test_usage_may_come_with_the_last_choice_or_with_every_chunk() -> None:
    counts = [{"prompt_tokens": 3, "completion_tokens": at} for at in (1, 2, 2)]
    found = events(
        chunk({"content": "a"}, usage=counts[0]),
        chunk({"content": "b"}, usage=counts[1]),
        chunk({}, "stop", usage=counts[2]),
        DONE,
    )
    assert found == [
        ev.TextDelta("a"),
        ev.Used(Usage(3, 1)),
        ev.TextDelta("b"),
        ev.Used(Usage(3, 2)),
        ev.Finished(Finish.STOP),
    ]
    assert events(chunk({"content": "a"}, usage={"prompt_tokens": "x"}), STOP, DONE)[0] == ev.TextDelta("a")


def test_a_stream_is_complete_with_a_reason_or_the_end_mark() -> None:
    assert events(chunk({"content": "a"}), STOP)[-1] == ev.Finished(Finish.STOP)
    assert events(chunk({"content": "a"}), DONE)[-1] == ev.Finished(Finish.STOP)
    assert events(chunk({"content": "a"}, ""), chunk({"content": "b"}, "length"), DONE)[-1] == ev.Finished(
        Finish.LENGTH
    )
    (failed,) = events()
    assert isinstance(failed, ev.Failed)
    for nothing in (b"", b": ping\n\n", DONE, b"<html>not a stream</html>"):
        reader = PROVIDER.reader()
        assert [type(event) for event in [*reader.feed(nothing), *reader.finish()]] == [ev.Failed]


def test_nothing_is_read_after_the_end() -> None:
    assert events(STOP, DONE, chunk({"content": "late"}), DONE) == [ev.Finished(Finish.STOP)]
    error = b'data: {"error":"gone"}\n\n'
    assert events(error, chunk({"content": "late"}), STOP, DONE) == [ev.Failed("gone", None, 502)]


@pytest.mark.parametrize(
    ("deltas", "expected"),
    [
        ([{"reasoning_content": "Hm"}, {"content": "a"}], [ev.ReasoningDelta("Hm"), ev.TextDelta("a")]),
        ([{"reasoning": "Hm", "reasoning_content": "Hm"}], [ev.ReasoningDelta("Hm")]),
        ([{"reasoning_content": "", "content": ""}, {"reasoning": None}], []),
        (
            [
                {"reasoning": "H", "reasoning_details": [{"type": "reasoning.text", "text": "H", "index": 0}]},
                {"reasoning": "m", "reasoning_details": [{"type": "reasoning.text", "text": "m", "index": 0}]},
                {"reasoning_details": [{"type": "reasoning.text", "signature": "c2ln", "index": 0}]},
            ],
            [
                ev.ReasoningDelta("H"),
                ev.ReasoningDelta("m"),
                ev.ReasoningSealed(signature="c2ln", origin=Dialect.CHAT),
            ],
        ),
        (
            [
                {"reasoning_details": [{"type": "reasoning.summary", "summary": "Hm"}]},
                {"reasoning_details": [{"type": "reasoning.encrypted", "data": "ZW5j", "id": "rs_1"}]},
            ],
            [ev.ReasoningDelta("Hm"), ev.ReasoningSealed(redacted="ZW5j", id="rs_1", origin=Dialect.CHAT)],
        ),
        (
            [{"thinking_blocks": [{"type": "thinking", "thinking": "Hm", "signature": "c2ln"}]}],
            [ev.ReasoningDelta("Hm"), ev.ReasoningSealed(signature="c2ln", origin=Dialect.CHAT)],
        ),
        (
            [
                {
                    "reasoning_content": "Hm",
                    "thinking_blocks": [{"type": "thinking", "thinking": "Hm", "signature": ""}],
                },
                {"thinking_blocks": [{"type": "thinking", "thinking": "Hm", "signature": "c2ln"}]},
                {"thinking_blocks": [{"type": "redacted_thinking", "data": "ZW5j"}]},
            ],
            [
                ev.ReasoningDelta("Hm"),
                ev.ReasoningSealed(signature="c2ln", origin=Dialect.CHAT),
                ev.ReasoningSealed(redacted="ZW5j", origin=Dialect.CHAT),
            ],
        ),
        (
            [
                {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]},
                {"content": [{"type": "text", "text": "a"}]},
            ],
            [ev.ReasoningDelta("Hm"), ev.TextDelta("a")],
        ),
        ([{"refusal": "No"}, {"refusal": "."}], [ev.RefusalDelta("No"), ev.RefusalDelta(".")]),
        (
            [{"images": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}],
            [ev.PartAdded(Media(kind="image", media_type="image/png", data="AAAA"))],
        ),
        (
            [
                {"content": "a"},
                {
                    "annotations": [
                        {
                            "type": "url_citation",
                            "url_citation": {
                                "url": "https://a.example",
                                "title": "A",
                                "start_index": 0,
                                "end_index": 1,
                            },
                        }
                    ]
                },
            ],
            [ev.TextDelta("a"), ev.Cited(Citation(url="https://a.example", title="A", start=0, end=1))],
        ),
        ([{"an_odd_one": 1, "audio": None, "function_call": None}], []),
    ],
)
def test_what_deltas_say(deltas: list[dict[str, Any]], expected: list[ev.Event]) -> None:
    assert said(*deltas) == expected


def test_logprobs_stay_with_their_text() -> None:
    logprobs = {"content": [{"token": "a", "logprob": -1.0, "bytes": [97], "top_logprobs": []}], "refusal": None}
    body = {"choices": [{"index": 0, "delta": {"content": "a"}, "logprobs": logprobs, "finish_reason": None}]}
    found = events(b"data: " + json.dumps(body).encode() + b"\n\n", STOP, DONE)
    assert found[0] == ev.TextDelta("a", logprobs)
    _, written, *_ = chunks_of([STARTED, found[0], ev.Finished(Finish.STOP)])
    assert written["choices"][0]["logprobs"] == logprobs


def test_sources_of_the_whole_answer_come_at_its_end_once() -> None:
    more: dict[str, Any] = {"citations": ["https://a.example"]}
    found = events(chunk({"content": "a"}, **more), chunk({"content": "b"}, **more), chunk({}, "stop", **more), DONE)
    assert found[-2:] == [ev.Cited(Citation(url="https://a.example")), ev.Finished(Finish.STOP)]
    assert [type(event) for event in found].count(ev.Cited) == 1


TWO = [
    ev.ToolStarted(0, "c1", "look"),
    ev.ToolArguments(0, '{"a":1}'),
    ev.ToolEnded(0),
    ev.ToolStarted(1, "c2", "walk"),
    ev.ToolEnded(1),
]


@pytest.mark.parametrize(
    "deltas",
    [
        [call(0, "c1", "look", ""), call(0, arguments='{"a":1}'), call(1, "c2", "walk", "")],
        [call(0, "c1", "look", '{"a":1}'), call(1, "c2", "walk")],
        [{"tool_calls": [*call(0, "c1", "look", '{"a":1}')["tool_calls"], *call(1, "c2", "walk")["tool_calls"]]}],
        [call(None, "c1", "look", '{"a":1}'), call(None, "c2", "walk")],
        [call(None, "c1", "look"), call(None, arguments='{"a":1}'), call(None, "c2", "walk")],
        [call(None, "c1", "look"), call(None, "c1", arguments='{"a":1}'), call(None, "c2", "walk")],
        [call(0, "c1"), call(0, name="look"), call(0, "c1", "look", '{"a":1}'), call(1, "c2", "walk")],
        [call(0, "c1", arguments='{"a"'), call(0, name="look", arguments=":1}"), call(1, "c2", "walk")],
        [call(4, "c1", "look", {"a": 1}), call(7, "c2", "walk")],
    ],
)
def test_tool_calls_however_they_are_cut_up(deltas: list[dict[str, Any]]) -> None:
    *found, finished = events(*(chunk(delta) for delta in deltas), STOP, DONE)
    texts = "".join(event.text for event in found if isinstance(event, ev.ToolArguments))
    kinds = [event for event in found if not isinstance(event, ev.ToolArguments)]
    assert (kinds, texts) == ([event for event in TWO if not isinstance(event, ev.ToolArguments)], '{"a":1}')
    assert finished == ev.Finished(Finish.TOOL_CALLS)


def test_calls_without_an_id_get_one_and_signatures_are_kept() -> None:
    bare = call(0, None, "look")
    assert said(bare)[0] == ev.ToolStarted(0, "call_chatcmpl9_0", "look")
    for name, value in (
        ("extra_content", {"google": {"thought_signature": "c2ln"}}),
        ("provider_specific_fields", {"thought_signature": "c2ln"}),
    ):
        signed = {**bare["tool_calls"][0], name: value}
        assert said({"tool_calls": [signed]})[0] == ev.ToolStarted(0, "call_chatcmpl9_0", "look", "c2ln")


@pytest.mark.parametrize(
    "deltas",
    [
        [call(0, "c1", "look"), call(1, "c2", "walk"), call(0, arguments="{}")],
        [call(0, "c1")],
    ],
)
def test_calls_that_cannot_be_fail(deltas: list[dict[str, Any]]) -> None:
    assert isinstance(events(*(chunk(delta) for delta in deltas), STOP, DONE)[-1], ev.Failed)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"error":{"message":"m","type":"t","code":"c"}}', ev.Failed("m", "c", 502)),
        (b'{"error":{"message":"m","code":529}}', ev.Failed("m", "529", 529)),
        (b'{"error":{"message":"m","code":"429"}}', ev.Failed("m", "429", 429)),
        (b'{"error":{"message":"m","code":200}}', ev.Failed("m", "200", 502)),
        (b'{"error":"m"}', ev.Failed("m", None, 502)),
        (b'{"object":"error","message":"m","code":400}', ev.Failed("m", "400", 400)),
        (b'{"choices":[{"error":{"message":"m","code":502},"finish_reason":"error"}]}', ev.Failed("m", "502", 502)),
    ],
)
def test_errors_in_a_stream(data: bytes, expected: ev.Failed) -> None:
    assert events(chunk({"content": "a"}), b"data: " + data + b"\n\n", STOP, DONE) == [ev.TextDelta("a"), expected]


@pytest.mark.parametrize("reason", ["error", "insufficient_system_resource"])
def test_a_stream_that_says_it_broke_off_has_failed(reason: str) -> None:
    failed = events(chunk({"content": "a"}), chunk({}, reason), DONE)[-1]
    assert isinstance(failed, ev.Failed)
    assert failed.kind == reason


@pytest.mark.parametrize("data", [b"not json", b"[]", b'{"choices":1}', b'"x"', b"\xff", b'{"choices":' + b"[" * 5000])
def test_chunks_that_are_none_fail(data: bytes) -> None:
    assert isinstance(events(b"data: " + data + b"\n\n")[-1], ev.Failed)


def test_an_endless_line_fails_and_nothing_is_kept_of_it() -> None:
    reader = PROVIDER.reader()
    piece = b"data: " + b"x" * (1024 * 1024)
    found = [event for _ in range(LONGEST_EVENT // len(piece) + 2) for event in reader.feed(piece)]
    assert [type(event) for event in found] == [ev.Failed]
    assert reader.feed(piece) == []
    assert reader.finish() == []


def test_other_answers_than_the_first_are_not_read() -> None:
    other = b'data: {"choices":[{"index":1,"delta":{"content":"other"},"finish_reason":"length"}]}\n\n'
    assert events(other, chunk({"content": "a"}), STOP, DONE) == [ev.TextDelta("a"), ev.Finished(Finish.STOP)]


def heading(*, include_usage: bool = False) -> Heading:
    return Heading("req-1", "public/name", 1763770001, Request(messages=(), stream=True, include_usage=include_usage))


def stream_of(found: list[ev.Event], *, include_usage: bool = False) -> bytes:
    writer = CLIENT.writer(heading(include_usage=include_usage))
    return writer.write(found) + writer.finish()


def chunks_of(found: list[ev.Event], *, include_usage: bool = False) -> list[dict[str, Any]]:
    stream = stream_of(found, include_usage=include_usage)
    judge_stream(stream)
    *events, _, _ = stream.decode().split("\n\n")
    return [json.loads(event.removeprefix("data: ")) for event in events]


def deltas_of(*found: ev.Event) -> list[dict[str, Any]]:
    first, *rest, _ = chunks_of([STARTED, *found, ev.Finished(Finish.STOP)])
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    return [one["choices"][0]["delta"] for one in rest]


BASE = {"id": "chatcmpl-req-1", "object": "chat.completion.chunk", "created": 1763770001, "model": "public/name"}


def test_the_chunks_of_an_ordinary_stream() -> None:
    found: list[ev.Event] = [STARTED, ev.TextDelta("Hi"), ev.Used(Usage(3, 1)), ev.Finished(Finish.LENGTH)]
    expected = [
        {**BASE, "choices": [{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}]},
        {**BASE, "choices": [{"index": 0, "delta": {"content": "Hi"}, "finish_reason": None}]},
        {**BASE, "choices": [{"index": 0, "delta": {}, "finish_reason": "length"}]},
    ]
    assert chunks_of(found) == expected
    *asked, last = chunks_of(found, include_usage=True)
    assert asked == [{**one, "usage": None} for one in expected]
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 4)
    assert all({name: one[name] for name in BASE} == BASE for one in [*asked, last])


def test_nothing_is_said_before_the_first_event() -> None:
    writer = CLIENT.writer(heading())
    assert writer.write([STARTED]).count(b"data: ") == 1
    assert writer.write([ev.Used(Usage(1, 1)), ev.Unknown("x")]) == b""


def test_a_model_with_odd_characters_does_not_break_the_frame() -> None:
    odd = Heading('a"%s\n\n', 'x"%d\n\ndata: {}', 1, Request(messages=(), include_usage=True))
    writer = CLIENT.writer(odd)
    judge_stream(
        writer.write([STARTED, ev.TextDelta("\n\n"), ev.Used(Usage(1, 1)), ev.Finished(Finish.STOP)]) + writer.finish()
    )


def test_a_thought_is_streamed_and_given_whole_with_its_seal() -> None:
    found = deltas_of(
        ev.ReasoningDelta("H"),
        ev.ReasoningDelta("m"),
        ev.ReasoningSealed(signature="c2ln", origin=Dialect.MESSAGES),
        ev.ReasoningDelta("Then"),
        ev.PartEnded(),
        ev.ReasoningSealed(redacted="ZW5j", origin=Dialect.MESSAGES),
        ev.TextDelta("a"),
    )
    assert found == [
        {"reasoning_content": "H"},
        {"reasoning_content": "m"},
        {"thinking_blocks": [{"type": "thinking", "thinking": "Hm", "signature": "c2ln", "index": 0}]},
        {"reasoning_content": "Then"},
        {"thinking_blocks": [{"type": "redacted_thinking", "data": "ZW5j", "index": 1}]},
        {"content": "a"},
    ]
    assert deltas_of(ev.ReasoningDelta("a"), ev.ReasoningSealed(), ev.TextDelta("b"))[1:] == [{"content": "b"}]


def test_a_seal_of_another_dialect_is_streamed_packed() -> None:
    (block,) = deltas_of(ev.ReasoningSealed(signature="Z2Vt", origin=Dialect.GEMINI))[0]["thinking_blocks"]
    message = {"role": "assistant", "content": "a", "thinking_blocks": [block]}
    (back, text) = read_request(messages=[{"role": "user", "content": "?"}, message]).messages[1].parts
    assert text == Text(text="a")
    assert getattr(back, "signature", None) == "Z2Vt"
    assert getattr(back, "origin", None) == Dialect.GEMINI


def test_parallel_calls_may_be_interleaved() -> None:
    found: list[ev.Event] = [
        STARTED,
        ev.ToolStarted(0, "c1", "look"),
        ev.ToolStarted(1, "c2", "walk", "c2ln"),
        ev.ToolStarted(2, "c3", "wait"),
        ev.ToolArguments(1, '{"b"'),
        ev.ToolArguments(0, '{"a":1}'),
        ev.ToolArguments(1, ":2}"),
        ev.ToolArguments(1, ""),
        ev.ToolEnded(1),
        ev.ToolEnded(0),
        ev.Finished(Finish.TOOL_CALLS),
    ]
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    written = chunks_of(found)
    for one in written:
        state.handle_chunk(ChatCompletionChunk.model_validate(one))
    completion: ChatCompletion = state.get_final_completion()
    calls = completion.choices[0].message.tool_calls or []
    assert [(one.id, one.function.name, one.function.arguments) for one in calls if one.type == "function"] == [
        ("c1", "look", '{"a":1}'),
        ("c2", "walk", '{"b":2}'),
        ("c3", "wait", "{}"),
    ]
    assert completion.choices[0].finish_reason == "tool_calls"
    signed = written[2]["choices"][0]["delta"]["tool_calls"][0]
    assert signed["extra_content"] == {"google": {"thought_signature": "c2ln"}}


def test_sources_are_counted_in_the_whole_text() -> None:
    found = deltas_of(
        ev.TextDelta("Rain. "),
        ev.PartEnded(),
        ev.TextDelta("Sno"),
        ev.TextDelta("w."),
        ev.Cited(Citation(url="https://a.example", title="A")),
        ev.Cited(Citation(url="https://b.example", start=0, end=2)),
        ev.Cited(Citation(quote="snow")),
    )
    notes = [delta["annotations"][0]["url_citation"] for delta in found if "annotations" in delta]
    assert [(one["url"], one["start_index"], one["end_index"]) for one in notes] == [
        ("https://a.example", 6, 11),
        ("https://b.example", 0, 2),
    ]
    assert found[-1] == {"provider_specific_fields": {"citations": [{"title": None, "cited_text": "snow", "index": 0}]}}


def test_images_are_numbered() -> None:
    image = ev.PartAdded(Media(kind="image", media_type="image/png", data="AAAA"))
    found = deltas_of(image, image, ev.PartAdded(Text(text="no image")))
    assert [delta["images"][0]["index"] for delta in found] == [0, 1]
    assert found[0]["images"][0]["image_url"] == {"url": "data:image/png;base64,AAAA"}


@pytest.mark.parametrize(("refused", "reason"), [([ev.RefusalDelta("No.")], "stop"), ([], "content_filter")])
def test_a_refusal_in_words_is_a_usual_end(refused: list[ev.Event], reason: str) -> None:
    *_, last = chunks_of([STARTED, *refused, ev.Finished(Finish.REFUSAL)])
    assert last["choices"][0]["finish_reason"] == reason
