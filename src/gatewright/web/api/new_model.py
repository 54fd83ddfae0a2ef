"""What the dashboard asks for when it adds a model, read like LiteLLM's `litellm_params` (`settings.added`)."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.domain.money import TOKENS_PER_PRICE
from gatewright.gateway.new_deployment import NewDeployment
from gatewright.settings.added import PARAMS as WITHIN
from gatewright.settings.added import read_added
from gatewright.settings.costs import is_cost
from gatewright.settings.params import PARAMS

FIELDS = {
    "model": "upstream_model",
    "api_base": "api_base",
    "base_url": "api_base",
    "api_key": "api_key",
    "custom_llm_provider": "upstream_model",
    "input_cost_per_token": "input_price_per_million",
    "output_cost_per_token": "output_price_per_million",
}
"""Members of `litellm_params` that are fields of their own here."""

_PRICE = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")


class ModelRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A deployment to add. Prices are USD for a million tokens as decimal text: both, or neither.

    `params` holds the members of LiteLLM's `litellm_params` that are not fields here.
    """

    name: str
    upstream_model: str
    api_base: str | None = None
    api_key: str | None = None
    input_price_per_million: str | None = None
    output_price_per_million: str | None = None
    params: dict[str, Any] = {}

    def __repr__(self) -> str:
        return f"ModelRequest({self.name!r}, {self.upstream_model!r})"


def read_request(wanted: ModelRequest) -> NewDeployment:
    """The deployment to add. Raises BadInput naming the field, for a member of `params` as `params.<key>`."""
    for name in wanted.params:
        if name in FIELDS:
            raise BadInput(
                f"{name} does not belong into params.",
                param=f"params.{name}",
                hint=f"Use the field {FIELDS[name]}.",
                code="field_invalid",
            )
    costs = _costs(wanted)
    spare = next((name for name, value in wanted.params.items() if is_cost(name) and value is not None), None)
    if spare is not None and not costs:
        raise BadInput(
            f"{spare} needs the two prices beside it.",
            param=f"params.{spare}",
            hint="Give input_price_per_million and output_price_per_million too.",
        )
    given = {"model": wanted.upstream_model, "api_base": wanted.api_base or None, "api_key": wanted.api_key or None}
    try:
        added = read_added({**wanted.params, **given, **costs}, {})
    except ValueError as error:
        problem, _, fix = str(error).partition(" | ")
        field = _field_at(str(getattr(error, "at", "")))
        raise BadInput(_sentence(problem), param=field, hint=_sentence(fix) or None, code="field_invalid") from error
    return NewDeployment(
        name=wanted.name,
        upstream_model=added.upstream_model,
        api_base=added.api_base,
        api_key=added.api_key,
        price=added.price,
        params=added.params,
    )


def placed(error: BadInput, given: Mapping[str, Any]) -> BadInput:
    """What `Deployments.add` found, at the field of the request. `given`: the `params` that were asked for."""
    field, headers = error.param, given.get("extra_headers")
    if field in FIELDS:
        field = FIELDS[field]
    elif field in PARAMS or field in given:
        field = f"params.{field}"
    elif isinstance(headers, dict) and field in headers:
        field = f"params.extra_headers.{field}"[:200]
    return BadInput(error.message, param=field, hint=error.hint, code=error.error_code)


def _field_at(place: str) -> str:
    """`.litellm_params.rpm` as `params.rpm`, and what is a field of its own as that."""
    name = place.removeprefix(f".{WITHIN}.")
    return FIELDS.get(name, f"params.{name}"[:200])


def _sentence(text: str) -> str:
    """Wording for lists, `it is missing`, as a sentence."""
    return f"{text[0].upper()}{text[1:]}." if text else ""


def _costs(wanted: ModelRequest) -> dict[str, str]:
    """USD for one token, {} without prices. Raises BadInput naming the one that is missing or no price."""
    rates = {
        "input_cost_per_token": wanted.input_price_per_million,
        "output_cost_per_token": wanted.output_price_per_million,
    }
    missing = [name for name, text in rates.items() if text is None]
    if len(missing) == 2:
        return {}
    if missing:
        raise BadInput("The other price is missing.", param=FIELDS[missing[0]], hint="Give both prices, or neither.")
    return {name: _per_token(text or "", FIELDS[name]) for name, text in rates.items()}


def _per_token(text: str, param: str) -> str:
    """Decimal text for a million tokens, exact: no more than the nine decimals that a nano-dollar has."""
    if _PRICE.fullmatch(text.strip()) is None:
        raise BadInput(
            "This is not a price.",
            param=param,
            hint="Write USD for a million tokens as decimal text with at most nine decimals, such as 2.50.",
        )
    return str(Decimal(text.strip()) / TOKENS_PER_PRICE)
