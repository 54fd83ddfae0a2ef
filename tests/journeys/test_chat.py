"""Model calls as applications make them: the OpenAI SDK and plain HTTP, on both databases, with two workers."""

import json
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI
from tests.conftest import new_database
from tests.servers import (
    MASTER_KEY,
    Gatewright,
    Upstream,
    chunk,
    eventually,
    free_port,
    gatewright,
    send_json,
    write_chunk,
)

MESSAGES: list[Any] = [{"role": "user", "content": "Hi"}]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(
    request: pytest.FixtureRequest, provider: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gatewright]:
    """A server with models from a config file in LiteLLM's format, one a database for the whole file."""
    folder = tmp_path_factory.mktemp("chat")
    config = folder / "config.yaml"
    config.write_text(f"""
model_list:
  - model_name: house
    litellm_params: {{model: openai/real-model, api_base: "{provider.base}", api_key: os.environ/UPSTREAM_KEY}}
    model_info: {{input_cost_per_token: 0.000001, output_cost_per_token: 0.000002}}
  - model_name: other
    litellm_params: {{model: openai/other-model, api_base: "{provider.base}", api_key: k}}
  - model_name: watched
    litellm_params: {{model: openai/watched, api_base: "{provider.base}", api_key: k}}
  - model_name: down
    litellm_params: {{model: openai/x, api_base: "http://127.0.0.1:{free_port()}/v1", api_key: k}}
  - model_name: slow
    litellm_params: {{model: openai/slow, api_base: "{provider.base}", api_key: k, timeout: 0.3}}
""")
    with (
        new_database(request, request.param) as url,
        gatewright(
            folder / "data", config=config, DATABASE_URL=url, UPSTREAM_KEY="sk-upstream", GATEWRIGHT_MAX_REQUEST_MB="1"
        ) as found,
    ):
        yield found


@pytest.fixture(autouse=True)
def upstream(provider: Upstream) -> Upstream:
    """The provider as a test finds it: it has seen nothing and answers as usual."""
    provider.forget()
    return provider


def new_key(server: Gatewright, **fields: Any) -> str:
    """A virtual key, made with the master key over LiteLLM's route."""
    with server.admin() as http:
        answer = http.post("/key/generate", json=fields)
        assert answer.status_code == 200, answer.text
        key: str = answer.json()["key"]
        return key


def test_models_of_the_config_file_answer(server: Gatewright, upstream: Upstream) -> None:
    before = overview(server)
    key = new_key(server, key_alias="app")
    client = OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0)
    assert [model.id for model in client.models.list()] == ["house", "other", "watched", "down", "slow"]
    plain = client.chat.completions.with_raw_response.create(
        model="house", messages=MESSAGES, extra_body={"x_mine": {"a": 1}}
    )
    assert plain.http_response.json()["x_provider_extra"] == {"kept": 1.0}
    assert plain.parse().choices[0].message.content == "Hello"
    assert plain.headers["x-litellm-response-cost"] == "0.000033"
    assert plain.headers["x-request-id"]
    sent = upstream.requests[0]
    assert (sent["model"], sent["x_mine"]) == ("real-model", {"a": 1})
    assert upstream.headers[0]["authorization"] == "Bearer sk-upstream"
    assert key not in json.dumps(upstream.headers)
    events = list(client.chat.completions.create(model="house", messages=MESSAGES, stream=True))
    assert "".join(event.choices[0].delta.content or "" for event in events) == "Hello"
    assert all(event.usage is None for event in events)
    asked = list(
        client.chat.completions.create(
            model="house", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )
    )
    assert asked[-1].usage is not None
    assert asked[-1].usage.total_tokens == 12
    client.close()
    eventually(lambda: overview(server)["requests"] == before["requests"] + 3, "three requests in the ledger")
    found = overview(server)
    assert found["tokens"]["total"] - before["tokens"]["total"] == 45
    assert Decimal(found["spend"]) - Decimal(before["spend"]) == Decimal("0.000063")


def test_a_key_opens_its_models_and_nothing_else(server: Gatewright) -> None:
    client = OpenAI(base_url=f"{server.url}/v1", api_key=new_key(server, models=["other"]), max_retries=0)
    assert [model.id for model in client.models.list()] == ["other"]
    assert client.chat.completions.create(model="other", messages=MESSAGES).choices
    with pytest.raises(openai.PermissionDeniedError) as refused:
        client.chat.completions.create(model="house", messages=MESSAGES)
    assert refused.value.code == "key_model_access_denied"
    assert "other" not in refused.value.message
    client.close()


REFUSALS: list[tuple[str, dict[str, Any], int, str, str | None]] = [
    ("unknown model", {"json": {"model": "nope", "messages": MESSAGES}}, 404, "model_not_found", "model"),
    ("not JSON", {"content": b"{"}, 400, "invalid_json", None),
    ("not an object", {"content": b"[]"}, 400, "invalid_request", None),
    ("no model", {"json": {"messages": MESSAGES}}, 400, "invalid_request", "model"),
    ("no messages", {"json": {"model": "house"}}, 400, "invalid_request", "messages"),
    ("too large", {"content": b" " * 1_100_000}, 413, "request_too_large", None),
    ("upstream down", {"json": {"model": "down", "messages": MESSAGES}}, 502, "upstream_unavailable", None),
    ("upstream slow", {"json": {"model": "slow", "messages": MESSAGES}}, 504, "upstream_timeout", None),
]


def test_every_refusal_has_the_shape_of_openai(server: Gatewright, upstream: Upstream) -> None:
    def hold(handler: Any, body: dict[str, Any]) -> None:
        upstream.hold.wait(20)

    upstream.answer = hold
    key = new_key(server)
    with server.client(headers={"Authorization": f"Bearer {key}"}) as http:
        for name, body, status, code, param in REFUSALS:
            answer = http.post("/v1/chat/completions", **body)
            assert answer.status_code == status, (name, answer.text)
            error = answer.json()["error"]
            assert (error["code"], error["param"]) == (code, param), name
            assert error["message"], name
            assert error["type"], name
            assert answer.headers["x-request-id"].startswith("req-"), name
        assert "/v1/models" in http.post("/v1/chat/completions", json=REFUSALS[0][1]["json"]).text
    upstream.hold.set()


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer sk-wrong"}, {"Authorization": "Basic x"}])
def test_a_wrong_key_is_a_401(server: Gatewright, headers: dict[str, str]) -> None:
    with server.client(headers=headers) as http:
        answer = http.post("/v1/chat/completions", json={"model": "house", "messages": MESSAGES})
        assert answer.status_code == 401
        assert answer.json()["error"]["code"] == "invalid_api_key"
        assert http.get("/v1/models").status_code == 401


def test_a_session_cookie_opens_no_model(server: Gatewright) -> None:
    with server.client(cookies={"gatewright_session": "anything"}) as http:
        assert http.post("/v1/chat/completions", json={"model": "house", "messages": MESSAGES}).status_code == 401


def test_an_error_of_the_provider_goes_through_and_its_401_does_not(server: Gatewright, upstream: Upstream) -> None:
    key = new_key(server)
    with server.client(headers={"Authorization": f"Bearer {key}"}) as http:
        body = {"error": {"message": "context too long", "type": "invalid_request_error", "code": "context_length"}}
        upstream.answer = lambda handler, _: send_json(handler, 400, body)
        answer = http.post("/v1/chat/completions", json={"model": "house", "messages": MESSAGES})
        assert (answer.status_code, answer.json()) == (400, body)
        upstream.answer = lambda handler, _: send_json(handler, 401, {"error": {"message": "bad sk-upstream"}})
        answer = http.post("/v1/chat/completions", json={"model": "house", "messages": MESSAGES})
        assert answer.status_code == 502
        assert "sk-upstream" not in answer.text


def test_a_client_that_hangs_up_stops_the_provider_and_is_recorded(server: Gatewright, upstream: Upstream) -> None:
    def endless(handler: Any, body: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        while not upstream.hold.is_set():
            write_chunk(handler, chunk("more"))
            threading.Event().wait(0.02)

    upstream.answer = endless
    key = new_key(server)
    with (
        server.client(headers={"Authorization": f"Bearer {key}"}) as http,
        http.stream(
            "POST", "/v1/chat/completions", json={"model": "watched", "messages": MESSAGES, "stream": True}
        ) as answer,
    ):
        next(answer.iter_lines())
    assert upstream.hung_up.wait(10)
    eventually(lambda: requests_of(server, "watched") == 1, "the broken-off request in the ledger")


def test_a_revoked_key_is_refused_by_every_worker(server: Gatewright) -> None:
    key = new_key(server)
    with server.client(headers={"Authorization": f"Bearer {key}"}) as http:
        for _ in range(6):
            assert httpx2.get(f"{server.url}/v1/models", headers=http.headers).status_code == 200
        with server.admin() as admin:
            assert admin.post("/key/delete", json={"keys": [key]}).status_code == 200
        streak = [0]

        def refused() -> bool:
            answer = httpx2.get(f"{server.url}/v1/models", headers=http.headers)
            streak[0] = streak[0] + 1 if answer.status_code == 401 else 0
            return streak[0] >= 10

        eventually(refused, "the revocation on every worker")
        assert http.get("/v1/models").json()["error"]["code"] == "key_revoked"


def test_a_model_is_reached_without_the_prefix_and_with_other_key_headers(server: Gatewright) -> None:
    key = new_key(server)
    with server.client() as http:
        for header in ("x-litellm-api-key", "api-key", "x-api-key", "x-goog-api-key", "ocp-apim-subscription-key"):
            body = {"model": "house", "messages": MESSAGES}
            assert http.post("/chat/completions", json=body, headers={header: key}).status_code == 200, header
        for path in ("/v1/models", "/key/info", "/api/v1/me"):
            assert http.get(path, auth=("anybody", key)).status_code == 200, path


def test_the_seeds_curl_for_a_role_works_word_for_word_and_lasts(server: Gatewright) -> None:
    with server.admin() as http:
        unknown = http.post("/user/update", json={"user_id": "the-username", "user_role": "proxy_admin"})
        assert unknown.status_code == 404
        assert unknown.json()["error"]["code"] == "404"
        assert http.headers["authorization"] == f"Bearer {MASTER_KEY}"


def requests_of(server: Gatewright, model: str) -> int:
    """How many requests of the model are in the ledger."""
    return sum(row["requests"] for row in overview(server)["models"] if row["model"] == model)


def overview(server: Gatewright) -> Any:
    """Today's figures, as the master key sees them."""
    with server.admin() as http:
        return http.get("/api/v1/overview").json()
