"""Where and as whom one deployment is called: what its provider's adapter makes ways of."""

from collections.abc import Mapping
from typing import Any

import msgspec

from gatewright.domain.addresses import AddressPolicy
from gatewright.upstreams.call import Signer
from gatewright.upstreams.target import Target, parse_target


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """`model` is the provider's name of it. `params` are the other `litellm_params` (contract litellm 4.9), resolved.

    `signer` is there when the credential changes with time or request; `api_key` is None then.
    """

    provider: str
    model: str
    api_base: str
    policy: AddressPolicy
    api_key: str | None = None
    signer: Signer | None = None
    params: Mapping[str, Any] = {}

    def __repr__(self) -> str:
        return f"Account({self.provider}/{self.model})"

    @property
    def drop(self) -> bool:
        """LiteLLM's `drop_params`: leave out what cannot be carried."""
        return self.params.get("drop_params") is True

    @property
    def defaults(self) -> Mapping[str, object]:
        """Members of a body that says nothing of them."""
        found: Mapping[str, object] = self.params.get("defaults", {})
        return found

    @property
    def files(self) -> tuple[str, ...]:
        """How addresses of the cloud's storage begin that callers may name."""
        found: tuple[str, ...] = tuple(self.params.get("allowed_file_uris", ()))
        return found

    @property
    def bearer(self) -> dict[str, str]:
        """The key as most providers take it."""
        return {"authorization": f"Bearer {self.api_key}"} if self.api_key else {}

    def target(
        self,
        path: str,
        headers: Mapping[str, str] | None = None,
        *,
        api_base: str | None = None,
        form: bool = False,
    ) -> Target:
        """The endpoint `path` below the base, with these headers on each request; a form brings its own kind along.

        Raises BadInput (param `api_base`, or a header's name).
        """
        kind = {} if form else {"content-type": "application/json"}
        fixed = {**kind, **(headers or {}), **self.params.get("extra_headers", {})}
        return parse_target(api_base or self.api_base, path, headers=list(fixed.items()), policy=self.policy)
