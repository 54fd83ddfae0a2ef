"""A stage for each test, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gatewright.storage.database import Database
from tests.unit.web.api.stage import Stage


@pytest.fixture
async def stage(db: Database, tmp_path: Path) -> AsyncIterator[Stage]:
    opened = Stage(db, tmp_path)
    yield opened
    await opened.close()
