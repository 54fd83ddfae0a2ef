"""The items of a streamed answer while they are being written.

Source: OpenAI API reference, "Streaming events". Every event is numbered.
"""

import msgspec

from gatewright.translation import events as ev
from gatewright.translation.model import Alias, Heading, Json, ToolCall
from gatewright.translation.openai_responses import answer_items as items

_encode = msgspec.json.Encoder().encode


class Numbered:
    """Writes events and counts them."""

    __slots__ = ("_number",)

    def __init__(self) -> None:
        self._number = 0

    def event(self, kind: str, members: Json) -> bytes:
        """One event."""
        return self.line(kind.encode(), _encode(members)[1:-1])

    def line(self, kind: bytes, members: bytes) -> bytes:
        """One event whose members are JSON already, without the braces around them."""
        number = self._number
        self._number = number + 1
        return b'event: %b\ndata: {"type":"%b",%b,"sequence_number":%d}\n\n' % (kind, kind, members, number)


class Place:
    """Where an item stands: its id and its index, as events say them."""

    __slots__ = ("index", "item_id", "members", "raw")

    def __init__(self, heading: Heading, kind: str, index: int) -> None:
        self.index = index
        self.item_id = items.ident(kind, heading, index)
        self.members: Json = {"item_id": self.item_id, "output_index": index}
        self.raw = _encode(self.members)[1:-1]


class OpenMessage:
    """Texts and refusals, each a part of its own."""

    __slots__ = ("_annotations", "_content", "_kind", "_length", "_logprobs", "_out", "_pieces", "_raw", "place")

    def __init__(self, place: Place, out: Numbered) -> None:
        self.place = place
        self._out = out
        self._content: list[Json] = []
        self._kind = ""  # of the part that is open: `text`, `refusal` or none
        self._pieces: list[str] = []
        self._length = 0  # of them
        self._raw = b""
        self._annotations: list[Json] = []
        self._logprobs: list[Json] = []

    @property
    def added(self) -> Json:
        """The item when it begins."""
        return items.message(self.place.item_id, [], items.IN_PROGRESS)

    def text(self, event: ev.TextDelta) -> bytes:
        """More text."""
        begun = b"" if self._kind == "text" else self._begin("text")
        text = event.text
        self._pieces.append(text)
        self._length += len(text)
        if event.logprobs is None:
            told = b'%b,"delta":%b,"logprobs":[]' % (self._raw, _encode(text))
        else:
            logprobs = items.logprobs_of(event.logprobs)
            self._logprobs.extend(logprobs)
            told = b'%b,"delta":%b,"logprobs":%b' % (self._raw, _encode(text), _encode(logprobs))
        return begun + self._out.line(b"response.output_text.delta", told)

    def refusal(self, text: str) -> bytes:
        """More of a refusal."""
        begun = b"" if self._kind == "refusal" else self._begin("refusal")
        self._pieces.append(text)
        return begun + self._out.line(b"response.refusal.delta", b'%b,"delta":%b' % (self._raw, _encode(text)))

    def cite(self, event: ev.Cited) -> bytes:
        """A source of the text that is open."""
        found = items.annotation(event.citation, self._length if self._kind == "text" else 0)
        if found is None:
            return b""
        begun = b"" if self._kind == "text" else self._begin("text")
        index = len(self._annotations)
        self._annotations.append(found)
        members = {**self._members(), "annotation_index": index, "annotation": found}
        return begun + self._out.event("response.output_text.annotation.added", members)

    def end_part(self) -> bytes:
        """The open part is whole."""
        kind, self._kind = self._kind, ""
        if not kind:
            return b""
        text, at = "".join(self._pieces), self._members()
        if kind == "refusal":
            part = items.refusal_part(text)
            done = self._out.event("response.refusal.done", {**at, "refusal": text})
        else:
            part = items.text_part(text, self._annotations, self._logprobs)
            done = self._out.event("response.output_text.done", {**at, "text": text, "logprobs": self._logprobs})
        self._content.append(part)
        return done + self._out.event("response.content_part.done", {**at, "part": part})

    def close(self, status: str) -> tuple[bytes, Json]:
        """The message is whole, or cut off."""
        return self.end_part(), items.message(self.place.item_id, self._content, status)

    def _members(self) -> Json:
        return {**self.place.members, "content_index": len(self._content)}

    def _begin(self, kind: str) -> bytes:
        ended = self.end_part()
        self._kind, self._pieces, self._length = kind, [], 0
        self._annotations, self._logprobs = [], []
        at = self._members()
        self._raw = _encode(at)[1:-1]
        part = items.refusal_part("") if kind == "refusal" else items.text_part("", [], [])
        return ended + self._out.event("response.content_part.added", {**at, "part": part})


class OpenThought:
    """What the model thinks, as one summary."""

    __slots__ = ("_encrypted", "_out", "_pieces", "place")

    def __init__(self, place: Place, out: Numbered) -> None:
        self.place = place
        self._out = out
        self._pieces: list[str] = []
        self._encrypted: str | None = None

    @property
    def added(self) -> Json:
        """The item when it begins."""
        return items.thought(self.place.item_id, [], None)

    def text(self, text: str) -> bytes:
        """More of it."""
        begun = b""
        if not self._pieces:
            members = {**self.place.members, "summary_index": 0, "part": items.summary_part("")}
            begun = self._out.event("response.reasoning_summary_part.added", members)
        self._pieces.append(text)
        told = b'%b,"summary_index":0,"delta":%b' % (self.place.raw, _encode(text))
        return begun + self._out.line(b"response.reasoning_summary_text.delta", told)

    def sealed(self, encrypted: str | None) -> None:
        """Whose client must hand it back unread."""
        self._encrypted = encrypted

    def close(self, _status: str) -> tuple[bytes, Json]:
        """The thought is whole."""
        if not self._pieces:
            return b"", items.thought(self.place.item_id, [], self._encrypted)
        text = "".join(self._pieces)
        at: Json = {**self.place.members, "summary_index": 0}
        part = items.summary_part(text)
        told = self._out.event("response.reasoning_summary_text.done", {**at, "text": text})
        told += self._out.event("response.reasoning_summary_part.done", {**at, "part": part})
        return told, items.thought(self.place.item_id, [part], self._encrypted)


class OpenCall:
    """A call of a tool. Only a function's arguments go out as they come: the others are something else in the end."""

    __slots__ = ("_alias", "_call", "_out", "_pieces", "_streams", "place")

    def __init__(self, place: Place, out: Numbered, one: ToolCall, alias: Alias | None) -> None:
        self.place = place
        self._out = out
        self._call = one
        self._alias = alias
        self._streams = alias is None or alias.kind == "function"
        self._pieces: list[str] = []

    @property
    def added(self) -> Json:
        """The item when it begins."""
        return items.call(self.place.item_id, self._call, self._alias, items.IN_PROGRESS)

    def arguments(self, text: str) -> bytes:
        """More of them."""
        self._pieces.append(text)
        if not self._streams or not text:
            return b""
        told = b'%b,"delta":%b' % (self.place.raw, _encode(text))
        return self._out.line(b"response.function_call_arguments.delta", told)

    def close(self, status: str) -> tuple[bytes, Json]:
        """The call is whole."""
        arguments, told = "".join(self._pieces), b""
        if not arguments:
            arguments = "{}"
            told = self.arguments(arguments)
        one = msgspec.structs.replace(self._call, arguments=arguments)
        item = items.call(self.place.item_id, one, self._alias, status)
        at = self.place.members
        if self._streams:
            told += self._out.event("response.function_call_arguments.done", {**at, "arguments": arguments})
        elif "input" in item:
            told += self._out.event("response.custom_tool_call_input.delta", {**at, "delta": item["input"]})
            told += self._out.event("response.custom_tool_call_input.done", {**at, "input": item["input"]})
        return told, item
