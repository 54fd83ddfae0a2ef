"""Access and refresh tokens: open a family's, are they alive, and revoke them."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable

import msgspec

from gatewright.domain.clock import Millis
from gatewright.domain.people import Origin
from gatewright.oidc.errors import InvalidGrant
from gatewright.storage import access_tokens, authorization_codes, refresh_tokens, session_clients
from gatewright.storage.access_tokens import AccessToken
from gatewright.storage.database import Database, Transaction
from gatewright.storage.refresh_tokens import RefreshToken

JTI_BYTES, REFRESH_BYTES = 24, 48
Note = Callable[[Transaction], Awaitable[None]]
"""Writes what belongs into the same transaction: the event."""


class NewRefresh(msgspec.Struct, frozen=True):
    """What a refresh token is bound to beside its access token. `scope` is the whole grant's, which never narrows.

    `expires_at` ends the family however often it is used; `idle_life` is how long the token lives unused. `origin` is
    who asks; `granted_at` is when the family began, None for now.
    """

    scope: str
    sid: str | None
    amr: tuple[str, ...]
    auth_time: Millis
    resource: tuple[str, ...] | None
    idle_life: Millis
    expires_at: Millis
    origin: Origin = Origin()
    granted_at: Millis | None = None


class NewTokens(msgspec.Struct, frozen=True):
    """What an access token is bound to, and the refresh token that comes with it. `life` in milliseconds.

    `subject` is how the client knows the person, for the notice when the session ends. `note` writes what else belongs
    to it.
    """

    family: str
    provider_id: int
    user_pk: int
    session_id: int | None
    scope: str
    life: Millis
    refresh: NewRefresh | None = None
    subject: str | None = None
    note: Note | None = None


class Issued(msgspec.Struct, frozen=True):
    """The secrets of what was opened; the database has their hashes alone."""

    jti: str
    issued_at: Millis
    expires_at: Millis
    refresh_token: str | None = None


class Replayed(InvalidGrant):
    """Somebody brought what was used already: a thief, or a client that was robbed. `user_pk` is whose it was."""

    def __init__(self, message: str | None, *, cause: str, user_pk: int | None) -> None:
        super().__init__(message, cause=cause)
        self.user_pk = user_pk


class Tokens:
    """Looks access tokens up by the `jti` in them, refresh tokens by themselves."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def open(self, tx: Transaction, new: NewTokens) -> Issued:
        """Makes the rows, in the transaction that uses the grant up."""
        now, jti = self._db.clock(), secrets.token_urlsafe(JTI_BYTES)
        row = AccessToken(
            jti_hash=digest(jti),
            family=new.family,
            provider_id=new.provider_id,
            user_pk=new.user_pk,
            session_id=new.session_id,
            scope=new.scope,
            created_at=now,
            expires_at=now + new.life,
        )
        await access_tokens.add(tx, row)
        if new.session_id is not None and new.subject is not None:
            await session_clients.note(tx, new.session_id, new.provider_id, new.subject, now)
        if new.note is not None:
            await new.note(tx)
        refresh = None if new.refresh is None else await self._open_refresh(tx, new, new.refresh, now)
        return Issued(jti, now, now + new.life, refresh)

    async def living(self, tx: Transaction, jti: str) -> AccessToken | None:
        """The token's row; None when it is unknown, expired, revoked, or its session was ended."""
        return await access_tokens.living(tx, digest(jti), self._db.clock())

    async def revoke(self, jti: str) -> bool:
        """Revokes one access token; False when it was over."""
        async with self._db.write() as tx:
            return await access_tokens.revoke(tx, digest(jti), self._db.clock()) == 1

    async def revoke_family(self, tx: Transaction, family: str) -> int:
        """Revokes all that came of one grant and says how many access tokens were alive."""
        now = self._db.clock()
        await refresh_tokens.lock_family(tx, family)
        await refresh_tokens.revoke_family(tx, family, now)
        return await access_tokens.revoke_family(tx, family, now)

    async def revoke_client(self, tx: Transaction, user_pk: int, provider_id: int) -> int:
        """Revokes everything that one client has of one person and says how many access tokens were alive.

        Codes come first: a redemption that is under way ends before its tokens are looked for.
        """
        now = self._db.clock()
        await authorization_codes.cancel(tx, user_pk, provider_id, now)
        await refresh_tokens.revoke_client(tx, user_pk, provider_id, now)
        return await access_tokens.revoke_client(tx, user_pk, provider_id, now)

    async def _open_refresh(self, tx: Transaction, new: NewTokens, refresh: NewRefresh, now: Millis) -> str:
        token = secrets.token_urlsafe(REFRESH_BYTES)
        row = RefreshToken(
            token_hash=digest(token),
            family=new.family,
            provider_id=new.provider_id,
            user_pk=new.user_pk,
            session_id=new.session_id,
            sid=refresh.sid,
            amr=refresh.amr,
            auth_time=refresh.auth_time,
            scope=refresh.scope,
            resource=refresh.resource,
            created_at=now,
            idle_expires_at=min(now + refresh.idle_life, refresh.expires_at),
            expires_at=refresh.expires_at,
            granted_at=now if refresh.granted_at is None else refresh.granted_at,
            last_used_at=now,
            address=refresh.origin.address,
            user_agent=(refresh.origin.user_agent or "")[:300] or None,
        )
        await refresh_tokens.add(tx, row)
        return token


def digest(secret: str) -> str:
    """How codes, tokens and token ids are stored."""
    return hashlib.sha256(secret.encode()).hexdigest()
