"""The response cache: LiteLLM's `litellm_settings.cache` and `cache_params`.

Source: contract litellm 4.6. Off by default.
"""

from typing import Any, Literal

import msgspec

from gatewright.settings import structures, values
from gatewright.settings.findings import Wrong, did_you_mean
from gatewright.settings.setting import Setting

CALL_TYPES = (
    "completion",
    "embedding",
    "transcription",
    "text_completion",
    "rerank",
    "responses",
    "anthropic_messages",
)
"""LiteLLM's names of what may be cached. Its `acompletion` and so on, which are the same calls, are read as these."""

KINDS = ("local", "redis")
OTHER_KINDS = (
    *("redis-semantic", "valkey-semantic", "qdrant-semantic"),
    *("s3", "gcs", "azure-blob", "disk"),
)
"""LiteLLM's that this version has not: the start says so, and nothing is cached."""


class Caching(msgspec.Struct, frozen=True, kw_only=True):
    """`ttl_s` is how long an answer is kept, in seconds. `namespace` stands before each key of a shared store.

    `default_on` False means that only requests that ask for it (`cache: {"use-cache": true}`) are cached.
    `call_types` are of CALL_TYPES. `max_entries` and `max_entry_bytes` bound the memory of kind `local`; the second
    bounds what goes to Valkey too. `across_teams`: everybody gets what anybody's request left.
    """

    enabled: bool = False
    kind: Literal["local", "redis"] = "local"
    ttl_s: float = 600.0
    namespace: str = ""
    default_on: bool = True
    call_types: frozenset[str] = frozenset(CALL_TYPES)
    max_entries: int = 1000
    max_entry_bytes: int = 1_000_000
    across_teams: bool = False


def _kind(value: str) -> str:
    if value in KINDS or value in OTHER_KINDS:
        return value
    if value == "valkey":
        return "redis"
    raise ValueError(f"{value!r} is not a kind of cache | Write local or redis")


def _mode(value: str) -> bool:
    if value not in ("default_on", "default_off"):
        raise ValueError(f"{value!r} is not a mode | Write default_on or default_off")
    return value == "default_on"


def _call_types(value: Any) -> frozenset[str]:
    found = set()
    for index, name in enumerate(structures.names(value)):
        plain = name if name in CALL_TYPES else name.removeprefix("a")
        if plain not in CALL_TYPES:
            meant = did_you_mean(name, CALL_TYPES)
            fix = f"Did you mean {meant}" if meant else f"There are {', '.join(CALL_TYPES)}"
            raise Wrong(f"{name!r} is not a call type | {fix}", f"[{index}]")
        found.add(plain)
    return frozenset(found)


def _params(name: str) -> tuple[str, ...]:
    return (f"litellm_settings.cache_params.{name}",)


CACHING: tuple[Setting, ...] = (
    Setting(
        "enabled",
        (),
        "Whether answers are cached and given again to the same request.",
        values.boolean,
        False,
        files=("litellm_settings.cache",),
    ),
    Setting(
        "kind",
        (),
        "Where answers are kept: `local`, in the memory of each worker, or `redis`, in Valkey or Redis for all.",
        _kind,
        default_doc="`redis` when one is named, else `local`",
        files=_params("type"),
    ),
    Setting(
        "ttl_s",
        (),
        "For how many seconds an answer is kept.",
        values.seconds,
        600.0,
        default_doc="`600`",
        files=_params("ttl"),
    ),
    Setting(
        "namespace",
        (),
        "What stands before each key, so that several gateways can share a store and not their answers.",
        default="",
        default_doc="none",
        files=_params("namespace"),
    ),
    Setting(
        "default_on",
        (),
        "`default_on` caches every request that does not forbid it, `default_off` only those that ask for it.",
        _mode,
        True,
        default_doc="`default_on`",
        files=_params("mode"),
    ),
    Setting(
        "call_types",
        (),
        "What is cached: " + ", ".join(f"`{name}`" for name in CALL_TYPES) + ".",
        _call_types,
        frozenset(CALL_TYPES),
        default_doc="all",
        files=_params("supported_call_types"),
        structured=True,
    ),
    Setting(
        "max_entries",
        ("GATEWRIGHT_CACHE_MAX_ENTRIES",),
        "How many answers the memory of a worker keeps. The one used longest ago goes first.",
        values.positive,
        1000,
    ),
    Setting(
        "max_entry_bytes",
        ("GATEWRIGHT_CACHE_MAX_ENTRY_KB",),
        "The largest answer that is cached, in kilobytes.",
        values.kilobytes,
        1_000_000,
        default_doc="`1000`",
    ),
    Setting(
        "across_teams",
        ("GATEWRIGHT_CACHE_ACROSS_TEAMS",),
        "Whether everybody gets the answers that anybody's request left. Without it a team shares among itself, and "
        "so do a person's keys.",
        values.boolean,
        False,
    ),
)
