"""The end of a stream that passes through: what it used, or how it failed. The bytes stay as they are.

Source: OpenAI API reference, "Streaming events": `response.completed`, `response.incomplete` and `response.failed`
repeat the whole response, and `error` says what went wrong. Streams of images and transcriptions end likewise.
"""

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation.halves import ProviderError
from gatewright.translation.openai_chat.errors import Words, said
from gatewright.translation.openai_responses.usage import WireUsage, with_searches
from gatewright.translation.sse import Events, EventTooLong

LONGEST_END = 32 * 1024 * 1024
"""Bytes. A last event that is longer, with many images in it, is passed on and its usage stays unknown."""

ENDED_EARLY = ProviderError("The model provider ended the stream before the answer was complete.")

WHOLE = frozenset(
    {
        *("response.completed", "response.incomplete"),
        *("transcript.text.done", "image_generation.completed", "image_edit.completed"),
    }
)
BROKEN = frozenset({"response.failed", "error"})
_BLANK = b"\n\n"
_QUIET = (
    b"event: response.output_text.delta\n",
    b"event: response.function_call_arguments.delta\n",
    b"event: response.reasoning_summary_text.delta\n",
)


class _Response(msgspec.Struct):
    usage: WireUsage | None = None
    error: Words | None = None


class _End(msgspec.Struct):
    type: str = ""
    response: _Response | None = None
    usage: WireUsage | None = None
    error: Words | None = None
    message: str | None = None
    code: str | int | None = None
    param: str | None = None


_decode = msgspec.json.Decoder(_End).decode


class EndTap:
    """Relays a stream unchanged and reads its last event.

    `usage` is what was used, None until the end says it; `done` whether the answer is whole; `failed` the error that
    the provider ended it with, or, after the end, that it came too early.
    """

    __slots__ = ("_begun", "_events", "_inside", "_lost", "done", "failed", "usage")

    notices_end = True

    def __init__(self) -> None:
        self._events = Events(LONGEST_END)
        self._begun = False  # with an event of a response: other streams may end in ways that we do not know
        self._inside = False  # whether an event has begun and not ended
        self._lost = False
        self.usage: Usage | None = None
        self.done = False
        self.failed: ProviderError | None = None

    def feed(self, data: bytes) -> bytes:
        """Take bytes that arrived; returns the bytes to relay now: all of them."""
        ends = data.endswith(_BLANK)
        if ends and not self._inside and data.startswith(_QUIET) and data.count(_BLANK) == 1:
            return data  # nearly every chunk: one event, which ends nothing
        if not self._begun:
            self._begun = b"response." in data
        if (self._inside or not ends or _may_end(data)) and not self._lost:
            self._inside = not ends
            try:
                self._read(self._events.feed(data))
            except EventTooLong:
                self._lost = True
        return data

    def finish(self) -> bytes:
        """The provider is done; returns the bytes to relay last: none."""
        if not self._lost:
            self._read(self._events.finish())
            if self._begun and not self.done and self.failed is None:
                self.failed = ENDED_EARLY
        return b""

    def _read(self, events: list[tuple[bytes, bytes]]) -> None:
        for _, data in events:
            if _may_end(data):
                self._end(data)

    def _end(self, data: bytes) -> None:
        try:
            event = _decode(data)
        except (ValueError, RecursionError):
            return
        inner = event.response or _Response()
        if event.type in WHOLE:
            self.done = True
        elif event.type in BROKEN:
            words = inner.error or event.error or Words(event.message, None, event.code, event.param)
            self.failed = said(words)._replace(told=True)
        else:
            return
        used = inner.usage or event.usage
        if used is not None:
            self.usage = with_searches(used.usage(), data) or self.usage


def _may_end(data: bytes) -> bool:
    """Whether one of the events in `data` may end a stream; a text of the model's can only cost a closer look."""
    return b"complete" in data or b"failed" in data or b"error" in data or b"text.done" in data
