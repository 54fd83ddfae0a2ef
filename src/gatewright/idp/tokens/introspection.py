"""Introspection: what a client's own token says, and whether it is alive (RFC 7662)."""

from typing import Any

from gatewright.accounts.audit import Audit
from gatewright.domain.people import Event, Origin
from gatewright.idp.client_authentication import ClientAuthentication, claimed_id
from gatewright.idp.clients import Client
from gatewright.idp.people import People
from gatewright.idp.tokens.presented import PresentedTokens
from gatewright.oidc.errors import InvalidRequest, InvalidToken, OAuthError
from gatewright.oidc.parameters import Parameters

INACTIVE: dict[str, Any] = {"active": False}


class Introspection:
    """A token that is another client's, over or made up is `{"active": false}`, all of them alike."""

    def __init__(
        self, authentication: ClientAuthentication, presented: PresentedTokens, people: People, audit: Audit
    ) -> None:
        self._authentication = authentication
        self._presented = presented
        self._people = people
        self._audit = audit

    async def answer(self, authorization: str | None, form: Parameters, origin: Origin) -> dict[str, Any]:
        """The members. Raises InvalidClient for anybody but a client with credentials (RFC 7662 2.1)."""
        try:
            return await self._answer(authorization, form, origin)
        except OAuthError as error:
            target = claimed_id(authorization, form)
            await self._audit.write(Event("idp.introspect", error.cause, target=target, origin=origin))
            raise

    async def _answer(self, authorization: str | None, form: Parameters, origin: Origin) -> dict[str, Any]:
        form.refuse_repeated()
        client = await self._authentication.confidential(authorization, form, origin)
        token = form.value("token")
        if token is None:
            raise InvalidRequest("The parameter token is missing.", cause="token_missing")
        return await self._access(token, client) or await self._refresh(token, client) or INACTIVE

    async def _access(self, token: str, client: Client) -> dict[str, Any] | None:
        try:
            found = await self._presented.access(token)
        except InvalidToken:
            return None
        if found.client.id != client.id:
            return None
        return {
            **found.claims,
            "active": True,
            "client_id": client.client_id,
            "username": found.user.username,
            "token_type": "Bearer",
        }

    async def _refresh(self, token: str, client: Client) -> dict[str, Any] | None:
        found = await self._presented.refresh(token, client)
        if found is None:
            return None
        row, user = found
        return {
            "active": True,
            "client_id": client.client_id,
            "username": user.username,
            "token_type": "refresh_token",
            "scope": row.scope,
            "iss": client.issuer,
            "sub": await self._people.subject(user, client.sub_mode),
            "iat": row.created_at // 1000,
            "exp": row.idle_expires_at // 1000,
        }
