"""An OpenID provider on loopback that lies on demand, to see what the relying party believes."""

import asyncio
import base64
import contextlib
import json
import ssl
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlencode, urlsplit

from gatewright.oidc.jwt import SigningKey, generate_key, half_hash, public_jwks, sign, verify

KEYS = [generate_key("ES256"), generate_key("ES256")]
CLIENT, SECRET = "litellm", "s3cret:with/odd+characters"


class Reply(NamedTuple):
    """A raw answer. `says` is the content length that it claims; one that hangs answers when the other has left."""

    status: int = 200
    body: bytes = b"{}"
    headers: str = "content-type: application/json"
    says: int | None = None
    hangs: bool = False


class FakeProvider:
    """Answers at `origin`. Tests change the attributes; `requests` records (method, path, headers, fields).

    `replies` stand in for what a path would answer. `client_keys` are those of a client that signs assertions.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self.clock = clock
        self.origin = ""
        self.issuer = ""
        self.key: SigningKey = KEYS[0]
        self.published: list[SigningKey] = [KEYS[0]]
        self.user: dict[str, Any] = {"sub": "u-1", "preferred_username": "ada"}
        self.metadata_changes: dict[str, Any] = {}
        self.token_changes: dict[str, Any] = {}
        self.answer_changes: dict[str, Any] = {}
        self.profile_changes: dict[str, Any] = {}
        self.mend_token: Callable[[str], str] = lambda token: token
        self.discovery_status = 200
        self.token_status = 200
        self.client_auth = "basic"
        self.client_keys: dict[str, Any] = {}
        self.replies: dict[str, Reply] = {}
        self.requests: list[tuple[str, str, dict[str, str], dict[str, str]]] = []
        self.nonces: dict[str, str | None] = {}
        self.codes = 0

    async def start(self, tls: ssl.SSLContext | None = None) -> asyncio.Server:
        server = await asyncio.start_server(self._handle, "127.0.0.1", 0, ssl=tls)
        host = "http://127.0.0.1" if tls is None else "https://localhost"
        self.origin = f"{host}:{server.sockets[0].getsockname()[1]}"
        self.issuer = f"{self.origin}/o/app/"
        return server

    def authorize(self, url: str, **changes: str | None) -> str:
        """What the provider's redirect back carries, once the person signed in at the authorization URL."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.codes += 1
        code = f"code-{self.codes}"
        self.nonces[code] = asked.get("nonce")
        back: dict[str, str | None] = {"code": code, "state": asked["state"], **changes}
        return urlencode({name: value for name, value in back.items() if value is not None})

    def seen(self, path: str) -> list[tuple[str, str, dict[str, str], dict[str, str]]]:
        return [request for request in self.requests if request[1] == path]

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        method, path, _ = first.split(" ")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = (await reader.readexactly(int(headers.get("content-length", "0")))).decode()
        fields = {name: values[0] for name, values in parse_qs(body).items()}
        self.requests.append((method, path, headers, fields))
        status, answer = self._answer(path, headers, fields)
        reply = self.replies.get(path) or Reply(status, json.dumps(answer).encode())
        if reply.hangs:
            await reader.read()
        length = len(reply.body) if reply.says is None else reply.says
        head = f"HTTP/1.1 {reply.status} X\r\n{reply.headers}\r\ncontent-length: {length}\r\n\r\n"
        writer.write(head.encode() + reply.body)
        with contextlib.suppress(ConnectionError):
            await writer.drain()
        writer.close()

    def _answer(self, path: str, headers: dict[str, str], fields: dict[str, str]) -> tuple[int, Any]:
        if path == "/o/app/.well-known/openid-configuration":
            return self.discovery_status, {**self._metadata(), **self.metadata_changes}
        if path == "/jwks":
            return 200, public_jwks(self.published)
        if path == "/token":
            if not self._knows(headers, fields):
                return 401, {"error": "invalid_client"}
            if fields["code"] not in self.nonces:
                return 400, {"error": "invalid_grant", "error_description": "the code was used"}
            return self.token_status, self._tokens(fields["code"])
        if path == "/userinfo":
            if headers.get("authorization") != "Bearer access-token":
                return 401, {"error": "invalid_token"}
            return 200, {**self.user, **self.profile_changes}
        return 404, {}

    def _knows(self, headers: dict[str, str], fields: dict[str, str]) -> bool:
        """Whether the client authenticated in the one way that is registered for it, and in no other."""
        expected = base64.b64encode(b"litellm:s3cret%3Awith%2Fodd%2Bcharacters").decode()
        if self.client_auth == "private_key_jwt":
            claims = verify(fields.get("client_assertion", ""), self.client_keys, kind="assertion")
            soon = self.clock() // 1000 < claims["exp"] <= self.clock() // 1000 + 300
            mine = claims["iss"] == claims["sub"] == CLIENT and claims["aud"] in (self.issuer, f"{self.origin}/token")
            return soon and mine and bool(claims["jti"]) and "authorization" not in headers
        found = {
            "basic": headers.get("authorization") == f"Basic {expected}" and "client_secret" not in fields,
            "post": fields.get("client_secret") == SECRET and "authorization" not in headers,
            "none": "client_secret" not in fields and "authorization" not in headers,
        }
        return found[self.client_auth] and fields["client_id"] == CLIENT

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.origin}/authorize",
            "token_endpoint": f"{self.origin}/token",
            "userinfo_endpoint": f"{self.origin}/userinfo",
            "jwks_uri": f"{self.origin}/jwks",
            "end_session_endpoint": f"{self.origin}/end-session",
            "id_token_signing_alg_values_supported": ["ES256"],
        }

    def _tokens(self, code: str) -> dict[str, Any]:
        now = self.clock() // 1000
        claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": self.user["sub"],
            "aud": CLIENT,
            "iat": now,
            "exp": now + 300,
            "nonce": self.nonces.pop(code, None),
            "at_hash": half_hash("access-token", self.key.algorithm),
            "only_in_id_token": "yes",
            **self.token_changes,
        }
        token = self.mend_token(sign(claims, self.key))
        answer = {"access_token": "access-token", "token_type": "Bearer", "id_token": token, **self.answer_changes}
        return {name: value for name, value in answer.items() if value is not None}
