"""A stored deployment with some of its members changed, in LiteLLM's words (contract litellm 3.8, `/model/update`).

What is not named stays. As in LiteLLM a null changes nothing, but a cost that is null goes.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec

from gatewright.settings.added import PARAMS, Added, read_added
from gatewright.settings.costs import costs_of, is_cost
from gatewright.settings.findings import Wrong
from gatewright.settings.params import PARAMS as KNOWN
from gatewright.settings.params import Members
from gatewright.settings.providers import base_of, provider_and_model

DERIVED = ("mode", "base_model")
"""What `settings.added` takes over from `model_info`."""

SHOWN = frozenset({"id", "db_model"})
"""What the gateway itself writes into a shown `model_info`."""

OTHER_ADDRESSES = ("aws_bedrock_runtime_endpoint", "aws_sts_endpoint", "azure_authority_host")


def read_changed(before: Added, params: Mapping[str, Any], info: Mapping[str, Any]) -> Added:
    """Raises Wrong with the member (`.litellm_params.rpm`) that is wrong or unknown.

    A secret goes nowhere but where it was given for: whoever changes the address gives it again.
    """
    params = {"api_base": params.get("base_url"), **params}
    params.pop("base_url", None)
    given = {name: value for name, value in params.items() if value is not None}
    told = {name: value for name, value in info.items() if name not in SHOWN and value is not None}
    provider, _ = provider_and_model(before.upstream_model)
    costs = {} if before.price is None else costs_of(before.price, provider)
    gone = {name for part in (params, info) for name, value in part.items() if value is None and is_cost(name)}
    kept = {name: value for name, value in costs.items() if name not in gone | told.keys()}
    after = read_added({**_params(before, given), **kept, **given, **_body(before, given)}, {**before.info, **told})
    _check_secrets(before, after, given)
    return msgspec.structs.replace(after, id=before.id)


def _params(before: Added, given: Members) -> Members:
    """What is stored, as it may be given."""
    stored = {name: value for name, value in before.params.items() if name not in ("defaults", *DERIVED)}
    provider, model = provider_and_model(before.upstream_model)
    if before.params.get("mode") == "responses" and "mode" not in before.info:
        model = f"responses/{model}"
    found = {**stored, "model": f"{provider}/{model}", "api_base": before.api_base, "api_key": before.api_key}
    if "model" in given and before.api_base == base_of(provider, None):
        # The provider's own address, which nobody gave.
        del found["api_base"]
    return found


def _body(before: Added, given: Members) -> Members:
    """The members of requests: those that are stored, with what is given of them."""
    stored: Members = dict(before.params.get("defaults", {}))
    own = given.get("extra_body")
    if own is not None and not isinstance(own, dict):
        return {"extra_body": own}
    body = {**{name: value for name, value in stored.items() if name not in given}, **(own or {})}
    return {"extra_body": body} if body else {}


def _check_secrets(before: Added, after: Added, given: Members) -> None:
    places = [(one.upstream_model.partition("/")[0], _origin(one.api_base)) for one in (before, after)]
    moved = places[0] != places[1]
    for name in OTHER_ADDRESSES:
        moved = moved or _origin(before.params.get(name)) != _origin(after.params.get(name))
    if not moved:
        return
    secrets = ["api_key"] if before.api_key is not None else []
    secrets += [name for name in before.params if name in KNOWN and KNOWN[name].secret]
    for name in secrets:
        if name not in given and (name == "api_key" or name in after.params):
            raise Wrong(
                "it was given for another address | Give it again, or remove the model and add it anew",
                f".{PARAMS}.{name}",
            )


def _origin(url: str | None) -> str:
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc}"
