"""The table of providers: where each one's models are, and how a prefixed name is read."""

from pathlib import Path

import pytest
from tests.unit.settings.test_load import settings

from gatewright.domain.errors import SettingInvalid
from gatewright.settings.providers import PROVIDERS, base_of, provider_and_model
from gatewright.spend.prices import Prices

# Each provider's endpoint for chat completions as its own documentation has it.
CHAT = {
    "openai": "https://api.openai.com/v1/chat/completions",
    "baseten": "https://inference.baseten.co/v1/chat/completions",
    "dashscope": "https://dashscope.aliyuncs.com/compatible-mode/v1/chat/completions",
    "nebius": "https://api.tokenfactory.nebius.com/v1/chat/completions",
    "novita": "https://api.novita.ai/openai/v1/chat/completions",
    "cerebras": "https://api.cerebras.ai/v1/chat/completions",
    "deepinfra": "https://api.deepinfra.com/v1/openai/chat/completions",
    "deepseek": "https://api.deepseek.com/v1/chat/completions",
    "fireworks_ai": "https://api.fireworks.ai/inference/v1/chat/completions",
    "groq": "https://api.groq.com/openai/v1/chat/completions",
    "huggingface": "https://router.huggingface.co/v1/chat/completions",
    "mistral": "https://api.mistral.ai/v1/chat/completions",
    "moonshot": "https://api.moonshot.ai/v1/chat/completions",
    "nvidia_nim": "https://integrate.api.nvidia.com/v1/chat/completions",
    "openrouter": "https://openrouter.ai/api/v1/chat/completions",
    "perplexity": "https://api.perplexity.ai/chat/completions",
    "sambanova": "https://api.sambanova.ai/v1/chat/completions",
    "together_ai": "https://api.together.ai/v1/chat/completions",
    "xai": "https://api.x.ai/v1/chat/completions",
    "zai": "https://api.z.ai/api/paas/v4/chat/completions",
    "ollama": "http://localhost:11434/v1/chat/completions",
    "ollama_chat": "http://localhost:11434/v1/chat/completions",
    "llamafile": "http://127.0.0.1:8080/v1/chat/completions",
    "lm_studio": None,
    "hosted_vllm": None,
    "litellm_proxy": None,
    "custom_openai": None,
}


def config(model: str, api_base: str | None = None) -> str:
    base = "" if api_base is None else f', api_base: "{api_base}"'
    return f'model_list: [{{model_name: m, litellm_params: {{model: "{model}"{base}}}}}]'


def test_every_provider_is_in_the_test() -> None:
    assert CHAT.keys() == {name for name, one in PROVIDERS.items() if one.speaks == "openai"}


@pytest.mark.parametrize(("provider", "url"), CHAT.items())
def test_a_provider_knows_its_address(tmp_path: Path, provider: str, url: str | None) -> None:
    name = f"{provider}/vendor/model:free"
    if url is None:
        with pytest.raises(SettingInvalid, match="api_base"):
            settings(tmp_path, config(name))
        name_at = config(name, "http://10.0.0.5:8000/v1/")
        url = "http://10.0.0.5:8000/v1/chat/completions"
    else:
        name_at = config(name)
    (entry,) = settings(tmp_path, name_at).models
    assert (entry.provider, entry.upstream_model) == (provider, "vendor/model:free")
    assert f"{entry.api_base}/chat/completions" == url


@pytest.mark.parametrize(
    ("provider", "given", "base"),
    [
        ("ollama", "http://gpu:11434", "http://gpu:11434/v1"),
        ("ollama_chat", "http://gpu:11434/", "http://gpu:11434/v1"),
        ("ollama", "http://gpu/v1", "http://gpu/v1"),
        ("ollama", "http://gpu/ollama/v1/", "http://gpu/ollama/v1"),
        ("ollama", "nothing", "nothing"),
        ("ollama", "http://[", "http://["),
        ("groq", "http://127.0.0.1:1", "http://127.0.0.1:1"),
        ("groq", "", "https://api.groq.com/openai/v1"),
        ("hosted_vllm", None, None),
    ],
)
def test_a_given_address_counts_before_the_providers_own(provider: str, given: str | None, base: str | None) -> None:
    assert base_of(provider, given) == base


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("gpt-x", ("openai", "gpt-x")),
        ("openrouter/openai/gpt-x", ("openrouter", "openai/gpt-x")),
        ("nowhere/gpt-x", ("openai", "nowhere/gpt-x")),
        ("groq", ("openai", "groq")),
        ("Groq/x", ("openai", "Groq/x")),
    ],
)
def test_a_prefix_that_is_known_is_taken_off_once(text: str, found: tuple[str, str]) -> None:
    assert provider_and_model(text) == found


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("cerebras", "gpt-oss-120b"),
        ("deepseek", "deepseek-chat"),
        ("fireworks_ai", "accounts/fireworks/models/gpt-oss-120b"),
        ("groq", "llama-3.3-70b-versatile"),
        ("mistral", "mistral-large-latest"),
        ("moonshot", "kimi-k2-0905-preview"),
        ("openrouter", "anthropic/claude-sonnet-4.5"),
        ("perplexity", "sonar"),
        ("together_ai", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
        ("xai", "grok-4"),
        ("zai", "glm-4.6"),
    ],
)
def test_the_price_table_knows_the_provider_by_that_name(provider: str, model: str) -> None:
    assert provider in PROVIDERS
    assert Prices().lookup(provider, model) is not None


@pytest.mark.parametrize(
    "provider", ["ollama", "ollama_chat", "llamafile", "lm_studio", "hosted_vllm", "litellm_proxy"]
)
def test_a_server_of_ones_own_has_nobody_elses_prices(provider: str) -> None:
    assert Prices().lookup(provider, "gpt-4o") is None
