"""A streamed answer for a client. Source: Anthropic API reference, "Streaming messages".

Anthropic's own clients put a message together by the blocks' indexes: `message_start`, for each block its start, deltas
and stop, then `message_delta` and `message_stop`. One block follows another; only calls whose arguments a provider
mixes are open at the same time.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation import events as ev
from gatewright.translation.anthropic_messages import seals
from gatewright.translation.anthropic_messages.answer_writer import call_seal, head, left_out, written_citation
from gatewright.translation.anthropic_messages.stops import reason_of
from gatewright.translation.anthropic_messages.usage import written_usage
from gatewright.translation.model import Finish, Heading, Json, Reasoning

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode

TEXT, THINKING = "text", "thinking"
_EMPTY: dict[str, Json] = {
    TEXT: {"type": "text", "text": ""},
    THINKING: {"type": "thinking", "thinking": "", "signature": ""},
}


class _Call:
    """A tool call whose block is open."""

    __slots__ = ("_looked_at", "arguments", "block")

    def __init__(self, block: int) -> None:
        self.block = block
        self.arguments: list[str] = []
        self._looked_at = 0

    @property
    def complete(self) -> bool:
        """Whether nothing can be missing. What was not complete is looked at again when there is more of it."""
        if self._looked_at == len(self.arguments):
            return False
        self._looked_at = len(self.arguments)
        try:
            _decode("".join(self.arguments))
        except (ValueError, RecursionError):
            return False
        return True


class MessageWriter:
    """One answer."""

    def __init__(self, heading: Heading) -> None:
        self._heading = heading
        self._started = False
        self._blocks = 0
        self._kind: str | None = None  # of the text or thinking block that is open, the last one
        self._thought = False  # whether that block has text
        self._calls: dict[int, _Call] = {}
        self._called = False
        self._usage: Usage | None = None
        self._finish = Finish.STOP
        self._stop_sequence: str | None = None

    def write(self, events: list[ev.Event]) -> bytes:
        """The events of these events."""
        out: list[bytes] = []
        for event in events:
            writer = _WRITERS.get(type(event))
            if writer is not None:
                writer(self, event, out)
        if events and not self._started:
            out.insert(0, self._start())
        return b"".join(out)

    def finish(self) -> bytes:
        """The end."""
        out: list[bytes] = [] if self._started else [self._start()]
        self._close(out)
        self._close_calls(out)
        delta = {
            "stop_reason": reason_of(self._finish, called=self._called),
            "stop_sequence": self._stop_sequence,
        }
        out.append(_event("message_delta", delta=delta, usage=written_usage(self._usage)))
        out.append(_event("message_stop"))
        return b"".join(out)

    def _start(self) -> bytes:
        """Anthropic counts the input here already; other providers know it in the end, where all counts stand."""
        self._started = True
        message = {
            **head(self._heading),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": written_usage(None),
        }
        return _event("message_start", message=message)

    def _text(self, event: ev.TextDelta | ev.RefusalDelta, out: list[bytes]) -> None:
        self._open(TEXT, out)
        out.append(_delta(self._blocks - 1, b"text_delta", b"text", event.text))

    def _reasoning(self, event: ev.ReasoningDelta, out: list[bytes]) -> None:
        self._open(THINKING, out)
        self._thought = True
        out.append(_delta(self._blocks - 1, b"thinking_delta", b"thinking", event.text))

    def _sealed(self, event: ev.ReasoningSealed, out: list[bytes]) -> None:
        part = Reasoning(signature=event.signature, redacted=event.redacted, id=event.id, origin=event.origin)
        if event.redacted is not None and not (self._kind == THINKING and self._thought):
            self._close(out)
            self._whole({"type": "redacted_thinking", "data": seals.data_for(part)}, out)
        elif signature := seals.signature_for(part):
            self._open(THINKING, out)
            out.append(_delta(self._blocks - 1, b"signature_delta", b"signature", signature))
        self._close(out)

    def _part_ended(self, _event: ev.PartEnded, out: list[bytes]) -> None:
        self._close(out)

    def _tool_started(self, event: ev.ToolStarted, out: list[bytes]) -> None:
        self._close(out)
        self._close_calls(out, complete_only=True)
        if event.signature is not None:
            self._whole(call_seal(event.id, event.signature), out)
        self._called = True
        self._calls[event.index] = _Call(self._blocks)
        self._begin({"type": "tool_use", "id": event.id, "name": event.name, "input": {}}, out)

    def _arguments(self, event: ev.ToolArguments, out: list[bytes]) -> None:
        call = self._calls.get(event.index)
        if call is not None and event.text:
            call.arguments.append(event.text)
            out.append(_delta(call.block, b"input_json_delta", b"partial_json", event.text))

    def _tool_ended(self, event: ev.ToolEnded, out: list[bytes]) -> None:
        call = self._calls.pop(event.index, None)
        if call is not None:
            out.append(_event("content_block_stop", index=call.block))

    def _cited(self, event: ev.Cited, out: list[bytes]) -> None:
        citation = written_citation(event.citation)
        if citation is not None:
            self._open(TEXT, out)
            delta = {"type": "citations_delta", "citation": citation}
            out.append(_event("content_block_delta", index=self._blocks - 1, delta=delta))

    def _added(self, event: ev.PartAdded, out: list[bytes]) -> None:
        words = left_out(event.part)
        if words is not None:
            self._close(out)
            self._text(ev.TextDelta(words), out)
            self._close(out)

    def _used(self, event: ev.Used, _out: list[bytes]) -> None:
        self._usage = event.usage

    def _finished(self, event: ev.Finished, _out: list[bytes]) -> None:
        self._finish = event.reason
        self._stop_sequence = event.stop_sequence

    def _open(self, kind: str, out: list[bytes]) -> None:
        """Makes a block of this kind the one that deltas go to."""
        if self._kind == kind:
            return
        self._close(out)
        self._close_calls(out, complete_only=True)
        self._begin(_EMPTY[kind], out)
        self._kind = kind
        self._thought = False

    def _begin(self, block: Json, out: list[bytes]) -> None:
        if not self._started:
            out.append(self._start())
        out.append(_event("content_block_start", index=self._blocks, content_block=block))
        self._blocks += 1

    def _whole(self, block: Json, out: list[bytes]) -> None:
        self._begin(block, out)
        out.append(_event("content_block_stop", index=self._blocks - 1))

    def _close(self, out: list[bytes]) -> None:
        """Ends the text or the thought that is open."""
        if self._kind is not None:
            self._kind = None
            out.append(_event("content_block_stop", index=self._blocks - 1))

    def _close_calls(self, out: list[bytes], *, complete_only: bool = False) -> None:
        for index, call in list(self._calls.items()):
            if not complete_only or call.complete:
                self._tool_ended(ev.ToolEnded(index), out)


def _event(name: str, **members: Any) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), _encode({"type": name, **members}))


def _delta(index: int, kind: bytes, member: bytes, text: str) -> bytes:
    return (
        b'event: content_block_delta\ndata: {"type":"content_block_delta","index":%d,"delta":{"type":"%b","%b":%b}}\n\n'
        % (index, kind, member, _encode(text))
    )


_WRITERS: dict[type[ev.Event], Callable[[MessageWriter, Any, list[bytes]], None]] = {
    ev.TextDelta: MessageWriter._text,
    ev.RefusalDelta: MessageWriter._text,
    ev.ReasoningDelta: MessageWriter._reasoning,
    ev.ReasoningSealed: MessageWriter._sealed,
    ev.PartEnded: MessageWriter._part_ended,
    ev.ToolStarted: MessageWriter._tool_started,
    ev.ToolArguments: MessageWriter._arguments,
    ev.ToolEnded: MessageWriter._tool_ended,
    ev.Cited: MessageWriter._cited,
    ev.PartAdded: MessageWriter._added,
    ev.Used: MessageWriter._used,
    ev.Finished: MessageWriter._finished,
}
