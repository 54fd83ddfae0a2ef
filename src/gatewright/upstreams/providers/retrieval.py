"""Voyage AI and Jina AI: embeddings and rerank.

Source: their API references, "Embeddings" and "Reranker".
"""

from gatewright.upstreams.account import Account
from gatewright.upstreams.call import Codec, Way
from gatewright.upstreams.codecs.embeddings import ListEmbeddings
from gatewright.upstreams.codecs.rerank import Rerank
from gatewright.upstreams.endpoints import EMBEDDINGS, RERANK

CODECS: dict[str, tuple[Codec, Codec]] = {
    "voyage": (
        ListEmbeddings("Voyage", "output_dimension", ("input_type", "truncation", "output_dtype")),
        Rerank("Voyage", most_name="top_k"),
    ),
    "jina_ai": (
        ListEmbeddings("Jina", "dimensions", ("task", "late_chunking", "truncate", "normalized")),
        Rerank("Jina"),
    ),
}


def ways(account: Account) -> dict[str, Way]:
    """Embeddings and rerank."""
    embeddings, rerank = CODECS[account.provider]

    def way(path: str, codec: Codec) -> Way:
        return Way(target=account.target(path, account.bearer), model=account.model, drop=account.drop, codec=codec)

    return {EMBEDDINGS.path: way("/embeddings", embeddings), RERANK.path: way("/rerank", rerank)}
