"""Complete answers: golden pairs of what a provider says, the model, and what a client is told."""

import json
from typing import Any

import pytest
from openai.types.chat import ChatCompletion
from tests.unit.translation.openai_chat.bodies import read as read_request

from gatewright.domain.money import Usage
from gatewright.translation.dialect import Dialect
from gatewright.translation.halves import AnswerBroken
from gatewright.translation.model import (
    Answer,
    Citation,
    Finish,
    Heading,
    Media,
    Part,
    Reasoning,
    Refusal,
    Request,
    Text,
    ToolCall,
)
from gatewright.translation.openai_chat.client import CLIENT
from gatewright.translation.openai_chat.provider import PROVIDER

HEADING = Heading("req-1", "public/name", 1763770001, Request(messages=()))


def answered(message: dict[str, Any], finish: str | None = "stop", **more: Any) -> Answer:
    choice = {"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}
    body = {"id": "chatcmpl-9", "object": "chat.completion", "model": "m-2026", "choices": [choice], **more}
    return PROVIDER.read(json.dumps(body).encode())


def parts(message: dict[str, Any], **more: Any) -> tuple[Part, ...]:
    return answered(message, **more).parts


def told(*said: Part, finish: Finish = Finish.STOP, **more: Any) -> dict[str, Any]:
    """The whole body, which the SDK's model takes."""
    body = CLIENT.write(Answer(parts=said, finish=finish, **more), HEADING)
    ChatCompletion.model_validate_json(body, strict=True)
    return dict(json.loads(body))


def message(*said: Part) -> dict[str, Any]:
    return dict(told(*said)["choices"][0]["message"])


def test_a_whole_answer() -> None:
    logprobs = {"content": [{"token": "Hi", "logprob": -0.1, "bytes": [72, 105], "top_logprobs": []}], "refusal": None}
    found = told(Text(text="Hi"), usage=Usage(3, 1), logprobs=logprobs, id="chatcmpl-of-the-provider", model="m-2026")
    assert found == {
        "id": "chatcmpl-req-1",
        "object": "chat.completion",
        "created": 1763770001,
        "model": "public/name",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Hi", "refusal": None},
                "logprobs": logprobs,
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 3,
            "completion_tokens": 1,
            "total_tokens": 4,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        },
    }
    assert answered({"content": "Hi"}).logprobs is None
    choice = {"message": {"content": "Hi"}, "finish_reason": "stop", "logprobs": logprobs}
    assert PROVIDER.read(json.dumps({"choices": [choice]}).encode()).logprobs == logprobs
    assert "usage" not in told(Text(text="Hi"))


CALL = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": '{"a":1}'}}
IMAGE = {"type": "image_url", "index": 0, "image_url": {"url": "data:image/png;base64,AAAA"}}
NOTE = {
    "type": "url_citation",
    "url_citation": {"url": "https://a.example", "title": "A", "start_index": 1, "end_index": 3},
}

GOLDEN: list[tuple[dict[str, Any], tuple[Part, ...]]] = [
    ({"content": "Hi"}, (Text(text="Hi"),)),
    ({"content": None, "refusal": "No."}, (Refusal(text="No."),)),
    ({"content": None, "tool_calls": [CALL]}, (ToolCall(id="c1", name="look", arguments='{"a":1}'),)),
    ({"content": "Hi", "reasoning_content": "Hm"}, (Reasoning(text="Hm"), Text(text="Hi"))),
    (
        {"content": "Hi", "images": [IMAGE]},
        (Text(text="Hi"), Media(kind="image", media_type="image/png", data="AAAA")),
    ),
    (
        {"content": "Hi there", "annotations": [NOTE]},
        (Text(text="Hi there", citations=(Citation(url="https://a.example", title="A", start=1, end=3),)),),
    ),
    (
        {
            "content": None,
            "tool_calls": [{**CALL, "extra_content": {"google": {"thought_signature": "c2ln"}}}],
        },
        (ToolCall(id="c1", name="look", arguments='{"a":1}', signature="c2ln"),),
    ),
]


@pytest.mark.parametrize(("wire", "model"), GOLDEN)
def test_a_message_is_read_and_written(wire: dict[str, Any], model: tuple[Part, ...]) -> None:
    assert parts(wire) == model
    assert message(*model) == {"role": "assistant", "refusal": None, **wire}


@pytest.mark.parametrize(
    ("wire", "model"),
    [
        ({"reasoning": "Hm"}, (Reasoning(text="Hm"),)),
        ({"reasoning": "Hm", "reasoning_content": "Hm"}, (Reasoning(text="Hm"),)),
        ({"reasoning": {"odd": 1}}, ()),
        (
            {"reasoning": "Hm", "reasoning_details": [{"type": "reasoning.text", "text": "Hm", "signature": "c2ln"}]},
            (Reasoning(text="Hm", signature="c2ln", origin=Dialect.CHAT),),
        ),
        (
            {"reasoning": "Hm", "reasoning_details": [{"type": "reasoning.encrypted", "data": "ZW5j", "id": "rs_1"}]},
            (Reasoning(text="Hm", redacted="ZW5j", id="rs_1", origin=Dialect.CHAT),),
        ),
        (
            {
                "reasoning": "Hm",
                "reasoning_details": [
                    {"type": "reasoning.summary", "summary": "Hm"},
                    {"type": "reasoning.encrypted", "data": "ZW5j"},
                ],
            },
            (Reasoning(text="Hm", origin=Dialect.CHAT), Reasoning(redacted="ZW5j", origin=Dialect.CHAT)),
        ),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]},
                    {"type": "text", "text": "Hi"},
                ]
            },
            (Reasoning(text="Hm"), Text(text="Hi")),
        ),
        (
            {"tool_calls": [{"function": {"name": "look", "arguments": {"a": 1}}}, {"function": {"name": "look"}}]},
            (
                ToolCall(id="call_chatcmpl9_0", name="look", arguments='{"a":1}'),
                ToolCall(id="call_chatcmpl9_1", name="look"),
            ),
        ),
        ({"tool_calls": []}, ()),
        ({"content": ""}, ()),
    ],
)
def test_what_servers_say_in_ways_of_their_own(wire: dict[str, Any], model: tuple[Part, ...]) -> None:
    assert parts(wire) == model


def test_the_sources_of_a_whole_answer() -> None:
    urls = {"citations": ["https://a.example", "https://b.example"]}
    results = {"search_results": [{"title": "A", "url": "https://a.example", "date": "2026-01-01"}, {"title": "odd"}]}
    for more, expected in (
        (urls, (Citation(url="https://a.example"), Citation(url="https://b.example"))),
        ({**urls, **results}, (Citation(url="https://a.example", title="A"),)),
        ({"citations": [{"odd": 1}], "search_results": "odd"}, ()),
    ):
        assert parts({"content": "Hi"}, **more) == (Text(text="Hi", citations=expected),)


def test_sources_are_counted_in_the_whole_text() -> None:
    found = message(
        Text(text="Rain. "),
        Text(text="Snow.", citations=(Citation(url="https://a.example"), Citation(quote="snow", title="Report"))),
        Text(text="!", citations=(Citation(raw={"type": "page", "page": 2}),)),
    )
    assert found["content"] == "Rain. Snow.!"
    assert found["annotations"] == [
        {
            "type": "url_citation",
            "url_citation": {"url": "https://a.example", "title": "", "start_index": 6, "end_index": 11},
        }
    ]
    assert found["provider_specific_fields"] == {
        "citations": [{"title": "Report", "cited_text": "snow"}, {"type": "page", "page": 2}]
    }


SEALED = [
    Reasoning(text="Hm", signature="c2ln"),
    Reasoning(text="Hm", signature="c2ln", origin=Dialect.MESSAGES),
    Reasoning(redacted="ZW5j", origin=Dialect.MESSAGES),
    Reasoning(text="Hm", signature="Z2Vt", origin=Dialect.GEMINI),
    Reasoning(text="Sum", redacted="ZW5j", id="rs_1", origin=Dialect.RESPONSES),
    Reasoning(redacted="ZW5j", id="rs_1", origin=Dialect.RESPONSES),
    Reasoning(id="rs_1", origin=Dialect.RESPONSES),
    Reasoning(text="Hm", signature="YmVk", origin=Dialect.CONVERSE),
]


@pytest.mark.parametrize("sealed", SEALED)
def test_a_seal_comes_back_from_a_client_that_keeps_only_what_litellm_has(sealed: Reasoning) -> None:
    found = message(sealed, Text(text="So."))
    (block,) = found["thinking_blocks"]
    assert set(block) in ({"type", "thinking", "signature"}, {"type", "data"})
    (back, _) = read_request(messages=[{"role": "user", "content": "?"}, found]).messages[1].parts
    plain = sealed.origin in (None, Dialect.MESSAGES)
    assert isinstance(back, Reasoning)
    assert back == (
        Reasoning(text=sealed.text, signature=sealed.signature, redacted=sealed.redacted, origin=Dialect.MESSAGES)
        if plain
        else sealed
    )
    assert (sealed.signature in block.values() or sealed.redacted in block.values()) == plain


def test_thoughts_go_back_together() -> None:
    found = message(Reasoning(text="A"), Reasoning(text="B", signature="c2ln"), Text(text="So."))
    assert found["reasoning_content"] == "AB"
    assert found["thinking_blocks"] == [
        {"type": "thinking", "thinking": "A"},
        {"type": "thinking", "thinking": "B", "signature": "c2ln"},
    ]
    assert "thinking_blocks" not in message(Reasoning(text="A"))


def test_a_call_without_arguments_has_an_empty_object() -> None:
    (call,) = message(ToolCall(id="c1", name="look"))["tool_calls"]
    assert call["function"]["arguments"] == "{}"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("stop", Finish.STOP),
        (None, Finish.STOP),
        ("", Finish.STOP),
        ("a word of tomorrow", Finish.STOP),
        ("length", Finish.LENGTH),
        ("max_tokens", Finish.LENGTH),
        ("model_length", Finish.CONTEXT_FULL),
        ("tool_calls", Finish.TOOL_CALLS),
        ("function_call", Finish.TOOL_CALLS),
        ("content_filter", Finish.CONTENT_FILTER),
        ("sensitive", Finish.CONTENT_FILTER),
    ],
)
def test_reasons_to_stop_are_read(said: str | None, expected: Finish) -> None:
    assert answered({"content": "Hi"}, said).finish is expected


def test_a_stop_with_calls_is_one_for_the_tools_and_one_with_a_refusal_is_a_refusal() -> None:
    assert answered({"tool_calls": [CALL]}, "stop").finish is Finish.TOOL_CALLS
    assert answered({"tool_calls": [CALL]}, "length").finish is Finish.LENGTH
    assert answered({"refusal": "No."}, "stop").finish is Finish.REFUSAL


@pytest.mark.parametrize(
    ("finish", "said"),
    [
        (Finish.STOP, "stop"),
        (Finish.STOP_SEQUENCE, "stop"),
        (Finish.LENGTH, "length"),
        (Finish.TOOL_CALLS, "tool_calls"),
        (Finish.CONTENT_FILTER, "content_filter"),
        (Finish.REFUSAL, "content_filter"),
        (Finish.PAUSE, "stop"),
        (Finish.CONTEXT_FULL, "length"),
    ],
)
def test_reasons_to_stop_are_written(finish: Finish, said: str) -> None:
    assert told(Text(text="Hi"), finish=finish)["choices"][0]["finish_reason"] == said
    refused = told(Refusal(text="No."), finish=Finish.REFUSAL)["choices"][0]
    assert (refused["finish_reason"], refused["message"]["refusal"]) == ("stop", "No.")


@pytest.mark.parametrize(
    ("choice", "more", "message", "kind"),
    [
        ({"finish_reason": "error"}, {}, "The provider ended the answer with error.", "error"),
        ({"finish_reason": "insufficient_system_resource", "message": {"content": "Half"}}, {}, None, None),
        ({"finish_reason": "error", "error": {"message": "m", "code": 502}}, {}, "m", "502"),
        ({}, {"error": {"message": "m", "code": "c"}}, "m", "c"),
        ({}, {"error": "m"}, "m", None),
    ],
)
def test_an_answer_that_says_it_broke_off_is_none_and_costs(
    choice: dict[str, Any], more: dict[str, Any], message: str | None, kind: str | None
) -> None:
    body = {"choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 1}, **more}
    with pytest.raises(AnswerBroken) as caught:
        PROVIDER.read(json.dumps(body).encode())
    assert caught.value.usage == Usage(3, 1)
    if message is not None:
        assert caught.value.error[:2] == (message, kind)


@pytest.mark.parametrize(
    "body",
    [
        b'{"choices":[]}',
        b'{"choices":[{}]}',
        b'{"choices":[{"message":{"tool_calls":[{"id":"c1"}]}}]}',
        b'{"choices":[{"message":{"images":[{"image_url":{"url":"ftp://x"}}]}}]}',
        b'{"choices":[{"message":{"content":' + b"[" * 5000,
    ],
)
def test_what_is_no_answer_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError):
        PROVIDER.read(body)


def test_usage_that_is_malformed_does_not_cost_the_answer() -> None:
    found = answered({"content": "Hi"}, usage={"prompt_tokens": "many"})
    assert (found.usage, found.parts) == (None, (Text(text="Hi"),))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"error":{"message":"m","type":"t","code":"c","param":"p"}}', ("m", "c", "p")),
        (b'{"error":{"message":"m","type":"t","code":null}}', ("m", "t", None)),
        (b'{"error":{"message":"m","code":429,"metadata":{}}}', ("m", "429", None)),
        (b'{"error":"m"}', ("m", None, None)),
        (b'{"object":"error","message":"m","type":"t","code":400}', ("m", "400", None)),
        (b'{"detail":"m"}', ("m", None, None)),
        (b'[{"error":{"message":"m","code":400}}]', ("m", "400", None)),
        (b"[]", ("", None, None)),
        (b"Bad Gateway", ("", None, None)),
    ],
)
def test_errors_of_many_servers(body: bytes, expected: tuple[str, str | None, str | None]) -> None:
    assert PROVIDER.error(body)[:3] == expected


def test_an_errors_message_is_bounded() -> None:
    assert len(PROVIDER.error(b'{"error":"%b"}' % (b"x" * 10_000)).message) == 2000
