"""The grant of an authorization code (RFC 6749 4.1.3, RFC 7636 4.6, OpenID Connect Core 3.1.3)."""

import hmac
from functools import partial

from gatewright.domain.clock import Clock
from gatewright.grants.codes import Codes
from gatewright.grants.tokens import NewRefresh
from gatewright.idp.clients import Client
from gatewright.idp.tokens.request import Grounds, TokenRequest, begins_refresh
from gatewright.oidc import pkce, scopes
from gatewright.oidc.errors import InvalidGrant
from gatewright.oidc.parameters import Parameters
from gatewright.storage.authorization_codes import Code
from gatewright.storage.sessions import SessionRow


class CodeGrant:
    """A code, its redirect URI and its verifier."""

    def __init__(self, codes: Codes, clock: Clock) -> None:
        self._codes = codes
        self._clock = clock

    async def examine(self, request: TokenRequest) -> Grounds:
        client = request.client

        def own(row: Code) -> str | None:
            return refusal(row, request.form, client)

        code, session = await self._codes.look(request.required("code"), client.id, own)
        if session is None:
            raise InvalidGrant(cause="session_over")
        scope = request.scope(scopes.parse(code.scope), asked=False)
        return Grounds(
            family=code.code_hash,
            user_pk=code.user_pk,
            scope=scope,
            redeem=partial(self._codes.redeem, code),
            session_id=session.id,
            sid=session.sid,
            amr=tuple(session.amr),
            auth_time=code.auth_time,
            nonce=code.nonce,
            resource=request.resource(None if code.resource is None else tuple(code.resource)),
            refresh=self._refresh(request, code, session) if begins_refresh(request, scope) else None,
        )

    def _refresh(self, request: TokenRequest, code: Code, session: SessionRow) -> NewRefresh:
        return NewRefresh(
            scope=code.scope,
            sid=session.sid,
            amr=tuple(session.amr),
            auth_time=code.auth_time,
            resource=None if code.resource is None else tuple(code.resource),
            idle_life=request.client.refresh_idle_life,
            expires_at=self._clock() + request.client.refresh_absolute_life,
            origin=request.origin,
        )


def refusal(code: Code, form: Parameters, client: Client) -> str | None:
    """Why the code is not the caller's: it is bound to redirect URI and challenge (contract 8.17, 8.21)."""
    asked = form.value("redirect_uri") or ""
    if not hmac.compare_digest(asked.encode(), code.redirect_uri.encode()):
        return "redirect_uri_differs"
    verifier = form.value("code_verifier")
    if code.code_challenge is None:
        # A verifier without a challenge: somebody took the challenge out of the authorization request.
        return "pkce_downgrade" if verifier is not None else "pkce_missing" if client.is_public else None
    if verifier is None or not pkce.matches(verifier, code.code_challenge):
        return "pkce_mismatch"
    return None
