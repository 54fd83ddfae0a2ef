"""The token endpoint (RFC 6749 3.2): authenticate the client, find the grant, issue."""

from collections.abc import Mapping
from typing import Any

from gatewright.accounts.audit import Audit
from gatewright.domain.people import Event, Origin
from gatewright.idp.claims import Claims
from gatewright.idp.client_authentication import ClientAuthentication
from gatewright.idp.tokens.issue import Issuer
from gatewright.idp.tokens.request import Grant, TokenRequest
from gatewright.oidc.errors import InvalidRequest, OAuthError, UnauthorizedClient, UnsupportedGrantType
from gatewright.oidc.parameters import Parameters

# What only happens when somebody has a secret that is not theirs, or a client is broken.
SUSPICIOUS = frozenset({"code_replayed", "refresh_token_reused", "device_code_replayed", "client_assertion_replayed"})


class TokenEndpoint:
    """Answers the token request's JSON members, or raises OAuthError. `grants` is the dispatch table."""

    def __init__(
        self,
        authentication: ClientAuthentication,
        claims: Claims,
        grants: Mapping[str, Grant],
        issuer: Issuer,
        audit: Audit,
    ) -> None:
        self._authentication = authentication
        self._claims = claims
        self._grants = grants
        self._issuer = issuer
        self._audit = audit

    async def answer(self, authorization: str | None, form: Parameters, origin: Origin) -> dict[str, Any]:
        """`authorization` is the header. A refusal is in the audit log with its cause."""
        try:
            form.refuse_repeated()
            return await self._answer(authorization, form, origin)
        except OAuthError as error:
            await self._report(form, error.cause, origin)
            raise

    async def _answer(self, authorization: str | None, form: Parameters, origin: Origin) -> dict[str, Any]:
        client = await self._authentication.client(authorization, form, origin)
        name = form.value("grant_type")
        if name is None:
            raise InvalidRequest("The parameter grant_type is missing.", cause="grant_type_missing")
        grant = self._grants.get(name)
        if grant is None:
            raise UnsupportedGrantType(cause="grant_type")
        if name not in client.grant_types:
            raise UnauthorizedClient(cause="grant_type_not_enabled")
        request = TokenRequest(client, form, await self._claims.scopes(client), origin)
        return await self._issuer.answer(request, await grant.examine(request))

    async def _report(self, form: Parameters, cause: str, origin: Origin) -> None:
        if cause == "authorization_pending":
            return
        target = form.get("client_id", "")[:100] or None
        details = {"grant": form.get("grant_type", "")[:100]}
        await self._audit.write(Event("idp.token", cause, target=target, details=details, origin=origin))
        if cause in SUSPICIOUS:
            await self._audit.write(Event("idp.suspicious", cause, target=target, details=details, origin=origin))
