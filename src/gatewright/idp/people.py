"""The person behind a token, and the subject that a client sees."""

import hashlib

from gatewright.domain.people import User
from gatewright.storage import facts, users
from gatewright.storage.database import Database

INSTALLATION = "installation_id"
"""The fact that keeps hashed ids of two installations apart."""


class People:
    """Reads people afresh, so that a change of group or a deactivation counts at once."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def active(self, user_pk: int) -> User | None:
        """The user, None when they are gone or deactivated."""
        async with self._db.read() as tx:
            user = await users.by_id(tx, user_pk)
        return user if user is not None and user.is_active else None

    async def subject(self, user: User, mode: str) -> str:
        """The `sub` of the client's subject mode (contract 1.5). A mode whose value is missing gives the hashed id."""
        plain = {
            "user_id": str(user.id),
            "user_uuid": user.uuid,
            "user_username": user.username,
            "user_email": user.email,
            "user_upn": user.attributes.get("upn"),
        }.get(mode)
        if isinstance(plain, str) and plain:
            return plain
        async with self._db.read() as tx:
            return hashed_id(user, str(await facts.read(tx, INSTALLATION)))


def hashed_id(user: User, installation: str) -> str:
    """Authentik's `hashed_user_id`."""
    return hashlib.sha256(f"{user.id}-{installation}".encode()).hexdigest()
