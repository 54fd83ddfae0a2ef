"""Dynamic OP and RFC 7592, one test an intent, from outside; Authlib's own reading judges the answers."""

import secrets
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from authlib.oauth2.rfc7591 import ClientMetadataClaims as OAuthMetadata
from authlib.oidc.registration import ClientMetadataClaims as OpenIDMetadata
from joserfc import jwt
from joserfc.jwk import ECKey
from tests.servers import Gatewright

from .conftest import CALLBACK, SIGNED_OUT, Browser, Party, answer_of, verifier
from .listening import listening, verified

USUAL = {"redirect_uris": [CALLBACK], "client_name": "A client", "post_logout_redirect_uris": [SIGNED_OUT]}
ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
TOKENS = "/api/v1/idp/registration-tokens"


class Registrar:
    """Somebody whom an administrator gave an initial access token for the application `rp`."""

    def __init__(self, server: Gatewright, token: str) -> None:
        self.server, self.token = server, token
        self.http = server.client()
        self._made: list[Registered] = []
        document = self.http.get("/application/o/rp/.well-known/openid-configuration").json()
        self.document: dict[str, Any] = document

    def post(self, **changes: Any) -> httpx2.Response:
        bearer = {"authorization": f"Bearer {self.token}"}
        return self.http.post(self.document["registration_endpoint"], json={**USUAL, **changes}, headers=bearer)

    def client(self, **changes: Any) -> "Registered":
        answer = self.post(**changes)
        assert answer.status_code == 201, answer.text
        assert answer.headers["cache-control"] == "no-store"
        body: dict[str, Any] = answer.json()
        judged(body, self.document)
        return self.known(body)

    def known(self, body: dict[str, Any]) -> "Registered":
        """The client of that answer."""
        self._made.append(Registered(self.server, body))
        return self._made[-1]

    def close(self) -> None:
        self.http.close()
        for one in self._made:
            one.close()


class Registered(Party):
    """A client that registered itself, and believes what it was told."""

    def __init__(self, server: Gatewright, told: dict[str, Any]) -> None:
        super().__init__(server, told["client_id"], slug="rp", secret=told.get("client_secret", ""))
        self.told = told

    def own(self, method: str, body: Any = None, token: str | None = None) -> httpx2.Response:
        """The client at its own address (RFC 7592 2)."""
        bearer = {"authorization": f"Bearer {token or self.told['registration_access_token']}"}
        options = {} if body is None else {"json": body}
        return self.http.request(method, self.told["registration_client_uri"], headers=bearer, **options)


def judged(body: dict[str, Any], document: dict[str, Any]) -> None:
    """The registered metadata, by Authlib's rules and by what the discovery document says that there is."""
    for reading in (OAuthMetadata, OpenIDMetadata):
        claims = reading(dict(body), {}, reading.get_claims_options(document), document)
        claims.validate()
    assert body["client_id"]
    assert abs(body["client_id_issued_at"] - time.time()) < 600
    assert ("client_secret" in body) == (body.get("client_secret_expires_at") == 0)
    assert body["registration_client_uri"].startswith(document["registration_endpoint"].split("/application/")[0])


@pytest.fixture(scope="module")
def registrar(server: Gatewright) -> Iterator[Registrar]:
    with server.admin() as http:
        made = http.post(TOKENS, json={"name": "conformance", "application": "rp", "uses": 100, "expires_in": "1h"})
        assert made.status_code == 201, made.text
    registrar = Registrar(server, made.json()["token"])
    yield registrar
    registrar.close()


def test_discovery_3_the_document_names_the_endpoint(registrar: Registrar, other: Party) -> None:
    assert registrar.document["registration_endpoint"] == f"{registrar.document['issuer']}register/"
    assert "registration_endpoint" not in other.document


def test_registration_3_1_only_with_the_initial_access_token(registrar: Registrar) -> None:
    for headers in ({}, {"authorization": "Bearer x"}, {"authorization": f"Basic {registrar.token}"}):
        answer = registrar.http.post(registrar.document["registration_endpoint"], json=USUAL, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"] == "invalid_token"
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_core_3_1_a_code_flow_with_a_secret(registrar: Registrar, browser: Browser, method: str) -> None:
    client = registrar.client(token_endpoint_auth_method=method)
    assert client.told["token_endpoint_auth_method"] == method
    answer = client.signed_in(browser, nonce="n-1", scope="openid email")
    assert answer["iss"] == registrar.document["issuer"]
    response = client.exchange(answer["code"], post=method == "client_secret_post")
    assert response.status_code == 200, response.text
    claims = client.claims(response.json(), nonce="n-1")
    assert client.userinfo(response.json()["access_token"])["sub"] == claims["sub"]


def test_core_9_a_code_flow_with_a_key(registrar: Registrar, browser: Browser) -> None:
    key = ECKey.generate_key("P-256", {"kid": "k-1"})
    jwks = {"keys": [key.as_dict(private=False)]}
    client = registrar.client(token_endpoint_auth_method="private_key_jwt", jwks=jwks)
    assert "client_secret" not in client.told
    now = int(time.time())
    assertion = jwt.encode(
        {"alg": "ES256", "kid": "k-1"},
        {
            "iss": client.client_id,
            "sub": client.client_id,
            "aud": client.document["token_endpoint"],
            "jti": secrets.token_urlsafe(12),
            "iat": now,
            "exp": now + 60,
        },
        key,
    )
    form = {
        "grant_type": "authorization_code",
        "code": client.signed_in(browser)["code"],
        "redirect_uri": CALLBACK,
        "client_assertion_type": ASSERTION,
        "client_assertion": assertion,
    }
    answer = client.http.post(client.document["token_endpoint"], data=form)
    assert answer.status_code == 200, answer.text
    assert client.claims(answer.json())["aud"] == client.client_id


def test_rfc7636_a_native_client_has_a_proof_key(registrar: Registrar, browser: Browser) -> None:
    uri = "http://127.0.0.1/cb"
    client = registrar.client(redirect_uris=[uri], token_endpoint_auth_method="none")
    assert "client_secret" not in client.told
    made, challenge = verifier()
    chosen = uri.replace("127.0.0.1", "127.0.0.1:49152")
    url = client.request(redirect_uri=chosen, code_challenge=challenge, code_challenge_method="S256")
    code = answer_of(browser.submit(browser.sign_in(browser.open(url))), chosen)["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": chosen, "code_verifier": made}
    answer = client.http.post(client.document["token_endpoint"], data={**form, "client_id": client.client_id})
    assert answer.status_code == 200, answer.text


def test_registration_2_an_algorithm_of_its_own(registrar: Registrar, browser: Browser) -> None:
    answer = registrar.post(id_token_signed_response_alg="ES256")
    client = registrar.known(answer.json())
    assert client.claims(client.tokens(browser), algorithm="ES256")["aud"] == client.client_id
    for bad in ("none", "HS256"):
        assert registrar.post(id_token_signed_response_alg=bad).json()["error"] == "invalid_client_metadata"


def test_core_12_a_refresh_token_for_who_registered_for_it(registrar: Registrar, browser: Browser) -> None:
    client = registrar.client(grant_types=["authorization_code", "refresh_token"], scope="openid offline_access")
    assert set(client.told["scope"].split()) == {"openid", "offline_access"}
    body = client.tokens(browser, scope="openid offline_access")
    form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    answer = client.http.post(client.document["token_endpoint"], data=form, auth=(client.client_id, client.secret))
    assert answer.status_code == 200, answer.text
    without = registrar.client(scope="openid offline_access")
    code = answer_of(browser.submit(browser.open(without.request(scope="openid offline_access"))))["code"]
    assert "refresh_token" not in without.exchange(code).json()


def test_core_3_1_2_1_a_redirect_uri_with_a_query(registrar: Registrar, browser: Browser) -> None:
    uri = f"{CALLBACK}?foo=bar"
    client = registrar.client(redirect_uris=[uri])
    page = browser.sign_in(browser.open(client.request(redirect_uri=uri)))
    assert browser.submit(page).headers["location"].startswith(f"{uri}&")
    for other in (CALLBACK, f"{uri}&baz=1", f"{CALLBACK}?foo=baz"):
        refused = browser.open(client.request(redirect_uri=other))
        assert refused.status_code == 400
        assert "location" not in refused.headers


@pytest.mark.parametrize(
    "uris",
    [
        [f"{CALLBACK}#fragment"],
        ["http://rp.example/cb"],
        ["javascript:alert(1)"],
        ["https://user@rp.example/cb"],
        ["cursor:/cb"],
        [CALLBACK, ""],
        [],
        None,
        CALLBACK,
    ],
)
def test_registration_3_3_redirect_uris_that_are_refused(registrar: Registrar, uris: Any) -> None:
    answer = registrar.post(redirect_uris=uris)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_redirect_uri")
    assert registrar.post(redirect_uris=[f"{registrar.server.url}/sso/callback"]).status_code == 400


def test_registration_2_what_only_decorates_is_ignored(registrar: Registrar) -> None:
    client = registrar.client(
        logo_uri="https://rp.example/logo.png",
        policy_uri="https://rp.example/policy",
        tos_uri="https://rp.example/tos",
        contacts=["ops@rp.example"],
        client_uri="https://rp.example/",
        x_unknown={"a": 1},
    )
    assert client.told["client_uri"] == "https://rp.example/"
    assert not {"logo_uri", "policy_uri", "tos_uri", "contacts", "x_unknown"} & client.told.keys()


@pytest.mark.parametrize(
    "changes",
    [
        {"jwks_uri": "https://rp.example/jwks"},
        {"sector_identifier_uri": "https://rp.example/sector"},
        {"request_uris": ["https://rp.example/request"]},
        {"subject_type": "pairwise"},
        {"userinfo_signed_response_alg": "RS256"},
        {"id_token_encrypted_response_alg": "RSA-OAEP"},
        {"grant_types": ["implicit"], "response_types": ["id_token"]},
        {"response_types": ["code id_token"]},
        {"token_endpoint_auth_method": "client_secret_jwt"},
        {"scope": "openid admin"},
    ],
)
def test_registration_3_3_metadata_that_is_refused(registrar: Registrar, changes: dict[str, Any]) -> None:
    answer = registrar.post(**changes)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")
    assert answer.headers["cache-control"] == "no-store"


def test_rfc7591_3_1_1_a_software_statement_is_not_taken_for_proof(registrar: Registrar) -> None:
    answer = registrar.post(software_statement="eyJhbGciOiJub25lIn0.e30.")
    assert (answer.status_code, answer.json()["error"]) == (400, "unapproved_software_statement")


def test_rfc7592_2_1_a_client_reads_itself(registrar: Registrar) -> None:
    client = registrar.client()
    answer = client.own("GET")
    assert answer.status_code == 200
    judged(answer.json(), registrar.document)
    assert answer.json().items() <= client.told.items()
    assert client.own("GET", token="another").status_code == 401
    assert client.own("GET", token=registrar.token).status_code == 401


def test_rfc7592_2_2_a_client_replaces_itself(registrar: Registrar, browser: Browser) -> None:
    client, moved = registrar.client(), "https://rp.example/moved"
    document = {**USUAL, "client_id": client.client_id, "redirect_uris": [moved], "client_secret": client.secret}
    answer = client.own("PUT", document)
    assert answer.status_code == 200, answer.text
    judged(answer.json(), registrar.document)
    assert answer.json()["redirect_uris"] == [moved]
    assert browser.open(client.request()).status_code == 400
    assert browser.open(client.request(redirect_uri=moved)).status_code == 200
    assert client.own("PUT", {**document, "client_id": "rp"}).status_code == 400
    assert client.own("PUT", {"client_id": client.client_id}).json()["error"] == "invalid_redirect_uri"


def test_rfc7592_2_3_a_client_leaves(registrar: Registrar, browser: Browser) -> None:
    client = registrar.client()
    body = client.tokens(browser)
    answer = client.own("DELETE")
    assert (answer.status_code, answer.content) == (204, b"")
    bearer = {"authorization": f"Bearer {body['access_token']}"}
    assert client.http.get(client.document["userinfo_endpoint"], headers=bearer).status_code == 401
    assert browser.open(client.request()).status_code == 400
    assert client.own("GET").status_code == 401


def test_rp_initiated_2_a_logout_at_the_issuer(registrar: Registrar, browser: Browser) -> None:
    client = registrar.client()
    body = client.tokens(browser)
    query = urlencode({"id_token_hint": body["id_token"], "post_logout_redirect_uri": SIGNED_OUT, "state": "s"})
    done = browser.http.get(f"{client.document['end_session_endpoint']}?{query}")
    assert answer_of(done, SIGNED_OUT) == {"state": "s"}
    assert answer_of(browser.open(client.request(prompt="none")))["error"] == "login_required"


def test_backchannel_2_2_a_registered_client_hears_of_a_logout(registrar: Registrar, browser: Browser) -> None:
    with listening() as heard:
        client = registrar.client(
            backchannel_logout_uri=heard.address("here"), backchannel_logout_session_required=True
        )
        assert client.told["backchannel_logout_uri"] == heard.address("here")
        body = client.tokens(browser)
        browser.http.get(client.document["end_session_endpoint"], params={"id_token_hint": body["id_token"]})
        notice = heard.next()
    assert verified(client, notice._replace(client_id=client.client_id))["sid"] == client.claims(body)["sid"]
