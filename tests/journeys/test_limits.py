"""Limits as applications meet them: the OpenAI and Anthropic SDKs against real servers, alone and with Valkey."""

import asyncio
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import openai
import pytest
from openai import OpenAI
from tests.conftest import missing, new_database
from tests.servers import MASTER_KEY, Gatewright, Upstream, eventually, gatewright, plain_or_stream
from tests.valkey import ValkeyServer

MESSAGES: list[Any] = [{"role": "user", "content": "Hi"}]
PERSON = "root@example.com"


def config(folder: Path, provider: Upstream) -> Path:
    path = folder / "config.yaml"
    path.write_text(f"""
model_list:
  - model_name: house
    litellm_params: {{model: openai/real-model, api_base: "{provider.base}", api_key: k}}
  - model_name: other
    litellm_params: {{model: openai/real-model, api_base: "{provider.base}", api_key: k}}
""")
    return path


@pytest.fixture(autouse=True)
def upstream(provider: Upstream) -> Upstream:
    """The provider as a test finds it."""
    provider.forget()
    return provider


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def alone(
    request: pytest.FixtureRequest, provider: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gatewright]:
    """One worker, which counts in its memory."""
    folder = tmp_path_factory.mktemp("alone")
    with (
        new_database(request, request.param) as url,
        gatewright(
            folder / "data",
            workers=1,
            config=config(folder, provider),
            DATABASE_URL=url,
            GATEWRIGHT_ADMIN_EMAIL=PERSON,
            GATEWRIGHT_ADMIN_PASSWORD="a-long-password",
        ) as found,
    ):
        yield found


@pytest.fixture(scope="module")
def two_workers(
    provider: Upstream, tmp_path_factory: pytest.TempPathFactory, valkey_server: ValkeyServer
) -> Iterator[Gatewright]:
    """Two workers that count together in Valkey."""
    folder = tmp_path_factory.mktemp("shared")
    with gatewright(folder / "data", config=config(folder, provider), REDIS_URL=valkey_server.url) as found:
        yield found


def made(server: Gatewright, path: str, **fields: Any) -> dict[str, Any]:
    """The answer of one of LiteLLM's management routes."""
    with server.admin() as http:
        answer = http.post(path, json=fields)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


def new_key(server: Gatewright, **fields: Any) -> str:
    key: str = made(server, "/key/generate", **fields)["key"]
    return key


def client(server: Gatewright, key: str) -> OpenAI:
    return OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0)


def ask(sdk: OpenAI, model: str = "house", **more: Any) -> Any:
    return sdk.chat.completions.with_raw_response.create(model=model, messages=MESSAGES, **more)


def refused(sdk: OpenAI, model: str = "house", **more: Any) -> openai.RateLimitError:
    with pytest.raises(openai.RateLimitError) as caught:
        ask(sdk, model, **more)
    return caught.value


def test_requests_a_minute_of_a_key(alone: Gatewright, upstream: Upstream) -> None:
    with client(alone, new_key(alone, rpm_limit=2)) as sdk:
        first, second = ask(sdk), ask(sdk)
        assert first.headers["x-ratelimit-api_key-limit-requests"] == "2"
        assert second.headers["x-ratelimit-api_key-remaining-requests"] == "0"
        error = refused(sdk)
        assert (error.code, error.type) == ("rate_limit_exceeded", "rate_limit_error")
        assert "this API key" in error.message
        assert 0 < int(error.response.headers["retry-after"]) <= 61
        assert error.response.headers["rate_limit_type"] == "requests"
        assert error.response.headers["reset_at"].endswith(" UTC")
        # Streams fall under the same limit.
        refused(sdk, stream=True)
    assert len(upstream.requests) == 2


def test_the_anthropic_sdk_understands_the_refusal(alone: Gatewright) -> None:
    with anthropic.Anthropic(base_url=alone.url, api_key=new_key(alone, rpm_limit=0), max_retries=0) as sdk:
        with pytest.raises(anthropic.RateLimitError) as caught:
            sdk.messages.create(model="house", messages=MESSAGES, max_tokens=5)
        assert caught.value.response.headers["rate_limit_type"] == "requests"


def test_the_limits_of_a_user_and_of_a_team_hold_over_their_keys(alone: Gatewright) -> None:
    made(alone, "/team/new", team_id="red", rpm_limit=3)
    made(alone, "/user/update", user_id=PERSON, rpm_limit=3)
    for scope, owner in (("team", {"team_id": "red"}), ("user", {"user_id": PERSON})):
        keys = [new_key(alone, **owner) for _ in range(3)]
        for key in keys:
            with client(alone, key) as sdk:
                found = ask(sdk)
                assert found.headers[f"x-ratelimit-{scope}-limit-requests"] == "3"
        with client(alone, new_key(alone, **owner)) as sdk:
            assert ("team" if scope == "team" else "owner") in refused(sdk).message
    with client(alone, new_key(alone)) as sdk:
        ask(sdk)


def test_limits_of_one_model(alone: Gatewright) -> None:
    with client(alone, new_key(alone, model_rpm_limit={"house": 1}, model_tpm_limit={"other": 0})) as sdk:
        assert ask(sdk).headers["x-ratelimit-model-remaining-requests"] == "0"
        assert "this model" in refused(sdk).message
        assert refused(sdk, "other").response.headers["rate_limit_type"] == "tokens"


def test_tokens_a_minute(alone: Gatewright) -> None:
    with client(alone, new_key(alone, tpm_limit=1000)) as sdk:
        # Of about 900 that are claimed each answer uses 21.
        lefts = [int(ask(sdk, max_tokens=850).headers["x-ratelimit-api_key-remaining-tokens"]) for _ in range(4)]
        assert [before - after for before, after in pairwise(lefts)] == [21, 21, 21]
        refused(sdk, max_tokens=920)


def test_a_changed_limit_holds_within_a_second(alone: Gatewright) -> None:
    key = new_key(alone, rpm_limit=1)
    with client(alone, key) as sdk:
        ask(sdk)
        refused(sdk)
        assert made(alone, "/key/update", key=key, rpm_limit=None)["rpm_limit"] is None

        def goes() -> bool:
            try:
                ask(sdk)
            except openai.RateLimitError:
                return False
            return True

        eventually(goes, "the key without its limit", seconds=1)


def concurrent(upstream: Upstream) -> list[int]:
    """Has the provider note how many requests it works on, each time that one more comes; each takes a moment."""
    seen: list[int] = []
    now = 0
    lock = threading.Lock()

    def answer(handler: Any, body: dict[str, Any]) -> None:
        nonlocal now
        with lock:
            now += 1
            seen.append(now)
        upstream.hold.wait(0.02)
        with lock:
            now -= 1
        plain_or_stream(handler, body)

    upstream.answer = answer
    return seen


async def all_at_once(server: Gatewright, key: str, count: int, **more: Any) -> list[int]:
    """The statuses of so many requests at the same time, each over a connection of its own."""
    limits = httpx2.Limits(max_connections=count, max_keepalive_connections=0)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx2.AsyncClient(base_url=server.url, headers=headers, limits=limits, timeout=60) as http:
        body = {"model": "house", "messages": MESSAGES, **more}
        answers = await asyncio.gather(*(http.post("/v1/chat/completions", json=body) for _ in range(count)))
    return [answer.status_code for answer in answers]


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
async def test_two_hundred_at_once_against_five(alone: Gatewright, upstream: Upstream, stream: bool) -> None:
    seen = concurrent(upstream)
    key = new_key(alone, max_parallel_requests=5)
    statuses = await all_at_once(alone, key, 200, stream=stream)
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) >= 5
    assert max(seen) <= 5
    with client(alone, key) as sdk:
        for _ in range(10):
            ask(sdk)
    with client(alone, new_key(alone, max_parallel_requests=0)) as sdk:
        assert refused(sdk).response.headers["rate_limit_type"] == "max_parallel_requests"


def test_a_client_that_hangs_up_frees_its_slot(alone: Gatewright, upstream: Upstream) -> None:
    key = new_key(alone, max_parallel_requests=1)

    def hold(handler: Any, body: dict[str, Any]) -> None:
        upstream.hold.wait(30)
        plain_or_stream(handler, body)

    upstream.answer = hold
    with client(alone, key) as sdk:
        with pytest.raises(openai.APITimeoutError):
            ask(sdk.with_options(timeout=0.3))
        upstream.answer = plain_or_stream

        def goes() -> bool:
            try:
                ask(sdk)
            except openai.RateLimitError:
                return False
            return True

        eventually(goes, "the slot is free")
    upstream.hold.set()


async def test_two_workers_keep_one_limit_together(two_workers: Gatewright, upstream: Upstream) -> None:
    statuses = await all_at_once(two_workers, new_key(two_workers, rpm_limit=20), 100)
    assert (statuses.count(200), statuses.count(429)) == (20, 80)
    seen = concurrent(upstream)
    key = new_key(two_workers, max_parallel_requests=7)
    statuses = await all_at_once(two_workers, key, 200)
    assert set(statuses) <= {200, 429}
    assert statuses.count(200) >= 7
    assert max(seen) <= 7
    # One after another, to whichever worker, never finds the slot of the request before taken.
    upstream.answer = plain_or_stream
    one = new_key(two_workers, max_parallel_requests=1)
    for stream in (False, True):
        for _ in range(20):
            assert await all_at_once(two_workers, one, 1, stream=stream) == [200]


async def test_two_workers_without_valkey_divide_the_limit(provider: Upstream, tmp_path: Path) -> None:
    with gatewright(tmp_path / "data", config=config(tmp_path, provider)) as server:
        statuses = await all_at_once(server, new_key(server, rpm_limit=20), 100)
        assert 10 <= statuses.count(200) <= 20


def test_without_its_valkey_the_gateway_goes_on_and_says_so(provider: Upstream, tmp_path: Path) -> None:
    (tmp_path / "valkey").mkdir()
    try:
        valkey = ValkeyServer(tmp_path / "valkey")
    except (ImportError, OSError, RuntimeError) as error:
        missing(f"Valkey ({error})")
        return
    try:
        with gatewright(
            tmp_path / "data", workers=1, config=config(tmp_path, provider), REDIS_URL=valkey.url
        ) as server:
            with client(server, new_key(server, rpm_limit=1000, max_parallel_requests=1)) as sdk:
                ask(sdk)
                assert "valkey" not in ready(server)
                valkey.stop()
                for _ in range(5):
                    ask(sdk)
                assert ready(server)["status"] == "healthy"
                assert "Valkey cannot be used" in ready(server)["valkey"]
                with client(server, new_key(server, rpm_limit=1)) as limited:
                    ask(limited)
                    refused(limited)
                valkey.start_again()
                eventually(lambda: "valkey" not in ready(server), "Valkey is used again", seconds=30)
                assert ask(sdk).headers["x-ratelimit-api_key-remaining-requests"] == "999"
            with client(server, MASTER_KEY) as sdk:
                ask(sdk)
    finally:
        valkey.stop()


def ready(server: Gatewright) -> dict[str, Any]:
    answer = httpx2.get(f"{server.url}/health/readiness")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found
