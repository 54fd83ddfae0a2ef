"""A conversation that is translated: what its record says, whole, streamed, cut off and hung up on."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.upstreams.server import Upstream
from tests.unit.web.model_api.harness import ASK, STREAM_HEAD, Got, Provider, answer, chunk, gateway, model

from gatewright.settings.schema import ModelEntry
from gatewright.storage.database import Database

pytestmark = pytest.mark.anyio

STREAM = {**ASK, "stream": True}


def gemini(port: int) -> ModelEntry:
    return model(port, provider="gemini", upstream_model="gemini-2.5-flash", api_base=f"http://127.0.0.1:{port}/v1beta")


def event(text: str, used: int, finish: str | None = None) -> bytes:
    candidate: dict[str, Any] = {"content": {"role": "model", "parts": [{"text": text}]}}
    if finish is not None:
        candidate["finishReason"] = finish
    usage = {"promptTokenCount": 9, "candidatesTokenCount": used}
    body = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m", "responseId": "r"}
    return b"data: " + json.dumps(body).encode() + b"\r\n\r\n"


WHOLE = json.loads(event("Hello", 3, "STOP")[6:])
EVENTS = STREAM_HEAD + chunk(event("Hel", 1)) + chunk(event("lo", 3, "STOP")) + b"0\r\n\r\n"


async def test_a_whole_answer(db: Database, tmp_path: Path) -> None:
    provider = Provider(answer(json.dumps(WHOLE).encode()))
    async with Upstream(provider) as upstream, gateway(db, tmp_path, gemini(upstream.port)) as made:
        got = await made.chat()
        record = await made.record()
    assert json.loads(got.body)["choices"][0]["message"]["content"] == "Hello"
    assert got.headers["content-type"] == "application/json"
    assert (record["prompt_tokens"], record["completion_tokens"], record["outcome"]) == (9, 3, "ok")
    assert provider.heads[0].startswith(b"POST /v1beta/models/gemini-2.5-flash:generateContent HTTP/1.1\r\n")


async def test_a_stream_is_settled_before_the_client_sees_its_end(db: Database, tmp_path: Path) -> None:
    got = Got()
    async with Upstream(Provider(EVENTS)) as upstream, gateway(db, tmp_path, gemini(upstream.port)) as made:
        seen: list[bytes] = []
        settle = made.ledger.settle

        def note(row: Any, outbox: Any = None) -> None:
            seen.append(got.body)
            settle(row, outbox)

        made.ledger.settle = note  # type: ignore[method-assign]  # watched, not replaced
        await made.chat(STREAM, got=got)
        record = await made.record()
    assert b"lo" in seen[0]
    assert b'finish_reason":"stop' not in seen[0]
    assert got.body.endswith(b"data: [DONE]\n\n")
    assert (record["prompt_tokens"], record["completion_tokens"], record["outcome"]) == (9, 3, "ok")


@pytest.mark.parametrize(
    "rest", [b"0\r\n\r\n", b"", chunk(b'data: {"error":{"message":"overloaded","status":"UNAVAILABLE"}}\n\n')]
)
async def test_a_stream_that_breaks_off_ends_with_an_error_and_is_charged_for_what_came(
    db: Database, tmp_path: Path, rest: bytes
) -> None:
    got = Got()

    async def once(talk: Any) -> None:
        await talk.request()
        await talk.say(STREAM_HEAD + chunk(event("Hel", 1)))
        await got.began.wait()
        await talk.say(rest)

    async with Upstream(once) as upstream, gateway(db, tmp_path, gemini(upstream.port)) as made:
        await made.chat(STREAM, got=got)
        record = await made.record()
    assert b'"content":"Hel"' in got.body
    assert b'"error":' in got.pieces[-1] or b'"error":' in got.pieces[-2]
    assert b'"finish_reason":"stop"' not in got.body
    assert (record["outcome"], record["completion_tokens"]) == ("cut", 1)


async def test_a_caller_that_hangs_up_is_charged_for_what_came(db: Database, tmp_path: Path) -> None:
    got = Got()

    async def slow(talk: Any) -> None:
        await talk.request()
        await talk.say(STREAM_HEAD + chunk(event("Hel", 1)))
        await talk.gone()

    async def leave() -> None:
        got.gone.set()

    async with Upstream(slow) as upstream, gateway(db, tmp_path, gemini(upstream.port)) as made:
        await made.chat(STREAM, got=got, take=leave)
        record = await made.record()
    assert (record["outcome"], record["prompt_tokens"], record["completion_tokens"]) == ("client_gone", 9, 1)
