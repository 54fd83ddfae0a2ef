"""One whole worker in this process, on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from gatewright.app.build import Program
from gatewright.app.first_start import prepare
from gatewright.app.keyfiles import with_keys
from gatewright.settings.load import load

MASTER = "sk-master-of-the-tests-0123456789"
BASE = "http://localhost:4000"


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


@pytest.fixture
async def worker(db_url: str | None, tmp_path: Path) -> AsyncIterator[Worker]:
    environ = {"LITELLM_MASTER_KEY": MASTER, "GATEWRIGHT_DATA_DIR": str(tmp_path), "PROXY_BASE_URL": BASE}
    settings = with_keys(load({}, environ | ({} if db_url is None else {"DATABASE_URL": db_url})))
    prepared = await prepare(settings)
    program = Program(settings)
    await program.edge._start()
    yield Worker(program, prepared.setup_link or "")
    await program.edge._stop()
