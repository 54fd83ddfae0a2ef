"""Tell clients that a session ended, from server to server (OpenID Connect Back-Channel Logout 1.0).

The end of a session writes its notices; this job sends them. After a restart of the client a person who was signed out
must not be signed in there.
"""

import asyncio
import secrets

from gatewright.accounts.audit import Audit
from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.clock import MINUTE, SECOND, Millis
from gatewright.domain.people import Event
from gatewright.idp.clients import Client, Clients
from gatewright.idp.deliveries import Deliveries, Undeliverable
from gatewright.idp.signing_keys import SigningKeys
from gatewright.oidc import jwt
from gatewright.outbound.client import Outbound
from gatewright.outbound.errors import OutboundFailed
from gatewright.storage import logout_notices, session_ends
from gatewright.storage.database import Database, Transaction
from gatewright.storage.logout_notices import Notice

EVENT = "http://schemas.openid.net/event/backchannel-logout"
BACKCHANNEL = "backchannel"
TOKEN_LIFE: Millis = 2 * MINUTE
TIMEOUT_S = 10
# Sessions that expire are looked for less often than notices.
SWEEP_EVERY = 60
SWEPT_AT_ONCE = 200


class LogoutNotices(Deliveries[Notice]):
    """The job. `policy` is that for addresses that a person typed: a client's `logout_uri` is one."""

    def __init__(
        self, db: Database, clients: Clients, keys: SigningKeys, outbound: Outbound, policy: AddressPolicy, audit: Audit
    ) -> None:
        super().__init__(db, logout_notices.QUEUE, "logout notices")
        self._clients = clients
        self._keys = keys
        self._outbound = outbound
        self._policy = policy
        self._audit = audit

    async def before(self, round_number: int) -> None:
        """Sweeps now and then."""
        if round_number % SWEEP_EVERY == 0:
            await self.sweep()

    async def sweep(self) -> int:
        """Makes the notices of sessions that expired, and says of how many."""
        async with self._db.write() as tx:
            return await session_ends.expire(tx, self._db.clock(), SWEPT_AT_ONCE)

    async def send(self, row: Notice) -> None:
        """Raises Undeliverable, AddressRefused, OutboundFailed."""
        client = await self._clients.by_id(row.provider_id)
        if client is None or not client.logout_uri or client.logout_method != BACKCHANNEL:
            raise Undeliverable("The client has no address for it any more.", code="no_logout_address")
        form = {"logout_token": await self.token(client, row)}
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await self._outbound.post_form(client.logout_uri, self._policy, form)
        except TimeoutError as error:
            raise OutboundFailed("The client took too long to answer.", code="outbound_timeout") from error
        if answer.status not in (200, 204):
            raise OutboundFailed(f"{answer.url} answered {answer.status}.", code="logout_notice_refused")

    async def sent(self, tx: Transaction, row: Notice) -> None:
        """The row stays a while."""
        await logout_notices.delivered(tx, row.id, self._db.clock())

    async def report(self, row: Notice, outcome: str, words: str | None = None) -> None:
        """`idp.logout_notice`, with the client as its target."""
        client = await self._clients.by_id(row.provider_id)
        details = {"attempt": row.attempts, "sid": row.sid}
        if words is not None:
            details["cause"] = words
        target = None if client is None else client.client_id
        await self._audit.write(Event("idp.logout_notice", outcome, target=target, details=details))

    async def token(self, client: Client, notice: Notice) -> str:
        """The logout token (2.4): never with a nonce, so that it cannot pass for an ID token."""
        now = self._db.clock()
        claims = {
            "iss": client.issuer,
            "aud": client.client_id,
            "iat": now // SECOND,
            "exp": (now + TOKEN_LIFE) // SECOND,
            "jti": secrets.token_urlsafe(24),
            "events": {EVENT: {}},
            "sub": notice.subject,
            "sid": notice.sid,
        }
        return jwt.sign(claims, await self._keys.signer(client.signing_algorithm), typ="logout+jwt")
