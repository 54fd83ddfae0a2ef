"""API tokens as credentials: whose token a key is, and what it may do now."""

from gatewright.accounts.users import ADMIN_GROUP
from gatewright.domain.clock import MINUTE, Millis
from gatewright.domain.errors import Unauthenticated
from gatewright.domain.identity import Role
from gatewright.domain.keys import Principal, key_hash
from gatewright.domain.people import User
from gatewright.storage import api_tokens, groups, users
from gatewright.storage.database import Database, Transaction

INTENT, APP_PASSWORD = "api", "app_password"
SERVICE_KINDS = ("service_account", "internal_service_account")
# A token in use is written back at most this often.
TOUCH_EVERY: Millis = 5 * MINUTE


class ApiTokens:
    """Looks a token up at each request, so that its end, and its owner's, count at once on every worker."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def authenticate(self, key: str) -> Principal | None:
        """The owner with their role of now; None when it is no API token, or one that has expired.

        Raises Unauthenticated when the owner is switched off.
        """
        now = self._db.clock()
        async with self._db.read() as tx:
            row = await api_tokens.by_hash(tx, key_hash(key), now)
            if row is None or row.intent != INTENT:
                return None
            user = await users.by_id(tx, row.user_pk)
            if user is None or not user.is_active:
                raise Unauthenticated("The owner of this token is not active.", code="user_inactive")
            role = await role_now(tx, user)
        if now - (row.last_used_at or 0) > TOUCH_EVERY:
            async with self._db.write() as tx:
                await api_tokens.change(tx, row.id, last_used_at=now)
        return Principal(
            kind="token",
            role=role,
            user_pk=user.id,
            user_id=user.user_id,
            credential_id=row.id,
            expires_at=row.expires_at,
            email=user.email,
        )


async def role_now(tx: Transaction, user: User) -> Role:
    """A person's role is what their last sign-in left. A service account never signs in: its groups decide."""
    if user.kind not in SERVICE_KINDS or user.role_locked:
        return user.role
    mine = [one.group for one in await groups.memberships(tx, user.id)]
    return Role.PROXY_ADMIN if any(one.is_superuser or one.name == ADMIN_GROUP for one in mine) else user.role
