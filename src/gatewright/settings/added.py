"""A deployment that a person adds at run time, in LiteLLM's words (contract litellm 3.8, `/model/new`).

The same members as in the file, and stricter: nothing is taken from the operator's environment or files, and what has
no effect is refused by name, since nobody reads warnings here.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from gatewright.domain.money import Price
from gatewright.settings import structures
from gatewright.settings.costs import price_of
from gatewright.settings.findings import Wrong
from gatewright.settings.params import LIMITS, Members, Params, price_members, read_info, read_params
from gatewright.settings.reader import REFERENCE
from gatewright.settings.upstream import find_upstream

PARAMS, INFO = "litellm_params", "model_info"
CREDENTIAL = "litellm_credential_name"
DEEPEST = 40
"""Levels of a member."""


class Added(msgspec.Struct, frozen=True):
    """`upstream_model` has its provider in front. `params` and `info` as in `schema.ModelEntry`."""

    upstream_model: str
    api_base: str | None
    api_key: str | None
    params: Members
    info: Members
    price: Price | None
    id: str | None

    def __repr__(self) -> str:
        return f"Added({self.upstream_model!r})"


def read_added(params: Mapping[str, Any], info: Mapping[str, Any]) -> Added:
    """Raises Wrong with the member (`.litellm_params.rpm`) that is wrong, unknown, or only the operator's to give."""
    for part, members in ((PARAMS, params), (INFO, info)):
        _check_references(members, f".{part}")
    if params.get(CREDENTIAL) is not None:
        raise Wrong(
            "credentials by name are for the config file alone | Give the key itself", f".{PARAMS}.{CREDENTIAL}"
        )
    limits = {name: info[name] for name in LIMITS if info.get(name) is not None}
    given = {**limits, **{name: value for name, value in params.items() if value is not None}}
    if not isinstance(given.get("model"), str) or not given["model"].strip():
        raise Wrong("it is missing | Write it as openai/<name>", f".{PARAMS}.model")
    upstream = structures.at(f".{PARAMS}", lambda one: find_upstream(one, lambda _: None), given)
    read = structures.at(f".{PARAMS}", lambda one: _strict(read_params(one, upstream.provider)), upstream.params)
    shown = structures.at(f".{INFO}", lambda one: _strict(read_info(one)), info)
    mode = shown.get("mode") or ("responses" if upstream.responses else None)
    told = {name: one for name, one in (("mode", mode), ("base_model", shown.get("base_model"))) if one is not None}
    price = structures.at(f".{PARAMS}", lambda one: price_of(one, upstream.provider), price_members(given, info))
    return Added(
        upstream_model=f"{upstream.provider}/{upstream.model}",
        api_base=upstream.api_base,
        api_key=upstream.api_key,
        params={**read, **told},
        info={name: value for name, value in shown.items() if name != "id"},
        price=price,
        id=shown.get("id"),
    )


def _strict(found: Params) -> Members:
    """Raises Wrong for the first member that would have no effect, or an unusual one."""
    for name, _, text in found.notes:
        problem, _, fix = text.partition(". ")
        raise Wrong(f"it {problem.removesuffix('; it has no effect')} | {fix or 'Leave it out'}", f".{name}")
    return found.values


def _check_references(value: Any, at: str, depth: int = 0) -> None:
    if depth > DEEPEST:
        raise Wrong("it is nested too deeply | Write it flatter", at[:200])
    if isinstance(value, str) and value.startswith(REFERENCE):
        raise Wrong("os.environ/ is for the config file alone | Give the value itself", at[:200])
    if isinstance(value, dict):
        for name, one in value.items():
            _check_references(one, f"{at}.{name}", depth + 1)
    elif isinstance(value, list):
        for index, one in enumerate(value):
            _check_references(one, f"{at}[{index}]", depth + 1)
