"""A provider's streamed answer. Source: OpenAI API reference, "Streaming events".

Servers differ in how much they send in pieces: what no piece brought is taken from the item when it is done, and what
no item brought from the response at the end.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from gatewright.translation import events as ev
from gatewright.translation.model import Part, Reasoning, Refusal, Text
from gatewright.translation.openai_chat.errors import Words, failed
from gatewright.translation.openai_responses import wire
from gatewright.translation.openai_responses.tap import LONGEST_END
from gatewright.translation.sse import Events, EventTooLong


class _Event(msgspec.Struct):
    type: str = ""
    output_index: int = 0
    content_index: int = 0
    summary_index: int = 0
    delta: Any = None
    text: Any = None
    refusal: Any = None
    arguments: Any = None
    input: Any = None
    logprobs: Any = None
    annotation: Any = None
    item: msgspec.Raw = wire.NOTHING
    response: wire.Response | None = None
    error: Words | None = None
    message: str | None = None
    code: str | int | None = None
    param: str | None = None


_decode = msgspec.json.Decoder(_Event).decode


class _Open(msgspec.Struct):
    """An item that has begun. `call` is the index of a tool call, and `argued` whether arguments of it came; `parts`
    and `cited` are the parts of a message of which text or sources came, `place` the last place of a thought.
    """

    call: int | None = None
    custom: bool = False
    argued: bool = False
    parts: set[int] = set()
    cited: set[int] = set()
    place: tuple[str, int] | None = None


class ResponseReader:
    """One answer. `feed` raises nothing: whatever is wrong is Failed."""

    def __init__(self) -> None:
        self._events = Events(LONGEST_END)
        self._out: list[ev.Event] = []
        self._open: dict[int, _Open] = {}
        self._done: set[int] = set()
        self._calls = 0
        self._refused = False
        self._over = False  # Finished or Failed was said

    def feed(self, data: bytes) -> list[ev.Event]:
        """The events that these bytes complete."""
        try:
            self._take(self._events.feed(data))
        except EventTooLong as error:
            self._fail(str(error))
        return self._said()

    def finish(self) -> list[ev.Event]:
        """The stream was closed."""
        self._take(self._events.finish())
        if not self._over:
            self._fail("The provider closed the stream before the answer was complete.")
        return self._said()

    def _said(self) -> list[ev.Event]:
        said = self._out
        self._out = []
        return said

    def _take(self, events: list[tuple[bytes, bytes]]) -> None:
        for _, data in events:
            if self._over or data.startswith(b"[DONE]"):
                return
            try:
                event = _decode(data)
                read = _READERS.get(event.type)
                if read is not None:
                    read(self, event)
            except (ValueError, RecursionError):
                self._fail("The provider sent an event that is none of its API.")

    def _fail(self, message: str) -> None:
        self._out.append(ev.Failed(message))
        self._over = True

    def _item(self, event: _Event) -> _Open:
        found = self._open.get(event.output_index)
        if found is None:
            found = self._open[event.output_index] = _Open()
        return found

    def _created(self, event: _Event) -> None:
        if event.response is not None:
            self._out.append(ev.Started(event.response.id, event.response.model))

    def _added(self, event: _Event) -> None:
        item = wire.item_of(event.item)
        if item is not None and item.type in wire.CALLS:
            self._begin_call(event, item)

    def _begin_call(self, event: _Event, item: wire.Item) -> _Open:
        if not item.name:
            raise ValueError("a tool call without a name")
        found = self._open[event.output_index] = _Open(call=self._calls, custom=item.type == "custom_tool_call")
        self._calls += 1
        self._out.append(ev.ToolStarted(found.call or 0, item.call_id or item.id or "", item.name))
        if item.arguments and not found.custom:
            self._argue(found, item.arguments)
        return found

    def _argue(self, call: _Open, text: str) -> None:
        if call.call is not None and text:
            call.argued = True
            self._out.append(ev.ToolArguments(call.call, text))

    def _arguments(self, event: _Event) -> None:
        found = self._item(event)
        if found.call is None or found.custom:
            raise ValueError("arguments of no call")
        self._argue(found, _text(event.delta))

    def _part(self, event: _Event) -> bool:
        """Notes that something of a part has come; whether it is the first."""
        told = self._item(event).parts
        if event.content_index in told:
            return False
        if told:
            self._out.append(ev.PartEnded())
        told.add(event.content_index)
        return True

    def _text(self, event: _Event) -> None:
        self._part(event)
        logprobs = {"content": event.logprobs} if isinstance(event.logprobs, list) and event.logprobs else None
        self._out.append(ev.TextDelta(_text(event.delta), logprobs))

    def _text_done(self, event: _Event) -> None:
        self._ended(event, Text(text=_text(event.text)))

    def _refusal(self, event: _Event) -> None:
        self._part(event)
        self._refused = True
        self._out.append(ev.RefusalDelta(_text(event.delta)))

    def _refusal_done(self, event: _Event) -> None:
        self._ended(event, Refusal(text=_text(event.refusal)))

    def _ended(self, event: _Event, part: Text | Refusal) -> None:
        if part.text and self._part(event):
            self._tell(part)

    def _cited(self, event: _Event) -> None:
        citation = wire.citation_of(event.annotation) if isinstance(event.annotation, dict) else None
        if citation is not None:
            self._item(event).cited.add(event.content_index)
            self._out.append(ev.Cited(citation))

    def _summary(self, event: _Event) -> None:
        self._think(event, ("summary", event.summary_index))

    def _thought(self, event: _Event) -> None:
        self._think(event, ("content", event.content_index))

    def _think(self, event: _Event, place: tuple[str, int]) -> None:
        """A thought and its summary say the same: what comes first counts. Paragraphs are told apart by their place."""
        found, text = self._item(event), _text(event.delta)
        if found.place is not None and found.place[0] != place[0]:
            return
        if found.place is not None and found.place != place:
            text = f"\n\n{text}"
        found.place = place
        self._out.append(ev.ReasoningDelta(text))

    def _item_done(self, event: _Event) -> None:
        item = wire.item_of(event.item)
        if item is None or event.output_index in self._done:
            return
        self._done.add(event.output_index)
        self._whole(event, item)

    def _whole(self, event: _Event, item: wire.Item) -> None:
        """What is left of an item."""
        if item.type in wire.CALLS:
            self._call_done(event, item)
        elif item.type == "message":
            self._message_done(self._item(event), item)
        elif item.type == "reasoning":
            self._thought_done(self._item(event), wire.thought_of(item))
        elif (image := wire.image_of(item)) is not None:
            self._out.append(ev.PartAdded(image))

    def _message_done(self, told: _Open, item: wire.Item) -> None:
        for index, content in enumerate(item.content or ()):
            part = wire.said_in(content)
            if part is not None and index not in told.parts:
                self._tell(part)
            elif isinstance(part, Text) and index not in told.cited:
                self._out += [ev.Cited(citation) for citation in part.citations]
        self._out.append(ev.PartEnded())

    def _call_done(self, event: _Event, item: wire.Item) -> None:
        found = self._open.get(event.output_index)
        if found is None or found.call is None:
            found = self._begin_call(event, item)
        if not found.argued:
            self._argue(found, wire.arguments_in(item))
        self._out.append(ev.ToolEnded(found.call or 0))

    def _thought_done(self, told: _Open, thought: Reasoning) -> None:
        if told.place is None and thought.text:
            self._out.append(ev.ReasoningDelta(thought.text))
        if thought.redacted is not None:
            self._out.append(ev.ReasoningSealed(redacted=thought.redacted, id=thought.id, origin=thought.origin))
        elif told.place is not None or thought.text:
            self._out.append(ev.PartEnded())

    def _tell(self, part: Part) -> None:
        """A text or a refusal that comes whole."""
        if isinstance(part, Refusal):
            self._refused = True
            self._out.append(ev.RefusalDelta(part.text))
        elif isinstance(part, Text):
            self._out.append(ev.TextDelta(part.text))
            self._out += [ev.Cited(citation) for citation in part.citations]

    def _end(self, event: _Event) -> None:
        found = event.response or wire.Response()
        if not self._open and not self._done:
            for index, raw in enumerate(found.output or ()):
                if (item := wire.item_of(raw)) is not None:
                    self._whole(_Event(output_index=index), item)
        self._used(found)
        found.status = "incomplete" if event.type == "response.incomplete" else "completed"
        self._out.append(ev.Finished(wire.finish_of(found, called=self._calls > 0, refused=self._refused)))
        self._over = True

    def _used(self, found: wire.Response) -> None:
        usage = None if found.usage is None else found.usage.usage()
        if usage is not None:
            self._out.append(ev.Used(usage))

    def _failed(self, event: _Event) -> None:
        if event.response is not None:
            self._used(event.response)
        inner = None if event.response is None else event.response.error
        self._out.append(failed(inner or event.error or Words(event.message, None, event.code, event.param)))
        self._over = True


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("a text is missing")
    return value


_READERS: dict[str, Callable[[ResponseReader, _Event], None]] = {
    "response.created": ResponseReader._created,
    "response.output_item.added": ResponseReader._added,
    "response.output_text.delta": ResponseReader._text,
    "response.output_text.done": ResponseReader._text_done,
    "response.output_text.annotation.added": ResponseReader._cited,
    "response.refusal.delta": ResponseReader._refusal,
    "response.refusal.done": ResponseReader._refusal_done,
    "response.reasoning_summary_text.delta": ResponseReader._summary,
    "response.reasoning_text.delta": ResponseReader._thought,
    "response.function_call_arguments.delta": ResponseReader._arguments,
    "response.output_item.done": ResponseReader._item_done,
    "response.completed": ResponseReader._end,
    "response.incomplete": ResponseReader._end,
    "response.failed": ResponseReader._failed,
    "error": ResponseReader._failed,
}
