"""A streamed answer of Anthropic's. Source: Anthropic API reference, "Streaming messages".

New events, blocks and deltas may come at any time and are passed over, as Anthropic asks of its clients.
"""

from collections.abc import Callable

import msgspec

from gatewright.translation import events as ev
from gatewright.translation.anthropic_messages.block_reader import citation
from gatewright.translation.anthropic_messages.errors import STATUSES, WireError
from gatewright.translation.anthropic_messages.stops import finish_of
from gatewright.translation.anthropic_messages.usage import WireUsage
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import Json
from gatewright.translation.sse import Events, EventTooLong

OURS = Dialect.MESSAGES.value


class _Block(msgspec.Struct):
    type: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    data: str | None = None
    id: str = ""
    name: str = ""
    input: msgspec.Raw = msgspec.Raw()


class _Delta(msgspec.Struct):
    type: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    partial_json: str = ""
    citation: Json | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None


class _Message(msgspec.Struct):
    id: str = ""
    model: str = ""
    usage: WireUsage | None = None


class _Event(msgspec.Struct):
    """Members of all events. What a block or a delta holds is read once its type is known."""

    type: str = ""
    index: int = 0
    message: _Message | None = None
    content_block: msgspec.Raw = msgspec.Raw()
    delta: msgspec.Raw = msgspec.Raw()
    usage: WireUsage | None = None
    error: WireError | None = None


class _Kind(msgspec.Struct):
    type: str = ""


_decode = msgspec.json.Decoder(_Event).decode
_decode_kind = msgspec.json.Decoder(_Kind).decode
_decode_block = msgspec.json.Decoder(_Block).decode
_decode_delta = msgspec.json.Decoder(_Delta).decode

_BLOCKS = frozenset({"text", "thinking", "redacted_thinking", "tool_use"})
_SKIPPED = frozenset({"ping"})
MOST_OPEN = 1024
"""Blocks that have begun and not ended: more of them are no answer of Anthropic's, which has one at a time."""


class _Open:
    """A block that has begun: `call` counts the tool calls, `pending` are arguments that came with its beginning."""

    __slots__ = ("call", "kind", "pending", "signature")

    def __init__(self, kind: str, call: int = 0) -> None:
        self.kind = kind
        self.call = call
        self.pending = ""
        self.signature = ""


class MessageReader:
    """One answer."""

    def __init__(self) -> None:
        self._events = Events()
        self._open: dict[int, _Open] = {}
        self._calls = 0
        self._usage = WireUsage()
        self._reason: str | None = None
        self._stop_sequence: str | None = None
        self._ended = False

    def feed(self, data: bytes) -> list[ev.Event]:
        """The events that `data` completes; nothing after the end."""
        return [] if self._ended else self._read_all(lambda: self._events.feed(data))

    def finish(self) -> list[ev.Event]:
        """What is left: Failed when the answer was not complete. An answer that gave its reason to stop was."""
        found = [] if self._ended else self._read_all(self._events.finish)
        if self._ended:
            return found
        if self._reason is not None:
            return [*found, *self._finished()]
        return [*found, self._failed("The model provider ended the stream before the answer was complete.")]

    def _read_all(self, split: Callable[[], list[tuple[bytes, bytes]]]) -> list[ev.Event]:
        found: list[ev.Event] = []
        try:
            for _, data in split():
                event = _decode(data)
                found += _READERS.get(event.type, MessageReader._unknown)(self, event)
                if self._ended:
                    break
        except (EventTooLong, ValueError, RecursionError):
            found.append(self._failed("The model provider sent an event that cannot be read."))
        return found

    def _unknown(self, event: _Event) -> list[ev.Event]:
        return [] if event.type in _SKIPPED else [ev.Unknown(event.type)]

    def _started(self, event: _Event) -> list[ev.Event]:
        message = event.message or _Message()
        return [ev.Started(message.id, message.model), *self._count(message.usage)]

    def _block_started(self, event: _Event) -> list[ev.Event]:
        kind = _decode_kind(event.content_block).type
        if kind not in _BLOCKS:
            return [ev.Unknown(kind)]
        if len(self._open) >= MOST_OPEN:
            raise ValueError("too many open blocks")
        block = _decode_block(event.content_block)
        opened = self._open[event.index] = _Open(kind)
        match kind:
            case "text":
                return [ev.TextDelta(block.text)] if block.text else []
            case "thinking":
                opened.signature = block.signature
                return [ev.ReasoningDelta(block.thinking)] if block.thinking else []
            case "redacted_thinking":
                return [ev.ReasoningSealed(redacted=block.data, origin=OURS)]
        opened.call = self._calls
        opened.pending = bytes(block.input).decode()
        self._calls += 1
        return [ev.ToolStarted(opened.call, block.id, block.name)]

    def _delta(self, event: _Event) -> list[ev.Event]:
        opened = self._open.get(event.index)
        if opened is None:
            return []
        delta = _decode_delta(event.delta)
        match delta.type:
            case "text_delta":
                return [ev.TextDelta(delta.text)] if delta.text else []
            case "thinking_delta":
                return [ev.ReasoningDelta(delta.thinking)] if delta.thinking else []
            case "signature_delta":
                opened.signature = delta.signature
                return []
            case "input_json_delta":
                if not delta.partial_json:
                    return []
                opened.pending = ""
                return [ev.ToolArguments(opened.call, delta.partial_json)]
            case "citations_delta":
                return [ev.Cited(citation(delta.citation))] if delta.citation else []
        return [ev.Unknown(delta.type)]

    def _block_ended(self, event: _Event) -> list[ev.Event]:
        opened = self._open.pop(event.index, None)
        if opened is None or opened.kind == "redacted_thinking":
            return []
        if opened.kind == "tool_use":
            given = opened.pending if opened.pending not in ("", "{}") else ""
            arguments: list[ev.Event] = [ev.ToolArguments(opened.call, given)] if given else []
            return [*arguments, ev.ToolEnded(opened.call)]
        if opened.signature:
            return [ev.ReasoningSealed(signature=opened.signature, origin=OURS)]
        return [ev.PartEnded()]

    def _message_delta(self, event: _Event) -> list[ev.Event]:
        if event.delta:
            delta = _decode_delta(event.delta)
            self._reason = delta.stop_reason or self._reason
            self._stop_sequence = delta.stop_sequence or self._stop_sequence
        return self._count(event.usage)

    def _count(self, usage: WireUsage | None) -> list[ev.Event]:
        if usage is None:
            return []
        self._usage = self._usage.then(usage)
        counted = self._usage.usage()
        return [] if counted is None else [ev.Used(counted)]

    def _stopped(self, _event: _Event) -> list[ev.Event]:
        return self._finished()

    def _finished(self) -> list[ev.Event]:
        self._ended = True
        return [ev.Finished(finish_of(self._reason), self._stop_sequence)]

    def _error(self, event: _Event) -> list[ev.Event]:
        said = event.error or WireError()
        return [self._failed(said.message or "The model provider broke off the answer.", said.type)]

    def _failed(self, message: str, kind: str | None = None) -> ev.Event:
        self._ended = True
        return ev.Failed(message, kind, STATUSES.get(kind or "", 502))


_READERS: dict[str, Callable[[MessageReader, _Event], list[ev.Event]]] = {
    "message_start": MessageReader._started,
    "content_block_start": MessageReader._block_started,
    "content_block_delta": MessageReader._delta,
    "content_block_stop": MessageReader._block_ended,
    "message_delta": MessageReader._message_delta,
    "message_stop": MessageReader._stopped,
    "error": MessageReader._error,
}
