"""How requests are routed: LiteLLM's `router_settings` and the parts of `litellm_settings` that go with them.

Source: contract litellm 4.5 and 4.9. Names and defaults are LiteLLM's.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from gatewright.domain.model_names import covers
from gatewright.settings import structures, values
from gatewright.settings.findings import Wrong, did_you_mean
from gatewright.settings.setting import Setting

STRATEGIES = ("simple-shuffle", "least-busy", "latency-based-routing", "cost-based-routing")
OTHER_STRATEGIES = ("usage-based-routing", "usage-based-routing-v2", "provider-budget-routing", "priority")
"""LiteLLM's that this version has not: the start says so and takes the first of ours."""

ERROR_CLASSES = (
    "BadRequestError",
    "AuthenticationError",
    "TimeoutError",
    "RateLimitError",
    "ContentPolicyViolationError",
    "InternalServerError",
    "ServiceUnavailableError",
    "NotFoundError",
)
RETRIES = frozenset(f"{name}Retries" for name in (*ERROR_CLASSES, "Default"))
ALLOWED_FAILS = frozenset(f"{name}AllowedFails" for name in (*ERROR_CLASSES, "BadGatewayError"))

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


def _strategy(value: Any) -> str:
    name = structures.name(value)
    if name in STRATEGIES or name in OTHER_STRATEGIES:
        return name
    meant = did_you_mean(name, (*STRATEGIES, *OTHER_STRATEGIES))
    others = f"Did you mean {meant}" if meant else f"There are {', '.join(STRATEGIES)}"
    raise Wrong(f"{name!r} is not a strategy | {others}")


def _alias(value: Any) -> Alias:
    if not isinstance(value, dict):
        return Alias(structures.name(value))
    if value.get("model") is None:
        raise Wrong("its model is missing | Write {model: <the group's name>, hidden: true}")
    hidden = value.get("hidden")
    return Alias(structures.name(value["model"]), hidden is not None and structures.scalar(values.boolean)(hidden))


def _both(name: str) -> tuple[str, ...]:
    """Most stand in either section; `router_settings` wins."""
    return (f"router_settings.{name}", f"litellm_settings.{name}")


ROUTER: tuple[Setting, ...] = (
    Setting(
        "strategy",
        (),
        "How one of several deployments of a model is chosen: `simple-shuffle` (at random, by `weight`, else `rpm`, "
        "else `tpm`), `least-busy`, `latency-based-routing` or `cost-based-routing`.",
        _strategy,
        "simple-shuffle",
        files=("router_settings.routing_strategy",),
    ),
    Setting(
        "num_retries",
        (),
        "How often a request is tried again inside its group of deployments.",
        values.count,
        2,
        files=_both("num_retries"),
    ),
    Setting(
        "max_fallbacks",
        (),
        "How many other models may be asked for one request.",
        values.count,
        5,
        files=_both("max_fallbacks"),
    ),
    Setting(
        "timeout_s",
        (),
        "Seconds that a deployment without a `timeout` of its own may take to the first byte of its answer.",
        values.seconds,
        default_doc="`litellm_settings.request_timeout`",
        files=("router_settings.timeout",),
    ),
    Setting(
        "stream_timeout_s",
        (),
        "The same for a streamed answer.",
        values.seconds,
        default_doc="`timeout`",
        files=("router_settings.stream_timeout",),
    ),
    Setting(
        "retry_after_s",
        (),
        "The least number of seconds to wait before a request is tried again.",
        values.pause,
        0.0,
        default_doc="`0`",
        files=("router_settings.retry_after",),
    ),
    Setting(
        "fallbacks",
        (),
        "The models to ask when all deployments of one fail: `[{gpt-4o: [claude, gemini]}]`; `*` is every model.",
        structures.fallbacks,
        {},
        default_doc="none",
        files=_both("fallbacks"),
        structured=True,
    ),
    Setting(
        "context_window_fallbacks",
        (),
        "The same for a request that is too long for the model.",
        structures.fallbacks,
        {},
        default_doc="none",
        files=_both("context_window_fallbacks"),
        structured=True,
    ),
    Setting(
        "content_policy_fallbacks",
        (),
        "The same for a request that the provider refuses for its content.",
        structures.fallbacks,
        {},
        default_doc="none",
        files=_both("content_policy_fallbacks"),
        structured=True,
    ),
    Setting(
        "default_fallbacks",
        (),
        "The models to ask for a model that has no fallbacks of its own.",
        structures.names,
        (),
        default_doc="none",
        files=_both("default_fallbacks"),
        structured=True,
    ),
    Setting(
        "retry_policy",
        (),
        "Retries by kind of error: `{RateLimitErrorRetries: 3}`.",
        structures.counts,
        {},
        default_doc="none",
        files=("router_settings.retry_policy",),
        structured=True,
    ),
    Setting(
        "group_retry_policy",
        (),
        "The same by model: `{gpt-4o: {TimeoutErrorRetries: 0}}`.",
        structures.mapping_of(structures.counts),
        {},
        default_doc="none",
        files=("router_settings.model_group_retry_policy",),
        structured=True,
    ),
    Setting(
        "allowed_fails",
        (),
        "How many failures a minute a deployment may have before it is left out for a while.",
        values.count,
        default_doc="half of at least 5 requests",
        files=_both("allowed_fails"),
    ),
    Setting(
        "allowed_fails_policy",
        (),
        "The same by kind of error: `{TimeoutErrorAllowedFails: 12}`.",
        structures.counts,
        {},
        default_doc="none",
        files=("router_settings.allowed_fails_policy",),
        structured=True,
    ),
    Setting(
        "cooldown_s",
        (),
        "For how many seconds a failing deployment is left out.",
        values.pause,
        5.0,
        default_doc="`5`",
        files=("router_settings.cooldown_time",),
    ),
    Setting(
        "disable_cooldowns",
        (),
        "Whether failing deployments stay in.",
        values.boolean,
        False,
        files=("router_settings.disable_cooldowns",),
    ),
    Setting(
        "tag_filtering",
        (),
        "Whether the tags of a request choose among the deployments.",
        values.boolean,
        False,
        files=("router_settings.enable_tag_filtering",),
    ),
    Setting(
        "aliases",
        (),
        "Other names for models: `{gpt-4: gpt-4o}`, or `{gpt-4: {model: gpt-4o, hidden: true}}`.",
        structures.mapping_of(_alias),
        {},
        default_doc="none",
        files=("router_settings.model_group_alias",),
        structured=True,
    ),
    Setting(
        "drop_params",
        ("LITELLM_DROP_PARAMS",),
        "Whether a parameter that a provider has no place for is left out, instead of refused by name.",
        values.boolean,
        False,
        files=("litellm_settings.drop_params",),
    ),
)


def without_effect(router: Router) -> Router:
    """The router with a strategy of ours in the place of one that only LiteLLM has."""
    return router if router.strategy in STRATEGIES else msgspec.structs.replace(router, strategy=STRATEGIES[0])


def unknown_names(router: Router, models: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The keys that name a model which the file has not, each with the sentence that says so."""
    known = {*models, *router.aliases, "*"}
    for key, name in _named(router):
        if name not in known and not covers(known - {"*"}, name):
            meant = did_you_mean(name, known)
            text = f"{key} names the model {name!r}, which is not in the file: it counts once somebody adds it"
            yield key, text + (f". Did you mean {meant}?" if meant else "")


def _named(router: Router) -> Iterator[tuple[str, str]]:
    for field in ("fallbacks", "context_window_fallbacks", "content_policy_fallbacks"):
        named: Fallbacks = getattr(router, field)
        for one in dict.fromkeys((*named, *(other for others in named.values() for other in others))):
            yield f"router_settings.{field}", one
    for one in router.default_fallbacks:
        yield "router_settings.default_fallbacks", one
    for one in router.group_retry_policy:
        yield "router_settings.model_group_retry_policy", one
    for one, alias in router.aliases.items():
        yield f"router_settings.model_group_alias.{one}", alias.group
