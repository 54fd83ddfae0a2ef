"""Which provider has a credential that changes, and the signers that this worker holds."""

import hashlib
from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any, cast
from weakref import WeakValueDictionary

import msgspec

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.clock import Clock
from gatewright.gateway.credentials.means import Kind, Means
from gatewright.outbound.client import Outbound
from gatewright.upstreams.call import Signer

PACKAGE = __name__.rpartition(".")[0]
KINDS = {"vertex_ai": "google", "bedrock": "aws", "bedrock_converse": "aws", "azure": "entra", "azure_ai": "entra"}
"""The module by the provider's name, imported at the first need."""


@cache
def _kind(module: str) -> Kind:
    return cast(Kind, import_module(f"{PACKAGE}.{module}").KIND)


class Credentials:
    """Makes signers. One for a worker: deployments with the same credential share a signer as long as one is there."""

    def __init__(self, outbound: Outbound, clock: Clock) -> None:
        self._outbound = outbound
        self._clock = clock
        self._made: WeakValueDictionary[bytes, Signer] = WeakValueDictionary()

    def signer_for(self, provider: str, params: Mapping[str, Any], policy: AddressPolicy) -> Signer | None:
        """The signer of a deployment without an API key; None for a provider that has no other credential.

        Raises BadInput naming the `litellm_params` member that is missing or wrong.
        """
        module = KINDS.get(provider)
        if module is None:
            return None
        kind = _kind(module)
        given = {name: params[name] for name in kind.members if name in params}
        key = hashlib.sha256(msgspec.json.encode([provider, given, repr(policy)], order="sorted")).digest()
        found = self._made.get(key)
        if found is None:
            found = kind.make(params, Means(self._outbound, self._clock, policy))
            if found is not None:
                self._made[key] = found
        return found
