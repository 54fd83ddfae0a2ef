"""The `model_list` of LiteLLM's config.yaml, with `credential_list` (contract litellm 4.4 and 4.9)."""

import hashlib
from collections.abc import Mapping
from typing import Any, NamedTuple

from gatewright.domain.errors import SettingInvalid
from gatewright.domain.money import Price
from gatewright.settings import structures, values
from gatewright.settings.costs import price_of
from gatewright.settings.findings import did_you_mean
from gatewright.settings.params import ENTRY, LIMITS, Members, Params, price_members, read_info, read_params
from gatewright.settings.reader import Reader
from gatewright.settings.schema import ModelEntry
from gatewright.settings.sections import report
from gatewright.settings.upstream import Upstream, find_upstream

WITHOUT_OUTPUT = frozenset({"embedding", "rerank", "moderation", "audio_transcription", "image_generation"})
"""Modes whose models write no tokens that cost."""

ENTRY_FIX = "Write entries that start with `- model_name:`"
CREDENTIAL_FIX = "Write entries with credential_name and credential_values"


def read_models(reader: Reader) -> tuple[ModelEntry, ...]:
    """The entries that can be used. Those that cannot are errors of the reader, findings when they may be left out."""
    given: list[Any] = reader.attempt(lambda: _list(reader, "model_list", ENTRY_FIX), [])
    shared = reader.attempt(lambda: _shared(reader), _Shared({}, {}, lenient=False))
    entries: dict[str, ModelEntry] = {}
    for index, item in enumerate(given):
        where = f"model_list[{index}]"
        try:
            entry = _Entry(reader, where, shared).read(item, entries)
        except SettingInvalid as error:
            if shared.lenient:
                reader.warn("doubt", error.name, f"{where} is left out: {error.name}: {error.problem}")
            else:
                reader.errors.append(error)
        else:
            entries[entry.id] = entry
    return tuple(entries.values())


class _Shared(NamedTuple):
    """What entries share: credentials by name, and `router_settings.default_litellm_params`.

    `lenient`: `router_settings.ignore_invalid_deployments`.
    """

    credentials: Mapping[str, Members]
    defaults: Members
    lenient: bool


def _shared(reader: Reader) -> _Shared:
    key = "router_settings.default_litellm_params"
    defaults: Members = reader.resolve(reader.section(key), key)
    lenient = "router_settings.ignore_invalid_deployments"
    said = reader.section("router_settings").get("ignore_invalid_deployments")
    credentials = _list(reader, "credential_list", CREDENTIAL_FIX)
    named: dict[str, Members] = {}
    for index, item in enumerate(credentials):
        name, members = _credential(reader, f"credential_list[{index}]", item)
        if name in named:
            raise reader.wrong(f"credential_list[{index}].credential_name", f"{name!r} stands twice", "Rename one")
        named[name] = members
    return _Shared(
        named,
        defaults,
        lenient=said is not None and reader.parsed(structures.scalar(values.boolean), said, lenient),
    )


def _credential(reader: Reader, where: str, item: Any) -> tuple[str, Members]:
    name = item.get("credential_name") if isinstance(item, dict) else None
    if not isinstance(name, str) or not isinstance(item.get("credential_values"), dict):
        raise reader.wrong(where, "its name or its values are missing", CREDENTIAL_FIX)
    return name, item["credential_values"]


def _list(reader: Reader, name: str, fix: str) -> list[Any]:
    found = reader.file.content.get(name)
    if found is None:
        return []
    if not isinstance(found, list):
        raise reader.wrong(name, "it is not a list", fix)
    return found


class _Entry:
    """One entry while it is read; `where` is its place in the file."""

    def __init__(self, reader: Reader, where: str, shared: _Shared) -> None:
        self._reader = reader
        self._where = where
        self._shared = shared

    def read(self, item: Any, others: Mapping[str, ModelEntry]) -> ModelEntry:
        """Raises SettingInvalid naming the member that is missing or wrong."""
        if not isinstance(item, dict) or not isinstance(item.get("model_name"), str) or not item["model_name"].strip():
            raise self._wrong(".model_name", "it is missing or not text", "Give the model its public name")
        report(self._reader, "model_list", f"{self._where}.", item, ENTRY)
        name, info = item["model_name"], self._info(item)
        params = self._params(item, info)
        upstream = self._parsed(lambda _: find_upstream(params, self._reader.variable), None, ".litellm_params")
        if upstream.doubt:
            self._reader.warn("doubt", f"{self._where}.litellm_params", f"{self._where} ({name}) {upstream.doubt}")
        mode = info.get("mode") or ("responses" if upstream.responses else None)
        read = self._read(upstream, {"mode": mode, "base_model": info.get("base_model")})
        return ModelEntry(
            name=name,
            provider=upstream.provider,
            upstream_model=upstream.model,
            api_base=upstream.api_base,
            api_key=upstream.api_key,
            id=self._id(info, name, upstream, others),
            price=self._price(upstream.params, info, mode, upstream.provider),
            timeout_s=read.get("timeout"),
            params=read,
            info=info,
            credential=upstream.credential,
        )

    def _wrong(self, part: str, problem: str, fix: str) -> SettingInvalid:
        return self._reader.wrong(self._where + part, problem, fix)

    def _parsed(self, parse: Any, value: Any, part: str) -> Any:
        return self._reader.parsed(parse, value, self._where + part)

    def _members(self, item: Members, part: str) -> Members:
        given = item.get(part)
        if given is None:
            return {}
        if not isinstance(given, dict):
            raise self._wrong(f".{part}", "it is not a mapping", "Write `name: value` below it")
        found: Members = self._reader.resolve(given, f"{self._where}.{part}")
        return {name: value for name, value in found.items() if value is not None}

    def _params(self, item: Members, info: Members) -> Members:
        """The entry's own, before those of its credential, before those for all."""
        own = self._members(item, "litellm_params")
        shared: Members = {}
        name = own.pop("litellm_credential_name", None)
        if name is not None:
            key = f"{self._where}.litellm_params.litellm_credential_name"
            name = self._reader.parsed(structures.name, name, key)
            if name not in self._shared.credentials:
                meant = did_you_mean(str(name), self._shared.credentials)
                fix = f"Did you mean {meant}" if meant else "Add it there"
                raise self._reader.wrong(key, f"credential_list has no {name!r}", fix)
            shared = self._reader.resolve(self._shared.credentials[name], key)
        if not isinstance(own.get("model"), str) or not own["model"]:
            raise self._wrong(".litellm_params.model", "it is missing or not text", "Write it as openai/<name>")
        limits = {name: part[name] for part in (item, info) for name in LIMITS if part.get(name) is not None}
        return {**self._shared.defaults, **limits, **shared, **own}

    def _read(self, upstream: Upstream, of_model: Members) -> Members:
        found = self._parsed(lambda _: read_params(upstream.params, upstream.provider), None, ".litellm_params")
        for name, kind, text in found.notes:
            full = f"{self._where}.litellm_params.{name}"
            self._reader.warn(kind, full, f"{full} {text}")
        return {**found.values, **{name: value for name, value in of_model.items() if value is not None}}

    def _info(self, item: Members) -> Members:
        read: Params = self._parsed(read_info, self._members(item, "model_info"), ".model_info")
        for name, kind, text in read.notes:
            full = f"{self._where}.model_info.{name}"
            self._reader.warn(kind, full, f"{full} {text}")
        return read.values

    def _id(self, info: Members, name: str, upstream: Upstream, others: Mapping[str, ModelEntry]) -> str:
        """The given id, else one that stays the same; entries that differ in their key alone are numbered."""
        if info.get("id") is not None:
            given: str = info["id"]
            if given in others:
                raise self._wrong(".model_info.id", f"another entry has the id {given!r}", "Give each its own")
            return given
        again = 0
        while (found := deployment_id(name, upstream, again)) in others:
            again += 1
        return found

    def _price(self, params: Members, info: Members, mode: Any, provider: str) -> Price | None:
        given = price_members(params, info)
        part = ".litellm_params" if given.keys() & params.keys() else ".model_info"
        price: Price | None = self._parsed(lambda _: price_of(given, provider), None, part)
        key = f"{self._where}{part}"
        if price is None and given:
            self._reader.warn("doubt", key, f"{key}: {', '.join(given)} has no effect without input_cost_per_token")
        elif "input_cost_per_token" in given and "output_cost_per_token" not in given and mode not in WITHOUT_OUTPUT:
            self._reader.warn("doubt", key, f"{key}: without output_cost_per_token its output costs nothing")
        return price


def deployment_id(name: str, upstream: Upstream, again: int = 0) -> str:
    """A stable id for an entry without one, so that spend of the same deployment stays together over restarts."""
    parts = (name, upstream.provider, upstream.model, upstream.api_base or "", *([str(again)] if again else ()))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
