"""Cohere: its own embeddings and rerank, and chat through its OpenAI-compatible address.

Source: Cohere API reference, "Embed API (v2)", "Rerank API (v2)", "Using Cohere models via the OpenAI SDK".
"""

from gatewright.translation.dialect import Dialect
from gatewright.upstreams.account import Account
from gatewright.upstreams.call import Way
from gatewright.upstreams.codecs.embeddings import CohereEmbeddings
from gatewright.upstreams.codecs.rerank import Rerank
from gatewright.upstreams.endpoints import CHAT, EMBEDDINGS, MESSAGES, RERANK, RESPONSES


def ways(account: Account) -> dict[str, Way]:
    """Conversations, embeddings, rerank."""
    headers = account.bearer
    chat = Way(
        target=account.target("/compatibility/v1/chat/completions", headers),
        model=account.model,
        dialect=Dialect.CHAT,
        drop=account.drop,
        defaults=account.defaults,
    )
    embed = Way(
        target=account.target("/v2/embed", headers), model=account.model, drop=account.drop, codec=CohereEmbeddings()
    )
    rerank = Way(
        target=account.target("/v2/rerank", headers),
        model=account.model,
        drop=account.drop,
        codec=Rerank("Cohere", has_length=True),
    )
    return {
        **dict.fromkeys((CHAT.path, RESPONSES.path, MESSAGES.path), chat),
        EMBEDDINGS.path: embed,
        RERANK.path: rerank,
    }
