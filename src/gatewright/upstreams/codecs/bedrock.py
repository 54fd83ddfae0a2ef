"""OpenAI's embeddings at models of Amazon Bedrock, asked through InvokeModel.

Source: Amazon Bedrock user guide, "Amazon Titan Embeddings", "Cohere Embed models".
"""

from typing import Any

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.domain.money import Usage
from gatewright.translation.bedrock_converse.provider import error
from gatewright.translation.halves import ProviderError
from gatewright.upstreams.codecs.embeddings import OURS, CohereEmbeddings, Vector, texts, written
from gatewright.upstreams.codecs.members import Members, lose, member

_encode = msgspec.json.Encoder().encode


class _TitanAnswer(msgspec.Struct, rename="camel"):
    embedding: Vector
    input_text_token_count: int | None = None


_decode_titan = msgspec.json.Decoder(_TitanAnswer).decode


class Titan:
    """One text a request. `size_at` is the path of the member for `dimensions`, empty where the size is fixed."""

    def __init__(self, size_at: tuple[str, ...]) -> None:
        self._size_at = size_at

    def request(self, members: Members, _model: str, dropped: list[str] | None) -> bytes:
        """Raises BadInput."""
        known = [name for name in OURS if name != "dimensions" or self._size_at]
        own = ("normalize",) if self._size_at == ("dimensions",) else ()
        lose(members, (*known, *own), "this model", dropped)
        found = texts(members)
        if len(found) > 1:
            raise BadInput(
                "`input` must be one text for this model.", param="input", hint="Send a request for each text."
            )
        body: dict[str, Any] = {"inputText": found[0]}
        if self._size_at and (size := member(members, "dimensions", int)) is not None:
            value: Any = size
            for name in reversed(self._size_at):
                value = {name: value}
            body |= value
        body |= {name: members[name] for name in own if name in members}
        return _encode(body)

    def answer(self, body: bytes, members: Members, model: str) -> tuple[bytes, Usage | None]:
        """Raises ValueError."""
        found = _decode_titan(body)
        return written([(0, found.embedding)], members, model, found.input_text_token_count)

    def error(self, body: bytes) -> ProviderError:
        """What the provider says."""
        return error(body)


class CohereOnBedrock:
    """Cohere's embeddings without the model's name. `sized`: from version 4 on. The answer does not say its tokens."""

    def __init__(self, *, sized: bool) -> None:
        self._sized = sized
        self._plain = CohereEmbeddings()

    def request(self, members: Members, _model: str, dropped: list[str] | None) -> bytes:
        """Raises BadInput."""
        known = [name for name in OURS if name != "dimensions" or self._sized]
        lose(members, (*known, "input_type", "truncate"), "this model", dropped)
        body: dict[str, Any] = {
            "texts": texts(members),
            "input_type": member(members, "input_type", str, "search_document"),
            "embedding_types": ["float"],
        }
        if self._sized and (size := member(members, "dimensions", int)) is not None:
            body["output_dimension"] = size
        if (cut := member(members, "truncate", str)) is not None:
            body["truncate"] = cut
        return _encode(body)

    def answer(self, body: bytes, members: Members, model: str) -> tuple[bytes, Usage | None]:
        """Raises ValueError."""
        return self._plain.answer(body, members, model)

    def error(self, body: bytes) -> ProviderError:
        """What the provider says."""
        return error(body)
