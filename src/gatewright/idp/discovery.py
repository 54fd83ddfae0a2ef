"""The discovery document and the key set of a provider (OpenID Connect Discovery 1.0)."""

from typing import Any

from gatewright.idp.claims import RESERVED, Claims
from gatewright.idp.clients import MOUNT, Client, Clients
from gatewright.idp.expressions.claims_read import claims_in
from gatewright.idp.registration.registration import ClientRegistration
from gatewright.idp.signing_keys import SigningKeys
from gatewright.idp.tokens.payloads import ACR
from gatewright.idp.tokens.request import SUPPORTED
from gatewright.oidc import metadata, scopes

PROTOCOL_CLAIMS = ["sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "nonce", "sid"]
DEFAULT_APPLICATION = "litellm"
"""The slug that WebFinger answers for: the packaged application's, since no brand can name another."""


class Discovery:
    """Documents for whoever asks; no secret in them."""

    def __init__(
        self, clients: Clients, claims: Claims, keys: SigningKeys, registration: ClientRegistration, base_url: str
    ) -> None:
        self._clients = clients
        self._claims = claims
        self._keys = keys
        self._registration = registration
        self._base_url = base_url

    async def document(self, slug: str) -> dict[str, Any] | None:
        """The document of the application with that slug, None when there is none."""
        client = await self._clients.by_slug(slug)
        if client is None:
            return None
        mappings = client.mappings
        registers = await self._registration.offered(client.application_id)
        # Read off the expressions' text: running them for nobody fails and floods the log (contract 1.7).
        named = [claim for mapping in mappings for claim in claims_in(mapping.expression) if claim not in RESERVED]
        return metadata.document(
            client.issuer,
            endpoints(self._base_url, client, registers=registers),
            algorithms=[client.signing_algorithm],
            acr_values_supported=[ACR],
            grant_types_supported=[grant for grant in SUPPORTED if grant in client.grant_types],
            scopes_supported=list(dict.fromkeys([scopes.OPENID, *(mapping.scope_name for mapping in mappings)])),
            claims_supported=list(dict.fromkeys([*PROTOCOL_CLAIMS, *named])),
        )

    async def shared_document(self) -> dict[str, Any] | None:
        """The document of the issuer that clients of issuer_mode global share; None when there is no such client."""
        shared = [one for one in await self._clients.everything() if one.issuer == f"{self._base_url}/"]
        first = min(shared, key=lambda one: (one.slug != DEFAULT_APPLICATION, one.id), default=None)
        return None if first is None else await self.document(first.slug)

    async def default_issuer(self) -> str | None:
        """The issuer of the default application, None when it was taken away."""
        client = await self._clients.by_slug(DEFAULT_APPLICATION)
        return None if client is None else client.issuer

    async def jwks(self, slug: str) -> dict[str, Any] | None:
        """The key set, None when there is no such application."""
        if await self._clients.by_slug(slug) is None:
            return None
        return (await self._keys.ring()).jwks


def registration_endpoint(base_url: str, slug: str) -> str:
    """Where clients register at the application with that slug (Authentik contract 1.1)."""
    return f"{base_url}{MOUNT}/{slug}/register/"


def endpoints(base_url: str, client: Client, *, registers: bool = False) -> dict[str, str]:
    """The endpoint members of the document, by their names. `registers` says whether clients can register there."""
    shared, own = f"{base_url}{MOUNT}", f"{base_url}{MOUNT}/{client.slug}"
    registration = {"registration_endpoint": registration_endpoint(base_url, client.slug)} if registers else {}
    return {
        **registration,
        "authorization_endpoint": f"{shared}/authorize/",
        "token_endpoint": f"{shared}/token/",
        "userinfo_endpoint": f"{shared}/userinfo/",
        "introspection_endpoint": f"{shared}/introspect/",
        "revocation_endpoint": f"{shared}/revoke/",
        "device_authorization_endpoint": f"{shared}/device/",
        "pushed_authorization_request_endpoint": f"{shared}/par/",
        "end_session_endpoint": f"{own}/end-session/",
        "jwks_uri": f"{own}/jwks/",
    }
