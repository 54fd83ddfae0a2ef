"""A source: one OpenID provider that people sign in through, the embedded one being one like any other."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from gatewright.accounts.users import EMBEDDED_SOURCE
from gatewright.oidc.redirect_uris import origin
from gatewright.settings.generic import Generic
from gatewright.settings.schema import Settings

EMBEDDED_CLIENT = "litellm"
OUTSIDE_SOURCE = "generic"

Secret = Callable[[], Awaitable[str]]
"""Answers the client secret at the moment of use."""


@dataclass(frozen=True)
class Attributes:
    """Which claim holds what, dots for nested claims."""

    user_id: str
    email: str
    display_name: str
    role: str


@dataclass(frozen=True)
class Source:
    """`issuer` None means that only the endpoints are known (the GENERIC_* variables name no issuer).

    `role_is_configured`: the provider decides the role at every sign-in, by absence too. `id` is a stable word for
    sign-in transactions and the audit log, not part of anybody's identity.
    """

    id: str
    label: str
    client_id: str
    secret: Secret = field(repr=False)
    scope: str
    attributes: Attributes
    role_is_configured: bool
    use_pkce: bool
    issuer: str | None = None
    authorization_endpoint: str | None = None
    token_endpoint: str | None = None
    userinfo_endpoint: str | None = None

    @property
    def is_embedded(self) -> bool:
        return self.id == EMBEDDED_SOURCE

    def identity_source(self, issuer: str | None) -> str:
        """The first half of an identity: our own provider's stable id, else the issuer that the ID token named.

        A provider that sends no ID token has no issuer; its token endpoint's origin stands in, marked as what it is.
        """
        if self.is_embedded:
            return EMBEDDED_SOURCE
        return issuer or f"token-endpoint:{origin(self.token_endpoint or '')}"


def source_of(settings: Settings, embedded_secret: Secret) -> Source:
    """The outside provider when GENERIC_* names one, else the embedded one."""
    if settings.generic is not None:
        return _outside(settings.generic)
    return embedded(settings.base_url, embedded_secret)


def embedded(base_url: str, secret: Secret) -> Source:
    """Our own provider, as the seed's guide sets it up: found by discovery like any other."""
    return Source(
        id=EMBEDDED_SOURCE,
        label="Gatewright",
        client_id=EMBEDDED_CLIENT,
        secret=secret,
        scope="openid profile email litellm_role",
        attributes=Attributes("preferred_username", "email", "name", "litellm_role"),
        role_is_configured=True,
        use_pkce=True,
        issuer=f"{base_url}/application/o/{EMBEDDED_CLIENT}/",
    )


def _outside(generic: Generic) -> Source:
    async def secret() -> str:
        return generic.client_secret

    return Source(
        id=OUTSIDE_SOURCE,
        label=urlsplit(generic.authorization_endpoint).hostname or "single sign-on",
        client_id=generic.client_id,
        secret=secret,
        scope=" ".join(generic.scope.split()),
        attributes=Attributes(
            generic.user_id_attribute,
            generic.email_attribute,
            generic.display_name_attribute,
            generic.role_attribute,
        ),
        role_is_configured=generic.role_is_configured,
        use_pkce=generic.use_pkce,
        authorization_endpoint=generic.authorization_endpoint,
        token_endpoint=generic.token_endpoint,
        userinfo_endpoint=generic.userinfo_endpoint,
    )
