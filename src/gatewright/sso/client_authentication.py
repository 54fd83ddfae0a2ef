"""How we authenticate at a provider's token endpoint (RFC 6749 2.3.1; RFC 7523 2.2; OpenID Connect Core 9)."""

import base64
import functools
import secrets
from collections.abc import Iterable
from urllib.parse import quote_plus

from gatewright.domain.clock import SECOND, Clock
from gatewright.domain.errors import SettingInvalid
from gatewright.oidc import jwt
from gatewright.oidc.jwt import SigningKey
from gatewright.settings.sign_in import SignInProvider
from gatewright.sso.refusals import ProviderFailed
from gatewright.sso.sources import Source

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ASSERTION_LIFE_S = 60


class ClientAuthentication:
    """Of one source."""

    def __init__(self, source: Source, clock: Clock) -> None:
        self._source = source
        self._clock = clock

    async def of(self, endpoint: str) -> tuple[dict[str, str], dict[str, str]]:
        """What a call to that token endpoint carries: fields of the form, and headers.

        Raises ProviderFailed where our private key cannot be used.
        """
        provider = self._source.provider
        fields = {"client_id": provider.client_id}
        if provider.client_auth == "basic":
            return fields, {"authorization": await self._basic()}
        if provider.client_auth == "post":
            return {**fields, "client_secret": await self._source.secret()}, {}
        if provider.client_auth == "private_key_jwt":
            return {**fields, "client_assertion_type": ASSERTION, "client_assertion": self._assertion(endpoint)}, {}
        return fields, {}

    async def _basic(self) -> str:
        """client_secret_basic, both halves form-encoded first."""
        pair = f"{quote_plus(self._source.provider.client_id)}:{quote_plus(await self._source.secret())}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"

    def _assertion(self, endpoint: str) -> str:
        """The issuer is the audience where it is known: a token endpoint that a document names could be another's."""
        provider, now = self._source.provider, self._clock() // SECOND
        try:
            key = private_key(provider.private_key or "")
        except ValueError as error:
            raise ProviderFailed(
                "client_key_invalid", f"Our private key for this provider cannot be used: {error}."
            ) from error
        claims = {
            "iss": provider.client_id,
            "sub": provider.client_id,
            "aud": provider.issuer or endpoint,
            "jti": secrets.token_urlsafe(24),
            "iat": now,
            "exp": now + ASSERTION_LIFE_S,
        }
        return jwt.sign(claims, key)


@functools.lru_cache(maxsize=32)
def private_key(text: str) -> SigningKey:
    """A client's private key, PEM or JWK. Raises ValueError without quoting it."""
    return jwt.load_private(text)


def check_private_keys(providers: Iterable[SignInProvider]) -> None:
    """Raises SettingInvalid for a key of the variables that cannot be used."""
    for provider in providers:
        if provider.client_auth != "private_key_jwt":
            continue
        try:
            private_key(provider.private_key or "")
        except ValueError as error:
            raise SettingInvalid(
                f"{provider.id.upper()}_CLIENT_PRIVATE_KEY",
                source="environment",
                problem=str(error),
                fix="Give a private key in PEM or a private JWK: RSA of 2048 bits or more, P-256, P-384 or Ed25519",
            ) from error


def published_keys(providers: Iterable[SignInProvider]) -> dict[str, object]:
    """The JWKS with which providers check our assertions: public halves alone, unusable keys left out."""
    found = {}
    for provider in providers:
        if provider.client_auth == "private_key_jwt" and provider.private_key:
            try:
                key = private_key(provider.private_key)
            except ValueError:
                continue
            found[key.kid] = key
    return jwt.public_jwks(found.values())
