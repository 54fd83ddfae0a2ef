"""Access tokens after their issue: are they alive, and revoke them."""

from gatewright.grants.codes import digest
from gatewright.storage import access_tokens
from gatewright.storage.access_tokens import AccessToken
from gatewright.storage.database import Database, Transaction


class Tokens:
    """Looks tokens up by the `jti` in them."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def living(self, jti: str) -> AccessToken | None:
        """The token's row; None when it is unknown, expired, revoked, or its session is over."""
        async with self._db.read() as tx:
            return await access_tokens.living(tx, digest(jti), self._db.clock())

    async def revoke_session(self, tx: Transaction, session_id: int) -> int:
        """Revokes what was issued in the session, in the transaction that ends it."""
        return await access_tokens.revoke_session(tx, session_id, self._db.clock())
