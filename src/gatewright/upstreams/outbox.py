"""Writes of one turn of the event loop, made together at its end.

A write to a socket wakes whoever reads it. Made one by one between the requests of a turn, each wakes a processor that
has gone to sleep again since the one before, which costs more than the write itself (docs/decisions/0005).
"""

import asyncio
from collections.abc import Callable
from typing import Protocol
from weakref import WeakKeyDictionary


class Writer(Protocol):
    """A connection that has something to send."""

    def flush(self) -> None:
        """Sends it. May be called when there is nothing left to send; must not raise."""
        ...


class Outbox:
    """One for an event loop."""

    __slots__ = ("_first", "_loop", "_writers")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._first: list[Callable[[], None]] = []
        self._writers: list[Writer] = []

    def add(self, writer: Writer) -> None:
        """Has it flushed at the end of this turn, in front of every callback that is scheduled from now on."""
        if not self._writers and not self._first:
            self._loop.call_soon(self._flush)
        self._writers.append(writer)

    def add_first(self, write: Callable[[], None]) -> None:
        """Has that called at the end of this turn, in front of all writers: what must be done before anything is sent.

        It must not raise.
        """
        if not self._writers and not self._first:
            self._loop.call_soon(self._flush)
        self._first.append(write)

    def flush_first(self) -> None:
        """For a writer that sends before the turn ends: does what must be done before."""
        if self._first:
            first, self._first = self._first, []
            for write in first:
                write()

    def _flush(self) -> None:
        self.flush_first()
        writers, self._writers = self._writers, []
        for writer in writers:
            writer.flush()


_OF: WeakKeyDictionary[asyncio.AbstractEventLoop, Outbox] = WeakKeyDictionary()


def outbox_of(loop: asyncio.AbstractEventLoop) -> Outbox:
    """The loop's own."""
    found = _OF.get(loop)
    if found is None:
        found = _OF[loop] = Outbox(loop)
    return found
