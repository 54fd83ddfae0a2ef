"""What a dialect offers: its client half and its provider half, as tables of functions."""

from collections.abc import Callable, Mapping
from typing import NamedTuple, Protocol

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation.carriage import Carriage
from gatewright.translation.events import Event, Failed
from gatewright.translation.model import Answer, Heading, Json, Request


class ProviderError(NamedTuple):
    """What an error answer of a provider says; `message` is its own text, `kind` its type or code.

    `told`: it stands in a stream that passed through, so that the client has been told. `retry_after` is how many
    seconds the error itself asks to wait. `status` is the one that it names or stands for, where it came in an answer
    of a good status; None when it does not say.
    """

    message: str
    kind: str | None = None
    param: str | None = None
    told: bool = False
    retry_after: int | None = None
    status: int | None = None


def failure(event: Failed) -> ProviderError:
    """What ended a provider's stream."""
    return ProviderError(event.message, event.kind, status=event.status if event.status != Failed("").status else None)


class AnswerBroken(ValueError):
    """An answer of a good status that says itself that it is none; `usage` is what it cost all the same."""

    def __init__(self, error: ProviderError, usage: Usage | None = None) -> None:
        super().__init__(error.message)
        self.error = error
        self.usage = usage


class Tap(Protocol):
    """Turns a provider's stream into the client's: `feed` what arrived, send what it returns, `finish` at the end.

    `usage` is what the stream so far says was used, `done` whether it was complete, `failed` the error of the
    provider's own that it ended with. `notices_end`: `done` is known as soon as the end has passed, and free to ask.
    """

    def feed(self, data: bytes) -> bytes: ...
    def finish(self) -> bytes: ...
    @property
    def notices_end(self) -> bool: ...
    @property
    def usage(self) -> Usage | None: ...
    @property
    def done(self) -> bool: ...
    @property
    def failed(self) -> ProviderError | None: ...


class EventReader(Protocol):
    """Reads one streamed answer of a provider. `feed` takes bytes as they arrive, cut anywhere."""

    def feed(self, data: bytes) -> list[Event]: ...

    def finish(self) -> list[Event]:
        """The provider closed the stream: Failed when the answer was not complete, else what is left."""
        ...


class EventWriter(Protocol):
    """Writes one streamed answer for a client. `write` may return nothing."""

    def write(self, events: list[Event]) -> bytes: ...

    def finish(self) -> bytes:
        """What ends the stream: called once, after the last event, and not after Failed."""
        ...


class Passing(NamedTuple):
    """For bytes that pass through: usage out of a complete answer, and a tap that changes nothing but, when it hides
    the usage chunk that only we asked for (`hides_usage`), that.

    `without_foreign` gives a request's members without thoughts that another dialect's provider sealed, None when there
    are none.
    """

    usage: Callable[[bytes], Usage | None]
    tap: Callable[[bool], Tap]
    without_foreign: Callable[[Mapping[str, msgspec.Raw]], dict[str, msgspec.Raw] | None] | None = None


class ClientHalf(NamedTuple):
    """`read` takes the top-level members of a body and raises BadInput naming the wrong one."""

    read: Callable[[Mapping[str, msgspec.Raw]], Request]
    write: Callable[[Answer, Heading], bytes]
    writer: Callable[[Heading], EventWriter]


class ProviderHalf(NamedTuple):
    """`write` makes a body, without the model's name where it is not part of the body, and raises CannotCarry.

    `read` raises ValueError for what is no answer of that API, AnswerBroken for one that says so itself.
    """

    write: Callable[[Request, str, Carriage], Json]
    read: Callable[[bytes], Answer]
    reader: Callable[[], EventReader]
    error: Callable[[bytes], ProviderError]
