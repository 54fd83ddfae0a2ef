"""The official openai package against a real uvicorn: plain, streamed, errors, hanging up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.servers import eventually_async
from tests.unit.upstreams.server import Script, Upstream
from tests.unit.web.model_api.harness import (
    ANSWER,
    FIRST,
    SECOND,
    STREAM,
    STREAM_HEAD,
    Gateway,
    Provider,
    answer,
    chunk,
    gateway,
    model,
)
from tests.unit.web.model_api.test_hang_up import Slow

from gatewright.storage.database import Database

COMPLETE = ANSWER.replace(
    b'"choices":[]',
    b'"created":1,"choices":[{"index":0,"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}]',
)
HELLO: Any = [{"role": "user", "content": "Hello"}]


@asynccontextmanager
async def sdk(db: Database, tmp_path: Path, script: Script) -> AsyncIterator[tuple[Gateway, Any]]:
    """A gateway in front of that provider, and the SDK pointed at it."""
    async with (
        Upstream(script) as upstream,
        gateway(db, tmp_path, model(upstream.port)) as made,
        made.served() as url,
        openai.AsyncOpenAI(base_url=url, api_key=made.key, max_retries=0) as client,
    ):
        yield made, client


async def test_plain(db: Database, tmp_path: Path) -> None:
    async with sdk(db, tmp_path, Provider(answer(COMPLETE))) as (made, client):
        found = await client.chat.completions.create(model="chat", messages=HELLO, extra_body={"x_new": [1.0]})
        record = await made.record()
    assert found.choices[0].message.content == "Hello"
    assert found.usage.total_tokens == 12
    assert found._request_id == record["request_id"]
    assert record["cost"] == 42_000


@pytest.mark.parametrize("asked", [True, False])
async def test_streamed(db: Database, tmp_path: Path, asked: bool) -> None:
    async with sdk(db, tmp_path, Provider(STREAM)) as (made, client):
        options = {"stream_options": {"include_usage": True}} if asked else {}
        stream = await client.chat.completions.create(model="chat", messages=HELLO, stream=True, **options)
        chunks = [part async for part in stream]
        record = await made.record()
    assert "".join(part.choices[0].delta.content or "" for part in chunks if part.choices) == "Hello"
    assert [part.usage.total_tokens for part in chunks if part.usage] == ([12] if asked else [])
    assert (record["outcome"], record["cost"]) == ("ok", 42_000)


async def test_the_built_in_model(db: Database, tmp_path: Path) -> None:
    async with (
        gateway(db, tmp_path) as made,
        made.served() as url,
        openai.AsyncOpenAI(base_url=url, api_key=made.key) as client,
    ):
        found = await client.chat.completions.create(model="echo", messages=HELLO)
        stream = await client.chat.completions.create(model="echo", messages=HELLO, stream=True)
        text = "".join([part.choices[0].delta.content or "" async for part in stream])
    assert found.choices[0].message.content == text
    assert "You wrote: Hello" in text


async def test_models(db: Database, tmp_path: Path) -> None:
    async with gateway(db, tmp_path, model(1, "one"), model(1, "org/two"), model(2, "one")) as made:
        made.key = await made.new_key(models=["one", "org/two"])
        async with made.served() as url, openai.AsyncOpenAI(base_url=url, api_key=made.key) as client:
            listed = [found.id async for found in client.models.list(extra_query={"x": "y"})]
            shown = await client.models.retrieve("org/two")
            with pytest.raises(openai.NotFoundError):
                await client.models.retrieve("three")
    assert listed == ["one", "org/two"]
    assert (shown.id, shown.object, shown.owned_by) == ("org/two", "model", "openai")


async def test_errors_become_the_sdks_own(db: Database, tmp_path: Path) -> None:
    busy = answer(b'{"error":{"message":"slow down","code":"theirs"}}', "429 Too Many Requests")
    async with sdk(db, tmp_path, Provider(busy)) as (_, client):
        wrong = client.with_options(api_key="sk-wrong")
        with pytest.raises(openai.AuthenticationError) as refused:
            await wrong.chat.completions.create(model="chat", messages=HELLO)
        with pytest.raises(openai.NotFoundError) as missing:
            await client.chat.completions.create(model="nope", messages=HELLO)
        with pytest.raises(openai.RateLimitError) as limited:
            await client.chat.completions.create(model="chat", messages=HELLO)
    assert refused.value.code == "invalid_api_key"
    assert (missing.value.code, missing.value.param) == ("model_not_found", "model")
    assert limited.value.code == "theirs"
    assert None not in (refused.value.request_id, missing.value.request_id, limited.value.request_id)


async def test_a_stream_that_breaks_off_is_an_error_to_the_sdk(db: Database, tmp_path: Path) -> None:
    broken = STREAM_HEAD + chunk(FIRST) + b"no chunk"
    async with sdk(db, tmp_path, Provider(broken)) as (_, client):
        stream = await client.chat.completions.create(model="chat", messages=HELLO, stream=True)
        with pytest.raises(openai.APIError) as cut:
            async for _part in stream:
                pass
    assert cut.value.code == "upstream_unavailable"


@pytest.mark.parametrize("streamed", [True, False])
async def test_hanging_up_ends_the_providers_call(db: Database, tmp_path: Path, streamed: bool) -> None:
    slow = Slow(STREAM_HEAD + chunk(FIRST, SECOND)) if streamed else Slow()
    async with sdk(db, tmp_path, slow) as (made, client):
        call = asyncio.create_task(client.chat.completions.create(model="chat", messages=HELLO, stream=streamed))
        if streamed:
            stream = await call
            await anext(aiter(stream))
            await stream.close()
        else:
            await slow.asked.wait()
            call.cancel()
        async with asyncio.timeout(5):
            await slow.left.wait()
        await eventually_async(lambda: made.ledger.backlog == 1, "the request is settled")
        record = await made.record()
    assert (record["outcome"], record["stream"]) == ("client_gone", streamed)
