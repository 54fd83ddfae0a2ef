"""A deployment: one upstream model behind a public model name, ready to be called."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.clock import Millis
from gatewright.domain.errors import BadInput, SettingInvalid
from gatewright.domain.model_names import ANY, fill, is_pattern
from gatewright.domain.money import Price
from gatewright.gateway.credentials.registry import Credentials
from gatewright.gateway.terms import NO_TERMS, Terms, terms_of, timeouts_of
from gatewright.settings.providers import PROVIDERS, provider_and_model
from gatewright.settings.router import Router
from gatewright.settings.schema import ModelEntry
from gatewright.storage.deployments import DeploymentRow
from gatewright.translation.dialect import Dialect
from gatewright.upstreams.account import Account
from gatewright.upstreams.call import Way
from gatewright.upstreams.endpoints import CHAT, MESSAGES, RESPONSES
from gatewright.upstreams.providers.registry import ways_of
from gatewright.upstreams.target import parse_target
from gatewright.upstreams.timeouts import Timeouts

CREDENTIAL_HEADERS = frozenset({"authorization", "api-key", "x-api-key", "x-goog-api-key"})
SHORTEST_SECRET = 6
"""Characters. Shorter ones, such as a placeholder for a server without keys, stand in texts by chance."""

CONFIG, DATABASE, BUILT_IN = "config", "database", "built_in"

# What LiteLLM says of every model that has no creation time.
LONG_AGO: Millis = 1_677_610_602_000


class Deployment(msgspec.Struct, frozen=True):
    """`source` is `config`, `database` or `built_in`; `ways` says by the path of an endpoint how it
    is served.

    `price` None means unknown: what it costs is recorded as unknown too, never as nothing. `info` is LiteLLM's
    `model_info`, for everybody who may use the model. `secrets` must not reach a
    client when the provider repeats them. `for_name` makes the deployment of a name that its pattern matched, out of
    what each `*` stood for; it raises BadInput. None for a name that stands for itself.
    """

    id: str
    name: str
    provider: str
    upstream_model: str
    api_base: str | None
    source: str
    price: Price | None
    ways: Mapping[str, Way]
    timeouts: Timeouts | None
    stream_timeouts: Timeouts | None = None
    terms: Terms = NO_TERMS
    info: Mapping[str, Any] = MappingProxyType({})
    secrets: tuple[bytes, ...] = ()
    for_name: "Callable[[str, tuple[str, ...]], Deployment] | None" = None
    created_at: Millis = LONG_AGO

    def __repr__(self) -> str:
        return f"Deployment({self.id!r}, {self.name!r}, {self.provider}/{self.upstream_model})"

    @property
    def is_demonstration(self) -> bool:
        return self.source == BUILT_IN


NOWHERE = Way(
    target=parse_target("http://echo.invalid", "/", policy=AddressPolicy()), model="echo", dialect=Dialect.CHAT
)

ECHO = Deployment(
    id="echo",
    name="echo",
    provider="gatewright",
    upstream_model="echo",
    api_base=None,
    source=BUILT_IN,
    price=Price(input=0, output=0),
    ways=dict.fromkeys((CHAT.path, RESPONSES.path, MESSAGES.path), NOWHERE),
    timeouts=None,
)
"""The built-in demonstration model. It is there only while nothing else is."""


class Site(NamedTuple):
    """What every deployment from one source is made with. `timeout_s` is for those that say nothing, nor the router."""

    policy: AddressPolicy
    timeout_s: float
    router: Router = Router()
    credentials: Credentials | None = None
    untested: frozenset[str] = frozenset()
    """Providers that are switched on although they are untested."""

    def check_tested(self, provider: str) -> None:
        """Raises BadInput for a provider that is off."""
        if PROVIDERS[provider].untested and provider not in self.untested:
            raise BadInput(
                f"The provider {provider} is off: no library of its own judges what is sent to it.",
                param="model",
                hint=f"Set GATEWRIGHT_UNTESTED_PROVIDERS={provider} to switch it on.",
                code="provider_untested",
            )


def from_entry(entry: ModelEntry, site: Site) -> Deployment:
    """A deployment from the config file. Raises SettingInvalid when it cannot be called as it stands there."""
    try:
        return _of_entry(entry, site)
    except BadInput as error:
        raise SettingInvalid(
            f"model_list ({entry.name}).{error.param}",
            source="config file",
            problem=error.message.rstrip("."),
            fix=error.hint or "Correct the entry",
        ) from error


def _of_entry(entry: ModelEntry, site: Site) -> Deployment:
    """Raises BadInput."""
    site.check_tested(entry.provider)
    base = entry.api_base or ""
    model = tried(entry.upstream_model)
    ways = ways_at(entry.provider, model, base, entry.api_key, site.policy, entry.params, site.credentials)
    timeouts, stream_timeouts = timeouts_of(entry.params, entry.timeout_s, site.router, site.timeout_s)
    return Deployment(
        id=entry.id,
        name=entry.name,
        provider=entry.provider,
        upstream_model=entry.upstream_model,
        api_base=entry.api_base,
        source=CONFIG,
        price=entry.price,
        ways=ways,
        timeouts=timeouts,
        stream_timeouts=stream_timeouts,
        terms=terms_of(entry.params, entry.info),
        info=entry.info,
        secrets=_secrets(entry.api_key, entry.params),
        for_name=partial(_entry_for, entry, site) if is_pattern(entry.name) else None,
    )


def _entry_for(entry: ModelEntry, site: Site, name: str, found: tuple[str, ...]) -> Deployment:
    model = fill(entry.upstream_model, name, found)
    return _of_entry(msgspec.structs.replace(entry, name=name, upstream_model=model), site)


def from_row(row: DeploymentRow, api_key: str | None, site: Site) -> Deployment:
    """A deployment from the database. Raises BadInput when the row cannot be called."""
    params = {"drop_params": True, **row.params} if site.router.drop_params else row.params
    provider, upstream_model = provider_and_model(str(row.params.get("model") or ""))
    site.check_tested(provider)
    api_base = str(row.params.get("api_base") or "")
    price: Any = row.model_info.get("price")
    info: Mapping[str, Any] = row.model_info.get("info", {})
    timeouts, stream_timeouts = timeouts_of(row.params, None, site.router, site.timeout_s)
    return Deployment(
        id=row.uuid,
        name=row.model_name,
        provider=provider,
        upstream_model=upstream_model,
        api_base=api_base,
        source=DATABASE,
        price=None if price is None else msgspec.convert(price, Price),
        ways=ways_at(provider, tried(upstream_model), api_base, api_key, site.policy, params, site.credentials),
        timeouts=timeouts,
        stream_timeouts=stream_timeouts,
        terms=terms_of(row.params, info),
        info=info,
        secrets=_secrets(api_key, row.params),
        for_name=partial(_row_for, row, api_key, site) if is_pattern(row.model_name) else None,
        created_at=row.created_at,
    )


def _row_for(row: DeploymentRow, api_key: str | None, site: Site, name: str, found: tuple[str, ...]) -> Deployment:
    provider, model = provider_and_model(str(row.params.get("model") or ""))
    params = {**row.params, "model": f"{provider}/{fill(model, name, found)}"}
    return from_row(msgspec.structs.replace(row, model_name=name, params=params), api_key, site)


def tried(model: str) -> str:
    """A name with which a pattern can be tried out when it is loaded."""
    return model.replace(ANY, "any")


def _secrets(api_key: str | None, params: Mapping[str, Any]) -> tuple[bytes, ...]:
    """What is sent to the provider and to nobody else, longest first."""
    sent = [api_key, params.get("azure_ad_token"), *dict(params.get("extra_headers") or {}).values()]
    found = {text.encode() for text in sent if isinstance(text, str) and len(text) >= SHORTEST_SECRET}
    return tuple(sorted(found, key=len, reverse=True))


def ways_at(
    provider: str,
    model: str,
    api_base: str,
    api_key: str | None,
    policy: AddressPolicy,
    params: Mapping[str, Any] = MappingProxyType({}),
    credentials: Credentials | None = None,
) -> dict[str, Way]:
    """How its endpoints are served, by their paths. An API key counts before every other credential.

    Raises BadInput (param `api_base`, `api_key`, or another of `litellm_params`).
    """
    signer = None if api_key or credentials is None else credentials.signer_for(provider, params, policy)
    account = Account(
        provider=provider,
        model=model,
        api_base=api_base,
        api_key=api_key,
        signer=signer,
        policy=policy,
        params=params,
    )
    try:
        return ways_of(account)
    except BadInput as error:
        if error.param in CREDENTIAL_HEADERS:
            raise BadInput("The API key holds a character that a header may not hold.", param="api_key") from None
        raise
