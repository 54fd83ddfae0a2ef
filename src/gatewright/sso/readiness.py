"""Whether people can sign in now: every provider is asked, and what fails is said (contract litellm 1.7)."""

import asyncio
from http import HTTPStatus

import msgspec

from gatewright.domain.clock import SECOND, Clock, Millis
from gatewright.oidc import metadata
from gatewright.oidc.errors import LoginRefused
from gatewright.oidc.metadata import discovery_url
from gatewright.sso.parties import RelyingParties
from gatewright.sso.refusals import ProviderFailed
from gatewright.sso.relying_party import RelyingParty

# Whoever polls this makes us ask the providers: once in this time, however many poll.
KEPT_FOR: Millis = 15 * SECOND
ENDPOINTS = ("authorization_endpoint", "token_endpoint")


class Readiness(msgspec.Struct, frozen=True):
    """One provider. `problem` None: it answers as it should."""

    provider: str
    label: str
    problem: str | None


class SsoReadiness:
    """Asks afresh: what sign-ins remember of a provider would hide that it went away."""

    def __init__(self, parties: RelyingParties, clock: Clock) -> None:
        self._parties = parties
        self._clock = clock
        self._known: dict[str, tuple[Millis, RelyingParty, Readiness]] = {}
        self._lock = asyncio.Lock()

    async def of_all(self) -> list[Readiness]:
        """Every provider that people can sign in through, in the order in which they see them."""
        async with self._lock:
            now, parties = self._clock(), self._parties.everything
            stale = [party for party in parties if not self._is_fresh(party, now)]
            for party, found in zip(stale, await asyncio.gather(*map(_asked, stale)), strict=True):
                self._known[party.source.id] = (now, party, found)
            return [self._known[party.source.id][2] for party in parties]

    def _is_fresh(self, party: RelyingParty, now: Millis) -> bool:
        known = self._known.get(party.source.id)
        return known is not None and known[1] is party and now - known[0] < KEPT_FOR


async def _asked(party: RelyingParty) -> Readiness:
    source = party.source
    try:
        await _probe(party)
    except LoginRefused as error:
        return Readiness(source.id, source.label, error.message)
    return Readiness(source.id, source.label, None)


async def _probe(party: RelyingParty) -> None:
    """Raises LoginRefused when a sign-in could not get through: no discovery document, or an endpoint is silent."""
    issuer = party.source.provider.issuer
    if issuer is not None:
        answer = await party.discovery.fetch(discovery_url(issuer))
        metadata.parse(answer.body, issuer=issuer)
        return
    for name in ENDPOINTS:
        # Any answer shows that it is there: without parameters it is an error of the protocol.
        answer = await party.discovery.ask(await party.endpoint(name))
        if answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise ProviderFailed("provider_status", f"The provider answered {answer.status} at {answer.url}.")
