"""Read every setting once: flag, then environment, then config.yaml, then default.

The only reader of the environment.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import platformdirs

from gatewright.domain.errors import SettingInvalid
from gatewright.settings.absent import unsupported
from gatewright.settings.caching import CACHING, OTHER_KINDS, Caching
from gatewright.settings.dashboard import DASHBOARD, DashboardSettings
from gatewright.settings.email import doubts_of, read_email
from gatewright.settings.file import ConfigFile
from gatewright.settings.findings import Finding
from gatewright.settings.jwt_auth import doubts_of as jwt_doubts
from gatewright.settings.jwt_auth import read_jwt_auth
from gatewright.settings.models import read_models
from gatewright.settings.outside import read_outside
from gatewright.settings.password_login import PasswordLogin, read_password_login
from gatewright.settings.password_login import doubts_of as password_doubts
from gatewright.settings.public import joined, listened_to
from gatewright.settings.reader import ENVIRONMENT, Reader
from gatewright.settings.router import ROUTER, Router, unknown_names, without_effect
from gatewright.settings.saml import read_saml
from gatewright.settings.schema import LOOPBACK, SETTINGS, ModelEntry, Settings
from gatewright.settings.sections import unknown_keys
from gatewright.settings.sign_in_policy import read_policy
from gatewright.settings.sign_in_rules import SignInRules
from gatewright.settings.trusted_header import read_trusted_header
from gatewright.settings.valkey import VALKEY, redis_url

OUR_PREFIXES = (
    *("GATEWRIGHT_", "LITELLM_", "GENERIC_", "PROXY_", "GOOGLE_CLIENT_", "MICROSOFT_", "SAML_", "CLI_SSO_"),
    "AUTHENTIK_",
    *("GOOGLE_ALLOWED_", "GITHUB_CLIENT_", "GITHUB_ALLOWED_", "GITHUB_ENTERPRISE_URL"),
    *(
        "UI_USERNAME",
        "UI_PASSWORD",
        "SERVER_ROOT_PATH",
        "DISABLE_ADMIN_UI",
        "ENABLE_SSO_DEBUG",
        "PKCE_STRICT_CACHE_MISS",
        "SSL_VERIFY",
        "SSL_CERTIFICATE",
        # Not all of REDIS_*: where a service is called redis, Kubernetes sets a dozen of them in every container.
        "REDIS_CLUSTER_NODES",
        "REDIS_SENTINEL_NODES",
        "REDIS_GCP_SERVICE_ACCOUNT",
    ),
)
# Read elsewhere: by the command line, the tests, the build, or by this module itself.
READ_ELSEWHERE = {
    "GATEWRIGHT_CONFIG",
    "GATEWRIGHT_BUILD_UI",
    "LITELLM_PROXY_URL",
    "LITELLM_PROXY_API_KEY",
    "GATEWRIGHT_URL",
    "GATEWRIGHT_API_KEY",
}


class Examination(msgspec.Struct, frozen=True):
    """What a look at the whole configuration found. `settings` is None when it cannot be used.

    `models` are the entries that can be, whatever else is wrong.
    """

    settings: Settings | None
    models: tuple[ModelEntry, ...]
    errors: tuple[SettingInvalid, ...]
    findings: tuple[Finding, ...]
    file: ConfigFile


def load(flags: Mapping[str, str | None] | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings. `flags` maps a flag (`--port`) to its text. Raises SettingInvalid, the first of what is wrong."""
    found = examine(flags, environ)
    if found.settings is None:
        raise found.errors[0]
    return found.settings


def examine(flags: Mapping[str, str | None] | None = None, environ: Mapping[str, str] | None = None) -> Examination:
    """Everything that is wrong with the configuration, at once."""
    given = {name: text for name, text in (flags or {}).items() if text is not None}
    reader = Reader(given, os.environ if environ is None else environ)
    found = reader.table(SETTINGS)
    if found["data_dir"] is None:
        found["data_dir"] = Path(platformdirs.user_data_dir("gatewright", appauthor=False))
    found["trusted_proxies"] = listened_to(found, reader)
    found["base_url"] = reader.attempt(lambda: joined(found), found["base_url"] or "")
    found["blueprint_environment"] = dict(reader.environ)
    found["providers"] = read_outside(reader)
    found["sign_in_rules"] = SignInRules()
    ruled = reader.attempt(lambda: read_policy(reader, found["providers"], found["proxy_admin_id"]), None)
    if ruled is not None:
        found["providers"], found["sign_in_rules"] = ruled
    reader.attempt(lambda: check_admin(found), None)
    models = read_models(reader)
    found["router"] = router = read_router(reader, [one.name for one in models])
    found["models"] = tuple(dropping(one) for one in models) if router.drop_params else models
    found["redis_url"] = read_redis(reader)
    found["caching"] = reader.attempt(lambda: read_caching(reader, found["redis_url"]), Caching())
    found["email"] = reader.attempt(lambda: read_email(reader), None)
    found["trusted_header"] = reader.attempt(lambda: read_trusted_header(reader), None)
    found["saml"] = reader.attempt(lambda: read_saml(reader), None)
    found["jwt_auth"] = reader.attempt(lambda: read_jwt_auth(reader), None)
    found["password_login"] = reader.attempt(lambda: read_password_login(reader, found["master_key"]), PasswordLogin())
    found["dashboard"] = DashboardSettings(**reader.table(DASHBOARD))
    unknown_keys(reader)
    reader.findings.sort(key=lambda one: reader.file.order(one.name))
    no_email, of_passwords = list(doubts_of(found["email"], reader)), list(password_doubts(reader))
    reader.findings += [*unused_variables(reader), *no_email, *of_passwords]
    reader.findings += [*jwt_doubts(found["jwt_auth"]), *doubts(found)]
    reader.errors.sort(key=lambda one: reader.file.order(one.name))
    errors, findings = tuple(reader.errors), tuple(reader.findings)
    settings = None if errors else Settings(**found, warnings=tuple(str(one) for one in findings))
    return Examination(settings, found["models"], errors, findings, reader.file)


def doubts(found: Mapping[str, Any]) -> Iterator[Finding]:
    """What is valid and still probably not meant."""
    if found["base_url"].startswith("https://") and not found["trusted_proxies"]:
        yield Finding(
            "doubt",
            "PROXY_BASE_URL",
            "PROXY_BASE_URL is https, so a reverse proxy stands in front, but GATEWRIGHT_TRUSTED_PROXIES does not name "
            "it: everybody shares the proxy's address, in the session list and in the limits on sign-ins",
        )
    if found["session_idle"] is not None and found["session_idle"] > found["session_life"]:
        yield Finding(
            "doubt",
            "GATEWRIGHT_SESSION_IDLE",
            "GATEWRIGHT_SESSION_IDLE is longer than LITELLM_UI_SESSION_DURATION, which ends every session before: "
            "it has no effect",
        )
    if found["host"] not in LOOPBACK and urlsplit(found["base_url"]).hostname in LOOPBACK:
        yield Finding(
            "doubt",
            "GATEWRIGHT_HOST",
            f"{found['base_url']} is the only address whose pages open, but GATEWRIGHT_HOST lets other machines in: "
            "set PROXY_BASE_URL to the URL that people open there",
        )


def check_admin(found: Mapping[str, Any]) -> None:
    """The first administrator needs both halves."""
    if (found["admin_email"] is None) != (found["admin_password"] is None):
        missing = "GATEWRIGHT_ADMIN_EMAIL" if found["admin_email"] is None else "GATEWRIGHT_ADMIN_PASSWORD"
        raise SettingInvalid(
            missing,
            source=ENVIRONMENT,
            problem="it is missing while the other half of the first administrator is set",
            fix="Set GATEWRIGHT_ADMIN_EMAIL and GATEWRIGHT_ADMIN_PASSWORD (or GATEWRIGHT_ADMIN_PASSWORD_FILE), "
            "or neither",
        )


def read_router(reader: Reader, models: list[str]) -> Router:
    """How requests are routed; the models that it names and the file has not are doubted."""
    router = Router(**reader.table(ROUTER))
    for name, text in unknown_names(router, models):
        reader.warn("doubt", name, text)
    if without_effect(router) != router:
        key = "router_settings.routing_strategy"
        reader.warn("absent", key, f"{key}: {router.strategy} is LiteLLM's and not supported; simple-shuffle is used")
    return without_effect(router)


def dropping(entry: ModelEntry) -> ModelEntry:
    """An entry under `litellm_settings.drop_params`; one that says otherwise itself keeps to that."""
    return msgspec.structs.replace(entry, params={"drop_params": True, **entry.params})


def read_redis(reader: Reader) -> str | None:
    """Where Valkey is. Its parts are read only when the host is named: others set REDIS_PORT for their own ends."""
    rows = {one.field: one for one in VALKEY}
    found = {field: reader.value(rows[field]) for field in ("url", "host")}
    parts = {} if found["host"] is None else reader.table(VALKEY)
    return redis_url({**found, **parts})


def read_caching(reader: Reader, redis: str | None) -> Caching:
    """The cache. Raises SettingInvalid when it is to be in a store that nothing names."""
    found = reader.table(CACHING)
    key = "litellm_settings.cache_params.type"
    kind = found["kind"] or ("redis" if redis else "local")
    if kind in OTHER_KINDS:
        if found["enabled"]:
            reader.warn("absent", key, f"{key}: {kind} is LiteLLM's and not supported; nothing is cached")
        return Caching(**{**found, "kind": "local", "enabled": False})
    if found["enabled"] and kind == "redis" and redis is None:
        raise reader.wrong(key, "it is redis, but nothing says where that is", "Set REDIS_URL, or write type: local")
    return Caching(**{**found, "kind": kind})


def unused_variables(reader: Reader) -> Iterator[Finding]:
    """Variables that are set but have no effect, by name."""
    for name in sorted({*reader.environ, *reader.declared}):
        if name.startswith(OUR_PREFIXES) and name not in reader.used | READ_ELSEWHERE:
            yield Finding("absent", name, unsupported(name))
