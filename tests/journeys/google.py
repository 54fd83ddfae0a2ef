"""A pretended Google: judges what it is sent with the types of Google's own library, and keeps Gemini 3's rule that a
call comes back with its signature."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from pydantic import ValidationError
from tests.servers import Upstream, send_json, write_chunk
from tests.unit.translation.gemini.judge import typed

SIGNATURE = "c2lnbmF0dXJlIG9mIHRoZSBjYWxs"
STAND_IN = "skip_thought_signature_validator"
USAGE = {"promptTokenCount": 100, "candidatesTokenCount": 20, "thoughtsTokenCount": 30, "totalTokenCount": 150}
HEAD = {"modelVersion": "gemini-3-flash", "responseId": "resp-1"}


def refuse(handler: Any, code: int, status: str, message: str, *details: Any) -> None:
    send_json(handler, code, {"error": {"code": code, "message": message, "status": status, "details": list(details)}})


def answer(handler: Any, body: dict[str, Any]) -> None:
    """What the model says, by what it is asked."""
    path = handler.path
    if "/publishers/anthropic/" in path:
        return _claude(handler, body)
    if path.endswith(":countTokens"):
        typed({name: value for name, value in body["generateContentRequest"].items() if name != "model"})
        return send_json(handler, 200, {"totalTokens": 9})
    if path.endswith(":batchEmbedContents"):
        vectors = [{"values": [0.5, -1.0]} for _ in body["requests"]]
        return send_json(handler, 200, {"embeddings": vectors, "usageMetadata": {"promptTokenCount": 4}})
    try:
        typed(body)
    except ValidationError as error:
        return refuse(handler, 400, "INVALID_ARGUMENT", f"Invalid JSON payload: {error}")
    said = " ".join(part.get("text", "") for part in body["contents"][-1]["parts"])
    if said.startswith("fail "):
        return _failure(handler, said.split()[1])
    if missing_signature(body):
        return refuse(handler, 400, "INVALID_ARGUMENT", "Function call is missing a thought_signature.")
    parts = _parts(body, said)
    if parts is None:
        return _send(handler, path, [{**HEAD, "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}])
    chunks: list[dict[str, Any]] = [
        {**HEAD, "candidates": [{"content": {"role": "model", "parts": [p]}}]} for p in parts
    ]
    chunks[-1]["candidates"][0]["finishReason"] = "STOP"
    chunks[-1]["usageMetadata"] = USAGE
    return _send(handler, path, chunks)


CLAUDE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-x",
    "content": [{"type": "text", "text": "Hello"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 9, "output_tokens": 3},
}


def _claude(handler: Any, body: dict[str, Any]) -> None:
    """Anthropic's models: the version stands in the body, the model in the path."""
    if "anthropic_version" not in body:
        return refuse(handler, 400, "INVALID_ARGUMENT", "anthropic_version: Field required")
    if "/count-tokens:" in handler.path:
        return send_json(handler, 200, {"input_tokens": 9})
    if "model" in body:
        return refuse(handler, 400, "INVALID_ARGUMENT", "model: Extra inputs are not permitted")
    if not handler.path.endswith(":streamRawPredict"):
        return send_json(handler, 200, CLAUDE)
    start = {**CLAUDE, "content": [], "stop_reason": None, "usage": {"input_tokens": 9, "output_tokens": 1}}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": start},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hello"}},
        {"type": "content_block_stop", "index": 0},
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn", "stop_sequence": None},
            "usage": {"output_tokens": 3},
        },
        {"type": "message_stop"},
    ]
    handler.send_response(200)
    handler.send_header("content-type", "text/event-stream")
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    for event in events:
        write_chunk(handler, f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())
    return write_chunk(handler, b"")


def _failure(handler: Any, kind: str) -> None:
    if kind == "key":
        reason = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
        return refuse(handler, 400, "INVALID_ARGUMENT", "API key not valid: AIza-secret", reason)
    if kind == "rate":
        wait = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}
        return refuse(handler, 429, "RESOURCE_EXHAUSTED", "You exceeded your quota.", wait)
    if kind == "malformed":
        broken = {"finishReason": "MALFORMED_FUNCTION_CALL", "finishMessage": "Malformed function call: f("}
        return _send(handler, handler.path, [{**HEAD, "candidates": [broken], "usageMetadata": USAGE}])
    return refuse(handler, 400, "INVALID_ARGUMENT", "The argument is invalid.")


def missing_signature(body: dict[str, Any]) -> bool:
    """Whether the first call of a step since the user last spoke has no signature."""
    for content in reversed(body["contents"]):
        if content["role"] == "user":
            if not all("functionResponse" in part for part in content["parts"]):
                return False
            continue
        calls = [part for part in content["parts"] if "functionCall" in part]
        if calls and "thoughtSignature" not in calls[0]:
            return True
    return False


def _parts(body: dict[str, Any], said: str) -> list[dict[str, Any]] | None:
    if said == "blocked":
        return None
    results = [part["functionResponse"] for part in body["contents"][-1]["parts"] if "functionResponse" in part]
    if results:
        return [{"text": f"{one['name']} says {one['response']['output']}. "} for one in results]
    thoughts = (
        [{"text": "Let me think.", "thought": True}] if "thinkingConfig" in body.get("generationConfig", {}) else []
    )
    if body.get("tools"):
        return [
            *thoughts,
            {"functionCall": {"name": "get_weather", "args": {"city": "Rome"}}, "thoughtSignature": SIGNATURE},
            {"functionCall": {"name": "get_weather", "args": {"city": "Oslo"}}},
        ]
    if "responseJsonSchema" in body.get("generationConfig", {}):
        return [{"text": '{"city":'}, {"text": '"Rome"}'}]
    return [*thoughts, {"text": "Hel"}, {"text": "lo"}]


def _send(handler: Any, path: str, chunks: list[dict[str, Any]]) -> None:
    if "streamGenerateContent?alt=sse" in path:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        for chunk in chunks:
            write_chunk(handler, b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n")
        return write_chunk(handler, b"")
    whole = chunks[-1]
    if whole.get("candidates") and "content" in whole["candidates"][0]:
        parts = [part for chunk in chunks for part in chunk["candidates"][0]["content"]["parts"]]
        whole["candidates"][0]["content"]["parts"] = parts
    return send_json(handler, 200, whole)


def google() -> Upstream:
    found = Upstream()
    found.answer = answer
    return found


class Tokens:
    """A token endpoint that grants `token-<n>`, and keeps the forms that it was sent."""

    def __init__(self) -> None:
        self.forms: list[dict[str, list[str]]] = []
        tokens = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["content-length"])).decode()
                tokens.forms.append(parse_qs(form))
                send_json(self, 200, {"access_token": f"token-{len(tokens.forms)}", "expires_in": 3600})

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.uri = f"http://127.0.0.1:{self._server.server_address[1]}/token"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
