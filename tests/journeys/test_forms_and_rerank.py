"""Uploads, rerank, and clients that name the model in the address: the real SDKs, on both databases."""

import json
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

import cohere
import httpx
import pytest
from openai import AzureOpenAI, OpenAI
from tests.conftest import new_database
from tests.servers import MASTER_KEY, Gatewright, Upstream, eventually, gatewright, send_json, write_chunk

SOUND = bytes(range(256)) * 300
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(range(256))
TRANSCRIPT = {
    "text": "hello",
    "usage": {"type": "tokens", "input_tokens": 14, "output_tokens": 3, "total_tokens": 17},
}
SPOKEN = [
    {"type": "transcript.text.delta", "delta": "hel"},
    {"type": "transcript.text.done", "text": "hello", "usage": TRANSCRIPT["usage"]},
]
IMAGE = {"created": 1, "data": [{"b64_json": "AAAA"}], "usage": {"input_tokens": 5, "output_tokens": 9}}
CHAT = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "real",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hi"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
RANKS = {
    "id": "r",
    "results": [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.2}],
    "meta": {"billed_units": {"search_units": 1}},
}
VECTORS = {"id": "e", "embeddings": {"float": [[0.5, -1.0]]}, "meta": {"billed_units": {"input_tokens": 3}}}


def provide(handler: Any, body: dict[str, Any]) -> None:
    """What OpenAI and Cohere would answer."""
    path = handler.path
    if path == "/v1/audio/transcriptions" and b'name="stream"' in handler.upstream.bodies[-1]:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.send_header("transfer-encoding", "chunked")
        handler.end_headers()
        for event in SPOKEN:
            write_chunk(handler, b"data: " + json.dumps(event).encode() + b"\n\n")
        return write_chunk(handler, b"")
    answers: dict[str, Any] = {
        "/v1/audio/transcriptions": TRANSCRIPT,
        "/v1/audio/translations": {"text": "good day"},
        "/v1/images/edits": IMAGE,
        "/v1/chat/completions": CHAT,
        "/v2/rerank": RANKS,
        "/v2/embed": VECTORS,
    }
    return send_json(handler, 200, answers[path])


@pytest.fixture(scope="module")
def upstream() -> Iterator[Upstream]:
    found = Upstream()
    found.server.RequestHandlerClass.upstream = found  # type: ignore[attr-defined]
    yield found
    found.close()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(
    request: pytest.FixtureRequest, upstream: Upstream, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gatewright]:
    folder = tmp_path_factory.mktemp("forms")
    config = folder / "config.yaml"
    root = upstream.base.removesuffix("/v1")
    config.write_text(f"""
model_list:
  - model_name: house
    litellm_params: {{model: openai/real, api_base: "{upstream.base}", api_key: sk-upstream}}
    model_info: {{input_cost_per_token: 0.000001, output_cost_per_token: 0.000002}}
  - model_name: org/ranker
    litellm_params: {{model: cohere/rerank-v3.5, api_base: "{root}", api_key: sk-upstream}}
""")
    with (
        new_database(request, request.param) as url,
        gatewright(folder / "data", config=config, DATABASE_URL=url, workers=1) as found,
    ):
        yield found


@pytest.fixture(autouse=True)
def fresh(upstream: Upstream) -> None:
    upstream.forget()
    upstream.answer = provide


@pytest.fixture
def client(server: Gatewright) -> Iterator[OpenAI]:
    with OpenAI(base_url=f"{server.url}/v1", api_key=MASTER_KEY, max_retries=0) as found:
        yield found


def form(upstream: Upstream, index: int = -1) -> dict[str, bytes]:
    """The form that the provider was sent, read by the standard library."""
    kind = upstream.headers[index]["content-type"].encode()
    message = BytesParser(policy=HTTP).parsebytes(b"content-type: " + kind + b"\r\n\r\n" + upstream.bodies[index])
    parts = list(message.iter_parts())
    return {str(part.get_param("name", header="content-disposition")): part.get_payload(decode=True) for part in parts}  # type: ignore[misc]


def test_sound_is_sent_on_as_it_is_and_what_it_cost_is_recorded(
    server: Gatewright, client: OpenAI, upstream: Upstream
) -> None:
    before = tokens(server)
    file = ("talk.mp3", SOUND, "audio/mpeg")
    whole = client.audio.transcriptions.create(model="house", file=file, language="de", temperature=0.5)
    assert whole.text == "hello"
    sent = form(upstream)
    assert sent == {"model": b"real", "file": SOUND, "language": b"de", "temperature": b"0.5"}
    assert upstream.headers[-1]["authorization"] == "Bearer sk-upstream"
    streamed = list(client.audio.transcriptions.create(model="house", file=file, stream=True))
    assert [event.type for event in streamed] == ["transcript.text.delta", "transcript.text.done"]
    with pytest.deprecated_call():
        assert client.audio.translations.create(model="house", file=file).text == "good day"
    eventually(lambda: tokens(server) == before + 17 + 17, "the tokens of two transcripts in the ledger")


def test_pictures_are_edited(server: Gatewright, client: OpenAI, upstream: Upstream) -> None:
    before = tokens(server)
    pictures = [("a.png", PICTURE, "image/png"), ("b.png", PICTURE, "image/png")]
    edited = client.images.edit(model="house", image=pictures, prompt="a größer hat")
    assert edited.data is not None
    assert edited.data[0].b64_json == "AAAA"
    assert form(upstream)["prompt"].decode() == "a größer hat"
    assert upstream.bodies[-1].count(PICTURE) == 2
    eventually(lambda: tokens(server) == before + 14, "the picture's tokens in the ledger")


def test_azures_client_names_the_model_in_the_address(server: Gatewright, upstream: Upstream) -> None:
    with AzureOpenAI(azure_endpoint=server.url, api_key=MASTER_KEY, api_version="2024-10-21") as client:
        answer = client.chat.completions.create(model="house", messages=[{"role": "user", "content": "Hi"}])
        assert answer.choices[0].message.content == "Hi"
        assert client.audio.transcriptions.create(model="house", file=("a.mp3", SOUND)).text == "hello"
    assert upstream.paths == ["/v1/chat/completions", "/v1/audio/transcriptions"]
    assert upstream.requests[0]["model"] == "real"
    assert form(upstream)["model"] == b"real"


def test_the_address_may_name_it_as_old_clients_do(server: Gatewright, upstream: Upstream) -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}], "model": "ignored"}
    with server.admin() as http:
        assert http.post("/engines/house/chat/completions", json=body).status_code == 200
        missing = http.post("/engines/nope/chat/completions", json=body)
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "model_not_found")
    assert upstream.requests[0]["model"] == "real"


@pytest.mark.parametrize("path", ["/rerank", "/v1/rerank", "/v2/rerank"])
def test_documents_are_ranked(server: Gatewright, upstream: Upstream, path: str) -> None:
    body = {"model": "org/ranker", "query": "q", "documents": ["a", "b"], "top_n": 2, "return_documents": True}
    with server.admin() as http:
        found = http.post(path, json=body).json()
        refused = http.post(path, json={**body, "colour": 1}).json()
    assert [(one["index"], one["document"]["text"]) for one in found["results"]] == [(1, "b"), (0, "a")]
    assert found["meta"]["billed_units"] == {"search_units": 1.0}
    assert upstream.requests == [{"model": "rerank-v3.5", "query": "q", "documents": ["a", "b"], "top_n": 2}]
    assert (refused["error"]["code"], refused["error"]["param"]) == ("unsupported_parameter", "colour")


def test_coheres_own_client_ranks_through_the_gateway(server: Gatewright) -> None:
    with httpx.Client() as http:
        client = cohere.ClientV2(api_key=MASTER_KEY, base_url=server.url, httpx_client=http)
        found = client.rerank(model="org/ranker", query="q", documents=["a", "b"])
    assert [one.index for one in found.results] == [1, 0]


def test_openais_client_embeds_with_cohere(client: OpenAI, upstream: Upstream) -> None:
    for encoding in ("float", "base64"):
        found = client.embeddings.create(model="org/ranker", input="a", encoding_format=encoding)
        assert found.usage.prompt_tokens == 3
    assert upstream.requests[-1]["texts"] == ["a"]
    assert client.embeddings.create(model="org/ranker", input=["a"]).data[0].embedding == [0.5, -1.0]


def test_an_endpoint_that_a_model_does_not_have_is_named(server: Gatewright, upstream: Upstream) -> None:
    with server.admin() as http:
        refused = http.post("/v1/rerank", json={"model": "house", "query": "q", "documents": []})
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "endpoint_not_supported")
    assert upstream.paths == []


def tokens(server: Gatewright) -> int:
    """Today's tokens, as the master key sees them."""
    with server.admin() as http:
        found: int = http.get("/api/v1/overview").json()["tokens"]["total"]
        return found
