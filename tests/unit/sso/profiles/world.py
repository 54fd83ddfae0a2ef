"""The providers' servers, as they answered once: their addresses, shapes and quirks, with keys and people of ours.

`recorded/<name>.json` holds a provider's pages by address, the claims of its ID token and its token answer.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from gatewright.domain.addresses import AddressPolicy
from gatewright.oidc.jwt import generate_key, half_hash, public_jwks, sign
from gatewright.outbound.client import Answer, Outbound
from gatewright.outbound.errors import shown

RECORDED = Path(__file__).parent / "recorded"
KEY = generate_key("RS256")
CLIENT, SECRET = "gatewright-client", "a-secret-of-the-tests"


class World(Outbound):
    """Everything outside. `pages` answer GET by address, with or without the query; `asked`: (method, url, headers)."""

    def __init__(self, clock: Callable[[], int], name: str) -> None:
        super().__init__()
        self.clock = clock
        recorded = json.loads((RECORDED / f"{name}.json").read_text())
        self.pages: dict[str, Any] = recorded["pages"]
        self.links: dict[str, str] = recorded.get("links", {})
        self.statuses: dict[str, int] = {}
        self.claims: dict[str, Any] | None = recorded.get("id_token")
        self.access_claims: dict[str, Any] | None = recorded.get("access_token")
        self.answer: dict[str, Any] = recorded["token"]
        self.token_endpoint: str = recorded["token_endpoint"]
        self.jwks_uri: str | None = recorded.get("jwks_uri")
        self.back: dict[str, str] = recorded.get("back", {})
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        self.forms: list[dict[str, str]] = []
        self.nonce: str | None = None

    def authorize(self, url: str) -> str:
        """What the redirect back carries, once the person signed in at the authorization URL."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        self.nonce = asked["nonce"]
        return urlencode({"code": "a-code", "state": asked["state"], **self.back})

    def seen(self, url: str) -> list[dict[str, str]]:
        """The headers of the requests for an address, whatever their query."""
        return [headers for _, asked, headers in self.asked if asked.partition("?")[0] == url]

    async def call(
        self,
        method: str,
        url: str,
        policy: AddressPolicy,  # noqa: ARG002 - addresses are none of this test's business
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
    ) -> Answer:
        self.asked.append((method, url, dict(headers or {})))
        bare = url.partition("?")[0]
        if url == self.token_endpoint and method == "POST":
            self.forms.append({name: values[0] for name, values in parse_qs((content or b"").decode()).items()})
            return _answer(url, 200, self._tokens())
        if url == self.jwks_uri:
            # Entra's keys name no algorithm.
            return _answer(url, 200, {"keys": [_without(key, "alg") for key in public_jwks([KEY])["keys"]]})
        page = self.pages.get(url, self.pages.get(bare))
        status = self.statuses.get(bare, 404 if page is None else 200)
        more = {"link": self.links[url]} if url in self.links else {}
        return _answer(url, status, page if page is not None else {"error": "not found"}, more)

    def _tokens(self) -> dict[str, Any]:
        answer, now = dict(self.answer), self.clock() // 1000
        life = {"iat": now, "exp": now + 3600}
        if self.access_claims is not None:
            answer["access_token"] = sign({**self.access_claims, **life}, KEY)
        if self.claims is not None:
            hashed = {"at_hash": half_hash(answer["access_token"], "RS256")}
            claims = {**life, "aud": CLIENT, "nonce": self.nonce, **hashed, **self.claims}
            answer["id_token"] = sign(claims, KEY)
        return answer


def _answer(url: str, status: int, body: Any, headers: dict[str, str] | None = None) -> Answer:
    given = {"content-type": "application/json; charset=utf-8", **(headers or {})}
    return Answer(shown(url), status, given, json.dumps(body).encode())


def _without(mapping: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in mapping.items() if key != name}
