"""A streamed answer for a client of the responses API.

Source: OpenAI API reference, "Streaming events". The last event repeats the whole response.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation import events as ev
from gatewright.translation.model import Finish, Heading, Json, Media, ToolCall
from gatewright.translation.openai_responses import answer_items as items
from gatewright.translation.openai_responses.open_items import Numbered, OpenCall, OpenMessage, OpenThought, Place
from gatewright.translation.seals import Sealed, pack

_encode = msgspec.json.Encoder().encode


class ResponseWriter:
    """One answer."""

    def __init__(self, heading: Heading) -> None:
        self._heading = heading
        self._out = Numbered()
        self._begun = False
        self._ended = False
        self._count = 0  # items that have begun
        self._open: OpenMessage | OpenThought | None = None
        self._calls: dict[int, OpenCall] = {}
        self._done: dict[int, msgspec.Raw] = {}  # items that are whole, by their place
        self._usage: Usage | None = None

    def write(self, events: list[ev.Event]) -> bytes:
        """The events of these events. Nothing follows the last one."""
        told = [] if self._begun else [self._begin()]
        for event in events:
            writer = _WRITERS.get(type(event))
            if writer is not None and not self._ended:
                told.append(writer(self, event))
        return b"".join(told)

    def finish(self) -> bytes:
        """The end, unless it was written already."""
        return self.write([] if self._ended else [ev.Finished(Finish.STOP)])

    def _begin(self) -> bytes:
        self._begun = True
        whole = {"response": items.response(self._heading, items.IN_PROGRESS, [])}
        return self._out.event("response.created", whole) + self._out.event("response.in_progress", whole)

    def _place(self, kind: str) -> Place:
        self._count += 1
        return Place(self._heading, kind, self._count - 1)

    def _added(self, place: Place, item: Json) -> bytes:
        return self._out.event("response.output_item.added", {"output_index": place.index, "item": item})

    def _whole(self, place: Place, item: Json) -> bytes:
        self._done[place.index] = raw = msgspec.Raw(_encode(item))
        return self._out.event("response.output_item.done", {"output_index": place.index, "item": raw})

    def _close(self, one: OpenMessage | OpenThought | OpenCall | None, status: str = items.COMPLETED) -> bytes:
        if one is None:
            return b""
        if not isinstance(one, OpenCall):
            self._open = None
        told, item = one.close(status)
        return told + self._whole(one.place, item)

    def _message(self) -> tuple[bytes, OpenMessage]:
        one = self._open
        if isinstance(one, OpenMessage):
            return b"", one
        told = self._close(one)
        self._open = new = OpenMessage(self._place("msg"), self._out)
        return told + self._added(new.place, new.added), new

    def _thought(self) -> tuple[bytes, OpenThought]:
        one = self._open
        if isinstance(one, OpenThought):
            return b"", one
        told = self._close(one)
        self._open = new = OpenThought(self._place("rs"), self._out)
        return told + self._added(new.place, new.added), new

    def _text(self, event: ev.TextDelta) -> bytes:
        if isinstance(self._open, OpenMessage):
            return self._open.text(event)
        told, message = self._message()
        return told + message.text(event)

    def _refusal(self, event: ev.RefusalDelta) -> bytes:
        told, message = self._message()
        return told + message.refusal(event.text)

    def _cited(self, event: ev.Cited) -> bytes:
        if event.citation.url is None:
            return b""
        told, message = self._message()
        return told + message.cite(event)

    def _reasoning(self, event: ev.ReasoningDelta) -> bytes:
        if not event.text:
            return b""
        told, thought = self._thought()
        return told + thought.text(event.text)

    def _sealed(self, event: ev.ReasoningSealed) -> bytes:
        told, thought = self._thought()
        thought.sealed(items.seal_of(event))
        return told + self._close(thought)

    def _part_ended(self, _event: ev.PartEnded) -> bytes:
        one = self._open
        return one.end_part() if isinstance(one, OpenMessage) else self._close(one)

    def _tool_started(self, event: ev.ToolStarted) -> bytes:
        told = self._close(self._open) + self._close(self._calls.pop(event.index, None))
        if event.signature is not None:
            place = self._place("rs")
            item = items.thought(place.item_id, [], pack(Sealed(event.signature, call=event.id)))
            told += self._added(place, items.thought(place.item_id, [], None)) + self._whole(place, item)
        alias = self._heading.request.aliases.get(event.name)
        new = OpenCall(self._place(items.call_kind(alias)), self._out, ToolCall(id=event.id, name=event.name), alias)
        self._calls[event.index] = new
        return told + self._added(new.place, new.added)

    def _arguments(self, event: ev.ToolArguments) -> bytes:
        one = self._calls.get(event.index)
        return b"" if one is None else one.arguments(event.text)

    def _tool_ended(self, event: ev.ToolEnded) -> bytes:
        return self._close(self._calls.pop(event.index, None))

    def _part_added(self, event: ev.PartAdded) -> bytes:
        told = self._close(self._open)
        if not isinstance(event.part, Media):
            return told
        place = Place(self._heading, "ig", self._count)
        item = items.image(place.item_id, event.part)
        if item is None:
            return told
        self._count += 1
        return (
            told + self._added(place, {**item, "status": items.IN_PROGRESS, "result": None}) + self._whole(place, item)
        )

    def _used(self, event: ev.Used) -> bytes:
        self._usage = event.usage
        return b""

    def _finished(self, event: ev.Finished) -> bytes:
        status = items.status_of(event.reason)
        told = [self._close(one, status) for one in (*self._calls.values(), self._open)]
        self._ended = True
        output = [self._done[index] for index in sorted(self._done)]
        whole = items.response(self._heading, status, output, self._usage, event.reason)
        return b"".join(told) + self._out.event(f"response.{status}", {"response": whole})


_WRITERS: dict[type[ev.Event], Callable[[ResponseWriter, Any], bytes]] = {
    ev.TextDelta: ResponseWriter._text,
    ev.RefusalDelta: ResponseWriter._refusal,
    ev.Cited: ResponseWriter._cited,
    ev.ReasoningDelta: ResponseWriter._reasoning,
    ev.ReasoningSealed: ResponseWriter._sealed,
    ev.PartEnded: ResponseWriter._part_ended,
    ev.ToolStarted: ResponseWriter._tool_started,
    ev.ToolArguments: ResponseWriter._arguments,
    ev.ToolEnded: ResponseWriter._tool_ended,
    ev.PartAdded: ResponseWriter._part_added,
    ev.Used: ResponseWriter._used,
    ev.Finished: ResponseWriter._finished,
}
