"""Stores of both kinds."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from tests.valkey import ValkeyServer

from gatewright.gateway.cache.entry import Entry
from gatewright.gateway.cache.memory import MemoryStore
from gatewright.gateway.cache.valkey import ValkeyStore
from gatewright.outbound.valkey import Valkey

LARGEST = 1000


def entry(body: bytes = b"{}", *, streamed: bool = False, content_type: str = "application/json") -> Entry:
    return Entry(1, content_type, streamed, body)


class Kept:
    """A store whose time a test moves. `put` waits until the answer is there."""

    def __init__(self, memory: MemoryStore | None, shared: ValkeyStore | None) -> None:
        self.memory, self.shared = memory, shared
        self.now = 1000

    async def put(self, key: str, kept: Entry, life: int = 60_000) -> None:
        if self.shared is not None:
            self.shared.put(key, kept, life)
            await self.shared.stop()
        if self.memory is not None:
            self.memory.put(key, kept, life)

    async def get(self, key: str) -> Entry | None:
        store = self.memory or self.shared
        assert store is not None
        return await store.get(key)


@pytest.fixture
async def valkey(valkey_server: ValkeyServer) -> AsyncIterator[Valkey]:
    opened = Valkey(valkey_server.url)
    yield opened
    await opened.close()


@pytest.fixture(params=["memory", "valkey"])
def kept(request: pytest.FixtureRequest) -> Kept:
    if request.param == "memory":
        found = Kept(None, None)
        found.memory = MemoryStore(lambda: found.now, most_entries=100)
        return found
    return Kept(None, ValkeyStore(request.getfixturevalue("valkey"), uuid4().hex, LARGEST))
