"""An issuer of tokens on loopback, and a signer that owes our own code nothing: plain `cryptography`."""

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
ED = ed25519.Ed25519PrivateKey.generate()


def text_of(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _number(value: int) -> str:
    return text_of(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def algorithm_of(key: Private) -> str:
    if isinstance(key, rsa.RSAPrivateKey):
        return "RS256"
    return "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "EdDSA"


def public(key: Private, kid: str | None) -> dict[str, Any]:
    """The key's public JWK, as providers publish it."""
    named = {} if kid is None else {"kid": kid}
    if isinstance(key, rsa.RSAPrivateKey):
        numbers = key.public_key().public_numbers()
        return {"kty": "RSA", "use": "sig", "n": _number(numbers.n), "e": _number(numbers.e), **named}
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        x, y = (text_of(one.to_bytes(32, "big")) for one in (point.x, point.y))
        return {"kty": "EC", "crv": "P-256", "alg": "ES256", "x": x, "y": y, **named}
    return {"kty": "OKP", "crv": "Ed25519", "x": text_of(key.public_key().public_bytes_raw()), **named}


def signature(data: bytes, key: Private) -> bytes:
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    if isinstance(key, ec.EllipticCurvePrivateKey):
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return key.sign(data)


def token(payload: Mapping[str, Any] | str, key: Private = RSA, kid: Any = "k1", **header: Any) -> str:
    """A compact JWS; `payload` as text goes in as it is, `header` members that are None are left out."""
    head = {"alg": algorithm_of(key), "typ": "JWT", "kid": kid, **header}
    first = json.dumps({name: value for name, value in head.items() if value is not None})
    second = payload if isinstance(payload, str) else json.dumps(payload)
    data = f"{text_of(first.encode())}.{text_of(second.encode())}"
    return f"{data}.{text_of(signature(data.encode(), key))}"


ANSWER = {
    "id": "c-1",
    "object": "chat.completion",
    "created": 1,
    "model": "real",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hello"}}],
    "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
}


class Issuer:
    """Issuers `/a` and `/b` of one server, which is a model provider too, at `/v1`.

    `keys` are what each publishes; `down` answers 503 for them; `seen` are the paths that were asked for.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self.origin = ""
        self.keys: dict[str, list[dict[str, Any]]] = {
            "/a": [public(RSA, "k1"), public(EC, "k2"), public(ED, "k3")],
            "/b": [public(EC, "k1")],
        }
        self.down = False
        self.seen: list[str] = []
        self.metadata: dict[str, Any] = {}
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.origin = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def claims(self, of: str = "/a", **changes: Any) -> dict[str, Any]:
        """What a good token says; a change to None leaves the claim out."""
        now = self._clock() // 1000
        usual = {"iss": self.origin + of, "aud": "gateway", "sub": "s-1", "iat": now, "exp": now + 600}
        return {name: value for name, value in {**usual, **changes}.items() if value is not None}

    def token(self, of: str = "/a", *, key: Private = RSA, kid: str | None = "k1", **changes: Any) -> str:
        return token(self.claims(of, **changes), key, kid)

    def fetches(self, of: str = "/a") -> int:
        """How often its keys were asked for."""
        return self.seen.count(f"{of}/keys")

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        path = head.split(" ")[1]
        self.seen.append(path)
        if "content-length: " in head:
            await reader.readexactly(int(head.partition("content-length: ")[2].partition("\r")[0]))
        of, _, rest = path[1:].partition("/")
        # No more than GitHub's and Kubernetes' documents say: they offer no sign-in.
        document: dict[str, Any] = {"issuer": f"{self.origin}/{of}", "jwks_uri": f"{self.origin}/{of}/keys"}
        body: dict[str, Any] = {"keys": self.keys.get(f"/{of}", [])} if rest == "keys" else document | self.metadata
        raw = json.dumps(ANSWER if path == "/v1/chat/completions" else body).encode()
        status = 503 if self.down and path != "/v1/chat/completions" else 200
        head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {len(raw)}"
        writer.write(f"{head}\r\nconnection: close\r\n\r\n".encode() + raw)
        await writer.drain()
        writer.close()
