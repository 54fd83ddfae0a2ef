"""The userinfo endpoint: a person's claims as they are now, for a living access token (Core 5.3, RFC 6750)."""

from typing import Any

from gatewright.accounts.audit import Audit
from gatewright.domain.people import Event, Origin
from gatewright.idp.claims import Claims
from gatewright.idp.people import People
from gatewright.idp.tokens import payloads
from gatewright.idp.tokens.presented import PresentedTokens
from gatewright.oidc import scopes
from gatewright.oidc.errors import InsufficientScope, InvalidRequest, InvalidToken, OAuthError
from gatewright.storage.database import Database


class UserInfo:
    """Answers the userinfo JSON, or raises OAuthError, each in the audit log with its cause."""

    def __init__(self, db: Database, presented: PresentedTokens, people: People, claims: Claims, audit: Audit) -> None:
        self._db = db
        self._presented = presented
        self._people = people
        self._claims = claims
        self._audit = audit

    async def answer(self, token: str | None, origin: Origin) -> dict[str, Any]:
        """The subject and the claims that the token's scopes give."""
        if token is None:
            # How a client asks which credentials are wanted (RFC 6750 3.1): nobody was refused anything.
            raise InvalidToken("The access token is missing.", cause="token_missing")
        try:
            return await self._answer(token, origin)
        except OAuthError as error:
            await self._audit.write(Event("idp.userinfo", error.cause, origin=origin))
            raise

    async def _answer(self, token: str, origin: Origin) -> dict[str, Any]:
        found = await self._presented.access(token)
        if found.claims.get("aud") != found.client.client_id:
            # RFC 8707: made for a resource, which must not learn with it who the person is.
            raise InvalidToken(cause="token_for_a_resource")
        granted = scopes.parse(found.row.scope)
        if scopes.OPENID not in granted:
            raise InsufficientScope(cause="scope_openid_missing")
        async with self._db.read() as tx:
            grounds = await self._claims.grounds(tx, found.client, found.user, granted)
        claims = await self._claims.of(found.client, found.user, grounds, origin)
        return payloads.userinfo(claims, await self._people.subject(found.user, found.client.sub_mode))


def bearer(authorization: str | None, body_token: str | None) -> str | None:
    """The token of the Authorization header or of the form body, never both (RFC 6750 2)."""
    scheme, _, token = (authorization or "").partition(" ")
    from_header = token.strip() if scheme.lower() == "bearer" and token.strip() else None
    if from_header is not None and body_token is not None:
        raise InvalidRequest("The access token was sent in two places.", cause="token_twice")
    return from_header or body_token
