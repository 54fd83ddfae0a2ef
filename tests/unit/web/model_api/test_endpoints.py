"""The endpoints beside chat completions: the same way of a request, with what differs by endpoint."""

import asyncio
import json
from typing import Any

import pytest
from tests.unit.upstreams.server import Talk, Upstream
from tests.unit.web.model_api.harness import DONE, STREAM_HEAD, Got, Provider, answer, chunk, gateway, model

from gatewright.storage.database import Database
from gatewright.upstreams.endpoints import COMPLETIONS, EMBEDDINGS, IMAGES, OPENAI_ENDPOINTS, SPEECH, Endpoint

OTHERS = [one for one in OPENAI_ENDPOINTS if not one.form]
MP3 = b"ID3\x04\x00\x00\n\ndata: [DONE]\n\n\x00\xff" * 500
FILE_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ntransfer-encoding: chunked\r\n\r\n"
TEXT = b'data: {"id":"c","choices":[{"text":"Hi","index":0}],"usage":null}\n\n'
USED = b'data: {"id":"c","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":3}}\n\n'


def asked(endpoint: Endpoint, **more: Any) -> bytes:
    """A body as nobody's library writes it, with numbers that must not change."""
    return json.dumps({endpoint.content: "x", "big": 2**63, "one": 1.0, "model": "gpt-x", **more}, indent=1).encode()


def is_the_path(head: bytes, endpoint: Endpoint) -> bool:
    return head.startswith(b"POST /v1%b HTTP/1.1\r\n" % endpoint.path.encode())


@pytest.mark.parametrize("endpoint", OTHERS, ids=str)
async def test_a_body_goes_through_and_so_does_its_answer(db: Database, tmp_path: Any, endpoint: Endpoint) -> None:
    provider = Provider(answer(b'{ "data" : [1.0, 18446744073709551615] }', content_type="application/json; x=y"))
    async with Upstream(provider) as up, gateway(db, tmp_path, model(up.port, "gpt-x")) as made:
        for prefix in ("/v1", ""):
            got = await made.call("POST", prefix + endpoint.path, asked(endpoint))
            assert (got.status, got.body) == (200, b'{ "data" : [1.0, 18446744073709551615] }')
            assert got.headers["content-type"] == "application/json; x=y"
            assert got.headers["x-litellm-model-group"] == "gpt-x"
        records = await made.records()
    assert provider.bodies == [asked(endpoint)] * 2
    assert all(is_the_path(head, endpoint) for head in provider.heads)
    assert [(one["metered"], one["cost"], one["outcome"], one["stream"]) for one in records] == [
        (False, None, "ok", False)
    ] * 2


@pytest.mark.parametrize("endpoint", OTHERS, ids=str)
async def test_refusals_are_those_of_chat(db: Database, tmp_path: Any, endpoint: Endpoint) -> None:
    path = f"/v1{endpoint.path}"
    async with gateway(db, tmp_path, model(1)) as made:
        key = await made.new_key(models=("other",))
        headers = {"authorization": f"Bearer {key}"}
        body = json.dumps({"model": "chat", endpoint.content: "x"}).encode()
        found = {
            "no key": await made.call("POST", path, body, headers={}),
            "access": await made.call("POST", path, body, headers=headers),
            "unknown": await made.call("POST", path, json.dumps({"model": "no", endpoint.content: "x"}).encode()),
            "content": await made.call("POST", path, b'{"model":"chat"}'),
            "model": await made.call("POST", path, json.dumps({endpoint.content: "x"}).encode()),
            "method": await made.call("GET", path),
            "down": await made.call("POST", path, body),
        }
    assert {name: (got.status, got.error["code"], got.error["param"]) for name, got in found.items()} == {
        "no key": (401, "invalid_api_key", None),
        "access": (403, "key_model_access_denied", "model"),
        "unknown": (404, "model_not_found", "model"),
        "content": (400, "invalid_request", endpoint.content),
        "model": (400, "invalid_request", "model"),
        "method": (405, "method_not_allowed", None),
        "down": (502, "upstream_unavailable", None),
    }


@pytest.mark.parametrize("endpoint", OTHERS, ids=str)
async def test_the_demonstration_model_says_that_it_only_chats(db: Database, tmp_path: Any, endpoint: Endpoint) -> None:
    async with gateway(db, tmp_path) as made:
        body = json.dumps({"model": "echo", endpoint.content: "x"}).encode()
        got = await made.call("POST", endpoint.path, body)
        (record,) = await made.records()
    assert (got.status, got.error["code"], got.error["param"]) == (400, "endpoint_not_supported", "model")
    assert (record["outcome"], record["status"], record["error_code"]) == ("refused", 400, "endpoint_not_supported")


@pytest.mark.parametrize("endpoint", OTHERS, ids=str)
async def test_another_deployment_stands_in(db: Database, tmp_path: Any, endpoint: Endpoint) -> None:
    bad, good = Provider(answer(b"{}", "503 No")), Provider(answer(b'{"ok":1}'))
    async with (
        Upstream(bad) as one,
        Upstream(good) as two,
        gateway(db, tmp_path, model(one.port, params={"order": 1}), model(two.port, params={"order": 2})) as made,
    ):
        body = json.dumps({"model": "chat", endpoint.content: "x"}).encode()
        answers = [await made.call("POST", endpoint.path, body) for _ in range(2)]
    assert [got.body for got in answers] == [b'{"ok":1}'] * 2
    assert all(is_the_path(head, endpoint) for head in bad.heads + good.heads)
    assert (len(bad.heads), len(good.heads)) == (2, 2)


async def test_an_embedding_is_metered_by_its_prompt(db: Database, tmp_path: Any) -> None:
    body = b'{"object":"list","data":[],"usage":{"prompt_tokens":8,"total_tokens":8}}'
    async with Upstream(Provider(answer(body))) as up, gateway(db, tmp_path, model(up.port, "gpt-x")) as made:
        got = await made.call("POST", "/v1/embeddings", asked(EMBEDDINGS))
        record = await made.record()
    assert (record["prompt_tokens"], record["completion_tokens"], record["metered"]) == (8, 0, True)
    assert record["cost"] == 16_000
    assert got.headers["x-litellm-response-cost"] == "0.000016"


@pytest.mark.parametrize("wants_usage", [False, True])
async def test_a_completion_streams_as_a_chat_does(db: Database, tmp_path: Any, wants_usage: bool) -> None:
    provider = Provider(STREAM_HEAD + chunk(TEXT) + chunk(USED) + chunk(DONE) + b"0\r\n\r\n")
    more = {"stream_options": {"include_usage": True}} if wants_usage else {}
    async with Upstream(provider) as up, gateway(db, tmp_path, model(up.port, "gpt-x")) as made:
        got = await made.call("POST", "/v1/completions", asked(COMPLETIONS, stream=True, **more))
        record = await made.record()
    assert got.body == TEXT + (USED if wants_usage else b"") + DONE
    assert got.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert json.loads(provider.bodies[0])["stream_options"] == {"include_usage": True}
    assert (record["cost"], record["stream"]) == (9 * 2_000 + 3 * 8_000, True)


async def test_a_streamed_image_is_relayed_and_asked_for_as_it_is(db: Database, tmp_path: Any) -> None:
    event = b'event: image_generation.completed\ndata: {"b64_json":"AA","usage":{"input_tokens":1}}\n\n'
    provider = Provider(STREAM_HEAD + chunk(event) + b"0\r\n\r\n")
    async with Upstream(provider) as up, gateway(db, tmp_path, model(up.port, "gpt-x")) as made:
        got = await made.call("POST", "/v1/images/generations", asked(IMAGES, stream=True))
        record = await made.record()
    assert (got.body, provider.bodies) == (event, [asked(IMAGES, stream=True)])
    assert (record["metered"], record["outcome"]) == (False, "ok")


async def test_speech_is_relayed_while_it_is_made(db: Database, tmp_path: Any) -> None:
    more = asyncio.Event()

    async def speak(talk: Talk) -> None:
        await talk.request()
        await talk.say(FILE_HEAD + chunk(MP3))
        await more.wait()
        await talk.say(chunk(b"end") + b"0\r\n\r\n")

    async with Upstream(speak) as up, gateway(db, tmp_path, model(up.port, "gpt-x")) as made:
        got = Got()
        call = asyncio.create_task(made.call("POST", "/v1/audio/speech", asked(SPEECH), got=got))
        await asyncio.wait_for(got.began.wait(), 5)
        assert not more.is_set()
        more.set()
        await call
        record = await made.record()
    assert got.body == MP3 + b"end"
    assert got.headers["content-type"] == "audio/mpeg"
    assert "cache-control" not in got.headers
    assert got.ended
    assert (record["outcome"], record["metered"], record["cost"]) == ("ok", False, None)


async def test_speech_as_events_is_a_stream_of_events(db: Database, tmp_path: Any) -> None:
    event = b'data: {"type":"speech.audio.delta","audio":"AA"}\n\n'
    async with (
        Upstream(Provider(STREAM_HEAD + chunk(event) + b"0\r\n\r\n")) as up,
        gateway(db, tmp_path, model(up.port, "gpt-x")) as made,
    ):
        got = await made.call("POST", "/v1/audio/speech", asked(SPEECH, stream_format="sse"))
    assert (got.body, got.headers["content-type"]) == (event, "text/event-stream; charset=utf-8")


async def test_a_file_that_breaks_off_gets_no_bytes_of_ours(db: Database, tmp_path: Any) -> None:
    async def half(talk: Talk) -> None:
        await talk.request()
        await talk.say(FILE_HEAD + chunk(MP3))

    async with Upstream(half) as up, gateway(db, tmp_path, model(up.port, "gpt-x")) as made:
        got = await made.call("POST", "/v1/audio/speech", asked(SPEECH))
        record = await made.record()
    assert (got.body, got.ended) == (MP3, False)
    assert record["outcome"] == "cut"


async def test_an_error_instead_of_a_file_is_an_error(db: Database, tmp_path: Any) -> None:
    error = b'{"error":{"message":"no such voice","type":"invalid_request_error","param":"voice","code":null}}'
    async with (
        Upstream(Provider(answer(error, "400 Bad"), answer(b"", "401 No"))) as up,
        gateway(db, tmp_path, model(up.port, "gpt-x")) as made,
    ):
        refused = await made.call("POST", "/v1/audio/speech", asked(SPEECH))
        ours = await made.call("POST", "/v1/audio/speech", asked(SPEECH))
    assert (refused.status, refused.body) == (400, error)
    assert (ours.status, ours.error["code"]) == (502, "upstream_auth_failed")


async def test_a_caller_that_leaves_in_the_middle_of_a_file_is_recorded(db: Database, tmp_path: Any) -> None:
    async def endless(talk: Talk) -> None:
        await talk.request()
        await talk.say(FILE_HEAD + chunk(MP3))
        await asyncio.sleep(30)

    async with Upstream(endless) as up, gateway(db, tmp_path, model(up.port, "gpt-x")) as made:
        got = Got()
        call = asyncio.create_task(made.call("POST", "/v1/audio/speech", asked(SPEECH), got=got))
        await asyncio.wait_for(got.began.wait(), 5)
        got.gone.set()
        await asyncio.wait_for(call, 5)
        record = await made.record()
    assert (record["outcome"], record["status"]) == ("client_gone", 200)
