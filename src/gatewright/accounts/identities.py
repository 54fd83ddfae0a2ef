"""The identities that somebody signs in with: shown to administrators, and taken from whoever should not have them."""

from gatewright.accounts.lost_access import end_sign_ins
from gatewright.accounts.users import EMBEDDED_SOURCE
from gatewright.domain.errors import BadInput, NotFound
from gatewright.domain.people import Event, Origin, User
from gatewright.storage import audit_log, changes, users
from gatewright.storage.database import Database, Transaction
from gatewright.storage.users import Identity


class Identities:
    """Linked at a first sign-in or by an invitation; nothing else links one."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def of(self, user_id: str) -> list[Identity]:
        """Raises NotFound."""
        async with self._db.read() as tx:
            return await users.identity_rows(tx, (await _user(tx, user_id)).id)

    async def unlink(self, user_id: str, identity_id: int, *, actor: str, origin: Origin) -> None:
        """Takes the identity from the user and ends their sign-ins on every worker.

        Raises NotFound, and BadInput for the embedded provider's, which is the account itself.
        """
        now = self._db.clock()
        async with self._db.write() as tx:
            user = await _user(tx, user_id)
            found = next((row for row in await users.identity_rows(tx, user.id) if row.id == identity_id), None)
            if found is None:
                raise NotFound("There is no such identity.", code="identity_not_found")
            if found.source == EMBEDDED_SOURCE:
                raise BadInput(
                    "The embedded provider's identity is the account itself.",
                    hint="Deactivate the user instead.",
                    code="identity_embedded",
                )
            await users.unlink(tx, user.id, identity_id)
            details = {"source": found.source, "subject": found.subject}
            await audit_log.add(tx, Event("user.unlink", "ok", actor, user.user_id, details, origin), now)
            await end_sign_ins(tx, user.id, now, command_lines=True)
            await changes.announce(tx, "user", str(user.id), now)


async def _user(tx: Transaction, user_id: str) -> User:
    found = await users.by_user_id(tx, user_id)
    if found is None:
        raise NotFound(f"There is no user {user_id!r}.", param="user_id", code="user_not_found")
    return found
