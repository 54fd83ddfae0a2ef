"""Device codes: asked for by a device, answered by a person, redeemed once (RFC 8628)."""

import secrets

import msgspec

from gatewright.domain.clock import MINUTE, SECOND, Millis
from gatewright.domain.people import Origin
from gatewright.grants.tokens import Issued, NewTokens, Replayed, Tokens, digest
from gatewright.oidc.errors import (
    AccessDenied,
    AuthorizationPending,
    ExpiredToken,
    InvalidGrant,
    OAuthError,
    ServerError,
    SlowDown,
)
from gatewright.storage import device_codes
from gatewright.storage.database import Database
from gatewright.storage.device_codes import DeviceCode

LIFE: Millis = 10 * MINUTE
INTERVAL_S = 5
# A poll may arrive this much early: a client that waits as long as it was told must not be told to slow down.
EARLY: Millis = SECOND
# Consonants that are neither a word nor mistaken for one another (RFC 8628 6.1): 34 bits.
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
USER_CODE_CHARS = 8
LONGEST_CODE = 128
WORDS = "The device code is unknown, used, or was issued to another client."


class Started(msgspec.Struct, frozen=True):
    """What the device gets. `user_code` is shown as XXXX-XXXX; `expires_in` and `interval` are seconds."""

    device_code: str
    user_code: str
    expires_in: int
    interval: int


class Devices:
    """Everything is in the database, so any worker serves any step."""

    def __init__(self, db: Database, tokens: Tokens) -> None:
        self._db = db
        self._tokens = tokens

    async def start(self, provider_id: int, scope: str, resource: tuple[str, ...] | None, origin: Origin) -> Started:
        """A device asks."""
        now, device_code = self._db.clock(), secrets.token_urlsafe(32)
        for _ in range(3):
            code = "".join(secrets.choice(ALPHABET) for _ in range(USER_CODE_CHARS))
            row = DeviceCode(
                device_code_hash=digest(device_code),
                user_code_hash=digest(code),
                provider_id=provider_id,
                scope=scope,
                resource=resource,
                address=origin.address,
                user_agent=(origin.user_agent or "")[:300] or None,
                interval_s=INTERVAL_S,
                created_at=now,
                expires_at=now + LIFE,
            )
            async with self._db.write() as tx:
                if await device_codes.add(tx, row):
                    return Started(device_code, shown(code), LIFE // SECOND, INTERVAL_S)
        raise ServerError(cause="user_codes_taken")

    def age_s(self, row: DeviceCode) -> int:
        """How many seconds ago the device asked."""
        return (self._db.clock() - row.created_at) // SECOND

    async def waiting(self, user_code: str) -> DeviceCode | None:
        """The device that shows this code and waits for an answer."""
        async with self._db.read() as tx:
            return await device_codes.waiting(tx, digest(canonical(user_code)), self._db.clock())

    async def approve(self, user_code: str, user_pk: int, session_id: int) -> DeviceCode | None:
        """The person says yes; None when it was answered or ran out meanwhile."""
        columns = {"user_pk": user_pk, "session_id": session_id, "approved_at": self._db.clock()}
        async with self._db.write() as tx:
            return await device_codes.decide(tx, digest(canonical(user_code)), self._db.clock(), **columns)

    async def deny(self, user_code: str) -> DeviceCode | None:
        """The person says no; None when it was answered or ran out meanwhile."""
        async with self._db.write() as tx:
            now = self._db.clock()
            return await device_codes.decide(tx, digest(canonical(user_code)), now, denied_at=now)

    async def look(self, device_code: str, provider_id: int) -> DeviceCode:
        """The approved code. Raises what RFC 8628 3.5 says of every other one.

        A code that was redeemed already revokes what came of it, as a replayed authorization code does.
        """
        hashed = digest(device_code[:LONGEST_CODE])
        async with self._db.write() as tx:
            row = await device_codes.find(tx, hashed)
            if row is None:
                raise InvalidGrant(WORDS, cause="device_code_unknown")
            if row.provider_id != provider_id:
                raise InvalidGrant(WORDS, cause="device_code_of_another_client")
            problem = self._problem(row)
            if isinstance(problem, (AuthorizationPending, SlowDown)):
                interval = row.interval_s + (INTERVAL_S if isinstance(problem, SlowDown) else 0)
                await device_codes.polled(tx, hashed, self._db.clock(), interval)
            elif row.redeemed_at is not None:
                await self._tokens.revoke_family(tx, hashed)
        if problem is not None:
            raise problem
        return row

    async def redeem(self, row: DeviceCode, new: NewTokens) -> Issued:
        """Uses the code up and opens its tokens. Raises InvalidGrant for all but one of two that do it at once."""
        async with self._db.write() as tx:
            if await device_codes.redeem(tx, row.device_code_hash, self._db.clock()):
                return await self._tokens.open(tx, new)
        async with self._db.write() as tx:
            await self._tokens.revoke_family(tx, row.device_code_hash)
        raise _replayed(row)

    def _problem(self, row: DeviceCode) -> OAuthError | None:
        now = self._db.clock()
        if row.redeemed_at is not None:
            return _replayed(row)
        if row.denied_at is not None:
            return AccessDenied(cause="device_denied")
        if row.expires_at <= now:
            return ExpiredToken(cause="device_code_expired")
        if row.approved_at is not None:
            return None
        if row.polled_at is not None and now - row.polled_at < row.interval_s * SECOND - EARLY:
            return SlowDown()
        return AuthorizationPending()


def _replayed(row: DeviceCode) -> Replayed:
    return Replayed(WORDS, cause="device_code_replayed", user_pk=row.user_pk)


def shown(code: str) -> str:
    """A user code as people read it."""
    return f"{code[:4]}-{code[4:]}"


def canonical(typed: str) -> str:
    """A user code as it is hashed: what people add or leave out when they type does not count."""
    return "".join(char for char in typed.upper()[:100] if char in ALPHABET)
