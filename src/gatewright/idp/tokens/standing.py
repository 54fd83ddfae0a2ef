"""Whether tokens may be issued or used at this moment: asked for every grant, in one place (contract 8.8, 8.16)."""

from gatewright.domain.people import User
from gatewright.grants.tokens import Tokens
from gatewright.idp.access import INACTIVE, AccessRules
from gatewright.idp.clients import Client
from gatewright.idp.people import People
from gatewright.idp.resources import Resources
from gatewright.idp.tokens.request import Grounds
from gatewright.oidc.errors import InvalidGrant, InvalidTarget
from gatewright.storage import sessions
from gatewright.storage.database import Database

WORDS = "The grant is over: the person, their session, or their access to this application is."


class Standing:
    """Person, session, access and resource as they are now."""

    def __init__(self, db: Database, people: People, access: AccessRules, resources: Resources, tokens: Tokens) -> None:
        self._db = db
        self._people = people
        self._access = access
        self._resources = resources
        self._tokens = tokens

    async def user(self, client: Client, grounds: Grounds) -> User:
        """The person. Raises InvalidGrant and revokes what the grant gave before; InvalidTarget."""
        user = await self._people.active(grounds.user_pk)
        cause = INACTIVE if user is None else await self._refusal(user, client, grounds.session_id)
        if user is None or cause is not None:
            async with self._db.write() as tx:
                await self._tokens.revoke_family(tx, grounds.family)
            raise InvalidGrant(WORDS, cause=cause)
        if grounds.resource is not None and not await self._resources.may_use(user, grounds.resource):
            raise InvalidTarget(cause="resource_denied")
        return user

    async def holder(self, client: Client, user_pk: int, session_id: int | None = None) -> User | None:
        """The person behind a token that was issued, None when it must not be used any more."""
        user = await self._people.active(user_pk)
        return None if user is None or await self._refusal(user, client, session_id) is not None else user

    async def _refusal(self, user: User, client: Client, session_id: int | None) -> str | None:
        if session_id is not None:
            async with self._db.read() as tx:
                if await sessions.not_ended(tx, session_id) is None:
                    return "session_over"
        return await self._access.refusal(user, client)
