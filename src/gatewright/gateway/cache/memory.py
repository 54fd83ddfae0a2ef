"""Cached answers in the memory of one worker."""

from collections import OrderedDict

from gatewright.domain.clock import Clock, Millis
from gatewright.gateway.cache.entry import Entry

MOST_BYTES = 64 * 1024 * 1024
"""Of all answers together, whatever the number of entries."""

OVERHEAD = 500
"""Bytes of an entry besides its answer."""


class MemoryStore:
    """The answer that was used longest ago goes first."""

    def __init__(self, clock: Clock, most_entries: int, most_bytes: int = MOST_BYTES) -> None:
        self._clock = clock
        self._most_entries = most_entries
        self._most_bytes = most_bytes
        self._kept: OrderedDict[str, tuple[Millis, Entry]] = OrderedDict()
        self.bytes = 0

    async def get(self, key: str) -> Entry | None:
        """Never waits."""
        found = self._kept.get(key)
        if found is None:
            return None
        if found[0] <= self._clock():
            self._forget(key)
            return None
        self._kept.move_to_end(key)
        return found[1]

    def put(self, key: str, entry: Entry, life: Millis) -> None:
        """An answer that is larger than everything together may be is not kept."""
        self._forget(key)
        size = _size(entry)
        if size > self._most_bytes:
            return
        self._kept[key] = (self._clock() + life, entry)
        self.bytes += size
        while self.bytes > self._most_bytes or len(self._kept) > self._most_entries:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: str) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self.bytes -= _size(found[1])


def _size(entry: Entry) -> int:
    return len(entry.body) + OVERHEAD
