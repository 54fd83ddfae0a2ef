"""OpenAI's embeddings at Google.

Source: Gemini API reference, "batchEmbedContents"; Vertex AI API reference, "Text embeddings API".
"""

from typing import Any

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation.gemini.answer import error
from gatewright.translation.halves import ProviderError
from gatewright.upstreams.codecs.embeddings import OURS, Vector, texts, written
from gatewright.upstreams.codecs.members import Members, lose, member

KNOWN = (*OURS, "task_type")
"""`task_type` is Google's (`RETRIEVAL_DOCUMENT`, say), as LiteLLM takes it."""

_encode = msgspec.json.Encoder().encode


class _Counts(msgspec.Struct, rename="camel"):
    prompt_token_count: int | None = None


class _Values(msgspec.Struct):
    values: Vector


class _GeminiAnswer(msgspec.Struct, rename="camel"):
    embeddings: list[_Values]
    usage_metadata: _Counts | None = None


class _Statistics(msgspec.Struct):
    token_count: float | None = None


class _Embedded(msgspec.Struct):
    values: Vector
    statistics: _Statistics | None = None


class _Prediction(msgspec.Struct):
    embeddings: _Embedded


class _VertexAnswer(msgspec.Struct):
    predictions: list[_Prediction]


_decode_gemini = msgspec.json.Decoder(_GeminiAnswer).decode
_decode_vertex = msgspec.json.Decoder(_VertexAnswer).decode


class GeminiEmbeddings:
    """A request for each text, all in one body. `on_vertex` has the options in a member of their own, and no model."""

    def __init__(self, *, on_vertex: bool = False) -> None:
        self._on_vertex = on_vertex

    def request(self, members: Members, model: str, dropped: list[str] | None) -> bytes:
        """Raises BadInput. `model` is `models/<name>`."""
        lose(members, KNOWN, "Google", dropped)
        options: dict[str, Any] = {}
        if (size := member(members, "dimensions", int)) is not None:
            options["outputDimensionality"] = size
        if (task := member(members, "task_type", str)) is not None:
            options["taskType"] = task
        nested: dict[str, Any] = {"embedContentConfig": options} if options else {}
        same = nested if self._on_vertex else {"model": model, **options}
        return _encode({"requests": [{**same, "content": {"parts": [{"text": text}]}} for text in texts(members)]})

    def answer(self, body: bytes, members: Members, model: str) -> tuple[bytes, Usage | None]:
        """Raises ValueError."""
        found = _decode_gemini(body)
        _check(len(found.embeddings), members)
        used = None if found.usage_metadata is None else found.usage_metadata.prompt_token_count
        return written([(index, one.values) for index, one in enumerate(found.embeddings)], members, model, used)

    def error(self, body: bytes) -> ProviderError:
        """What the provider says."""
        return error(body)


class VertexEmbeddings:
    """A prediction for each text."""

    def request(self, members: Members, _model: str, dropped: list[str] | None) -> bytes:
        """Raises BadInput."""
        lose(members, KNOWN, "Google", dropped)
        task = member(members, "task_type", str)
        same = {} if task is None else {"task_type": task}
        body: dict[str, Any] = {"instances": [{**same, "content": text} for text in texts(members)]}
        if (size := member(members, "dimensions", int)) is not None:
            body["parameters"] = {"outputDimensionality": size}
        return _encode(body)

    def answer(self, body: bytes, members: Members, model: str) -> tuple[bytes, Usage | None]:
        """Raises ValueError."""
        found = [one.embeddings for one in _decode_vertex(body).predictions]
        _check(len(found), members)
        counts = [one.statistics.token_count for one in found if one.statistics and one.statistics.token_count]
        used = sum(max(int(count), 0) for count in counts) if counts else None
        return written([(index, one.values) for index, one in enumerate(found)], members, model, used)

    def error(self, body: bytes) -> ProviderError:
        """What the provider says."""
        return error(body)


def _check(found: int, members: Members) -> None:
    """Every text has its vector. Raises ValueError."""
    asked = len(texts(members))
    if found != asked:
        raise ValueError(f"{found} vectors for {asked} texts")
