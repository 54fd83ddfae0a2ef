"""The provider's signing keys: one signs, those before it stay published."""

import asyncio
from typing import Any

import msgspec

from gatewright.domain.clock import MINUTE, Millis
from gatewright.domain.errors import Unavailable
from gatewright.oidc import jwt
from gatewright.oidc.jwt import SigningKey
from gatewright.storage import oauth_providers, signing_keys
from gatewright.storage.database import Database

PURPOSE = "signing_keys.private_key"
# Another worker may rotate the keys; a token that it signs is verified by reading again.
KEPT: Millis = MINUTE


class KeyRing(msgspec.Struct, frozen=True):
    """The key that signs, and the JWKS document with every published key."""

    current: SigningKey
    jwks: dict[str, Any]
    read_at: Millis


class SigningKeys:
    """Reads the keys at most once a minute: opening a private key costs milliseconds."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._ring: KeyRing | None = None

    async def ensure(self, algorithm: str = "RS256") -> None:
        """Makes the first key when there is none. Two workers that start together make one."""
        fresh = await asyncio.to_thread(jwt.generate_key, algorithm)
        async with self._db.write() as tx:
            await oauth_providers.lock_first_start(tx)
            if await signing_keys.everything(tx):
                return
            await signing_keys.add(
                tx,
                kid=fresh.kid,
                algorithm=fresh.algorithm,
                private_key=self._db.sealer.seal(fresh.private_jwk, PURPOSE),
                public_jwk=fresh.public_jwk,
                created_at=self._db.clock(),
            )

    async def ring(self) -> KeyRing:
        """Raises Unavailable when there is no key yet."""
        now = self._db.clock()
        if self._ring is not None and now - self._ring.read_at < KEPT:
            return self._ring
        async with self._db.read() as tx:
            rows = await signing_keys.everything(tx)
        alive = next((row for row in rows if row.retired_at is None), None)
        if alive is None:
            raise Unavailable("The provider has no signing key yet.", code="no_signing_key")
        private = self._db.sealer.open(alive.private_key, PURPOSE)
        current = await asyncio.to_thread(jwt.load_key, private, alive.algorithm)
        self._ring = KeyRing(current, {"keys": [row.public_jwk for row in rows]}, now)
        return self._ring
