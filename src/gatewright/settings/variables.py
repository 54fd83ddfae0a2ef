"""The variables in which people keep a provider's address and credentials: data.

Source: LiteLLM's documents of its providers, and contract litellm 4.4. They are read for entries of the config file
only: a deployment that a person adds must not take the operator's key to an address of that person's choosing.
"""

from collections.abc import Mapping
from typing import NamedTuple

Names = Mapping[str, tuple[str, ...]]
"""A member of `litellm_params`: the variables that stand in for it, the first that is set wins."""


class Variables(NamedTuple):
    """`plain` members are filled one by one; `credentials` are whole ways to sign in.

    The first of them whose first member is set counts, and only for an entry that brings no member of any of them:
    halves of two sign-ins never mix.
    """

    credentials: tuple[Names, ...]
    plain: Names


AWS = Variables(
    (
        {"api_key": ("AWS_BEARER_TOKEN_BEDROCK",)},
        {
            "aws_access_key_id": ("AWS_ACCESS_KEY_ID",),
            "aws_secret_access_key": ("AWS_SECRET_ACCESS_KEY",),
            "aws_session_token": ("AWS_SESSION_TOKEN",),
        },
    ),
    {
        "aws_region_name": ("AWS_REGION_NAME", "AWS_REGION", "AWS_DEFAULT_REGION"),
        "aws_bedrock_runtime_endpoint": ("AWS_BEDROCK_RUNTIME_ENDPOINT",),
        "aws_role_name": ("AWS_ROLE_NAME",),
        "aws_session_name": ("AWS_SESSION_NAME",),
        "aws_external_id": ("AWS_EXTERNAL_ID",),
    },
)
AZURE = Variables(
    (
        {"api_key": ("AZURE_API_KEY", "AZURE_OPENAI_API_KEY")},
        {"azure_ad_token": ("AZURE_AD_TOKEN",)},
        {
            "client_secret": ("AZURE_CLIENT_SECRET",),
            "client_id": ("AZURE_CLIENT_ID",),
            "tenant_id": ("AZURE_TENANT_ID",),
        },
    ),
    {
        "api_base": ("AZURE_API_BASE",),
        "api_version": ("AZURE_API_VERSION",),
        "azure_scope": ("AZURE_SCOPE",),
        "azure_authority_host": ("AZURE_AUTHORITY_HOST",),
    },
)
VERTEX = Variables(
    ({"vertex_credentials": ("VERTEXAI_CREDENTIALS", "VERTEX_CREDENTIALS", "GOOGLE_APPLICATION_CREDENTIALS")},),
    {
        "vertex_project": ("VERTEXAI_PROJECT", "VERTEX_PROJECT"),
        "vertex_location": ("VERTEXAI_LOCATION", "VERTEX_LOCATION"),
        "api_base": ("VERTEXAI_API_BASE", "VERTEX_API_BASE"),
    },
)


def _of(keys: tuple[str, ...], bases: tuple[str, ...] = (), **plain: tuple[str, ...]) -> Variables:
    return Variables(({"api_key": keys},), {**({"api_base": bases} if bases else {}), **plain})


UNUSUAL: Mapping[str, Variables] = {
    "openai": _of(("OPENAI_API_KEY",), ("OPENAI_BASE_URL", "OPENAI_API_BASE"), organization=("OPENAI_ORGANIZATION",)),
    "anthropic": _of(("ANTHROPIC_API_KEY",), ("ANTHROPIC_API_BASE", "ANTHROPIC_BASE_URL")),
    "bedrock": AWS,
    "bedrock_converse": AWS,
    "azure": AZURE,
    "azure_ai": _of(("AZURE_AI_API_KEY",), ("AZURE_AI_API_BASE",)),
    "vertex_ai": VERTEX,
    "gemini": _of(("GEMINI_API_KEY", "GOOGLE_API_KEY"), ("GEMINI_API_BASE",)),
    "cohere": _of(("COHERE_API_KEY", "CO_API_KEY"), ("COHERE_API_BASE",)),
    "fireworks_ai": _of(
        ("FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY", "FIREWORKSAI_API_KEY", "FIREWORKS_AI_TOKEN"),
        ("FIREWORKS_API_BASE",),
    ),
    "huggingface": _of(("HUGGINGFACE_API_KEY", "HF_TOKEN"), ("HF_API_BASE", "HUGGINGFACE_API_BASE")),
    "jina_ai": _of(("JINA_AI_API_KEY", "JINA_API_KEY", "JINA_AI_TOKEN"), ("JINA_AI_API_BASE",)),
    "ollama_chat": _of(("OLLAMA_API_KEY",), ("OLLAMA_API_BASE",)),
    "openrouter": _of(("OPENROUTER_API_KEY", "OR_API_KEY"), ("OPENROUTER_API_BASE",)),
    "perplexity": _of(("PERPLEXITYAI_API_KEY", "PERPLEXITY_API_KEY"), ("PERPLEXITY_API_BASE",)),
    "together_ai": _of(
        ("TOGETHER_API_KEY", "TOGETHER_AI_API_KEY", "TOGETHERAI_API_KEY", "TOGETHER_AI_TOKEN"),
        ("TOGETHER_AI_API_BASE",),
    ),
    "voyage": _of(("VOYAGE_API_KEY", "VOYAGE_AI_API_KEY", "VOYAGE_AI_TOKEN"), ("VOYAGE_API_BASE",)),
    # A protocol, not a provider: whose key would it be?
    "custom_openai": Variables((), {}),
}


def variables_of(provider: str) -> Variables:
    """Its own, else `<PROVIDER>_API_KEY` and `<PROVIDER>_API_BASE`."""
    found = UNUSUAL.get(provider)
    return found or _of((f"{provider.upper()}_API_KEY",), (f"{provider.upper()}_API_BASE",))
