"""Answers and streams of generateContent. Source: Gemini API reference, "Generating content"."""

import re

import msgspec

from gatewright.translation import events as ev
from gatewright.translation.gemini.progress import Progress
from gatewright.translation.gemini.wire import Chunk, Wrong, decode_chunk, decode_error
from gatewright.translation.halves import AnswerBroken, ProviderError, failure
from gatewright.translation.model import Answer, Citation, Finish, Json, Part, Reasoning, Text, ToolCall
from gatewright.translation.sse import Events, EventTooLong


def read(body: bytes) -> Answer:
    """A complete answer. Raises AnswerBroken when it says that there is none, ValueError for what is no answer."""
    try:
        return _read(decode_chunk(body))
    except RecursionError:
        raise ValueError("the answer is nested too deeply") from None


def _read(chunk: Chunk) -> Answer:
    if not (chunk.candidates or chunk.error or (chunk.prompt_feedback and chunk.prompt_feedback.block_reason)):
        raise ValueError("neither a candidate nor the reason why there is none")
    progress = Progress()
    found = _Whole()
    for event in progress.take(chunk) if chunk.error else (*progress.take(chunk), *progress.end()):
        found.add(event)
    return found.answer()


class ChunkReader:
    """Reads one stream. After Failed it reads nothing more."""

    __slots__ = ("_events", "_failed", "_progress")

    def __init__(self) -> None:
        self._events = Events()
        self._progress = Progress()
        self._failed = False

    def feed(self, data: bytes) -> list[ev.Event]:
        """The events that `data` completes."""
        if self._failed:
            return []
        try:
            payloads = self._events.feed(data)
        except EventTooLong as error:
            return self._fail(str(error))
        return self._read(payloads)

    def finish(self) -> list[ev.Event]:
        """Why the answer ended."""
        if self._failed:
            return []
        try:
            found = self._read(self._events.finish())
        except EventTooLong as error:
            return self._fail(str(error))
        if found and isinstance(found[-1], ev.Failed):
            return found
        return found + self._progress.end()

    def _read(self, payloads: list[tuple[bytes, bytes]]) -> list[ev.Event]:
        found: list[ev.Event] = []
        for _, payload in payloads:
            try:
                found += self._progress.take(decode_chunk(payload))
            except (ValueError, RecursionError):
                return found + self._fail("The provider sent an event that is none of its API.")
            if found and isinstance(found[-1], ev.Failed):
                self._failed = True
                return found
        return found

    def _fail(self, message: str) -> list[ev.Event]:
        self._failed = True
        return [ev.Failed(message, "bad_stream")]


class _Whole:
    """The parts of a complete answer, out of its events. Any number of them is put together in one go."""

    def __init__(self) -> None:
        self._parts: list[Part] = []
        self._pieces: list[str] = []  # of the text or thought that is not among the parts yet
        self._kind: type[Text | Reasoning] = Text
        self._cited: dict[int, list[Citation]] = {}  # by the place of the part
        self._answer = Answer(parts=(), finish=Finish.STOP)
        self._logprobs: list[Json] = []
        self._failed: ev.Failed | None = None

    def add(self, event: ev.Event) -> None:
        match event:
            case ev.TextDelta():
                if event.logprobs is not None:
                    self._logprobs += event.logprobs["content"]
                self._piece(Text, event.text)
            case ev.ReasoningDelta(text):
                self._piece(Reasoning, text)
            case _:
                self._join()
                self._part(event)

    def _part(self, event: ev.Event) -> None:
        match event:
            case ev.ReasoningSealed():
                self._seal(event)
            case ev.ToolStarted():
                self._parts.append(ToolCall(id=event.id, name=event.name, signature=event.signature))
            case ev.ToolArguments():
                self._parts[-1] = msgspec.structs.replace(self._parts[-1], arguments=event.text)
            case ev.Cited(citation):
                self._cite(citation)
            case ev.PartAdded(part):
                self._parts.append(part)
            case ev.Failed():
                self._failed = event
            case _:
                self._frame(event)

    def _frame(self, event: ev.Event) -> None:
        replace = msgspec.structs.replace
        match event:
            case ev.Started():
                self._answer = replace(self._answer, id=event.id, model=event.model)
            case ev.Used(usage):
                self._answer = replace(self._answer, usage=usage)
            case ev.Finished(reason):
                self._answer = replace(self._answer, finish=reason)

    def _piece(self, kind: type[Text | Reasoning], text: str) -> None:
        if kind is not self._kind:
            self._join()
            self._kind = kind
        self._pieces.append(text)

    def _join(self) -> None:
        if not self._pieces:
            return
        text = "".join(self._pieces)
        self._pieces.clear()
        last = self._parts[-1] if self._parts else None
        goes_on = len(self._parts) - 1 not in self._cited and getattr(last, "signature", None) is None
        if type(last) is self._kind and goes_on:
            self._parts[-1] = self._kind(text=last.text + text)
        else:
            self._parts.append(self._kind(text=text))

    def _seal(self, event: ev.ReasoningSealed) -> None:
        last = self._parts[-1] if self._parts else None
        if isinstance(last, Reasoning) and last.signature is None:
            self._parts.pop()
        else:
            last = None
        text = last.text if last is not None else ""
        self._parts.append(Reasoning(text=text, signature=event.signature, origin=event.origin))

    def _cite(self, citation: Citation) -> None:
        """To the last text."""
        for index in range(len(self._parts) - 1, -1, -1):
            if isinstance(self._parts[index], Text):
                self._cited.setdefault(index, []).append(citation)
                return

    def answer(self) -> Answer:
        """Raises AnswerBroken."""
        self._join()
        for index, found in self._cited.items():
            self._parts[index] = msgspec.structs.replace(self._parts[index], citations=tuple(found))
        if self._failed is not None:
            raise AnswerBroken(failure(self._failed), self._answer.usage)
        logprobs = {"content": self._logprobs} if self._logprobs else None
        return msgspec.structs.replace(self._answer, parts=tuple(self._parts), logprobs=logprobs)


def error(body: bytes) -> ProviderError:
    """What an error answer says: an object, or in streams that failed at once a list of one; else nothing."""
    try:
        found = decode_error(body)
    except (ValueError, RecursionError):
        return ProviderError("")
    if isinstance(found, list):
        if not found:
            return ProviderError("")
        found = found[0]
    wrong = found.error
    reason = next((one["reason"] for one in wrong.details if one.get("reason") == KEY_INVALID), wrong.status)
    return ProviderError(wrong.message, reason, retry_after=_retry_after(wrong))


KEY_INVALID = "API_KEY_INVALID"
_SECONDS = re.compile(r"(\d{1,6})(?:\.\d+)?s")


def _retry_after(wrong: Wrong) -> int | None:
    """Seconds, rounded up, of google.rpc.RetryInfo (`"retryDelay": "17.3s"`)."""
    for one in wrong.details:
        delay = one.get("retryDelay")
        if isinstance(delay, str) and (found := _SECONDS.fullmatch(delay)) is not None:
            return int(found[1]) + (1 if "." in delay else 0)
    return None
