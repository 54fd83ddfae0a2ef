"""Cached answers in Valkey, for all workers and replicas. While it is down nothing is found and nothing kept."""

import asyncio
import logging
from contextlib import suppress

import msgspec

from gatewright.domain.clock import Millis
from gatewright.gateway.cache.entry import Entry
from gatewright.outbound.valkey import Valkey, ValkeyDown

MOST_AT_ONCE = 100
"""Answers on their way to Valkey; of more that come while it is slow none is kept."""

logger = logging.getLogger(__name__)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Entry).decode


class ValkeyStore:
    """`prefix` keeps installations apart that share a server; `largest` is the largest answer in bytes."""

    def __init__(self, valkey: Valkey, prefix: str, largest: int) -> None:
        self._valkey = valkey
        self._prefix = f"{prefix}:cache:"
        self._largest = largest
        self._storing: set[asyncio.Task[None]] = set()

    async def get(self, key: str) -> Entry | None:
        """What others wrote there under this key is nothing, too."""
        raw = None
        with suppress(ValkeyDown):
            raw = await self._valkey.get(self._prefix + key)
        if raw is None:
            return None
        try:
            entry = _decode(raw)
        except msgspec.DecodeError:
            logger.warning("a cached answer in Valkey cannot be read and is left alone")
            return None
        return entry if entry.is_sound() and len(entry.body) <= self._largest else None

    def put(self, key: str, entry: Entry, life: Millis) -> None:
        """In the background."""
        if len(self._storing) >= MOST_AT_ONCE:
            return
        task = asyncio.create_task(self._put(key, _encode(entry), life))
        self._storing.add(task)
        task.add_done_callback(self._storing.discard)

    async def stop(self) -> None:
        """Waits for what is being stored."""
        await asyncio.gather(*self._storing)

    async def _put(self, key: str, raw: bytes, life: Millis) -> None:
        # The connection says in the log that it is down; an answer that is not kept is asked for again.
        with suppress(ValkeyDown):
            await self._valkey.put(self._prefix + key, raw, life)
