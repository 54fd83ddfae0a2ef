"""A source: one OpenID provider that people sign in through, the embedded one being one like any other."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from gatewright.accounts.users import EMBEDDED_SOURCE
from gatewright.domain.addresses import AddressPolicy
from gatewright.oidc.redirect_uris import origin
from gatewright.settings.schema import Settings
from gatewright.settings.sign_in import ClaimNames, RoleRules, SignInProvider

EMBEDDED_CLIENT = "litellm"
CALLBACK = "/sso/callback"

Secret = Callable[[], Awaitable[str]]
"""Answers the client secret at the moment of use."""


@dataclass(frozen=True)
class Source:
    """`provider` is its configuration, `policy` that of whoever typed its addresses.

    `callback` is the path of our redirect URI: one of its own for each provider that was added at run time, so that no
    provider can pass another's code off as its own (RFC 9207, 2.4 and 4). One that is not enabled is for trials alone.
    """

    provider: SignInProvider
    secret: Secret = field(repr=False, compare=False)
    policy: AddressPolicy = field(default=AddressPolicy(operator=True), repr=False)
    callback: str = CALLBACK
    is_enabled: bool = True

    @property
    def id(self) -> str:
        return self.provider.id

    @property
    def is_embedded(self) -> bool:
        return self.provider.id == EMBEDDED_SOURCE

    @property
    def label(self) -> str:
        """The name on its button."""
        address = self.provider.issuer or self.provider.authorization_endpoint or ""
        return self.provider.label or urlsplit(address).hostname or "single sign-on"

    def identity_source(self, issuer: str | None) -> str:
        """The first half of an identity: our own provider's stable id, else the issuer that the ID token named.

        A provider that sends no ID token has no issuer; its token endpoint's origin stands in, marked as what it is.
        """
        if self.is_embedded:
            return EMBEDDED_SOURCE
        return issuer or f"token-endpoint:{origin(self.provider.token_endpoint or '')}"


def fixed_sources(settings: Settings, embedded_secret: Secret) -> tuple[Source, ...]:
    """The outside providers that variables name, else the embedded one."""
    if settings.providers:
        return tuple(Source(provider, secret_of(provider), settings.operator_policy) for provider in settings.providers)
    return (embedded(settings.base_url, embedded_secret),)


def secret_of(provider: SignInProvider) -> Secret:
    """The secret of a provider whose configuration holds it, empty where it has none."""

    async def secret() -> str:
        return provider.client_secret or ""

    return secret


def embedded(base_url: str, secret: Secret) -> Source:
    """Our own provider, as the seed's guide sets it up: found by discovery like any other."""
    return Source(
        SignInProvider(
            id=EMBEDDED_SOURCE,
            profile="authentik",
            label="Gatewright",
            client_id=EMBEDDED_CLIENT,
            scope="openid profile email litellm_role",
            claims=ClaimNames(role="litellm_role"),
            roles=RoleRules(is_configured=True),
            issuer=f"{base_url}/application/o/{EMBEDDED_CLIENT}/",
        ),
        secret,
    )
