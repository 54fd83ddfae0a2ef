"""How requests are routed: LiteLLM's `router_settings` and the parts of `litellm_settings` that go with them.

Source: contract litellm 4.5 and 4.9. Names and defaults are LiteLLM's.
"""

from collections.abc import Mapping

import msgspec

STRATEGIES = ("simple-shuffle", "least-busy", "latency-based-routing", "cost-based-routing")

Fallbacks = Mapping[str, tuple[str, ...]]
"""Public model names to ask instead of one, in order; `*` stands for every model."""


class Alias(msgspec.Struct, frozen=True):
    """Another public name for a group of deployments; a hidden one is not listed."""

    group: str
    hidden: bool = False


class Router(msgspec.Struct, frozen=True, kw_only=True):
    """Times are seconds. None means that the setting was not given.

    `retry_policy` and `allowed_fails_policy` count by LiteLLM's error class (`RateLimitErrorRetries`,
    `TimeoutErrorAllowedFails`); `group_retry_policy` has a policy by public model name.
    """

    strategy: str = "simple-shuffle"
    num_retries: int = 2
    max_fallbacks: int = 5
    timeout_s: float | None = None
    stream_timeout_s: float | None = None
    retry_after_s: float = 0.0
    fallbacks: Fallbacks = {}
    context_window_fallbacks: Fallbacks = {}
    content_policy_fallbacks: Fallbacks = {}
    default_fallbacks: tuple[str, ...] = ()
    retry_policy: Mapping[str, int] = {}
    group_retry_policy: Mapping[str, Mapping[str, int]] = {}
    allowed_fails: int | None = None
    allowed_fails_policy: Mapping[str, int] = {}
    cooldown_s: float = 5.0
    disable_cooldowns: bool = False
    tag_filtering: bool = False
    aliases: Mapping[str, Alias] = {}
    drop_params: bool = False
