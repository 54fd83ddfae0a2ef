"""Where Valkey or Redis is: one for limits, routing and the cache, named in LiteLLM's ways.

Source: contract litellm 4.5 and 4.6, and LiteLLM's documents of its `REDIS_*` variables.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

from gatewright.settings import values
from gatewright.settings.setting import Setting

SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}


def address(value: str) -> str:
    """A URL that a Redis client understands. What it says of a wrong one never shows it: it may hold the password."""
    scheme, _, rest = value.partition("://")
    try:
        parts = urlsplit(value)
        named = parts.hostname or (scheme == "unix" and parts.path)
        _ = parts.port
    except ValueError:
        named = None
    if scheme not in SCHEMES or not named:
        raise ValueError("it is not a Redis URL | Write redis://:password@host:6379/0, with rediss:// for TLS")
    return f"{SCHEMES[scheme]}://{rest}"


def _keys(router: str, cache: str) -> tuple[str, ...]:
    found = (f"router_settings.{router}",) if router else ()
    return (*found, f"litellm_settings.cache_params.{cache}")


VALKEY: tuple[Setting, ...] = (
    Setting(
        "url",
        ("REDIS_URL",),
        "Valkey or Redis, `redis://:password@host:6379/0`: workers and replicas then share limits and the cache of "
        "kind `redis`.",
        address,
        default_doc="made of the next ones; none without REDIS_HOST",
        files=_keys("redis_url", "url"),
        secret=True,
    ),
    Setting("host", ("REDIS_HOST",), "Its host.", files=_keys("redis_host", "host")),
    Setting("port", ("REDIS_PORT",), "Its port.", values.port, 6379, files=_keys("redis_port", "port")),
    Setting(
        "password",
        ("REDIS_PASSWORD",),
        "Its password.",
        default_doc="none",
        files=_keys("redis_password", "password"),
        secret=True,
    ),
    Setting("username", ("REDIS_USERNAME",), "Its user.", default_doc="none", files=_keys("", "username")),
    Setting("db", ("REDIS_DB",), "The number of its database.", values.count, 0, files=_keys("redis_db", "db")),
    Setting("ssl", ("REDIS_SSL",), "Whether it is reached over TLS.", values.boolean, False, files=_keys("", "ssl")),
)


def redis_url(found: Mapping[str, Any]) -> str | None:
    """The URL of what the table gave, None when it names no host; without a host the other parts may be missing."""
    if found["url"] is not None:
        url: str = found["url"]
        return url
    if found["host"] is None:
        return None
    host = f"[{found['host']}]" if ":" in found["host"] else found["host"]
    user = quote(found["username"] or "", safe="")
    secret = f":{quote(found['password'], safe='')}" if found["password"] else ""
    sign_in = f"{user}{secret}@" if user or secret else ""
    return f"{'rediss' if found['ssl'] else 'redis'}://{sign_in}{host}:{found['port']}/{found['db']}"
