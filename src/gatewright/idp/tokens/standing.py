"""Whether tokens may be issued or used at this moment: asked for every grant, in one place (contract 8.8, 8.16)."""

from gatewright.domain.people import User
from gatewright.grants.tokens import Tokens
from gatewright.idp.access import INACTIVE, AccessRules
from gatewright.idp.clients import Client
from gatewright.idp.resources import Resources
from gatewright.idp.tokens.request import Grounds
from gatewright.oidc.errors import InvalidGrant, InvalidTarget
from gatewright.storage import sessions, users
from gatewright.storage.database import Database, Transaction

WORDS = "The grant is over: the person, their session, or their access to this application is."


class Standing:
    """Person, session, access and resource as they are now."""

    def __init__(self, db: Database, access: AccessRules, resources: Resources, tokens: Tokens) -> None:
        self._db = db
        self._access = access
        self._resources = resources
        self._tokens = tokens

    async def look(
        self, tx: Transaction, client: Client, user_pk: int, session_id: int | None = None
    ) -> tuple[User | None, str]:
        """The person behind a grant or a token; nobody, and why, when it must not be used any more."""
        user = await users.by_id(tx, user_pk)
        if user is None:
            return None, INACTIVE
        if session_id is not None and await sessions.not_ended(tx, session_id) is None:
            return None, "session_over"
        cause = await self._access.refusal_in(tx, user, client)
        return (user, "") if cause is None else (None, cause)

    async def over(self, grounds: Grounds, cause: str) -> InvalidGrant:
        """Revokes what the grant gave before; what to raise."""
        async with self._db.write() as tx:
            await self._tokens.revoke_family(tx, grounds.family)
        return InvalidGrant(WORDS, cause=cause)

    async def check_resource(self, user: User, resource: str | None) -> None:
        """Raises InvalidTarget for a resource that the person may not use."""
        if resource is not None and not await self._resources.may_use(user, resource):
            raise InvalidTarget(cause="resource_denied")
