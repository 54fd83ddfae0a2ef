"""A token that somebody presents: whose it is, and whether it may still be used."""

from typing import Any

import msgspec

from gatewright.accounts.api_tokens import role_now
from gatewright.domain.errors import Forbidden, GatewrightError, Unauthenticated
from gatewright.domain.keys import Principal
from gatewright.domain.people import User
from gatewright.grants.refresh import Refreshes
from gatewright.grants.tokens import Tokens
from gatewright.idp.clients import Client, Clients
from gatewright.idp.resources import Resources
from gatewright.idp.signing_keys import SigningKeys
from gatewright.idp.tokens.standing import Standing
from gatewright.oidc import jwt, scopes
from gatewright.oidc.errors import InvalidToken
from gatewright.storage.access_tokens import AccessToken
from gatewright.storage.database import Database
from gatewright.storage.refresh_tokens import RefreshToken

API_SCOPE = "goauthentik.io/api"
"""Only a client that an administrator gave a scope mapping of this name gets it."""


class Presented(msgspec.Struct, frozen=True):
    """A living access token: what it says, the client that it was issued to, its row and the person."""

    claims: dict[str, Any]
    client: Client
    row: AccessToken
    user: User


class PresentedTokens:
    """Reads tokens. The signature spares the database what was never ours."""

    def __init__(
        self,
        db: Database,
        clients: Clients,
        tokens: Tokens,
        refreshes: Refreshes,
        keys: SigningKeys,
        standing: Standing,
    ) -> None:
        self._db = db
        self._tokens = tokens
        self._clients = clients
        self._refreshes = refreshes
        self._keys = keys
        self._standing = standing

    async def access(self, token: str) -> Presented:
        """The living access token. Raises InvalidToken, whose `cause` tells why it is none."""
        claims, client = await self.issued(token)
        async with self._db.read() as tx:
            row = await self._tokens.living(tx, claims["jti"])
            if row is None or row.provider_id != client.id or claims.get("iss") != client.issuer:
                raise InvalidToken(cause="token_over")
            user, _ = await self._standing.look(tx, client, row.user_pk)
        if user is None:
            raise InvalidToken(cause="user_refused")
        return Presented(claims, client, row, user)

    async def issued(self, token: str) -> tuple[dict[str, Any], Client]:
        """What an access token of ours says, living or not, and its client. Raises InvalidToken."""
        ring = await self._keys.ring()
        try:
            claims = dict(jwt.verify(token, ring.jwks, kind="access_token"))
        except GatewrightError as error:
            raise InvalidToken(cause=error.error_code) from error
        client_id, jti = claims.get("azp"), claims.get("jti")
        # An ID token has neither: it is for the client to read, not to call with.
        if not isinstance(client_id, str) or not isinstance(jti, str):
            raise InvalidToken(cause="not_an_access_token")
        client = await self._clients.by_client_id(client_id)
        if client is None:
            raise InvalidToken(cause="client_gone")
        return claims, client

    async def refresh(self, token: str, client: Client) -> tuple[RefreshToken, User] | None:
        """The client's refresh token that could be used now, and its person."""
        row = await self._refreshes.find(token)
        if row is None or row.provider_id != client.id or not self._refreshes.usable(row):
            return None
        async with self._db.read() as tx:
            user, _ = await self._standing.look(tx, client, row.user_pk, row.session_id)
        return None if user is None else (row, user)


class ApiAccess:
    """Access tokens as credentials of the directory API: what their person may do there, a client does (contract 3.8).

    Looks at the token, its person and their access to the application at each request."""

    def __init__(self, db: Database, presented: PresentedTokens, resources: Resources) -> None:
        self._db = db
        self._presented = presented
        self._resources = resources

    async def person(self, token: str) -> User:
        """Who is behind a living access token. Raises InvalidToken, whose `cause` says why not."""
        return (await self._presented.access(token)).user

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
