"""What nobody answers: 404 and 405 in the dialect that the caller of such an address reads."""

import pytest
from tests.unit.translation.anthropic_messages.judge import accept_error
from tests.unit.web.conftest import Worker

pytestmark = [pytest.mark.anyio, pytest.mark.parametrize("db_url", [None])]

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def test_a_browser_gets_a_page(worker: Worker) -> None:
    answer = await worker.client.get("/nothing", headers=BROWSER)

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "There is nothing at this address." in answer.text
    assert answer.headers["x-request-id"] in answer.text


async def test_the_model_api_answers_as_openai_does(worker: Worker) -> None:
    answer = await worker.client.post("/v1/files", json={})

    assert answer.status_code == 404
    assert answer.json()["error"]["code"] == "not_found"
    assert "POST /v1/files" in answer.json()["error"]["message"]


async def test_the_model_api_answers_as_anthropic_does_below_its_endpoint(worker: Worker) -> None:
    answer = await worker.client.post("/v1/messages/batches", json={})

    assert answer.status_code == 404
    said = accept_error(answer.json())
    assert (said.error.type, said.request_id) == ("not_found_error", answer.headers["x-request-id"])
    assert "POST /v1/messages/batches" in said.error.message


async def test_the_management_api_answers_a_problem(worker: Worker) -> None:
    absent = await worker.client.get("/api/v1/nothing", headers=BROWSER)
    wrong = await worker.client.delete("/api/v1/me")

    assert (absent.status_code, absent.json()["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "method_not_allowed")
    assert "GET" in wrong.headers["allow"]
    assert wrong.headers["content-type"] == "application/problem+json"


async def test_litellms_clients_get_the_words_that_they_know(worker: Worker) -> None:
    answer = await worker.client.get("/customer/list")

    assert (answer.status_code, answer.json()["detail"]) == (404, "Not Found")


async def test_the_sign_in_page_says_when_nobody_can_sign_in_yet(worker: Worker) -> None:
    answer = await worker.client.get("/if/flow/default-authentication-flow/", headers=BROWSER)

    assert "Open the set-up link" in answer.text
