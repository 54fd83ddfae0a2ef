"""How a source's provider is reached: with the client that everybody shares, or one that trusts other authorities."""

from gatewright.domain.clock import Clock
from gatewright.outbound.client import Outbound
from gatewright.outbound.trust import tls_of
from gatewright.settings.sign_in import SignInProvider
from gatewright.sso.discovery import Discovery
from gatewright.sso.sources import Source

MOST_CLIENTS = 60


class Connections:
    """`shared` is whose certificates are the system's; the others are made when a source first needs them.

    A client keeps no connection open, so one that no source needs any more holds nothing but its authorities.
    """

    def __init__(self, shared: Outbound, clock: Clock) -> None:
        self._shared = shared
        self._clock = clock
        self._own: dict[tuple[str | None, bool], Outbound] = {}

    def connect(self, source: Source) -> Discovery:
        """What fetches a source's documents: under its address policy and with its certificate authorities."""
        return Discovery(self._client(source.provider), source.policy, self._clock)

    async def close(self) -> None:
        for client in self._own.values():
            await client.close()

    def _client(self, provider: SignInProvider) -> Outbound:
        if provider.ca is None and provider.verify_tls:
            return self._shared
        key = (provider.ca if provider.verify_tls else None, provider.verify_tls)
        if key not in self._own:
            if len(self._own) >= MOST_CLIENTS:
                self._own.pop(next(iter(self._own)))
            self._own[key] = Outbound(tls=tls_of(key[0], verify=key[1]))
        return self._own[key]
