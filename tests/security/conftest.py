"""One site a run on SQLite, for attacks on rules, and one a database, for attacks on what is stored."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.conftest import new_database
from tests.security.stage import Site, opened


@pytest.fixture(scope="session")
async def _site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with opened(tmp_path_factory.mktemp("site"), None) as site:
        yield site


@pytest.fixture
async def site(_site: Site) -> AsyncIterator[Site]:
    """Two workers on SQLite."""
    yield _site
    await _site.close_browsers()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
async def _stored(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    folder: Path = tmp_path_factory.mktemp("stored")
    with new_database(request, request.param) as url:
        async with opened(folder, url) as site:
            yield site


@pytest.fixture
async def stored(_stored: Site) -> AsyncIterator[Site]:
    """Two workers on each kind of database."""
    yield _stored
    await _stored.close_browsers()
