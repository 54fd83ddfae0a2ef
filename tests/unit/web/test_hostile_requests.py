"""Requests that nobody sends in good faith: none is our fault (500), and none costs much."""

import hashlib
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select
from sqlalchemy.exc import DBAPIError
from tests.unit.web.conftest import Worker

from gatewright.accounts.audit import REFUSALS_BY_NETWORK
from gatewright.domain.errors import Unauthenticated
from gatewright.domain.people import Origin
from gatewright.sso import sign_in
from gatewright.sso.break_glass import BreakGlass
from gatewright.storage.tables import attempts, audit_log, login_transactions
from gatewright.web.idp.answers import SIGN_IN

pytestmark = pytest.mark.anyio

COOKIE = "a-form-cookie"
FORM_TOKEN = hashlib.sha256(b"form\0" + COOKIE.encode()).hexdigest()


def form(**fields: str) -> dict[str, Any]:
    """A form of ours, as this browser sends it."""
    return {"data": {"csrf": FORM_TOKEN, **fields}, "headers": {"cookie": f"gatewright_form={COOKIE}"}}


async def count_of(worker: Worker, table: Table) -> int:
    """How many rows the table has."""
    async with worker.program.db.read() as tx:
        return int((await tx.execute(select(func.count()).select_from(table))).scalar_one())


@pytest.mark.parametrize("db_url", [None])
async def test_a_basic_header_that_is_not_ascii_is_no_credential(worker: Worker) -> None:
    headers = [(b"authorization", b"Basic \xe9\xe9")]
    models = await worker.client.get("/v1/models", headers=headers)
    tokens = await worker.client.post("/application/o/token/", headers=headers, data={"grant_type": "x"})

    assert models.status_code == 401
    assert (tokens.status_code, tokens.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize("db_url", [None])
async def test_a_form_token_that_is_not_ascii_is_a_wrong_one(worker: Worker) -> None:
    answer = await worker.client.post("/setup", **form(csrf="é"))

    assert answer.status_code == 403


async def test_the_limit_of_a_list_cannot_be_outgrown(worker: Worker) -> None:
    for limit in ("000000001" + "9" * 30, "1" * 5000, "201", "0", "²"):
        answer = await worker.admin.get("/api/v1/keys", params={"limit": limit})
        assert answer.status_code == 400, limit


@pytest.mark.parametrize("db_url", [None])
async def test_a_wrong_setup_link_costs_no_password_hash(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker.program.passwords, "_hasher", None)  # hashing would fail
    answer = await worker.client.post("/setup", **form(token="wrong", email="a@example.com", password="x" * 20))

    assert answer.status_code == 403


async def test_made_up_names_make_no_rows_once_the_address_is_stopped(worker: Worker) -> None:
    """And no audit row each: 40 sign-ins from one address are the limit, an IPv6 network being one address."""
    statuses = []
    for number in range(60):
        client = worker.at(f"2001:db8::{number:x}")
        statuses.append((await client.post(SIGN_IN, **form(next="", name=f"n{number}", password="p"))).status_code)

    assert statuses.count(429) == 20
    assert await count_of(worker, attempts) == 41


async def test_an_error_of_the_database_names_no_values(worker: Worker) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with worker.program.db.write() as tx:
            await tx.execute(insert(attempts).values(bucket="typed-secret", count=None, resets_at=1))

    assert "typed-secret" not in str(caught.value).partition("DETAIL")[0]
    assert "parameters hidden" in str(caught.value)


async def test_a_null_character_in_a_name_is_a_wrong_name(worker: Worker) -> None:
    program = worker.program
    local = BreakGlass(program.db, program.sessions, program.passwords, program.limits, program.provider.factors)
    with pytest.raises(Unauthenticated):
        await local.sign_in("a\0b", "p", "", None, Origin())


async def test_refusals_that_anybody_can_cause_do_not_fill_the_audit_log(worker: Worker) -> None:
    login = (await worker.client.post("/sso/cli/start")).json()["login_id"]
    before = await count_of(worker, audit_log)
    for number in range(70):
        await worker.client.get("/application/o/authorize/", params={"client_id": "nobody"})
        await worker.client.get("/sso/callback", params={"state": f"made-up-{number}", "code": "x"})
        await worker.client.post("/application/o/token/", data={"client_id": "nobody"})
        await worker.client.get(f"/sso/cli/poll/{login}")
    # The provider's two, the relying party's and the command line's, each with a line that says that more came.
    assert await count_of(worker, audit_log) - before == 3 * (REFUSALS_BY_NETWORK + 1)

    # Somebody else's refusal is still written.
    await worker.at("198.51.100.7").get("/application/o/authorize/", params={"client_id": "nobody"})
    assert await count_of(worker, audit_log) - before == 3 * (REFUSALS_BY_NETWORK + 1) + 1


async def test_starts_of_a_sign_in_are_bounded_by_address(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_in, "STARTS", 5)
    answers = [await worker.client.get("/sso/key/generate") for _ in range(9)]

    assert [answer.status_code for answer in answers] == [303] * 5 + [429] * 4
    assert 0 < int(answers[-1].headers["retry-after"]) <= 60
    assert await count_of(worker, login_transactions) == 5
    assert (await worker.at("198.51.100.7").get("/sso/key/generate")).status_code == 303
