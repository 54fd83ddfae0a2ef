"""Requests that nobody sends in good faith: none is our fault (500), and none costs much."""

import hashlib
from typing import Any

import pytest
from tests.unit.web.conftest import Worker

pytestmark = pytest.mark.anyio

COOKIE = "a-form-cookie"
FORM_TOKEN = hashlib.sha256(b"form\0" + COOKIE.encode()).hexdigest()


def form(**fields: str) -> dict[str, Any]:
    """A form of ours, as this browser sends it."""
    return {"data": {"csrf": FORM_TOKEN, **fields}, "headers": {"cookie": f"gatewright_form={COOKIE}"}}


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
