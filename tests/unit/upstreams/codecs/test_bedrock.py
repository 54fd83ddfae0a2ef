"""Embeddings at models of Amazon Bedrock."""

import base64
import json
import struct
from typing import Any

import msgspec
import openai.types
import pytest

from gatewright.domain.errors import BadInput
from gatewright.domain.money import Usage
from gatewright.upstreams.call import Codec
from gatewright.upstreams.codecs.bedrock import CohereOnBedrock, Titan

V2, IMAGE, V1 = Titan(("dimensions",)), Titan(("embeddingConfig", "outputEmbeddingLength")), Titan(())
COHERE_4, COHERE_3 = CohereOnBedrock(sized=True), CohereOnBedrock(sized=False)


def members(**given: Any) -> dict[str, msgspec.Raw]:
    return {name: msgspec.Raw(json.dumps(value).encode()) for name, value in {"model": "m", **given}.items()}


def sent(codec: Codec, dropped: Any = None, **given: Any) -> Any:
    return json.loads(codec.request(members(**given), "m", dropped))


def test_titan_takes_one_text() -> None:
    assert sent(V2, input="Hello", dimensions=256, normalize=False, user="u") == {
        "inputText": "Hello",
        "dimensions": 256,
        "normalize": False,
    }
    assert sent(IMAGE, input=["Hello"], dimensions=384) == {
        "inputText": "Hello",
        "embeddingConfig": {"outputEmbeddingLength": 384},
    }
    assert sent(V1, input="Hello") == {"inputText": "Hello"}
    for wrong in (["a", "b"], [1, 2], [], "", [[1]]):
        with pytest.raises(BadInput) as caught:
            sent(V2, input=wrong)
        assert caught.value.param == "input"


def test_cohere_takes_many() -> None:
    assert sent(COHERE_4, input=["a", "b"], dimensions=512, input_type="search_query", truncate="END") == {
        "texts": ["a", "b"],
        "input_type": "search_query",
        "embedding_types": ["float"],
        "output_dimension": 512,
        "truncate": "END",
    }
    assert sent(COHERE_3, input="a") == {
        "texts": ["a"],
        "input_type": "search_document",
        "embedding_types": ["float"],
    }


@pytest.mark.parametrize(
    ("codec", "param"), [(V1, "dimensions"), (V1, "normalize"), (COHERE_3, "dimensions"), (V2, "odd")]
)
def test_what_has_no_counterpart(codec: Codec, param: str) -> None:
    with pytest.raises(BadInput) as caught:
        sent(codec, input="a", **{param: 5})
    assert caught.value.param == param
    dropped: list[str] = []
    assert param not in sent(codec, dropped, input="a", **{param: 5})
    assert dropped == [param]


def test_answers_are_openais() -> None:
    raw = json.dumps({"embedding": [0.5, -1.0], "embeddingsByType": {"float": [0.5, -1.0]}, "inputTextTokenCount": 3})
    body, usage = V2.answer(raw.encode(), members(input="x"), "public")
    found = openai.types.CreateEmbeddingResponse.model_validate_json(body, strict=True)
    assert (found.model, found.data[0].embedding, found.usage.prompt_tokens) == ("public", [0.5, -1.0], 3)
    assert usage == Usage(prompt=3)
    packed, _ = V2.answer(raw.encode(), members(input="x", encoding_format="base64"), "public")
    assert base64.b64decode(json.loads(packed)["data"][0]["embedding"]) == struct.pack("<2f", 0.5, -1.0)
    many = json.dumps({"id": "1", "embeddings": {"float": [[1.0], [2.0]]}, "texts": ["a", "b"]})
    body, usage = COHERE_4.answer(many.encode(), members(input=["a", "b"]), "public")
    assert [one["embedding"] for one in json.loads(body)["data"]] == [[1.0], [2.0]]
    assert usage is None


@pytest.mark.parametrize("codec", [V2, COHERE_4])
@pytest.mark.parametrize("body", [b"", b"{}", b'{"message":"no"}', b'{"embedding":"x"}', b'{"embeddings":[1]}'])
def test_what_is_no_answer(codec: Codec, body: bytes) -> None:
    with pytest.raises(ValueError):
        codec.answer(body, members(input="x"), "public")


def test_errors_say_their_words() -> None:
    assert (
        V2.error(b'{"message":"Too long"}').message == COHERE_3.error(b'{"message":"Too long"}').message == "Too long"
    )
