"""The token endpoint (RFC 6749 3.2): authenticate the client, find the grant, issue."""

from collections.abc import Mapping
from typing import Any

from gatewright.accounts.audit import Audit
from gatewright.domain.people import Event, Origin
from gatewright.grants.tokens import Replayed
from gatewright.idp.client_authentication import ClientAuthentication, claimed_id
from gatewright.idp.clients import Client
from gatewright.idp.tokens.issue import Issuer
from gatewright.idp.tokens.request import Grant, TokenRequest, acts_by_password
from gatewright.oidc.errors import (
    AuthorizationPending,
    InvalidRequest,
    OAuthError,
    UnauthorizedClient,
    UnsupportedGrantType,
)
from gatewright.oidc.parameters import Parameters
from gatewright.storage import users
from gatewright.storage.database import Database

ASSERTION_REPLAYED = "client_assertion_replayed"


class TokenEndpoint:
    """Answers the token request's JSON members, or raises OAuthError. `grants` is the dispatch table."""

    def __init__(
        self,
        db: Database,
        authentication: ClientAuthentication,
        grants: Mapping[str, Grant],
        issuer: Issuer,
        audit: Audit,
    ) -> None:
        self._db = db
        self._authentication = authentication
        self._grants = grants
        self._issuer = issuer
        self._audit = audit

    async def answer(self, authorization: str | None, form: Parameters, origin: Origin) -> dict[str, Any]:
        """`authorization` is the header. A refusal is in the audit log with its cause."""
        target = claimed_id(authorization, form)
        try:
            form.refuse_repeated()
            proof = self._authentication.named if acts_by_password(form) else self._authentication.client
            client = await proof(authorization, form, origin)
            target = client.client_id
            return await self._answer(client, form, origin)
        except OAuthError as error:
            await self._report(target, form, error, origin)
            raise

    async def _answer(self, client: Client, form: Parameters, origin: Origin) -> dict[str, Any]:
        name = form.value("grant_type")
        if name is None:
            raise InvalidRequest("The parameter grant_type is missing.", cause="grant_type_missing")
        grant = self._grants.get(name)
        if grant is None:
            raise UnsupportedGrantType(cause="grant_type")
        if name not in client.grant_types:
            raise UnauthorizedClient(cause="grant_type_not_enabled")
        request = TokenRequest(client, form, client.scopes, origin)
        return await self._issuer.answer(request, await grant.examine(request))

    async def _report(self, target: str | None, form: Parameters, error: OAuthError, origin: Origin) -> None:
        if isinstance(error, AuthorizationPending):
            return
        details: dict[str, Any] = {"grant": form.get("grant_type", "")[:100]}
        await self._audit.write(Event("idp.token", error.cause, target=target, details=details, origin=origin))
        if isinstance(error, Replayed):
            details["user"] = await self._name(error.user_pk)
        elif error.cause != ASSERTION_REPLAYED:
            return
        # Only happens when somebody has a secret that is not theirs, or a client is broken.
        await self._audit.write(Event("idp.suspicious", error.cause, target=target, details=details, origin=origin))

    async def _name(self, user_pk: int | None) -> str | None:
        """Whose tokens were at stake."""
        if user_pk is None:
            return None
        async with self._db.read() as tx:
            user = await users.by_id(tx, user_pk)
        return None if user is None else user.user_id
