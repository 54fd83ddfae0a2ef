"""Whole answers and errors of Converse, which botocore reads too."""

import base64
import json
from typing import Any

import pytest
from tests import botocore_judge

from gatewright.domain.money import Usage
from gatewright.translation.bedrock_converse.provider import PROVIDER
from gatewright.translation.halves import ProviderError
from gatewright.translation.model import Answer, Citation, Finish, Media, Reasoning, Text, ToolCall

PNG = base64.b64encode(b"\x89PNG").decode()


def answer(content: list[Any], **members: Any) -> bytes:
    body = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": "end_turn",
        "usage": {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15},
        "metrics": {"latencyMs": 12},
        **members,
    }
    return json.dumps(body).encode()


def read(body: bytes) -> Answer:
    judged = botocore_judge.read(body)
    assert judged["output"]["message"]["role"] == "assistant"
    return PROVIDER.read(body)


def test_every_kind_of_part() -> None:
    found = read(
        answer(
            [
                {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "sig"}}},
                {"reasoningContent": {"redactedContent": PNG}},
                {"text": "Hello"},
                {"text": ""},
                {
                    "citationsContent": {
                        "content": [{"text": "It is "}, {"text": "so."}],
                        "citations": [
                            {
                                "title": "Paper",
                                "sourceContent": [{"text": "so it is"}],
                                "location": {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}},
                            },
                            {"location": {"web": {"url": "https://example.com", "domain": "example.com"}}},
                        ],
                    }
                },
                {"image": {"format": "png", "source": {"bytes": PNG}}},
                {"toolUse": {"toolUseId": "t1", "name": "weather", "input": {"n": 12345678901234567890, "x": 1.0}}},
                {"toolUse": {"toolUseId": "t2", "name": "search", "input": {}, "type": "server_tool_use"}},
                {"toolResult": {"toolUseId": "t2", "content": [{"text": "found"}]}},
            ],
            stopReason="tool_use",
        )
    )
    assert found.parts == (
        Reasoning(text="hm", signature="sig", origin="bedrock_converse"),
        Reasoning(redacted=PNG, origin="bedrock_converse"),
        Text(text="Hello"),
        Text(
            text="It is so.",
            citations=(
                Citation(
                    title="Paper",
                    quote="so it is",
                    raw={"title": "Paper", "location": {"documentPage": {"documentIndex": 0, "start": 1, "end": 2}}},
                ),
                Citation(
                    url="https://example.com",
                    raw={"location": {"web": {"url": "https://example.com", "domain": "example.com"}}},
                ),
            ),
        ),
        Media(kind="image", media_type="image/png", data=PNG),
        ToolCall(id="t1", name="weather", arguments='{"n": 12345678901234567890, "x": 1.0}'),
    )
    assert found.finish is Finish.TOOL_CALLS
    assert found.usage == Usage(prompt=10, completion=5)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", Finish.STOP),
        ("tool_use", Finish.TOOL_CALLS),
        ("max_tokens", Finish.LENGTH),
        ("stop_sequence", Finish.STOP_SEQUENCE),
        ("guardrail_intervened", Finish.CONTENT_FILTER),
        ("content_filtered", Finish.CONTENT_FILTER),
        ("model_context_window_exceeded", Finish.CONTEXT_FULL),
        ("something_new", Finish.STOP),
    ],
)
def test_why_it_stopped(reason: str, finish: Finish) -> None:
    assert read(answer([{"text": "x"}], stopReason=reason)).finish is finish


def test_which_sequence_stopped_it_and_how_much_was_thought() -> None:
    fields = {"stop_sequence": "END", "usage": {"output_tokens_details": {"thinking_tokens": 4}}}
    found = read(answer([], stopReason="stop_sequence", additionalModelResponseFields=fields))
    assert found.stop_sequence == "END"
    assert found.usage is not None
    assert found.usage.reasoning == 4


def used(**counts: Any) -> Usage | None:
    usage = {"inputTokens": 10, "outputTokens": 5, "totalTokens": 15, **counts}
    return read(answer([], usage=usage)).usage


def test_usage_in_the_normal_form() -> None:
    assert used(cacheReadInputTokens=100, cacheWriteInputTokens=50) == Usage(
        prompt=160, completion=5, cached=100, cache_write=50
    )
    details = [{"ttl": "1h", "inputTokens": 30}, {"ttl": "5m", "inputTokens": 20}]
    assert used(cacheWriteInputTokens=50, cacheDetails=details) == Usage(
        prompt=60, completion=5, cache_write=20, cache_write_1h=30
    )
    assert used(cacheWriteInputTokens=10, cacheDetails=details) == Usage(prompt=20, completion=5, cache_write_1h=10)
    assert used(inputTokens=-5, outputTokens=-1, cacheReadInputTokens=-100) == Usage()
    assert used(cacheReadInputTokens=None, cacheDetails=None) == Usage(prompt=10, completion=5)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"output":{}}',
        b'{"output":{"message":{"content":[{"toolUse":{"name":"x"}}]}},"stopReason":"end_turn"}',
        b'{"output":{"message":{"content":[]}},"stopReason":"malformed_tool_use"}',
        b'{"output":{"message":{"content":[{"text":"\xff"}]}},"stopReason":"end_turn"}',
        b'{"choices":[]}',
    ],
)
def test_what_is_no_answer(body: bytes) -> None:
    with pytest.raises(ValueError):
        PROVIDER.read(body)


def test_an_answer_that_is_nested_too_deeply() -> None:
    deep = b"[" * 100_000
    with pytest.raises((ValueError, RecursionError)):
        PROVIDER.read(b'{"output":' + deep)
    assert PROVIDER.error(b'{"message":' + deep) == ProviderError("")


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (b'{"message":"The model is busy."}', ProviderError("The model is busy.")),
        (b'{"Message":"No access."}', ProviderError("No access.")),
        (
            b'{"__type":"com.amazon.coral.service#AccessDeniedException","message":"No"}',
            ProviderError("No", "AccessDeniedException"),
        ),
        (b'{"message":null}', ProviderError("")),
        (b"not json", ProviderError("")),
        (b"[1]", ProviderError("")),
    ],
)
def test_errors(body: bytes, wanted: ProviderError) -> None:
    assert PROVIDER.error(body) == wanted
    if wanted.message:
        judged = botocore_judge.read(body, status=400, x_amzn_errortype="ValidationException")
        assert judged["Error"]["Message"] == wanted.message
