"""A streamed answer of Converse: frames with one event each.

Source: Amazon Bedrock API reference, "ConverseStream": response stream and its exceptions.
"""

from collections.abc import Callable

import msgspec

from gatewright.translation.bedrock_converse.answer import MALFORMED, ORIGIN, finish, usage
from gatewright.translation.bedrock_converse.frames import Frame, FrameBroken, Frames
from gatewright.translation.bedrock_converse.wire import (
    BlockContinued,
    BlockDelta,
    BlockStarted,
    BlockStopped,
    MessageStopped,
    Metadata,
    ModelFields,
    Problem,
)
from gatewright.translation.events import (
    Cited,
    Event,
    Failed,
    Finished,
    PartAdded,
    PartEnded,
    ReasoningDelta,
    ReasoningSealed,
    Started,
    TextDelta,
    ToolArguments,
    ToolEnded,
    ToolStarted,
    Unknown,
    Used,
)
from gatewright.translation.model import Media

STATUSES = {
    "throttlingException": 429,
    "validationException": 400,
    "modelStreamErrorException": 424,
    "modelTimeoutException": 408,
    "serviceUnavailableException": 503,
    "internalServerException": 500,
}
"""Source: Amazon Bedrock Runtime API reference, "ConverseStream"."""

MOST_OPEN = 1024
"""Blocks that may be open at once. Bedrock sends one after another."""

LARGEST_PART = 32 * 1024 * 1024
"""Characters of an image or a seal, which are kept until they are whole."""

_SKIPPED = object()

_started = msgspec.json.Decoder(BlockStarted).decode
_continued = msgspec.json.Decoder(BlockContinued).decode
_stopped = msgspec.json.Decoder(BlockStopped).decode
_message_stopped = msgspec.json.Decoder(MessageStopped).decode
_metadata = msgspec.json.Decoder(Metadata).decode
_problem = msgspec.json.Decoder(Problem).decode


class _Collected:
    """What arrives in pieces and is told of when it is whole: the seal of thought, or an image."""

    __slots__ = ("data", "form", "redacted", "signature", "size")

    def __init__(self, form: str | None = None) -> None:
        self.form = form  # an image's
        self.data: list[str] = []
        self.signature: list[str] = []
        self.redacted: list[str] = []
        self.size = 0

    def add(self, into: list[str], piece: str | None) -> None:
        if piece:
            self.size += len(piece)
            if self.size > LARGEST_PART:
                raise ValueError("a part is too large")
            into.append(piece)

    def events(self) -> list[Event]:
        if self.form is not None:
            data = "".join(self.data)
            return [PartAdded(Media(kind="image", media_type=f"image/{self.form}", data=data))] if data else []
        signature, redacted = "".join(self.signature) or None, "".join(self.redacted) or None
        if signature is None and redacted is None:
            return [PartEnded()]
        return [ReasoningSealed(signature=signature, redacted=redacted, origin=ORIGIN)]


class Reader:
    """Reads one stream. What is open is known by the index of its block."""

    __slots__ = ("_calls", "_ended", "_fields", "_frames", "_open", "_stopped")

    def __init__(self) -> None:
        self._frames = Frames()
        self._open: dict[int, int | _Collected | object] = {}  # a tool call's number, what is collected, or _SKIPPED
        self._calls = 0
        self._stopped: MessageStopped | None = None
        self._fields = ModelFields()
        self._ended = False  # Finished or Failed was said

    def feed(self, data: bytes) -> list[Event]:
        """The events that `data` completes; none after the end."""
        events: list[Event] = []
        if self._ended:
            return events
        try:
            for frame in self._frames.feed(data):
                if not self._ended:
                    events += self._read(frame)
        except FrameBroken as error:
            self._ended = True
            events.append(Failed(f"The model provider's stream cannot be read. {error}", "event_stream_broken"))
        except (ValueError, RecursionError):
            self._ended = True
            events.append(Failed("An event of the model provider's stream cannot be read.", "event_malformed"))
        return events

    def finish(self) -> list[Event]:
        """Finished, where the provider said how it ended but not what was used."""
        if self._ended:
            return []
        self._ended = True
        if self._stopped is None or not self._frames.between:
            return [Failed("The model provider closed the stream before its end.", "stream_cut")]
        return [self._end(self._stopped)]

    def _read(self, frame: Frame) -> list[Event]:
        kind = frame.headers.get(":message-type")
        if kind == "event":
            name = frame.headers.get(":event-type", "")
            reader = _READERS.get(name)
            return [Unknown(name)] if reader is None else reader(self, frame.payload)
        self._ended = True
        if kind == "exception":
            return [_failed(frame.headers.get(":exception-type", "exception"), frame.payload)]
        said = frame.headers.get(":error-message") or "The model provider broke off the answer."
        return [Failed(said, frame.headers.get(":error-code"))]

    def _message_start(self, _payload: bytes) -> list[Event]:
        return [Started()]

    def _block_start(self, payload: bytes) -> list[Event]:
        found = _started(payload)
        self._make_room()
        at, tool, image = found.content_block_index, found.start.tool_use, found.start.image
        if tool is not None and tool.type is None:
            self._open[at] = self._calls
            self._calls += 1
            return [ToolStarted(self._calls - 1, tool.tool_use_id, tool.name)]
        if image is not None:
            self._open[at] = _Collected(image.format)
            return []
        self._open[at] = _SKIPPED
        return [Unknown("contentBlockStart")]

    def _block_delta(self, payload: bytes) -> list[Event]:
        found = _continued(payload)
        delta = found.delta
        state = self._open.get(found.content_block_index)
        if state is None and delta.text is not None:
            return [TextDelta(delta.text)] if delta.text else []
        if isinstance(state, int):
            more = delta.tool_use.input if delta.tool_use is not None else ""
            return [ToolArguments(state, more)] if more else []
        if state is _SKIPPED:
            return []
        return self._other_delta(found.content_block_index, delta, state)

    def _other_delta(self, at: int, delta: BlockDelta, state: object) -> list[Event]:
        if isinstance(state, _Collected) and state.form is not None:
            state.add(state.data, delta.image.source.bytes if delta.image and delta.image.source else None)
            return []
        if (thought := delta.reasoning_content) is not None:
            if thought.text:
                return [ReasoningDelta(thought.text)]
            if not isinstance(state, _Collected):
                self._make_room()
                state = self._open[at] = _Collected()
            state.add(state.signature, thought.signature)
            state.add(state.redacted, thought.redacted_content)
            return []
        return [Unknown("contentBlockDelta") if delta.citation is None else Cited(delta.citation.citation())]

    def _make_room(self) -> None:
        if len(self._open) >= MOST_OPEN:
            raise ValueError("too many blocks are open")

    def _block_stop(self, payload: bytes) -> list[Event]:
        state = self._open.pop(_stopped(payload).content_block_index, None)
        if state is None:
            return [PartEnded()]
        if isinstance(state, int):
            return [ToolEnded(state)]
        return state.events() if isinstance(state, _Collected) else []

    def _message_stop(self, payload: bytes) -> list[Event]:
        self._stopped = _message_stopped(payload)
        self._fields = self._stopped.additional_model_response_fields or ModelFields()
        return []

    def _used(self, payload: bytes) -> list[Event]:
        """The last event: Finished waits for it."""
        used = usage(_metadata(payload).usage, self._fields)
        events: list[Event] = [] if used is None else [Used(used)]
        if self._stopped is not None:
            self._ended = True
            events.append(self._end(self._stopped))
        return events

    def _end(self, stopped: MessageStopped) -> Event:
        if stopped.stop_reason in MALFORMED:
            return Failed("The model wrote an answer that its provider could not read.", stopped.stop_reason)
        return Finished(finish(stopped.stop_reason), self._fields.stopped_at)


def _failed(kind: str, payload: bytes) -> Failed:
    try:
        found = _problem(payload)
    except (ValueError, RecursionError):
        found = Problem()
    said = found.message or found.capital or "The model provider broke off the answer."
    return Failed(said, kind, STATUSES.get(kind, 502))


_READERS: dict[str, Callable[[Reader, bytes], list[Event]]] = {
    "messageStart": Reader._message_start,
    "contentBlockStart": Reader._block_start,
    "contentBlockDelta": Reader._block_delta,
    "contentBlockStop": Reader._block_stop,
    "messageStop": Reader._message_stop,
    "metadata": Reader._used,
}
