"""Where a setting's value comes from, and what each variable does to the result."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from gatewright.domain.clock import DAY, HOUR
from gatewright.domain.errors import SettingInvalid
from gatewright.domain.money import Price
from gatewright.settings import saml as saml_settings
from gatewright.settings.load import load
from gatewright.settings.saml import SAML, Saml
from gatewright.settings.schema import SETTINGS, Settings
from gatewright.settings.trusted_header import TRUSTED_HEADER, TrustedHeader

KEY = "sk-a-key-for-tests-4711"


def settings(tmp_path: Path, config: str = "", flags: Mapping[str, str] | str = "", **env: str) -> Settings:
    """The settings of this environment and config file, of nothing else."""
    given = {} if isinstance(flags, str) else dict(flags)
    if config:
        (tmp_path / "config.yaml").write_text(config)
        given["--config"] = str(tmp_path / "config.yaml")
    return load(given, env)


EFFECTS: list[tuple[str, str, str, Any]] = [
    ("GATEWRIGHT_HOST", "0.0.0.0", "host", "0.0.0.0"),
    ("GATEWRIGHT_PORT", "4123", "port", 4123),
    ("GATEWRIGHT_WORKERS", "3", "workers", 3),
    ("GATEWRIGHT_DATA_DIR", "/srv/gatewright", "data_dir", Path("/srv/gatewright")),
    ("DATABASE_URL", "postgresql://u@h/d", "database_url", "postgresql://u@h/d"),
    ("PROXY_BASE_URL", "https://LLM.example.com/", "base_url", "https://llm.example.com"),
    ("SERVER_ROOT_PATH", "llm/", "root_path", "/llm"),
    ("PROXY_LOGOUT_URL", "https://auth.example.com/out/", "logout_url", "https://auth.example.com/out/"),
    ("AUTO_REDIRECT_UI_LOGIN_TO_SSO", "true", "auto_redirect", True),
    ("LITELLM_MASTER_KEY", KEY, "master_key", KEY),
    ("LITELLM_SALT_KEY", KEY, "salt_key", KEY),
    ("LITELLM_OIDC_SECRET", "a client secret", "client_secret", "a client secret"),
    ("PROXY_ADMIN_ID", "boss", "proxy_admin_id", "boss"),
    ("GATEWRIGHT_SCIM_ID_CLAIM", "ms:oid, x:a:b", "scim_id_claims", {"ms": "oid", "x": "a:b"}),
    ("GATEWRIGHT_SCIM_ADOPT_USERS", "true", "scim_adopt_users", True),
    ("AUTHENTIK_BOOTSTRAP_PASSWORD", "correct horse", "bootstrap_password", "correct horse"),
    ("AUTHENTIK_BOOTSTRAP_TOKEN", "a-token-of-the-start", "bootstrap_token", "a-token-of-the-start"),
    ("AUTHENTIK_BOOTSTRAP_EMAIL", "root@example.com", "bootstrap_email", "root@example.com"),
    ("STORE_MODEL_IN_DB", "False", "store_models", False),
    ("LITELLM_UI_SESSION_DURATION", "7d", "session_life", 7 * DAY),
    ("GATEWRIGHT_SESSION_IDLE", "30m", "session_idle", HOUR // 2),
    ("EXPERIMENTAL_UI_LOGIN", "True", "short_session_ids", True),
    ("LITELLM_CLI_JWT_EXPIRATION_HOURS", "48", "cli_session_life", 48 * HOUR),
    ("CLI_JWT_EXPIRATION_HOURS", "12", "cli_session_life", 12 * HOUR),
    ("GATEWRIGHT_ALLOWED_NETWORKS", "10.0.0.0/8, 192.168.1.5", "allowed_networks", ("10.0.0.0/8", "192.168.1.5/32")),
    ("GATEWRIGHT_TRUSTED_PROXIES", "127.0.0.1", "trusted_proxies", ("127.0.0.1/32",)),
    ("GATEWRIGHT_MAX_REQUEST_MB", "5", "max_request_bytes", 5_000_000),
    ("GATEWRIGHT_REQUEST_TIMEOUT", "30", "request_timeout_s", 30.0),
    ("GATEWRIGHT_DIRECT_DOOR", "false", "direct_door", False),
    ("GATEWRIGHT_DEVICE_CODE_IN_LINK", "true", "device_code_in_link", True),
    ("GATEWRIGHT_PASSWORD_MIN_LENGTH", "14", "password_min_length", 14),
    ("GATEWRIGHT_BREACHED_PASSWORDS", "/lists/sha1.txt", "breached_passwords", Path("/lists/sha1.txt")),
    ("GATEWRIGHT_BLUEPRINTS_DIR", "/blueprints", "blueprints_dir", Path("/blueprints")),
    ("GATEWRIGHT_BLUEPRINT_VARIABLES", "ONE, TWO", "blueprint_variables", frozenset({"ONE", "TWO"})),
    ("GATEWRIGHT_HEAD_TIMEOUT", "1.5", "head_timeout_s", 1.5),
    ("GATEWRIGHT_BODY_TIMEOUT", "90", "body_timeout_s", 90.0),
    ("GATEWRIGHT_MAX_CONNECTIONS", "100", "max_connections", 100),
    ("GATEWRIGHT_UNTESTED_PROVIDERS", " voyage, jina_ai", "untested_providers", frozenset({"voyage", "jina_ai"})),
    ("GATEWRIGHT_MAX_PARALLEL_REQUESTS", "12", "max_parallel_requests", 12),
]


@pytest.mark.parametrize(("name", "text", "field", "value"), EFFECTS, ids=[row[0] for row in EFFECTS])
def test_a_variable_sets_its_field(tmp_path: Path, name: str, text: str, field: str, value: Any) -> None:
    assert getattr(settings(tmp_path), field) != value
    assert getattr(settings(tmp_path, **{name: text}), field) == value


def test_every_variable_of_the_table_is_tested_here() -> None:
    tested = {row[0] for row in EFFECTS} | {"GATEWRIGHT_ADMIN_EMAIL", "GATEWRIGHT_ADMIN_PASSWORD"}
    assert {name for setting in SETTINGS for name in setting.env} == tested


def test_the_first_administrator_needs_both_halves(tmp_path: Path) -> None:
    found = settings(tmp_path, GATEWRIGHT_ADMIN_EMAIL="a@b.local", GATEWRIGHT_ADMIN_PASSWORD="correct horse")
    assert (found.admin_email, found.admin_password) == ("a@b.local", "correct horse")
    with pytest.raises(SettingInvalid, match="GATEWRIGHT_ADMIN_EMAIL"):
        settings(tmp_path, GATEWRIGHT_ADMIN_PASSWORD="correct horse")
    with pytest.raises(SettingInvalid, match="shorter than 10"):
        settings(tmp_path, GATEWRIGHT_ADMIN_EMAIL="a@b.local", GATEWRIGHT_ADMIN_PASSWORD="short")


def test_flag_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    config = "environment_variables: {GATEWRIGHT_PORT: 4001}\n"
    assert settings(tmp_path).port == 4000
    assert settings(tmp_path, config).port == 4001
    assert settings(tmp_path, config, GATEWRIGHT_PORT="4002").port == 4002
    assert settings(tmp_path, config, {"--port": "4003"}, GATEWRIGHT_PORT="4002").port == 4003


@pytest.mark.parametrize(
    ("base", "root", "expected"),
    [
        ("https://llm.example.com", "/llm", "https://llm.example.com/llm"),
        ("https://LLM.example.com:443/", "a/b", "https://llm.example.com/a/b"),
        ("https://llm.example.com/llm/", "/llm", "https://llm.example.com/llm"),
        ("http://llm.example.com:8080", "/", "http://llm.example.com:8080"),
    ],
)
def test_the_public_base_is_address_and_path(tmp_path: Path, base: str, root: str, expected: str) -> None:
    assert settings(tmp_path, PROXY_BASE_URL=base, SERVER_ROOT_PATH=root).base_url == expected


@pytest.mark.parametrize(
    ("given", "name", "told"),
    [
        ({"PROXY_BASE_URL": "https://x.example/llm"}, "PROXY_BASE_URL", "SERVER_ROOT_PATH=/llm"),
        ({"PROXY_BASE_URL": "https://x.example/a", "SERVER_ROOT_PATH": "/b"}, "PROXY_BASE_URL", "SERVER_ROOT_PATH is"),
        ({"PROXY_BASE_URL": "https://x.example?a=b"}, "PROXY_BASE_URL", "has a query"),
        ({"PROXY_BASE_URL": "llm.example.com"}, "PROXY_BASE_URL", "not an http or https URL"),
        ({"SERVER_ROOT_PATH": "/v1"}, "SERVER_ROOT_PATH", "begin with /v1"),
        ({"SERVER_ROOT_PATH": "/ui/x"}, "SERVER_ROOT_PATH", "begin with /ui"),
        ({"SERVER_ROOT_PATH": "/a/../b"}, "SERVER_ROOT_PATH", "not a path"),
        ({"SERVER_ROOT_PATH": "/a b"}, "SERVER_ROOT_PATH", "not a path"),
        ({"SERVER_ROOT_PATH": '/a"><'}, "SERVER_ROOT_PATH", "not a path"),
        ({"SERVER_ROOT_PATH": "https://x.example/llm"}, "SERVER_ROOT_PATH", "not a path"),
    ],
)
def test_a_public_base_that_cannot_be(tmp_path: Path, given: dict[str, str], name: str, told: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        settings(tmp_path, **given)
    assert refused.value.param == name
    assert told in f"{refused.value} {refused.value.hint}"


HEADERS = {
    "GATEWRIGHT_TRUSTED_HEADER_USER": "X-Auth-User",
    "GATEWRIGHT_TRUSTED_HEADER_NETWORKS": "10.0.0.0/8",
    "GATEWRIGHT_TRUSTED_HEADER_EMAIL": "X-Auth-Email",
    "GATEWRIGHT_TRUSTED_HEADER_NAME": "X-Auth-Name",
    "GATEWRIGHT_TRUSTED_HEADER_GROUPS": "X-Auth-Groups",
    "GATEWRIGHT_TRUSTED_HEADER_ROLE": "X-Auth-Role",
}


def test_the_headers_of_an_authenticating_proxy(tmp_path: Path) -> None:
    assert settings(tmp_path).trusted_header is None
    assert settings(tmp_path, **HEADERS).trusted_header == TrustedHeader(
        "x-auth-user", ("10.0.0.0/8",), "x-auth-email", "x-auth-name", "x-auth-groups", "x-auth-role"
    )
    assert {name for setting in TRUSTED_HEADER for name in setting.env} == set(HEADERS)


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"GATEWRIGHT_TRUSTED_HEADER_NETWORKS": ""}, "GATEWRIGHT_TRUSTED_HEADER_NETWORKS"),
        ({"GATEWRIGHT_TRUSTED_HEADER_USER": ""}, "GATEWRIGHT_TRUSTED_HEADER_USER"),
        ({"GATEWRIGHT_TRUSTED_HEADER_USER": "X_Auth_User"}, "GATEWRIGHT_TRUSTED_HEADER_USER"),
        ({"GATEWRIGHT_TRUSTED_HEADER_USER": "Cookie"}, "GATEWRIGHT_TRUSTED_HEADER_USER"),
        ({"GATEWRIGHT_TRUSTED_HEADER_USER": "X-Forwarded-For"}, "GATEWRIGHT_TRUSTED_HEADER_USER"),
        ({"GATEWRIGHT_TRUSTED_HEADER_ROLE": "X-Auth-User"}, "GATEWRIGHT_TRUSTED_HEADER_ROLE"),
        ({"GATEWRIGHT_TRUSTED_HEADER_NETWORKS": "everywhere"}, "GATEWRIGHT_TRUSTED_HEADER_NETWORKS"),
    ],
)
def test_half_of_the_headers_is_refused(tmp_path: Path, changes: dict[str, str], name: str) -> None:
    with pytest.raises(SettingInvalid) as refused:
        settings(tmp_path, **{**HEADERS, **changes})
    assert refused.value.param == name


def test_litellms_keys_name_the_proxies(tmp_path: Path) -> None:
    ranges = "general_settings:\n  trusted_proxy_ranges: [10.0.0.0/8, 192.168.1.5]\n"
    both = ("10.0.0.0/8", "192.168.1.5/32")
    assert settings(tmp_path, ranges).trusted_proxies == both
    assert settings(tmp_path, f"{ranges}  use_x_forwarded_for: true\n").trusted_proxies == both
    assert settings(tmp_path, f"{ranges}  use_x_forwarded_for: false\n").trusted_proxies == ()
    nobody = settings(tmp_path, "general_settings:\n  use_x_forwarded_for: true\n")
    assert nobody.trusted_proxies == ()
    assert any("nobody is believed" in text for text in nobody.warnings)


def test_the_base_url_follows_the_port(tmp_path: Path) -> None:
    assert settings(tmp_path, GATEWRIGHT_PORT="4100").base_url == "http://localhost:4100"


def test_the_file_keys_of_litellm_count(tmp_path: Path) -> None:
    config = f"""
general_settings:
  master_key: os.environ/MY_KEY
  database_url: postgresql://u@h/d
  store_model_in_db: false
  auto_redirect_ui_login_to_sso: true
  max_request_size_mb: 4
  global_max_parallel_requests: 9
litellm_settings:
  request_timeout: 33
environment_variables:
  MY_KEY: {KEY}
"""
    found = settings(tmp_path, config)
    assert (found.master_key, found.database_url, found.store_models) == (KEY, "postgresql://u@h/d", False)
    assert (found.auto_redirect, found.max_request_bytes, found.request_timeout_s) == (True, 4_000_000, 33.0)
    assert found.max_parallel_requests == 9
    assert found.warnings == ()


def test_a_secret_may_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{KEY}\n")
    assert settings(tmp_path, LITELLM_MASTER_KEY_FILE=str(tmp_path / "key")).master_key == KEY
    with pytest.raises(SettingInvalid, match="LITELLM_MASTER_KEY_FILE"):
        settings(tmp_path, LITELLM_MASTER_KEY_FILE=str(tmp_path / "none"))


def test_the_policies_for_addresses_follow_the_set_up(tmp_path: Path) -> None:
    assert settings(tmp_path).person_policy.loopback
    assert not settings(tmp_path, GATEWRIGHT_HOST="0.0.0.0").person_policy.loopback
    assert not settings(tmp_path, DATABASE_URL="postgresql://u@h/d").person_policy.loopback


def test_nothing_secret_is_shown(tmp_path: Path) -> None:
    found = settings(tmp_path, **SEED, LITELLM_MASTER_KEY=KEY, DATABASE_URL="postgresql://u:hidden@h/d")
    assert KEY not in repr(found)
    assert "hidden" not in repr(found)
    assert "your-client-secret" not in repr(found.providers)


SEED = {
    "GENERIC_CLIENT_ID": "litellm",
    "GENERIC_CLIENT_SECRET": "your-client-secret",
    "GENERIC_AUTHORIZATION_ENDPOINT": "https://auth.yourdomain.com/application/o/authorize/",
    "GENERIC_TOKEN_ENDPOINT": "https://auth.yourdomain.com/application/o/token/",
    "GENERIC_USERINFO_ENDPOINT": "https://auth.yourdomain.com/application/o/userinfo/",
    "GENERIC_SCOPE": "openid profile email litellm_role",
    "GENERIC_USER_ROLE_ATTRIBUTE": "litellm_role",
}


def test_the_variables_of_the_guide_name_the_outside_provider(tmp_path: Path) -> None:
    found = settings(tmp_path, **SEED, GENERIC_USER_EMAIL_ATTRIBUTE="preferred_username").providers[0]
    assert found.token_endpoint == "https://auth.yourdomain.com/application/o/token/"
    assert (found.scope, found.claims.role) == ("openid profile email litellm_role", "litellm_role")
    assert (found.claims.email, found.claims.user_id) == ("preferred_username", "preferred_username")


MODELS = """
model_list:
  - model_name: gpt-4o
    litellm_params: {model: openai/gpt-4o-2024, api_base: "http://127.0.0.1:9/v1/", api_key: os.environ/UP, timeout: 7}
    model_info: {id: mine, input_cost_per_token: 0.0000025, output_cost_per_token: 1e-5}
  - model_name: plain
    litellm_params: {model: gpt-4o, rpm: "10"}
"""


def test_the_model_list_becomes_entries(tmp_path: Path) -> None:
    found = settings(tmp_path, MODELS, UP="sk-up")
    first, second = found.models
    assert (first.name, first.provider, first.upstream_model) == ("gpt-4o", "openai", "gpt-4o-2024")
    assert (first.api_base, first.api_key, first.id, first.timeout_s) == ("http://127.0.0.1:9/v1", "sk-up", "mine", 7.0)
    assert first.price == Price(input=2_500_000_000, output=10_000_000_000)
    assert (second.api_base, second.upstream_model) == ("https://api.openai.com/v1", "gpt-4o")
    assert (second.params, second.credential) == ({"rpm": 10}, None)
    assert second.id == settings(tmp_path, MODELS, UP="other").models[1].id
    assert found.warnings == ()


WRONG_MODELS = [
    ("model_list: {}", "model_list"),
    ("model_list: [{litellm_params: {model: a}}]", r"model_list\[0\].model_name"),
    ("model_list: [{model_name: a}]", r"model_list\[0\].litellm_params.model"),
    ("model_list: [{model_name: a, litellm_params: {model: nowhere/x}}]", "the provider 'nowhere' is not supported"),
    ("model_list: [{model_name: a, litellm_params: {model: hosted_vllm/x}}]", "api_base"),
    ("model_list: [{model_name: a, litellm_params: {model: openai/x, api_base: 'ftp://x'}}]", "not an http"),
    (
        "model_list: [{model_name: a, litellm_params: {model: x, input_cost_per_token: a, output_cost_per_token: 1}}]",
        "it is not a cost",
    ),
]


@pytest.mark.parametrize(("config", "text"), WRONG_MODELS)
def test_a_wrong_entry_is_named(tmp_path: Path, config: str, text: str) -> None:
    with pytest.raises(SettingInvalid, match=text):
        settings(tmp_path, config)


XML = "<EntityDescriptor/>"
PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"


def test_a_saml_identity_provider(tmp_path: Path) -> None:
    assert settings(tmp_path).saml is None
    assert settings(tmp_path, SAML_IDP_METADATA_XML=XML).saml == Saml(metadata_xml=XML)
    given = {
        "SAML_IDP_METADATA_URL": "https://idp.example/metadata",
        "SAML_SP_ENTITY_ID": "urn:gateway",
        "SAML_ALLOW_UNSOLICITED": "true",
        "SAML_WANT_ASSERTIONS_SIGNED": "false",
        "SAML_WANT_MESSAGES_SIGNED": "true",
        "SAML_SP_NAME_ID_FORMAT": "persistent",
        "SAML_STRICT": "true",
        "SAML_IDP_METADATA_VALIDATE_CERT": "true",
        "SAML_AUTHN_REQUESTS_SIGNED": "false",
    }
    found = settings(tmp_path, **given)
    expected = Saml("https://idp.example/metadata", None, "urn:gateway", True, False, True, PERSISTENT)
    assert (found.saml, found.warnings) == (expected, ())
    assert {name for setting in SAML for name in setting.env} == {*given, "SAML_IDP_METADATA_XML"}
    whole = settings(tmp_path, SAML_IDP_METADATA_XML=XML, SAML_SP_NAME_ID_FORMAT=PERSISTENT).saml
    assert whole is not None
    assert whole.name_id_format == PERSISTENT


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SAML_STRICT", "false"),
        ("SAML_IDP_METADATA_VALIDATE_CERT", "false"),
        ("SAML_AUTHN_REQUESTS_SIGNED", "true"),
        ("SAML_SP_NAME_ID_FORMAT", "transient"),
        ("SAML_SP_NAME_ID_FORMAT", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"),
        ("SAML_SP_NAME_ID_FORMAT", "X509SubjectName"),
        ("SAML_SP_ENTITY_ID", "two words"),
        ("SAML_IDP_METADATA_URL", "http://idp.example/metadata"),
        ("SAML_IDP_METADATA_URL", "file:///etc/passwd"),
    ],
)
def test_holes_of_saml_are_refused(tmp_path: Path, name: str, value: str) -> None:
    given = {} if name == "SAML_IDP_METADATA_URL" else {"SAML_IDP_METADATA_XML": XML}
    with pytest.raises(SettingInvalid) as refused:
        settings(tmp_path, **{**given, name: value})
    assert refused.value.param == name


def test_saml_needs_one_metadata_and_its_libraries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingInvalid, match="SAML_IDP_METADATA_XML"):
        settings(tmp_path, SAML_IDP_METADATA_XML=XML, SAML_IDP_METADATA_URL="https://idp.example/metadata")
    monkeypatch.setattr(saml_settings, "LIBRARIES", ("a_library_that_nobody_has",))
    assert settings(tmp_path).saml is None
    with pytest.raises(SettingInvalid) as refused:
        settings(tmp_path, SAML_IDP_METADATA_XML=XML)
    assert "pip install 'gatewright[server,saml]'" in (refused.value.hint or "")


def test_what_has_no_effect_is_reported_by_name(tmp_path: Path) -> None:
    config = "litellm_settings: {json_logs: true}\nguardrails: []\n"
    found = settings(tmp_path, config, LITELLM_LICENSE="x", SAML_STRICT="y", ENABLE_SSO_DEBUG="z")
    assert found.warnings == (
        "config.yaml line 1: litellm_settings.json_logs is LiteLLM's and not supported; it has no effect",
        "config.yaml line 2: guardrails is LiteLLM's and not supported; it has no effect: no request is checked",
        "ENABLE_SSO_DEBUG has no effect: the test sign-in is always there for administrators: "
        "`gatewright doctor sso --sign-in`",
        "LITELLM_LICENSE has no effect: nothing here needs a licence, and there is no limit on users",
        "SAML_STRICT is set but not supported by this version; it has no effect",
    )


def test_https_without_a_trusted_proxy_is_doubted(tmp_path: Path) -> None:
    [warning] = settings(tmp_path, PROXY_BASE_URL="https://llm.example.com").warnings
    assert "GATEWRIGHT_TRUSTED_PROXIES does not name it" in warning
    known = settings(tmp_path, PROXY_BASE_URL="https://llm.example.com", GATEWRIGHT_TRUSTED_PROXIES="127.0.0.1")
    assert known.warnings == ()


def test_an_idle_limit_that_never_comes_is_doubted_and_one_of_seconds_refused(tmp_path: Path) -> None:
    [warning] = settings(tmp_path, GATEWRIGHT_SESSION_IDLE="2d").warnings
    assert "LITELLM_UI_SESSION_DURATION" in warning
    assert settings(tmp_path, GATEWRIGHT_SESSION_IDLE="24h").warnings == ()
    with pytest.raises(SettingInvalid, match="less than a minute"):
        settings(tmp_path, GATEWRIGHT_SESSION_IDLE="59s")


def test_an_explicit_false_is_as_without_it(tmp_path: Path) -> None:
    found = settings(tmp_path, EXPERIMENTAL_UI_LOGIN="False")
    assert (found.short_session_ids, found.warnings) == (False, ())


def test_a_start_that_only_this_machine_can_open_is_doubted(tmp_path: Path) -> None:
    [warning] = settings(tmp_path, GATEWRIGHT_HOST="0.0.0.0").warnings
    assert "set PROXY_BASE_URL" in warning
    assert settings(tmp_path, GATEWRIGHT_HOST="0.0.0.0", PROXY_BASE_URL="http://llm.example.com").warnings == ()
    assert settings(tmp_path, GATEWRIGHT_HOST="127.0.0.1").warnings == ()


@pytest.mark.parametrize("text", ["7", "129", "-1", "ten"])
def test_a_password_may_not_be_made_trivial(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingInvalid, match="GATEWRIGHT_PASSWORD_MIN_LENGTH"):
        settings(tmp_path, GATEWRIGHT_PASSWORD_MIN_LENGTH=text)
