"""Anthropic messages: answers as Anthropic gives them, and its own library as the judge."""

import json
from typing import Any

from tests.unit.translation.anthropic_messages.judge import accept_answer, accept_request, accumulated

from gatewright.translation.model import Json


def judge_answer(body: bytes) -> None:
    """The SDK's own model of a message, with no value coerced."""
    accept_answer(json.loads(body))


def judge_stream(stream: bytes) -> None:
    """The SDK's own model of each event, its accumulator, and the order that its API promises."""
    accept_answer(accumulated(stream).to_dict())


def judge_request(body: Json) -> None:
    """The SDK's own types of a body, closed, and the rules that they cannot say."""
    accept_request(body)


def event(kind: str, **members: Any) -> bytes:
    """One event of a stream."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **members})}\n\n".encode()


def used(fresh: int, output: int, **more: Any) -> Json:
    return {
        "input_tokens": fresh,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": output,
        "service_tier": "standard",
        "inference_geo": "global",
        **more,
    }


def message(content: list[Json], reason: str | None, usage: Json) -> Json:
    """A complete answer."""
    return {
        "id": "msg_01XFDUDYJgAACzvnptvVoYEL",
        "type": "message",
        "role": "assistant",
        "model": "claude-some-model-2026",
        "content": content,
        "stop_reason": reason,
        "stop_sequence": None,
        "stop_details": None,
        "container": None,
        "usage": usage,
    }


def said(text: str) -> Json:
    return {"type": "text", "text": text, "citations": None}


TEXT = 'Grüße from 東京 🗼, "quoted"\n\\and\ttabbed'
CALLS: list[Json] = [
    {
        "type": "tool_use",
        "id": "call_1",
        "name": "get_weather",
        "input": {"city": "Zürich", "days": [1, 2]},
        "caller": {"type": "direct"},
    },
    {"type": "tool_use", "id": "call_2", "name": "get_time", "input": {}},
]
THOUGHT = {"type": "thinking", "thinking": "Two and two, then.", "signature": "c2lnbmF0dXJl"}
SEARCH = {"type": "server_tool_use", "id": "srvtoolu_1", "name": "web_search", "input": {"query": "x"}}
CACHED = used(400, 50, cache_read_input_tokens=600, output_tokens_details={"thinking_tokens": 20})
WRITTEN = used(
    250,
    50,
    cache_read_input_tokens=600,
    cache_creation_input_tokens=150,
    cache_creation={"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 50},
)
WHOLE = {
    "text": message([said(TEXT)], "end_turn", used(12, 9)),
    "length": message([said("Once upon a")], "max_tokens", used(12, 3)),
    "filtered": message([said("I")], "refusal", used(12, 1)),
    "reasoning": message([THOUGHT, SEARCH, said("Four.")], "end_turn", used(20, 30)),
    "tools": message([said("Let me look."), *CALLS], "tool_use", used(40, 25)),
    "usage": message([said("Cached.")], "end_turn", CACHED),
    "cache_write": message([said("Written.")], "end_turn", WRITTEN),
}
ANSWERS = {name: json.dumps(whole).encode() for name, whole in WHOLE.items()}


def _pieces(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def _deltas(block: Json) -> tuple[Json, list[Json]]:
    """How a block begins, and how it goes on."""
    match block["type"]:
        case "text":
            deltas = [{"type": "text_delta", "text": piece} for piece in _pieces(block["text"], 4)]
            return {**block, "text": ""}, deltas
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": piece} for piece in _pieces(block["thinking"], 6)]
            sealed = {"type": "signature_delta", "signature": block["signature"]}
            return {**block, "thinking": "", "signature": ""}, [*deltas, sealed]
        case _:
            given = json.dumps(block["input"]) if block["input"] else ""
            deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *_pieces(given, 9))]
            return {**block, "input": {}}, deltas


def _begun(usage: Json) -> bytes:
    return event("message_start", message=message([], None, {**usage, "output_tokens": 1})) + event("ping")


def stream_of(whole: Json) -> bytes:
    """The same answer, streamed."""
    usage = whole["usage"]
    events = [_begun(usage)]
    for index, block in enumerate(whole["content"]):
        start, deltas = _deltas(block)
        events.append(event("content_block_start", index=index, content_block=start))
        events += [event("content_block_delta", index=index, delta=delta) for delta in deltas]
        events.append(event("content_block_stop", index=index))
    delta = {"stop_reason": whole["stop_reason"], "stop_sequence": None}
    last = {name: usage[name] for name in ("output_tokens", "output_tokens_details") if name in usage}
    return b"".join([*events, event("message_delta", delta=delta, usage=last), event("message_stop")])


STREAMS = {name: stream_of(whole) for name, whole in WHOLE.items()}

ERROR = b'{"type":"error","error":{"type":"not_found_error","message":"No such model."},"request_id":"req_1"}'
BROKEN = (
    _begun(used(12, 1))
    + event("content_block_start", index=0, content_block=said(""))
    + event("content_block_delta", index=0, delta={"type": "text_delta", "text": "Half a"})
    + event("error", error={"type": "overloaded_error", "message": "Overloaded."})
)
