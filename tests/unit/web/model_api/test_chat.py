"""Chat completions that go well: bytes pass through, usage is metered, and only what must be is changed."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.upstreams.server import Upstream
from tests.unit.web.model_api.harness import (
    ANSWER,
    ASK,
    DONE,
    FIRST,
    SECOND,
    STREAM,
    STREAM_HEAD,
    USED,
    Provider,
    answer,
    chunk,
    gateway,
    model,
)

from gatewright.storage.database import Database

ODD = (
    b'{"model":"chat", "messages":[{"role":"user","content":"\\u00e9 \xc3\xa9"}],\n "seed":12345678901234567890123,'
    b'"x_new":{"deep":[1.0,1e5,null]},"logit_bias":{"50256":-100}}'
)


async def test_unknown_fields_pass_byte_for_byte_both_ways(db: Database, tmp_path: Path) -> None:
    provider = Provider(answer())
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        got = await made.chat(ODD)
    assert (got.status, got.body) == (200, ANSWER)
    sent = provider.bodies[0]
    assert json.loads(sent) == {**json.loads(ODD), "model": "gpt-x"}
    for kept in (b'[{"role":"user","content":"\\u00e9 \xc3\xa9"}]', b"12345678901234567890123", b"[1.0,1e5,null]"):
        assert kept in sent
    assert b"authorization: Bearer sk-provider-secret" in provider.heads[0]
    assert made.key.encode() not in provider.heads[0]


async def test_a_body_that_needs_no_change_is_sent_as_it_came(db: Database, tmp_path: Path) -> None:
    provider = Provider(answer())
    entry = {"upstream_model": "chat"}
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port, **entry)) as made:
        await made.chat(ODD)
    assert provider.bodies == [ODD]


async def test_a_plain_answer_is_metered(db: Database, tmp_path: Path) -> None:
    async with Upstream(Provider(answer())) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        secret = await made.new_key()
        got = await made.chat(headers={"authorization": f"Bearer {secret}"})
        record = await made.record()
    assert record["request_id"] == got.headers["x-request-id"] == got.headers["x-litellm-call-id"]
    assert (record["prompt_tokens"], record["completion_tokens"], record["metered"]) == (9, 3, True)
    assert record["cost"] == 9 * 2_000 + 3 * 8_000
    assert got.headers["x-litellm-response-cost"] == "0.000042"
    assert (record["outcome"], record["status"], record["stream"]) == ("ok", 200, False)
    assert (record["model"], record["upstream_model"], record["provider"]) == ("chat", "gpt-x", "openai")
    assert record["deployment"] == got.headers["x-litellm-model-id"]
    assert got.headers["x-litellm-model-group"] == "chat"
    assert record["key_id"] is not None
    assert record["address"] == "127.0.0.1"


async def test_only_headers_that_are_meant_for_the_client_are_passed_on(db: Database, tmp_path: Path) -> None:
    headers = "set-cookie: a=b\r\nx-ratelimit-remaining-tokens: 7\r\nretry-after: 3\r\nconnection: close\r\n"
    provider = Provider(answer(headers=headers, content_type="application/json; charset=utf-8"))
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        secret = await made.new_key()
        got = await made.chat(headers={"authorization": f"Bearer {secret}"})
        to_admin = await made.chat()
    shown = {
        *("content-type", "content-length", "x-request-id", "x-litellm-call-id", "x-litellm-model-id"),
        *("x-litellm-model-group", "x-litellm-response-cost", "x-ratelimit-remaining-tokens", "retry-after"),
        *("llm_provider-x-ratelimit-remaining-tokens", "llm_provider-retry-after", "x-litellm-version"),
        *("x-litellm-attempted-retries", "x-litellm-attempted-fallbacks"),
        *("x-litellm-response-duration-ms", "x-litellm-overhead-duration-ms"),
    }
    assert set(got.headers) == shown
    assert set(to_admin.headers) == {*shown, "x-litellm-model-name", "x-litellm-model-api-base"}
    assert got.headers["content-type"] == "application/json; charset=utf-8"
    assert (got.headers["x-litellm-attempted-retries"], got.headers["x-litellm-attempted-fallbacks"]) == ("0", "0")
    total, ours = (float(got.headers[f"x-litellm-{what}-duration-ms"]) for what in ("response", "overhead"))
    assert 0 <= ours <= total


@pytest.mark.parametrize("asked", [False, True], ids=["not asked for usage", "asked for usage"])
async def test_the_usage_chunk_is_hidden_only_from_who_did_not_ask(db: Database, tmp_path: Path, asked: bool) -> None:
    provider = Provider(STREAM)
    ask = {**ASK, "stream": True, **({"stream_options": {"include_usage": True}} if asked else {})}
    async with Upstream(provider) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        got = await made.chat(ask)
        record = await made.record()
    assert got.body == FIRST + SECOND + (USED if asked else b"") + DONE
    assert got.ended
    assert json.loads(provider.bodies[0])["stream_options"] == {"include_usage": True}
    assert got.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (got.headers["cache-control"], got.headers["x-accel-buffering"]) == ("no-cache", "no")
    assert "x-litellm-response-cost" not in got.headers
    assert (record["prompt_tokens"], record["completion_tokens"], record["cost"]) == (9, 3, 42_000)
    assert (record["outcome"], record["stream"]) == ("ok", True)
    assert record["first_byte_ms"] is not None


async def test_a_stream_is_settled_before_the_client_sees_its_end(db: Database, tmp_path: Path) -> None:
    async with Upstream(Provider(STREAM)) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        got = None
        settled_before: list[bool] = []
        settle = made.ledger.settle

        def note(row: Any, outbox: Any = None) -> None:
            settled_before.append(got is None)
            settle(row, outbox)

        made.ledger.settle = note  # type: ignore[method-assign]
        got = await made.chat({**ASK, "stream": True})
    assert settled_before == [True]


async def test_a_stream_without_usage_is_recorded_as_unmetered(db: Database, tmp_path: Path) -> None:
    stream = STREAM_HEAD + chunk(FIRST, SECOND, DONE) + b"0\r\n\r\n"
    async with Upstream(Provider(stream)) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        got = await made.chat({**ASK, "stream": True})
        record = await made.record()
    assert got.body == FIRST + SECOND + DONE
    assert (record["metered"], record["cost"], record["outcome"]) == (False, None, "ok")


async def test_a_provider_that_answers_a_stream_with_json_is_relayed_whole(db: Database, tmp_path: Path) -> None:
    async with Upstream(Provider(answer())) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        got = await made.chat({**ASK, "stream": True})
        record = await made.record()
    assert (got.body, got.headers["content-type"]) == (ANSWER, "application/json")
    assert record["cost"] == 42_000


async def test_an_unknown_price_makes_an_unknown_cost(db: Database, tmp_path: Path) -> None:
    entry: dict[str, Any] = {"price": None}
    async with Upstream(Provider(answer())) as upstream, gateway(db, tmp_path, model(upstream.port, **entry)) as made:
        got = await made.chat()
        record = await made.record()
    assert "x-litellm-response-cost" not in got.headers
    assert (record["metered"], record["prompt_tokens"], record["cost"]) == (True, 9, None)


async def test_a_count_that_cannot_be_true_is_not_believed(db: Database, tmp_path: Path) -> None:
    body = b'{"usage":{"prompt_tokens":1%b,"completion_tokens":1}}' % (b"0" * 40)
    async with Upstream(Provider(answer(body))) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        assert (await made.chat()).body == body
        record = await made.record()
    assert (record["metered"], record["prompt_tokens"], record["cost"]) == (False, 0, None)


async def test_the_other_path_answers_too(db: Database, tmp_path: Path) -> None:
    async with Upstream(Provider(answer())) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        got = await made.call("POST", "/chat/completions", json.dumps(ASK).encode(), parts=5)
    assert got.status == 200


async def test_request_ids_are_never_the_callers(db: Database, tmp_path: Path) -> None:
    async with Upstream(Provider(answer())) as upstream, gateway(db, tmp_path, model(upstream.port)) as made:
        headers = {"authorization": f"Bearer {made.key}", "x-request-id": "mine"}
        first, second = await made.chat(headers=headers), await made.chat(headers=headers)
        records = await made.records()
    assert {first.headers["x-request-id"], second.headers["x-request-id"]} == {r["request_id"] for r in records}
    assert len(records) == 2


async def test_a_name_that_no_header_can_hold_is_quoted(db: Database, tmp_path: Path) -> None:
    name = "模型\r\nx: y"
    async with Upstream(Provider(answer())) as upstream, gateway(db, tmp_path, model(upstream.port, name)) as made:
        got = await made.chat({**ASK, "model": name})
    assert got.headers["x-litellm-model-group"] == "%E6%A8%A1%E5%9E%8B%0D%0Ax: y"


async def test_the_built_in_model_answers_plain_and_streamed(db: Database, tmp_path: Path) -> None:
    ask = {**ASK, "model": "echo"}
    async with gateway(db, tmp_path) as made:
        plain = json.loads((await made.chat(ask)).body)
        streamed = (await made.chat({**ask, "stream": True})).body
        with_usage = (await made.chat({**ask, "stream": True, "stream_options": {"include_usage": True}})).body
        records = await made.records()
    text = plain["choices"][0]["message"]["content"]
    assert "demonstration model" in text
    assert "You wrote: Hello" in text
    chunks = [json.loads(event.removeprefix(b"data: ")) for event in streamed.split(b"\n\n")[:-2]]
    assert "".join(part["choices"][0]["delta"].get("content", "") for part in chunks) == text
    assert streamed.endswith(DONE)
    assert b'"choices":[]' not in streamed
    assert json.loads(with_usage.split(b"\n\n")[-3].removeprefix(b"data: "))["usage"] == plain["usage"]
    assert {(r["metered"], r["cost"], r["prompt_tokens"] > 0) for r in records} == {(True, 0, True)}
