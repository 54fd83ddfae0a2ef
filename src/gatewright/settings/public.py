"""Where people find the gateway: the public address, the path below it, and the proxies in front."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from gatewright.domain.errors import SettingInvalid
from gatewright.settings import values
from gatewright.settings.reader import Reader
from gatewright.settings.setting import Setting

PORTS = {"http": 80, "https": 443}
ROOT_PATH = re.compile(r"(/[A-Za-z0-9_][A-Za-z0-9_.\-]*)+", re.ASCII)
LONGEST_ROOT = 100
# A proxy in front may take the path off or leave it on. Both can only be told apart when no address of ours begins so.
OURS = frozenset(
    [
        *("api", "application", "audio", "authorize", "batches", "budget", "cache", "callbacks", "chat", "claude"),
        *("completions", "config", "credentials", "customer", "debug", "device", "docs", "email", "embeddings"),
        *("end_user", "engines", "fallback", "files", "fine_tuning", "get", "global", "guardrails", "health", "if"),
        *("images", "invitation", "jwt", "key", "login", "logout", "mcp", "messages", "metrics", "model"),
        *("model_group", "models", "moderations", "onboarding", "openai", "openapi.json", "organization", "provider"),
        *("recovery", "register", "rerank", "responses", "revoke", "route", "routes", "schema", "scim", "session"),
        *(
            "settings",
            "setup",
            "signed-out",
            "spend",
            "sso",
            "static",
            "tag",
            "team",
            "test",
            "token",
            "ui",
            "update",
            "user",
        ),
        *("utils", "v1", "v1beta", "v2", "v3", "vector_stores"),
    ]
)


def base_url(value: str) -> str:
    """As browsers write it: in lower case, without the scheme's own port. A path stays, for `joined` to judge."""
    parts = urlsplit(value)
    if parts.scheme not in PORTS:
        raise ValueError(f"{value!r} is not an http or https URL | Write it whole, such as https://llm.example.com")
    clean = values.url(value).rstrip("/")
    parts = urlsplit(clean)
    if parts.query:
        raise ValueError(f"{value!r} has a query | Give only scheme, host and port, such as https://llm.example.com")
    host = parts.netloc.lower().removesuffix(f":{PORTS[parts.scheme]}")
    return f"{parts.scheme}://{host}{parts.path}"


def root_path(value: str) -> str:
    """`/llm` of `llm`, `/llm` and `/llm/`; empty for the root itself."""
    path = "/" + value.strip().strip("/")
    if path == "/":
        return ""
    if ROOT_PATH.fullmatch(path) is None or len(path) > LONGEST_ROOT:
        raise ValueError(f"{value!r} is not a path | Write letters, digits, - and _ between slashes, such as /llm")
    first = path.split("/")[1]
    if first in OURS:
        raise ValueError(f"addresses of the gateway itself begin with /{first} | Choose another path, such as /llm")
    return path


def joined(found: Mapping[str, Any]) -> str:
    """The public base: PROXY_BASE_URL and SERVER_ROOT_PATH (contract litellm 1.4). Raises SettingInvalid."""
    root: str = found["root_path"]
    base: str = found["base_url"] or f"http://localhost:{found['port']}"
    path = urlsplit(base).path
    if path and path != root:
        bare = base.removesuffix(path)
        raise SettingInvalid(
            "PROXY_BASE_URL",
            source="environment",
            problem=f"it has the path {path}, and SERVER_ROOT_PATH is {root or 'not set'}",
            fix=f"Set PROXY_BASE_URL={bare} and SERVER_ROOT_PATH={path} for a gateway below that path, or take the "
            "path off",
        )
    return base if path else base + root


def listened_to(found: dict[str, Any], reader: Reader) -> tuple[str, ...]:
    """The proxies whose headers count: none when `use_x_forwarded_for` is false (contract litellm 1.5)."""
    wanted, proxies = found.pop("forwarded_for"), found["trusted_proxies"]
    if wanted and not proxies:
        name = "general_settings.use_x_forwarded_for"
        reader.warn("doubt", name, f"{name} is true, but nobody is believed before trusted_proxy_ranges names a proxy")
    return () if wanted is False else proxies


PUBLIC: tuple[Setting, ...] = (
    Setting(
        "base_url",
        ("PROXY_BASE_URL",),
        "The public address: scheme, host and port. Links, redirect URIs, the issuer and cookies derive from it and "
        "SERVER_ROOT_PATH. The Host header never decides.",
        base_url,
        default_doc="`http://localhost:<port>`",
    ),
    Setting(
        "root_path",
        ("SERVER_ROOT_PATH",),
        "The path below which everything is found, such as `/llm`: the dashboard, sign-in, the model API. The proxy in "
        "front may take it off or leave it on.",
        root_path,
        "",
        default_doc="none",
    ),
    Setting(
        "trusted_proxies",
        ("GATEWRIGHT_TRUSTED_PROXIES",),
        "Networks of reverse proxies whose X-Forwarded-For names the caller's address, comma-separated.",
        values.networks,
        (),
        default_doc="none",
        files=("general_settings.trusted_proxy_ranges",),
        structured=True,
    ),
    Setting(
        "forwarded_for",
        (),
        "`false`: X-Forwarded-For never counts, whatever proxies are named. Here as in LiteLLM, which needs `true`.",
        values.boolean,
        default_doc="`true`",
        files=("general_settings.use_x_forwarded_for",),
    ),
)
