"""What an ID token proves to this relying party, and whether its issuer's signature could be checked."""

import base64
import binascii

import msgspec

from gatewright.domain.clock import SECOND, Clock
from gatewright.oidc import id_token, jwt
from gatewright.oidc.errors import LoginRefused, TokenInvalid
from gatewright.oidc.id_token import Expectations
from gatewright.oidc.jwt import ASYMMETRIC, VerifiedClaims
from gatewright.oidc.metadata import Metadata
from gatewright.oidc.redirect_uris import origin
from gatewright.oidc.strict_json import parse_object
from gatewright.sso.discovery import Discovery
from gatewright.sso.sources import Source

LONGEST_ISSUER = 255


class IdToken(msgspec.Struct, frozen=True):
    """A token that passed every check. `doubt` says why its signature could not be checked, None when it was."""

    claims: VerifiedClaims
    issuer: str
    doubt: str | None = None


class Keys(msgspec.Struct, frozen=True):
    """Where an issuer's keys are, and the algorithms that they may sign with."""

    issuer: str
    jwks_uri: str
    algorithms: tuple[str, ...]


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
        claims = _unchecked(token)
        issuer = self._source.provider.issuer or _issuer_of(claims)
        keys = await self._keys(issuer)
        if isinstance(keys, str):
            found = IdToken(claims, issuer, keys)
        else:
            found = IdToken(await self._signed(token, keys), keys.issuer)
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

    async def signed(self, token: str, issuer: str, *, kind: str) -> VerifiedClaims:
        """The claims of another token or answer of that issuer, its signature checked and nothing else.

        Raises TokenInvalid with a code that starts with `kind`, ProviderFailed or MetadataInvalid.
        """
        keys = await self._keys(issuer)
        if isinstance(keys, str):
            raise TokenInvalid(f"{kind}_key_unknown", f"The provider's keys are not known here: {keys}.")
        return await self._signed(token, keys, kind)

    async def access_token_claims(self, token: str, checked: IdToken) -> VerifiedClaims:
        """The claims of an access token that the ID token's issuer signed for the same person.

        Nobody but a resource server may take them for more than hints; they are what GENERIC_INCLUDE_TOKEN_CLAIMS asks
        for. Raises TokenInvalid, ProviderFailed or MetadataInvalid.
        """
        claims = await self.signed(token, checked.issuer, kind="access_token")
        if claims.get("iss") != checked.issuer or claims.get("sub", checked.claims["sub"]) != checked.claims["sub"]:
            raise TokenInvalid("access_token_mismatch", "The access token is of another issuer or about somebody else.")
        ends = claims.get("exp")
        now = self._clock() // SECOND - self._source.provider.clock_skew_s
        if isinstance(ends, bool) or not isinstance(ends, int | float) or ends <= now:
            raise TokenInvalid("access_token_expired", "The access token does not say when it ends, or has ended.")
        return claims

    async def _keys(self, issuer: str) -> Keys | str:
        """The keys of an issuer, or why there are none to check with."""
        provider = self._source.provider
        if provider.jwks_uri is not None:
            return Keys(issuer, provider.jwks_uri, ASYMMETRIC)
        if provider.issuer is not None:
            metadata = await self._discovery.metadata(provider.issuer)
            return Keys(metadata.issuer, metadata.jwks_uri, _asymmetric(metadata))
        found = await self.published(issuer)
        if isinstance(found, str):
            return found
        if not _asymmetric(found):
            return "the provider signs with a shared secret instead of a key pair"
        return Keys(found.issuer, found.jwks_uri, _asymmetric(found))

    async def _signed(self, token: str, keys: Keys, kind: str = "id_token") -> VerifiedClaims:
        jwks = await self._discovery.jwks(keys.jwks_uri)
        try:
            return jwt.verify(token, jwks, algorithms=keys.algorithms, kind=kind)
        except TokenInvalid as error:
            if error.error_code not in (f"{kind}_key_unknown", f"{kind}_signature"):
                raise
            # The provider may have changed its keys; where keys have no ids that shows as a bad signature.
            fresh = await self._discovery.jwks(keys.jwks_uri, again=True)
            if fresh is jwks:
                raise
        return jwt.verify(token, fresh, algorithms=keys.algorithms, kind=kind)


def _asymmetric(metadata: Metadata) -> tuple[str, ...]:
    return tuple(name for name in metadata.id_token_signing_alg_values_supported if name in ASYMMETRIC)


def _issuer_of(claims: VerifiedClaims) -> str:
    """A URL (OpenID Connect Core 2): a bare word could be what an identity of ours is filed under."""
    issuer = claims.get("iss")
    if not isinstance(issuer, str) or not 0 < len(issuer) <= LONGEST_ISSUER or not issuer.isprintable():
        raise TokenInvalid("id_token_issuer", "The ID token names no issuer.")
    if origin(issuer) is None:
        raise TokenInvalid("id_token_issuer", "The ID token's issuer is no http or https address.")
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
        return VerifiedClaims(parse_object(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))))
    except (binascii.Error, ValueError) as error:
        raise TokenInvalid("id_token_malformed", f"The ID token's payload cannot be read: {error}.") from error
