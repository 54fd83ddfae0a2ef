"""Where answers are kept: the suite for both kinds, and what is particular to each."""

import asyncio
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.servers import free_port
from tests.unit.gateway.cache.conftest import LARGEST, Kept, entry

from gatewright.gateway.cache.entry import Entry
from gatewright.gateway.cache.memory import OVERHEAD, MemoryStore
from gatewright.gateway.cache.valkey import MOST_AT_ONCE, ValkeyStore
from gatewright.outbound.valkey import Valkey


@pytest.mark.parametrize(
    "one", [entry(b'{"a": 1}'), entry(b"data: x\n\n\x00\xff", streamed=True, content_type="text/event-stream")]
)
async def test_what_is_kept_comes_back(kept: Kept, one: Entry) -> None:
    assert await kept.get("a") is None
    await kept.put("a", one)
    assert await kept.get("a") == one
    assert await kept.get("b") is None


async def test_the_last_one_counts(kept: Kept) -> None:
    await kept.put("a", entry(b"1"))
    await kept.put("a", entry(b"2"))
    assert await kept.get("a") == entry(b"2")


async def test_it_is_gone_after_its_life(kept: Kept) -> None:
    await kept.put("a", entry(), 20)
    kept.now += 20
    async with asyncio.timeout(5):
        while await kept.get("a") is not None:
            await asyncio.sleep(0.005)


async def test_memory_counts_its_life_to_the_millisecond() -> None:
    now = 0
    store = MemoryStore(lambda: now, 10)
    store.put("a", entry(), 20)
    now = 19
    assert await store.get("a") is not None
    now = 20
    assert await store.get("a") is None
    assert store.bytes == 0


async def test_memory_forgets_what_was_used_longest_ago() -> None:
    store = MemoryStore(lambda: 0, 3)
    for key in "abc":
        store.put(key, entry(), 10)
    await store.get("a")
    store.put("d", entry(), 10)
    assert [key for key in "abcd" if await store.get(key)] == ["a", "c", "d"]


async def test_memory_keeps_nothing_that_is_larger_than_everything() -> None:
    store = MemoryStore(lambda: 0, 3, most_bytes=2000)
    store.put("a", entry(), 10)
    store.put("b", entry(b"x" * 2000), 10)
    assert await store.get("a") is not None
    assert await store.get("b") is None


@given(st.lists(st.tuples(st.sampled_from("abcdefgh"), st.integers(0, 3000), st.integers(1, 50), st.integers(0, 30))))
async def test_memory_is_bounded_whatever_comes(steps: list[tuple[str, int, int, int]]) -> None:
    now = 0
    store = MemoryStore(lambda: now, 5, most_bytes=6000)
    for key, size, life, later in steps:
        store.put(key, entry(b"x" * size), life)
        now += later
        await store.get(key)
        assert len(store._kept) <= 5
        assert store.bytes == sum(len(found.body) + OVERHEAD for _, found in store._kept.values()) <= 6000


async def test_what_others_wrote_into_valkey_is_nothing(valkey: Valkey) -> None:
    prefix = uuid4().hex
    store = ValkeyStore(valkey, prefix, LARGEST)
    wrong = (
        b"",
        b"\xff\xff",
        msgspec.msgpack.encode([1, "text/html"]),
        msgspec.msgpack.encode([1, "a\r\nset-cookie: x=y", False, b"{}"]),
        msgspec.msgpack.encode([1, "", False, b"{}"]),
        msgspec.msgpack.encode([1, "x" * 300, False, b"{}"]),
        msgspec.msgpack.encode([1, "application/json", False, b"x" * (LARGEST + 1)]),
        b"\x94" * 100_000,
    )
    for number, raw in enumerate(wrong):
        await valkey.put(f"{prefix}:cache:{number}", raw, 60_000)
        assert await store.get(str(number)) is None, raw[:50]


async def test_without_valkey_nothing_is_found_and_nothing_fails() -> None:
    down = Valkey(f"redis://127.0.0.1:{free_port()}/0")
    store = ValkeyStore(down, "x", LARGEST)
    store.put("a", entry(), 1000)
    assert await store.get("a") is None
    await store.stop()
    await down.close()


async def test_answers_do_not_pile_up_on_their_way(valkey: Valkey) -> None:
    store = ValkeyStore(valkey, uuid4().hex, LARGEST)
    for number in range(3 * MOST_AT_ONCE):
        store.put(str(number), entry(), 60_000)
    assert len(store._storing) == MOST_AT_ONCE
    await store.stop()
    assert await store.get("0") is not None
    assert await store.get(str(2 * MOST_AT_ONCE)) is None


async def test_installations_are_apart(valkey: Valkey) -> None:
    one, other = ValkeyStore(valkey, uuid4().hex, LARGEST), ValkeyStore(valkey, uuid4().hex, LARGEST)
    one.put("a", entry(), 60_000)
    await one.stop()
    assert await other.get("a") is None
