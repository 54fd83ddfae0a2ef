"""A stage for each test, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.web.api.stage import Stage

from gatewright.storage.database import Database


@pytest.fixture
async def stage(db: Database, tmp_path: Path) -> AsyncIterator[Stage]:
    opened = Stage(db, tmp_path)
    yield opened
    await opened.close()
