"""OpenAI's API beside chat, as applications call it: the OpenAI SDK and plain HTTP, on both databases."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx2
import openai
import pytest
from openai import OpenAI
from tests.conftest import new_database
from tests.servers import MASTER_KEY, Gatewright, Upstream, eventually, gatewright, send_json, write_chunk

MP3 = bytes(range(256)) * 400
EMBEDDING = {
    "object": "list",
    "data": [{"object": "embedding", "index": 0, "embedding": [0.5, -1.0]}],
    "model": "real",
    "usage": {"prompt_tokens": 8, "total_tokens": 8},
    "x_provider_extra": {"kept": 1.0},
}
COMPLETION = {
    "id": "cmpl-1",
    "object": "text_completion",
    "created": 1,
    "model": "real",
    "choices": [{"text": "Hello", "index": 0, "logprobs": None, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 2, "completion_tokens": 3, "total_tokens": 5},
}
MODERATION = {"id": "m", "model": "real", "results": [{"flagged": True, "categories": {}, "category_scores": {}}]}
IMAGE = {"created": 1, "data": [{"b64_json": "AAAA"}]}


def text(content: str) -> bytes:
    """One event of a streamed completion."""
    choice = {"text": content, "index": 0, "logprobs": None, "finish_reason": None}
    body = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "real", "choices": [choice]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


USED = b'data: {"id":"cmpl-1","choices":[],"usage":{"prompt_tokens":2,"completion_tokens":3,"total_tokens":5}}\n\n'


def provide(handler: Any, body: dict[str, Any]) -> None:
    """What OpenAI would answer at each of its paths."""
    whole = {
        "/v1/embeddings": EMBEDDING,
        "/v1/completions": COMPLETION,
        "/v1/moderations": MODERATION,
        "/v1/images/generations": IMAGE,
    }
    if handler.path == "/v1/audio/speech":
        return in_chunks(handler, "audio/mpeg", [MP3[:1000], MP3[1000:]])
    if body.get("stream"):
        used = [USED] if body["stream_options"]["include_usage"] else []
        return in_chunks(handler, "text/event-stream", [text("Hel"), text("lo"), *used, b"data: [DONE]\n\n"])
    return send_json(handler, 200, whole[handler.path])


def in_chunks(handler: Any, kind: str, parts: list[bytes]) -> None:
    handler.send_response(200)
    handler.send_header("content-type", kind)
    handler.send_header("transfer-encoding", "chunked")
    handler.end_headers()
    for part in [*parts, b""]:
        write_chunk(handler, part)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(
    request: pytest.FixtureRequest, provider: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gatewright]:
    """A server with one model, one a database for the whole file."""
    folder = tmp_path_factory.mktemp("endpoints")
    config = folder / "config.yaml"
    config.write_text(f"""
model_list:
  - model_name: house
    litellm_params: {{model: openai/real, api_base: "{provider.base}", api_key: sk-upstream}}
    model_info: {{input_cost_per_token: 0.000001, output_cost_per_token: 0.000002}}
""")
    with (
        new_database(request, request.param) as url,
        gatewright(folder / "data", config=config, DATABASE_URL=url, workers=1) as found,
    ):
        yield found


@pytest.fixture(autouse=True)
def upstream(provider: Upstream) -> Upstream:
    provider.forget()
    provider.answer = provide
    return provider


@pytest.fixture
def client(server: Gatewright) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server.url}/v1", api_key=MASTER_KEY, max_retries=0) as found:
        yield found


def test_the_sdk_reaches_every_endpoint_and_what_it_says_of_use_is_recorded(
    server: Gatewright, client: OpenAI, upstream: Upstream
) -> None:
    before = overview(server)
    embedding = client.embeddings.with_raw_response.create(
        model="house", input=["a"], encoding_format="float", extra_body={"x_mine": {"a": 1}}
    )
    assert embedding.http_response.json() == EMBEDDING
    assert embedding.headers["x-litellm-response-cost"] == "0.000008"
    assert embedding.parse().data[0].embedding == [0.5, -1.0]
    assert client.completions.create(model="house", prompt="Say").choices[0].text == "Hello"
    streamed = list(client.completions.create(model="house", prompt="Say", stream=True))
    assert "".join(event.choices[0].text for event in streamed) == "Hello"
    assert client.moderations.create(model="house", input="bad").results[0].flagged
    images = client.images.generate(model="house", prompt="a cat").data
    assert images is not None
    assert images[0].b64_json == "AAAA"
    with client.audio.speech.with_streaming_response.create(model="house", voice="alloy", input="Hi") as speech:
        assert speech.headers["content-type"] == "audio/mpeg"
        assert speech.read() == MP3
    assert upstream.paths == [
        *("/v1/embeddings", "/v1/completions", "/v1/completions"),
        *("/v1/moderations", "/v1/images/generations", "/v1/audio/speech"),
    ]
    assert {sent["model"] for sent in upstream.requests} == {"real"}
    assert upstream.requests[0]["x_mine"] == {"a": 1}
    assert {sent["authorization"] for sent in upstream.headers} == {"Bearer sk-upstream"}
    assert MASTER_KEY not in json.dumps(upstream.headers)
    eventually(lambda: overview(server)["requests"] == before["requests"] + 6, "six requests in the ledger")
    found = overview(server)
    assert found["tokens"]["total"] - before["tokens"]["total"] == 8 + 5 + 5
    assert Decimal(found["spend"]) - Decimal(before["spend"]) == Decimal("0.000024")


BODIES = {
    "/embeddings": b'{ "input":"a", "model":"house","dimensions": 1.0, "x":18446744073709551615 }',
    "/completions": b'{ "prompt":"a", "model":"house","temperature": 1.0, "x":18446744073709551615 }',
    "/moderations": b'{ "input":"a", "model":"house","x":18446744073709551615 }',
    "/images/generations": b'{ "prompt":"a", "model":"house","n": 1, "x":18446744073709551615 }',
    "/audio/speech": b'{ "input":"a", "model":"house","speed": 1.0, "x":18446744073709551615 }',
}


@pytest.mark.parametrize("path", BODIES)
def test_a_path_answers_without_its_prefix_and_numbers_keep_their_form(
    server: Gatewright, upstream: Upstream, path: str
) -> None:
    with server.admin() as http:
        prefixed = http.post(f"/v1{path}", content=BODIES[path])
        bare = http.post(path, content=BODIES[path])
    assert (prefixed.status_code, bare.status_code) == (200, 200)
    assert prefixed.content == bare.content
    assert upstream.paths == [f"/v1{path}"] * 2
    changed = BODIES[path].replace(b'"house"', b'"real"')
    assert [b"".join(body.split()) for body in upstream.bodies] == [b"".join(changed.split())] * 2


def test_refusals_are_openais(server: Gatewright, client: OpenAI, upstream: Upstream) -> None:
    with pytest.raises(openai.NotFoundError) as unknown:
        client.embeddings.create(model="nope", input="a")
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError) as missing:
        client.post("/moderations", body={"model": "house"}, cast_to=object)
    assert missing.value.param == "input"
    with pytest.raises(openai.AuthenticationError):
        client.with_options(api_key="sk-wrong").audio.speech.create(model="house", voice="alloy", input="Hi")
    error = {"error": {"message": "too long", "type": "invalid_request_error", "param": "input", "code": "long"}}
    upstream.answer = lambda handler, _: send_json(handler, 400, error)
    with pytest.raises(openai.BadRequestError) as long:
        client.audio.speech.create(model="house", voice="alloy", input="Hi")
    assert long.value.code == "long"


def test_a_file_that_breaks_off_is_noticed(server: Gatewright, upstream: Upstream) -> None:
    def half(handler: Any, body: dict[str, Any]) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "audio/mpeg")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        write_chunk(handler, MP3)
        handler.close_connection = True

    upstream.answer = half
    with server.admin() as http, pytest.raises(httpx2.RemoteProtocolError):
        http.post("/v1/audio/speech", json={"model": "house", "input": "Hi"})
    assert upstream.paths == ["/v1/audio/speech"]


def overview(server: Gatewright) -> Any:
    """Today's figures, as the master key sees them."""
    with server.admin() as http:
        return http.get("/api/v1/overview").json()
