"""Authlib and requests-oauthlib as clients of every grant, against a gateway with two workers."""

import importlib
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from tests.interop.conftest import NAME
from tests.interop.person import Form, Person
from tests.servers import Gatewright

from gatewright.oidc import jwt

pytestmark = [pytest.mark.interop]
SECRET = "an-application-secret-for-interop-1"
CALLBACK = "https://app.example/callback"
SCOPE = ["openid", "email", "offline_access"]
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
KEY = jwt.generate_key("ES256")
GRANTS = ["authorization_code", "refresh_token", "client_credentials", DEVICE]


@pytest.fixture(scope="module")
def clients(server: Gatewright) -> str:
    """Registers `desk` with a secret and `robot` with a public key, as automation does; the mount's address."""
    with server.admin() as admin:
        found = admin.get("/api/v3/propertymappings/provider/scope/").json()["results"]
        mappings = [one["pk"] for one in found if one["scope_name"] in SCOPE]
        for name, proof in (("desk", {"client_secret": SECRET}), ("robot", {"jwks": jwt.public_jwks([KEY])})):
            provider = {
                "name": name,
                "client_id": name,
                "client_type": "confidential",
                "redirect_uris": [{"matching_mode": "strict", "url": CALLBACK}],
                "grant_types": GRANTS,
                "sub_mode": "user_username",
                "property_mappings": mappings,
                **proof,
            }
            made = admin.post("/api/v3/providers/oauth2/", json=provider)
            assert made.status_code == 201, made.text
            application = {"name": name.title(), "slug": name, "provider": made.json()["pk"]}
            added = admin.post("/api/v3/core/applications/", json=application)
            assert added.status_code == 201, added.text
    return f"{server.url}/application/o"


@pytest.fixture(autouse=True)
def plain_http(monkeypatch: pytest.MonkeyPatch) -> None:
    """The servers of tests are on loopback without TLS."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    # The provider grants less than all that was asked for in one of the tests.
    monkeypatch.setenv("OAUTHLIB_RELAX_TOKEN_SCOPE", "1")


def returned(person: Person, url: str) -> str:
    """The address at the client that the person comes back to."""
    answer = person.sign_in(url, until=CALLBACK)
    if "location" not in answer.headers:
        # It asks, once, whether to allow it: `offline_access` is never granted unasked.
        page = Form(answer)
        assert page.action is not None, answer.text
        answer = person.http.post(page.action, data={**page.fields, "decision": "allow"})
    return str(answer.headers["location"])


@pytest.fixture
def oauthlib_session(clients: str) -> Iterator[Any]:
    """requests-oauthlib's session of `desk`."""
    session = importlib.import_module("requests_oauthlib").OAuth2Session("desk", redirect_uri=CALLBACK, scope=SCOPE)
    yield session
    session.close()


def test_requests_oauthlib_signs_in_and_refreshes(oauthlib_session: Any, clients: str, person: Person) -> None:
    session, errors = oauthlib_session, importlib.import_module("oauthlib.oauth2")
    url, _ = session.authorization_url(f"{clients}/authorize/", nonce="n-1")
    token = session.fetch_token(f"{clients}/token/", authorization_response=returned(person, url), client_secret=SECRET)
    assert session.get(f"{clients}/userinfo/").json()["email"] == NAME
    first = token["refresh_token"]
    proof = {"client_id": "desk", "client_secret": SECRET}
    fresh = session.refresh_token(f"{clients}/token/", refresh_token=first, **proof)
    assert fresh["refresh_token"] != first
    assert fresh["access_token"] != token["access_token"]
    assert session.get(f"{clients}/userinfo/").json()["sub"] == NAME
    with pytest.raises(errors.InvalidGrantError):
        session.refresh_token(f"{clients}/token/", refresh_token=first, **proof)
    # Whoever brought the old one may be a thief: the family is over.
    with pytest.raises(errors.InvalidGrantError):
        session.refresh_token(f"{clients}/token/", refresh_token=fresh["refresh_token"], **proof)


def test_requests_oauthlib_acts_for_itself(clients: str) -> None:
    backend = importlib.import_module("oauthlib.oauth2").BackendApplicationClient("desk", scope=["openid", "email"])
    with importlib.import_module("requests_oauthlib").OAuth2Session(
        client=backend, scope=["openid", "email"]
    ) as session:
        token = session.fetch_token(f"{clients}/token/", client_id="desk", client_secret=SECRET)
        assert "refresh_token" not in token
        assert session.get(f"{clients}/userinfo/").json()["sub"] == "ak-desk-client_credentials"


def test_oauthlibs_device(clients: str, person: Person) -> None:
    errors = importlib.import_module("oauthlib.oauth2")
    with httpx2.Client(timeout=30) as device:
        started = device.post(f"{clients}/device/", data={"scope": " ".join(SCOPE)}, auth=("desk", SECRET)).json()
        client = errors.DeviceClient("desk", scope=SCOPE)

        def poll() -> Any:
            body = client.prepare_request_body(started["device_code"])
            form = {"content-type": "application/x-www-form-urlencoded"}
            answer = device.post(f"{clients}/token/", content=body, headers=form, auth=("desk", SECRET))
            return client.parse_request_body_response(answer.text, scope=SCOPE)

        with pytest.raises(errors.rfc6749.errors.CustomOAuth2Error, match="authorization_pending"):
            poll()
        typed = person.submit(person.open(started["verification_uri"]), name=person.name, password=person.password)
        shown = person.submit(typed, user_code=started["user_code"])
        assert "Desk" in shown.text
        page = Form(shown)
        assert page.action is not None
        done = person.http.post(page.action, data={**page.fields, "answer": "approve"})
        assert "The device is connected" in done.text
        token = poll()
        assert token["refresh_token"]
        info = device.get(f"{clients}/userinfo/", headers={"authorization": f"Bearer {token['access_token']}"})
        assert info.json()["email"] == NAME


@pytest.fixture
def authlib_session(clients: str) -> Iterator[Any]:
    """Authlib's session of `desk`, with PKCE."""
    module = importlib.import_module("authlib.integrations.requests_client")
    session = module.OAuth2Session(
        "desk",
        SECRET,
        scope=" ".join(SCOPE),
        redirect_uri=CALLBACK,
        code_challenge_method="S256",
        token_endpoint=f"{clients}/token/",
    )
    yield session
    session.close()


def test_authlib_refreshes_introspects_and_revokes(authlib_session: Any, clients: str, person: Person) -> None:
    session, verifier = authlib_session, "v" * 64
    url, _ = session.create_authorization_url(f"{clients}/authorize/", code_verifier=verifier)
    session.fetch_token(authorization_response=returned(person, url), code_verifier=verifier)
    first = dict(session.token)
    session.refresh_token()
    assert session.token["refresh_token"] != first["refresh_token"]
    assert session.get(f"{clients}/userinfo/").json()["email"] == NAME
    said = session.introspect_token(f"{clients}/introspect/", token=session.token["access_token"]).json()
    assert (said["active"], said["client_id"], said["username"]) == (True, "desk", NAME)
    assert session.introspect_token(f"{clients}/introspect/", token=first["refresh_token"]).json() == {"active": False}
    gone = session.revoke_token(f"{clients}/revoke/", token=session.token["refresh_token"])
    assert gone.status_code == 200
    said = session.introspect_token(f"{clients}/introspect/", token=session.token["access_token"])
    assert said.json() == {"active": False}
    refusal = importlib.import_module("authlib.integrations.base_client").OAuthError
    with pytest.raises(refusal, match="invalid_grant"):
        session.refresh_token()


def test_authlib_proves_itself_with_its_key(clients: str) -> None:
    module = importlib.import_module("authlib.integrations.requests_client")
    proof = importlib.import_module("authlib.oauth2.rfc7523").PrivateKeyJWT
    endpoint = f"{clients}/token/"
    key = importlib.import_module("joserfc.jwk").ECKey.import_key(json.loads(KEY.private_jwk))
    with module.OAuth2Session(
        "robot", key, scope="openid email", token_endpoint_auth_method="private_key_jwt"
    ) as session:
        session.register_client_auth_method(proof(endpoint, alg="ES256"))
        token = session.fetch_token(endpoint, grant_type="client_credentials")
        assert token["scope"] == "openid email"
        # Each assertion is good once; the library signs a new one each time.
        session.fetch_token(endpoint, grant_type="client_credentials")
        assert session.get(f"{clients}/userinfo/").json()["sub"] == "ak-robot-client_credentials"


def test_a_pushed_request_in_a_browser(authlib_session: Any, clients: str, person: Person) -> None:
    session, verifier = authlib_session, "w" * 64
    url, state = session.create_authorization_url(f"{clients}/authorize/", code_verifier=verifier)
    asked = dict(httpx2.URL(url).params)
    with httpx2.Client(timeout=30) as http:
        pushed = http.post(f"{clients}/par/", data=asked, auth=("desk", SECRET))
    assert pushed.status_code == 201, pushed.text
    brought = httpx2.URL(f"{clients}/authorize/").copy_merge_params(
        {"client_id": "desk", "request_uri": pushed.json()["request_uri"]}
    )
    back = returned(person, str(brought))
    assert f"state={state}" in back
    token = session.fetch_token(authorization_response=back, code_verifier=verifier)
    assert set(token["scope"].split()) == set(SCOPE)
