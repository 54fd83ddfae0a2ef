"""The bundled price table: what models cost when the operator's configuration does not say.

`prices.json` is made by scripts/make_prices.py from the data of genai-prices (MIT licence). A lookup decodes one
provider and walks its models: up to a millisecond, so it is made for each deployment, never for each request.
"""

import re
from importlib.resources import files
from typing import TypeVar

import msgspec

from gatewright.domain.money import Extras, Nanos, Price, Tier

T = TypeVar("T")

LONGEST_NAME = 256
"""Characters. A longer model name has no price."""

_ALIASES = {
    # The names of LiteLLM's providers where the table has another one and no rule that finds it.
    "azure_ai": "azure",
    "fireworks_ai": "fireworks",
}
_NO_PRICE = frozenset({"custom_openai", "openai_like", "litellm_proxy"})
"""Providers that speak a wire format without being its owner: the owner's prices are not theirs."""

_COMPACT_DATE = re.compile(r"-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")


class Clause(msgspec.Struct, frozen=True):
    """A match rule: exactly one member is set. Texts are in lower case."""

    equals: str | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    contains: str | None = None
    regex: str | None = None
    any_of: "tuple[Clause, ...] | None" = msgspec.field(default=None, name="or")
    all_of: "tuple[Clause, ...] | None" = msgspec.field(default=None, name="and")

    def matches(self, name: str) -> bool:
        """Whether `name`, in lower case, is meant."""
        if self.equals is not None:
            return name == self.equals
        if self.starts_with is not None:
            return name.startswith(self.starts_with)
        if self.contains is not None:
            return self.contains in name
        if self.any_of is not None:
            return any(part.matches(name) for part in self.any_of)
        return self._rare(name)

    def _rare(self, name: str) -> bool:
        if self.ends_with is not None:
            return name.endswith(self.ends_with)
        if self.all_of is not None:
            return all(part.matches(name) for part in self.all_of)
        return self.regex is not None and re.search(self.regex, name) is not None


class _Rates(msgspec.Struct, frozen=True, array_like=True):
    """As in `domain.money.Price`."""

    input: Nanos | None = None
    output: Nanos = 0
    cached_input: Nanos | None = None
    cache_write: Nanos | None = None
    cache_write_1h: Nanos | None = None
    audio_input: Nanos | None = None
    audio_output: Nanos | None = None
    reasoning_output: Nanos | None = None

    @property
    def price(self) -> Price | None:
        if self.input is None:
            return None
        return Price(
            input=self.input,
            output=self.output,
            cached_input=self.cached_input,
            cache_write=self.cache_write,
            cache_write_1h=self.cache_write_1h,
            audio_input=self.audio_input,
            audio_output=self.audio_output,
            reasoning_output=self.reasoning_output,
        )


class _Model(msgspec.Struct, frozen=True, array_like=True):
    """`tiers` say above how many tokens of input other rates count. Without `rates` what `extras` name has a price."""

    match: Clause
    rates: _Rates = _Rates()
    tiers: tuple[tuple[int, _Rates], ...] = ()
    extras: Extras | None = None

    @property
    def price(self) -> Price | None:
        price = self.rates.price
        if price is None:
            return None if self.extras is None else Price(0, 0, extras=self.extras)
        if not self.tiers and self.extras is None:
            return price
        long = ((above, rates.price) for above, rates in self.tiers)
        tiers = tuple(Tier(above, found) for above, found in long if found is not None)
        return msgspec.structs.replace(price, tiers=tiers, extras=self.extras)


class _Provider(msgspec.Struct, frozen=True):
    models: tuple[_Model, ...]
    match: Clause | None = None
    fallback: tuple[str, ...] = ()


class _Head(msgspec.Struct, frozen=True):
    """A provider without its models."""

    match: Clause | None = None


class _Table(msgspec.Struct, frozen=True):
    source: str
    date: str
    providers: dict[str, msgspec.Raw]


class Prices:
    """Loads the table at the first question and keeps it as bytes: 300 KB, not the 3 MB of its decoded form."""

    def __init__(self) -> None:
        self._loaded: _Table | None = None

    @property
    def date(self) -> str:
        """The day whose prices these are, as `2026-11-21`."""
        return self._table.date

    @property
    def source(self) -> str:
        """Where the table comes from: the package and its version."""
        return self._table.source

    def lookup(self, provider: str, model: str) -> Price | None:
        """What `model` costs at `provider` (LiteLLM's names: `openai`, `azure`, `bedrock`); None when unknown.

        The model may carry a date or a region, as the data's match rules allow; upper and lower case are the same.
        """
        name = model.strip().lower()
        found = self._provider(provider.strip().lower())
        if found is None or not name or len(name) > LONGEST_NAME:
            return None
        plain = _COMPACT_DATE.sub(r"-\1-\2-\3", name)
        for form in dict.fromkeys((name, plain)):
            known = self._match(found, form)
            if known is not None:
                return known.price
        return None

    @property
    def _table(self) -> _Table:
        if self._loaded is None:
            text = files(__package__).joinpath("prices.json").read_bytes()
            self._loaded = msgspec.json.decode(text, type=_Table)
        return self._loaded

    def _provider(self, name: str) -> _Provider | None:
        if name in _NO_PRICE:
            return None
        name = _ALIASES.get(name, name)
        providers = self._table.providers
        if name not in providers:
            name = next((known for known, raw in providers.items() if _named(raw, name)), "")
        return _decode(providers[name], _Provider) if name else None

    def _match(self, provider: _Provider, name: str) -> _Model | None:
        known = next((model for model in provider.models if model.match.matches(name)), None)
        if known is not None:
            return known
        for other in provider.fallback:
            models = _decode(self._table.providers[other], _Provider).models
            known = next((model for model in models if model.match.matches(name)), None)
            if known is not None:
                return known
        return None


def _named(raw: msgspec.Raw, name: str) -> bool:
    match = _decode(raw, _Head).match
    return match is not None and match.matches(name)


def _decode(raw: msgspec.Raw, kind: type[T]) -> T:
    return msgspec.json.decode(raw, type=kind)
