"""The relying party with SAML beside its provider, on both databases."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.conftest import new_database
from tests.unit.sso.saml.idp import Signer, metadata
from tests.unit.sso.stage import ManualClock, Stage, generic

from gatewright.storage.database import Database

SIGNER = Signer()


@pytest.fixture(params=["sqlite", "postgresql"])
def db_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    with new_database(request, request.param) as url:
        yield url


@pytest.fixture
def environ() -> dict[str, str]:
    """What a test may change before the stage is made."""
    return {**generic("http://127.0.0.1:9"), "SAML_IDP_METADATA_XML": metadata(SIGNER)}


@pytest.fixture
async def stage(db: Database, clock: ManualClock, tmp_path: Path, environ: dict[str, str]) -> AsyncIterator[Stage]:
    stage = Stage(db, tmp_path, environ)
    yield stage
    await stage.close()
