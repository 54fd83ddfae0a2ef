"""The person behind a token, and the subject that a client sees."""

import hashlib

from gatewright.domain.people import User
from gatewright.storage import facts
from gatewright.storage.database import Database

INSTALLATION = "installation_id"
"""The fact that keeps hashed ids of two installations apart."""


class People:
    """Knows the installation's id, which never changes."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._installation: str | None = None

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
        if self._installation is None:
            async with self._db.read() as tx:
                self._installation = str(await facts.read(tx, INSTALLATION))
        return hashed_id(user, self._installation)


def hashed_id(user: User, installation: str) -> str:
    """Authentik's `hashed_user_id`."""
    return hashlib.sha256(f"{user.id}-{installation}".encode()).hexdigest()
