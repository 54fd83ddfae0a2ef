"""A real server, registered clients, and a browser and a relying party outside it; nothing here imports the product."""

import secrets
from collections.abc import Iterator, Mapping
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.jwk import KeySet
from tests.conftest import new_database
from tests.servers import Gatewright, gatewright

NAME, PASSWORD = "ada@example.local", "correct horse battery"
CALLBACK, SIGNED_OUT = "https://rp.example/cb", "https://rp.example/signed-out"
SECRET = "a-secret-of-thirty-two-letters!!"
SCOPES = ("openid", "email", "profile", "offline_access")
MANAGED = "goauthentik.io/providers/oauth2/scope-"


class Form(HTMLParser):
    """The first form of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str]]] = []
        self.feed(text)
        self.action, self.fields = self.forms[0]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.forms.append((unescape(found["action"] or ""), {}))
        elif tag in ("input", "button") and found.get("name") and self.forms:
            # Of several buttons of one name the first is pressed.
            self.forms[-1][1].setdefault(found["name"] or "", found.get("value") or "")


class Browser:
    """Keeps cookies, and follows redirects as long as they stay at the provider."""

    def __init__(self, server: Gatewright) -> None:
        self.url = server.url
        self.http = server.client(headers={"sec-fetch-site": "none", "sec-fetch-dest": "document"})

    def open(self, url: str, *, form: Mapping[str, str] | None = None) -> httpx2.Response:
        """The page, or the redirect that leaves the provider."""
        response = self.http.get(url) if form is None else self.http.post(url, data=dict(form))
        while response.is_redirect and self._is_ours(response.headers["location"]):
            response = self.http.get(response.headers["location"])
        return response

    def submit(self, page: httpx2.Response, **changes: str) -> httpx2.Response:
        """Presses the page's button."""
        form = Form(page.text)
        response = self.http.post(form.action, data={**form.fields, **changes}, headers={"origin": self.url})
        while response.is_redirect and self._is_ours(response.headers["location"]):
            response = self.http.get(response.headers["location"])
        return response

    def sign_in(self, page: httpx2.Response) -> httpx2.Response:
        assert 'type="password"' in page.text, page.text
        return self.submit(page, name=NAME, password=PASSWORD)

    def close(self) -> None:
        self.http.close()

    def _is_ours(self, location: str) -> bool:
        return location.startswith(("/", f"{self.url}/"))


class Party:
    """One registered client of the provider, as its documentation tells it to behave.

    `slug` is that of the application whose issuer it knows.
    """

    def __init__(self, server: Gatewright, client_id: str, *, slug: str | None = None, secret: str = SECRET) -> None:
        self.server, self.client_id, self.secret = server, client_id, secret
        self.http = server.client()
        self.issuer = f"{server.url}/application/o/{slug or client_id}/"
        self.document: dict[str, Any] = self.http.get(f"{self.issuer}.well-known/openid-configuration").json()

    def request(self, **changes: str | None) -> str:
        """The address of an authorization request; a change of None leaves the parameter out."""
        usual = {"scope": "openid", "state": secrets.token_urlsafe(8), "nonce": secrets.token_urlsafe(8)}
        given = {"response_type": "code", "redirect_uri": CALLBACK, **usual, **changes}
        members = {name: value for name, value in given.items() if value is not None}
        kind, redirect = members.pop("response_type", None), members.pop("redirect_uri", None)
        uri: str = prepare_grant_uri(
            self.document["authorization_endpoint"], self.client_id, kind, redirect_uri=redirect, **members
        )
        return uri if kind else uri.replace("response_type=None&", "")

    def signed_in(self, browser: Browser, **changes: str | None) -> dict[str, str]:
        """The members of the answer to a request that asks for a password, and for consent where that is asked."""
        page = browser.sign_in(browser.open(self.request(**changes)))
        return answer_of(page if page.status_code != 200 else browser.submit(page))

    def exchange(self, code: str, *, post: bool = False, **changes: str) -> httpx2.Response:
        """The token request, with client_secret_basic or client_secret_post."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **changes}
        if post:
            return self.http.post(
                self.document["token_endpoint"],
                data={**form, "client_id": self.client_id, "client_secret": self.secret},
            )
        return self.http.post(self.document["token_endpoint"], data=form, auth=(self.client_id, self.secret))

    def tokens(self, browser: Browser, **changes: str | None) -> dict[str, Any]:
        """A whole sign-in."""
        answer = self.exchange(self.signed_in(browser, **changes)["code"])
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body

    def keys(self) -> KeySet:
        """The published keys."""
        return KeySet.import_key_set(self.http.get(self.document["jwks_uri"]).json())

    def claims(self, body: Mapping[str, Any], nonce: str | None = None, algorithm: str = "RS256") -> dict[str, Any]:
        """The ID token's claims, checked by Authlib with the published keys."""
        keys = self.keys()
        decoded = jwt.decode(body["id_token"], keys, algorithms=[algorithm])
        assert decoded.header["kid"] in {key.kid for key in keys.keys}
        told = {
            "access_token": body["access_token"],
            "client_id": self.client_id,
            **({"nonce": nonce} if nonce else {}),
        }
        expected = {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self.client_id},
        }
        claims = CodeIDToken(decoded.claims, decoded.header, expected, told)
        claims.validate(leeway=5)
        return dict(claims)

    def userinfo(self, token: str) -> dict[str, Any]:
        answer = self.http.get(self.document["userinfo_endpoint"], headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def close(self) -> None:
        self.http.close()


def answer_of(response: httpx2.Response, target: str = CALLBACK) -> dict[str, str]:
    """The members that the redirect to the client carries."""
    assert response.status_code in (302, 303), response.text
    location = response.headers["location"]
    assert location.startswith(target), location
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def verifier() -> tuple[str, str]:
    """A PKCE verifier and its challenge."""
    made = generate_token(48)
    return made, create_s256_code_challenge(made)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatewright]:
    """One server a module and database, with one person and two clients registered through the REST API."""
    folder: Path = tmp_path_factory.mktemp("conformance")
    with (
        new_database(request, request.param) as url,
        gatewright(
            folder,
            # Two workers that answer one flow in turn are met once, on the database that replicas share.
            workers=1 if url is None else 2,
            DATABASE_URL=url,
            GATEWRIGHT_ADMIN_EMAIL=NAME,
            GATEWRIGHT_ADMIN_PASSWORD=PASSWORD,
            # With an outside database, clients on this very machine have to be allowed.
            GATEWRIGHT_ALLOWED_NETWORKS="127.0.0.1/32",
        ) as running,
    ):
        with running.admin() as http:
            for client_id in ("rp", "other"):
                register(http, client_id)
        yield running


def register(http: httpx2.Client, client_id: str, **more: Any) -> None:
    """A confidential client that lives at rp.example."""
    listed = http.get("/api/v3/propertymappings/provider/scope/", params={"page_size": 100}).json()["results"]
    mappings = [one["pk"] for one in listed if one["managed"] in {f"{MANAGED}{name}" for name in SCOPES}]
    provider = {
        "name": client_id,
        "client_id": client_id,
        "client_secret": SECRET,
        "client_type": "confidential",
        "property_mappings": mappings,
        "redirect_uris": [
            {"matching_mode": "strict", "url": CALLBACK},
            {"matching_mode": "strict", "url": SIGNED_OUT, "redirect_uri_type": "logout"},
        ],
        **more,
    }
    made = http.post("/api/v3/providers/oauth2/", json=provider)
    assert made.status_code == 201, made.text
    app = {"name": client_id, "slug": client_id, "provider": made.json()["pk"]}
    added = http.post("/api/v3/core/applications/", json=app)
    assert added.status_code == 201, added.text


@pytest.fixture
def browser(server: Gatewright) -> Iterator[Browser]:
    made = Browser(server)
    yield made
    made.close()


@pytest.fixture
def rp(server: Gatewright) -> Iterator[Party]:
    made = Party(server, "rp")
    yield made
    made.close()


@pytest.fixture
def other(server: Gatewright) -> Iterator[Party]:
    made = Party(server, "other")
    yield made
    made.close()
