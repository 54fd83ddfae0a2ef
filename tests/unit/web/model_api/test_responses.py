"""The responses endpoint: bytes that pass through, answers that are written anew, and what is not stored."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import openai
import pytest
from openai.types.responses import ResponseFailedEvent
from tests.unit.translation.conformance import openai_chat, openai_responses
from tests.unit.translation.conformance.openai_responses import ANSWERS, STREAMS, WHOLE
from tests.unit.upstreams.server import Talk, Upstream
from tests.unit.web.model_api.harness import STREAM_HEAD, Gateway, Got, Provider, answer, chunk, gateway, model

from gatewright.storage.database import Database
from gatewright.translation.seals import Sealed, pack

NATIVE = {"provider": "litellm_proxy"}
"""A provider that has the responses API wherever it is."""

ASK: Any = {"model": "house", "input": "Hello", "x_new": {"big": 2**63, "one": 1.0}}
STORED = [
    ("GET", "/responses/resp_1"),
    ("DELETE", "/responses/resp_1"),
    ("GET", "/responses/resp_1/input_items"),
    ("POST", "/responses/resp_1/cancel"),
]


async def ask(made: Any, body: Any, got: Got | None = None) -> Got:
    found: Got = await made.call("POST", "/v1/responses", json.dumps(body).encode(), got=got)
    return found


async def test_bytes_pass_through_and_are_metered(db: Database, tmp_path: Path) -> None:
    provider = Provider(answer(ANSWERS["usage"]))
    async with Upstream(provider) as up, gateway(db, tmp_path, model(up.port, "house", **NATIVE)) as made:
        got = await ask(made, ASK)
        record = await made.record()
    assert (got.status, got.body) == (200, ANSWERS["usage"])
    assert provider.heads[0].startswith(b"POST /v1/responses HTTP/1.1\r\n")
    assert json.loads(provider.bodies[0]) == {**ASK, "model": "gpt-x"}
    assert (record["prompt_tokens"], record["completion_tokens"], record["cached_tokens"]) == (1000, 50, 600)
    assert record["reasoning_tokens"] == 20


async def test_a_stream_passes_through_and_is_recorded_before_its_end_is_seen(db: Database, tmp_path: Path) -> None:
    """Clients hang up as soon as they have seen `response.completed`."""
    stream, held = STREAMS["usage"], asyncio.Event()

    async def script(talk: Talk) -> None:
        await talk.request()
        await talk.say(STREAM_HEAD + chunk(stream[:700]) + chunk(stream[700:]))
        await held.wait()
        await talk.say(b"0\r\n\r\n")

    async with Upstream(script) as up, gateway(db, tmp_path, model(up.port, "house", **NATIVE)) as made:
        got = Got()
        asking = asyncio.create_task(ask(made, {**ASK, "stream": True}, got))
        while len(got.body) < len(stream):
            await asyncio.sleep(0)
        record = await made.record()
        held.set()
        await asking
        assert await made.record() == record
    assert got.body == stream
    assert (record["outcome"], record["metered"], record["prompt_tokens"]) == ("ok", True, 1000)


async def test_an_answer_of_chat_completions_is_written_anew(db: Database, tmp_path: Path) -> None:
    provider = Provider(answer(openai_chat.ANSWERS["tools"]))
    async with Upstream(provider) as up, gateway(db, tmp_path, model(up.port, "house")) as made:
        got = await ask(made, {"model": "house", "input": "Hello", "instructions": "Be brief.", "metadata": {"a": "b"}})
        refused = await ask(made, ASK)
        record = (await made.records())[0]
    found = json.loads(got.body)
    assert provider.heads[0].startswith(b"POST /v1/chat/completions HTTP/1.1\r\n")
    assert json.loads(provider.bodies[0])["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Hello"},
    ]
    assert [item["type"] for item in found["output"]] == ["message", "function_call", "function_call"]
    assert (found["model"], found["instructions"], found["metadata"]) == ("house", "Be brief.", {"a": "b"})
    assert found["id"] == f"resp_{record['request_id'].removeprefix('req-')}"
    assert got.headers["x-gatewright-dropped-params"] == "metadata"
    assert (record["prompt_tokens"], record["completion_tokens"]) == (40, 25)
    assert (refused.status, refused.error["param"]) == (400, "x_new")


async def test_a_stream_of_chat_completions_is_written_anew(db: Database, tmp_path: Path) -> None:
    stream = openai_chat.STREAMS["reasoning"]
    provider = Provider(STREAM_HEAD + chunk(stream[:99]) + chunk(stream[99:]) + b"0\r\n\r\n")
    async with (
        Upstream(provider) as up,
        gateway(db, tmp_path, model(up.port, "house")) as made,
        made.served() as url,
        openai.AsyncOpenAI(base_url=url, api_key=made.key, max_retries=0) as client,
    ):
        async with client.responses.stream(model="house", input="Hello") as events:
            kinds = [event.type async for event in events]
            found = await events.get_final_response()
        record = await made.record()
    assert found.output_text == "Four."
    assert found.usage is not None
    assert found.usage.total_tokens == record["prompt_tokens"] + record["completion_tokens"] == 50
    assert "response.reasoning_summary_text.delta" in kinds
    assert kinds[-1] == "response.completed"


async def test_a_chat_client_reaches_a_provider_of_responses(db: Database, tmp_path: Path) -> None:
    provider = Provider(answer(ANSWERS["tools"]))
    async with Upstream(provider) as up:
        entry = model(up.port, "house", params={"mode": "responses"})
        async with gateway(db, tmp_path, entry) as made:
            got = await made.chat({"model": "house", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 50})
    sent = json.loads(provider.bodies[0])
    assert provider.heads[0].startswith(b"POST /v1/responses HTTP/1.1\r\n")
    assert (sent["store"], sent["include"], sent["max_output_tokens"]) == (False, ["reasoning.encrypted_content"], 50)
    assert [call["id"] for call in json.loads(got.body)["choices"][0]["message"]["tool_calls"]] == ["call_1", "call_2"]


async def test_a_stored_prompt_is_for_the_provider_to_judge(db: Database, tmp_path: Path) -> None:
    body = {"model": "house", "prompt": {"id": "pmpt_1"}}
    provider = Provider(answer(ANSWERS["text"]))
    async with Upstream(provider) as up, gateway(db, tmp_path, model(up.port, "house", **NATIVE)) as made:
        assert (await ask(made, body)).status == 200
    assert json.loads(provider.bodies[0]) == {**body, "model": "gpt-x"}
    async with gateway(db, tmp_path, model(1, "house")) as made:
        got = await ask(made, body)
        assert (got.status, got.error["param"]) == (400, "input")


async def test_the_demonstration_model_answers_too(db: Database, tmp_path: Path) -> None:
    async with (
        gateway(db, tmp_path) as made,
        made.served() as url,
        openai.AsyncOpenAI(base_url=url, api_key=made.key, max_retries=0) as client,
    ):
        whole = await client.responses.create(model="echo", input="Grüezi")
        async with client.responses.stream(model="echo", input="Grüezi") as stream:
            streamed = await stream.get_final_response()
    assert "You wrote: Grüezi" in whole.output_text
    assert streamed.output_text == whole.output_text


async def test_a_seal_of_ours_reaches_no_provider_of_responses(db: Database, tmp_path: Path) -> None:
    """The conversation began with a model of another dialect."""
    ours = {"type": "reasoning", "summary": [], "encrypted_content": pack(Sealed("sig", origin="anthropic_messages"))}
    said = {"role": "user", "content": "Hi"}
    provider = Provider(answer(ANSWERS["text"]))
    async with Upstream(provider) as up, gateway(db, tmp_path, model(up.port, "house", **NATIVE)) as made:
        got = await ask(made, {"model": "house", "input": [ours, said]})
    assert json.loads(provider.bodies[0]) == {"model": "gpt-x", "input": [said]}
    assert got.headers["x-gatewright-dropped-params"] == "reasoning"


async def test_an_answer_that_failed_is_an_error(db: Database, tmp_path: Path) -> None:
    failed = {**WHOLE["text"], "status": "failed", "output": [], "error": {"code": "invalid_prompt", "message": "Oh."}}
    provider = Provider(answer(json.dumps(failed).encode()))
    async with Upstream(provider) as up:
        entry = model(up.port, "house", params={"mode": "responses"})
        async with gateway(db, tmp_path, entry) as made:
            got = await made.chat({"model": "house", "messages": [{"role": "user", "content": "Hi"}]})
            record = await made.record()
    assert got.status == 400
    assert "Oh." in got.error["message"]
    assert record["prompt_tokens"] == 12


BROKEN = {
    "in_words": openai_chat.BROKEN,
    "silently": openai_chat.ROLE + openai_chat.chunk({"content": "Half a"}),
}


@pytest.mark.parametrize("how", BROKEN)
async def test_a_stream_that_breaks_off_says_so(db: Database, tmp_path: Path, how: str) -> None:
    provider = Provider(STREAM_HEAD + chunk(BROKEN[how]) + b"0\r\n\r\n")
    async with (
        Upstream(provider) as up,
        gateway(db, tmp_path, model(up.port, "house")) as made,
        made.served() as url,
        openai.AsyncOpenAI(base_url=url, api_key=made.key, max_retries=0) as client,
    ):
        got = await ask(made, {"model": "house", "input": "Hello", "stream": True})
        with pytest.raises(openai.APIError) as caught:
            async for _ in await client.responses.create(model="house", input="Hello", stream=True):
                pass
        records = await made.records()
    *_, error, failed = [json.loads(event.partition(b"\ndata: ")[2]) for event in got.body.split(b"\n\n") if event]
    numbers = [int(number) for number in re.findall(rb'"sequence_number":(\d+)', got.body)]
    assert numbers == list(range(len(numbers)))
    assert (error["type"], error["code"]) == ("error", "upstream_broke_off")
    found = ResponseFailedEvent.model_validate(failed, strict=True).response
    assert found.error is not None
    assert found.error.message == error["message"] == error["error"]["message"] == caught.value.message
    assert ("Overloaded" in error["message"]) == (how == "in_words")
    assert f'"id":"{found.id}"'.encode() in got.body
    assert [record["outcome"] for record in records] == ["cut", "cut"]


@pytest.mark.parametrize("name", ["told", "cut"])
async def test_a_broken_stream_that_passes_through_ends_once(db: Database, tmp_path: Path, name: str) -> None:
    """What the provider told the client is not told again."""
    begun = openai_responses.BROKEN
    stream = begun if name == "told" else begun[: begun.index(b"event: error")]
    provider = Provider(STREAM_HEAD + chunk(stream) + b"0\r\n\r\n")
    async with Upstream(provider) as up, gateway(db, tmp_path, model(up.port, "house", **NATIVE)) as made:
        got = await ask(made, {**ASK, "stream": True})
        record = await made.record()
    assert got.body.startswith(stream)
    assert got.body.count(b"event: error\n") == 1
    assert (got.body == stream) == (name == "told")
    assert (got.ended, record["outcome"]) == (True, "cut")


@pytest.mark.parametrize("prefix", ["/v1", ""])
@pytest.mark.parametrize(("method", "path"), STORED)
async def test_responses_are_not_stored(db: Database, tmp_path: Path, method: str, path: str, prefix: str) -> None:
    async with gateway(db, tmp_path) as made:
        got = await made.call(method, prefix + path)
        assert (got.status, got.error["type"], got.error["code"]) == (404, "invalid_request_error", "not_found")
        assert "'resp_1'" in got.error["message"]
        assert "not stored" in got.error["message"]
        for headers in ({}, {"authorization": "Bearer sk-wrong"}):
            assert (await made.call(method, prefix + path, headers=headers)).status == 401
        other = await made.call("PUT", prefix + path)
        assert (other.status, other.headers["allow"]) == (
            405,
            ", ".join(known for known, where in STORED if where == path),
        )


@pytest.mark.parametrize("path", ["/v1/responses", "/responses"])
async def test_there_are_no_web_sockets(
    db: Database, tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Gateway, "door", "asgi")  # the other one takes nothing but POST
    async with gateway(db, tmp_path) as made:
        plain = await made.call("GET", path)
        upgrade = await made.call("GET", path, headers={"connection": "Upgrade", "upgrade": "WebSocket"})
        other = await made.call("PUT", path)
    assert (plain.status, plain.headers["allow"], plain.error["code"]) == (405, "POST", "method_not_allowed")
    assert (upgrade.status, upgrade.error["code"]) == (426, "websocket_not_supported")
    assert upgrade.error["type"] == "invalid_request_error"
    assert other.status == 405


async def test_endpoints_that_are_no_stored_response_are_somebody_elses(db: Database, tmp_path: Path) -> None:
    async with gateway(db, tmp_path) as made:
        for path in (
            "/v1/responses/",
            "/responses/a/b",
            "/responsesx",
        ):
            assert made.api.route("POST", path) is None


COMPACTED = {
    "id": "resp_c",
    "object": "response.compaction",
    "created_at": 1,
    "output": [{"id": "cmp_1", "type": "compaction", "encrypted_content": "sealed"}],
    "usage": {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": 1,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 11,
    },
}
COUNTED = {"object": "response.input_tokens", "input_tokens": 11}
WITH_DEFAULTS: Any = {"params": {"mode": "responses", "defaults": {"temperature": 0.5}}}


async def test_the_sdk_compacts_and_counts_where_the_provider_does(db: Database, tmp_path: Path) -> None:
    provider = Provider(answer(json.dumps(COMPACTED).encode()), answer(json.dumps(COUNTED).encode()))
    async with (
        Upstream(provider) as up,
        gateway(db, tmp_path, model(up.port, **WITH_DEFAULTS)) as made,
        made.served() as url,
        openai.AsyncOpenAI(base_url=url, api_key=made.key, max_retries=0) as client,
    ):
        compacted = await client.responses.compact(model="chat", input="hello", instructions="Be brief.")
        counted = await client.responses.input_tokens.count(model="chat", input="hello")
        records = await made.records()
    assert (compacted.output[0].type, counted.input_tokens) == ("compaction", 11)
    assert [head.split()[1] for head in provider.heads] == [b"/v1/responses/compact", b"/v1/responses/input_tokens"]
    asked = {"model": "gpt-x", "input": "hello"}
    assert [json.loads(body) for body in provider.bodies] == [{**asked, "instructions": "Be brief."}, asked]
    assert [(one["cost"], one["prompt_tokens"]) for one in records] == [(28_000, 10), (0, 0)]
    assert all(one["metered"] for one in records)


@pytest.mark.parametrize("path", ["/v1/responses/compact", "/responses/compact", "/v1/responses/input_tokens"])
async def test_what_only_the_responses_api_has_is_not_translated(db: Database, tmp_path: Path, path: str) -> None:
    provider = Provider(answer())
    async with Upstream(provider) as up, gateway(db, tmp_path, model(up.port)) as made:
        got = await made.call("POST", path, json.dumps({"model": "chat", "input": "hello"}).encode())
        wrong = await made.call("GET", path)
    assert (got.status, got.error["code"], got.error["param"]) == (400, "endpoint_not_supported", "model")
    assert "its provider has no such endpoint" in got.error["message"]
    assert ("Codex" in got.error["message"]) == path.endswith("compact")
    assert (wrong.status, wrong.headers["allow"], provider.bodies) == (405, "POST", [])


async def test_thoughts_of_other_providers_are_not_compacted(db: Database, tmp_path: Path) -> None:
    provider = Provider(answer(json.dumps(COMPACTED).encode()))
    foreign = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": pack(Sealed(signature="s"))}
    said = {"role": "user", "content": "hello"}
    async with Upstream(provider) as up, gateway(db, tmp_path, model(up.port, **WITH_DEFAULTS)) as made:
        body = json.dumps({"model": "chat", "input": [foreign, said]}).encode()
        assert (await made.call("POST", "/v1/responses/compact", body)).status == 200
    assert json.loads(provider.bodies[0])["input"] == [said]


async def test_the_sdk_says_that_a_response_is_not_found(db: Database, tmp_path: Path) -> None:
    async with (
        gateway(db, tmp_path) as made,
        made.served() as url,
        openai.AsyncOpenAI(base_url=url, api_key=made.key, max_retries=0) as client,
    ):
        for call in (
            client.responses.retrieve("resp_1"),
            client.responses.delete("resp_1"),
            client.responses.cancel("resp_1"),
            client.responses.input_items.list("resp_1"),
        ):
            with pytest.raises(openai.NotFoundError, match="not stored"):
                await call
