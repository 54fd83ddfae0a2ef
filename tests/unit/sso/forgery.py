"""Tokens that no honest provider makes."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey
from tests.unit.sso.provider import KEYS, SECRET

from gatewright.oidc.jwt import SigningKey, generate_key

ATTACKER = generate_key("ES256")
Mend = Callable[[str], str]


def packed(value: Any) -> str:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    segment = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(segment + "=="))
    return found


def signed(header: dict[str, Any], payload: bytes, key: SigningKey = KEYS[0]) -> str:
    """A good signature under whatever header and payload."""
    registry = jws.JWSRegistry(algorithms=["ES256"], strict_check_header=False)
    private = ECKey.import_key(json.loads(key.private_jwk))
    signature = jws.serialize_compact({"alg": "ES256"}, b"x", private, registry=registry)
    assert signature
    signer = registry.algorithms["ES256"]
    text = f"{packed(header)}.{packed(payload)}"
    return f"{text}.{packed(signer.sign(text.encode(), private))}"


def honest(**more: Any) -> dict[str, Any]:
    return {"alg": "ES256", "kid": KEYS[0].kid, **more}


def other_payload(change: Callable[[str], str]) -> Mend:
    """The provider's own signature under a payload that was changed as text before."""
    return lambda token: signed(honest(), change(json.dumps(claims_of(token))).encode())


def by_the_attacker(**header: Any) -> Mend:
    """The same claims under a key of the attacker's that the header points to."""
    return lambda token: signed(
        {"alg": "ES256", "kid": ATTACKER.kid, **header}, json.dumps(claims_of(token)).encode(), ATTACKER
    )


def extended(token: str) -> str:
    """An extension that nobody may ignore (RFC 7515 4.1.11) and that we do not know."""
    return signed(honest(crit=["x-new"], **{"x-new": 1}), json.dumps(claims_of(token)).encode())


def unsigned(token: str) -> str:
    return f"{packed({'alg': 'none'})}.{token.split('.')[1]}."


def without_signature(token: str) -> str:
    return token.rpartition(".")[0] + "."


def none_in_capitals(token: str) -> str:
    return f"{packed({'alg': 'NoNe'})}.{token.split('.')[1]}.c2ln"


def forged(token: str) -> str:
    """Other claims under the old signature."""
    header, _, signature = token.split(".")
    return f"{header}.{packed({**claims_of(token), 'sub': 'somebody-else'})}.{signature}"


def shared_secret(secret: bytes) -> Mend:
    """HS256 with something that the attacker knows, or the provider's client does."""

    def mend(token: str) -> str:
        text = f"{packed({'alg': 'HS256', 'kid': KEYS[0].kid})}.{token.split('.')[1]}"
        return f"{text}.{packed(hmac.new(secret, text.encode(), hashlib.sha256).digest())}"

    return mend


PUBLIC_PEM = ECKey.import_key(KEYS[0].public_jwk).as_pem(private=False)
PUBLIC_JWK = json.dumps(KEYS[0].public_jwk).encode()
CLIENT_SECRET = SECRET.encode()
