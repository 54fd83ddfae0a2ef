"""`gatewright check-config`: everything that is to be said of a configuration, without starting or writing anything."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from gatewright.app import clock
from gatewright.app.keyfiles import check_keys
from gatewright.domain.errors import SettingInvalid
from gatewright.gateway.credentials.registry import Credentials
from gatewright.gateway.deployment import Site, from_entry
from gatewright.outbound.client import Outbound
from gatewright.settings import keys
from gatewright.settings.caching import CACHING
from gatewright.settings.load import Examination, examine
from gatewright.settings.router import ROUTER
from gatewright.settings.schema import SETTINGS, ModelEntry, Settings
from gatewright.settings.valkey import VALKEY
from gatewright.spend.prices import Prices
from gatewright.sso.client_authentication import check_private_keys

SECTIONS = ("general_settings", "litellm_settings", "router_settings")


class Problem(msgspec.Struct, frozen=True):
    """What stops the start. `line` is where in the file, when it is there."""

    name: str
    source: str
    line: int | None
    problem: str
    fix: str


class Warned(msgspec.Struct, frozen=True):
    """`kind` is `absent` (LiteLLM's, and not here), `unknown` (nobody's) or `doubt` (valid, probably not meant)."""

    kind: str
    name: str
    source: str
    line: int | None
    text: str


class Model(msgspec.Struct, frozen=True):
    """A deployment. `credential` says what signs in, never the credential itself; `price` is where it comes from."""

    name: str
    provider: str
    upstream_model: str
    api_base: str | None
    credential: str | None
    price: str | None
    id: str


class Key(msgspec.Struct, frozen=True):
    """A key of the file: `works`, `differs`, `absent`, `refused` or `unknown`, and what it does."""

    name: str
    status: str
    meaning: str


class Report(msgspec.Struct, frozen=True):
    """`file` is None when the environment alone was looked at."""

    file: str | None
    errors: list[Problem]
    warnings: list[Warned]
    models: list[Model]
    keys: list[Key]


def check(path: str | None) -> dict[str, Any]:
    """The report on a config file, and on the environment with it, as plain data. `path` None: GATEWRIGHT_CONFIG's."""
    found = examine({"--config": path})
    errors = [*found.errors, *(_of_start(found.settings) if found.settings is not None else ())]
    lines = found.file.line
    report = Report(
        file=found.file.name if found.file.content else path,
        errors=[Problem(one.name, one.source, lines(one.name), one.problem, one.fix) for one in errors],
        warnings=[Warned(one.kind, one.name, one.source, lines(one.name), one.text) for one in found.findings],
        models=[_model(one, Prices()) for one in found.models],
        keys=list(_keys(found)),
    )
    plain: dict[str, Any] = msgspec.to_builtins(report)
    return plain


def _of_start(settings: Settings) -> Iterator[SettingInvalid]:
    """What only the start itself finds: the database's address, keys, and deployments that cannot be called."""
    try:
        check_keys(settings)
    except SettingInvalid as error:
        yield error
    try:
        check_private_keys(settings.providers)
    except SettingInvalid as error:
        yield error
    credentials = Credentials(Outbound(), clock.now)
    site = Site(settings.operator_policy, settings.request_timeout_s, settings.router, credentials)
    for entry in settings.models:
        try:
            from_entry(entry, site)
        except SettingInvalid as error:
            yield error


def _model(entry: ModelEntry, prices: Prices) -> Model:
    known = prices.lookup(entry.provider, entry.upstream_model)
    price = "the file" if entry.price is not None else "the price table" if known is not None else None
    return Model(entry.name, entry.provider, entry.upstream_model, entry.api_base, entry.credential, price, entry.id)


def _keys(found: Examination) -> Iterator[Key]:
    docs = {name: row.doc for row in (*SETTINGS, *ROUTER, *CACHING, *VALKEY) for name in row.files}
    content = found.file.content
    yield from (_key("file", "", str(name), docs) for name in content)
    for section in SECTIONS:
        part = content.get(section)
        if isinstance(part, dict):
            yield from (_key(section, f"{section}.", str(name), docs) for name in part)
    part = (content.get("litellm_settings") or {}) if isinstance(content.get("litellm_settings"), dict) else {}
    cache = part.get("cache_params")
    if isinstance(cache, dict):
        yield from (_key("cache_params", "litellm_settings.cache_params.", str(name), docs) for name in cache)


def _key(place: str, prefix: str, name: str, docs: Mapping[str, str]) -> Key:
    known = keys.find(place, name)
    if known is None:
        return Key(prefix + name, "unknown", "")
    return Key(prefix + name, known.status, known.how or docs.get(prefix + name, ""))
