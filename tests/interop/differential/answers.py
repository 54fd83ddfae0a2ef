"""What providers answer, complete and streamed, and the cases made of it."""

import base64
import json
import struct
import zlib
from typing import Any

from tests.interop.differential.tools import CHAT_TOOLS, HELLO, MESSAGES_TOOLS

Json = dict[str, Any]

USED_MESSAGES = {
    "input_tokens": 50,
    "cache_read_input_tokens": 30,
    "cache_creation_input_tokens": 20,
    "cache_creation": {"ephemeral_5m_input_tokens": 20, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 12,
}
USED_CHAT = {
    "prompt_tokens": 100,
    "completion_tokens": 12,
    "total_tokens": 112,
    "prompt_tokens_details": {"cached_tokens": 30},
    "completion_tokens_details": {"reasoning_tokens": 5},
}
USED_GEMINI = {
    "promptTokenCount": 100,
    "cachedContentTokenCount": 30,
    "candidatesTokenCount": 7,
    "thoughtsTokenCount": 5,
    "totalTokenCount": 112,
}
USED_CONVERSE = {
    "inputTokens": 50,
    "outputTokens": 12,
    "totalTokens": 112,
    "cacheReadInputTokens": 30,
    "cacheWriteInputTokens": 20,
}


def message(content: list[Json], reason: str, sequence: str | None = None) -> Json:
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-sonnet-4-5",
        "content": content,
        "stop_reason": reason,
        "stop_sequence": sequence,
        "usage": USED_MESSAGES,
    }


THINKING = {"type": "thinking", "thinking": "Two and two.", "signature": "c2VhbA=="}
USES: list[Json] = [
    {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"town": "Ulm"}},
    {"type": "tool_use", "id": "toolu_2", "name": "clock", "input": {"zone": "CET"}},
]
MESSAGES: dict[str, Json] = {
    "text": message([{"type": "text", "text": "Hello, 東京."}], "end_turn"),
    "length": message([{"type": "text", "text": "Once upon"}], "max_tokens"),
    "sequence": message([{"type": "text", "text": "One, "}], "stop_sequence", "two"),
    "refusal": message([{"type": "text", "text": "I"}], "refusal"),
    "tools": message([{"type": "text", "text": "Let me look."}, *USES], "tool_use"),
    "empty-tool": message([{"type": "tool_use", "id": "toolu_1", "name": "now", "input": {}}], "tool_use"),
    "thought": message([THINKING, {"type": "text", "text": "Four."}], "end_turn"),
    "redacted": message(
        [{"type": "redacted_thinking", "data": "ZGF0YQ=="}, {"type": "text", "text": "4."}], "end_turn"
    ),
    "thought-tool": message([THINKING, USES[0]], "tool_use"),
}


def message_events(answer: Json) -> list[Json]:
    """The answer as Anthropic streams it, every text and every input in two pieces."""
    head = {**answer, "content": [], "stop_reason": None, "stop_sequence": None}
    head["usage"] = {**USED_MESSAGES, "output_tokens": 1}
    found: list[Json] = [{"type": "message_start", "message": head}, {"type": "ping"}]
    for index, block in enumerate(answer["content"]):
        empty: dict[str, Json] = {
            "text": {"text": ""},
            "thinking": {"thinking": "", "signature": ""},
            "tool_use": {"input": {}},
        }
        start = {**block, **empty.get(block["type"], {})}
        found.append({"type": "content_block_start", "index": index, "content_block": start})
        found += [{"type": "content_block_delta", "index": index, "delta": delta} for delta in block_deltas(block)]
        found.append({"type": "content_block_stop", "index": index})
    ending = {name: answer[name] for name in ("stop_reason", "stop_sequence")}
    found.append({"type": "message_delta", "delta": ending, "usage": {"output_tokens": 12}})
    return [*found, {"type": "message_stop"}]


def block_deltas(block: Json) -> list[Json]:
    match block["type"]:
        case "text":
            return [{"type": "text_delta", "text": piece} for piece in halves(block["text"])]
        case "thinking":
            thought = [{"type": "thinking_delta", "thinking": piece} for piece in halves(block["thinking"])]
            return [*thought, {"type": "signature_delta", "signature": block["signature"]}]
        case "tool_use" if block["input"]:
            return [{"type": "input_json_delta", "partial_json": piece} for piece in halves(json.dumps(block["input"]))]
    return []


def halves(text: str) -> list[str]:
    return [text[: len(text) // 2], text[len(text) // 2 :]]


def completion(said: Json, reason: str) -> Json:
    choice = {"index": 0, "message": {"role": "assistant", "content": None, **said}, "finish_reason": reason}
    head = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "gpt-5.1"}
    return {**head, "choices": [choice], "usage": USED_CHAT}


CALLS = [
    {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": '{"town": "Ulm"}'}},
    {"id": "call_2", "type": "function", "function": {"name": "clock", "arguments": '{"zone": "CET"}'}},
]
CHAT: dict[str, Json] = {
    "text": completion({"content": "Hello, 東京."}, "stop"),
    "length": completion({"content": "Once upon"}, "length"),
    "filter": completion({"content": "I"}, "content_filter"),
    "tools": completion({"content": "Let me look.", "tool_calls": CALLS}, "tool_calls"),
    "only-tools": completion({"tool_calls": CALLS}, "tool_calls"),
    "thought": completion({"content": "Four.", "reasoning_content": "Two and two."}, "stop"),
    "refusal": completion({"refusal": "I will not."}, "stop"),
}


def completion_events(answer: Json) -> list[Json]:
    head = {name: answer[name] for name in ("id", "created", "model")} | {"object": "chat.completion.chunk"}
    said = answer["choices"][0]["message"]
    deltas: list[Json] = [{"role": "assistant", "content": ""}]
    for name in ("reasoning_content", "content", "refusal"):
        deltas += [{name: piece} for piece in halves(said.get(name) or "") if piece]
    for index, one in enumerate(said.get("tool_calls", [])):
        started = {**one, "index": index, "function": {**one["function"], "arguments": ""}}
        deltas.append({"tool_calls": [started]})
        pieces = halves(one["function"]["arguments"])
        deltas += [{"tool_calls": [{"index": index, "function": {"arguments": piece}}]} for piece in pieces]
    found = [{**head, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    ending = {"index": 0, "delta": {}, "finish_reason": answer["choices"][0]["finish_reason"]}
    return [*found, {**head, "choices": [ending]}, {**head, "choices": [], "usage": USED_CHAT}]


def generated(parts: list[Json], reason: str = "STOP") -> Json:
    candidate = {"index": 0, "content": {"role": "model", "parts": parts}, "finishReason": reason}
    return {
        "candidates": [candidate],
        "usageMetadata": USED_GEMINI,
        "modelVersion": "gemini-2.5-flash",
        "responseId": "r1",
    }


GEMINI_CALLS: list[Json] = [
    {"functionCall": {"name": "weather", "args": {"town": "Ulm"}}, "thoughtSignature": "c2VhbA=="},
    {"functionCall": {"name": "clock", "args": {"zone": "CET"}}},
]
GEMINI: dict[str, Json] = {
    "text": generated([{"text": "Hello, 東京."}]),
    "pieces": generated([{"text": "Hello, "}, {"text": "you."}]),
    "length": generated([{"text": "Once upon"}], "MAX_TOKENS"),
    "safety": generated([{"text": "I"}], "SAFETY"),
    "tools": generated([{"text": "Let me look."}, *GEMINI_CALLS]),
    "thought": generated([{"text": "Two and two.", "thought": True}, {"text": "Four."}]),
    "empty-tool": generated([{"functionCall": {"name": "now"}}]),
    "blocked": {
        "promptFeedback": {"blockReason": "SAFETY"},
        "usageMetadata": {"promptTokenCount": 9, "totalTokenCount": 9},
    },
}


def generated_events(answer: Json) -> list[Json]:
    """Each part in a chunk of its own, as Google sends them; counts are cumulative."""
    if "candidates" not in answer:
        return [answer]
    candidate = answer["candidates"][0]
    rest = {name: answer[name] for name in ("modelVersion", "responseId")}
    early = {**USED_GEMINI, "candidatesTokenCount": 1, "totalTokenCount": 106}
    parts = candidate["content"]["parts"]
    found = [
        {"candidates": [{"index": 0, "content": {"role": "model", "parts": [part]}}], "usageMetadata": early, **rest}
        for part in parts
    ]
    found[-1]["candidates"][0]["finishReason"] = candidate["finishReason"]
    found[-1]["usageMetadata"] = USED_GEMINI
    return found


def conversed(content: list[Json], reason: str) -> Json:
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": reason,
        "usage": USED_CONVERSE,
        "metrics": {"latencyMs": 9},
    }


BEDROCK_USES = [
    {"toolUse": {"toolUseId": "tooluse_1", "name": "weather", "input": {"town": "Ulm"}}},
    {"toolUse": {"toolUseId": "tooluse_2", "name": "clock", "input": {"zone": "CET"}}},
]
SEALED = {"reasoningContent": {"reasoningText": {"text": "Two and two.", "signature": "c2VhbA=="}}}
CONVERSE: dict[str, Json] = {
    "text": conversed([{"text": "Hello, 東京."}], "end_turn"),
    "length": conversed([{"text": "Once upon"}], "max_tokens"),
    "filter": conversed([{"text": "I"}], "guardrail_intervened"),
    "tools": conversed([{"text": "Let me look."}, *BEDROCK_USES], "tool_use"),
    "thought": conversed([SEALED, {"text": "Four."}], "end_turn"),
}


def conversed_events(answer: Json) -> list[Json]:
    """Each event is one member: its type."""
    found: list[Json] = [{"messageStart": {"role": "assistant"}}]
    for index, block in enumerate(answer["output"]["message"]["content"]):
        if "toolUse" in block:
            use = block["toolUse"]
            start = {"toolUse": {"toolUseId": use["toolUseId"], "name": use["name"]}}
            found.append({"contentBlockStart": {"contentBlockIndex": index, "start": start}})
            deltas: list[Json] = [{"toolUse": {"input": piece}} for piece in halves(json.dumps(use["input"]))]
        elif "text" in block:
            deltas = [{"text": piece} for piece in halves(block["text"])]
        else:
            thought = block["reasoningContent"]["reasoningText"]
            deltas = [{"reasoningContent": {"text": piece}} for piece in halves(thought["text"])]
            deltas.append({"reasoningContent": {"signature": thought["signature"]}})
        found += [{"contentBlockDelta": {"contentBlockIndex": index, "delta": delta}} for delta in deltas]
        found.append({"contentBlockStop": {"contentBlockIndex": index}})
    usage = {"usage": answer["usage"], "metrics": answer["metrics"]}
    return [*found, {"messageStop": {"stopReason": answer["stopReason"]}}, {"metadata": usage}]


def frame(event: Json) -> bytes:
    """One message of Amazon's event stream encoding."""
    ((kind, members),) = event.items()
    headers = b""
    for name, value in ((":event-type", kind), (":content-type", "application/json"), (":message-type", "event")):
        text = value.encode()
        headers += bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(text)) + text
    payload = json.dumps(members).encode()
    prelude = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    return prelude + headers + payload + struct.pack(">I", zlib.crc32(prelude + headers + payload))


def wire(provider: str, events: list[Json]) -> bytes:
    """A stream's bytes."""
    match provider:
        case "converse":
            return b"".join(frame(event) for event in events)
        case "messages":
            return b"".join(f"event: {one['type']}\ndata: {json.dumps(one)}\n\n".encode() for one in events)
        case "chat":
            return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in events) + b"data: [DONE]\n\n"
    return b"".join(b"data: " + json.dumps(one).encode() + b"\r\n\r\n" for one in events)


STREAM_TYPES = {"converse": "application/vnd.amazon.eventstream"}
WAYS = [
    ("chat", "messages", "claude-sonnet-4-5", MESSAGES, message_events),
    ("chat", "gemini", "gemini-2.5-flash", GEMINI, generated_events),
    ("chat", "converse", "anthropic.claude-sonnet-4-5-20250929-v1:0", CONVERSE, conversed_events),
    ("messages", "chat", "gpt-5.1", CHAT, completion_events),
]
ASKS: dict[str, Json] = {
    "chat": {"messages": [HELLO], "max_tokens": 100, "tools": CHAT_TOOLS},
    "messages": {"messages": [HELLO], "max_tokens": 100, "tools": MESSAGES_TOOLS},
}


def cases() -> list[Json]:
    """Every answer, complete and streamed."""
    found: list[Json] = []
    for client, provider, model, answers, events_of in WAYS:
        for name, answer in answers.items():
            events = events_of(answer)
            way = {"client": client, "provider": provider, "model": model, "request": ASKS[client]}
            streaming: Json = {**ASKS[client], "stream": True}
            if client == "chat":
                streaming["stream_options"] = {"include_usage": True}
            found.append(
                {
                    **way,
                    "name": f"{client} < {provider} {name}",
                    "kind": "answer",
                    "answer": answer,
                    "wire": encoded(json.dumps(answer).encode()),
                    "content_type": content_type(provider, streamed=False),
                }
            )
            found.append(
                {
                    **way,
                    "request": streaming,
                    "name": f"{client} << {provider} {name}",
                    "kind": "stream",
                    "events": events,
                    "wire": encoded(wire(provider, events)),
                    "content_type": content_type(provider, streamed=True),
                }
            )
    return found


def encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


PROVIDERS = {provider: (answers["text"], events_of) for _, provider, _, answers, events_of in WAYS}


def whatever(provider: str, streamed: bool) -> Json:
    """What a provider answers when only the request matters."""
    answer, events_of = PROVIDERS[provider]
    data = wire(provider, events_of(answer)) if streamed else json.dumps(answer).encode()
    return {"wire": encoded(data), "content_type": content_type(provider, streamed)}


def content_type(provider: str, streamed: bool) -> str:
    return STREAM_TYPES.get(provider, "text/event-stream") if streamed else "application/json"
