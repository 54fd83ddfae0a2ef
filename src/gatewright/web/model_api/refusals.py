"""Errors of the model API as each dialect's clients expect them: as a whole answer, and as a stream's last event."""

import re
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from gatewright.domain.errors import GatewrightError
from gatewright.translation.dialect import Dialect
from gatewright.upstreams.endpoints import Endpoint
from gatewright.web.errors import anthropic_error, openai_error

_encode = msgspec.json.Encoder().encode
_NUMBER = re.compile(rb'"sequence_number"\s*:\s*(\d{1,15})')


class Refusals(NamedTuple):
    """`whole` takes the error and the request's id. `event` takes, besides, the piece of the stream sent last.

    Events begin with a blank line: the stream may have broken off inside one.
    """

    whole: Callable[[GatewrightError, str], Any]
    event: Callable[[GatewrightError, str, bytes], bytes]


def _openai_whole(error: GatewrightError, _reference: str) -> Any:
    return openai_error(error)


def _chat_event(error: GatewrightError, _reference: str, _last: bytes) -> bytes:
    return b"\n\ndata: %b\n\n" % _encode(openai_error(error))


def _responses_event(error: GatewrightError, reference: str, last: bytes) -> bytes:
    """`error` and `response.failed`, as OpenAI ends a stream. Source: OpenAI API reference, "Streaming events".

    Its libraries raise what stands in `error`, and Codex shows nothing but what a failed response says. The numbers go
    on from the last one that was sent.
    """
    words = openai_error(error)["error"]
    numbers = _NUMBER.findall(last)
    number = int(numbers[-1]) + 1 if numbers else 0
    flat = {"code": words["code"], "message": words["message"], "param": words["param"]}
    told = {"type": "error", **flat, "sequence_number": number, "error": words}
    code = "rate_limit_exceeded" if error.status == 429 else "server_error"
    failed = {
        "type": "response.failed",
        "sequence_number": number + 1,
        "response": {
            "id": f"resp_{reference.removeprefix('req-')}",
            "object": "response",
            "created_at": 0,
            "status": "failed",
            "error": {"code": code, "message": words["message"]},
            "model": "",
            "output": [],
            "parallel_tool_calls": True,
            "tool_choice": "auto",
            "tools": [],
        },
    }
    return b"\n\nevent: error\ndata: %b\n\nevent: response.failed\ndata: %b\n\n" % (_encode(told), _encode(failed))


def _messages_event(error: GatewrightError, reference: str, _last: bytes) -> bytes:
    """Source: Anthropic API reference, "Streaming messages", error events."""
    return b"\n\nevent: error\ndata: %b\n\n" % _encode(anthropic_error(error, reference))


def errors_at(endpoint: Endpoint) -> Dialect:
    """The dialect of an endpoint's errors: OpenAI's endpoints besides conversations have those of chat completions."""
    if endpoint.dialect is not None:
        return endpoint.dialect
    return Dialect.MESSAGES if endpoint.counts is Dialect.MESSAGES else Dialect.CHAT


REFUSALS = {
    Dialect.CHAT: Refusals(_openai_whole, _chat_event),
    Dialect.RESPONSES: Refusals(_openai_whole, _responses_event),
    Dialect.MESSAGES: Refusals(anthropic_error, _messages_event),
}
