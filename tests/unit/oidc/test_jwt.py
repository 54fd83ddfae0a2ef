import base64
import hashlib
import hmac
import json
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from gatewright.oidc import jwt
from gatewright.oidc.errors import TokenInvalid

RSA = jwt.generate_key("RS256")
EC = jwt.generate_key("ES256")
ED = jwt.generate_key("EdDSA")
JWKS = jwt.public_jwks([RSA, EC, ED])


def b64(data: bytes | dict[str, Any]) -> str:
    raw = json.dumps(data).encode() if isinstance(data, dict) else data
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def code_of(token: str, jwks: dict[str, Any] = JWKS, **options: Any) -> str:
    with pytest.raises(TokenInvalid) as caught:
        jwt.verify(token, jwks, **options)
    return caught.value.error_code


@pytest.mark.parametrize("key", [RSA, EC, ED], ids=lambda key: key.algorithm)
def test_a_signed_token_verifies_with_the_published_keys(key: jwt.SigningKey) -> None:
    token = jwt.sign({"sub": "alice", "nonce": None}, key)
    assert jwt.verify(token, JWKS) == {"sub": "alice"}
    header = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
    assert header == {"alg": key.algorithm, "typ": "JWT", "kid": key.kid}


def test_a_key_survives_storage() -> None:
    again = jwt.load_key(RSA.private_jwk, "RS256")
    assert again == RSA
    assert jwt.verify(jwt.sign({"sub": "x"}, again), JWKS)["sub"] == "x"


def test_the_kid_is_the_rfc_7638_thumbprint() -> None:
    members = {name: RSA.public_jwk[name] for name in ("e", "kty", "n")}
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":")).encode()
    assert RSA.kid == b64(hashlib.sha256(canonical).digest())


def test_no_private_part_is_published_or_printed() -> None:
    assert set(RSA.public_jwk) == {"kty", "n", "e", "kid", "use", "alg"}
    assert set(EC.public_jwk) == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert json.loads(RSA.private_jwk)["d"] not in repr(RSA)
    assert jwt.public_jwks([]) == {"keys": []}


def test_unsigned_tokens_are_refused() -> None:
    for alg in ("none", "None", "NONE", ""):
        token = f"{b64({'alg': alg})}.{b64({'sub': 'admin'})}."
        assert code_of(token) == "id_token_algorithm"


def test_a_public_key_is_no_shared_secret() -> None:
    """The classic confusion: HS256 with the RSA public key as the secret."""
    numbers = rsa.RSAPublicNumbers(
        *(int.from_bytes(base64.urlsafe_b64decode(RSA.public_jwk[n] + "==")) for n in ("e", "n"))
    )
    pem = numbers.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (pem, RSA.public_jwk["n"].encode(), json.dumps(RSA.public_jwk).encode()):
        signed = f"{b64({'alg': 'HS256', 'kid': RSA.kid})}.{b64({'sub': 'admin'})}"
        token = f"{signed}.{b64(hmac.digest(secret, signed.encode(), 'sha256'))}"
        assert code_of(token) == "id_token_algorithm"
        assert code_of(token, algorithms=["HS256", "RS256"]) == "id_token_algorithm"


def test_an_oct_key_in_the_key_set_is_never_used() -> None:
    jwks = {"keys": [{"kty": "oct", "k": b64(b"secret" * 8), "kid": "x"}]}
    assert code_of(jwt.sign({"sub": "x"}, RSA), jwks) == "id_token_key_unknown"


def test_the_allow_list_counts() -> None:
    assert code_of(jwt.sign({"sub": "x"}, EC), algorithms=["RS256"]) == "id_token_algorithm"


def test_a_foreign_signature_or_changed_payload_is_refused() -> None:
    header, _, signature = jwt.sign({"sub": "alice"}, RSA).split(".")
    assert code_of(f"{header}.{b64({'sub': 'admin'})}.{signature}") == "id_token_signature"
    stranger = jwt.generate_key("RS256")
    forged = jwt.sign({"sub": "admin"}, jwt.SigningKey(RSA.kid, "RS256", stranger.private_jwk, {}))
    assert code_of(forged) == "id_token_signature"


def test_without_a_kid_every_fitting_key_is_tried() -> None:
    other = jwt.generate_key("RS256")
    bare = {"keys": [{k: v for k, v in key.public_jwk.items() if k != "kid"} for key in (other, RSA)]}
    assert jwt.verify(jwt.sign({"sub": "x"}, RSA), bare)["sub"] == "x"


def test_a_kid_that_is_not_published_is_named_as_such() -> None:
    assert code_of(jwt.sign({"sub": "x"}, jwt.generate_key("ES256"))) == "id_token_key_unknown"
    assert code_of(jwt.sign({"sub": "x"}, RSA), {}) == "id_token_key_unknown"
    assert code_of(jwt.sign({"sub": "x"}, RSA), {"keys": [7, {"kty": "RSA"}]}) == "id_token_key_unknown"


def test_a_weak_key_does_not_count() -> None:
    weak = {"kty": "RSA", "n": b64(b"\xc3" + b"\x01" * 127), "e": "AQAB", "kid": RSA.kid}
    with pytest.warns(UserWarning, match="2048 bits"):
        assert code_of(jwt.sign({"sub": "x"}, RSA), {"keys": [weak]}) == "id_token_key_unknown"


def test_a_critical_extension_that_we_do_not_know_is_refused() -> None:
    token = jwt.sign({"sub": "x"}, ED)
    header = {"alg": "EdDSA", "kid": ED.kid, "crit": ["b64"], "b64": False}
    assert code_of(".".join([b64(header), *token.split(".")[1:]])) == "id_token_signature"


@pytest.mark.parametrize(
    "token", ["", "a", "a.b", "a.b.c.d.e", "é.é.é", "!!.b.c", f"{b64(b'[]')}.e.s", f"{b64(b'{')}.e.s", "x" * 70_000]
)
def test_what_is_no_token_is_called_malformed(token: str) -> None:
    assert code_of(token) == "id_token_malformed"


def test_a_payload_that_is_no_object_is_refused() -> None:
    text = json.dumps(["sub"]).encode()
    from joserfc import jws
    from joserfc.jwk import RSAKey

    private = RSAKey.import_key(json.loads(RSA.private_jwk))
    token = jws.serialize_compact({"alg": "RS256", "kid": RSA.kid}, text, private)
    assert code_of(token) == "id_token_malformed"


def test_the_hash_example_of_the_specification() -> None:
    """OpenID Connect Core A.3."""
    assert jwt.half_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y", "RS256") == "77QmUPtjPfzWtF2AnpK9RQ"


def pem(key: Any) -> str:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    assert isinstance(private, bytes)
    return private.decode()


def test_a_private_key_in_pem_signs_under_the_name_that_its_owner_gave_it() -> None:
    private = rsa.generate_private_key(65537, 2048)
    key = jwt.load_pem(pem(private), "RS256", "theirs")
    token = jwt.sign({"sub": "x"}, key)
    assert jwt.key_id(token) == "theirs"
    assert jwt.verify(
        token, jwt.public_jwks([msgspec.structs.replace(key, public_jwk={**key.public_jwk, "kid": "theirs"})])
    )
    assert jwt.load_pem(pem(private), "RS256").kid == key.public_jwk["kid"]
    assert jwt.load_pem(pem(ec.generate_private_key(ec.SECP256R1())), "ES256").algorithm == "ES256"


@pytest.mark.parametrize("text", ["", "x", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", "{}", "\0"])
def test_what_is_no_private_key_in_pem_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match=r"^it is no private key in PEM$"):
        jwt.load_pem(text, "RS256")


def test_a_key_of_another_kind_is_refused() -> None:
    public = (
        rsa.generate_private_key(65537, 2048).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    with pytest.raises(ValueError, match="public"):
        jwt.load_pem(public.decode(), "RS256")
    with pytest.raises(ValueError, match="no private key"):
        jwt.load_pem(pem(ec.generate_private_key(ec.SECP256R1())), "RS256")
