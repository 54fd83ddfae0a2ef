"""Authorization codes: issue once, redeem once (RFC 6749 4.1.2, RFC 9700 2.1.1)."""

import hashlib
import secrets
from collections.abc import Callable

import msgspec

from gatewright.domain.clock import Millis
from gatewright.oidc.errors import InvalidGrant
from gatewright.storage import access_tokens, authorization_codes
from gatewright.storage.access_tokens import AccessToken
from gatewright.storage.authorization_codes import Code
from gatewright.storage.database import Database, Transaction

CODE_BYTES = 32
LONGEST_CODE = 128
Check = Callable[[Code], str | None]
"""The client's proof that the code is its own: None when it is good, else the cause of the refusal."""


class NewCode(msgspec.Struct, frozen=True):
    """What a code is bound to. `auth_time` in milliseconds."""

    provider_id: int
    user_pk: int
    session_id: int
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    auth_time: Millis


class Redeemed(msgspec.Struct, frozen=True):
    """The code that was redeemed, and the id of the access token that came of it."""

    code: Code
    jti: str
    issued_at: Millis
    expires_at: Millis


class Codes:
    """Codes are random, stored as SHA-256, and good for one redemption by the client that they were issued to."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def issue(self, new: NewCode, life: Millis) -> str:
        """A fresh code that lives `life` milliseconds."""
        code, now = secrets.token_urlsafe(CODE_BYTES), self._db.clock()
        row = Code(code_hash=digest(code), created_at=now, expires_at=now + life, **msgspec.structs.asdict(new))
        async with self._db.write() as tx:
            await authorization_codes.add(tx, row)
        return code

    async def redeem(self, code: str, provider_id: int, check: Check, life: Millis) -> Redeemed:
        """Uses the code up and opens an access token of `life` milliseconds.

        A code that was used already revokes every token that came of it (RFC 6749 4.1.2). A wrong proof uses the code
        up too. Raises InvalidGrant, whose `cause` tells why.
        """
        async with self._db.write() as tx:
            result = await self._redeem(tx, code[:LONGEST_CODE], provider_id, check, life)
        if isinstance(result, str):
            raise InvalidGrant(cause=result)
        return result

    async def _redeem(self, tx: Transaction, code: str, provider_id: int, check: Check, life: Millis) -> Redeemed | str:
        now, family = self._db.clock(), digest(code)
        row = await authorization_codes.redeem(tx, family, provider_id, now)
        if row is None:
            return await self._refused(tx, family, provider_id, now)
        if row.expires_at <= now:
            return "code_expired"
        cause = check(row)
        if cause is not None:
            return cause
        jti = secrets.token_urlsafe(24)
        token = AccessToken(
            jti_hash=digest(jti),
            family=family,
            provider_id=row.provider_id,
            user_pk=row.user_pk,
            session_id=row.session_id,
            scope=row.scope,
            created_at=now,
            expires_at=now + life,
        )
        await access_tokens.add(tx, token)
        return Redeemed(row, jti, now, now + life)

    async def _refused(self, tx: Transaction, family: str, provider_id: int, now: Millis) -> str:
        found = await authorization_codes.find(tx, family)
        if found is None:
            return "code_unknown"
        if found.provider_id != provider_id:
            return "code_of_another_client"
        await access_tokens.revoke_family(tx, family, now)
        return "code_replayed"


def digest(secret: str) -> str:
    """How codes and token ids are stored."""
    return hashlib.sha256(secret.encode()).hexdigest()
