"""What somebody asks to be added at run time, as it is checked and stored."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.domain.money import Price
from gatewright.settings.providers import provider_and_model, unknown_provider
from gatewright.storage.deployments import DeploymentRow
from gatewright.storage.sealing import Sealer

LONGEST_NAME = 200
HIGHEST_PRICE = 10**15
"""Nano-dollars for a million tokens, a million dollars: above it a slip of the pen, and a sum that overflows."""


class NewDeployment(msgspec.Struct, frozen=True):
    """What somebody asks to be added. `api_base` may be None for a provider that has an address of its own.

    `params` are the other members of `litellm_params` and `info` those of `model_info`, read by `settings.added`. `id`
    None: one is made.
    """

    name: str
    upstream_model: str
    api_base: str | None
    api_key: str | None = None
    price: Price | None = None
    params: Mapping[str, Any] = {}
    info: Mapping[str, Any] = {}
    id: str | None = None

    def __repr__(self) -> str:
        return f"NewDeployment({self.name!r}, {self.upstream_model!r})"


def checked(new: NewDeployment) -> tuple[str, str]:
    """Provider and upstream model of what is asked for. Raises BadInput naming the field that is wrong."""
    for value, param in ((new.name, "name"), (new.upstream_model, "upstream_model")):
        if not value.strip() or value != value.strip() or not value.isprintable() or len(value) > LONGEST_NAME:
            raise BadInput(
                f"This is not a model's name: it must have 1 to {LONGEST_NAME} printable characters, "
                "none of them a space at its ends.",
                param=param,
            )
    if new.price is not None:
        rates = (("input_price_per_million", new.price.input), ("output_price_per_million", new.price.output))
        for param, rate in rates:
            if not 0 <= rate <= HIGHEST_PRICE:
                raise BadInput("The price must be from 0 to 1000000 USD for a million tokens.", param=param)
    stranger = unknown_provider(new.upstream_model)
    if stranger is not None and not new.api_base:
        raise BadInput(
            f"The provider {shown_name(stranger)} is not known.",
            param="upstream_model",
            hint="Give its address up to and with /v1 in the field for it, when it speaks OpenAI's API.",
        )
    provider, upstream_model = provider_and_model(new.upstream_model)
    if not upstream_model:
        raise BadInput("The name after the provider is missing.", param="upstream_model")
    return provider, upstream_model


def stored_info(new: NewDeployment) -> dict[str, Any]:
    """The price, and LiteLLM's `model_info`."""
    price = {} if new.price is None else {"price": msgspec.to_builtins(new.price)}
    return {**price, **({"info": dict(new.info)} if new.info else {})}


def as_new(row: DeploymentRow, sealer: Sealer) -> NewDeployment:
    """What somebody would ask for to get the same. Raises Unavailable when it was sealed under another key."""
    params, price = row.opened_params(sealer), row.model_info.get("price")
    return NewDeployment(
        name=row.model_name,
        upstream_model=str(row.params.get("model") or ""),
        api_base=row.params.get("api_base") or None,
        api_key=row.opened_key(sealer),
        price=None if price is None else msgspec.convert(price, Price),
        params={name: value for name, value in params.items() if name not in row.params},
        info=row.model_info.get("info", {}),
        id=row.uuid,
    )


def shown_name(model: str) -> str:
    """For messages: a long one is cut."""
    return repr(model if len(model) <= 100 else model[:100] + "...")
