"""Answers of a good status that a content filter took away, so that `content_policy_fallbacks` can apply to them.

Looked for only where such fallbacks are configured for the model, as LiteLLM does it (contract litellm 4.5). Source:
OpenAI API reference, `finish_reason` and `incomplete_details`; Anthropic API reference, `stop_reason`.
"""

import re

import msgspec

from gatewright.domain.money import Usage
from gatewright.gateway.outcome import Answered
from gatewright.translation.dialect import Dialect
from gatewright.translation.halves import ProviderError, Tap
from gatewright.upstreams.endpoints import COMPLETIONS, Endpoint

MOST_HELD = 64 * 1024
"""Bytes of a stream's beginning."""

FILTERED_ANSWER = ProviderError("The model provider's content filter took the answer away.", "content_filter")

# A quote inside a JSON string is escaped, so that no text of the model's can look like one of these.
_FILTERED = {
    Dialect.CHAT: re.compile(rb'"finish_reason"\s*:\s*"content_filter"'),
    Dialect.MESSAGES: re.compile(rb'"stop_reason"\s*:\s*"refusal"'),
    Dialect.RESPONSES: re.compile(rb'"incomplete_details"\s*:\s*\{\s*"reason"\s*:\s*"content_filter"'),
}
_SAID = {
    Dialect.CHAT: re.compile(
        rb'"(?:content|text|reasoning|reasoning_content|refusal)"\s*:\s*"[^"]'
        rb'|"(?:tool_calls|content|reasoning_details)"\s*:\s*\[\s*\{|"(?:function_call|audio)"\s*:\s*\{'
    ),
    Dialect.MESSAGES: re.compile(rb'"type"\s*:\s*"content_block_start"'),
    Dialect.RESPONSES: re.compile(rb'"type"\s*:\s*"response\.(?:output_item|content_part|output_text)'),
}
_ENDED = {
    Dialect.CHAT: re.compile(rb'"finish_reason"\s*:\s*"'),
    Dialect.MESSAGES: re.compile(rb'"type"\s*:\s*"(?:message_delta|message_stop|error)"'),
    Dialect.RESPONSES: re.compile(rb'"type"\s*:\s*"(?:response\.(?:completed|incomplete|failed)|error)"'),
}


class _Choice(msgspec.Struct):
    finish_reason: str | None = None


class _Details(msgspec.Struct):
    reason: str | None = None


class _Body(msgspec.Struct):
    choices: list[_Choice] = []
    stop_reason: str | None = None
    incomplete_details: _Details | None = None


_decode = msgspec.json.Decoder(_Body).decode


def screened(endpoint: Endpoint) -> Dialect | None:
    """The client's dialect, where its answers say that they were filtered."""
    dialect = Dialect.CHAT if endpoint is COMPLETIONS else endpoint.dialect
    return dialect if dialect in _SAID else None


def is_undecided(dialect: Dialect, head: bytes) -> bool:
    """Whether a stream that begins so has neither said anything nor why it will not."""
    return len(head) < MOST_HELD and _SAID[dialect].search(head) is None and _ENDED[dialect].search(head) is None


def is_filtered(dialect: Dialect, answered: Answered) -> bool:
    """Whether the client would get an answer that was filtered: of a stream, before it has said anything."""
    if answered.status != 200:
        return False
    if answered.stream is not None:
        head = answered.stream.first
        return _FILTERED[dialect].search(head) is not None and _SAID[dialect].search(head) is None
    try:
        body = _decode(answered.body)
    except (ValueError, RecursionError):
        return False
    if dialect is Dialect.CHAT:
        return any(one.finish_reason == "content_filter" for one in body.choices[:1])
    if dialect is Dialect.MESSAGES:
        return body.stop_reason == "refusal"
    return body.incomplete_details is not None and body.incomplete_details.reason == "content_filter"


class Ended:
    """The tap of a stream that has been taken to its end."""

    notices_end = True
    done = True

    def __init__(self, tap: Tap) -> None:
        self._tap = tap

    def feed(self, data: bytes) -> bytes:
        """Nothing comes any more."""
        return data

    def finish(self) -> bytes:
        """It is finished."""
        return b""

    @property
    def usage(self) -> Usage | None:
        """As the stream said."""
        return self._tap.usage

    @property
    def failed(self) -> ProviderError | None:
        """As the stream said."""
        return self._tap.failed
