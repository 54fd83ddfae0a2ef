"""The response cache as applications meet it: the OpenAI SDK against real servers."""

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI
from tests.conftest import new_database
from tests.servers import Gatewright, Upstream, eventually, gatewright
from tests.valkey import ValkeyServer

MESSAGES: list[Any] = [{"role": "user", "content": "Hi"}]
KEY = "x-litellm-cache-key"


def config(folder: Path, provider: Upstream, kind: str) -> Path:
    path = folder / "config.yaml"
    path.write_text(f"""
model_list:
  - model_name: house
    litellm_params: {{model: openai/real-model, api_base: "{provider.base}", api_key: k}}
    model_info: {{input_cost_per_token: 0.000001, output_cost_per_token: 0.000002}}
litellm_settings:
  cache: true
  cache_params: {{type: {kind}, ttl: 300, namespace: journey}}
""")
    return path


@pytest.fixture(autouse=True)
def upstream(provider: Upstream) -> Upstream:
    provider.forget()
    return provider


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(
    request: pytest.FixtureRequest, provider: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gatewright]:
    """One worker with a cache in its memory."""
    folder = tmp_path_factory.mktemp("cache")
    with (
        new_database(request, request.param) as url,
        gatewright(folder / "data", workers=1, config=config(folder, provider, "local"), DATABASE_URL=url) as found,
    ):
        yield found


def made(server: Gatewright, path: str, **fields: Any) -> dict[str, Any]:
    with server.admin() as http:
        answer = http.post(path, json=fields)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def client(server: Gatewright, **fields: Any) -> OpenAI:
    key = made(server, "/key/generate", **fields)["key"]
    return OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0)


def ask(sdk: OpenAI, **cache: Any) -> Any:
    extra = {"cache": cache} if cache else None
    return sdk.chat.completions.with_raw_response.create(model="house", messages=MESSAGES, extra_body=extra)


def test_the_second_answer_costs_nothing(server: Gatewright, upstream: Upstream) -> None:
    with client(server) as sdk:
        before = overview(server)
        first, second = ask(sdk), ask(sdk)
        assert (KEY in first.headers, KEY in second.headers) == (False, True)
        assert second.http_response.content == first.http_response.content
        assert second.parse().choices[0].message.content == "Hello"
        assert (first.headers["x-litellm-response-cost"], second.headers["x-litellm-response-cost"]) == (
            *("0.000033", "0"),
        )
        assert len(upstream.requests) == 1
    eventually(lambda: overview(server)["requests"] == before["requests"] + 2, "both are recorded")
    assert Decimal(overview(server)["spend"]) - Decimal(before["spend"]) == Decimal("0.000033")


def overview(server: Gatewright) -> dict[str, Any]:
    with server.admin() as http:
        found: dict[str, Any] = http.get("/api/v1/overview").json()
        return found


def test_a_stream_is_replayed(server: Gatewright, upstream: Upstream) -> None:
    with client(server) as sdk:
        said = []
        for _ in range(2):
            events = list(sdk.chat.completions.create(model="house", messages=MESSAGES, stream=True))
            said.append([event.model_dump() for event in events])
        assert said[0] == said[1]
        assert "".join(event["choices"][0]["delta"]["content"] or "" for event in said[1]) == "Hello"
        assert len(upstream.requests) == 1
        assert KEY not in ask(sdk).headers


def test_what_a_request_says_of_the_cache(server: Gatewright, upstream: Upstream) -> None:
    with client(server) as sdk:
        for cache, hit in (
            ({"no-store": True}, False),
            ({}, False),
            ({}, True),
            ({"no-cache": True}, False),
            ({"namespace": "n"}, False),
            ({"namespace": "n"}, True),
            ({"ttl": 60, "s-maxage": 60}, True),
        ):
            assert (KEY in ask(sdk, **cache).headers) is hit, cache
    assert all("cache" not in request for request in upstream.requests)


def test_teams_are_apart(server: Gatewright, upstream: Upstream) -> None:
    for team in ("cache-red", "cache-blue"):
        made(server, "/team/new", team_id=team)
    with client(server, team_id="cache-red") as red, client(server, team_id="cache-red") as mate:
        ask(red)
        assert KEY in ask(mate).headers
    with client(server, team_id="cache-blue") as blue:
        assert KEY not in ask(blue).headers
        assert KEY not in ask(blue, namespace="team:cache-red").headers
    assert len(upstream.requests) == 3


def test_workers_share_the_cache_in_valkey(
    provider: Upstream, upstream: Upstream, tmp_path: Path, valkey_server: ValkeyServer
) -> None:
    settings = config(tmp_path, provider, "redis")
    with (
        gatewright(tmp_path / "data", config=settings, REDIS_URL=valkey_server.url) as server,
        client(server) as sdk,
    ):
        ask(sdk)
        # Each over a new connection, which either worker may get.
        with server.client(headers={"Authorization": f"Bearer {sdk.api_key}", "Connection": "close"}) as http:
            body = {"model": "house", "messages": MESSAGES}

            def hit() -> bool:
                return KEY in http.post("/v1/chat/completions", json=body).headers

            eventually(hit, "the answer is in Valkey")
            asked = len(upstream.requests)
            assert all(hit() for _ in range(20))
            assert len(upstream.requests) == asked
