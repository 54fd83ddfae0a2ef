"""What is in an access token, an ID token and a userinfo answer: pure, so that a preview shows the same."""

from typing import Any

import msgspec

from gatewright.domain.clock import Millis
from gatewright.idp.clients import Client
from gatewright.oidc import scopes

ACR = "goauthentik.io/providers/oauth2/default"


class Content(msgspec.Struct, frozen=True):
    """What the payloads are made of. `claims` are those of the mappings; `auth_time` is None where nobody signed in."""

    client: Client
    subject: str
    claims: dict[str, Any]
    scope: tuple[str, ...]
    issued_at: Millis
    expires_at: Millis
    jti: str
    auth_time: Millis | None = None
    amr: tuple[str, ...] = ()
    nonce: str | None = None
    sid: str | None = None
    resource: str | None = None

    @property
    def base(self) -> dict[str, Any]:
        """The members that both tokens have; `aud` is the client."""
        return {
            "iss": self.client.issuer,
            "sub": self.subject,
            "aud": self.client.client_id,
            "exp": self.expires_at // 1000,
            "iat": self.issued_at // 1000,
        }


def access_token(content: Content) -> dict[str, Any]:
    """RFC 9068. The protocol's own members come last: a mapping can never overwrite one (contract 0.7)."""
    client_id = content.client.client_id
    own = {
        **content.base,
        "aud": content.resource or client_id,
        "azp": client_id,
        "client_id": client_id,
        "jti": content.jti,
        "scope": scopes.render(content.scope),
    }
    return {**content.claims, **own}


def id_token(content: Content, at_hash: str) -> dict[str, Any]:
    """OpenID Connect Core 2. No `c_hash`: no code ever travels with an ID token here. Members may be None."""
    own = {
        **content.base,
        "auth_time": None if content.auth_time is None else content.auth_time // 1000,
        "acr": None if content.auth_time is None else ACR,
        "amr": list(content.amr) or None,
        "nonce": content.nonce,
        "at_hash": at_hash,
        "sid": content.sid,
    }
    shown = content.claims if content.client.include_claims_in_id_token else {}
    return {**shown, **own}


def userinfo(claims: dict[str, Any], subject: str) -> dict[str, Any]:
    """OpenID Connect Core 5.3.2."""
    return {**claims, "sub": subject}
