"""A deployment: one upstream model behind a public model name, ready to be called."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.clock import Millis
from gatewright.domain.errors import BadInput, SettingInvalid
from gatewright.domain.money import Price
from gatewright.gateway.credentials.registry import Credentials
from gatewright.settings.providers import provider_and_model
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
CONFIG, DATABASE, BUILT_IN = "config", "database", "built_in"

# What LiteLLM says of every model that has no creation time.
LONG_AGO: Millis = 1_677_610_602_000


class Deployment(msgspec.Struct, frozen=True):
    """`source` is `config`, `database` or `built_in`; `ways` says by the path of an endpoint how it
    is served.

    `price` None means unknown: what it costs is recorded as unknown too, never as nothing.
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
    created_at: Millis = LONG_AGO

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


def from_entry(
    entry: ModelEntry, policy: AddressPolicy, timeout_s: float, credentials: Credentials | None = None
) -> Deployment:
    """A deployment from the config file. Raises SettingInvalid when it cannot be called as it stands there."""
    base = entry.api_base or ""
    try:
        ways = ways_at(entry.provider, entry.upstream_model, base, entry.api_key, policy, entry.params, credentials)
    except BadInput as error:
        raise SettingInvalid(
            f"model_list ({entry.name}).{error.param}",
            source="config file",
            problem=error.message.rstrip("."),
            fix=error.hint or "Correct the entry",
        ) from error
    seconds = entry.timeout_s or timeout_s
    return Deployment(
        id=entry.id,
        name=entry.name,
        provider=entry.provider,
        upstream_model=entry.upstream_model,
        api_base=entry.api_base,
        source=CONFIG,
        price=entry.price,
        ways=ways,
        timeouts=Timeouts(first_byte=seconds, idle=seconds),
    )


def from_row(
    row: DeploymentRow,
    api_key: str | None,
    policy: AddressPolicy,
    timeout_s: float,
    credentials: Credentials | None = None,
) -> Deployment:
    """A deployment from the database. Raises BadInput when the row cannot be called."""
    provider, upstream_model = provider_and_model(str(row.params.get("model") or ""))
    api_base = str(row.params.get("api_base") or "")
    price: Any = row.model_info.get("price")
    return Deployment(
        id=row.uuid,
        name=row.model_name,
        provider=provider,
        upstream_model=upstream_model,
        api_base=api_base,
        source=DATABASE,
        price=None if price is None else msgspec.convert(price, Price),
        ways=ways_at(provider, upstream_model, api_base, api_key, policy, row.params, credentials),
        timeouts=Timeouts(first_byte=timeout_s, idle=timeout_s),
        created_at=row.created_at,
    )


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
