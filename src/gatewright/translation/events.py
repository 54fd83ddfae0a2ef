"""A streamed answer in no dialect: what a provider's reader makes and a client's writer spends.

Order: Started, then the parts one after another, then Used (maybe more than once: the last one counts), Finished.
Failed may come at any time and ends everything. A text or reasoning part goes on until PartEnded or until something of
another kind comes; the parts of several tool calls may be interleaved, told apart by `index`.
"""

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation.model import Citation, Finish, Json, Part


class Event(msgspec.Struct, frozen=True, gc=False):
    """The root."""


class Started(Event, frozen=True):
    """`id` and `model` as the provider says them; empty when it does not."""

    id: str = ""
    model: str = ""


class TextDelta(Event, frozen=True):
    text: str
    logprobs: Json | None = None


class RefusalDelta(Event, frozen=True):
    text: str


class ReasoningDelta(Event, frozen=True):
    text: str


class ReasoningSealed(Event, frozen=True):
    """The seal of the reasoning part that is open (or of one without text), which ends with it.

    `signature`, `redacted`, `id` and `origin` as in `model.Reasoning`.
    """

    signature: str | None = None
    redacted: str | None = None
    id: str | None = None
    origin: str | None = None


class PartEnded(Event, frozen=True):
    """The open text or reasoning part is complete: what follows is another one, even of the same kind."""


class ToolStarted(Event, frozen=True):
    """`index` counts the tool calls of the answer from 0."""

    index: int
    id: str
    name: str
    signature: str | None = None


class ToolArguments(Event, frozen=True):
    """More of the JSON text of a call's arguments."""

    index: int
    text: str


class ToolEnded(Event, frozen=True):
    index: int


class Cited(Event, frozen=True):
    """A source of the text part that is open."""

    citation: Citation


class PartAdded(Event, frozen=True):
    """A part that comes whole: an image, a file."""

    part: Part


class Used(Event, frozen=True):
    usage: Usage


class Finished(Event, frozen=True):
    reason: Finish
    stop_sequence: str | None = None


class Failed(Event, frozen=True):
    """The provider broke the answer off with an error of its own. `kind` is its type or code, for the log."""

    message: str
    kind: str | None = None
    status: int = 502


class Unknown(Event, frozen=True):
    """Something this version does not know; `kind` names it. Writers leave it out."""

    kind: str
