"""Amazon Bedrock's Converse: answers as the service gives them, each read by botocore too, which judges requests."""

import json
from typing import Any

import msgspec
from tests import botocore_judge
from tests.bedrock import event, exception

from gatewright.translation.model import Json

MODEL = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
THOUGHT = "Two and two, then."
SIGNATURE = "c2lnbmF0dXJl"
TEXT = 'Grüße from 東京 🗼, "quoted"\n\\and\ttabbed'
METRICS = {"latencyMs": 312}


def judge_request(body: Json) -> None:
    """Botocore's client would send just this, and the service's model allows it."""
    botocore_judge.check(msgspec.json.encode(body), MODEL)


def used(inputs: int, outputs: int, **more: Any) -> Json:
    return {"inputTokens": inputs, "outputTokens": outputs, "totalTokens": inputs + outputs, **more}


CACHED = used(400, 50, cacheReadInputTokens=600, cacheWriteInputTokens=0)
WRITTEN = used(
    250,
    50,
    cacheReadInputTokens=600,
    cacheWriteInputTokens=150,
    cacheDetails=[{"ttl": "1h", "inputTokens": 50}, {"ttl": "5m", "inputTokens": 100}],
)
THINKING = {"usage": {"output_tokens_details": {"thinking_tokens": 20}}}
CALLS = [
    {"toolUse": {"toolUseId": "call_1", "name": "get_weather", "input": {"city": "Zürich", "days": [1, 2]}}},
    {"toolUse": {"toolUseId": "call_2", "name": "get_time", "input": {}}},
]


def _whole(content: list[Any], stop: str, usage: Json, fields: Json | None = None) -> bytes:
    body = {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": stop,
        "usage": usage,
        "metrics": METRICS,
        **({"additionalModelResponseFields": fields} if fields else {}),
    }
    raw = json.dumps(body).encode()
    assert botocore_judge.read(raw)["stopReason"] == stop
    return raw


ANSWERS = {
    "text": _whole([{"text": TEXT}], "end_turn", used(12, 9)),
    "length": _whole([{"text": "Once upon a"}], "max_tokens", used(12, 3)),
    "filtered": _whole([{"text": "I"}], "guardrail_intervened", used(12, 1)),
    "reasoning": _whole(
        [{"reasoningContent": {"reasoningText": {"text": THOUGHT, "signature": SIGNATURE}}}, {"text": "Four."}],
        "end_turn",
        used(20, 30),
    ),
    "tools": _whole([{"text": "Let me look."}, *CALLS], "tool_use", used(40, 25)),
    "usage": _whole([{"text": "Cached."}], "end_turn", CACHED, THINKING),
    "cache_write": _whole([{"text": "Written."}], "end_turn", WRITTEN),
}


def _block(index: int, *deltas: Json, start: Json | None = None) -> bytes:
    """Text and thought begin without a word of it."""
    first = event("contentBlockStart", {"contentBlockIndex": index, "start": start}) if start else b""
    pieces = [event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta, "p": "abc"}) for delta in deltas]
    return first + b"".join(pieces) + event("contentBlockStop", {"contentBlockIndex": index})


def _stream(*blocks: bytes, stop: str = "end_turn", usage: Json, fields: Json | None = None) -> bytes:
    more = {"additionalModelResponseFields": fields} if fields else {}
    raw = b"".join(
        (
            event("messageStart", {"role": "assistant", "p": "abcdef"}),
            *blocks,
            event("messageStop", {"stopReason": stop, **more}),
            event("metadata", {"usage": usage, "metrics": METRICS}),
        )
    )
    assert "metadata" in botocore_judge.events(raw)[-1]
    return raw


STREAMS = {
    "text": _stream(_block(0, *({"text": TEXT[at : at + 4]} for at in range(0, len(TEXT), 4))), usage=used(12, 9)),
    "length": _stream(_block(0, {"text": "Once "}, {"text": "upon a"}), stop="max_tokens", usage=used(12, 3)),
    "filtered": _stream(_block(0, {"text": "I"}), stop="content_filtered", usage=used(12, 1)),
    "reasoning": _stream(
        _block(
            0,
            {"reasoningContent": {"text": "Two and two"}},
            {"reasoningContent": {"text": ", then."}},
            {"reasoningContent": {"signature": SIGNATURE}},
        ),
        _block(1, {"text": "Fo"}, {"text": "ur."}),
        usage=used(20, 30),
    ),
    "tools": _stream(
        _block(0, {"text": "Let me look."}),
        _block(
            1,
            {"toolUse": {"input": ""}},
            {"toolUse": {"input": '{"city": "Zür'}},
            {"toolUse": {"input": 'ich", "days": [1, 2]}'}},
            start={"toolUse": {"toolUseId": "call_1", "name": "get_weather"}},
        ),
        _block(2, {"toolUse": {"input": ""}}, start={"toolUse": {"toolUseId": "call_2", "name": "get_time"}}),
        stop="tool_use",
        usage=used(40, 25),
    ),
    "usage": _stream(_block(0, {"text": "Cached."}), usage=CACHED, fields=THINKING),
    "cache_write": _stream(_block(0, {"text": "Written."}), usage=WRITTEN),
}

ERROR = b'{"message":"No such model."}'
BROKEN = (
    event("messageStart", {"role": "assistant"})
    + event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Half a"}})
    + exception("serviceUnavailableException", "Overloaded.")
)
