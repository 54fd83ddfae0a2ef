"""Somebody who was invited to their row chooses its password, where our own provider is one that people sign in at."""

from gatewright.accounts.audit import Audit
from gatewright.accounts.invitations import Invited, over, take
from gatewright.accounts.passwords import Passwords
from gatewright.domain.people import Event, Origin, User
from gatewright.idp.directory.people import new_password
from gatewright.idp.mail.letters import Notice
from gatewright.idp.mail.outbox import Outbox
from gatewright.storage.database import Database


class Onboarding:
    """Opens no session: the person signs in afterwards, with every factor that is asked of them."""

    def __init__(self, db: Database, passwords: Passwords, outbox: Outbox) -> None:
        self._db = db
        self._passwords = passwords
        self._outbox = outbox
        self._audit = Audit(db)

    @property
    def shortest_password(self) -> int:
        return self._passwords.shortest

    async def claim(self, invited: Invited, password: str, origin: Origin) -> User:
        """Sets the password, ends what an older one opened, and uses the invitation up.

        Raises BadInput for the password, which leaves the invitation as it is, Forbidden when it was used meanwhile.
        """
        hashed, now = await self._passwords.hash(password), self._db.clock()
        async with self._db.write() as tx:
            user = await take(tx, invited.token_hash, invited.user.user_id, now)
            if user is None:
                raise over()
            await new_password(tx, user, hashed, now)
            await self._outbox.notice(tx, user, Notice.PASSWORD, origin)
            await self._audit.write(Event("invitation.use", "ok", user.user_id, user.user_id, origin=origin), tx)
        return user
