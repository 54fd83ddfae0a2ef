"""Counters of both kinds, on a clock that tests move."""

from collections.abc import AsyncIterator, Callable
from uuid import uuid4

import pytest
from tests.valkey import ValkeyServer

from gatewright.gateway.limits.claims import PARALLEL, REQUESTS, TOKENS, Claim, Counters
from gatewright.gateway.limits.memory import MemoryCounters
from gatewright.gateway.limits.valkey import ValkeyCounters
from gatewright.outbound.valkey import Valkey

START = 1_795_219_200_000


class ManualClock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


def requests(limit: int, counter: str = "r") -> Claim:
    return Claim("api_key", REQUESTS, limit, counter)


def tokens(limit: int, counter: str = "t") -> Claim:
    return Claim("api_key", TOKENS, limit, counter)


def parallel(limit: int, counter: str = "p") -> Claim:
    return Claim("api_key", PARALLEL, limit, counter)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def valkey(valkey_server: ValkeyServer) -> AsyncIterator[Valkey]:
    """A connection."""
    opened = Valkey(valkey_server.url)
    yield opened
    await opened.close()


@pytest.fixture(params=["memory", "valkey"])
def new_counters(request: pytest.FixtureRequest, clock: ManualClock) -> Callable[[], Counters]:
    """Makes counters that have counted nothing yet."""
    if request.param == "memory":
        return lambda: MemoryCounters(clock)
    valkey = request.getfixturevalue("valkey")
    return lambda: ValkeyCounters(valkey, uuid4().hex, clock)


@pytest.fixture
def counters(new_counters: Callable[[], Counters]) -> Counters:
    return new_counters()
