"""The provider's signing keys: one of each algorithm signs, its successor and its forerunners are published beside it.

A rotation publishes the new key first and lets it sign once every client has had time to read it; the old one stays
published until nothing that it signed can be alive. It happens by age, and on command.
"""

import asyncio
import logging
from collections.abc import Sequence
from typing import Any

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.domain.clock import DAY, HOUR, MINUTE, Millis
from gatewright.domain.errors import BadInput, Unavailable
from gatewright.domain.people import Event, Origin
from gatewright.oidc import jwt
from gatewright.oidc.jwt import SigningKey
from gatewright.storage import changes, signing_keys
from gatewright.storage.changes import Change
from gatewright.storage.database import Database
from gatewright.storage.signing_keys import KeyRow

PURPOSE = "signing_keys.private_key"
CHANGE = "signing_key"
ALGORITHMS = ("RS256", "ES256", "EdDSA")
DEFAULT = "RS256"
# Another worker may rotate the keys; it says so, and this bounds how long a worker that did not hear goes on.
KEPT: Millis = MINUTE
# Clients fetch the keys anew at least this often, those that we know of.
LEAD: Millis = HOUR
ROTATE_AFTER: Millis = 90 * DAY
EVERY_S = 3600
logger = logging.getLogger(__name__)


class KeyRing(msgspec.Struct, frozen=True):
    """The published keys as they were read. `current` signs RS256; `jwks` is the JWKS document, RS256 first."""

    rows: tuple[KeyRow, ...]
    current: SigningKey
    jwks: dict[str, Any]
    read_at: Millis


class SigningKeys:
    """Reads the keys at most once a minute: opening a private key costs milliseconds.

    `session_life` is how long a session's ID token may come back as a hint.
    """

    def __init__(self, db: Database, audit: Audit, session_life: Millis = DAY) -> None:
        self._db = db
        self._audit = audit
        self._session_life = session_life
        self._ring: KeyRing | None = None
        self._opened: dict[str, SigningKey] = {}

    async def ensure(self) -> None:
        """Makes the first key of each algorithm that has none. Two workers that start together make one."""
        async with self._db.read() as tx:
            have = {row.algorithm for row in await signing_keys.everything(tx)}
        fresh = [await _generated(algorithm) for algorithm in ALGORITHMS if algorithm not in have]
        if not fresh:
            return
        async with self._db.write() as tx:
            await signing_keys.lock(tx)
            have = {row.algorithm for row in await signing_keys.everything(tx)}
            for key in fresh:
                if key.algorithm not in have:
                    now = self._db.clock()
                    await signing_keys.add(tx, **self._columns(key, now, now))
        self._ring = None

    async def ring(self) -> KeyRing:
        """Raises Unavailable when there is no key yet."""
        now = self._db.clock()
        if self._ring is not None and now - self._ring.read_at < KEPT:
            return self._ring
        async with self._db.read() as tx:
            rows = tuple(row for row in await signing_keys.everything(tx) if row.is_published(now))
        self._opened = {row.kid: self._opened[row.kid] for row in rows if row.kid in self._opened}
        order = sorted(rows, key=lambda row: (row.algorithm != DEFAULT, row.algorithm, -row.begins))
        current = await self._open(_signing(rows, DEFAULT, now))
        self._ring = KeyRing(rows, current, {"keys": [row.public_jwk for row in order]}, now)
        return self._ring

    async def signer(self, algorithm: str) -> SigningKey:
        """The key that signs now. Raises Unavailable when there is none."""
        ring = await self.ring()
        return await self._open(_signing(ring.rows, algorithm, self._db.clock()))

    async def published(self) -> list[KeyRow]:
        """Every published key as it is stored, newest first. Its private half is sealed."""
        return list((await self.ring()).rows)

    async def rotate(self, algorithm: str, *, actor: str, origin: Origin, at_once: bool = False) -> str:
        """Publishes a new key, which signs after an hour; answers its `kid`. One that waits already is answered again.

        `at_once` is for a key that somebody stole: the new one signs now, and the old ones are withdrawn, so that
        nothing that they signed counts any more. Raises BadInput for an algorithm that is none of ALGORITHMS.
        """
        if algorithm not in ALGORITHMS:
            raise BadInput(f"The algorithm is none of {', '.join(ALGORITHMS)}.", param="algorithm")
        fresh = await _generated(algorithm)
        async with self._db.write() as tx:
            await signing_keys.lock(tx)
            now = self._db.clock()
            rows = [row for row in await signing_keys.everything(tx) if row.algorithm == algorithm]
            waiting = next((row.kid for row in rows if row.begins > now and row.is_published(now)), None)
            if waiting is not None and not at_once:
                return waiting
            begins = now if at_once else now + LEAD
            overlap = max(await signing_keys.longest_token_life(tx), self._session_life) + 2 * KEPT
            ends = now if at_once else begins + overlap
            for row in rows:
                if row.retired_at is None or (at_once and row.is_published(now)):
                    await signing_keys.retire(tx, row.kid, begins, ends)
            await signing_keys.add(tx, **self._columns(fresh, now, begins))
            details = {"algorithm": algorithm, "at_once": at_once}
            await self._audit.write(Event("idp.signing_key", "ok", actor, fresh.kid, details, origin), tx)
            await changes.announce(tx, CHANGE, fresh.kid, now)
        self._ring = None
        return fresh.kid

    def apply(self, change: Change) -> None:
        """Reads the keys again when another worker changed them."""
        if change.kind == CHANGE:
            self._ring = None

    async def tend(self) -> None:
        """Rotates what is old, and forgets what is no longer published."""
        now = self._db.clock()
        async with self._db.write() as tx:
            await signing_keys.forget(tx, now)
            rows = await signing_keys.everything(tx)
        newest = {
            algorithm: max(row.begins for row in rows if row.algorithm == algorithm) for algorithm in _known(rows)
        }
        for algorithm, begins in newest.items():
            if now - begins >= ROTATE_AFTER:
                await self.rotate(algorithm, actor="system", origin=Origin())

    async def run(self) -> None:
        """Tends the keys once an hour until it is cancelled. Every worker does it; one of them rotates."""
        while True:
            await asyncio.sleep(EVERY_S)
            try:
                await self.tend()
            except Unavailable:
                logger.warning("the signing keys are tended in the next hour")

    def _columns(self, key: SigningKey, now: Millis, begins: Millis) -> dict[str, Any]:
        return {
            "kid": key.kid,
            "algorithm": key.algorithm,
            "private_key": self._db.sealer.seal(key.private_jwk, PURPOSE),
            "public_jwk": key.public_jwk,
            "created_at": now,
            "active_from": begins,
        }

    async def _open(self, row: KeyRow | None) -> SigningKey:
        if row is None:
            raise Unavailable("The provider has no signing key yet.", code="no_signing_key")
        if row.kid not in self._opened:
            private = self._db.sealer.open(row.private_key, PURPOSE)
            self._opened[row.kid] = await asyncio.to_thread(jwt.load_key, private, row.algorithm)
        return self._opened[row.kid]


def _signing(rows: Sequence[KeyRow], algorithm: str, now: Millis) -> KeyRow | None:
    """The newest key of the algorithm that signs now."""
    able = [row for row in rows if row.algorithm == algorithm and row.signs(now)]
    return max(able, key=lambda row: (row.begins, row.kid), default=None)


def _known(rows: Sequence[KeyRow]) -> list[str]:
    return list(dict.fromkeys(row.algorithm for row in rows if row.algorithm in ALGORITHMS))


async def _generated(algorithm: str) -> SigningKey:
    return await asyncio.to_thread(jwt.generate_key, algorithm)
