"""Passes a stream of events on event by event, so that one that breaks off leaves no half of one behind.

A client would take half an event for a whole one when the error that we send follows it. Source: WHATWG HTML, 9.2.6.
"""

from collections.abc import Callable, Sequence

from gatewright.domain.money import Usage
from gatewright.gateway.secrets import WORD, hidden
from gatewright.translation.halves import ProviderError, Tap

LONGEST_HELD = 64 * 1024
"""Bytes of an event that has not ended yet which are held back; of a longer one the rest passes as it comes."""

BLANK_LINES = (b"\n\n", b"\n\r\n", b"\r\r")


class WholeEvents:
    """A tap behind another one. What `secrets` answers is taken out of the provider's errors."""

    __slots__ = ("_held", "_secrets", "_tap")

    def __init__(self, tap: Tap, secrets: Callable[[], Sequence[bytes]]) -> None:
        self._tap = tap
        self._secrets = secrets
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """The events that are complete now."""
        data = self._complete(data)
        return hidden(data, self._secrets()) if WORD in data else data

    def _complete(self, data: bytes) -> bytes:
        data = self._tap.feed(data)
        if self._held:
            data = self._held + data
            self._held = b""
        if not data or data.endswith(BLANK_LINES):
            return data
        end = max(data.rfind(blank) + len(blank) if blank in data else 0 for blank in BLANK_LINES)
        if len(data) - end > LONGEST_HELD:
            return data
        self._held = data[end:]
        return data[:end]

    def finish(self) -> bytes:
        """What came last, though no blank line followed it."""
        held, self._held = self._held, b""
        data = held + self._tap.finish()
        return hidden(data, self._secrets()) if WORD in data else data

    @property
    def notices_end(self) -> bool:
        """The other tap's."""
        return self._tap.notices_end

    @property
    def usage(self) -> Usage | None:
        """The other tap's."""
        return self._tap.usage

    @property
    def done(self) -> bool:
        """The other tap's."""
        return self._tap.done

    @property
    def failed(self) -> ProviderError | None:
        """The other tap's."""
        return self._tap.failed
