"""What an ID token proves to this relying party, and whether its issuer's signature could be checked."""

import base64
import binascii
import json

import msgspec

from gatewright.domain.clock import SECOND, Clock
from gatewright.oidc import id_token, jwt
from gatewright.oidc.errors import LoginRefused, TokenInvalid
from gatewright.oidc.id_token import Expectations
from gatewright.oidc.jwt import ASYMMETRIC, VerifiedClaims
from gatewright.oidc.metadata import Metadata
from gatewright.oidc.redirect_uris import origin
from gatewright.sso.discovery import Discovery
from gatewright.sso.sources import Source

# The provider may have changed its keys; where keys have no ids that shows as a bad signature.
STALE_KEYS = ("id_token_key_unknown", "id_token_signature")


class IdToken(msgspec.Struct, frozen=True):
    """A token that passed every check. `doubt` says why its signature could not be checked, None when it was."""

    claims: VerifiedClaims
    issuer: str
    doubt: str | None = None


class IdTokens:
    """Checks the ID tokens of one source."""

    def __init__(self, source: Source, discovery: Discovery, clock: Clock) -> None:
        self._source = source
        self._discovery = discovery
        self._clock = clock

    async def check(self, token: str, *, nonce: str, access_token: str) -> IdToken:
        """Signature and claims. Raises TokenInvalid, MetadataInvalid or ProviderFailed.

        Where the settings name no issuer, keys are looked for at the token's own `iss` when that lives at the token
        endpoint's origin. Without keys the TLS connection to the token endpoint stands for the issuer (OpenID Connect
        Core 3.1.3.7 step 6), and the claims are checked all the same.
        """
        _refuse_unsigned(token)
        if self._source.provider.issuer is not None:
            metadata = await self._discovery.metadata(self._source.provider.issuer)
            found = IdToken(await self._signed(token, metadata), metadata.issuer)
        else:
            found = await self._by_its_own_issuer(token)
        expected = Expectations(
            issuer=found.issuer,
            client_id=self._source.provider.client_id,
            now=self._clock() // SECOND,
            nonce=nonce,
            access_token=access_token,
            algorithm=jwt.algorithm_of(token),
            skew=self._source.provider.clock_skew_s,
        )
        id_token.validate(found.claims, expected)
        return found

    async def published(self, issuer: str) -> Metadata | str:
        """The discovery document of an issuer that nobody configured, or why it cannot be used."""
        if self._source.provider.issuer is None and origin(issuer) != origin(
            self._source.provider.token_endpoint or ""
        ):
            return "the issuer's address is not at the token endpoint's host"
        try:
            return await self._discovery.metadata(issuer)
        except LoginRefused as error:
            return error.message

    async def publisher_of(self, token: str) -> Metadata | str:
        """The discovery document behind a token that was checked at sign-in. Raises TokenInvalid."""
        return await self.published(self._source.provider.issuer or _issuer_of(_unchecked(token)))

    async def _by_its_own_issuer(self, token: str) -> IdToken:
        claims = _unchecked(token)
        issuer = _issuer_of(claims)
        metadata = await self.published(issuer)
        if isinstance(metadata, str):
            return IdToken(claims, issuer, metadata)
        if not _asymmetric(metadata):
            return IdToken(claims, issuer, "the provider signs with a shared secret instead of a key pair")
        return IdToken(await self._signed(token, metadata), issuer)

    async def _signed(self, token: str, metadata: Metadata) -> VerifiedClaims:
        algorithms = _asymmetric(metadata)
        jwks = await self._discovery.jwks(metadata.jwks_uri)
        try:
            return jwt.verify(token, jwks, algorithms=algorithms)
        except TokenInvalid as error:
            if error.error_code not in STALE_KEYS:
                raise
            fresh = await self._discovery.jwks(metadata.jwks_uri, again=True)
            if fresh is jwks:
                raise
        return jwt.verify(token, fresh, algorithms=algorithms)


def _asymmetric(metadata: Metadata) -> tuple[str, ...]:
    return tuple(name for name in metadata.id_token_signing_alg_values_supported if name in ASYMMETRIC)


def _issuer_of(claims: VerifiedClaims) -> str:
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not issuer:
        raise TokenInvalid("id_token_issuer", "The ID token names no issuer.")
    return issuer


def _refuse_unsigned(token: str) -> None:
    """`alg: none` and an empty signature are never taken, over TLS neither."""
    if jwt.algorithm_of(token).lower() in ("", "none") or not token.rpartition(".")[2]:
        raise TokenInvalid(
            "id_token_algorithm",
            "The ID token is not signed.",
            hint="Let the provider sign ID tokens with RS256, ES256 or EdDSA.",
        )


def _unchecked(token: str) -> VerifiedClaims:
    """The payload without a look at the signature: only for a token that came from the token endpoint itself."""
    segment = token.split(".")[1]
    try:
        claims = json.loads(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (binascii.Error, ValueError, RecursionError) as error:
        raise TokenInvalid("id_token_malformed", "The ID token's payload is not JSON.") from error
    if not isinstance(claims, dict):
        raise TokenInvalid("id_token_malformed", "The ID token's payload is not a JSON object.")
    return VerifiedClaims(claims)
