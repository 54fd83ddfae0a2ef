"""The built-in model `echo`: answers in OpenAI's format without any provider, so that the first request works.

It says in every answer that it is a demonstration. Its token counts are an estimate, four characters a token.
Source: OpenAI API reference, the chat completion object and the chat completion chunk object.
"""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec

from gatewright.domain.clock import Clock
from gatewright.upstreams.body import Prepared

LONGEST_ECHO = 2000
"""Characters of the question that are repeated."""

CHARACTERS_PER_TOKEN = 4
_WORDS = re.compile(r"\S+\s*|\s+")


class EchoAnswer:
    """Looks like an upstream's answer: `status`, `headers`, and the body by `read` or `stream`."""

    __slots__ = ("_parts", "headers", "status")

    def __init__(self, content_type: bytes, parts: Iterator[bytes]) -> None:
        self.status = 200
        self.headers = [(b"content-type", content_type)]
        self._parts = parts

    async def read(self, _max_size: int = 0) -> bytes:
        """The whole body."""
        return b"".join(self._parts)

    async def stream(self) -> AsyncIterator[bytes]:
        """The body event by event."""
        for part in self._parts:
            yield part

    def abort(self) -> None:
        """Nothing to give up."""


class Echo:
    """Answers requests for the demonstration model."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def answer(self, asked: Prepared, request_id: str) -> EchoAnswer:
        """The answer to a request; a streamed one always ends with a usage chunk, as if the caller had asked for it."""
        question = last_question(bytes(asked.members["messages"]))
        text = _text(question)
        usage = _usage(len(bytes(asked.members["messages"])), len(text))
        base = {
            "id": f"chatcmpl-{request_id}",
            "object": "chat.completion.chunk" if asked.stream else "chat.completion",
            "created": self._clock() // 1000,
            "model": asked.model,
        }
        if asked.stream:
            return EchoAnswer(b"text/event-stream", _events(base, text, usage))
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        return EchoAnswer(
            b"application/json", iter([msgspec.json.encode({**base, "choices": [choice], "usage": usage})])
        )


def last_question(messages: bytes) -> str:
    """The text of the last user message, empty when there is none that can be read."""
    try:
        found = msgspec.json.decode(messages)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(found, list):
        return ""
    for message in reversed(found):
        if isinstance(message, dict) and message.get("role") == "user":
            return _content(message.get("content"))
    return ""


def _content(content: object) -> str:
    """Text content, or the text parts of a list of parts."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return " ".join(str(part["text"]) for part in content if isinstance(part, dict) and "text" in part)


def _text(question: str) -> str:
    said = question if len(question) <= LONGEST_ECHO else question[:LONGEST_ECHO] + "..."
    return (
        "This is Gatewright's built-in demonstration model: no model provider is configured yet, and no language "
        "model wrote this. Your request arrived, was authenticated and is being recorded. "
        + (f"You wrote: {said}" if said else "It held no user message with text.")
        + "\n\nAdd a model on the dashboard's Models page or in config.yaml, and this one disappears."
    )


def _usage(asked: int, answered: int) -> dict[str, int]:
    prompt, completion = (max(1, count // CHARACTERS_PER_TOKEN) for count in (asked, answered))
    return {"prompt_tokens": prompt, "completion_tokens": completion, "total_tokens": prompt + completion}


def _events(base: dict[str, Any], text: str, usage: dict[str, int]) -> Iterator[bytes]:
    yield _event({**base, "choices": [_choice({"role": "assistant", "content": ""})], "usage": None})
    for word in _WORDS.findall(text):
        yield _event({**base, "choices": [_choice({"content": word})], "usage": None})
    yield _event({**base, "choices": [{**_choice({}), "finish_reason": "stop"}], "usage": None})
    yield _event({**base, "choices": [], "usage": usage})
    yield b"data: [DONE]\n\n"


def _choice(delta: dict[str, str]) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"
