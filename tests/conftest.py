"""Fixtures for every test: a real PostgreSQL from PyPI, and a database of each kind."""

import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import anyio
import hypothesis
import pytest

from gatewright.app import clock
from gatewright.storage.database import Database, database_url
from gatewright.storage.migrate import migrate
from gatewright.storage.sealing import Sealer
from tests.compiled import share
from tests.postgres import Postgres
from tests.valkey import ValkeyServer

REQUIRE = "GATEWRIGHT_TEST_REQUIRE_ALL"
T = TypeVar("T")

# How long an example takes says how busy the machine is, and nothing about the code.
hypothesis.settings.register_profile("tests", deadline=None)
hypothesis.settings.load_profile("tests")

share()


# Hardly anything that is made while tests are collected is garbage: to look for it is a fifth of the work.
gc.disable()


def pytest_collection_finish() -> None:
    """What was collected stays until the end: the collector of garbage need not look at it again and again."""
    gc.freeze()
    gc.enable()


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


def run_apart(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Runs it in a thread of its own: the browser's library may run an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, work).result()


async def make_tables(url: str | None, folder: Path) -> None:
    """Our tables without rows, in that database."""
    database = Database(database_url(url, folder), Sealer("sk-tests-only-salt"), clock.now)
    await migrate(database)
    await database.close()


@pytest.fixture(scope="session")
def migrated_template(postgres: Postgres) -> str:
    """The name of a database with our tables and no rows, which tests get copies of."""
    url = postgres.create("template_migrated")
    run_apart(lambda: make_tables(url, Path()))
    return "template_migrated"


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite database with our tables and no rows, which tests get copies of."""
    folder = tmp_path_factory.mktemp("migrated")
    run_apart(lambda: make_tables(None, folder))
    return folder / "gatewright.db"


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
def db_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str | None]:
    """A database without rows as DATABASE_URL: None means SQLite in the data directory, which is `tmp_path`."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("migrated_file"), tmp_path)
        yield None
        return
    with postgres_database(request.getfixturevalue("postgres"), request.getfixturevalue("migrated_template")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_db_url(request: pytest.FixtureRequest) -> Iterator[str | None]:
    """A database without anything, as a first start finds it."""
    if request.param == "sqlite":
        yield None
        return
    with postgres_database(request.getfixturevalue("postgres"), None) as url:
        yield url


@contextmanager
def new_database(request: pytest.FixtureRequest, kind: str) -> Iterator[str | None]:
    """A database of that kind without rows, for a server that is started here. Without tables too on SQLite."""
    if kind == "sqlite":
        yield None
        return
    with postgres_database(request.getfixturevalue("postgres"), request.getfixturevalue("migrated_template")) as url:
        yield url


@contextmanager
def postgres_database(server: Postgres, template: str | None) -> Iterator[str]:
    if template is not None:
        with server.lent(template) as url:
            yield url
        return
    name = f"t_{uuid4().hex[:16]}"
    yield server.create(name)
    server.drop(name)


@pytest.fixture
async def db(db_url: str | None, tmp_path: Path) -> AsyncIterator[Database]:
    """A migrated database, once on SQLite and once on PostgreSQL."""
    database = Database(database_url(db_url, tmp_path), Sealer("sk-tests-only-salt"), clock.now)
    await migrate(database)
    yield database
    await database.close()
