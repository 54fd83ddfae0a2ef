"""What servers of this dialect take, where they differ: data.

Source: each provider's API reference for chat completions, November 2026. A server that is not known gets what OpenAI's
API had when everybody copied it. Thoughts go back only to those that say they take them: many refuse a message with a
member that they do not know.
"""

import re
from typing import NamedTuple

_LACKED_BY_MOST = frozenset({"top_k"})


class Server(NamedTuple):
    """`thoughts` is the member of an assistant's message that takes thoughts back: `reasoning_content`, `reasoning`,
    `thinking_blocks` (LiteLLM) or `reasoning_details` (OpenRouter); None where they cannot be sent back.

    `marks`: it takes `cache_control`. `tokens` is the limit's name for models that do not decide it. `seed` and
    `must_call` are its words for the seed and for `tool_choice: required`. `plain`: it wants texts as one string.
    `steered`: it knows OpenAI's newer parameters, which change nothing
    in the answer. `asks`: reasoning is asked for by OpenRouter's object. `lacks` are members of the model that it has
    no parameter for.
    """

    thoughts: str | None = None
    marks: bool = False
    tokens: str = "max_tokens"
    seed: str = "seed"
    must_call: str = "required"
    plain: bool = False
    steered: bool = False
    asks: bool = False
    lacks: frozenset[str] = _LACKED_BY_MOST


ALL = frozenset[str]()
STEERING = frozenset({"prompt_cache_key", "prompt_cache_retention", "safety_identifier"})

_OPENAI = Server(steered=True)
_USUAL = Server()

SERVERS = {
    "openai": _OPENAI,
    "azure": _OPENAI._replace(tokens="max_completion_tokens"),
    "azure_ai": _USUAL,
    "baseten": _USUAL,
    "cerebras": _USUAL,
    "dashscope": Server(lacks=ALL),
    "deepinfra": Server(lacks=ALL),
    "deepseek": Server(thoughts="reasoning_content", plain=True),
    "fireworks_ai": Server(thoughts="reasoning_content", lacks=ALL),
    "groq": Server(tokens="max_completion_tokens"),
    "hosted_vllm": Server(thoughts="reasoning_content", lacks=ALL),
    "huggingface": _USUAL,
    "litellm_proxy": Server(thoughts="thinking_blocks", marks=True, lacks=ALL, steered=True),
    "llamafile": Server(thoughts="reasoning_content", lacks=ALL),
    "lm_studio": Server(thoughts="reasoning_content", lacks=ALL),
    "mistral": Server(
        seed="random_seed",
        must_call="any",
        lacks=frozenset({"top_k", "user", "logprobs", "top_logprobs", "logit_bias", "verbosity", "service_tier"}),
    ),
    "moonshot": Server(thoughts="reasoning_content"),
    "nebius": _USUAL,
    "novita": Server(lacks=ALL),
    "nvidia_nim": _USUAL,
    "ollama": Server(thoughts="reasoning"),
    "ollama_chat": Server(thoughts="reasoning"),
    "openrouter": Server(thoughts="reasoning_details", marks=True, asks=True, lacks=ALL),
    "perplexity": Server(plain=True, lacks=ALL),
    "sambanova": Server(plain=True, lacks=ALL),
    "together_ai": Server(lacks=ALL),
    "xai": _USUAL,
    "zai": Server(thoughts="reasoning_content"),
}

_COUNTS_THOUGHTS = re.compile(r"(?:.*/)?(?:ft:)?(?:o[1-9]|gpt-(?:[5-9]|[1-9]\d))(?![a-z0-9])")


def server_of(provider: str) -> Server:
    """By the provider's name in `settings.providers`."""
    return SERVERS.get(provider, _USUAL)


def limit_name(server: Server, model: str) -> str:
    """OpenAI's reasoning models refuse `max_tokens`; most other servers know nothing else."""
    return "max_completion_tokens" if _COUNTS_THOUGHTS.match(model.lower()) else server.tokens
