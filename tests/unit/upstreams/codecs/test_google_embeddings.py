"""Embeddings at Google: its library judges what we send and reads what our pretended Google answers."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from google import genai
from google.genai import types
from google.oauth2.credentials import Credentials
from openai.types import CreateEmbeddingResponse
from tests.servers import Upstream, send_json
from tests.unit.translation.gemini.judge import plain

from gatewright.domain.errors import BadInput
from gatewright.domain.money import Usage
from gatewright.upstreams.codecs.google import GeminiEmbeddings, VertexEmbeddings

GEMINI = {"embeddings": [{"values": [0.5, -1.0]}, {"values": [0.25, 2.0]}], "usageMetadata": {"promptTokenCount": 7}}
VERTEX = {
    "predictions": [
        {"embeddings": {"values": [0.5, -1.0], "statistics": {"token_count": 3.0, "truncated": False}}},
        {"embeddings": {"values": [0.25, 2.0], "statistics": {"token_count": 4, "truncated": False}}},
    ]
}


def members(**body: Any) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()}


TWO = members(model="public", input=["a", "b"])


def sent(codec: Any, dropped: list[str] | None = None, **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        codec.request(members(model="public", **body), "models/gemini-embedding-001", dropped)
    )
    return found


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    found = Upstream()
    yield found
    found.close()


def library(upstream: Upstream, answer: Any, *, vertex: bool) -> genai.Client:
    upstream.answer = lambda handler, _body: send_json(handler, 200, answer)
    options = types.HttpOptions(base_url=upstream.base.removesuffix("/v1"))
    if not vertex:
        return genai.Client(api_key="k", http_options=options)
    signed_in = Credentials(token="t")  # type: ignore[no-untyped-call]  # the library has no types
    return genai.Client(vertexai=True, project="p", location="us-east5", credentials=signed_in, http_options=options)


CONFIG = types.EmbedContentConfig(output_dimensionality=256, task_type="RETRIEVAL_QUERY")
ASK: dict[str, Any] = {"input": ["a", "b"], "dimensions": 256, "task_type": "RETRIEVAL_QUERY", "user": "u"}


@pytest.mark.parametrize(
    ("codec", "answer", "model", "vertex"),
    [
        (GeminiEmbeddings(), GEMINI, "gemini-embedding-001", False),
        (GeminiEmbeddings(on_vertex=True), GEMINI, "gemini-embedding-001", True),
        (VertexEmbeddings(), VERTEX, "text-embedding-005", True),
    ],
)
def test_google_is_sent_what_its_library_sends(
    upstream: Upstream, codec: Any, answer: Any, model: str, vertex: bool
) -> None:
    client = library(upstream, answer, vertex=vertex)
    found = client.models.embed_content(model=model, contents=["a", "b"], config=CONFIG)
    theirs = plain(upstream.requests[0])
    for request in theirs.get("requests", ()):
        request["content"].pop("role", None)  # the library takes a text for the user's
    assert plain(sent(codec, **ASK)) == theirs
    assert [one.values for one in found.embeddings or []] == [[0.5, -1.0], [0.25, 2.0]]


def test_without_options_there_are_none() -> None:
    content = {"content": {"parts": [{"text": "a"}]}}
    assert sent(GeminiEmbeddings(on_vertex=True), input="a") == {"requests": [content]}
    assert sent(GeminiEmbeddings(), input="a") == {"requests": [{"model": "models/gemini-embedding-001", **content}]}
    assert sent(VertexEmbeddings(), input="a") == {"instances": [{"content": "a"}]}


@pytest.mark.parametrize(("codec", "answer"), [(GeminiEmbeddings(), GEMINI), (VertexEmbeddings(), VERTEX)])
@pytest.mark.parametrize("packed", [False, True])
def test_the_answer_is_openais(codec: Any, answer: dict[str, Any], packed: bool) -> None:
    asked = {**TWO, **(members(encoding_format="base64") if packed else {})}
    body, usage = codec.answer(json.dumps(answer).encode(), asked, "public")
    read = (
        CreateEmbeddingResponse.model_construct(**json.loads(body))
        if packed
        else CreateEmbeddingResponse.model_validate_json(body)
    )
    assert (usage, read.usage.prompt_tokens, read.model) == (Usage(prompt=7), 7, "public")
    vectors = [one.embedding for one in read.data]
    assert vectors == (["AAAAPwAAgL8=", "AACAPgAAAEA="] if packed else [[0.5, -1.0], [0.25, 2.0]])


def test_without_a_count_the_usage_is_unknown() -> None:
    bare = {"embeddings": GEMINI["embeddings"]}
    assert GeminiEmbeddings().answer(json.dumps(bare).encode(), TWO, "m")[1] is None
    bare = {"predictions": [{"embeddings": {"values": [1.0]}}, {"embeddings": {"values": [1.0]}}]}
    assert VertexEmbeddings().answer(json.dumps(bare).encode(), TWO, "m")[1] is None


@pytest.mark.parametrize("codec", [GeminiEmbeddings(), VertexEmbeddings()])
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"{}",
        b"[]",
        b'{"embeddings":[{"values":[1.0]}]}',
        b'{"predictions":[]}',
        b'{"embeddings":[{"values":["x"]}]}',
    ],
)
def test_what_is_no_answer_is_refused(codec: Any, answer: bytes) -> None:
    with pytest.raises(ValueError):
        codec.answer(answer, TWO, "m")


@pytest.mark.parametrize("codec", [GeminiEmbeddings(), VertexEmbeddings()])
@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": [1, 2]}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input"),
        ({"input": "a", "dimensions": "x"}, "dimensions"),
        ({"input": "a", "truncate": "END"}, "truncate"),
    ],
)
def test_what_cannot_be_sent_is_named(codec: Any, body: dict[str, Any], param: str) -> None:
    with pytest.raises(BadInput) as caught:
        sent(codec, **body)
    assert caught.value.param == param


def test_what_google_has_no_place_for_may_be_dropped() -> None:
    dropped: list[str] = []
    assert "truncate" not in json.dumps(sent(GeminiEmbeddings(), dropped, input="a", truncate="END"))
    assert dropped == ["truncate"]


def test_an_error_is_googles() -> None:
    for codec in (GeminiEmbeddings(), VertexEmbeddings()):
        found = codec.error(b'{"error":{"code":400,"message":"Bad.","status":"INVALID_ARGUMENT"}}')
        assert (found.message, found.kind) == ("Bad.", "INVALID_ARGUMENT")
