"""Faults injected into a running server: a worker killed outright, a database that goes away and comes back."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from sqlalchemy import select
from tests.conftest import postgres_database
from tests.postgres import Postgres
from tests.servers import MASTER_KEY, PLAIN, Gatewright, Upstream, eventually, gatewright

from gatewright.app import clock
from gatewright.storage.database import Database, database_url
from gatewright.storage.sealing import Sealer
from gatewright.storage.tables import spend_log

BODY: dict[str, Any] = {"model": "house", "messages": [{"role": "user", "content": "Hi"}]}


def workers(server: Gatewright) -> list[int]:
    """The process ids of the server's workers."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if parent == server.process.pid and b"spawn_main" in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return found


def config_for(upstream: Upstream, folder: Path) -> Path:
    path = folder / "config.yaml"
    path.write_text(
        "model_list:\n  - model_name: house\n    litellm_params: "
        f'{{model: openai/real-model, api_base: "{upstream.base}", api_key: k}}\n'
    )
    return path


def recorded(url: str | None, data_dir: Path) -> list[str]:
    """The request ids in the ledger."""

    async def read() -> list[str]:
        db = Database(database_url(url, data_dir), Sealer("not used here"), clock.now)
        async with db.read() as tx:
            found = [row[0] for row in await tx.execute(select(spend_log.c.request_id))]
        await db.close()
        return found

    # In a thread of its own: a browser of another test may have left its event loop in this one.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(anyio.run, read).result()


def test_a_killed_worker_loses_no_answered_request(db_url: str | None, upstream: Upstream, tmp_path: Path) -> None:
    with gatewright(tmp_path, config=config_for(upstream, tmp_path), DATABASE_URL=db_url) as server:
        before = workers(server)
        assert len(before) == 2

        def ask(number: int) -> str | None:
            if number in (60, 120):
                os.kill(workers(server)[0], signal.SIGKILL)
            try:
                answer = httpx2.post(
                    f"{server.url}/v1/chat/completions",
                    json=BODY,
                    headers={"Authorization": f"Bearer {MASTER_KEY}"},
                    verify=PLAIN,
                )
            except httpx2.TransportError:
                return None
            return answer.headers["x-request-id"] if answer.status_code == 200 else None

        with ThreadPoolExecutor(4) as pool:
            answered = [name for name in pool.map(ask, range(200)) if name is not None]
        assert len(answered) > 100
        eventually(lambda: set(answered) <= set(recorded(db_url, tmp_path)), "every answered request in the ledger", 30)
        ids = recorded(db_url, tmp_path)
        assert len(ids) == len(set(ids))
        eventually(lambda: len(workers(server)) == 2 and set(workers(server)) != set(before), "a new worker")


@pytest.fixture
def fragile(postgres: Postgres, migrated_template: str) -> Iterator[tuple[Postgres, str, str]]:
    """A PostgreSQL database that a test may close: the server, the database's name and its URL."""
    with postgres_database(postgres, migrated_template) as url:
        yield postgres, url.partition("?")[0].rpartition("/")[2], url


def test_a_database_that_goes_away_is_our_fault_and_loses_nothing(
    fragile: tuple[Postgres, str, str], upstream: Upstream, tmp_path: Path
) -> None:
    postgres, name, url = fragile
    with (
        gatewright(tmp_path, config=config_for(upstream, tmp_path), DATABASE_URL=url) as server,
        server.admin() as http,
    ):
        key = http.post("/key/generate", json={}).json()["key"]
        own = {"Authorization": f"Bearer {key}"}
        answers: list[int] = []

        def warm() -> bool:
            answers.append(
                httpx2.post(f"{server.url}/v1/chat/completions", json=BODY, headers=own, verify=PLAIN).status_code
            )
            return len(answers) >= 40

        # Both workers hear of the new key within a second, forget what they knew of it, and know it after that.
        eventually(warm, "the key in the memory of both workers")
        assert set(answers) == {200}
        postgres.close_database(name)
        eventually(lambda: http.get("/health/readiness").status_code == 503, "readiness telling the truth")
        assert http.get("/health/readiness").json()["db"] == "Not connected"
        assert http.get("/health/liveliness").status_code == 200
        # A key in memory goes on working; one that only the database knows is a 503, never a 401.
        for _ in range(6):
            assert (
                httpx2.post(f"{server.url}/v1/chat/completions", json=BODY, headers=own, verify=PLAIN).status_code
                == 200
            )
        other = httpx2.get(f"{server.url}/v1/models", headers={"Authorization": "Bearer sk-nobody-knows-me"})
        assert other.status_code == 503
        assert other.json()["error"]["code"] == "database_unavailable"
        page = http.get("/ui/", headers={"Cookie": "gatewright_session=a"})
        assert page.status_code == 503
        assert "Reference" in page.text
        postgres.open_database(name)
        eventually(lambda: http.get("/health/readiness").status_code == 200, "readiness again", 30)
        eventually(lambda: len(recorded(url, tmp_path)) == 46, "every request in the ledger", 30)
        server.stop()
