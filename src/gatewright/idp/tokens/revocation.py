"""Revocation: a client gives a token back (RFC 7009)."""

from gatewright.accounts.audit import Audit
from gatewright.domain.people import Event, Origin
from gatewright.grants.refresh import Refreshes
from gatewright.grants.tokens import Tokens
from gatewright.idp.client_authentication import ClientAuthentication, claimed_id
from gatewright.idp.clients import Client
from gatewright.idp.tokens.presented import PresentedTokens
from gatewright.oidc.errors import InvalidRequest, InvalidToken, OAuthError, UnauthorizedClient
from gatewright.oidc.parameters import Parameters
from gatewright.storage.database import Database


class Revocation:
    """An access token ends by itself, a refresh token with all of its family. An unknown one is over already."""

    def __init__(
        self,
        db: Database,
        authentication: ClientAuthentication,
        tokens: Tokens,
        refreshes: Refreshes,
        presented: PresentedTokens,
        audit: Audit,
    ) -> None:
        self._db = db
        self._authentication = authentication
        self._tokens = tokens
        self._refreshes = refreshes
        self._presented = presented
        self._audit = audit

    async def revoke(self, authorization: str | None, form: Parameters, origin: Origin) -> None:
        """Raises InvalidClient, InvalidRequest, UnauthorizedClient for a token of another client."""
        try:
            form.refuse_repeated()
            client = await self._authentication.client(authorization, form, origin)
            kind = await self._revoke(client, form)
        except OAuthError as error:
            target = claimed_id(authorization, form)
            await self._audit.write(Event("idp.revoke", error.cause, target=target, origin=origin))
            raise
        name, details = client.client_id, {"kind": kind}
        await self._audit.write(Event("idp.revoke", "ok", name, name, details, origin))

    async def _revoke(self, client: Client, form: Parameters) -> str:
        token = form.value("token")
        if token is None:
            raise InvalidRequest("The parameter token is missing.", cause="token_missing")
        refresh = await self._refreshes.find(token)
        if refresh is not None:
            _check_owner(refresh.provider_id, client)
            async with self._db.write() as tx:
                await self._tokens.revoke_family(tx, refresh.family)
            return "refresh_token"
        try:
            claims, owner = await self._presented.issued(token)
        except InvalidToken:
            return "unknown"
        _check_owner(owner.id, client)
        await self._tokens.revoke(claims["jti"])
        return "access_token"


def _check_owner(provider_id: int, client: Client) -> None:
    if provider_id != client.id:
        raise UnauthorizedClient("The token was issued to another client.", cause="token_of_another_client")
