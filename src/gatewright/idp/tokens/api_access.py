"""Access tokens as credentials of the directory API: what their person may do there, a client does (contract 3.8)."""

from gatewright.accounts.api_tokens import role_now
from gatewright.domain.errors import Forbidden, Unauthenticated
from gatewright.domain.keys import Principal
from gatewright.idp.resources import Resources
from gatewright.idp.tokens.presented import PresentedTokens
from gatewright.oidc import scopes
from gatewright.oidc.errors import InvalidToken
from gatewright.storage.database import Database

API_SCOPE = "goauthentik.io/api"
"""Only a client that an administrator gave a scope mapping of this name gets it."""


class ApiAccess:
    """Looks at the token, its person and their access to the application at each request."""

    def __init__(self, db: Database, presented: PresentedTokens, resources: Resources) -> None:
        self._db = db
        self._presented = presented
        self._resources = resources

    async def authenticate(self, token: str) -> Principal | None:
        """The token's person with their role of now; None for what is no JWT.

        Raises Unauthenticated for a token that is over or somebody else's, Forbidden for one without the scope.
        """
        if token.count(".") != 2 or not token.startswith("eyJ"):
            return None
        try:
            found = await self._presented.access(token)
        except InvalidToken as error:
            raise Unauthenticated("The access token is unknown, over or revoked.", code=error.cause) from error
        audience = found.claims.get("aud")
        if audience != found.client.client_id and not self._resources.is_own(audience):
            # RFC 8707: made for a resource, which must not act as the person elsewhere.
            raise Unauthenticated("The access token is for another resource.", code="token_for_a_resource")
        if API_SCOPE not in scopes.parse(found.row.scope):
            raise Forbidden(f"The access token lacks the scope {API_SCOPE}.", code="insufficient_scope")
        async with self._db.read() as tx:
            role = await role_now(tx, found.user)
        return Principal(
            kind="token",
            role=role,
            user_pk=found.user.id,
            user_id=found.user.user_id,
            credential_id=0,
            expires_at=found.row.expires_at,
            email=found.user.email,
        )
