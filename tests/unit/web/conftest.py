"""One whole worker in this process, on SQLite and on PostgreSQL."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import httpx2
import msgspec
import pytest
from tests.conftest import run_apart
from tests.emptied import Contents
from tests.passwords import QUICK
from tests.postgres import Postgres
from tests.unit.sso.provider import FakeProvider

from gatewright.accounts import passwords
from gatewright.app.build import Program
from gatewright.app.first_start import LINK_FILE, prepare
from gatewright.app.keyfiles import with_keys
from gatewright.settings.load import load
from gatewright.settings.schema import Settings

MASTER = "sk-master-of-the-tests-0123456789"
BASE = "http://localhost:4000"


class Started(NamedTuple):
    """A first start's data directory and rows."""

    folder: Path
    rows: Contents


class Worker:
    """`client` sends no credential, `admin` the master key. Errors of ours reach the client as a 500."""

    def __init__(self, program: Program, setup_link: str) -> None:
        self.program = program
        self.setup_link = setup_link
        self.client = self.at("203.0.113.9")
        self.admin = self.at("203.0.113.9", {"authorization": f"Bearer {MASTER}"})

    def at(self, address: str, headers: dict[str, str] | None = None) -> httpx2.AsyncClient:
        """A client at that address."""
        transport = httpx2.ASGITransport(app=self.program.edge, client=(address, 40000))
        return httpx2.AsyncClient(transport=transport, base_url=BASE, headers=headers)


def settings_of(folder: Path, url: str | None) -> Settings:
    environ = {"LITELLM_MASTER_KEY": MASTER, "GATEWRIGHT_DATA_DIR": str(folder), "PROXY_BASE_URL": BASE}
    return with_keys(load({}, environ | ({} if url is None else {"DATABASE_URL": url})))


@pytest.fixture(autouse=True)
def quick_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs hash cheaply here; tests/unit/accounts/test_passwords.py is about the price."""
    monkeypatch.setattr(passwords, "PasswordHasher", lambda: QUICK)


@pytest.fixture(scope="session")
def started_folder(migrated_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data directory after a first start on SQLite."""
    folder = tmp_path_factory.mktemp("started")
    shutil.copy(migrated_file, folder)
    run_apart(lambda: prepare(settings_of(folder, None)))
    return folder


@pytest.fixture(scope="session")
def started_rows(postgres: Postgres, migrated_template: str, tmp_path_factory: pytest.TempPathFactory) -> Started:
    """What a first start leaves behind on PostgreSQL."""
    folder = tmp_path_factory.mktemp("started")
    with postgres.lent(migrated_template) as url:
        run_apart(lambda: prepare(settings_of(folder, url)))
        return Started(folder, postgres.contents(url))


@pytest.fixture
def settings(request: pytest.FixtureRequest, db_url: str | None, tmp_path: Path) -> Settings:
    """The settings of an installation right after its first start, which is made once for all of the tests."""
    if db_url is None:
        folder = request.getfixturevalue("started_folder")
    else:
        folder, rows = request.getfixturevalue("started_rows")
        request.getfixturevalue("postgres").fill(db_url, rows)
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    return settings_of(tmp_path, db_url)


@pytest.fixture
async def worker(settings: Settings) -> AsyncIterator[Worker]:
    program = Program(settings)
    await program.edge._start()
    yield Worker(program, (settings.data_dir / LINK_FILE).read_text().strip())
    await program.edge._stop()


@pytest.fixture
async def reaching(settings: Settings) -> AsyncIterator[Worker]:
    """A worker that may reach providers on loopback, wherever its database is."""
    program = Program(msgspec.structs.replace(settings, allowed_networks=("127.0.0.1/32",)))
    await program.edge._start()
    yield Worker(program, (settings.data_dir / LINK_FILE).read_text().strip())
    await program.edge._stop()


@pytest.fixture
async def outside(reaching: Worker) -> AsyncIterator[FakeProvider]:
    """A provider on loopback that the worker can reach."""
    fake = FakeProvider(reaching.program.db.clock)
    server = await fake.start()
    async with server:
        yield fake
