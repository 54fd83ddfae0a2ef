"""A cached answer, and where such are kept."""

from typing import Protocol

import msgspec

from gatewright.domain.clock import Millis


class Entry(msgspec.Struct, frozen=True, array_like=True):
    """`body` is what the client was sent; a `streamed` one goes out as a stream again. `stored_at` is when."""

    stored_at: Millis
    content_type: str
    streamed: bool
    body: bytes

    def is_sound(self) -> bool:
        """Whether its content type may stand in a header: a store may hold what others wrote."""
        kind = self.content_type
        return 0 < len(kind) <= LONGEST_TYPE and kind.isascii() and kind.isprintable()


LONGEST_TYPE = 200


class Store(Protocol):
    """Keeps answers by key. It may lose any of them at any time."""

    async def get(self, key: str) -> Entry | None: ...

    def put(self, key: str, entry: Entry, life: Millis) -> None:
        """Keeps an answer for so long. Does not wait."""
        ...
