"""All checks of scim2-tester, an independent judge."""

from collections import Counter
from importlib import import_module

import anyio
import anyio.from_thread
import anyio.to_thread
import httpx2
import pytest
from tests.unit.web.conftest import MASTER
from tests.unit.web.scim.conftest import ROOT, Scim


class Bridge(httpx2.BaseTransport):
    """Hands the judge's requests, made in a thread, to the application in the event loop."""

    def __init__(self, scim: Scim) -> None:
        self._scim = scim

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return anyio.from_thread.run(self._answer, request)

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        found = await self._scim.at().send(
            httpx2.Request(request.method, request.url, headers=request.headers, content=request.read())
        )
        return httpx2.Response(found.status_code, headers=found.headers, content=found.content, request=request)


@pytest.fixture
def db_url() -> None:
    """SQLite only: what is stored and found is tested on both databases beside this."""


async def test_every_check_of_the_judge(scim: Scim) -> None:
    # Its models take seconds to make, which every worker of a run would spend on collecting this file.
    tester, engine = import_module("scim2_tester"), import_module("scim2_client.engines.httpx2")
    status = tester.Status
    http = httpx2.Client(transport=Bridge(scim), base_url=ROOT, headers={"authorization": f"Bearer {MASTER}"})
    client = engine.SyncSCIMClient(http)
    results = await anyio.to_thread.run_sync(lambda: tester.check_server(client))
    bad = [f"{one.title}: {one.reason}" for one in results if one.status not in (status.SUCCESS, status.SKIPPED)]
    assert not bad, "\n".join(bad)
    counted = Counter(one.status for one in results)
    assert counted[status.SUCCESS] > 60, counted
