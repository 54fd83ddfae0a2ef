"""Embeddings and rerank at Cohere, Voyage and Jina: Cohere's SDK judges what we send it and what we answer."""

import base64
import inspect
import json
import struct
from typing import Any

import msgspec
import pytest
from cohere.types.embed_by_type_response import EmbedByTypeResponse
from cohere.v2.client import V2Client
from cohere.v2.types import V2RerankResponse
from openai.types import CreateEmbeddingResponse

from gatewright.domain.errors import BadInput
from gatewright.domain.money import Usage, WideUsage
from gatewright.upstreams.codecs.embeddings import CohereEmbeddings
from gatewright.upstreams.codecs.rerank import Rerank
from gatewright.upstreams.providers.retrieval import CODECS

COHERE_VECTORS = {
    "id": "e",
    "embeddings": {"float": [[0.5, -1.0], [0.25, 2.0]]},
    "texts": ["a", "b"],
    "meta": {"billed_units": {"input_tokens": 7.0}},
    "response_type": "embeddings_by_type",
}
COHERE_RANKS = {
    "id": "r",
    "results": [{"index": 1, "relevance_score": 0.9}, {"index": 0, "relevance_score": 0.1}],
    "meta": {"billed_units": {"search_units": 1.0}},
}


def members(**body: Any) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(json.dumps(value).encode()) for name, value in body.items()}


def sent(codec: Any, dropped: list[str] | None = None, **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(codec.request(members(model="public", **body), "real", dropped))
    return found


def test_coheres_sdk_knows_every_member_that_cohere_is_sent() -> None:
    body = sent(CohereEmbeddings(), input="a", dimensions=256, input_type="search_query", truncate="END", user="u")
    assert body == {
        "model": "real",
        "texts": ["a"],
        "input_type": "search_query",
        "embedding_types": ["float"],
        "output_dimension": 256,
        "truncate": "END",
    }
    assert body.keys() <= inspect.signature(V2Client.embed).parameters.keys()
    ranked = sent(Rerank("Cohere", has_length=True), query="q", documents=["a"], top_n=1, max_tokens_per_doc=9)
    assert ranked == {"model": "real", "query": "q", "documents": ["a"], "top_n": 1, "max_tokens_per_doc": 9}
    assert ranked.keys() <= inspect.signature(V2Client.rerank).parameters.keys()


def test_a_text_without_a_kind_is_a_document() -> None:
    assert sent(CohereEmbeddings(), input=["a", "b"])["input_type"] == "search_document"


def test_coheres_vectors_become_openais() -> None:
    EmbedByTypeResponse.model_validate(COHERE_VECTORS)
    asked = members(input=["a", "b"])
    body, usage = CohereEmbeddings().answer(json.dumps(COHERE_VECTORS).encode(), asked, "public")
    found = CreateEmbeddingResponse.model_validate_json(body, strict=True)
    assert [one.embedding for one in found.data] == [[0.5, -1.0], [0.25, 2.0]]
    assert (found.model, found.usage.prompt_tokens, usage) == ("public", 7, Usage(prompt=7))


def test_vectors_are_packed_when_they_were_asked_for_so() -> None:
    asked = members(input=["a", "b"], encoding_format="base64")
    body, _ = CohereEmbeddings().answer(json.dumps(COHERE_VECTORS).encode(), asked, "public")
    packed = json.loads(body)["data"][0]["embedding"]
    assert struct.unpack("<2f", base64.b64decode(packed)) == (0.5, -1.0)


@pytest.mark.parametrize(
    ("provider", "asked", "expected"),
    [
        ("voyage", {"dimensions": 512, "input_type": "query"}, {"output_dimension": 512, "input_type": "query"}),
        ("jina_ai", {"dimensions": 512, "task": "text-matching"}, {"dimensions": 512, "task": "text-matching"}),
    ],
)
def test_the_others_embed_by_their_own_names(provider: str, asked: dict[str, Any], expected: dict[str, Any]) -> None:
    codec = CODECS[provider][0]
    assert sent(codec, input="a", encoding_format="float", **asked) == {"model": "real", "input": ["a"], **expected}
    answer = {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": [1.5]}],
        "usage": {"total_tokens": 4},
    }
    body, usage = codec.answer(json.dumps(answer).encode(), members(input="a"), "public")
    assert CreateEmbeddingResponse.model_validate_json(body, strict=True).data[0].embedding == [1.5]
    assert usage == Usage(prompt=4)


def test_token_ids_are_refused_by_name() -> None:
    for wrong in ([1, 2], [[1]], "", [], [""]):
        with pytest.raises(BadInput) as caught:
            sent(CohereEmbeddings(), input=wrong)
        assert caught.value.param == "input"


def test_what_has_no_counterpart_is_refused_or_dropped_by_name() -> None:
    for codec in (CohereEmbeddings(), CODECS["voyage"][0], Rerank("Jina")):
        with pytest.raises(BadInput) as caught:
            sent(codec, input="a", query="q", documents=[], colour="red")
        assert caught.value.param in ("colour", "query", "documents", "input")
        dropped: list[str] = []
        assert "colour" not in sent(codec, dropped, input="a", query="q", documents=[], colour="red")
        assert "colour" in dropped


def test_voyage_ranks_by_its_own_names_and_the_answer_is_coheres() -> None:
    codec = CODECS["voyage"][1]
    asked: dict[str, Any] = {
        "query": "q",
        "documents": ["a", {"text": "b"}, {"x": 1}],
        "top_n": 2,
        "return_documents": True,
    }
    assert sent(codec, **asked) == {"model": "real", "query": "q", "documents": ["a", "b", '{"x":1}'], "top_k": 2}
    answer = {"object": "list", "data": [{"index": 1, "relevance_score": 0.5}], "usage": {"total_tokens": 26}}
    body, usage = codec.answer(json.dumps(answer).encode(), members(**asked), "public")
    found = V2RerankResponse.model_validate_json(body)
    assert [(one.index, one.relevance_score) for one in found.results] == [(1, 0.5)]
    assert json.loads(body)["results"][0]["document"] == {"text": "b"}
    assert usage == Usage(prompt=26)


def test_fields_to_rank_by_become_text() -> None:
    body = sent(Rerank("Jina"), query="q", documents=[{"title": "T", "text": "b", "n": 1}], rank_fields=["title", "n"])
    assert body["documents"] == ["title: T\nn: 1"]


def test_coheres_ranks_say_search_units_and_no_tokens() -> None:
    V2RerankResponse.model_validate(COHERE_RANKS)
    asked = members(query="q", documents=["a", "b"])
    body, usage = Rerank("Cohere").answer(json.dumps(COHERE_RANKS).encode(), asked, "public")
    found = json.loads(body)
    assert (found["id"], found["meta"]["billed_units"]) == ("r", {"search_units": 1.0})
    assert usage == WideUsage(queries=1, counted=False)
    assert "document" not in found["results"][0]


@pytest.mark.parametrize("answer", [b"{}", b"[]", b"<html>", b'{"results":[{"index":7,"relevance_score":1}]}', b"\xff"])
def test_what_is_no_answer_is_a_value_error(answer: bytes) -> None:
    asked = members(query="q", documents=["a"], input="a", return_documents=True)
    for codec in (CohereEmbeddings(), CODECS["jina_ai"][0], Rerank("Jina")):
        with pytest.raises(ValueError):
            codec.answer(answer, asked, "public")
