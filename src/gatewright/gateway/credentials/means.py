"""What a credential is fetched with."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.clock import Clock
from gatewright.outbound.client import Outbound
from gatewright.upstreams.call import Signer


class Means(msgspec.Struct, frozen=True):
    """`policy` holds for every address that the credential itself names."""

    outbound: Outbound
    clock: Clock
    policy: AddressPolicy

    @property
    def trusted(self) -> bool:
        """Whether the operator's own file asks: only that one may use this machine's identity and its files."""
        return self.policy.operator


class Kind(NamedTuple):
    """`make` gets the `litellm_params` and answers None when they hold no credential of this kind.

    It raises BadInput naming the member that is missing or wrong. `members` are those that the credential depends on:
    deployments where they are equal share one signer, and with it one token.
    """

    members: tuple[str, ...]
    make: Callable[[Mapping[str, Any], Means], Signer | None]
