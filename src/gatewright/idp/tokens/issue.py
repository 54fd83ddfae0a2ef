"""Access token, ID token and refresh token, for any grant (RFC 6749 5.1, OpenID Connect Core 2, RFC 9068)."""

from typing import Any

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.domain.people import Event, User
from gatewright.grants.tokens import Issued, NewTokens
from gatewright.idp.claims import Claims
from gatewright.idp.people import People
from gatewright.idp.signing_keys import SigningKeys
from gatewright.idp.tokens.request import Grounds, TokenRequest
from gatewright.idp.tokens.standing import Standing
from gatewright.oidc import jwt, scopes
from gatewright.oidc.jwt import SigningKey

ACR = "goauthentik.io/providers/oauth2/default"


class Issuing(msgspec.Struct, frozen=True):
    """What a token answer is made of."""

    request: TokenRequest
    grounds: Grounds
    issued: Issued
    subject: str
    claims: dict[str, Any]

    @property
    def base(self) -> dict[str, Any]:
        """The members that both tokens have; `aud` is the client."""
        return {
            "iss": self.request.client.issuer,
            "sub": self.subject,
            "aud": self.request.client.client_id,
            "exp": self.issued.expires_at // 1000,
            "iat": self.issued.issued_at // 1000,
        }


class Issuer:
    """The one place that issues. What can fail comes before the grant is used up."""

    def __init__(self, standing: Standing, people: People, claims: Claims, keys: SigningKeys, audit: Audit) -> None:
        self._standing = standing
        self._people = people
        self._claims = claims
        self._keys = keys
        self._audit = audit

    async def answer(self, request: TokenRequest, grounds: Grounds) -> dict[str, Any]:
        """The members of the token answer. Raises OAuthError, MappingStopped, both before the grant is used up."""
        client = request.client
        user = await self._standing.user(client, grounds)
        claims = await self._claims.of(client, user, grounds.scope, request.origin, grounds.auth_time)
        subject = await self._people.subject(user, client.sub_mode)
        key = (await self._keys.ring()).current
        new = NewTokens(
            family=grounds.family,
            provider_id=client.id,
            user_pk=user.id,
            session_id=grounds.session_id,
            scope=scopes.render(grounds.scope),
            life=client.token_life,
            refresh=grounds.refresh,
        )
        issuing = Issuing(request, grounds, await grounds.redeem(new), subject, claims)
        await self._report(request, user, new.scope)
        return _members(issuing, key)

    async def _report(self, request: TokenRequest, user: User, scope: str) -> None:
        details = {"scope": scope, "grant": request.form.get("grant_type")}
        await self._audit.write(
            Event("idp.token", "ok", user.user_id, request.client.client_id, details, request.origin)
        )


def _members(issuing: Issuing, key: SigningKey) -> dict[str, Any]:
    grounds, issued = issuing.grounds, issuing.issued
    access = _access_token(issuing, key)
    answer: dict[str, Any] = {
        "access_token": access,
        "token_type": "Bearer",
        "expires_in": (issued.expires_at - issued.issued_at) // 1000,
        "scope": scopes.render(grounds.scope),
    }
    if issued.refresh_token is not None:
        answer["refresh_token"] = issued.refresh_token
    if scopes.OPENID in grounds.scope:
        answer["id_token"] = _id_token(issuing, access, key)
    return answer


def _access_token(issuing: Issuing, key: SigningKey) -> str:
    """The protocol's own members come last: a mapping can never overwrite one (contract 0.7)."""
    client_id = issuing.request.client.client_id
    own = {
        **issuing.base,
        "aud": issuing.grounds.resource or client_id,
        "azp": client_id,
        "client_id": client_id,
        "jti": issuing.issued.jti,
        "scope": scopes.render(issuing.grounds.scope),
    }
    return jwt.sign({**issuing.claims, **own}, key)


def _id_token(issuing: Issuing, access: str, key: SigningKey) -> str:
    """No `c_hash`: no code ever travels with an ID token here."""
    grounds = issuing.grounds
    own = {
        **issuing.base,
        "auth_time": None if grounds.auth_time is None else grounds.auth_time // 1000,
        "acr": None if grounds.auth_time is None else ACR,
        "amr": list(grounds.amr) or None,
        "nonce": grounds.nonce,
        "at_hash": jwt.half_hash(access, key.algorithm),
        "sid": grounds.sid,
    }
    shown = issuing.claims if issuing.request.client.include_claims_in_id_token else {}
    return jwt.sign({**shown, **own}, key)
