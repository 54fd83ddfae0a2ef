"""HEAD looks at an address and changes nothing, whatever a GET there does (RFC 9110 9.2.1, 9.3.2)."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest
from starlette.routing import Route
from tests.unit.web.conftest import Worker

from gatewright.storage.database import Database, Transaction

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("db_url", [None])]

TOKEN = "/api/v3/core/tokens/robot/"
QUERY = {"client_id": "litellm", "redirect_uri": "x", "state": "x", "code": "x", "token": "x", "itoken": "x"}


@pytest.fixture
async def writes(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each transaction in which a request writes, not one of the worker's own jobs."""
    begun: list[str] = []
    real, jobs = Database.write, worker.program.jobs

    @asynccontextmanager
    async def noted(self: Database) -> AsyncIterator[Transaction]:
        if asyncio.current_task() not in jobs:
            begun.append("a transaction")
        async with real(self) as tx:
            yield tx

    monkeypatch.setattr(Database, "write", noted)
    return begun


async def robot(worker: Worker) -> None:
    """A service account with a token whose key nobody has read."""
    made = await worker.admin.post("/api/v3/core/users/service_account/", json={"name": "robot-account"})
    body = {"identifier": "robot", "user": made.json()["user_pk"]}
    assert (await worker.admin.post("/api/v3/core/tokens/", json=body)).status_code == 201


async def test_no_address_is_changed_by_a_look(worker: Worker, writes: list[str]) -> None:
    await robot(worker)
    served = [row for row in worker.program.router.routes if isinstance(row, Route) and "GET" in (row.methods or ())]
    paths = {re.sub(r"\{[^}]*\}", "robot" if "tokens" in row.path else "litellm", row.path) for row in served}
    assert {"/application/o/authorize/", f"{TOKEN}view_key/", "/sso/key/generate", "/sso/callback"} <= paths
    writes.clear()
    for path in sorted(paths):
        for client in (worker.client, worker.admin):
            answer = await client.head(path, params=QUERY)
            assert answer.status_code < 500, path
        assert writes == [], path
    # The same look as a GET does write: the list above counts.
    await worker.client.get("/application/o/authorize/", params=QUERY)
    assert writes


async def test_a_look_at_a_token_leaves_its_key_to_be_read(worker: Worker) -> None:
    await robot(worker)
    assert (await worker.admin.head(f"{TOKEN}view_key/")).status_code == 200
    assert (await worker.admin.get(f"{TOKEN}view_key/")).json()["key"]
    assert (await worker.admin.get(f"{TOKEN}view_key/")).status_code == 404


async def test_who_may_not_get_may_not_look_either(worker: Worker) -> None:
    assert (await worker.client.head(TOKEN)).status_code == 401
    stranger = httpx2.AsyncClient(transport=worker.admin._transport, base_url="http://elsewhere.example")
    assert (await stranger.head("/application/o/authorize/")).status_code == 421


async def test_what_is_only_read_answers_as_a_get_does(worker: Worker) -> None:
    for path in ("/health/readiness", "/static/pages.css", "/application/o/litellm/jwks/", "/application/o/none/jwks/"):
        asked, looked = await worker.client.get(path), await worker.client.head(path)
        assert (looked.status_code, looked.content) == (asked.status_code, b"")
        assert looked.headers["content-length"] == asked.headers["content-length"]
