"""A call in another dialect than the client's: the request, the answer and the stream are written anew."""

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation.carriage import Carriage
from gatewright.translation.dialect import Dialect
from gatewright.translation.events import Cited, Event, Failed, Finished, ToolStarted, Used
from gatewright.translation.halves import EventReader, EventWriter, ProviderError, Tap, failure
from gatewright.translation.model import Heading
from gatewright.translation.registry import client_half, provider_half
from gatewright.upstreams.body import Prepared
from gatewright.upstreams.call import Opening, Way
from gatewright.upstreams.presets import preset

_encode = msgspec.json.Encoder().encode


class Translated:
    """One attempt at a conversation. `dialect` is the client's. Raises BadInput for what cannot be carried."""

    __slots__ = ("_asked", "_dialect", "_heading", "_provider", "body", "dropped", "headers", "target", "translated")

    def __init__(self, way: Way, asked: Prepared, opening: Opening, dialect: Dialect) -> None:
        assert way.dialect is not None  # noqa: S101 (only conversations come here)
        self._asked = asked
        self._dialect = dialect
        self._provider = provider_half(way.dialect)
        request = opening.request(asked.members, dialect)
        if way.presets is not None:
            request = preset(request, way.presets)
        carriage = Carriage(request, drop=way.drop, where=WHERE[way.dialect], provider=way.provider, files=way.files)
        members = {**way.defaults, **self._provider.write(request, way.model, carriage), **way.extra}
        for name in way.without:
            members.pop(name, None)
        self._heading = Heading(opening.request_id, asked.model, opening.created, request)
        self.target = way.address(stream=asked.stream)
        self.translated = True
        self.dropped = carriage.dropped
        self.headers = way.header_lines(())
        self.body = _encode(members)

    def streams(self, status: int, _content_type: bytes) -> bool:
        """Whatever the provider calls its stream."""
        return status == 200 and self._asked.stream

    def tap(self) -> Tap:
        """Reads the provider's events and writes the client's."""
        return _Translating(self._provider.reader(), client_half(self._dialect).writer(self._heading))

    def whole(self, body: bytes) -> tuple[bytes, Usage | None]:
        """The client's answer. Raises ValueError."""
        answer = self._provider.read(body)
        return client_half(self._dialect).write(answer, self._heading), answer.usage

    def error(self, body: bytes) -> ProviderError:
        """What the provider says went wrong."""
        return self._provider.error(body)


WHERE = {
    Dialect.CHAT: "OpenAI's chat API",
    Dialect.RESPONSES: "OpenAI's responses API",
    Dialect.MESSAGES: "Anthropic's API",
    Dialect.GEMINI: "Google's API",
    Dialect.CONVERSE: "Amazon Bedrock's API",
}


_NOTED = frozenset({Used, Finished, Failed, ToolStarted, Cited})
MOST_CALLS, MOST_SOURCES = 1_000, 2_000
"""Of tools, and of citations, in one stream: writers look through all of them now and again."""


class _Translating:
    """A tap between two dialects. After Failed nothing more is written: the edge ends the stream with the error."""

    __slots__ = ("_calls", "_reader", "_sources", "_writer", "done", "failed", "usage")

    notices_end = True

    def __init__(self, reader: EventReader, writer: EventWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._calls = self._sources = 0
        self.usage: Usage | None = None
        self.done = False
        self.failed: ProviderError | None = None

    def feed(self, data: bytes) -> bytes:
        return b"" if self._broken() else self._note(self._reader.feed(data))

    def finish(self) -> bytes:
        last = b"" if self._broken() else self._note(self._reader.finish())
        return last if self._broken() else last + self._writer.finish()

    def _broken(self) -> bool:
        return self.failed is not None

    def _note(self, events: list[Event]) -> bytes:
        for index, event in enumerate(events):
            if type(event) not in _NOTED:  # as nearly all are
                continue
            if isinstance(event, Used):
                self.usage = event.usage
            elif isinstance(event, Finished):
                self.done = True
            elif isinstance(event, Failed):
                self.failed = failure(event)
            elif isinstance(event, ToolStarted | Cited) and self._too_many(event):
                self.failed = ProviderError("The model provider's answer holds too many tool calls or citations.")
            if self.failed is not None:
                # A writer may begin its stream with nothing to write, and then nobody else could be asked.
                return self._writer.write(events[:index]) if index else b""
        return self._writer.write(events) if events else b""

    def _too_many(self, event: ToolStarted | Cited) -> bool:
        if isinstance(event, ToolStarted):
            self._calls += 1
        else:
            self._sources += 1
        return self._calls > MOST_CALLS or self._sources > MOST_SOURCES
