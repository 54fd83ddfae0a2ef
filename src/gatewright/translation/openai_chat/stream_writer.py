"""A streamed answer for a client. Source: OpenAI API reference, "The chat completion chunk object".

A thought is streamed as `reasoning_content`; when it is sealed, one more delta has it whole, with its seal, in
`thinking_blocks`: those lists, one behind the other, are what the client sends back. Whatever stands in a list has an
index, without which the official SDK cannot put the deltas together.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation import events as ev
from gatewright.translation.model import Heading, Json, Media, Reasoning
from gatewright.translation.openai_chat.answer_writer import annotation, finish_reason, head, image, source
from gatewright.translation.openai_chat.usage import written_usage
from gatewright.translation.openai_chat.wire import is_sealed, thinking_block

_encode = msgspec.json.Encoder().encode


class ChunkWriter:
    """One answer. What an event says is one chunk or nothing."""

    def __init__(self, heading: Heading) -> None:
        base = b"data: " + _encode(head(heading, "chat.completion.chunk"))[:-1] + b',"choices":['
        self._reports = heading.request.include_usage
        nothing_used = b',"usage":null}\n\n' if self._reports else b"}\n\n"
        self._base = base
        self._lead = base + b'{"index":0,"delta":'
        self._tail = b',"finish_reason":null}]' + nothing_used
        self._after_finish = b"}]" + nothing_used
        self._begun = False
        self._refused = False
        self._thought: list[str] = []  # of the reasoning part that is open
        self._length = 0  # characters of text so far
        self._start = 0  # where the text part that is open begins
        self._in_text = False
        self._counts: dict[str, int] = {}  # of what stands in lists
        self._without: set[int] = set()  # calls that have no arguments yet
        self._usage: Usage | None = None

    def write(self, events: list[ev.Event]) -> bytes:
        """The chunks of these events."""
        chunks = [] if self._begun else [self._delta({"role": "assistant", "content": ""})]
        self._begun = True
        for event in events:
            writer = _WRITERS.get(type(event))
            if writer is not None:
                chunks.append(writer(self, event))
        return b"".join(chunks)

    def finish(self) -> bytes:
        """The usage chunk, when it was asked for, and the end."""
        done = b"data: [DONE]\n\n"
        if not self._reports or self._usage is None:
            return done
        return b'%b],"usage":%b}\n\n%b' % (self._base, _encode(written_usage(self._usage)), done)

    def _delta(self, delta: Json) -> bytes:
        return self._lead + _encode(delta) + self._tail

    def _text(self, event: ev.TextDelta) -> bytes:
        if not self._in_text:
            self._in_text = True
            self._start = self._length
        self._length += len(event.text)
        if event.logprobs is None:
            return b'%b{"content":%b}%b' % (self._lead, _encode(event.text), self._tail)
        logprobs = b',"logprobs":' + _encode(event.logprobs)
        return b'%b{"content":%b}%b%b' % (self._lead, _encode(event.text), logprobs, self._tail)

    def _refusal(self, event: ev.RefusalDelta) -> bytes:
        self._in_text = False
        self._refused = True
        return self._delta({"refusal": event.text})

    def _reasoning(self, event: ev.ReasoningDelta) -> bytes:
        self._in_text = False
        self._thought.append(event.text)
        return b'%b{"reasoning_content":%b}%b' % (self._lead, _encode(event.text), self._tail)

    def _sealed(self, event: ev.ReasoningSealed) -> bytes:
        text = "".join(self._thought)
        self._thought.clear()
        part = Reasoning(
            text=text, signature=event.signature, redacted=event.redacted, id=event.id, origin=event.origin
        )
        if not is_sealed(part):
            return b""
        block = thinking_block(part)
        block.index = self._next("thinking_blocks")
        return self._delta({"thinking_blocks": [block]})

    def _part_ended(self, _event: ev.PartEnded) -> bytes:
        self._thought.clear()
        self._in_text = False
        return b""

    def _tool_started(self, event: ev.ToolStarted) -> bytes:
        self._part_ended(_PART_ENDED)
        self._without.add(event.index)
        call: Json = {
            "index": event.index,
            "id": event.id,
            "type": "function",
            "function": {"name": event.name, "arguments": ""},
        }
        if event.signature is not None:
            call["extra_content"] = {"google": {"thought_signature": event.signature}}
        return self._delta({"tool_calls": [call]})

    def _arguments(self, event: ev.ToolArguments) -> bytes:
        if not event.text:
            return b""
        self._without.discard(event.index)
        return self._delta({"tool_calls": [{"index": event.index, "function": {"arguments": event.text}}]})

    def _tool_ended(self, event: ev.ToolEnded) -> bytes:
        """Arguments are always JSON: a call without any gets an empty object."""
        return self._arguments(ev.ToolArguments(event.index, "{}")) if event.index in self._without else b""

    def _cited(self, event: ev.Cited) -> bytes:
        if event.citation.url is None:
            found = {**source(event.citation), "index": self._next("citations")}
            return self._delta({"provider_specific_fields": {"citations": [found]}})
        note = {**annotation(event.citation, self._start, self._length), "index": self._next("annotations")}
        return self._delta({"annotations": [note]})

    def _added(self, event: ev.PartAdded) -> bytes:
        self._part_ended(_PART_ENDED)
        if not isinstance(event.part, Media):
            return b""
        return self._delta({"images": [image(event.part, self._next("images"))]})

    def _next(self, name: str) -> int:
        index = self._counts.get(name, 0)
        self._counts[name] = index + 1
        return index

    def _used(self, event: ev.Used) -> bytes:
        self._usage = event.usage
        return b""

    def _finished(self, event: ev.Finished) -> bytes:
        left = b"".join([self._tool_ended(ev.ToolEnded(index)) for index in sorted(self._without)])
        reason = finish_reason(event.reason, refused=self._refused)
        return b'%b%b{},"finish_reason":"%b"%b' % (left, self._lead, reason.encode(), self._after_finish)


_PART_ENDED = ev.PartEnded()

_WRITERS: dict[type[ev.Event], Callable[[ChunkWriter, Any], bytes]] = {
    ev.TextDelta: ChunkWriter._text,
    ev.RefusalDelta: ChunkWriter._refusal,
    ev.ReasoningDelta: ChunkWriter._reasoning,
    ev.ReasoningSealed: ChunkWriter._sealed,
    ev.PartEnded: ChunkWriter._part_ended,
    ev.ToolStarted: ChunkWriter._tool_started,
    ev.ToolArguments: ChunkWriter._arguments,
    ev.ToolEnded: ChunkWriter._tool_ended,
    ev.Cited: ChunkWriter._cited,
    ev.PartAdded: ChunkWriter._added,
    ev.Used: ChunkWriter._used,
    ev.Finished: ChunkWriter._finished,
}
