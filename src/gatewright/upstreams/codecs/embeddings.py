"""OpenAI's embeddings at providers with another format.

Source: OpenAI API reference, "Create embeddings"; Cohere API reference, "Embed API (v2)"; Voyage AI API reference,
"Embeddings"; Jina AI API reference, "Embeddings".
"""

import base64
import struct
from typing import Any

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.domain.money import Usage
from gatewright.translation.halves import ProviderError
from gatewright.upstreams.codecs.members import Members, lose, member
from gatewright.upstreams.passing import read_error

Vector = list[float]
OURS = ("model", "input", "dimensions", "encoding_format", "user")
"""`user` only hints."""

_encode = msgspec.json.Encoder().encode


class _Billed(msgspec.Struct):
    input_tokens: float | None = None


class _Meta(msgspec.Struct):
    billed_units: _Billed | None = None


class _Floats(msgspec.Struct):
    float_: list[Vector] = msgspec.field(default_factory=list, name="float")


class _CohereAnswer(msgspec.Struct):
    embeddings: _Floats
    meta: _Meta | None = None


class _Item(msgspec.Struct):
    index: int
    embedding: Vector | str


class _Total(msgspec.Struct):
    total_tokens: int | None = None
    prompt_tokens: int | None = None


class _ListAnswer(msgspec.Struct):
    data: list[_Item]
    usage: _Total | None = None


_decode_cohere = msgspec.json.Decoder(_CohereAnswer).decode
_decode_list = msgspec.json.Decoder(_ListAnswer).decode


class CohereEmbeddings:
    """`input_type` is Cohere's; without one a text is taken for a document, as LiteLLM does."""

    def request(self, members: Members, model: str, dropped: list[str] | None) -> bytes:
        """Raises BadInput."""
        lose(members, (*OURS, "input_type", "truncate"), "Cohere", dropped)
        body: dict[str, Any] = {
            "model": model,
            "texts": texts(members),
            "input_type": member(members, "input_type", str, "search_document"),
            "embedding_types": ["float"],
        }
        if (size := member(members, "dimensions", int)) is not None:
            body["output_dimension"] = size
        if (cut := member(members, "truncate", str)) is not None:
            body["truncate"] = cut
        return _encode(body)

    def answer(self, body: bytes, members: Members, model: str) -> tuple[bytes, Usage | None]:
        """Raises ValueError."""
        found = _decode_cohere(body)
        billed = found.meta.billed_units if found.meta else None
        used = None if billed is None or billed.input_tokens is None else max(int(billed.input_tokens), 0)
        vectors = enumerate(found.embeddings.float_)
        return written([(index, vector) for index, vector in vectors], members, model, used)

    def error(self, body: bytes) -> ProviderError:
        """What the provider says."""
        return read_error(body)


class ListEmbeddings:
    """Providers whose answer is OpenAI's list and whose request has other names: `dimensions` is `size_name` there.

    `plain` are further members that they share with the caller's body.
    """

    def __init__(self, where: str, size_name: str, plain: tuple[str, ...]) -> None:
        self._where = where
        self._size_name = size_name
        self._plain = plain

    def request(self, members: Members, model: str, dropped: list[str] | None) -> bytes:
        """Raises BadInput."""
        lose(members, (*OURS, *self._plain), self._where, dropped)
        body: dict[str, Any] = {"model": model, "input": texts(members)}
        if (size := member(members, "dimensions", int)) is not None:
            body[self._size_name] = size
        body |= {name: members[name] for name in self._plain if name in members}
        return _encode(body)

    def answer(self, body: bytes, members: Members, model: str) -> tuple[bytes, Usage | None]:
        """Raises ValueError."""
        found = _decode_list(body)
        used = found.usage
        count = None if used is None else (used.prompt_tokens or used.total_tokens)
        return written([(one.index, one.embedding) for one in found.data], members, model, count)

    def error(self, body: bytes) -> ProviderError:
        """What the provider says."""
        return read_error(body)


def texts(members: Members) -> list[str]:
    """The texts to embed. Raises BadInput for token ids, which only OpenAI's own models can read."""
    raw = member(members, "input", str | list[Any])
    found = [raw] if isinstance(raw, str) else raw
    if not found or not all(isinstance(text, str) and text for text in found):
        raise BadInput(
            "`input` must be a text or a list of texts for this model.",
            param="input",
            hint="Send texts instead of token ids, and none that is empty.",
        )
    return list(found)


def written(
    vectors: list[tuple[int, Vector | str]], members: Members, model: str, used: int | None
) -> tuple[bytes, Usage | None]:
    """OpenAI's answer; `encoding_format` base64 packs little-endian 32-bit floats."""
    packed = member(members, "encoding_format", str) == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(vector) if packed else vector}
        for index, vector in vectors
    ]
    usage = None if used is None else Usage(prompt=max(used, 0))
    count = 0 if usage is None else usage.prompt
    body = {"object": "list", "data": data, "model": model, "usage": {"prompt_tokens": count, "total_tokens": count}}
    return _encode(body), usage


def _packed(vector: Vector | str) -> str:
    if isinstance(vector, str):
        return vector
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()
