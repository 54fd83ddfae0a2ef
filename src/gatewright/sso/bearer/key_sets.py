"""The keys of the issuers whose tokens count: in memory, fetched beside the requests that need them."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.clock import SECOND, Clock, Millis
from gatewright.domain.errors import Unavailable
from gatewright.outbound.client import Outbound
from gatewright.outbound.errors import AddressRefused, OutboundFailed, shown
from gatewright.settings.jwt_auth import WELL_KNOWN, discovery_url
from gatewright.settings.jwt_rules import TrustedIssuer

# Anybody can send a token with a made-up key id, and nobody is to wait twice for an issuer that is down.
COOL_DOWN = 30 * SECOND
logger = logging.getLogger("gatewright.jwt")

Jwks = Mapping[str, Any]


class KeySet:
    """One issuer's keys. `ttl` is how long they are good, `stale` how much longer while it cannot be reached."""

    def __init__(
        self,
        issuer: TrustedIssuer,
        outbound: Outbound,
        policy: AddressPolicy,
        clock: Clock,
        *,
        ttl: Millis,
        stale: Millis,
    ) -> None:
        self.issuer = issuer
        self._outbound = outbound
        self._policy = policy
        self._clock = clock
        self._ttl, self._stale = ttl, stale
        self._keys: Jwks | None = None
        self._fetched_at: Millis = 0
        self._tried_at: Millis | None = None
        self._fetching: asyncio.Task[None] | None = None

    async def keys(self) -> Jwks:
        """The keys; those that are no longer fresh are fetched anew beside the request. Raises Unavailable."""
        age = self._clock() - self._fetched_at
        if self._keys is not None and age < self._ttl:
            return self._keys
        if self._keys is not None and age < self._ttl + self._stale:
            self._begin()
            return self._keys
        await self.refresh()
        if self._keys is None or self._clock() - self._fetched_at >= self._ttl + self._stale:
            raise Unavailable(
                "The keys of the token's issuer cannot be read now.",
                hint="The server's log says why. Try again later, or use an API key.",
                code="jwt_keys_unavailable",
            )
        return self._keys

    async def refresh(self) -> bool:
        """Fetches the keys, once for all who wait, unless that was tried just now. Whether they were fetched."""
        before = self._fetched_at
        task = self._begin()
        if task is not None:
            await asyncio.shield(task)
        return self._fetched_at != before

    def has(self, kid: str | None) -> bool:
        """Whether a key of that id is known; without an id every key might be meant."""
        found = (self._keys or {}).get("keys")
        entries = found if isinstance(found, list) else []
        return kid is None or any(isinstance(one, dict) and one.get("kid") in (kid, None) for one in entries)

    def _begin(self) -> asyncio.Task[None] | None:
        now = self._clock()
        if self._fetching is None and (self._tried_at is None or now - self._tried_at >= COOL_DOWN):
            self._tried_at = now
            self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    async def _fetch(self) -> None:
        try:
            found = await self._get(await self._url())
            if not isinstance(found.get("keys"), list):
                raise OutboundFailed("The answer is no set of keys.", code="answer_not_jwks")
            self._keys = found
            self._fetched_at = self._clock()
        except (AddressRefused, OutboundFailed) as error:
            logger.warning("the keys of %s were not read: %s", self.issuer.issuer, error.message)
        finally:
            self._fetching = None

    async def _url(self) -> str:
        """Where the keys are: as the operator says, else as the discovery document does, whose issuer must agree."""
        named = self.issuer.keys_url
        if named is not None and not named.endswith(WELL_KNOWN):
            return named
        document = await self._get(named or discovery_url(self.issuer.issuer))
        if named is None and document.get("issuer") != self.issuer.issuer:
            said = str(document.get("issuer"))[:200]
            raise OutboundFailed(f"The discovery document is of {said!r}: write JWT_ISSUER exactly as it stands there.")
        found = document.get("jwks_uri")
        if not isinstance(found, str):
            raise OutboundFailed("The discovery document names no jwks_uri.")
        if urlsplit(found).scheme != "https" and urlsplit(named or self.issuer.issuer).scheme == "https":
            raise OutboundFailed(f"The jwks_uri {shown(found)} is not an https address.")
        return found

    async def _get(self, url: str) -> dict[str, Any]:
        answer = await self._outbound.get(url, self._policy)
        if answer.status != 200:
            raise OutboundFailed(f"{answer.url} answered {answer.status}.")
        return answer.json()


class KeySets:
    """The sets by issuer: a token is checked with the keys of the issuer that it names, and with no others."""

    def __init__(self, sets: Mapping[str, KeySet]) -> None:
        self._sets = sets

    def of(self, issuer: str) -> KeySet | None:
        """The set of that issuer, None for one whose tokens do not count."""
        return self._sets.get(issuer)
