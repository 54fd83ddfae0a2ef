"""Refresh tokens: each is good once, and whoever brings a used one ends the family (RFC 9700 4.14)."""

import msgspec

from gatewright.domain.clock import Millis
from gatewright.grants.tokens import Issued, NewTokens, Replayed, Tokens, digest
from gatewright.oidc.errors import InvalidGrant
from gatewright.storage import refresh_tokens
from gatewright.storage.database import Database, Transaction
from gatewright.storage.refresh_tokens import RefreshToken

LONGEST_TOKEN = 128
REUSED = "refresh_token_reused"
WORDS = "The refresh token is unknown, expired, revoked, used, or was issued to another client."


class Refreshes:
    """The refresh tokens that clients bring."""

    def __init__(self, db: Database, tokens: Tokens) -> None:
        self._db = db
        self._tokens = tokens

    async def find(self, token: str) -> RefreshToken | None:
        """The token whatever its state and whosever it is."""
        async with self._db.read() as tx:
            return await refresh_tokens.find(tx, digest(token[:LONGEST_TOKEN]))

    def usable(self, row: RefreshToken) -> bool:
        """Whether its client could use the token now."""
        return row.rotated_at is None and self._over(row) is None

    async def look(self, token: str, provider_id: int) -> RefreshToken:
        """The token, good for one use by that client.

        One that was rotated already ends the family, access tokens included. Raises InvalidGrant with the cause.
        """
        row = await self.find(token)
        if row is None:
            raise InvalidGrant(WORDS, cause="refresh_token_unknown")
        if row.provider_id != provider_id:
            raise InvalidGrant(WORDS, cause="refresh_token_of_another_client")
        if row.rotated_at is not None:
            raise await self._reused(row)
        cause = self._over(row)
        if cause is not None:
            raise InvalidGrant(WORDS, cause=cause)
        return row

    async def redeem(self, row: RefreshToken, new: NewTokens, keep: Millis) -> Issued:
        """Rotates the token and opens what follows. One with more than `keep` milliseconds left stays as it is.

        Raises InvalidGrant for all but one of two that do it at once; that ends the family.
        """
        async with self._db.write() as tx:
            await refresh_tokens.lock_family(tx, row.family)
            rotating = self._rotates(row, keep)
            if await self._won(tx, row, rotating=rotating):
                return await self._tokens.open(tx, new if rotating else msgspec.structs.replace(new, refresh=None))
        raise await self._reused(row)

    async def _won(self, tx: Transaction, row: RefreshToken, *, rotating: bool) -> bool:
        if rotating:
            return await refresh_tokens.rotate(tx, row.token_hash, self._db.clock())
        return await refresh_tokens.keep(tx, row.token_hash, self._db.clock())

    def _rotates(self, row: RefreshToken, keep: Millis) -> bool:
        return keep <= 0 or row.idle_expires_at - self._db.clock() <= keep

    def _over(self, row: RefreshToken) -> str | None:
        if row.revoked_at is not None:
            return "refresh_token_revoked"
        return "refresh_token_expired" if row.idle_expires_at <= self._db.clock() else None

    async def _reused(self, row: RefreshToken) -> Replayed:
        async with self._db.write() as tx:
            await self._tokens.revoke_family(tx, row.family)
        return Replayed(WORDS, cause=REUSED, user_pk=row.user_pk)
