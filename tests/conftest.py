"""Fixtures for every test: a real PostgreSQL from PyPI, and a database of each kind."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import anyio
import pytest

from gatewright.app import clock
from gatewright.storage.database import Database, database_url
from gatewright.storage.migrate import migrate
from gatewright.storage.sealing import Sealer
from tests.postgres import Postgres
from tests.valkey import ValkeyServer

REQUIRE = "GATEWRIGHT_TEST_REQUIRE_ALL"


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


def missing(what: str) -> None:
    """Skips, or fails where the environment promises that everything is there (CI)."""
    if os.environ.get(REQUIRE):
        pytest.fail(f"{what} is missing, and {REQUIRE} says that it must be there")
    pytest.skip(f"{what} is missing")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for the whole run."""
    # The package puts a lock file into the parent of its data folder: each run gets a parent of its own.
    folder = Path(tempfile.mkdtemp(prefix="gatewright-pg-"))
    folder.chmod(0o755)
    try:
        server = Postgres.start(folder / "data")
    except (ImportError, OSError, RuntimeError) as error:
        missing(f"PostgreSQL ({error})")
        return
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def migrated_template(postgres: Postgres) -> str:
    """The name of a database with our tables and no rows, which tests get copies of."""
    url = postgres.create("template_migrated")

    async def make() -> None:
        database = Database(database_url(url, Path()), Sealer("sk-tests-only-salt"), clock.now)
        await migrate(database)
        await database.close()

    # The browser's library may run an event loop in this thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(anyio.run, make).result()
    return "template_migrated"


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[ValkeyServer]:
    """A Valkey server for the whole run; tests keep apart by prefixes of their own."""
    folder = Path(tempfile.mkdtemp(prefix="gatewright-valkey-"))
    try:
        server = ValkeyServer(folder)
    except (ImportError, OSError, RuntimeError) as error:
        missing(f"Valkey ({error})")
        return
    yield server
    server.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def db_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """A database without rows as DATABASE_URL: None means SQLite in the data directory."""
    if request.param == "sqlite":
        yield None
        return
    with postgres_database(request.getfixturevalue("postgres"), request.getfixturevalue("migrated_template")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_db_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """A database without anything, as a first start finds it."""
    with new_database(request, request.param) as url:
        yield url


@contextmanager
def new_database(request: pytest.FixtureRequest, kind: str) -> Iterator[str | None]:
    """A database without anything, of that kind."""
    if kind == "sqlite":
        yield None
        return
    with postgres_database(request.getfixturevalue("postgres"), None) as url:
        yield url


@contextmanager
def postgres_database(server: Postgres, template: str | None) -> Iterator[str]:
    name = f"t_{uuid4().hex[:16]}"
    yield server.create(name, template)
    server.drop(name)


@pytest.fixture
async def db(db_url: str | None, tmp_path: Path) -> AsyncIterator[Database]:
    """A migrated database, once on SQLite and once on PostgreSQL."""
    database = Database(database_url(db_url, tmp_path), Sealer("sk-tests-only-salt"), clock.now)
    await migrate(database)
    yield database
    await database.close()
