"""Whether tokens may be issued or used at this moment: asked for every grant, in one place (contract 8.8, 8.16)."""

from gatewright.domain.people import User
from gatewright.grants.tokens import Tokens
from gatewright.idp.access import INACTIVE, AccessRules
from gatewright.idp.clients import Client
from gatewright.idp.resources import Resources
from gatewright.idp.tokens.request import Grounds
from gatewright.oidc.errors import InvalidGrant, InvalidTarget
from gatewright.storage import sessions, users
from gatewright.storage.database import Database

WORDS = "The grant is over: the person, their session, or their access to this application is."


class Standing:
    """Person, session, access and resource as they are now."""

    def __init__(self, db: Database, access: AccessRules, resources: Resources, tokens: Tokens) -> None:
        self._db = db
        self._access = access
        self._resources = resources
        self._tokens = tokens

    async def user(self, client: Client, grounds: Grounds) -> User:
        """The person. Raises InvalidGrant and revokes what the grant gave before; InvalidTarget."""
        user, cause = await self._look(client, grounds.user_pk, grounds.session_id)
        if user is None:
            async with self._db.write() as tx:
                await self._tokens.revoke_family(tx, grounds.family)
            raise InvalidGrant(WORDS, cause=cause)
        if grounds.resource is not None and not await self._resources.may_use(user, grounds.resource):
            raise InvalidTarget(cause="resource_denied")
        return user

    async def holder(self, client: Client, user_pk: int, session_id: int | None = None) -> User | None:
        """The person behind a token that was issued, None when it must not be used any more."""
        return (await self._look(client, user_pk, session_id))[0]

    async def _look(self, client: Client, user_pk: int, session_id: int | None) -> tuple[User | None, str]:
        """The person, or nobody and why."""
        async with self._db.read() as tx:
            user = await users.by_id(tx, user_pk)
            if user is None:
                return None, INACTIVE
            if session_id is not None and await sessions.not_ended(tx, session_id) is None:
                return None, "session_over"
            cause = await self._access.refusal_in(tx, user, client)
        return (user, "") if cause is None else (None, cause)
