"""Authorization codes: issue once, redeem once (RFC 6749 4.1.2, RFC 9700 2.1.1)."""

import secrets
from collections.abc import Callable

import msgspec

from gatewright.domain.clock import Millis
from gatewright.grants.tokens import Issued, NewTokens, Note, Replayed, Tokens, digest
from gatewright.oidc.errors import InvalidGrant
from gatewright.storage import authorization_codes, sessions
from gatewright.storage.authorization_codes import Code
from gatewright.storage.database import Database
from gatewright.storage.sessions import SessionRow

CODE_BYTES = 32
LONGEST_CODE = 128
REPLAYED = "code_replayed"
Check = Callable[[Code], str | None]
"""The client's proof that the code is its own: None when it is good, else the cause of the refusal."""


class NewCode(msgspec.Struct, frozen=True):
    """What a code is bound to. `auth_time` in milliseconds; `resource` is where its access token may be used."""

    provider_id: int
    user_pk: int
    session_id: int
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str | None
    auth_time: Millis
    resource: list[str] | None = None


class Codes:
    """Codes are random, stored as SHA-256, and good for one redemption by the client that they were issued to."""

    def __init__(self, db: Database, tokens: Tokens) -> None:
        self._db = db
        self._tokens = tokens

    async def issue(self, new: NewCode, life: Millis, note: Note | None = None) -> str:
        """A fresh code that lives `life` milliseconds."""
        code, now = secrets.token_urlsafe(CODE_BYTES), self._db.clock()
        row = Code(code_hash=digest(code), created_at=now, expires_at=now + life, **msgspec.structs.asdict(new))
        async with self._db.write() as tx:
            await authorization_codes.add(tx, row)
            if note is not None:
                await note(tx)
        return code

    async def look(self, code: str, provider_id: int, check: Check) -> tuple[Code, SessionRow | None]:
        """The code, unused yet and proven to be the caller's, and its session, None when that is over.

        The code's hash names the family of its tokens.

        A code that was used already revokes every token that came of it (RFC 6749 4.1.2). A wrong proof uses the code
        up. Raises InvalidGrant, whose `cause` tells why.
        """
        family = digest(code[:LONGEST_CODE])
        async with self._db.read() as tx:
            row = await authorization_codes.find(tx, family)
            session = None if row is None else await sessions.by_id(tx, row.session_id, self._db.clock())
        if row is None:
            raise InvalidGrant(cause="code_unknown")
        if row.provider_id != provider_id:
            raise InvalidGrant(cause="code_of_another_client")
        if row.redeemed_at is not None:
            raise await self._replayed(row)
        cause = "code_expired" if row.expires_at <= self._db.clock() else check(row)
        if cause is not None:
            await self._use_up(row)
            raise InvalidGrant(cause=cause)
        return row, session

    async def redeem(self, code: Code, new: NewTokens) -> Issued:
        """Uses the code up and opens its tokens. Raises InvalidGrant for all but one of two that do it at once."""
        async with self._db.write() as tx:
            won = await authorization_codes.redeem(tx, code.code_hash, code.provider_id, self._db.clock())
            if won is not None:
                return await self._tokens.open(tx, new)
        raise await self._replayed(code)

    async def _use_up(self, code: Code) -> None:
        async with self._db.write() as tx:
            await authorization_codes.redeem(tx, code.code_hash, code.provider_id, self._db.clock())

    async def _replayed(self, code: Code) -> Replayed:
        async with self._db.write() as tx:
            await self._tokens.revoke_family(tx, code.code_hash)
        return Replayed(None, cause=REPLAYED, user_pk=code.user_pk)
