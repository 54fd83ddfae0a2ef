"""The providers, by LiteLLM's names: data, and how `<provider>/<model>` is read with it.

Source: each provider's own API reference.
"""

from typing import NamedTuple
from urllib.parse import urlsplit


class Provider(NamedTuple):
    """`api_base` is the provider's own address, None for a server that only its operator can name.

    `path` is put behind a given `api_base` without a path, where LiteLLM wants it without one. `speaks` is the adapter
    in `upstreams.providers`. `responses`: at its own address it has OpenAI's responses API. `rerank`: it has Cohere's
    rerank beside OpenAI's API. `regional`: its address is made of a region or a project, by the adapter.
    `untested`: no library of the provider's own judges what is sent to it, so that it is off until it is switched on by
    name. `refuses` names members of OpenAI's bodies that it answers with an error and that need not be sent.
    `hands_on`: a request may name other models there than the one that was judged.
    """

    name: str
    api_base: str | None = None
    path: str = ""
    speaks: str = "openai"
    responses: bool = False
    rerank: bool = False
    regional: bool = False
    untested: bool = False
    refuses: tuple[str, ...] = ()
    hands_on: bool = False


DEFAULT = "openai"
"""Whose a model is that names no provider."""

PROVIDERS = {
    one.name: one
    for one in (
        Provider("openai", "https://api.openai.com/v1", responses=True),
        Provider("anthropic", "https://api.anthropic.com", speaks="anthropic"),
        Provider("azure", speaks="azure"),
        Provider("azure_ai", speaks="azure"),
        Provider("bedrock", speaks="bedrock", regional=True),
        Provider("bedrock_converse", speaks="bedrock", regional=True),
        Provider("cohere", "https://api.cohere.com", speaks="cohere"),
        Provider("gemini", "https://generativelanguage.googleapis.com/v1beta", path="/v1beta", speaks="gemini"),
        Provider("jina_ai", "https://api.jina.ai/v1", speaks="retrieval", untested=True),
        Provider("vertex_ai", "https://aiplatform.googleapis.com", speaks="vertex_ai"),
        Provider("voyage", "https://api.voyageai.com/v1", speaks="retrieval", untested=True),
        Provider("baseten", "https://inference.baseten.co/v1"),
        Provider("cerebras", "https://api.cerebras.ai/v1"),
        Provider("dashscope", "https://dashscope.aliyuncs.com/compatible-mode/v1"),
        Provider("deepinfra", "https://api.deepinfra.com/v1/openai"),
        Provider("deepseek", "https://api.deepseek.com/v1"),
        Provider("fireworks_ai", "https://api.fireworks.ai/inference/v1"),
        Provider("groq", "https://api.groq.com/openai/v1"),
        Provider("huggingface", "https://router.huggingface.co/v1"),
        Provider("mistral", "https://api.mistral.ai/v1", refuses=("stream_options",)),  # its streams say what they used
        Provider("moonshot", "https://api.moonshot.ai/v1"),
        Provider("nebius", "https://api.tokenfactory.nebius.com/v1"),
        Provider("novita", "https://api.novita.ai/openai/v1"),
        Provider("nvidia_nim", "https://integrate.api.nvidia.com/v1"),
        Provider("openrouter", "https://openrouter.ai/api/v1", hands_on=True),
        Provider("perplexity", "https://api.perplexity.ai"),
        Provider("sambanova", "https://api.sambanova.ai/v1"),
        Provider("together_ai", "https://api.together.ai/v1", rerank=True),
        Provider("xai", "https://api.x.ai/v1", responses=True),
        Provider("zai", "https://api.z.ai/api/paas/v4"),
        # Servers of one's own.
        Provider("ollama", "http://localhost:11434/v1", path="/v1"),
        Provider("ollama_chat", "http://localhost:11434/v1", path="/v1"),
        Provider("llamafile", "http://127.0.0.1:8080/v1"),
        Provider("lm_studio"),
        Provider("hosted_vllm", rerank=True),
        Provider("litellm_proxy", responses=True, rerank=True),
        Provider("custom_openai"),
    )
}


def provider_and_model(text: str) -> tuple[str, str]:
    """`groq/llama/x` as `("groq", "llama/x")`; a name without a provider that we know is `openai`'s as it stands."""
    prefix, slash, rest = text.partition("/")
    return (prefix, rest) if slash and prefix in PROVIDERS else (DEFAULT, text)


def unknown_provider(text: str) -> str | None:
    """What stands before the first slash of a model's name when it is no provider that we know, else None."""
    prefix, slash, _ = text.partition("/")
    return prefix if slash and prefix not in PROVIDERS else None


def base_of(provider: str, given: str | None) -> str | None:
    """The address of a model: the one that was given, else the provider's own; None when it has none."""
    known = PROVIDERS[provider]
    if not given:
        return known.api_base
    base = given.rstrip("/")
    return base + known.path if known.path and _has_no_path(base) else base


def _has_no_path(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:  # refused with its reason where the address is checked
        return False
    return bool(parts.netloc) and not (parts.path or parts.query or parts.fragment)
