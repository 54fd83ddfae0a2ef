"""A provider that speaks the responses API: what it is sent, and what its answers and streams mean."""

import json
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.translation.conformance.openai_responses import event, judge_request, message, response, used

from gatewright.domain.money import Usage
from gatewright.translation import events as ev
from gatewright.translation.carriage import CannotCarry, Carriage
from gatewright.translation.dialect import Dialect
from gatewright.translation.halves import AnswerBroken, ProviderError
from gatewright.translation.model import (
    Citation,
    Finish,
    Format,
    Heading,
    Json,
    Media,
    Message,
    Part,
    Reasoning,
    ReasoningAsk,
    Refusal,
    Request,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from gatewright.translation.openai_responses.client import CLIENT
from gatewright.translation.openai_responses.provider import PROVIDER

OPENAI = Dialect.RESPONSES.value
SEALED = Reasoning(text="Hm.", redacted="gAAA", id="rs_1", origin=OPENAI)


def sent(request: Request, model: str = "gpt-6", *, drop: bool = False) -> tuple[Json, list[str]]:
    carriage = Carriage(request, drop=drop, where="OpenAI's responses API", provider="openai")
    body = PROVIDER.write(request, model, carriage)
    judge_request(body)
    return body, carriage.dropped


def user(*parts: Part) -> Message:
    return Message(Role.USER, parts)


def test_a_conversation_becomes_items() -> None:
    body, dropped = sent(
        Request(
            system=(Text(text="Be brief."), Text(text="Be kind.")),
            messages=(
                user(Text(text="Weather?")),
                Message(
                    Role.ASSISTANT,
                    (
                        SEALED,
                        Text(text="I look."),
                        ToolCall(id="c1", name="get_weather"),
                        Refusal(text="No."),
                    ),
                ),
                user(ToolResult(call_id="c1", parts=(Text(text="Rain."),)), Text(text="And?")),
                Message(Role.SYSTEM, (Text(text="In German."),)),
            ),
            tools=(Tool(name="get_weather", description="W."), Tool(name="s", parameters={"a": {}}, strict=True)),
            tool_choice=ToolChoice("named", "get_weather"),
            parallel_tools=False,
            max_tokens=100,
            temperature=0.5,
            stream=True,
        )
    )
    assert body == {
        "model": "gpt-6",
        "instructions": "Be brief.\n\nBe kind.",
        "input": [
            {"type": "message", "role": "user", "content": "Weather?"},
            {
                "type": "reasoning",
                "summary": [{"type": "summary_text", "text": "Hm."}],
                "encrypted_content": "gAAA",
            },
            {"type": "message", "role": "assistant", "content": "I look."},
            {"type": "function_call", "call_id": "c1", "name": "get_weather", "arguments": "{}"},
            {"type": "message", "role": "assistant", "content": "No."},
            {"type": "function_call_output", "call_id": "c1", "output": "Rain."},
            {"type": "message", "role": "user", "content": "And?"},
            {"type": "message", "role": "developer", "content": "In German."},
        ],
        "tools": [
            {
                "type": "function",
                "name": "get_weather",
                "description": "W.",
                "parameters": {"type": "object", "properties": {}},
                "strict": False,
            },
            {"type": "function", "name": "s", "parameters": {"a": {}}, "strict": True},
        ],
        "tool_choice": {"type": "function", "name": "get_weather"},
        "parallel_tool_calls": False,
        "max_output_tokens": 100,
        "temperature": 0.5,
        "stream": True,
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }
    assert dropped == []


def test_media_stand_in_messages_and_results() -> None:
    picture = Media(kind="image", media_type="image/png", data="AAAA", detail="low")
    body, _ = sent(
        Request(
            messages=(
                user(
                    picture,
                    Media(kind="image", url="https://example.com/a.png"),
                    Media(kind="image", file_id="file-1"),
                    Media(kind="file", media_type="application/pdf", data="AAAA", name="a.pdf"),
                    Media(kind="file", url="https://example.com/a.pdf"),
                    Media(kind="file", file_id="file-2"),
                    Media(kind="file", text="Plain.", name="a.txt"),
                ),
                user(ToolResult(call_id="c1", parts=(Text(text="See."), picture)), ToolResult(call_id="c2")),
            )
        )
    )
    seen, result, nothing = body["input"]
    image = {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "low"}
    assert seen["content"] == [
        image,
        {"type": "input_image", "image_url": "https://example.com/a.png", "detail": "auto"},
        {"type": "input_image", "file_id": "file-1", "detail": "auto"},
        {"type": "input_file", "filename": "a.pdf", "file_data": "data:application/pdf;base64,AAAA"},
        {"type": "input_file", "file_url": "https://example.com/a.pdf"},
        {"type": "input_file", "file_id": "file-2"},
        {"type": "input_text", "text": "a.txt\n\nPlain."},
    ]
    assert result["output"] == [{"type": "input_text", "text": "See."}, image]
    assert nothing["output"] == ""


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_what_it_cannot_hear_or_watch_is_refused(kind: str) -> None:
    request = Request(messages=(user(Media(kind=kind, media_type=f"{kind}/x", data="AAAA")),))
    with pytest.raises(CannotCarry, match=f"it takes no {kind}"):
        sent(request, drop=True)


def test_seals_of_others_stay_behind() -> None:
    thoughts = (
        Reasoning(text="Hm.", signature="sig", origin="anthropic_messages"),
        Reasoning(redacted="data", origin="anthropic_messages"),
        Reasoning(text="Plain."),
    )
    body, dropped = sent(Request(messages=(Message(Role.ASSISTANT, (*thoughts, Text(text="So."))),)))
    assert [item["type"] for item in body["input"]] == ["message"]
    assert dropped == ["reasoning"]


@pytest.mark.parametrize(
    ("ask", "expected"),
    [
        (ReasoningAsk(effort="high"), {"effort": "high"}),
        (ReasoningAsk(effort="low", summary="detailed"), {"effort": "low", "summary": "detailed"}),
        (ReasoningAsk(budget=10_000), {"effort": "high", "summary": "auto"}),
        (ReasoningAsk(budget=10_000, show=False), {"effort": "high"}),
        (ReasoningAsk(adaptive=True), {"summary": "auto"}),
        (ReasoningAsk(budget=0), None),
    ],
)
def test_thought_is_asked_for(ask: ReasoningAsk, expected: Json | None) -> None:
    body, _ = sent(Request(messages=(user(Text(text="Hi")),), reasoning=ask))
    assert body.get("reasoning") == expected


@pytest.mark.parametrize(
    ("model", "thinks"),
    [
        *((name, True) for name in ("gpt-5.5", "gpt-6.1-sol", "o4-mini", "my-deployment", "gpt-oss-120b", "grok-4")),
        *((name, False) for name in ("gpt-4o", "gpt-4.1-mini", "ft:gpt-4o:x", "gpt-3.5-turbo", "gpt-5-chat-latest")),
        *((name, False) for name in ("chatgpt-4o-latest", "openai/gpt-4o", "gpt-5.1-chat")),
    ],
)
def test_seals_are_asked_of_models_that_think(model: str, thinks: bool) -> None:
    body, _ = sent(Request(messages=(user(Text(text="Hi")),)), model)
    assert body.get("include") == (["reasoning.encrypted_content"] if thinks else None)


def test_the_other_parameters_have_their_names() -> None:
    body, dropped = sent(
        Request(
            messages=(user(Text(text="Hi")),),
            format=Format("json_schema", None, {"type": "object"}, "About.", strict=True),
            verbosity="low",
            logprobs=True,
            top_logprobs=3,
            user="u1",
            service_tier="standard_only",
            unknown={"prompt_cache_key": "k", "safety_identifier": "s", "metadata": {"a": "b"}},
            hints=frozenset({"prompt_cache_key", "safety_identifier", "metadata"}),
            asked_as={"format": "response_format", "logprobs": "logprobs"},
        )
    )
    assert body["text"] == {
        "format": {
            "type": "json_schema",
            "name": "answer",
            "schema": {"type": "object"},
            "description": "About.",
            "strict": True,
        },
        "verbosity": "low",
    }
    assert body["include"] == ["reasoning.encrypted_content", "message.output_text.logprobs"]
    assert (body["top_logprobs"], body["user"], body["service_tier"]) == (3, "u1", "default")
    assert (body["prompt_cache_key"], body["safety_identifier"]) == ("k", "s")
    assert dropped == ["metadata"]


@pytest.mark.parametrize("member", ["stop", "seed", "top_k", "presence_penalty", "logit_bias"])
def test_what_it_has_not_is_refused_by_name(member: str) -> None:
    values: dict[str, Any] = {"stop": ("x",), "seed": 7, "top_k": 3, "presence_penalty": 0.5, "logit_bias": {"1": 2}}
    request = Request(messages=(), asked_as={member: f"their_{member}"}, **{member: values[member]})
    with pytest.raises(CannotCarry) as caught:
        sent(request)
    assert caught.value.param == f"their_{member}"
    assert sent(request, drop=True)[1] == [f"their_{member}"]


def test_marks_and_names_are_noted() -> None:
    request = Request(
        system=(Text(text="Be brief.", cache="5m"),),
        messages=(
            Message(Role.USER, (Text(text="Hi", cache="1h"),), "Ann"),
            user(ToolResult(call_id="c1", parts=(Text(text="No."),), is_error=True)),
        ),
        service_tier="fastest",
        asked_as={"service_tier": "service_tier"},
    )
    assert sent(request, drop=True)[1] == ["name", "cache_control", "is_error", "service_tier"]


def read(output: list[Json], status: str = "completed", **more: Any) -> Any:
    return PROVIDER.read(json.dumps(response(status, output, used(3, 4), **more)).encode())


CITED = {"type": "url_citation", "url": "https://example.com", "title": "E", "start_index": 0, "end_index": 2}


def test_items_become_parts() -> None:
    one = {"token": "So", "bytes": [83, 111], "logprob": -0.5, "top_logprobs": []}
    cited = message("So.")
    cited["content"][0].update(annotations=[CITED, {"type": "file_citation", "file_id": "f"}], logprobs=[one])
    found = read(
        [
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [{"type": "summary_text", "text": "A."}, {"type": "summary_text", "text": "B."}],
                "encrypted_content": "gAAA",
            },
            {"type": "reasoning", "id": "rs_2", "summary": [], "content": [{"type": "reasoning_text", "text": "C."}]},
            {"type": "reasoning", "id": "rs_3", "summary": []},
            cited,
            {"type": "image_generation_call", "id": "ig_1", "result": "AAAA", "status": "completed"},
            {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c2", "name": "patch", "input": "***"},
            {"type": "mcp_call", "id": "mcp_1", "name": 7},
        ]
    )
    assert found.parts == (
        Reasoning(text="A.\n\nB.", redacted="gAAA", id="rs_1", origin=OPENAI),
        Reasoning(text="C."),
        Text(text="So.", citations=(Citation(url="https://example.com", title="E", start=0, end=2),)),
        Media(kind="image", media_type="image/png", data="AAAA"),
        ToolCall(id="c2", name="patch", arguments='{"input":"***"}'),
    )
    assert (found.finish, found.usage, found.logprobs) == (Finish.TOOL_CALLS, Usage(3, 4), {"content": [one]})


def test_a_refusal_is_an_end_of_its_own() -> None:
    refusal = {**message(""), "content": [{"type": "refusal", "refusal": "No."}]}
    found = read([refusal])
    assert (found.parts, found.finish) == ((Refusal(text="No."),), Finish.REFUSAL)
    cut = read([message("I")], "incomplete", incomplete_details={"reason": "content_filter"})
    assert cut.finish is Finish.CONTENT_FILTER
    assert read([message("I")], "incomplete").finish is Finish.LENGTH


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"error": {"code": "server_error", "message": "Oh."}}, ProviderError("Oh.", "server_error")),
        ({"error": None}, ProviderError("The answer has the status 'failed'.", "failed")),
    ],
)
def test_an_answer_that_failed_says_why(more: Json, expected: ProviderError) -> None:
    with pytest.raises(AnswerBroken) as caught:
        read([], "failed", **more)
    assert (caught.value.error, caught.value.usage) == (expected, Usage(3, 4))


def events(*stream: bytes) -> list[ev.Event]:
    reader = PROVIDER.reader()
    return [*(found for piece in stream for found in reader.feed(piece)), *reader.finish()]


def delta(kind: str, text: str, output: int = 0, **more: Any) -> bytes:
    return event(f"response.{kind}.delta", output_index=output, item_id="x", delta=text, **more)


def done(item: Json, output: int = 0) -> bytes:
    return event("response.output_item.done", output_index=output, item=item)


def ended(*output: Json, **more: Any) -> bytes:
    return event("response.completed", response=response("completed", list(output), used(3, 4), **more))


END = [ev.Used(Usage(3, 4)), ev.Finished(Finish.STOP)]


def test_a_server_that_sends_no_pieces_is_read() -> None:
    """Items that are done say it all, and so does the response at the end."""
    thought = {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "Hm."}]}
    call = {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "f", "arguments": '{"a":1}'}
    cited = message("So.")
    cited["content"][0]["annotations"] = [CITED]
    items = [{**thought, "encrypted_content": "gAAA"}, cited, call]
    expected = [
        ev.ReasoningDelta("Hm."),
        ev.ReasoningSealed(redacted="gAAA", id="rs_1", origin=OPENAI),
        ev.TextDelta("So."),
        ev.Cited(Citation(url="https://example.com", title="E", start=0, end=2)),
        ev.PartEnded(),
        ev.ToolStarted(0, "c1", "f"),
        ev.ToolArguments(0, '{"a":1}'),
        ev.ToolEnded(0),
        ev.Used(Usage(3, 4)),
        ev.Finished(Finish.TOOL_CALLS),
    ]
    assert events(*(done(item, index) for index, item in enumerate(items)), ended(*items)) == expected
    assert events(ended(*items)) == expected


def test_what_came_in_pieces_does_not_come_again() -> None:
    assert events(
        delta("output_text", "So", content_index=0),
        delta("output_text", ".", content_index=0),
        event("response.output_text.done", output_index=0, content_index=0, text="So."),
        done(message("So.")),
        done(message("So.")),
        ended(message("So.")),
    ) == [ev.TextDelta("So"), ev.TextDelta("."), ev.PartEnded(), *END]


def test_texts_of_one_message_are_parts() -> None:
    found = events(
        delta("output_text", "A", content_index=0),
        event("response.output_text.done", output_index=0, content_index=1, text="B"),
        event("response.refusal.done", output_index=0, content_index=2, refusal="C"),
        ended(),
    )
    assert found == [
        ev.TextDelta("A"),
        ev.PartEnded(),
        ev.TextDelta("B"),
        ev.PartEnded(),
        ev.RefusalDelta("C"),
        ev.Used(Usage(3, 4)),
        ev.Finished(Finish.REFUSAL),
    ]


def test_paragraphs_of_a_summary_are_told_apart_and_the_thought_counts_once() -> None:
    assert events(
        delta("reasoning_summary_text", "A", summary_index=0),
        delta("reasoning_text", "again", content_index=0),
        delta("reasoning_summary_text", "B", summary_index=1),
        done({"type": "reasoning", "id": "rs_1", "summary": [{"text": "A"}, {"text": "B"}]}),
        ended(),
    ) == [ev.ReasoningDelta("A"), ev.ReasoningDelta("\n\nB"), ev.PartEnded(), *END]


def test_sources_come_as_they_are_named() -> None:
    cited = message("So.")
    cited["content"][0]["annotations"] = [CITED]
    note = ev.Cited(Citation(url="https://example.com", title="E", start=0, end=2))
    named = event("response.output_text.annotation.added", output_index=0, content_index=0, annotation=CITED)
    text = delta("output_text", "So.", content_index=0)
    assert events(text, named, done(cited), ended()) == [ev.TextDelta("So."), note, ev.PartEnded(), *END]
    assert events(text, done(cited), ended()) == [ev.TextDelta("So."), note, ev.PartEnded(), *END]


def test_a_tool_of_free_text_is_called_like_a_function() -> None:
    begun = {"type": "custom_tool_call", "id": "ctc_1", "call_id": "c1", "name": "patch", "input": ""}
    assert events(
        event("response.output_item.added", output_index=0, item=begun),
        delta("custom_tool_call_input", "***"),
        event("response.custom_tool_call_input.done", output_index=0, input="***"),
        done({**begun, "input": "***"}),
        ended(),
    )[:3] == [ev.ToolStarted(0, "c1", "patch"), ev.ToolArguments(0, '{"input":"***"}'), ev.ToolEnded(0)]


def test_unknown_events_are_skipped() -> None:
    odd = (
        event("response.web_search_call.searching", output_index=0, item_id="ws_1"),
        event("response.something.new", delta={"a": 1}),
        event("response.output_item.added", output_index=0, item={"type": "new_call", "name": 7}),
        done({"type": "new_call", "name": 7}),
        b"data: [DONE]\n\n",
    )
    assert events(*odd[:-1], ended(), odd[-1]) == END


@pytest.mark.parametrize(
    "broken",
    [
        event("response.failed", response=response("failed", [], used(3, 4), error={"code": "c", "message": "Oh."})),
        event("error", code="c", message="Oh.", param=None),
        event("error", error={"type": "t", "code": "c", "message": "Oh.", "param": None}),
    ],
)
def test_a_failure_ends_everything(broken: bytes) -> None:
    found = events(delta("output_text", "So", content_index=0), broken, ended())
    assert found[-1] == ev.Failed("Oh.", "c")
    assert found[0] == ev.TextDelta("So")


@pytest.mark.parametrize(
    "broken",
    [
        b"data: {\n\n",
        b"data: []\n\n",
        event("response.output_text.delta", output_index=0, content_index=0, delta=7),
        event("response.output_text.delta", output_index="x", delta="So"),
        event("response.function_call_arguments.delta", output_index=0, delta="{}"),
        event("response.output_item.added", output_index=0, item={"type": "function_call", "call_id": "c"}),
        event("response.completed", response=7),
        b"data: " + b"[" * 100_000 + b"\n\n",
    ],
)
def test_what_is_none_of_its_api_is_a_failure(broken: bytes) -> None:
    found = events(broken, ended())
    assert [type(one) for one in found] == [ev.Failed]


TEXTS = st.text(min_size=1, max_size=8)
SAID = st.one_of(
    TEXTS.map(lambda text: [ev.TextDelta(text), ev.PartEnded()]),
    TEXTS.map(lambda text: [ev.RefusalDelta(text), ev.PartEnded()]),
    TEXTS.map(lambda text: [ev.ReasoningDelta(text), ev.PartEnded()]),
)


@given(said=st.lists(SAID, max_size=5), calls=st.lists(TEXTS, max_size=3), cuts=st.lists(st.integers(0, 20_000)))
def test_what_our_client_half_writes_this_half_reads(
    said: list[list[ev.Event]], calls: list[str], cuts: list[int]
) -> None:
    told = [one for part in said for one in part]
    for index, text in enumerate(calls):
        arguments = json.dumps({"a": text})
        told += [ev.ToolStarted(index, f"c{index}", "f"), ev.ToolArguments(index, arguments), ev.ToolEnded(index)]
    told += [ev.Used(Usage(3, 4)), ev.Finished(Finish.TOOL_CALLS if calls else Finish.STOP)]
    writer = CLIENT.writer(Heading("req-1", "m", 1, Request(messages=())))
    stream = writer.write([ev.Started(), *told]) + writer.finish()
    bounds = [0, *sorted(cut % (len(stream) + 1) for cut in cuts), len(stream)]
    found = events(*(stream[start:stop] for start, stop in pairwise(bounds)))
    assert found[0] == ev.Started("resp_1", "m")
    assert [one for one in found[1:-1] if not isinstance(one, ev.PartEnded)] == [
        one for one in told[:-1] if not isinstance(one, ev.PartEnded)
    ]
