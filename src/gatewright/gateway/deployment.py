"""A deployment: one upstream model behind a public model name, ready to be called."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.clock import Millis
from gatewright.domain.errors import BadInput, SettingInvalid
from gatewright.domain.money import Price
from gatewright.settings.providers import provider_and_model
from gatewright.settings.schema import ModelEntry
from gatewright.storage.deployments import DeploymentRow
from gatewright.upstreams.endpoints import ENDPOINTS
from gatewright.upstreams.target import Target, parse_target
from gatewright.upstreams.timeouts import Timeouts

CONFIG, DATABASE, BUILT_IN = "config", "database", "built_in"

# What LiteLLM says of every model that has no creation time.
LONG_AGO: Millis = 1_677_610_602_000


class Deployment(msgspec.Struct, frozen=True):
    """`source` is `config`, `database` or `built_in`; `targets` has one for the path of every endpoint, and
    none for the built-in model alone.

    `price` None means unknown: what it costs is recorded as unknown too, never as nothing.
    """

    id: str
    name: str
    provider: str
    upstream_model: str
    api_base: str | None
    source: str
    price: Price | None
    targets: Mapping[str, Target]
    timeouts: Timeouts | None
    created_at: Millis = LONG_AGO

    @property
    def is_demonstration(self) -> bool:
        return self.source == BUILT_IN


ECHO = Deployment(
    id="echo",
    name="echo",
    provider="gatewright",
    upstream_model="echo",
    api_base=None,
    source=BUILT_IN,
    price=Price(input=0, output=0),
    targets={},
    timeouts=None,
)
"""The built-in demonstration model. It is there only while nothing else is."""


def from_entry(entry: ModelEntry, policy: AddressPolicy, timeout_s: float) -> Deployment:
    """A deployment from the config file. Raises SettingInvalid when it cannot be called as it stands there."""
    try:
        targets = targets_of(entry.api_base or "", entry.api_key, policy)
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
        targets=targets,
        timeouts=Timeouts(first_byte=seconds, idle=seconds),
    )


def from_row(row: DeploymentRow, api_key: str | None, policy: AddressPolicy, timeout_s: float) -> Deployment:
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
        targets=targets_of(api_base, api_key, policy),
        timeouts=Timeouts(first_byte=timeout_s, idle=timeout_s),
        created_at=row.created_at,
    )


def targets_of(api_base: str, api_key: str | None, policy: AddressPolicy) -> dict[str, Target]:
    """Where its endpoints are, by their paths. Raises BadInput (param `api_base` or `api_key`)."""
    headers = [("content-type", "application/json")]
    if api_key:
        headers.append(("authorization", f"Bearer {api_key}"))
    try:
        return {one.path: parse_target(api_base, one.path, headers=headers, policy=policy) for one in ENDPOINTS}
    except BadInput as error:
        if error.param == "authorization":
            raise BadInput("The API key holds a character that a header may not hold.", param="api_key") from None
        raise
