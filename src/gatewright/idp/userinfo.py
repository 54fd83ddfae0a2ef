"""The userinfo endpoint: a person's claims as they are now, for a living access token (Core 5.3, RFC 6750)."""

from typing import Any

from gatewright.domain.errors import GatewrightError
from gatewright.domain.people import Origin
from gatewright.grants.tokens import Tokens
from gatewright.idp.claims import Claims
from gatewright.idp.clients import Client, Clients
from gatewright.idp.people import People
from gatewright.idp.signing_keys import SigningKeys
from gatewright.oidc import jwt, scopes
from gatewright.oidc.errors import InsufficientScope, InvalidRequest, InvalidToken
from gatewright.storage.access_tokens import AccessToken


class UserInfo:
    """Answers the userinfo JSON, or raises OAuthError."""

    def __init__(self, clients: Clients, tokens: Tokens, people: People, claims: Claims, keys: SigningKeys) -> None:
        self._clients = clients
        self._tokens = tokens
        self._people = people
        self._claims = claims
        self._keys = keys

    async def answer(self, token: str | None, origin: Origin) -> dict[str, Any]:
        """The subject and the claims that the token's scopes give."""
        client, row = await self._living(token)
        if scopes.OPENID not in scopes.parse(row.scope):
            raise InsufficientScope(cause="scope_openid_missing")
        user = await self._people.active(row.user_pk)
        if user is None:
            raise InvalidToken(cause="user_inactive")
        claims = await self._claims.of(client, user, scopes.parse(row.scope), origin)
        return {**claims, "sub": await self._people.subject(user, client.sub_mode)}

    async def _living(self, token: str | None) -> tuple[Client, AccessToken]:
        """The token's client and row. The signature spares the database what was never ours."""
        if token is None:
            raise InvalidToken("The access token is missing.", cause="token_missing")
        ring = await self._keys.ring()
        try:
            claims = jwt.verify(token, ring.jwks, kind="access_token")
        except GatewrightError as error:
            raise InvalidToken(cause=error.error_code) from error
        client_id, jti = claims.get("azp"), claims.get("jti")
        # An ID token has neither: it is for the client to read, not to call with.
        if not isinstance(client_id, str) or not isinstance(jti, str):
            raise InvalidToken(cause="not_an_access_token")
        client = await self._clients.by_client_id(client_id)
        row = await self._tokens.living(jti)
        if client is None or row is None or row.provider_id != client.id or claims.get("iss") != client.issuer:
            raise InvalidToken(cause="token_over")
        return client, row


def bearer(authorization: str | None, body_token: str | None) -> str | None:
    """The token of the Authorization header or of the form body, never both (RFC 6750 2)."""
    scheme, _, token = (authorization or "").partition(" ")
    from_header = token.strip() if scheme.lower() == "bearer" and token.strip() else None
    if from_header is not None and body_token is not None:
        raise InvalidRequest("The access token was sent in two places.", cause="token_twice")
    return from_header or body_token
