"""A migrated SQLite database at the price of copying a file. The SQL itself is tested on both databases elsewhere."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatewright.app import clock
from gatewright.storage.database import Database, database_url
from gatewright.storage.migrate import migrate
from gatewright.storage.sealing import Sealer


def opened(folder: Path) -> Database:
    return Database(database_url(None, folder), Sealer("sk-tests-only-salt"), clock.now)


async def _migrated(folder: Path) -> None:
    database = opened(folder)
    await migrate(database)
    await database.close()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a migrated, empty database."""
    folder = tmp_path_factory.mktemp("template")
    asyncio.run(_migrated(folder))
    return folder / "gatewright.db"


@pytest.fixture
async def db(template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    """A database of the test's own."""
    shutil.copy(template, tmp_path / "gatewright.db")
    database = opened(tmp_path)
    yield database
    await database.close()
