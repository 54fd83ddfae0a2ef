"""One site a run on SQLite, for attacks on rules, and one a database, for attacks on what is stored."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.conftest import new_database
from tests.security.stage import Site, opened
from tests.security.victim import Victim


@pytest.fixture(scope="session")
async def shared_site(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    async with opened(tmp_path_factory.mktemp("site"), None) as site:
        yield site


@pytest.fixture
async def site(shared_site: Site) -> AsyncIterator[Site]:
    """Two workers on SQLite."""
    yield shared_site
    await shared_site.close_browsers()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
async def shared_stored(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    folder: Path = tmp_path_factory.mktemp("stored")
    with new_database(request, request.param) as url:
        async with opened(folder, url) as site:
            yield site


@pytest.fixture
async def stored(shared_stored: Site) -> AsyncIterator[Site]:
    """Two workers on each kind of database."""
    yield shared_stored
    await shared_stored.close_browsers()


@pytest.fixture(scope="session")
async def victim(shared_site: Site) -> Victim:
    made = Victim(shared_site)
    await made.settle()
    return made
