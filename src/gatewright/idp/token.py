"""The token endpoint: an authorization code becomes an access token and an ID token (RFC 6749 4.1.3, Core 3.1.3)."""

import hmac
from typing import Any

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.domain.people import Event, Origin, User
from gatewright.grants.codes import Codes, Redeemed
from gatewright.idp.claims import Claims
from gatewright.idp.client_authentication import authenticate
from gatewright.idp.clients import Client, Clients
from gatewright.idp.people import People
from gatewright.idp.signing_keys import SigningKeys
from gatewright.oidc import jwt, pkce, scopes
from gatewright.oidc.errors import InvalidGrant, InvalidRequest, OAuthError, UnauthorizedClient, UnsupportedGrantType
from gatewright.oidc.parameters import Parameters
from gatewright.storage import access_tokens, sessions
from gatewright.storage.authorization_codes import Code
from gatewright.storage.database import Database
from gatewright.storage.sessions import SessionRow

CODE = "authorization_code"
ACR = "goauthentik.io/providers/oauth2/default"


class Issuing(msgspec.Struct, frozen=True):
    """What a token answer is made of."""

    client: Client
    redeemed: Redeemed
    session: SessionRow
    user: User
    subject: str
    claims: dict[str, Any]


class TokenEndpoint:
    """Answers the token request's JSON members, or raises OAuthError."""

    def __init__(
        self,
        db: Database,
        clients: Clients,
        codes: Codes,
        people: People,
        claims: Claims,
        keys: SigningKeys,
        audit: Audit,
    ) -> None:
        self._db = db
        self._clients = clients
        self._codes = codes
        self._people = people
        self._claims = claims
        self._keys = keys
        self._audit = audit

    async def answer(self, authorization: str | None, form: Parameters, origin: Origin) -> dict[str, Any]:
        """`authorization` is the header. A refusal is in the audit log with its cause."""
        try:
            form.refuse_repeated()
            return await self._answer(authorization, form, origin)
        except OAuthError as error:
            name = form.get("client_id", "")[:100] or None
            await self._audit.write(Event("idp.token", error.cause, target=name, origin=origin))
            raise

    async def _answer(self, authorization: str | None, form: Parameters, origin: Origin) -> dict[str, Any]:
        client = await authenticate(self._clients, authorization, form)
        grant = form.value("grant_type")
        if grant is None:
            raise InvalidRequest("The parameter grant_type is missing.", cause="grant_type_missing")
        if grant != CODE:
            raise UnsupportedGrantType(cause="grant_type")
        if CODE not in client.grant_types:
            raise UnauthorizedClient(cause="grant_type_not_enabled")
        code = form.value("code")
        if code is None:
            raise InvalidRequest("The parameter code is missing.", cause="code_missing")

        def own(row: Code) -> str | None:
            return _refusal(row, form, client)

        redeemed = await self._codes.redeem(code, client.id, own, client.token_life)
        return await self._issue(await self._prepare(client, redeemed, origin), origin)

    async def _prepare(self, client: Client, redeemed: Redeemed, origin: Origin) -> Issuing:
        """Person and session as they are now. Raises InvalidGrant when one of them is over (contract 8.8)."""
        row = redeemed.code
        async with self._db.read() as tx:
            session = await sessions.by_id(tx, row.session_id, self._db.clock())
        user = await self._people.active(row.user_pk)
        if session is None or user is None:
            async with self._db.write() as tx:
                await access_tokens.revoke_family(tx, row.code_hash, self._db.clock())
            raise InvalidGrant(cause="session_over" if session is None else "user_inactive")
        subject = await self._people.subject(user, client.sub_mode)
        claims = await self._claims.of(client, user, scopes.parse(row.scope), origin)
        return Issuing(client, redeemed, session, user, subject, claims)

    async def _issue(self, issuing: Issuing, origin: Origin) -> dict[str, Any]:
        client, redeemed = issuing.client, issuing.redeemed
        key = (await self._keys.ring()).current
        base = {
            "iss": client.issuer,
            "sub": issuing.subject,
            "aud": client.client_id,
            "exp": redeemed.expires_at // 1000,
            "iat": redeemed.issued_at // 1000,
        }
        scope = redeemed.code.scope
        # The protocol's own members come last: a mapping can never overwrite one (contract 0.7).
        access = jwt.sign({**issuing.claims, **base, "azp": client.client_id, "jti": redeemed.jti, "scope": scope}, key)
        answer: dict[str, Any] = {
            "access_token": access,
            "token_type": "Bearer",
            "expires_in": (redeemed.expires_at - redeemed.issued_at) // 1000,
            "scope": scope,
        }
        if scopes.OPENID in scopes.parse(scope):
            own = {
                **base,
                "auth_time": redeemed.code.auth_time // 1000,
                "acr": ACR,
                "amr": issuing.session.amr,
                "nonce": redeemed.code.nonce,
                "at_hash": jwt.half_hash(access, key.algorithm),
                "sid": issuing.session.sid,
            }
            shown = issuing.claims if client.include_claims_in_id_token else {}
            answer["id_token"] = jwt.sign({**shown, **own}, key)
        event = Event("idp.token", "ok", issuing.user.user_id, client.client_id, {"scope": scope}, origin)
        await self._audit.write(event)
        return answer


def _refusal(code: Code, form: Parameters, client: Client) -> str | None:
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
