"""Pushed authorization requests: checked when they are pushed, put in place when the browser arrives (RFC 9126)."""

from typing import Any

from gatewright.accounts.audit import Audit
from gatewright.domain.clock import SECOND
from gatewright.domain.people import Event, Origin
from gatewright.grants.pushed import LIFE, URN, PushedRequests
from gatewright.idp.authorization.checks import examine
from gatewright.idp.authorization.drafts import Drafts
from gatewright.idp.client_authentication import ClientAuthentication, claimed_id
from gatewright.idp.clients import Client, Clients
from gatewright.oidc.errors import InvalidRequest, OAuthError
from gatewright.oidc.parameters import Parameters

# How the client proved itself is nobody's business afterwards.
CREDENTIALS = frozenset({"client_secret", "client_assertion", "client_assertion_type"})


class PushedAuthorization:
    """The endpoint that clients push to, and the arrival of what they pushed."""

    def __init__(
        self,
        authentication: ClientAuthentication,
        clients: Clients,
        drafts: Drafts,
        pushed: PushedRequests,
        audit: Audit,
    ) -> None:
        self._authentication = authentication
        self._clients = clients
        self._drafts = drafts
        self._pushed = pushed
        self._audit = audit

    async def push(self, authorization: str | None, form: Parameters, origin: Origin) -> dict[str, Any]:
        """The answer's members. A request that the authorization endpoint would refuse is refused here."""
        try:
            form.refuse_repeated()
            client = await self._authentication.client(authorization, form, origin)
            request_uri = await self._push(client, form)
        except OAuthError as error:
            target = claimed_id(authorization, form)
            await self._audit.write(Event("idp.push", error.cause, target=target, origin=origin))
            raise
        await self._audit.write(Event("idp.push", "ok", client.client_id, client.client_id, origin=origin))
        return {"request_uri": request_uri, "expires_in": LIFE // SECOND}

    async def expand(self, params: Parameters, origin: Origin) -> Parameters:
        """The pushed parameters when the browser brings a request URI of ours, else the given ones.

        What else stands beside the request URI does not count (RFC 9126 4). Raises InvalidRequest for one that is
        unknown, used, late or another client's; without a redirect URI to believe in, that is shown here.
        """
        request_uri, client_id = params.value("request_uri"), params.value("client_id")
        if request_uri is None or not request_uri.startswith(URN):
            return params
        params.refuse_repeated()
        client = await self._clients.by_client_id(client_id) if client_id else None
        found = None if client is None else await self._pushed.take(client.id, request_uri)
        if found is None:
            error = ExpiredRequest(cause="request_uri_over")
            target = (client_id or "")[:100] or None
            await self._audit.write(Event("idp.authorize", error.cause, target=target, origin=origin))
            raise error
        return found

    async def _push(self, client: Client, form: Parameters) -> str:
        if "request_uri" in form:
            raise InvalidRequest("A pushed request holds no request_uri.", cause="request_uri_pushed")
        kept = {name: value for name, value in form.items() if name not in CREDENTIALS}
        params = Parameters({**kept, "client_id": client.client_id})
        examine(await self._drafts.of(params))
        return await self._pushed.push(client.id, params)


class ExpiredRequest(InvalidRequest):
    redirectable = False
    summary = "The sign-in was started too long ago, or was used already. Go back to the application and try again."
