"""Routing, caching and Valkey: what each key of the file does to the result."""

import re
from pathlib import Path
from typing import Any

import pytest
from tests.unit.settings.test_load import settings

from gatewright.domain.errors import SettingInvalid
from gatewright.settings.caching import CACHING, Caching
from gatewright.settings.keys import find
from gatewright.settings.router import ALLOWED_FAILS, RETRIES, ROUTER, Alias, Router
from gatewright.settings.valkey import VALKEY

ROUTING: list[tuple[str, str, str, Any]] = [
    ("router_settings", "routing_strategy: least-busy", "strategy", "least-busy"),
    ("router_settings", "num_retries: 5", "num_retries", 5),
    ("litellm_settings", 'num_retries: "0"', "num_retries", 0),
    ("router_settings", "max_fallbacks: 1", "max_fallbacks", 1),
    ("litellm_settings", "max_fallbacks: 2", "max_fallbacks", 2),
    ("router_settings", "timeout: 7", "timeout_s", 7.0),
    ("router_settings", "stream_timeout: 2.5", "stream_timeout_s", 2.5),
    ("router_settings", "retry_after: 3", "retry_after_s", 3.0),
    ("router_settings", "fallbacks: [{m: [n]}]", "fallbacks", {"m": ("n",)}),
    ("litellm_settings", "fallbacks: [{m: [n], n: [m]}, {m: [m, n]}]", "fallbacks", {"m": ("m", "n"), "n": ("m",)}),
    ("router_settings", "context_window_fallbacks: [{m: [n]}]", "context_window_fallbacks", {"m": ("n",)}),
    ("litellm_settings", "context_window_fallbacks: [{m: [n]}]", "context_window_fallbacks", {"m": ("n",)}),
    ("router_settings", "content_policy_fallbacks: [{m: [n]}]", "content_policy_fallbacks", {"m": ("n",)}),
    ("litellm_settings", "content_policy_fallbacks: [{m: [n]}]", "content_policy_fallbacks", {"m": ("n",)}),
    ("router_settings", "default_fallbacks: [n]", "default_fallbacks", ("n",)),
    ("litellm_settings", "default_fallbacks: [m, n]", "default_fallbacks", ("m", "n")),
    ("router_settings", "retry_policy: {RateLimitErrorRetries: 4}", "retry_policy", {"RateLimitErrorRetries": 4}),
    (
        *("router_settings", "model_group_retry_policy: {m: {TimeoutErrorRetries: 0}}", "group_retry_policy"),
        {"m": {"TimeoutErrorRetries": 0}},
    ),
    ("router_settings", "allowed_fails: 0", "allowed_fails", 0),
    ("litellm_settings", "allowed_fails: 9", "allowed_fails", 9),
    (
        *("router_settings", "allowed_fails_policy: {TimeoutErrorAllowedFails: 2}", "allowed_fails_policy"),
        {"TimeoutErrorAllowedFails": 2},
    ),
    ("router_settings", "cooldown_time: 0", "cooldown_s", 0.0),
    ("router_settings", 'disable_cooldowns: "True"', "disable_cooldowns", True),
    ("router_settings", "enable_tag_filtering: true", "tag_filtering", True),
    ("router_settings", "model_group_alias: {x: m}", "aliases", {"x": Alias("m")}),
    ("router_settings", "model_group_alias: {x: {model: m, hidden: yes}}", "aliases", {"x": Alias("m", hidden=True)}),
    ("litellm_settings", "drop_params: true", "drop_params", True),
]
MODELS = "model_list: [{model_name: m, litellm_params: {model: x}}, {model_name: n, litellm_params: {model: x}}]\n"


@pytest.mark.parametrize(("section", "line", "field", "value"), ROUTING, ids=[f"{row[0]}.{row[1]}" for row in ROUTING])
def test_a_key_sets_its_field(tmp_path: Path, section: str, line: str, field: str, value: Any) -> None:
    found = settings(tmp_path, f"{MODELS}{section}: {{{line}}}")
    assert getattr(Router(), field) != value
    assert getattr(found.router, field) == value
    assert found.warnings == ()


def test_every_key_of_the_table_is_tested_here() -> None:
    tested = {f"{section}.{line.partition(':')[0]}" for section, line, *_ in ROUTING}
    assert {name for one in ROUTER for name in one.files} == tested
    assert {one.field for one in ROUTER} == set(Router.__struct_fields__)
    assert {one.field for one in CACHING} == set(Caching.__struct_fields__)


def test_the_defaults_of_the_table_are_those_of_the_values(tmp_path: Path) -> None:
    assert settings(tmp_path).router == Router()
    assert settings(tmp_path).caching == Caching()


def test_router_settings_count_before_litellm_settings_and_a_variable_before_both(tmp_path: Path) -> None:
    config = "litellm_settings: {num_retries: 1, drop_params: true}\nrouter_settings: {num_retries: 4}"
    assert settings(tmp_path, config).router.num_retries == 4
    assert not settings(tmp_path, config, LITELLM_DROP_PARAMS="false").router.drop_params
    assert settings(tmp_path, "", LITELLM_DROP_PARAMS="1").router.drop_params


@pytest.mark.parametrize("name", ["usage-based-routing", "usage-based-routing-v2", "provider-budget-routing"])
def test_a_strategy_that_only_litellm_has_is_named_and_replaced(tmp_path: Path, name: str) -> None:
    found = settings(tmp_path, f"router_settings: {{routing_strategy: {name}}}")
    assert found.router.strategy == "simple-shuffle"
    assert found.warnings == (
        f"config.yaml line 1: router_settings.routing_strategy: {name} is LiteLLM's and not supported; "
        "simple-shuffle is used",
    )


WRONG = [
    ("router_settings: {routing_strategy: latency}", "routing_strategy .*'latency' is not a strategy"),
    ("router_settings: {num_retries: -1}", "num_retries .*-1 is negative"),
    ("router_settings: {num_retries: [1]}", "num_retries .*it is not one value"),
    ("router_settings: {fallbacks: {a: [b]}}", "fallbacks .*it is a mapping"),
    ("router_settings: {fallbacks: [a]}", r"fallbacks\[0\] .*it is text"),
    ("router_settings: {fallbacks: [{a: [b, {model: c}]}]}", r"fallbacks\[0\].a\[1\] .*it is a mapping"),
    ("router_settings: {default_fallbacks: [[]]}", r"default_fallbacks\[0\] .*it is a list"),
    ("router_settings: {retry_policy: {TimeoutErrorRetries: x}}", "retry_policy.TimeoutErrorRetries .*'x' is not a"),
    ("router_settings: {model_group_retry_policy: {m: 3}}", "model_group_retry_policy.m .*it is 3"),
    ("router_settings: {model_group_alias: {a: {hidden: true}}}", "model_group_alias.a .*its model is missing"),
    ("router_settings: {cooldown_time: 1e9}", "cooldown_time .*more than a day"),
    ("router_settings: {timeout: nan}", "timeout .*'nan' is not a number of seconds"),
    ("router_settings: {cooldown_time: inf}", "cooldown_time .*'inf' is not a number"),
    ("litellm_settings: {cache_params: {type: memory}}", "cache_params.type .*'memory' is not a kind"),
    ("litellm_settings: {cache_params: {mode: off}}", "cache_params.mode .*'false' is not a mode"),
    ("litellm_settings: {cache_params: {supported_call_types: [completions]}}", r"supported_call_types\[0\]"),
    ("litellm_settings: {cache: true, cache_params: {type: redis}}", "nothing says where that is"),
    ("router_settings: {redis_url: http://x}", "redis_url .*it is not a Redis URL"),
    ("router_settings: {redis_host: h, redis_port: tcp}", "redis_port .*'tcp' is not a whole number"),
]


@pytest.mark.parametrize(("config", "text"), WRONG, ids=[row[0][:60] for row in WRONG])
def test_a_wrong_value_is_named(tmp_path: Path, config: str, text: str) -> None:
    with pytest.raises(SettingInvalid, match=text):
        settings(tmp_path, config)


NAMED = [
    ("fallbacks: [{mm: [n]}]", "fallbacks names the model 'mm', which is not in the file"),
    ("default_fallbacks: [nowhere]", "default_fallbacks names the model 'nowhere', which is not in the file"),
    ("model_group_alias: {x: zz}", "model_group_alias.x names the model 'zz'"),
    ("model_group_retry_policy: {zz: {}}", "model_group_retry_policy names the model 'zz'"),
]


@pytest.mark.parametrize(("line", "text"), NAMED)
def test_a_model_that_the_file_has_not_is_doubted(tmp_path: Path, line: str, text: str) -> None:
    [warning] = settings(tmp_path, f"{MODELS}router_settings: {{{line}}}").warnings
    assert re.search(text, warning)


def test_patterns_aliases_and_the_star_are_models_too(tmp_path: Path) -> None:
    config = (
        'model_list: [{model_name: "groq/*", litellm_params: {model: "groq/*"}}]\n'
        'router_settings: {fallbacks: [{"*": [groq/x, y]}], model_group_alias: {y: groq/z}}'
    )
    assert settings(tmp_path, config).warnings == ()


CACHES: list[tuple[str, dict[str, str], Caching]] = [
    ("cache: true", {}, Caching(enabled=True)),
    ("cache: true", {"REDIS_HOST": "h"}, Caching(enabled=True, kind="redis")),
    ("cache: true, cache_params: {type: local}", {"REDIS_HOST": "h"}, Caching(enabled=True)),
    ("cache: true, cache_params: {type: redis, host: h}", {}, Caching(enabled=True, kind="redis")),
    ("cache: false, cache_params: {type: redis}", {}, Caching(kind="redis")),
    (
        "cache_params: {ttl: 5, namespace: n, mode: default_off}",
        {},
        Caching(ttl_s=5.0, namespace="n", default_on=False),
    ),
    (
        "cache_params: {supported_call_types: [acompletion, embedding, atranscription, anthropic_messages]}",
        {},
        Caching(call_types=frozenset({"completion", "embedding", "transcription", "anthropic_messages"})),
    ),
    ("cache: false", {"GATEWRIGHT_CACHE_MAX_ENTRIES": "7"}, Caching(max_entries=7)),
    ("cache: false", {"GATEWRIGHT_CACHE_MAX_ENTRY_KB": "2"}, Caching(max_entry_bytes=2000)),
]


@pytest.mark.parametrize(("line", "env", "caching"), CACHES)
def test_what_is_cached(tmp_path: Path, line: str, env: dict[str, str], caching: Caching) -> None:
    found = settings(tmp_path, f"litellm_settings: {{{line}}}", **env)
    assert found.caching == caching
    assert found.warnings == ()


def test_a_cache_that_only_litellm_has_is_named_and_off(tmp_path: Path) -> None:
    found = settings(tmp_path, "litellm_settings: {cache: true, cache_params: {type: qdrant-semantic}}")
    assert not found.caching.enabled
    assert "qdrant-semantic is LiteLLM's and not supported; nothing is cached" in found.warnings[0]


REDIS: list[tuple[str, dict[str, str], str | None]] = [
    ("", {}, None),
    ("", {"REDIS_URL": "redis://u:p@h:1/2"}, "redis://u:p@h:1/2"),
    ("", {"REDIS_URL": "valkeys://h"}, "rediss://h"),
    ("", {"REDIS_URL": "unix:///run/valkey.sock"}, "unix:///run/valkey.sock"),
    ("", {"REDIS_PORT": "tcp://10.0.0.1:6379"}, None),
    ("", {"REDIS_HOST": "h", "REDIS_PORT": "7", "REDIS_PASSWORD": "a/b@c"}, "redis://:a%2Fb%40c@h:7/0"),
    ("", {"REDIS_HOST": "h", "REDIS_USERNAME": "me", "REDIS_DB": "3", "REDIS_SSL": "true"}, "rediss://me@h:6379/3"),
    ("", {"REDIS_HOST": "fd00::1"}, "redis://[fd00::1]:6379/0"),
    ("router_settings: {redis_url: redis://f}", {}, "redis://f"),
    ("router_settings: {redis_url: redis://f}", {"REDIS_URL": "redis://e"}, "redis://e"),
    ("router_settings: {redis_host: f, redis_port: 1, redis_password: x, redis_db: 2}", {}, "redis://:x@f:1/2"),
    (
        "litellm_settings: {cache_params: {host: c, port: 1, password: x, username: u, db: 1, ssl: true}}",
        {},
        "rediss://u:x@c:1/1",
    ),
    ("litellm_settings: {cache_params: {url: redis://c}}", {}, "redis://c"),
]


@pytest.mark.parametrize(("config", "env", "url"), REDIS)
def test_where_valkey_is(tmp_path: Path, config: str, env: dict[str, str], url: str | None) -> None:
    found = settings(tmp_path, config, **env)
    assert found.redis_url == url
    assert found.warnings == ()


def test_a_wrong_url_of_valkey_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(SettingInvalid) as error:
        settings(tmp_path, REDIS_URL="redis//:hidden@h")
    assert "hidden" not in f"{error.value.message} {error.value.hint}"


def test_every_key_of_valkey_is_named_as_litellm_names_it() -> None:
    for name in (name for one in VALKEY for name in one.files):
        section, _, key = name.rpartition(".")
        found = find(section.rpartition(".")[2], key)
        assert found is not None, name
        assert found.status == "differs"


def test_the_policies_know_litellms_names() -> None:
    for place, known in (("retry_policy", RETRIES), ("allowed_fails_policy", ALLOWED_FAILS)):
        assert all((found := find(place, name)) is not None and found.status == "works" for name in known)
