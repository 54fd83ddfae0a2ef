"""OpenAI chat completions: answers as providers give them, and the official SDK as the judge."""

import json
from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from openai.lib.streaming.chat import ChatCompletionStreamState
from openai.types import chat, shared_params
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from pydantic import ConfigDict, TypeAdapter
from typing_extensions import is_typeddict

from gatewright.translation.model import Json


def judge_answer(body: bytes) -> None:
    """The SDK's own model of a completion, with no value coerced."""
    ChatCompletion.model_validate_json(body, strict=True)


def judge_stream(stream: bytes) -> None:
    """The SDK's own model of each chunk, and its accumulator."""
    *events, done, end = stream.decode().split("\n\n")
    assert (done, end) == ("data: [DONE]", "")
    state: ChatCompletionStreamState[None] = ChatCompletionStreamState()
    chunks = [ChatCompletionChunk.model_validate_json(event.removeprefix("data: "), strict=True) for event in events]
    for chunk in chunks:
        state.handle_chunk(chunk)
    assert len({(chunk.id, chunk.model, chunk.created) for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    assert [choice.finish_reason is not None for chunk in chunks for choice in chunk.choices].count(True) == 1


# What LiteLLM's proxy takes besides, and a member that the SDK's streaming variant has.
_OURS = {"thinking_blocks", "reasoning_content", "cache_control", "stream", "top_k"}


def _closed() -> TypeAdapter[Any]:
    """The SDK's types of a body, closed: a member that they do not know is an error."""
    for module in [*_modules(chat), *_modules(shared_params)]:
        for kind in vars(module).values():
            if is_typeddict(kind) and kind.__module__.startswith("openai.types"):
                kind.__pydantic_config__ = ConfigDict(extra="forbid")
    return TypeAdapter(chat.completion_create_params.CompletionCreateParamsNonStreaming)


def _modules(package: ModuleType) -> list[ModuleType]:
    return [import_module(f"{package.__name__}.{found.name}") for found in iter_modules(package.__path__)]


def judge_request(body: Json) -> None:
    """The SDK's own types of a body."""
    _exhaust(_BODY.validate_python(_plain(body)))


def _exhaust(value: Any) -> None:
    """Reads everything: the items of an Iterable are judged when they are read."""
    if isinstance(value, dict):
        for member in value.values():
            _exhaust(member)
    elif isinstance(value, Iterable) and not isinstance(value, str):
        for member in value:
            _exhaust(member)


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items() if name not in _OURS}
    return [_plain(member) for member in value] if isinstance(value, list) else value


_BODY = _closed()


def chunk(delta: Json | None, finish: str | None = None, **more: Any) -> bytes:
    """One event of a stream."""
    choices = [] if delta is None else [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]
    body = {
        "id": "chatcmpl-9",
        "object": "chat.completion.chunk",
        "created": 1763770000,
        "model": "some-model-2026",
        "system_fingerprint": "fp_1",
        "choices": choices,
        **more,
    }
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def usage_chunk(usage: Json) -> bytes:
    """The last event before the end."""
    return chunk(None, usage=usage)


def completion(message: Json, finish: str, usage: Json) -> bytes:
    """A complete answer."""
    return json.dumps(
        {
            "id": "chatcmpl-9",
            "object": "chat.completion",
            "created": 1763770000,
            "model": "some-model-2026",
            "choices": [
                {
                    "index": 0,
                    "message": {"role": "assistant", "refusal": None, "annotations": [], **message},
                    "logprobs": None,
                    "finish_reason": finish,
                }
            ],
            "usage": usage,
            "service_tier": "default",
        }
    ).encode()


ROLE = chunk({"role": "assistant", "content": "", "refusal": None})
DONE = b"data: [DONE]\n\n"
TEXT = 'Grüße from 東京 🗼, "quoted"\n\\and\ttabbed'
CALLS = [
    {
        "id": "call_1",
        "type": "function",
        "function": {"name": "get_weather", "arguments": '{"city": "Zürich", "days": [1, 2]}'},
    },
    {"id": "call_2", "type": "function", "function": {"name": "get_time", "arguments": "{}"}},
]
THOUGHT = "Two and two, then."
BLOCK = {"type": "thinking", "thinking": THOUGHT, "signature": "c2lnbmF0dXJl"}


def used(prompt: int, completion: int, **more: Any) -> Json:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        **more,
    }


CACHED = used(
    1000,
    50,
    prompt_tokens_details={"cached_tokens": 600, "audio_tokens": 0},
    completion_tokens_details={"reasoning_tokens": 20, "audio_tokens": 0},
)
WRITTEN = used(
    1000,
    50,
    prompt_tokens_details={
        "cached_tokens": 600,
        "cache_creation_tokens": 150,
        "cache_creation_token_details": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 50},
    },
)

ANSWERS = {
    "text": completion({"content": TEXT}, "stop", used(12, 9)),
    "length": completion({"content": "Once upon a"}, "length", used(12, 3)),
    "filtered": completion({"content": "I"}, "content_filter", used(12, 1)),
    "reasoning": completion(
        {"content": "Four.", "reasoning_content": THOUGHT, "thinking_blocks": [BLOCK]}, "stop", used(20, 30)
    ),
    "tools": completion({"content": "Let me look.", "tool_calls": CALLS}, "tool_calls", used(40, 25)),
    "usage": completion({"content": "Cached."}, "stop", CACHED),
    "cache_write": completion({"content": "Written."}, "stop", WRITTEN),
}


def _stream(*chunks: bytes, usage: Json) -> bytes:
    return b"".join([ROLE, *chunks, usage_chunk(usage), DONE])


def _call(index: int, *, first: bool = True, arguments: str = "") -> bytes:
    call: Json = {"index": index, "function": {"arguments": arguments}}
    if first:
        known: Any = CALLS[index]
        call |= {"id": known["id"], "type": "function"}
        call["function"]["name"] = known["function"]["name"]
    return chunk({"tool_calls": [call]})


STREAMS = {
    "text": _stream(
        *(chunk({"content": TEXT[at : at + 4]}) for at in range(0, len(TEXT), 4)),
        chunk({}, "stop"),
        usage=used(12, 9),
    ),
    "length": _stream(chunk({"content": "Once upon a"}), chunk({}, "length"), usage=used(12, 3)),
    "filtered": _stream(chunk({"content": "I"}), chunk({}, "content_filter"), usage=used(12, 1)),
    "reasoning": _stream(
        chunk({"reasoning_content": "Two and two", "thinking_blocks": [{**BLOCK, "thinking": "", "signature": ""}]}),
        chunk({"reasoning_content": ", then."}),
        chunk({"thinking_blocks": [{"type": "thinking", "thinking": "", "signature": "c2lnbmF0dXJl"}]}),
        chunk({"content": "Four."}),
        chunk({}, "stop"),
        usage=used(20, 30),
    ),
    "tools": _stream(
        chunk({"content": "Let me look."}),
        _call(0),
        _call(0, first=False, arguments='{"city": "Zür'),
        _call(0, first=False, arguments='ich", "days": [1, 2]}'),
        _call(1, arguments="{}"),
        chunk({}, "tool_calls"),
        usage=used(40, 25),
    ),
    "usage": _stream(chunk({"content": "Cached."}), chunk({}, "stop"), usage=CACHED),
    "cache_write": _stream(chunk({"content": "Written."}), chunk({}, "stop"), usage=WRITTEN),
}

ERROR = (
    b'{"error":{"message":"No such model.","type":"invalid_request_error","param":"model","code":"model_not_found"}}'
)
BROKEN = ROLE + chunk({"content": "Half a"}) + b'data: {"error":{"message":"Overloaded.","code":"overloaded"}}\n\n'
