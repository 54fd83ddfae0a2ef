"""Anthropic's endpoints: bytes that pass through, answers that are written anew, errors, counting, and the models."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from tests.unit.translation.anthropic_messages.judge import accept_answer, accept_error, accept_request, accumulated
from tests.unit.translation.conformance import openai_chat
from tests.unit.translation.conformance.anthropic_messages import ANSWERS, STREAMS, event
from tests.unit.upstreams.server import Talk, Upstream
from tests.unit.web.model_api.harness import (
    DONE,
    FIRST,
    MASTER,
    STREAM,
    STREAM_HEAD,
    Gateway,
    Got,
    Provider,
    answer,
    chunk,
    gateway,
    model,
)

from gatewright.settings.schema import ModelEntry
from gatewright.storage.database import Database

ASK: dict[str, Any] = {
    "model": "house",
    "max_tokens": 100,
    "messages": [{"role": "user", "content": "Hello"}],
    "context_management": {"edits": []},
    "x_new": {"big": 2**63, "one": 1.0},
}
PLAIN = {name: ASK[name] for name in ("model", "max_tokens", "messages")}
END = b"0\r\n\r\n"


def claude(port: int, **changes: Any) -> ModelEntry:
    return model(port, "house", **{"provider": "anthropic", "upstream_model": "claude-sonnet-4-5", **changes})


def other(port: int, **changes: Any) -> ModelEntry:
    """A model whose provider speaks OpenAI's dialect."""
    return model(port, "house", **changes)


async def ask(made: Gateway, body: Any = PLAIN, *, path: str = "/v1/messages", **options: Any) -> Got:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await made.call("POST", path, raw, **options)


def error(got: Got) -> dict[str, Any]:
    """The error, in Anthropic's own shape."""
    whole = json.loads(got.body)
    accept_error(whole)
    assert whole["request_id"] == got.headers["request-id"] == got.headers["x-request-id"]
    found: dict[str, Any] = whole["error"]
    return found


def last_event(stream: bytes) -> Any:
    name, data = stream.decode().removesuffix("\n\n").rpartition("event: error\n")[1:]
    assert name
    found = json.loads(data.removeprefix("data: "))
    accept_error(found)
    return found["error"]


# ---- native


async def test_bytes_pass_through_and_are_metered(db: Database, tmp_path: Path) -> None:
    provider = Provider(answer(ANSWERS["cache_write"], headers="request-id: req_theirs\r\n"))
    headers = {
        "x-api-key": MASTER,
        "anthropic-version": "2023-06-01",
        "anthropic-beta": "a-2025-01-01,b-2025-01-01",
        "x-app": "cli",
    }
    async with Upstream(provider) as up, gateway(db, tmp_path, claude(up.port)) as made:
        got = await ask(made, ASK, headers=headers)
        record = await made.record()
    assert (got.status, got.body) == (200, ANSWERS["cache_write"])
    assert got.headers["request-id"] == got.headers["x-request-id"]
    assert got.headers["llm_provider-request-id"] == "req_theirs"
    (head,) = provider.heads
    assert head.startswith(b"POST /v1/messages HTTP/1.1\r\n")
    assert b"\r\nx-api-key: sk-provider-secret\r\n" in head
    assert head.count(b"anthropic-version: 2023-06-01") == 1
    assert b"anthropic-beta: a-2025-01-01,b-2025-01-01" in head
    assert MASTER.encode() not in head
    assert b"x-app" not in head
    assert json.loads(provider.bodies[0]) == {**ASK, "model": "claude-sonnet-4-5"}
    assert b'{"big": 9223372036854775808, "one": 1.0}' in provider.bodies[0]
    assert (record["prompt_tokens"], record["completion_tokens"], record["cached_tokens"]) == (1000, 50, 600)
    assert record["metered"]


async def test_a_stream_passes_through_and_is_recorded_before_its_end_is_seen(db: Database, tmp_path: Path) -> None:
    stream, held = STREAMS["reasoning"], asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM_HEAD + chunk(stream[:500]) + chunk(stream[500:]))
        await held.wait()
        await talk.say(END)

    async with Upstream(script) as up, gateway(db, tmp_path, claude(up.port)) as made:
        got = Got()
        asking = asyncio.create_task(ask(made, {**PLAIN, "stream": True}, got=got))
        while len(got.body) < len(stream):
            await asyncio.sleep(0)
        record = await made.record()
        held.set()
        await asking
    assert got.body == stream
    assert (record["outcome"], record["prompt_tokens"], record["completion_tokens"]) == ("ok", 20, 30)


async def test_a_providers_own_refusal_passes_through(db: Database, tmp_path: Path) -> None:
    body = b'{"type":"error","error":{"type":"invalid_request_error","message":"prompt is too long"},"request_id":"r"}'
    provider = Provider(answer(body, "400 Bad Request"))
    async with Upstream(provider) as up, gateway(db, tmp_path, claude(up.port)) as made:
        got = await ask(made)
        record = await made.record()
    assert (got.status, got.body) == (400, body)
    assert record["outcome"] != "ok"


async def test_a_providers_own_error_in_a_stream_passes_through_once(db: Database, tmp_path: Path) -> None:
    whole = STREAMS["text"]
    broken = whole[: whole.index(b"event: content_block_stop")]
    broken += event("error", error={"type": "overloaded_error", "message": "Overloaded"})
    provider = Provider(STREAM_HEAD + chunk(broken[:200]) + chunk(broken[200:]) + END)
    async with Upstream(provider) as up, gateway(db, tmp_path, claude(up.port)) as made:
        got = await ask(made, {**PLAIN, "stream": True})
        record = await made.record()
    assert got.body == broken
    assert (record["outcome"], record["prompt_tokens"]) == ("cut", 12)


@pytest.mark.parametrize("at", [0, -10, -40])
async def test_a_stream_that_ends_too_early_ends_with_an_error(db: Database, tmp_path: Path, at: int) -> None:
    whole = STREAMS["text"]
    cut = whole.index(b"event: content_block_stop") + at
    provider = Provider(STREAM_HEAD + chunk(whole[:200]) + chunk(whole[200:cut]) + END)
    async with Upstream(provider) as up, gateway(db, tmp_path, claude(up.port)) as made:
        got = await ask(made, {**PLAIN, "stream": True})
        record = await made.record()
    complete = whole[: whole.rindex(b"\n\n", 0, cut) + 2]
    assert got.body.startswith(complete + b"\n\nevent: error\n")
    assert last_event(got.body)["type"] == "api_error"
    assert record["outcome"] == "cut"


# ---- translated


async def test_an_answer_of_another_dialect_is_written_anew(db: Database, tmp_path: Path) -> None:
    provider = Provider(answer(openai_chat.ANSWERS["text"]), STREAM)
    async with Upstream(provider) as up, gateway(db, tmp_path, other(up.port)) as made:
        whole = await ask(made)
        streamed = await ask(made, {**PLAIN, "stream": True})
        records = await made.records()
    accept_answer(json.loads(whole.body))
    assert json.loads(whole.body)["model"] == "house"
    assert whole.headers["content-type"] == "application/json"
    message = accumulated(streamed.body)
    assert message.to_dict()["content"] == [{"type": "text", "text": "Hello"}]
    assert (message.usage.input_tokens, message.usage.output_tokens) == (9, 3)
    assert message.stop_reason == "end_turn"
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert [row["prompt_tokens"] for row in records] == [12, 9]
    assert provider.heads[0].startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert b"anthropic" not in provider.heads[0].lower()


async def test_the_demonstration_model_answers_anthropics_clients_too(db: Database, tmp_path: Path) -> None:
    async with gateway(db, tmp_path) as made:
        whole = await ask(made, {**PLAIN, "model": "echo"})
        streamed = await ask(made, {**PLAIN, "model": "echo", "stream": True})
        counted = await ask(made, {**PLAIN, "model": "echo"}, path="/v1/messages/count_tokens")
    assert "You wrote: Hello" in str(accept_answer(json.loads(whole.body)).content[0].to_dict()["text"])
    assert "You wrote: Hello" in str(accumulated(streamed.body).content[0].to_dict()["text"])
    assert json.loads(counted.body)["input_tokens"] > 0


async def test_what_only_anthropic_has_is_refused_by_name_or_dropped(db: Database, tmp_path: Path) -> None:
    tools = [{"type": "web_search_20250305", "name": "web_search"}]
    async with (
        Upstream(Provider(answer(openai_chat.ANSWERS["text"]))) as up,
        gateway(db, tmp_path, other(up.port)) as made,
    ):
        refused = await ask(made, {**PLAIN, "tools": tools})
        hinted = await ask(made, {**PLAIN, "context_management": {"edits": []}})
    assert refused.status == 400
    assert error(refused)["type"] == "invalid_request_error"
    assert "`tools.0.web_search_20250305` cannot be sent to this model" in error(refused)["message"]
    assert hinted.status == 200
    assert hinted.headers["x-gatewright-dropped-params"] == "context_management"


async def test_a_translated_stream_that_breaks_off_ends_with_an_error(db: Database, tmp_path: Path) -> None:
    got = Got()

    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM_HEAD + chunk(FIRST))
        await got.began.wait()
        await talk.say(chunk(b'data: {"error":{"message":"Oh."}}\n\n') + END)

    async with Upstream(script) as up, gateway(db, tmp_path, other(up.port)) as made:
        await ask(made, {**PLAIN, "stream": True}, got=got)
        record = await made.record()
    assert b'"text":"Hel"' in got.body
    assert b"message_stop" not in got.body
    assert last_event(got.body)["message"].startswith("Oh.")
    assert record["outcome"] == "cut"


async def test_a_claude_behind_the_other_dialects(db: Database, tmp_path: Path) -> None:
    provider = Provider(answer(ANSWERS["text"]), STREAM_HEAD + chunk(STREAMS["text"]) + END)
    async with Upstream(provider) as up, gateway(db, tmp_path, claude(up.port)) as made:
        chat = {"model": "house", "messages": [{"role": "user", "content": "Hello"}]}
        whole = await made.chat(chat)
        streamed = await made.chat({**chat, "stream": True})
        records = await made.records()
    assert json.loads(whole.body)["choices"][0]["message"]["content"].startswith("Grüße")
    assert streamed.body.endswith(DONE)
    for body in provider.bodies:
        accept_request(json.loads(body))
    assert b"anthropic-version: 2023-06-01" in provider.heads[0]
    assert [row["completion_tokens"] for row in records] == [9, 9]


# ---- errors


async def test_errors_before_anybody_is_asked(db: Database, tmp_path: Path) -> None:
    async with gateway(db, tmp_path, claude(9), max_request_bytes=2000) as made:
        cases = [
            (401, "authentication_error", await ask(made, headers={})),
            (401, "authentication_error", await ask(made, headers={"x-api-key": "sk-wrong"})),
            (404, "not_found_error", await ask(made, {**PLAIN, "model": "nobody"})),
            (400, "invalid_request_error", await ask(made, b"{")),
            (400, "invalid_request_error", await ask(made, {"model": "house"})),
            (413, "request_too_large", await ask(made, b" " * 3000)),
            (405, "invalid_request_error", await made.call("GET", "/v1/messages")),
            (405, "invalid_request_error", await made.call("GET", "/messages/count_tokens")),
            (404, "not_found_error", await ask(made, {**PLAIN, "model": "no"}, path="/v1/messages/count_tokens")),
        ]
    for status, kind, got in cases:
        assert (got.status, json.loads(got.body)["error"]["type"]) == (status, kind)
        if kind != "request_too_large":  # which the library's list of types lacks
            error(got)
    assert cases[0][2].headers["www-authenticate"].startswith("Bearer")
    assert json.loads(cases[2][2].body)["error"]["details"] == {"error_code": "model_not_found"}


@pytest.mark.parametrize(
    ("answered", "status", "kind"),
    [
        (answer(b'{"error":{"message":"slow down"}}', "429 Too Many", "retry-after: 7\r\n"), 429, "rate_limit_error"),
        (answer(b'{"error":{"message":"full"}}', "529 Overloaded"), 529, "overloaded_error"),
        (answer(b'{"error":{"message":"no such"}}', "404 Not Found"), 404, "not_found_error"),
        (answer(b'{"error":{"message":"bad key"}}', "401 Unauthorized"), 502, "api_error"),
        (answer(b"<html>", content_type="text/html"), 502, "api_error"),
    ],
)
async def test_a_providers_failure_in_anthropics_words(
    db: Database, tmp_path: Path, answered: bytes, status: int, kind: str
) -> None:
    async with Upstream(Provider(answered)) as up, gateway(db, tmp_path, other(up.port)) as made:
        got = await ask(made)
    assert (got.status, error(got)["type"]) == (status, kind)
    if status == 429:
        assert got.headers["retry-after"] == "7"


async def test_openais_endpoints_keep_openais_errors(db: Database, tmp_path: Path) -> None:
    async with gateway(db, tmp_path, claude(9)) as made:
        chat = await made.chat({**PLAIN, "model": "nobody"})
        responses = await ask(made, {"model": "nobody", "input": "x"}, path="/v1/responses")
    assert (chat.error["code"], responses.error["code"]) == ("model_not_found", "model_not_found")
    assert "request-id" not in chat.headers


# ---- counting


async def test_counting_passes_through_where_the_provider_counts(db: Database, tmp_path: Path) -> None:
    provider = Provider(answer(b'{"input_tokens": 2095}'))
    body = {name: PLAIN[name] for name in ("model", "messages")}
    async with Upstream(provider) as up, gateway(db, tmp_path, claude(up.port)) as made:
        got = await ask(made, body, path="/v1/messages/count_tokens")
        record = await made.record()
    assert (got.status, got.body) == (200, b'{"input_tokens": 2095}')
    assert provider.heads[0].startswith(b"POST /v1/messages/count_tokens HTTP/1.1\r\n")
    assert "x-gatewright-estimate" not in got.headers
    assert (record["prompt_tokens"], record["cost"]) == (0, 0)


async def test_counting_is_guessed_elsewhere_and_the_answer_says_so(db: Database, tmp_path: Path) -> None:
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}}
    body = {
        "model": "house",
        "system": "s" * 40,
        "messages": [{"role": "user", "content": [{"type": "text", "text": "é" * 100}, image]}],
    }
    async with gateway(db, tmp_path, other(9)) as made:
        got = await ask(made, body, path="/v1/messages/count_tokens")
        wrong = await ask(
            made, {"model": "house", "messages": [{"role": "x", "content": ""}]}, path="/v1/messages/count_tokens"
        )
    assert (got.status, json.loads(got.body)) == (200, {"input_tokens": 10 + 4 + 50 + 1600})
    assert got.headers["x-gatewright-estimate"] == "input_tokens"
    assert (wrong.status, error(wrong)["type"]) == (400, "invalid_request_error")


# ---- the list of models


async def test_the_list_of_models_for_anthropics_clients(db: Database, tmp_path: Path) -> None:
    models = [model(9, name) for name in ("a", "b/c", "d")]
    headers = {"x-api-key": MASTER, "anthropic-version": "2023-06-01"}
    async with gateway(db, tmp_path, *models) as made:
        whole = json.loads((await made.call("GET", "/v1/models", headers=headers)).body)
        one = json.loads((await made.call("GET", "/v1/models/b/c", headers=headers)).body)
        plain = json.loads((await made.call("GET", "/v1/models")).body)
        absent = await made.call("GET", "/v1/models/x", headers=headers)
        nobody = await made.call("GET", "/v1/models", headers={"anthropic-version": "2023-06-01"})
    assert [found["id"] for found in whole["data"]] == ["a", "b/c", "d"]
    assert (whole["has_more"], whole["first_id"], whole["last_id"]) == (False, "a", "d")
    assert one == {
        "type": "model",
        "id": "b/c",
        "display_name": "b/c",
        "created_at": one["created_at"],
        "lifecycle": "active",
    }
    assert one["created_at"].endswith("Z")
    assert plain["object"] == "list"
    assert error(absent)["type"] == "not_found_error"
    assert error(nobody)["type"] == "authentication_error"


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/count_tokens"])
async def test_thoughts_of_another_provider_do_not_reach_anthropic(db: Database, tmp_path: Path, path: str) -> None:
    """A conversation began with Gemini, whose thoughts the client hands back; Anthropic would refuse what it did not
    seal."""
    thought = {
        "content": {
            "parts": [{"text": "Hm.", "thought": True}, {"functionCall": {"name": "f"}, "thoughtSignature": "c2ln"}]
        }
    }
    began = {"candidates": [{**thought, "finishReason": "STOP"}], "usageMetadata": {"promptTokenCount": 1}}
    to_gemini, to_claude = Provider(answer(json.dumps(began).encode())), Provider(answer())
    async with Upstream(to_gemini) as google, Upstream(to_claude) as anthropic:
        entries = [
            model(google.port, "gem", provider="gemini", upstream_model="gemini-3-flash"),
            model(anthropic.port, "claude", provider="anthropic", upstream_model="claude-x"),
        ]
        async with gateway(db, tmp_path, *entries) as made:
            ask: dict[str, Any] = {
                "max_tokens": 9,
                "messages": [{"role": "user", "content": "Hi"}],
                "tools": [{"name": "f", "input_schema": {}}],
            }
            first = await made.call("POST", "/v1/messages", json.dumps({**ask, "model": "gem"}).encode())
            content = json.loads(first.body)["content"]
            assert "gatewright-" in json.dumps(content)
            call = next(block for block in content if block["type"] == "tool_use")
            result = {"type": "tool_result", "tool_use_id": call["id"], "content": "42"}
            turns = [{"role": "assistant", "content": content}, {"role": "user", "content": [result]}]
            body = {**ask, "model": "claude", "messages": [*ask["messages"], *turns]}
            got = await made.call("POST", path, json.dumps(body).encode())
    assert got.status == 200
    sent = json.loads(to_claude.bodies[0])
    assert sent["messages"] == [ask["messages"][0], {"role": "assistant", "content": [call]}, turns[1]]
