"""Google's generateContent: answers as Google gives them, and the types of Google's own library as the judge."""

import json
from typing import Any

from google.genai import types
from tests.unit.translation.gemini.judge import typed

from gatewright.translation.model import Json

MODEL = "gemini-3.1-pro-preview"
THOUGHT = "Two and two, then."
SIGNATURE = "c2lnbmF0dXJl"
TEXT = 'Grüße from 東京 🗼, "quoted"\n\\and\ttabbed'
CALLS = [
    {
        "functionCall": {
            "id": "call_1",
            "name": "get_weather",
            "args": {"city": "Zürich", "days": [1, 2]},
        }
    },
    {"functionCall": {"id": "call_2", "name": "get_time"}},
]


def judge_request(body: Json) -> None:
    """The library's own types, which forbid members that they do not know."""
    typed(body)


def answer(parts: list[Any], finish: str | None, usage: Json | None) -> Json:
    """An answer, or one event of a stream."""
    candidate: Json = {"content": {"role": "model", "parts": parts}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    body: Json = {"candidates": [candidate], "modelVersion": "gemini-3.1-pro", "responseId": "mPQhaY3nCbLrkdUP"}
    if usage is not None:
        body["usageMetadata"] = usage
    types.GenerateContentResponse.model_validate(body)
    return body


def used(prompt: int, candidates: int, **more: Any) -> Json:
    thoughts = more.get("thoughtsTokenCount", 0)
    return {
        "promptTokenCount": prompt,
        "candidatesTokenCount": candidates,
        "totalTokenCount": prompt + candidates + thoughts,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": prompt}],
        **more,
    }


CACHED = used(1000, 30, cachedContentTokenCount=600, thoughtsTokenCount=20)
SEALED = {"text": ", then.", "thought": True, "thoughtSignature": SIGNATURE}

_WHOLE: dict[str, tuple[list[Any], str, Json]] = {
    "text": ([{"text": TEXT}], "STOP", used(12, 9)),
    "length": ([{"text": "Once upon a"}], "MAX_TOKENS", used(12, 3)),
    "filtered": ([{"text": "I"}], "SAFETY", used(12, 1)),
    "reasoning": (
        [{"text": THOUGHT, "thought": True, "thoughtSignature": SIGNATURE}, {"text": "Four."}],
        "STOP",
        used(20, 30),
    ),
    "tools": ([{"text": "Let me look."}, *CALLS], "STOP", used(40, 25)),
    "usage": ([{"text": "Cached."}], "STOP", CACHED),
}
ANSWERS = {name: json.dumps(answer(*whole)).encode() for name, whole in _WHOLE.items()}


def _stream(*events: list[Any], finish: str = "STOP", usage: Json) -> bytes:
    """Every event says what was used so far; the last one why it ended."""
    first = {**usage, "candidatesTokenCount": 0, "totalTokenCount": usage["promptTokenCount"]}
    *others, last = events
    chunks = [*(answer(parts, None, first) for parts in others), answer(last, finish, usage)]
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n" for chunk in chunks)


STREAMS = {
    "text": _stream(*([{"text": TEXT[at : at + 4]}] for at in range(0, len(TEXT), 4)), [], usage=used(12, 9)),
    "length": _stream([{"text": "Once "}], [{"text": "upon a"}], finish="MAX_TOKENS", usage=used(12, 3)),
    "filtered": _stream([{"text": "I"}], [], finish="SAFETY", usage=used(12, 1)),
    "reasoning": _stream(
        [{"text": "Two and two", "thought": True}], [SEALED], [{"text": "Fo"}], [{"text": "ur."}], usage=used(20, 30)
    ),
    "tools": _stream([{"text": "Let me look."}], [CALLS[0]], [CALLS[1]], [{"text": ""}], usage=used(40, 25)),
    "usage": _stream([{"text": "Cached."}], [{"text": ""}], usage=CACHED),
}

ERROR = b'[{"error":{"code":404,"message":"No such model.","status":"NOT_FOUND"}}]'
BROKEN = (
    b"data: " + json.dumps(answer([{"text": "Half a"}], None, None)).encode() + b"\r\n\r\n"
    b'data: {"error":{"code":503,"message":"Overloaded.","status":"UNAVAILABLE"}}\r\n\r\n'
)
