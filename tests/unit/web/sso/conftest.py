"""One whole worker, on SQLite and on PostgreSQL, and its administrator's desk; workers with variables of their own."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.unit.web.authentik.conftest import Desk
from tests.unit.web.conftest import BASE, MASTER, Worker

from gatewright.app.build import Program
from gatewright.app.first_start import prepare
from gatewright.app.keyfiles import with_keys
from gatewright.settings.load import load
from gatewright.settings.schema import Settings

# A provider that does not answer.
OUTSIDE = {
    "GENERIC_CLIENT_ID": "litellm",
    "GENERIC_CLIENT_SECRET": "s3cret",
    **{f"GENERIC_{name}_ENDPOINT": f"http://127.0.0.1:9/{name}" for name in ("AUTHORIZATION", "TOKEN", "USERINFO")},
}


@pytest.fixture
def desk(worker: Worker) -> Desk:
    return Desk(worker)


def more(folder: Path, **environ: str) -> Settings:
    given = {"LITELLM_MASTER_KEY": MASTER, "GATEWRIGHT_DATA_DIR": str(folder), "PROXY_BASE_URL": BASE, **environ}
    return with_keys(load({}, given))


class Started:
    """Workers on SQLite, each with variables of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._programs: list[Program] = []

    async def worker(self, **environ: str) -> Worker:
        settings = more(self.folder, **environ)
        await prepare(settings)
        program = Program(settings)
        await program.edge._start()
        self._programs.append(program)
        return Worker(program, "")

    async def close(self) -> None:
        for program in self._programs:
            await program.edge._stop()


@pytest.fixture
async def started(started_folder: Path, tmp_path: Path) -> AsyncIterator[Started]:
    shutil.copytree(started_folder, tmp_path, dirs_exist_ok=True)
    made = Started(tmp_path)
    yield made
    await made.close()
