"""Tell clients that a session ended, from server to server (OpenID Connect Back-Channel Logout 1.0).

The end of a session writes its notices; this job sends them, on whichever worker claims one first. What fails is tried
again for some hours: after a restart of the client a person who was signed out must not be signed in there.
"""

import asyncio
import logging
import secrets

from gatewright.accounts.audit import Audit
from gatewright.domain.addresses import AddressPolicy
from gatewright.domain.clock import HOUR, MINUTE, SECOND, Millis
from gatewright.domain.errors import GatewrightError, Unavailable
from gatewright.domain.people import Event
from gatewright.idp.clients import Client, Clients
from gatewright.idp.signing_keys import SigningKeys
from gatewright.oidc import jwt
from gatewright.outbound.client import Outbound
from gatewright.outbound.errors import OutboundFailed
from gatewright.storage import logout_notices, session_ends
from gatewright.storage.database import Database
from gatewright.storage.logout_notices import Notice

EVENT = "http://schemas.openid.net/event/backchannel-logout"
BACKCHANNEL = "backchannel"
TOKEN_LIFE: Millis = 2 * MINUTE
TIMEOUT_S = 10
# A claim outlives the slowest attempt, so that a worker that died gives its notices back.
CLAIMED_FOR: Millis = MINUTE
DELAYS: tuple[Millis, ...] = (
    10 * SECOND,
    30 * SECOND,
    MINUTE,
    5 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
)
AT_ONCE = 10
EVERY_S = 1.0
# Sessions that expire are looked for less often than notices.
SWEEP_EVERY = 60
SWEPT_AT_ONCE = 200
logger = logging.getLogger(__name__)


class LogoutNotices:
    """The job. `policy` is that for addresses that a person typed: a client's `logout_uri` is one."""

    def __init__(
        self, db: Database, clients: Clients, keys: SigningKeys, outbound: Outbound, policy: AddressPolicy, audit: Audit
    ) -> None:
        self._db = db
        self._clients = clients
        self._keys = keys
        self._outbound = outbound
        self._policy = policy
        self._audit = audit

    async def run(self) -> None:
        """Runs until it is cancelled; a database that is away is asked again."""
        round_number = 0
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                if round_number % SWEEP_EVERY == 0:
                    await self.sweep()
                await self.deliver()
            except Unavailable:
                logger.warning("logout notices wait: the database cannot be read")
            round_number += 1

    async def sweep(self) -> int:
        """Makes the notices of sessions that expired, and says of how many."""
        async with self._db.write() as tx:
            return await session_ends.expire(tx, self._db.clock(), SWEPT_AT_ONCE)

    async def deliver(self) -> int:
        """Sends what is due and says how many notices that were."""
        now = self._db.clock()
        async with self._db.read() as tx:
            if not await logout_notices.any_due(tx, now):
                return 0
        async with self._db.write() as tx:
            claimed = await logout_notices.claim(tx, now, now + CLAIMED_FOR, AT_ONCE)
        await asyncio.gather(*(self._attempt(notice) for notice in claimed))
        return len(claimed)

    async def _attempt(self, notice: Notice) -> None:
        client = await self._clients.by_id(notice.provider_id)
        if client is None or not client.logout_uri or client.logout_method != BACKCHANNEL:
            await self._give_up(notice, client, "no_logout_address", "The client has no address for it any more.")
            return
        try:
            await self._send(client, notice)
        except Unavailable:
            # Ours, not the client's: the claim runs out and somebody tries again.
            logger.warning("a logout notice waits: there is no signing key or no database")
        except GatewrightError as error:
            await self._failed(notice, client, error)
        else:
            async with self._db.write() as tx:
                await logout_notices.delivered(tx, notice.id, self._db.clock())
            await self._report("ok", notice, client)

    async def _send(self, client: Client, notice: Notice) -> None:
        """Raises AddressRefused, OutboundFailed."""
        form = {"logout_token": await self.token(client, notice)}
        try:
            async with asyncio.timeout(TIMEOUT_S):
                answer = await self._outbound.post_form(client.logout_uri, self._policy, form)
        except TimeoutError as error:
            raise OutboundFailed("The client took too long to answer.", code="outbound_timeout") from error
        if answer.status not in (200, 204):
            raise OutboundFailed(f"{answer.url} answered {answer.status}.", code="logout_notice_refused")

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

    async def _failed(self, notice: Notice, client: Client, error: GatewrightError) -> None:
        if notice.attempts > len(DELAYS):
            await self._give_up(notice, client, "given_up", error.message)
            return
        again = self._db.clock() + DELAYS[notice.attempts - 1]
        async with self._db.write() as tx:
            await logout_notices.failed(tx, notice.id, error.message, again)
        if notice.attempts == 1:
            # The first failure and the last one; what lies between would flood the log.
            await self._report(error.error_code, notice, client, error.message)

    async def _give_up(self, notice: Notice, client: Client | None, cause: str, words: str) -> None:
        async with self._db.write() as tx:
            await logout_notices.give_up(tx, notice.id)
        await self._report(cause, notice, client, words)

    async def _report(self, outcome: str, notice: Notice, client: Client | None, words: str | None = None) -> None:
        details = {"attempt": notice.attempts, "sid": notice.sid}
        if words is not None:
            details["cause"] = words
        target = None if client is None else client.client_id
        await self._audit.write(Event("idp.logout_notice", outcome, target=target, details=details))
