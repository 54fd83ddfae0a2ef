"""A provider's streamed answer. Source: OpenAI API reference, "The chat completion chunk object".

The dialect does not say where a tool call ends: it does where the next one begins, and where the answer ends.
"""

from typing import Any

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation import events as ev
from gatewright.translation.model import Citation, Json
from gatewright.translation.openai_chat import answer_pieces as pieces
from gatewright.translation.openai_chat.errors import Words, failed
from gatewright.translation.openai_chat.usage import usage_object
from gatewright.translation.openai_chat.wire import signature_of
from gatewright.translation.sse import Events, EventTooLong

_NULL = b"null"


class _Choice(msgspec.Struct):
    index: int = 0
    delta: pieces.Said | None = None
    finish_reason: str | None = None
    logprobs: Json | None = None
    error: Words | str | None = None


class _Chunk(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    object: str | None = None
    choices: list[_Choice] | None = None
    usage: msgspec.Raw = pieces.NOTHING
    error: Words | str | None = None
    message: Any = None
    code: Any = None
    citations: Any = None
    search_results: Any = None


_decode = msgspec.json.Decoder(_Chunk).decode


class _BadChunk(ValueError):
    """What a chunk says cannot be."""


class ChunkReader:
    """One answer. `feed` raises nothing: whatever is wrong is Failed."""

    def __init__(self) -> None:
        self._events = Events()
        self._out: list[ev.Event] = []
        self._id = ""
        self._begun = False
        self._over = False  # Finished or Failed was said
        self._reason: str | None = None
        self._refused = False
        self._thought = False  # the reasoning part that is open has text
        self._usage: Usage | None = None
        self._sources: list[Citation] = []
        self._calls = _Calls(self._out)

    def feed(self, data: bytes) -> list[ev.Event]:
        """The events that these bytes complete."""
        if self._over:
            return []
        try:
            self._take(self._events.feed(data))
        except EventTooLong as error:
            self._fail(str(error))
        return self._said()

    def finish(self) -> list[ev.Event]:
        """The stream was closed. It is complete when a chunk said why it ended, or `[DONE]` came."""
        self._take(self._events.finish())
        if not self._over:
            if self._reason is None:
                self._fail("The provider closed the stream before the answer was complete.")
            else:
                self._end()
        return self._said()

    def _said(self) -> list[ev.Event]:
        said = self._out.copy()
        self._out.clear()
        return said

    def _take(self, events: list[tuple[bytes, bytes]]) -> None:
        for _, data in events:
            if self._over:
                return
            if data.startswith(b"[DONE]"):
                self._done()
            elif data:
                self._read(data)

    def _read(self, data: bytes) -> None:
        try:
            self._chunk(_decode(data))
        except _BadChunk as error:
            self._fail(str(error))
        except (ValueError, RecursionError):
            self._fail("The provider sent an event that is no chat completion chunk.")

    def _chunk(self, chunk: _Chunk) -> None:
        if chunk.error is not None or chunk.object == "error":
            self._broke(chunk.error or Words(str(chunk.message or ""), code=str(chunk.code or "") or None))
            return
        if not self._begun:
            self._begun = True
            self._id = chunk.id or ""
            self._out.append(ev.Started(self._id, chunk.model or ""))
        for choice in chunk.choices or ():
            if choice.index == 0 and not self._over:  # another answer was not asked for
                self._choice(choice)
        if chunk.usage is not pieces.NOTHING and bytes(chunk.usage) != _NULL:
            self._used(usage_object(chunk.usage))
        if chunk.search_results or chunk.citations:
            self._sources = pieces.sources(chunk.search_results, chunk.citations)

    def _choice(self, choice: _Choice) -> None:
        if choice.error is not None:
            self._broke(choice.error)
            return
        if choice.delta is not None:
            self._delta(choice.delta, choice.logprobs)
        if choice.finish_reason:  # some servers send an empty one until there is one
            if choice.finish_reason in pieces.BROKEN_OFF:
                self._fail(f"The provider ended the answer with {choice.finish_reason}.", choice.finish_reason)
                return
            self._reason = choice.finish_reason
            self._calls.end()

    def _delta(self, said: pieces.Said, logprobs: Json | None) -> None:
        if said.reasoning_content or said.reasoning or said.thinking_blocks or said.reasoning_details:
            self._think(said)
        content = said.content
        if isinstance(content, str):
            if content or logprobs is not None:
                self._text(content, logprobs)
        elif content:
            self._pieces(said, logprobs)
        if said.refusal:
            self._refused = True
            self._out.append(ev.RefusalDelta(said.refusal))
        if said.annotations:
            self._out += [ev.Cited(citation) for citation in pieces.citations(said)]
        if said.images:
            self._out += [ev.PartAdded(made) for made in pieces.media(said)]
        for call in said.tool_calls or ():
            self._thought = False
            self._calls.add(call, self._id)

    def _text(self, text: str, logprobs: Json | None) -> None:
        self._thought = False
        self._out.append(ev.TextDelta(text, logprobs))

    def _pieces(self, said: pieces.Said, logprobs: Json | None) -> None:
        for thought, text in pieces.texts(said.content):
            if not thought:
                self._text(text, logprobs)
                logprobs = None
            elif text:
                self._reason_on(text)

    def _reason_on(self, text: str) -> None:
        self._thought = True
        self._out.append(ev.ReasoningDelta(text))

    def _think(self, said: pieces.Said) -> None:
        """The text comes by one of its names; a block that has a seal ends what is open, and may repeat its text."""
        text = said.thoughts()
        if text:
            self._reason_on(text)
        for part in pieces.seals(said):
            sealed = part.signature is not None or part.redacted is not None
            if part.text and not text and not (sealed and self._thought):
                self._reason_on(part.text)
            if sealed:
                self._thought = False
                self._out.append(ev.ReasoningSealed(part.signature, part.redacted, part.id, part.origin))

    def _used(self, usage: Usage | None) -> None:
        if usage is not None and usage != self._usage:
            self._usage = usage
            self._out.append(ev.Used(usage))

    def _done(self) -> None:
        if self._begun:
            self._end()
        else:
            self._fail("The provider ended the stream before the answer began.")

    def _end(self) -> None:
        try:
            self._calls.end()
        except _BadChunk as error:
            self._fail(str(error))
            return
        self._out += [ev.Cited(citation) for citation in self._sources]
        reason = pieces.finish_of(self._reason, called=self._calls.count > 0, refused=self._refused)
        self._out.append(ev.Finished(reason))
        self._over = True

    def _broke(self, words: Words | str) -> None:
        self._out.append(failed(words))
        self._over = True

    def _fail(self, message: str, kind: str | None = None) -> None:
        if not self._over:
            self._out.append(ev.Failed(message, kind))
            self._over = True


class _Calls:
    """The tool calls of one answer. What they say goes into `out`; `count` is the number of those that began."""

    def __init__(self, out: list[ev.Event]) -> None:
        self._out = out
        self._seen: dict[int, int] = {}  # the provider's index to ours
        self._last = -1  # the provider's index of the call that is open
        self._last_id = ""
        self._open = -1  # ours
        self._waiting: pieces.ToolCallPiece | None = None  # a call whose name has not come yet
        self.count = 0

    def add(self, piece: pieces.ToolCallPiece, answer_id: str) -> None:
        """Raises _BadChunk for a call that goes on after it ended."""
        index = self._index(piece)
        if index not in self._seen:
            self.end()
            self._seen[index] = len(self._seen)
            self._last = index
            self._last_id = piece.id or ""
            self._waiting = pieces.ToolCallPiece(function=pieces.Function())
        elif index != self._last:
            raise _BadChunk("The provider went on with a tool call after the next one had begun.")
        if self._waiting is not None:
            self._begin(self._waiting, piece, answer_id)
        elif piece.function is not None and self._open >= 0:
            self._say(pieces.arguments_of(piece.function))
        elif self._open < 0:
            raise _BadChunk("The provider went on with a tool call that had ended.")

    def end(self) -> None:
        """The call that is open is complete. Raises _BadChunk when its name never came."""
        if self._waiting is not None:
            raise _BadChunk("The provider sent a tool call without a function's name.")
        if self._open >= 0:
            self._out.append(ev.ToolEnded(self._open))
            self._open = -1

    def _index(self, piece: pieces.ToolCallPiece) -> int:
        """Some servers leave the index out and send each call whole, with an id."""
        if piece.index is not None:
            return piece.index
        if piece.id and piece.id == self._last_id:
            return self._last
        if piece.id or self._last < 0 or (piece.function is not None and piece.function.name):
            return max(self._seen, default=-1) + 1
        return self._last

    def _begin(self, known: pieces.ToolCallPiece, piece: pieces.ToolCallPiece, answer_id: str) -> None:
        known.id = known.id or piece.id
        known.extra_content = known.extra_content or piece.extra_content
        known.provider_specific_fields = known.provider_specific_fields or piece.provider_specific_fields
        told = known.function or pieces.Function()
        more = piece.function or pieces.Function()
        told.name = told.name or more.name
        told.arguments = pieces.arguments_of(told) + pieces.arguments_of(more)
        known.function = told
        if not told.name:
            return
        self._waiting = None
        self._open = self._seen[self._last]
        self.count += 1
        signature = signature_of(known.extra_content, known.provider_specific_fields)
        call_id = known.id or pieces.made_up_id(answer_id, self._open)
        self._out.append(ev.ToolStarted(self._open, call_id, told.name, signature))
        self._say(told.arguments)

    def _say(self, text: str) -> None:
        if text:
            self._out.append(ev.ToolArguments(self._open, text))
