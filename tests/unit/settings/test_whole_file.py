"""A config.yaml as people have them, with every section: what of it counts, and what is said of the rest."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gatewright.domain.money import Price
from gatewright.settings.caching import Caching
from gatewright.settings.load import Examination, examine
from gatewright.settings.router import Alias, Router
from gatewright.settings.schema import ModelEntry, Settings

FILE = Path(__file__).parent / "files" / "config.yaml"
SECRETS = {
    "VLLM_KEY": "sk-vllm-secret",
    "OPENAI_KEY_EU": "sk-eu-secret",
    "TEAM_HEADER_VALUE": "hush-hush-secret",
    "OPENAI_API_KEY": "sk-usual-secret",
    "GROQ_API_KEY": "gsk-usual-secret",
    "OPENAI_SHARED_KEY": "sk-shared-secret",
    "COHERE_KEY": "co-secret",
    "VALKEY_PASSWORD": "p@ss/secret",
    "OPENROUTER_API_KEY": "or-usual-secret",
    "TOGETHERAI_API_KEY": "tg-usual-secret",
}

WARNINGS = """
config.yaml line 19: model_list[0].model_info.access_groups is LiteLLM's and not supported; it has no effect
config.yaml line 35: model_list[2].litellm_params.max_budget is LiteLLM's and not supported; it has no effect: no limit is kept
config.yaml line 41: model_list[4].litellm_params.temprature is not known; it has no effect. Did you mean temperature? What is meant for the provider as it is belongs in extra_body
config.yaml line 42: model_list[4].litellm_params.some_new_option is not known; it is sent to the provider as it is. Write it in extra_body when that is meant
config.yaml line 55: model_list[7].litellm_params.api_version means nothing to the provider openrouter; it has no effect
config.yaml line 67: litellm_settings.set_verbose is LiteLLM's and not supported; it has no effect
config.yaml line 72: litellm_settings.success_callback is LiteLLM's and not supported; it has no effect
config.yaml line 73: litellm_settings.turn_off_message_logging is LiteLLM's and not supported; it has no effect: prompts and answers are never written down
config.yaml line 81: litellm_settings.cache_params.similarity_threshold is LiteLLM's and not supported; it has no effect
config.yaml line 82: litellm_settings.cache_params.max_conections is not known; it has no effect. Did you mean max_connections?
config.yaml line 83: litellm_settings.num_retry is not known; it has no effect. Did you mean num_retries?
config.yaml line 84: litellm_settings.max_budget is LiteLLM's and not supported; it has no effect: no budget is kept
config.yaml line 89: router_settings.routing_strategy_args is LiteLLM's and not supported; it has no effect
config.yaml line 98: router_settings.content_policy_fallbacks names the model 'quen', which is not in the file: it counts once somebody adds it. Did you mean qwen?
config.yaml line 99: router_settings.retry_policy.RateLimitRetries is not known; it has no effect. Did you mean RateLimitErrorRetries?
config.yaml line 113: router_settings.enable_pre_call_checks is LiteLLM's and not supported; it has no effect
config.yaml line 114: router_settings.master_key is not known; it has no effect. It belongs in general_settings
config.yaml line 121: general_settings.alerting is LiteLLM's and not supported; it has no effect
config.yaml line 122: general_settings.proxy_batch_write_at is LiteLLM's and not supported; it has no effect
config.yaml line 123: general_settings.database_connection_pool_limit is LiteLLM's and not supported; it has no effect
config.yaml line 124: general_settings.disable_spend_log is not known; it has no effect. Did you mean disable_spend_logs?
config.yaml line 132: guardrails is LiteLLM's and not supported; it has no effect: no request is checked
config.yaml line 136: modle_list is not known; it has no effect. Did you mean model_list?
"""  # noqa: E501 - each is one line


@pytest.fixture(scope="module")
def found() -> Examination:
    return examine({"--config": str(FILE)}, SECRETS)


@pytest.fixture(scope="module")
def settings(found: Examination) -> Settings:
    assert found.settings is not None
    return found.settings


def test_it_loads_with_exactly_these_warnings(settings: Settings) -> None:
    assert list(settings.warnings) == WARNINGS.strip().split("\n")


def test_the_entries_are_there_with_those_of_the_included_file_behind_them(settings: Settings) -> None:
    assert [(one.name, one.provider, one.upstream_model, one.api_base, one.credential) for one in settings.models] == [
        ("gpt-4o", "openai", "gpt-4o-2024-08-06", "https://eu.api.openai.com/v1", "api_key"),
        ("gpt-4o", "openai", "gpt-4o", "https://api.openai.com/v1", "OPENAI_API_KEY"),
        ("gpt-5-responses", "openai", "gpt-5", "https://api.openai.com/v1", "OPENAI_API_KEY"),
        ("groq/*", "groq", "*", "https://api.groq.com/openai/v1", "GROQ_API_KEY"),
        (
            *("together", "together_ai", "meta-llama/Llama-3.3-70B-Instruct-Turbo"),
            *("https://api.together.ai/v1", "TOGETHERAI_API_KEY"),
        ),
        ("embed", "openai", "text-embedding-3-small", "https://api.openai.com/v1", "api_key"),
        ("rerank", "cohere", "rerank-v3.5", "https://api.cohere.com", "api_key"),
        (
            *("sonnet-router", "openrouter", "anthropic/claude-sonnet-4.5"),
            *("https://openrouter.ai/api/v1", "OPENROUTER_API_KEY"),
        ),
        ("qwen", "hosted_vllm", "Qwen/Qwen3-32B", "http://10.1.2.3:8000/v1", "api_key"),
        ("qwen", "hosted_vllm", "Qwen/Qwen3-32B", "http://10.1.2.4:8000/v1", "api_key"),
        ("llama-local", "ollama_chat", "llama3.1", "http://10.1.2.9:11434/v1", None),
    ]
    assert [one.api_key for one in settings.models[:3]] == ["sk-eu-secret", "sk-usual-secret", "sk-usual-secret"]
    assert settings.models[5].api_key == "sk-shared-secret"
    assert settings.models[-2].api_key == "sk-vllm-secret"


ALWAYS = {"max_retries": 1, "drop_params": True}
PARAMS: list[tuple[int, dict[str, Any]]] = [
    (
        0,
        {
            "max_retries": 0,
            "drop_params": True,
            "rpm": 500,
            "tpm": 300000,
            "order": 1,
            "timeout": 60.0,
            "stream_timeout": 12.5,
            "tags": ("paid", "eu"),
            "extra_headers": {"OpenAI-Organization": "org-acme"},
            "mode": "chat",
            "base_model": "gpt-4o",
        },
    ),
    (
        1,
        {
            **ALWAYS,
            "weight": 2.0,
            "order": 2,
            "extra_headers": {"X-Team": "platform", "X-Secret": "hush-hush-secret"},
            "defaults": {"temperature": 0.2, "max_tokens": 4096},
        },
    ),
    (2, {**ALWAYS, "mode": "responses", "defaults": {"reasoning_effort": "low"}}),
    (3, ALWAYS),
    (4, {**ALWAYS, "defaults": {"some_new_option": 7}}),
    (5, {**ALWAYS, "mode": "embedding", "defaults": {"dimensions": 512}}),
    (
        8,
        {
            **ALWAYS,
            "rpm": 600,
            "timeout": 45.0,
            "defaults": {"chat_template_kwargs": {"enable_thinking": False}},
        },
    ),
    (10, {**ALWAYS, "defaults": {"keep_alive": "8m"}}),
]


@pytest.mark.parametrize(("index", "params"), PARAMS)
def test_what_an_entry_says_is_typed(settings: Settings, index: int, params: dict[str, Any]) -> None:
    assert settings.models[index].params == params


def test_costs_and_ids(settings: Settings) -> None:
    first, second, *_ = settings.models
    assert (first.id, settings.models[8].id, settings.models[9].id) == ("gpt-4o-eu", "qwen-a", "qwen-b")
    assert first.price is None
    assert second.price == Price(input=2_500_000_000, output=10_000_000_000, cached_input=1_250_000_000)
    assert settings.models[5].price == Price(input=20_000_000, output=0)
    assert settings.models[8].price == Price(input=0, output=0)
    assert first.info["base_model"] == "gpt-4o"
    assert len({one.id for one in settings.models}) == len(settings.models)


def test_routing(settings: Settings) -> None:
    assert settings.router == Router(
        strategy="latency-based-routing",
        num_retries=2,
        max_fallbacks=3,
        timeout_s=90.0,
        stream_timeout_s=30.0,
        retry_after_s=1.0,
        fallbacks={"gpt-4o": ("qwen", "groq/llama-3.3-70b-versatile"), "*": ("llama-local",)},
        context_window_fallbacks={"qwen": ("gpt-4o",)},
        content_policy_fallbacks={"gpt-4o": ("quen",)},
        default_fallbacks=("gpt-4o",),
        retry_policy={"RateLimitErrorRetries": 3, "TimeoutErrorRetries": 1, "RateLimitRetries": 9},
        group_retry_policy={"gpt-4o": {"InternalServerErrorRetries": 0}},
        allowed_fails=4,
        allowed_fails_policy={"TimeoutErrorAllowedFails": 12},
        cooldown_s=30.0,
        tag_filtering=True,
        aliases={"gpt-4": Alias("gpt-4o"), "legacy": Alias("qwen", hidden=True)},
        drop_params=True,
    )


def test_cache_and_the_rest(settings: Settings) -> None:
    assert settings.caching == Caching(
        enabled=True,
        kind="redis",
        ttl_s=120.0,
        namespace="acme",
        default_on=False,
        call_types=frozenset({"completion", "embedding"}),
    )
    assert settings.redis_url == "redis://:p%40ss%2Fsecret@valkey.internal:6380/0"
    assert settings.master_key == "sk-acme-9f83-not-for-real"
    assert settings.database_url == "postgresql://acme:pw-of-acme@db.internal:5432/gateway"
    assert (settings.request_timeout_s, settings.max_request_bytes) == (100.0, 50_000_000)


def shown(value: Any) -> Iterator[str]:
    """Everything that a careless log line could show."""
    yield repr(value)
    yield str(value)


def test_no_secret_is_in_what_may_be_shown(found: Examination, settings: Settings) -> None:
    words = [*SECRETS.values(), "pw-of-acme", "sk-acme-9f83"]
    things: list[Any] = [settings, *settings.models, *found.findings, *found.errors, *settings.warnings]
    text = "\n".join(line for thing in things for line in shown(thing))
    assert [word for word in words if word in text] == []


def test_an_entry_shows_no_secret_through_its_fields() -> None:
    entry = ModelEntry("n", "openai", "m", None, "sk-secret", "id", params={"aws_secret_access_key": "sk-secret"})
    assert "secret" not in repr(entry)
