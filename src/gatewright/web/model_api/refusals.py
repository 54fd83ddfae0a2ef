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
_BLANK_LINES = (b"\n\n", b"\r\n\r\n")
_NUMBER = re.compile(rb'"sequence_number"\s*:\s*(\d{1,15})')


class Refusals(NamedTuple):
    """`whole` takes the error and the request's id. `event` takes, besides, the piece of the stream sent last: the
    stream may have broken off inside an event.
    """

    whole: Callable[[GatewrightError, str], Any]
    event: Callable[[GatewrightError, str, bytes], bytes]


def _openai_whole(error: GatewrightError, _reference: str) -> Any:
    return openai_error(error)


def _chat_event(error: GatewrightError, _reference: str, _last: bytes) -> bytes:
    return b"\n\ndata: %b\n\n" % _encode(openai_error(error))


def _responses_event(error: GatewrightError, _reference: str, last: bytes) -> bytes:
    """Source: OpenAI API reference, "Streaming events", `error`. The number goes on from the last one that was sent."""
    words = openai_error(error)["error"]
    numbers = _NUMBER.findall(last)
    said = {
        "type": "error",
        "code": words["code"],
        "message": words["message"],
        "param": words["param"],
        "sequence_number": int(numbers[-1]) + 1 if numbers else 0,
    }
    return b"\n\nevent: error\ndata: %b\n\n" % _encode(said)


def _messages_event(error: GatewrightError, reference: str, last: bytes) -> bytes:
    """Inside an event that broke off it becomes part of that one: a client then fails with the error, not with JSON
    that it cannot read.
    """
    before = b"" if not last or last.endswith(_BLANK_LINES) else b"\n"
    return b"%bevent: error\ndata: %b\n\n" % (before, _encode(anthropic_error(error, reference)))


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
