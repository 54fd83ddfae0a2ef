"""The discovery document (OpenID Connect Discovery 1.0, 3; RFC 8414; RFC 9207 3)."""

from typing import Any
from urllib.parse import urlsplit

import msgspec

from gatewright.oidc.errors import MetadataInvalid
from gatewright.oidc.jwt import ASYMMETRIC
from gatewright.oidc.strict_json import parse_object

WELL_KNOWN = ".well-known/openid-configuration"


class Metadata(msgspec.Struct, frozen=True):
    """The members of a provider's discovery document that a relying party acts on."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None = None
    end_session_endpoint: str | None = None
    scopes_supported: tuple[str, ...] = ()
    claims_supported: tuple[str, ...] = ()
    id_token_signing_alg_values_supported: tuple[str, ...] = ("RS256",)
    token_endpoint_auth_methods_supported: tuple[str, ...] = ("client_secret_basic",)
    code_challenge_methods_supported: tuple[str, ...] = ()
    authorization_response_iss_parameter_supported: bool = False


def discovery_url(issuer: str) -> str:
    """Where the issuer publishes its document: the path is appended, one slash between (Discovery 4.1)."""
    return f"{issuer.removesuffix('/')}/{WELL_KNOWN}"


def parse(body: bytes, *, issuer: str) -> Metadata:
    """A fetched document. Its issuer must equal the expected one exactly (Discovery 4.3). Raises MetadataInvalid."""
    try:
        raw = parse_object(body)
        metadata = msgspec.convert({k: v for k, v in raw.items() if v is not None}, Metadata)
    except (ValueError, msgspec.ValidationError) as error:
        raise MetadataInvalid(
            "metadata_malformed",
            f"The provider's discovery document cannot be read: {error}",
            hint=f"Open {discovery_url(issuer)} in a browser and compare.",
        ) from error
    if metadata.issuer != issuer:
        raise MetadataInvalid(
            "metadata_issuer",
            f"The provider calls itself {metadata.issuer[:200]!r}, but {issuer!r} was asked.",
            hint="Configure the issuer exactly as the provider spells it, trailing slash included.",
        )
    _check_endpoints(metadata)
    return metadata


def _check_endpoints(metadata: Metadata) -> None:
    secure = urlsplit(metadata.issuer).scheme == "https"
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint"):
        url = getattr(metadata, name)
        if url is None:
            continue
        scheme = urlsplit(url).scheme
        # Only a provider that is itself on http (a test set-up) may name http endpoints.
        if scheme != "https" and (secure or scheme != "http"):
            raise MetadataInvalid("metadata_endpoint", f"The provider's {name} is not an https address.")


def document(issuer: str, endpoints: dict[str, str], *, algorithms: list[str], **lists: list[str]) -> dict[str, Any]:
    """The discovery document of a provider of the code flow.

    `algorithms` are those of ID tokens; `lists` are `grant_types_supported`, `scopes_supported`, `claims_supported`.
    """
    methods = ["client_secret_basic", "client_secret_post", "private_key_jwt"]
    signed = list(ASYMMETRIC)
    return {
        "issuer": issuer,
        **endpoints,
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": algorithms,
        "token_endpoint_auth_methods_supported": [*methods, "none"],
        "token_endpoint_auth_signing_alg_values_supported": signed,
        "revocation_endpoint_auth_methods_supported": [*methods, "none"],
        "revocation_endpoint_auth_signing_alg_values_supported": signed,
        "introspection_endpoint_auth_methods_supported": methods,
        "introspection_endpoint_auth_signing_alg_values_supported": signed,
        "require_pushed_authorization_requests": False,
        "code_challenge_methods_supported": ["S256"],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "claim_types_supported": ["normal"],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        **lists,
    }
