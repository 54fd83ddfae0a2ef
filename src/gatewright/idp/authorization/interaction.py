"""The one place that decides what an authorization request gets: the sign-in page, a code, or an error."""

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.sessions import Session
from gatewright.domain.people import Event, Origin
from gatewright.grants.codes import Codes, NewCode
from gatewright.idp.authorization.checks import AuthorizationRequest, Draft, examine
from gatewright.idp.authorization.response import SendBack
from gatewright.idp.claims import Claims
from gatewright.idp.clients import Clients
from gatewright.oidc import scopes
from gatewright.oidc.errors import LoginRequired, OAuthError
from gatewright.oidc.parameters import Parameters
from gatewright.storage.database import Database


class AskSignIn(msgspec.Struct, frozen=True):
    """Show the sign-in page for this request."""

    request: AuthorizationRequest


class Authorization:
    """The authorization endpoint. Every call examines the request anew, so nothing that a client holds is believed."""

    def __init__(self, db: Database, clients: Clients, claims: Claims, codes: Codes, audit: Audit) -> None:
        self._db = db
        self._clients = clients
        self._claims = claims
        self._codes = codes
        self._audit = audit

    async def begin(self, params: Parameters, session: Session | None, origin: Origin) -> AskSignIn | SendBack:
        """A request arrives. Raises OAuthError only while client and redirect URI are unproven: show it here."""
        return await self._run(params, session, origin, fresh=False)

    async def resume(self, params: Parameters, session: Session, origin: Origin) -> AskSignIn | SendBack:
        """The person has signed in for this request just now, which satisfies `prompt=login` and any `max_age`."""
        return await self._run(params, session, origin, fresh=True)

    async def examine(self, params: Parameters, origin: Origin) -> AuthorizationRequest | SendBack:
        """The request behind a sign-in page. Raises as `begin` does."""
        draft = await self._draft(params)
        try:
            return examine(draft)
        except OAuthError as error:
            return await self._refused(draft, error, origin)

    async def _run(
        self, params: Parameters, session: Session | None, origin: Origin, *, fresh: bool
    ) -> AskSignIn | SendBack:
        found = await self.examine(params, origin)
        if isinstance(found, SendBack):
            return found
        if session is None or (not fresh and self._must_ask(found, session)):
            if "none" not in found.prompts:
                return AskSignIn(found)
            error = LoginRequired()
            await self._audit.write(Event("idp.authorize", error.cause, target=found.client.client_id, origin=origin))
            return found.way_back.failure(error)
        return await self._issue(found, session, origin)

    def _must_ask(self, request: AuthorizationRequest, session: Session) -> bool:
        if request.prompts & {"login", "select_account"}:
            return True
        age = self._db.clock() - session.row.created_at
        return request.max_age is not None and age >= request.max_age * 1000

    async def _issue(self, request: AuthorizationRequest, session: Session, origin: Origin) -> SendBack:
        scope = scopes.render(request.scopes)
        new = NewCode(
            provider_id=request.client.id,
            user_pk=session.user.id,
            session_id=session.row.id,
            redirect_uri=request.redirect_uri,
            scope=scope,
            nonce=request.nonce,
            code_challenge=request.code_challenge,
            auth_time=session.row.created_at,
        )
        code = await self._codes.issue(new, request.client.code_life)
        details = {"scope": scope}
        event = Event("idp.authorize", "ok", session.user.user_id, request.client.client_id, details, origin)
        await self._audit.write(event)
        return request.way_back.success(code)

    async def _draft(self, params: Parameters) -> Draft:
        client_id = params.value("client_id")
        client = await self._clients.by_client_id(client_id) if client_id else None
        configured = [] if client is None else [mapping.scope_name for mapping in await self._claims.mappings(client)]
        # `openid` needs no mapping: it carries no claim of its own.
        return Draft(params, client, tuple(dict.fromkeys((scopes.OPENID, *configured))))

    async def _refused(self, draft: Draft, error: OAuthError, origin: Origin) -> SendBack:
        target = None if draft.client is None else draft.client.client_id
        await self._audit.write(
            Event("idp.authorize", error.cause, target=target, details={"error": error.error}, origin=origin)
        )
        if not draft.proven or draft.client is None or not error.redirectable:
            raise error
        return draft.way_back.failure(error)
