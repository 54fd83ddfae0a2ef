"""Complete answers, both ways, judged by Anthropic's own library."""

import json
from base64 import urlsafe_b64encode
from typing import Any

import pytest
from tests.unit.translation.anthropic_messages.judge import accept_answer
from tests.unit.translation.anthropic_messages.test_request_reader import members

from gatewright.domain.money import Usage
from gatewright.translation.anthropic_messages.client import CLIENT
from gatewright.translation.anthropic_messages.provider import PROVIDER
from gatewright.translation.halves import ProviderError
from gatewright.translation.model import (
    Answer,
    Citation,
    Finish,
    Heading,
    Media,
    Message,
    Reasoning,
    Refusal,
    Request,
    Role,
    Text,
    ToolCall,
)
from gatewright.translation.seals import MARK

HEADING = Heading("req-0123abcd", "public-name", 1_700_000_000, Request(messages=()))
OURS = "anthropic_messages"


def written(*parts: Any, finish: Finish = Finish.STOP, **members: Any) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(CLIENT.write(Answer(parts=parts, finish=finish, **members), HEADING))
    accept_answer(body)
    return body


def back(body: dict[str, Any]) -> Message:
    """The answer as its client sends it back."""
    request = {"messages": [{"role": "assistant", "content": body["content"]}]}
    (message,) = CLIENT.read(members(request)).messages
    return message


def test_what_a_client_gets() -> None:
    usage = Usage(prompt=100, completion=20, cached=30, cache_write=10, cache_write_1h=5, reasoning=7)
    body = written(
        Reasoning(text="hm", signature="c2ln", origin=OURS),
        Text(text="Hello"),
        ToolCall(id="call_1", name="weather", arguments='{"city": "Bonn", "n": 9007199254740993}'),
        ToolCall(id="call_2", name="time"),
        finish=Finish.TOOL_CALLS,
        usage=usage,
        id="chatcmpl-1",
        model="gpt-real",
    )
    assert body == {
        "id": "msg_0123abcd",
        "type": "message",
        "role": "assistant",
        "model": "public-name",
        "content": [
            {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
            {"type": "text", "text": "Hello"},
            {
                "type": "tool_use",
                "id": "call_1",
                "name": "weather",
                "input": {"city": "Bonn", "n": 9007199254740993},
            },
            {"type": "tool_use", "id": "call_2", "name": "time", "input": {}},
        ],
        "stop_reason": "tool_use",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 55,
            "cache_creation_input_tokens": 15,
            "cache_read_input_tokens": 30,
            "cache_creation": {"ephemeral_5m_input_tokens": 10, "ephemeral_1h_input_tokens": 5},
            "output_tokens": 20,
            "output_tokens_details": {"thinking_tokens": 7},
        },
    }


@pytest.mark.parametrize(
    ("finish", "reason"),
    [
        (Finish.STOP, "end_turn"),
        (Finish.STOP_SEQUENCE, "stop_sequence"),
        (Finish.LENGTH, "max_tokens"),
        (Finish.TOOL_CALLS, "tool_use"),
        (Finish.CONTENT_FILTER, "refusal"),
        (Finish.REFUSAL, "refusal"),
        (Finish.PAUSE, "pause_turn"),
        (Finish.CONTEXT_FULL, "model_context_window_exceeded"),
    ],
)
def test_why_it_ended(finish: Finish, reason: str) -> None:
    assert written(Text(text="a"), finish=finish)["stop_reason"] == reason
    assert PROVIDER.read(message(stop_reason=reason)).finish in (finish, Finish.CONTENT_FILTER)


def test_a_call_is_the_reason_to_stop_even_where_the_provider_does_not_say_so() -> None:
    assert written(ToolCall(id="a", name="b"))["stop_reason"] == "tool_use"
    assert written(ToolCall(id="a", name="b"), finish=Finish.LENGTH)["stop_reason"] == "max_tokens"


def test_an_answer_of_which_nothing_is_counted() -> None:
    body = written(Refusal(text="no"), finish=Finish.STOP_SEQUENCE, stop_sequence="X")
    assert body["content"] == [{"type": "text", "text": "no"}]
    assert body["stop_sequence"] == "X"
    assert (body["usage"]["input_tokens"], body["usage"]["output_tokens"]) == (0, 0)


def test_arguments_that_are_no_object_are_shown_as_they_are() -> None:
    for arguments in ("[1]", '{"a": ', "[" * 100_000):
        assert written(ToolCall(id="a", name="b", arguments=arguments))["content"][0]["input"] == {
            "invalid_json": arguments
        }


def test_citations() -> None:
    ours = {
        "type": "page_location",
        "cited_text": "a",
        "document_index": 0,
        "document_title": None,
        "start_page_number": 1,
        "end_page_number": 2,
    }
    (block,) = written(
        Text(
            text="so",
            citations=(
                Citation(raw=ours),
                Citation(url="https://example.com", title="Example", quote="q", raw={"type": "url_citation"}),
                Citation(title="nowhere"),
            ),
        )
    )["content"]
    assert block["citations"] == [
        ours,
        {
            "type": "web_search_result_location",
            "url": "https://example.com",
            "title": "Example",
            "cited_text": "q",
            "encrypted_index": "",
        },
    ]


def test_what_the_api_cannot_carry_is_said() -> None:
    image, link = written(
        Media(kind="image", media_type="image/png", data="AAAA"), Media(kind="image", url="https://example.com/a.png")
    )["content"]
    assert image["text"] == "[The model made a part of the type image/png, which this API cannot carry.]"
    assert link == {"type": "text", "text": "https://example.com/a.png"}


@pytest.mark.parametrize(
    "thought",
    [
        Reasoning(text="hm"),
        Reasoning(text="hm", signature="c2ln", origin=OURS),
        Reasoning(redacted="ZGF0YQ==", origin=OURS),
        Reasoning(text="hm", signature="sealed by Google", origin="gemini"),
        Reasoning(redacted="gAAAA", id="rs_1", origin="openai_responses"),
        Reasoning(text="in short", redacted="gAAAA", id="rs_1", origin="openai_responses"),
        Reasoning(text="hm", id="rs_1", origin="openai_responses"),
        Reasoning(text="hm", signature="s", redacted="r", origin="bedrock_converse"),
    ],
)
def test_a_thought_comes_back_as_it_was_whoever_sealed_it(thought: Reasoning) -> None:
    assert back(written(thought)).parts == (thought,)


def test_a_sealed_call_comes_back_sealed() -> None:
    calls = (
        ToolCall(id="a", name="f", arguments='{"x": 1}', signature="sealed by Google"),
        ToolCall(id="b", name="g", arguments="{}"),
    )
    assert back(written(*calls)) == Message(Role.ASSISTANT, calls)


def test_a_seal_of_another_version_of_ours_goes_to_nobody() -> None:
    content = [
        {"type": "thinking", "thinking": "hm", "signature": "gatewright-9:AAAA"},
        {"type": "redacted_thinking", "data": "gatewright-9:AAAA"},
        {"type": "redacted_thinking", "data": "gatewright-1:!"},
        {"type": "redacted_thinking", "data": MARK + urlsafe_b64encode(b'{"x":' + b"[" * 100_000).decode()},
        {"type": "redacted_thinking", "data": MARK + urlsafe_b64encode(b'{"signature":5}').decode()},
    ]
    assert back({"content": content}).parts == (Reasoning(text="hm"),)


def message(**members: Any) -> bytes:
    whole = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-real",
        "content": [],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 5, "output_tokens": 7},
        **members,
    }
    return json.dumps(whole).encode()


def test_what_a_provider_answers() -> None:
    cited = {"type": "char_location", "cited_text": "a", "document_title": "T"}
    answer = PROVIDER.read(
        message(
            content=[
                {"type": "thinking", "thinking": "", "signature": "c2ln"},
                {"type": "redacted_thinking", "data": "ZGF0YQ=="},
                {"type": "server_tool_use", "id": "srv", "name": "web_search", "input": {"query": "x"}},
                {"type": "web_search_tool_result", "tool_use_id": "srv", "content": {"error_code": "unavailable"}},
                {"type": "block_of_tomorrow", "text": 7},
                {"type": "text", "text": "Hello", "citations": [cited]},
                {"type": "tool_use", "id": "toolu_1", "name": "f", "input": {"a": 1.0}, "caller": {"type": "direct"}},
            ],
            stop_reason="tool_use",
            x_new=1,
        )
    )
    assert answer == Answer(
        parts=(
            Reasoning(signature="c2ln", origin=OURS),
            Reasoning(redacted="ZGF0YQ==", origin=OURS),
            Text(text="Hello", citations=(Citation(title="T", quote="a", raw=cited),)),
            ToolCall(id="toolu_1", name="f", arguments='{"a": 1.0}'),
        ),
        finish=Finish.TOOL_CALLS,
        id="msg_1",
        model="claude-real",
        usage=Usage(prompt=5, completion=7),
    )


def test_an_end_of_tomorrow_is_an_end() -> None:
    assert PROVIDER.read(message(stop_reason="new_reason")).finish is Finish.STOP
    assert PROVIDER.read(message(stop_sequence="X", stop_reason="stop_sequence")).stop_sequence == "X"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b'{"type":"error","error":{}}',
        b'{"type":"completion","content":[]}',
        b'{"type":"message"}',
        message(content=[{"type": "text", "text": 5}]),
        message(content=[5]),
        message(content=[{"type": "tool_use", "id": "a", "name": "b", "input": "\udcff"}])[:-20],
        b'{"type":"message","content":[{"type":"text","text":"\xff"}]}',
    ],
)
def test_what_is_no_answer_is_told(body: bytes) -> None:
    with pytest.raises(ValueError):
        PROVIDER.read(body)


def test_errors() -> None:
    said = b'{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_1"}'
    assert PROVIDER.error(said) == ProviderError("Overloaded", "overloaded_error")
    assert PROVIDER.error(b"<html>") == ProviderError("")
    assert PROVIDER.error(b"[" * 100_000) == ProviderError("")
