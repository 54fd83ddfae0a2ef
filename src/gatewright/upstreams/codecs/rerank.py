"""Cohere's rerank, which is ours too (contract litellm 4.1), at providers with another format.

Source: Cohere API reference, "Rerank API (v2)"; Voyage AI and Jina AI API references, "Reranker".
"""

from typing import Any

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation.halves import ProviderError
from gatewright.upstreams.codecs.members import Members, lose, member
from gatewright.upstreams.passing import read_error
from gatewright.upstreams.units import searched

_encode = msgspec.json.Encoder().encode
OURS = ("model", "query", "documents", "top_n", "return_documents", "rank_fields", "max_tokens_per_doc")


class _Item(msgspec.Struct):
    index: int
    relevance_score: float


class _Used(msgspec.Struct):
    total_tokens: int | None = None


class _Tokens(msgspec.Struct):
    input_tokens: float | None = None


class _Billed(msgspec.Struct):
    search_units: float | None = None


class _Meta(msgspec.Struct):
    tokens: _Tokens | None = None
    billed_units: _Billed | None = None


class _Answer(msgspec.Struct):
    """Cohere and Jina say `results`, Voyage `data`."""

    results: list[_Item] | None = None
    data: list[_Item] | None = None
    id: str | None = None
    usage: _Used | None = None
    meta: _Meta | None = None


_decode = msgspec.json.Decoder(_Answer).decode


class Rerank:
    """`where` names the provider, `most_name` its name of `top_n`; `has_length`: it takes `max_tokens_per_doc`."""

    def __init__(self, where: str, *, most_name: str = "top_n", has_length: bool = False) -> None:
        self._where = where
        self._most_name = most_name
        self._has_length = has_length

    def request(self, members: Members, model: str, dropped: list[str] | None) -> bytes:
        """Documents that are objects are sent as text: their `rank_fields`, else `text`. Raises BadInput."""
        known = OURS if self._has_length else OURS[:-1]
        lose(members, known, self._where, dropped)
        body: dict[str, Any] = {
            "model": model,
            "query": member(members, "query", str, ""),
            "documents": documents(members),
        }
        if (most := member(members, "top_n", int)) is not None:
            body[self._most_name] = most
        if self._has_length and (longest := member(members, "max_tokens_per_doc", int)) is not None:
            body["max_tokens_per_doc"] = longest
        return _encode(body)

    def answer(self, body: bytes, members: Members, model: str) -> tuple[bytes, Usage | None]:
        """Documents are added here when they were asked for. Raises ValueError."""
        found = _decode(body)
        items = found.results if found.results is not None else found.data
        if items is None:
            raise ValueError("there are no results")
        sent = documents(members) if member(members, "return_documents", bool, default=False) else None
        results = [_result(one, sent) for one in items]
        count, units = _counts(found)
        meta: dict[str, Any] = {"billed_units": {}, "tokens": {}}
        if units is not None:
            meta["billed_units"]["search_units"] = units
        if count is not None:
            meta["billed_units"]["total_tokens"] = count
            meta["tokens"]["input_tokens"] = count
        usage = searched(None if count is None else Usage(prompt=count), units)
        return _encode({"id": found.id or "", "model": model, "results": results, "meta": meta}), usage

    def error(self, body: bytes) -> ProviderError:
        """What the provider says."""
        return read_error(body)


def documents(members: Members) -> list[str]:
    """The documents as texts. Raises BadInput."""
    fields = member(members, "rank_fields", list[str])
    found = member(members, "documents", list[str | dict[str, Any]], [])
    return [one if isinstance(one, str) else _text(one, fields) for one in found]


def _text(document: dict[str, Any], fields: list[str] | None) -> str:
    if fields:
        return "\n".join(f"{name}: {document[name]}" for name in fields if name in document)
    return str(document["text"]) if "text" in document else msgspec.json.encode(document).decode()


def _result(one: _Item, sent: list[str] | None) -> dict[str, Any]:
    result: dict[str, Any] = {"index": one.index, "relevance_score": one.relevance_score}
    if sent is not None:
        if not 0 <= one.index < len(sent):
            raise ValueError("a result is of no document")
        result["document"] = {"text": sent[one.index]}
    return result


def _counts(found: _Answer) -> tuple[int | None, float | None]:
    """Tokens and search units, where the provider says them."""
    if found.usage is not None and found.usage.total_tokens is not None:
        return max(found.usage.total_tokens, 0), None
    tokens = found.meta.tokens if found.meta else None
    billed = found.meta.billed_units if found.meta else None
    count = None if tokens is None or tokens.input_tokens is None else max(int(tokens.input_tokens), 0)
    return count, None if billed is None else billed.search_units
