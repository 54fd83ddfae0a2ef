"""The Gemini API with an API key. Source: Gemini API reference, "Generating content", "Embeddings"."""

from gatewright.translation.dialect import Dialect
from gatewright.upstreams.account import Account
from gatewright.upstreams.call import Way
from gatewright.upstreams.codecs.google import GeminiEmbeddings
from gatewright.upstreams.codecs.google_count import CountTokens
from gatewright.upstreams.endpoints import CONVERSATIONS, COUNT_TOKENS, EMBEDDINGS
from gatewright.upstreams.presets import presets_of
from gatewright.upstreams.providers.google_paths import model_name

KINDS = ("models/", "tunedModels/")


def ways(account: Account) -> dict[str, Way]:
    """Conversations, their counting, and embeddings. Raises BadInput (param `model` or `api_base`)."""
    headers = {"x-goog-api-key": account.api_key} if account.api_key else {}
    kind = next((kind for kind in KINDS if account.model.startswith(kind)), KINDS[0])
    resource = kind + model_name(account.model.removeprefix(kind))
    chat = Way(
        target=account.target(f"/{resource}:generateContent", headers),
        stream_target=account.target(f"/{resource}:streamGenerateContent?alt=sse", headers),
        model=account.model,
        provider=account.provider,
        dialect=Dialect.GEMINI,
        files=account.files,
        signer=account.signer,
        drop=account.drop,
        presets=presets_of(account.defaults),
    )
    embed = Way(
        target=account.target(f"/{resource}:batchEmbedContents", headers),
        model=resource,
        provider=account.provider,
        signer=account.signer,
        drop=account.drop,
        codec=GeminiEmbeddings(),
    )
    count = Way(
        target=account.target(f"/{resource}:countTokens", headers),
        model=resource,
        provider=account.provider,
        signer=account.signer,
        drop=account.drop,
        codec=CountTokens(account.files),
    )
    return {**{one.path: chat for one in CONVERSATIONS}, COUNT_TOKENS.path: count, EMBEDDINGS.path: embed}
