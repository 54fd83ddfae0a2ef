"""A token that somebody presents: whose it is, and whether it may still be used."""

from typing import Any

import msgspec

from gatewright.domain.errors import GatewrightError
from gatewright.domain.people import User
from gatewright.grants.refresh import Refreshes
from gatewright.grants.tokens import Tokens
from gatewright.idp.clients import Client, Clients
from gatewright.idp.signing_keys import SigningKeys
from gatewright.idp.tokens.standing import Standing
from gatewright.oidc import jwt
from gatewright.oidc.errors import InvalidToken
from gatewright.storage.access_tokens import AccessToken
from gatewright.storage.database import Database
from gatewright.storage.refresh_tokens import RefreshToken


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
