"""Signed tokens (RFC 7515, 7517, 7519). The only module that knows the JOSE library.

Signing keys are asymmetric, always. Verification takes a list of asymmetric algorithms and a key set: `none` and the
HMAC family are refused by name, so that a public key can never serve as a shared secret (RFC 8725 3.1).
"""

import base64
import binascii
import contextlib
import hashlib
import json
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, Literal, NewType

import msgspec
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, JWKRegistry, Key, OKPKey, RSAKey

from gatewright.oidc.errors import TokenInvalid
from gatewright.oidc.strict_json import parse_object

VerifiedClaims = NewType("VerifiedClaims", Mapping[str, Any])
"""The payload of a token whose signature was verified. Nothing else may be believed; its claims are still unchecked."""

ASYMMETRIC = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
KEY_TYPES: dict[str, Literal["RSA", "EC"]] = {"R": "RSA", "P": "RSA", "E": "EC"}
HASHES = {"256": "sha256", "384": "sha384", "512": "sha512"}
MAX_TOKEN_CHARS = 64 * 1024
RSA_BITS = 2048
MIN_RSA_BITS = 2048
# What checks in reasonable time: anybody who publishes keys could keep us busy with longer ones, or with many.
LONGEST_KEY_MEMBER = 2800
MOST_KEYS = 100
CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512", "Ed25519": "EdDSA"}

# RFC 9864 renames EdDSA to Ed25519; OpenID providers and their discovery documents go on saying EdDSA.
jws.JWSRegistry.algorithms["EdDSA"].security_warning = None


class SigningKey(msgspec.Struct, frozen=True):
    """One key pair. `private_jwk` is the JSON text to seal; `public_jwk` is what the JWKS publishes."""

    kid: str
    algorithm: str
    private_jwk: str
    public_jwk: dict[str, Any]

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid!r}, algorithm={self.algorithm!r})"


def generate_key(algorithm: str = "RS256") -> SigningKey:
    """A new key pair for RS256 (the default, OpenID Connect Core 15.1), ES256 or EdDSA (Ed25519)."""
    key: Key
    if algorithm == "RS256":
        key = RSAKey.generate_key(RSA_BITS, auto_kid=False)
    elif algorithm == "ES256":
        key = ECKey.generate_key("P-256", auto_kid=False)
    elif algorithm == "EdDSA":
        key = OKPKey.generate_key("Ed25519", auto_kid=False)
    else:
        raise ValueError(f"no signing key is made for the algorithm {algorithm!r}")
    return _signing_key(key, algorithm)


def load_key(private_jwk: str, algorithm: str) -> SigningKey:
    """A key pair from the JSON text of its private JWK."""
    return _signing_key(_private_key(private_jwk), algorithm)


def load_pem(pem: str, algorithm: str, kid: str = "") -> SigningKey:
    """A key pair from a private key in PEM, as clouds hand them out; without a `kid` it is the key's thumbprint.

    Raises ValueError, without quoting the key, unless it is a key for that algorithm and strong enough.
    """
    try:
        key = JWKRegistry.import_key(pem, KEY_TYPES[algorithm[0]])
    except (JoseError, ValueError, TypeError, AttributeError):
        raise ValueError("it is no private key in PEM") from None
    if not key.is_private:
        raise ValueError("it is a public key")
    if isinstance(key, RSAKey) and key.public_key.key_size < MIN_RSA_BITS:
        raise ValueError(f"it has less than {MIN_RSA_BITS} bits")
    made = _signing_key(key, algorithm)
    return msgspec.structs.replace(made, kid=kid) if kid else made


def load_private(text: str) -> SigningKey:
    """A key pair from a private key in PEM or from the JSON text of a private JWK, whose `alg` and `kid` count.

    RSA signs with RS256, an elliptic curve with its own algorithm. Raises ValueError, without quoting the key.
    """
    try:
        given = json.loads(text) if text.lstrip().startswith("{") else {}
        if given.get("kty") == "oct":
            raise ValueError("a shared secret")
        key = JWKRegistry.import_key(given) if given else _from_pem(text)
    except (JoseError, ValueError, TypeError, AttributeError):
        raise ValueError("it is no private key in PEM and no JWK") from None
    if not key.is_private:
        raise ValueError("it is not the private key of a key pair")
    if isinstance(key, RSAKey) and key.public_key.key_size < MIN_RSA_BITS:
        raise ValueError(f"it has less than {MIN_RSA_BITS} bits")
    public = key.as_dict(private=False)
    algorithm = given.get("alg") or ("RS256" if key.key_type == "RSA" else CURVES.get(str(public.get("crv"))))
    if algorithm not in ASYMMETRIC or not _is_for({"kty": public["kty"]}, algorithm):
        raise ValueError("nothing can be signed with a key of this kind")
    made = _signing_key(key, algorithm)
    kid = given.get("kid")
    if not isinstance(kid, str) or not kid:
        return made
    return msgspec.structs.replace(made, kid=kid, public_jwk={**made.public_jwk, "kid": kid})


def sign(claims: Mapping[str, Any], key: SigningKey, *, typ: str = "JWT") -> str:
    """A compact JWS over the claims; those that are None are left out."""
    header = {"alg": key.algorithm, "typ": typ, "kid": key.kid}
    payload = json.dumps({name: value for name, value in claims.items() if value is not None}, separators=(",", ":"))
    private = _private_key(key.private_jwk)
    return jws.serialize_compact(header, payload.encode(), private, registry=_registry([key.algorithm]))


def public_jwks(keys: Iterable[SigningKey]) -> dict[str, Any]:
    """The JWKS document: always with the member `keys`, public parts only (RFC 7517 5)."""
    return {"keys": [dict(key.public_jwk) for key in keys]}


def verify(
    token: str, jwks: Mapping[str, Any], *, algorithms: Iterable[str] = ASYMMETRIC, kind: str = "id_token"
) -> VerifiedClaims:
    """The claims of a token that one of the keys signed with one of the algorithms.

    Takes the key that the header's `kid` names; without a `kid`, tries every key that fits. `kind` starts the error
    codes: `<kind>_malformed`, `<kind>_algorithm`, `<kind>_key_unknown`, `<kind>_signature`. Raises TokenInvalid.
    """
    header = _header(token, kind)
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ASYMMETRIC or algorithm not in tuple(algorithms):
        raise TokenInvalid(
            f"{kind}_algorithm",
            "The token is signed with an algorithm that is not accepted here.",
            hint="Let the provider sign with RS256, ES256 or EdDSA; unsigned and HMAC-signed tokens are refused.",
        )
    keys = _fitting(jwks, algorithm, header.get("kid"))
    if not keys:
        raise TokenInvalid(
            f"{kind}_key_unknown",
            "The token names a signing key that the provider does not publish.",
            hint="If the provider has just changed its keys, sign in again; else check its JWKS.",
        )
    for key in keys:
        payload = _payload(token, key, algorithm)
        if payload is not None:
            return VerifiedClaims(_object(payload, kind))
    raise TokenInvalid(f"{kind}_signature", "The token's signature does not belong to the provider's keys.")


def unverified_claim(token: str, name: str, *, kind: str) -> object:
    """A claim of a token whose signature nobody looked at: good for finding the keys, for nothing else.

    Raises TokenInvalid.
    """
    _header(token, kind)
    segment = token.split(".")[1]
    try:
        payload = base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error as error:
        raise TokenInvalid(f"{kind}_malformed", "The token is not a signed JSON Web Token.") from error
    return _object(payload, kind).get(name)


def key_id(token: str, *, kind: str = "id_token") -> str | None:
    """The `kid` in the header, unverified: good for choosing a key, for nothing else. Raises TokenInvalid."""
    kid = _header(token, kind).get("kid")
    return kid if isinstance(kid, str) else None


def half_hash(value: str, algorithm: str) -> str:
    """`at_hash` and `c_hash`: the left half of the value's hash, base64url (OpenID Connect Core 3.1.3.6).

    Ed25519 hashes with SHA-512, as RFC 8032 does.
    """
    name = HASHES.get(algorithm[-3:], "sha512")
    digest = hashlib.new(name, value.encode("ascii")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def algorithm_of(token: str, *, kind: str = "id_token") -> str:
    """The header's `alg`; call it for a verified token only. Raises TokenInvalid."""
    return str(_header(token, kind).get("alg", ""))


@lru_cache(maxsize=16)
def _private_key(private_jwk: str) -> Key:
    """Importing an RSA key checks it for 40 ms; a signature takes one."""
    return JWKRegistry.import_key(json.loads(private_jwk))


def _signing_key(key: Key, algorithm: str) -> SigningKey:
    kid = key.thumbprint()  # RFC 7638
    public: dict[str, Any] = {**key.as_dict(private=False), "kid": kid, "use": "sig", "alg": algorithm}
    private = json.dumps({**key.as_dict(private=True), "kid": kid}, separators=(",", ":"))
    return SigningKey(kid=kid, algorithm=algorithm, private_jwk=private, public_jwk=public)


def _from_pem(text: str) -> Key:
    """A key of whatever kind the PEM text holds: the kinds are tried, since the library asks for one."""
    for kind in ("RSA", "EC", "OKP"):
        with contextlib.suppress(JoseError, ValueError, TypeError, AttributeError):
            return JWKRegistry.import_key(text, kind)
    raise ValueError("no kind of key fits")


def _registry(algorithms: list[str]) -> jws.JWSRegistry:
    # Header members that nobody understands are ignored (RFC 7515 4); `crit` is still enforced.
    registry = jws.JWSRegistry(algorithms=algorithms, strict_check_header=False)
    registry.max_header_length = registry.max_payload_length = MAX_TOKEN_CHARS
    return registry


def _header(token: str, kind: str) -> dict[str, Any]:
    malformed = TokenInvalid(f"{kind}_malformed", "The token is not a signed JSON Web Token.")
    if len(token) > MAX_TOKEN_CHARS or token.count(".") != 2 or not token.isascii():
        raise malformed
    segment = token.split(".", 1)[0]
    try:
        return parse_object(base64.urlsafe_b64decode(segment + "=" * (-len(segment) % 4)))
    except (binascii.Error, ValueError) as error:
        raise malformed from error


def _fitting(jwks: Mapping[str, Any], algorithm: str, kid: object) -> list[Key]:
    """The keys that may verify this token; a kid that is named must match, unless the key carries none."""
    entries = jwks.get("keys")
    found = []
    for entry in entries[:MOST_KEYS] if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or not _is_for(entry, algorithm):
            continue
        if kid is not None and entry.get("kid") not in (kid, None):
            continue
        key = _import(entry)
        if key is not None:
            found.append(key)
    return found


def _is_for(entry: Mapping[str, Any], algorithm: str) -> bool:
    family = {"R": "RSA", "P": "RSA", "E": "OKP" if algorithm.startswith("Ed") else "EC"}[algorithm[0]]
    # Entra and others leave `alg` out.
    return (
        entry.get("kty") == family
        and entry.get("use") in (None, "sig")
        and _may_verify(entry.get("key_ops"))
        and entry.get("alg") in (None, algorithm, *(("EdDSA", "Ed25519") if family == "OKP" else ()))
    )


def _may_verify(operations: object) -> bool:
    """`key_ops` (RFC 7517 4.3) leaves verifying in, or is not there."""
    return operations is None or (isinstance(operations, list) and "verify" in operations)


def _import(entry: Mapping[str, Any]) -> Key | None:
    """None for a key that is malformed or too weak: a provider's one bad key must not break the good ones."""
    names = ("kty", "n", "e", "crv", "x", "y")
    try:
        members = {name: entry[name] for name in names if name in entry}
        if any(len(value) > LONGEST_KEY_MEMBER for value in members.values()):
            return None
        key = JWKRegistry.import_key(members)
        if isinstance(key, RSAKey) and key.public_key.key_size < MIN_RSA_BITS:
            return None
    except (JoseError, ValueError, TypeError, AttributeError):
        return None
    return key


def _payload(token: str, key: Key, algorithm: str) -> bytes | None:
    """The payload when the signature is good, else None."""
    try:
        return jws.deserialize_compact(token.encode(), key, registry=_registry([algorithm])).payload
    except (JoseError, ValueError, TypeError):
        return None


def _object(payload: bytes, kind: str) -> dict[str, Any]:
    try:
        return parse_object(payload)
    except ValueError as error:
        raise TokenInvalid(f"{kind}_malformed", f"The token's payload cannot be read: {error}.") from error
