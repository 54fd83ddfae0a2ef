"""A lying provider on loopback and the relying party in front of it, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from tests.unit.sso.provider import FakeProvider
from tests.unit.sso.stage import ManualClock, Stage, generic, knowing_the_issuer

from gatewright.outbound.client import WHOLE_CALL_S
from gatewright.sso.sources import Source
from gatewright.storage.database import Database

MakeStage = Callable[..., Stage]


@pytest.fixture
def clock(db: Database) -> ManualClock:
    clock = ManualClock()
    db.clock = clock
    return clock


@pytest.fixture
async def provider(clock: ManualClock) -> AsyncIterator[FakeProvider]:
    fake = FakeProvider(clock)
    server = await fake.start()
    async with server:
        yield fake


@pytest.fixture
async def make_stage(db: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[MakeStage]:
    made: list[Stage] = []

    def make(environ: dict[str, str], source: Source | None = None, patience_s: float = WHOLE_CALL_S) -> Stage:
        made.append(Stage(db, tmp_path, environ, source, patience_s))
        return made[-1]

    yield make
    for stage in made:
        await stage.close()


@pytest.fixture
def stage(make_stage: MakeStage, provider: FakeProvider) -> Stage:
    """An outside provider by the seed's variables: no issuer, no keys."""
    return make_stage(generic(provider.origin))


@pytest.fixture
def known_issuer(make_stage: MakeStage, provider: FakeProvider) -> Stage:
    """An outside provider whose issuer is configured, so that everything must be verified."""
    return make_stage(generic(provider.origin), knowing_the_issuer(provider))


@pytest.fixture(params=["endpoints", "issuer"])
def either(request: pytest.FixtureRequest, make_stage: MakeStage, provider: FakeProvider) -> Stage:
    """Once each way."""
    source = knowing_the_issuer(provider) if request.param == "issuer" else None
    return make_stage(generic(provider.origin), source)
