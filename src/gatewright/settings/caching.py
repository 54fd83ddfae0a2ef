"""The response cache: LiteLLM's `litellm_settings.cache` and `cache_params`.

Source: contract litellm 4.6. Off by default.
"""

from typing import Literal

import msgspec

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


class Caching(msgspec.Struct, frozen=True, kw_only=True):
    """`ttl_s` is how long an answer is kept, in seconds. `namespace` stands before each key of a shared store.

    `default_on` False means that only requests that ask for it (`cache: {"use-cache": true}`) are cached.
    `call_types` are of CALL_TYPES. `max_entries` and `max_entry_bytes` bound the memory of kind `local`; the second
    bounds what goes to Valkey too.
    """

    enabled: bool = False
    kind: Literal["local", "redis"] = "local"
    ttl_s: float = 600.0
    namespace: str = ""
    default_on: bool = True
    call_types: frozenset[str] = frozenset(CALL_TYPES)
    max_entries: int = 1000
    max_entry_bytes: int = 1_000_000
