"""The signer of model calls to Amazon's cloud."""

from collections.abc import Awaitable, Callable

from gatewright.domain.clock import Clock
from gatewright.upstreams.sigv4 import AwsKeys, Scope, Signable, signed
from gatewright.upstreams.target import Target, header_block

Keys = Callable[[], Awaitable[AwsKeys]]
"""Answers the keys that count now. Raises UpstreamFailed when they cannot be had."""

_REMEMBERED = 64


class AwsSigner:
    """Signs for one service and, once it is known, region. `whose` names the keys' owner in messages."""

    def __init__(self, keys: Keys, clock: Clock, whose: str, scope: Scope | None = None) -> None:
        self._keys = keys
        self._clock = clock
        self._whose = whose
        self._scope = scope
        self._seen: dict[bytes, Signable] = {}
        self._origin: AwsSigner | None = None
        self.secrets: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"AwsSigner({self._whose})"

    def for_scope(self, region: str, service: str) -> "AwsSigner":
        """The same keys for a service in a region."""
        bound = AwsSigner(self._keys, self._clock, self._whose, Scope(region, service))
        bound._origin = self  # deployments share the origin as long as one of them holds it
        return bound

    async def headers(self, target: Target, body: bytes) -> bytes:
        """The date, the session's token and the signature. Raises UpstreamFailed."""
        assert self._scope is not None  # noqa: S101 (`for_scope` made the signer of a way)
        keys = await self._keys()
        self.secrets = (keys.secret_key, keys.token or "")
        request = self._seen.get(target.head)
        if request is None:
            if len(self._seen) >= _REMEMBERED:
                self._seen.clear()
            request = self._seen[target.head] = _signable(target)
        return header_block(signed(request, body, keys, self._scope, self._clock()))


def _signable(target: Target) -> Signable:
    lines = target.head.decode("latin-1").split("\r\n")
    kinds = [line.partition(":")[2] for line in lines if line.lower().startswith("content-type:")]
    # As the canonical form wants a value: several joined, white space trimmed.
    kind = ",".join(" ".join(value.split()) for value in kinds)
    return Signable(lines[0].partition(" ")[0], target.origin.authority, target.path, kind)
