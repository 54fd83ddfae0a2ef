"""Basic OP, Config OP and Form Post OP, one test an intent of the OpenID Foundation's plans, from outside.

Names say the section: core is OpenID Connect Core 1.0, rfc6749 is OAuth 2.0.
"""

import time
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from .conftest import CALLBACK, SECRET, Browser, Form, Party, answer_of, verifier


def error_page(response: httpx2.Response) -> None:
    """Shown here, sent nowhere."""
    assert 400 <= response.status_code < 500, response.status_code
    assert "location" not in response.headers
    assert "text/html" in response.headers["content-type"]


def test_core_3_1_3_3_code_flow(rp: Party, browser: Browser) -> None:
    answer = rp.signed_in(browser, state="s-1", nonce="n-1")
    assert (answer["state"], answer["iss"]) == ("s-1", rp.issuer)
    response = rp.exchange(answer["code"])
    assert response.headers["cache-control"] == "no-store"
    body = response.json()
    assert body["token_type"].lower() == "bearer"
    claims = rp.claims(body, nonce="n-1")
    assert claims["nonce"] == "n-1"
    assert len(claims["sub"]) <= 255
    assert claims["exp"] > claims["iat"] >= claims["auth_time"]
    assert claims["acr"]
    assert claims["amr"] == ["pwd"]
    assert rp.userinfo(body["access_token"])["sub"] == claims["sub"]


def test_core_3_1_2_6_response_type_missing(rp: Party, browser: Browser) -> None:
    answer = answer_of(browser.open(rp.request(response_type=None, state="s")))
    assert answer["error"] in ("invalid_request", "unsupported_response_type")
    assert answer["state"] == "s"


def test_core_5_3_1_userinfo_get_post_header_post_body(rp: Party, browser: Browser) -> None:
    body = rp.tokens(browser)
    url, token = rp.document["userinfo_endpoint"], body["access_token"]
    bearer = {"authorization": f"Bearer {token}"}
    answers = [
        rp.http.get(url, headers=bearer),
        rp.http.post(url, headers=bearer),
        rp.http.post(url, data={"access_token": token}),
    ]
    for answer in answers:
        assert answer.headers["content-type"].startswith("application/json")
        assert answer.json()["sub"] == rp.claims(body)["sub"]


def test_core_3_1_2_1_no_nonce_in_the_code_flow(rp: Party, browser: Browser) -> None:
    assert "nonce" not in rp.claims(rp.tokens(browser, nonce=None))


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        ("openid profile", {"name", "preferred_username", "nickname"}),
        ("openid email", {"email", "email_verified"}),
        ("openid profile email", {"name", "email"}),
        ("profile email openid", {"name", "email"}),
        ("openid address phone", set()),
    ],
)
def test_core_5_4_scopes_give_claims(rp: Party, browser: Browser, scope: str, expected: set[str]) -> None:
    info = rp.userinfo(rp.tokens(browser, scope=scope)["access_token"])
    assert expected <= info.keys()
    if "email" not in scope:
        assert "email" not in info
    if "profile" not in scope:
        assert "name" not in info
    assert set(rp.document["scopes_supported"]).isdisjoint({"address", "phone"})


@pytest.mark.parametrize(
    "extra",
    [
        {"display": "page"},
        {"display": "popup"},
        {"login_hint": "somebody@example.com"},
        {"ui_locales": "se sv-SE"},
        {"claims_locales": "se"},
        {"acr_values": "1 2"},
        {"extra": "foobar"},
        {"claims": '{"userinfo":{"name":{"essential":true}}}'},
    ],
)
def test_core_3_1_2_1_optional_parameters_are_accepted(rp: Party, browser: Browser, extra: dict[str, str]) -> None:
    page = browser.open(rp.request(**extra))
    assert 'type="password"' in page.text
    if "login_hint" in extra:
        assert "somebody@example.com" in page.text
    claims = rp.claims(rp.exchange(answer_of(browser.sign_in(page))["code"]).json())
    assert claims["acr"]
    if "claims" in extra:
        assert rp.document["claims_parameter_supported"] is False


def test_core_3_1_2_1_prompt_login(rp: Party, browser: Browser) -> None:
    first = rp.claims(rp.tokens(browser))
    deadline = time.monotonic() + 10
    while int(time.time()) <= first["auth_time"]:
        assert time.monotonic() < deadline
    again = rp.claims(rp.tokens(browser, prompt="login"))
    assert again["auth_time"] > first["auth_time"]
    assert again["sub"] == first["sub"]


def test_core_3_1_2_1_prompt_none_without_anybody(rp: Party, browser: Browser) -> None:
    answer = answer_of(browser.open(rp.request(prompt="none", state="s")))
    assert (answer["error"], answer["state"]) == ("login_required", "s")


def test_core_3_1_2_1_prompt_none_with_somebody(rp: Party, browser: Browser) -> None:
    first = rp.claims(rp.tokens(browser))
    silent = answer_of(browser.open(rp.request(prompt="none")))
    claims = rp.claims(rp.exchange(silent["code"]).json())
    assert (claims["sub"], claims["auth_time"]) == (first["sub"], first["auth_time"])
    cookies = [cookie for cookie in browser.http.cookies.jar if "idp_session" in cookie.name]
    assert [cookie.get_nonstandard_attr("SameSite") for cookie in cookies] == ["lax"]


def test_core_3_1_2_1_max_age(rp: Party, browser: Browser) -> None:
    first = rp.claims(rp.tokens(browser))
    long = answer_of(browser.open(rp.request(max_age="10000")))
    assert rp.claims(rp.exchange(long["code"]).json())["auth_time"] == first["auth_time"]
    assert 'type="password"' in browser.open(rp.request(max_age="0")).text
    renewed = rp.claims(rp.tokens(browser, max_age="0"))
    assert renewed["auth_time"] >= first["auth_time"]


def test_core_3_1_2_1_id_token_hint(rp: Party, browser: Browser, other: Party) -> None:
    body = rp.tokens(browser)
    silent = answer_of(browser.open(rp.request(prompt="none", id_token_hint=body["id_token"])))
    assert rp.claims(rp.exchange(silent["code"]).json())["sub"] == rp.claims(body)["sub"]
    foreign = answer_of(browser.open(other.request(prompt="none", id_token_hint=body["id_token"])))
    assert foreign["error"] == "invalid_request"


def test_rfc6749_4_1_2_a_code_is_good_once(rp: Party, browser: Browser) -> None:
    code = rp.signed_in(browser)["code"]
    token = rp.exchange(code).json()["access_token"]
    assert rp.userinfo(token)
    again = rp.exchange(code)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")
    over = rp.http.get(rp.document["userinfo_endpoint"], headers={"authorization": f"Bearer {token}"})
    assert over.status_code == 401


def test_rfc6749_4_1_3_a_code_is_bound_to_client_and_address(rp: Party, other: Party, browser: Browser) -> None:
    assert other.exchange(rp.signed_in(browser)["code"]).json()["error"] == "invalid_grant"
    code = answer_of(browser.open(rp.request()))["code"]
    assert rp.exchange(code, redirect_uri=f"{CALLBACK}/").json()["error"] == "invalid_grant"


@pytest.mark.parametrize("uri", [f"{CALLBACK}/", f"{CALLBACK}?x=1", "https://evil.example/cb", "", None])
def test_core_3_1_2_1_an_unregistered_redirect_uri_is_an_error_page(
    rp: Party, browser: Browser, uri: str | None
) -> None:
    error_page(browser.open(rp.request(redirect_uri=uri)))


def test_core_3_1_2_1_a_request_may_be_posted(rp: Party, browser: Browser) -> None:
    form = dict(httpx2.QueryParams(urlsplit(rp.request(state="s")).query).items())
    page = browser.open(rp.document["authorization_endpoint"], form=form)
    assert answer_of(browser.sign_in(page))["state"] == "s"


def test_rfc6749_2_3_1_both_ways_of_client_authentication(rp: Party, browser: Browser) -> None:
    assert rp.exchange(rp.signed_in(browser)["code"]).status_code == 200
    assert rp.exchange(answer_of(browser.open(rp.request()))["code"], post=True).status_code == 200
    wrong = rp.http.post(
        rp.document["token_endpoint"], data={"grant_type": "authorization_code", "code": "x"}, auth=("rp", SECRET + "x")
    )
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert wrong.headers["www-authenticate"].startswith("Basic")


@pytest.mark.parametrize("redirect_uri", [CALLBACK])
def test_core_6_request_objects_are_refused(rp: Party, browser: Browser, redirect_uri: str) -> None:
    unsigned = "eyJhbGciOiJub25lIn0.eyJyZWRpcmVjdF91cmkiOiJodHRwczovL2V2aWwuZXhhbXBsZS8ifQ."
    answer = answer_of(browser.open(rp.request(request=unsigned, redirect_uri=redirect_uri)))
    assert answer["error"] == "request_not_supported"
    by_reference = answer_of(browser.open(rp.request(request_uri="https://rp.example/request.jwt")))
    assert by_reference["error"] in ("request_uri_not_supported", "invalid_request", "invalid_request_uri")


def test_core_12_refresh(rp: Party, other: Party, browser: Browser) -> None:
    consent = browser.sign_in(browser.open(rp.request(scope="openid offline_access", prompt="consent")))
    assert "Allow rp to sign you in?" in consent.text
    body: dict[str, Any] = rp.exchange(answer_of(browser.submit(consent))["code"]).json()
    first = rp.claims(body)

    def refresh(party: Party, token: str) -> httpx2.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token}
        return party.http.post(party.document["token_endpoint"], data=form, auth=(party.client_id, SECRET))

    assert refresh(other, body["refresh_token"]).json()["error"] == "invalid_grant"
    fresh = refresh(rp, body["refresh_token"]).json()
    assert fresh["refresh_token"] != body["refresh_token"]
    claims = rp.claims(fresh)
    for name in ("iss", "sub", "aud", "auth_time"):
        assert claims[name] == first[name]
    reused = refresh(rp, body["refresh_token"])
    assert (reused.status_code, reused.json()["error"]) == (400, "invalid_grant")


def test_core_11_offline_access_asks_and_may_be_denied(other: Party, browser: Browser) -> None:
    silent = browser.sign_in(browser.open(other.request(scope="openid offline_access")))
    assert "Allow other to sign you in?" in silent.text
    denied = answer_of(browser.submit(silent, decision="deny"))
    assert denied["error"] == "access_denied"
    unasked = answer_of(browser.open(other.request(scope="openid offline_access", prompt="none")))
    assert unasked["error"] == "consent_required"


def test_core_3_1_2_1_select_account(rp: Party, browser: Browser) -> None:
    first = rp.claims(rp.tokens(browser))
    page = browser.open(rp.request(prompt="select_account"))
    assert "Continue as" in page.text
    claims = rp.claims(rp.exchange(answer_of(browser.submit(page))["code"]).json())
    assert (claims["sub"], claims["auth_time"]) == (first["sub"], first["auth_time"])


def test_rfc7636_pkce(rp: Party, browser: Browser) -> None:
    made, challenge = verifier()
    asked = {"code_challenge": challenge, "code_challenge_method": "S256"}
    assert rp.exchange(rp.signed_in(browser, **asked)["code"], code_verifier=made).status_code == 200
    missing = rp.exchange(answer_of(browser.open(rp.request(**asked)))["code"])
    wrong = rp.exchange(answer_of(browser.open(rp.request(**asked)))["code"], code_verifier=made[::-1])
    assert missing.json()["error"] == wrong.json()["error"] == "invalid_grant"
    plain = answer_of(browser.open(rp.request(code_challenge=made, code_challenge_method="plain")))
    assert plain["error"] == "invalid_request"


@pytest.mark.parametrize("kind", ["token", "id_token", "id_token token", "code id_token", "code token", "none"])
def test_core_3_no_implicit_and_no_hybrid_flow(rp: Party, browser: Browser, kind: str) -> None:
    answer = answer_of(browser.open(rp.request(response_type=kind)))
    assert answer["error"] == "unsupported_response_type"


def test_discovery_3_the_document(rp: Party, other: Party) -> None:
    found = rp.document
    assert found["issuer"] == rp.issuer != other.document["issuer"]
    mandatory = ("authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported")
    assert all(found[name] for name in mandatory)
    assert found["response_types_supported"] == ["code"]
    assert found["subject_types_supported"] == ["public"]
    assert "RS256" in found["id_token_signing_alg_values_supported"]
    assert {"openid", "email", "profile"} <= set(found["scopes_supported"])
    assert {"client_secret_basic", "client_secret_post"} <= set(found["token_endpoint_auth_methods_supported"])
    assert found["code_challenge_methods_supported"] == ["S256"]
    assert {"none", "login", "consent", "select_account"} == set(found["prompt_values_supported"])
    origin = urlsplit(rp.issuer)[:2]
    assert all(urlsplit(found[name])[:2] == origin for name in found if name.endswith(("_endpoint", "_uri")))


def test_discovery_4_2_the_keys(rp: Party) -> None:
    answer = rp.http.get(rp.document["jwks_uri"])
    keys = answer.json()["keys"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert len({key["kid"] for key in keys}) == len(keys) > 0
    assert any(key["kty"] == "RSA" and key["alg"] == "RS256" for key in keys)
    for key in keys:
        assert key["kty"] in ("RSA", "EC", "OKP")
        assert key["use"] == "sig"
        assert key.keys().isdisjoint({"d", "p", "q", "dp", "dq", "qi", "k", "oth"})


def test_form_post_2_a_code_by_form(rp: Party, browser: Browser) -> None:
    page = browser.sign_in(browser.open(rp.request(response_mode="form_post", state="s", nonce="n")))
    assert page.status_code == 200
    form = Form(page.text)
    assert (form.action, form.fields["state"], form.fields["iss"]) == (CALLBACK, "s", rp.issuer)
    assert page.headers["cache-control"] == "no-store"
    assert "form-action 'self' https://rp.example;" in page.headers["content-security-policy"]
    script = browser.http.get("/static/continue.js")
    assert (script.status_code, script.headers["content-type"].partition(";")[0]) == (200, "text/javascript")
    assert rp.claims(rp.exchange(form.fields["code"]).json(), nonce="n")["nonce"] == "n"


def test_form_post_2_an_error_by_form(rp: Party, browser: Browser) -> None:
    page = browser.open(rp.request(response_mode="form_post", prompt="none", state='"><script>'))
    form = Form(page.text)
    assert (form.fields["error"], form.fields["state"]) == ("login_required", '"><script>')


def test_multiple_response_types_2_1_fragment(rp: Party, browser: Browser) -> None:
    done = browser.sign_in(browser.open(rp.request(response_mode="fragment")))
    parts = urlsplit(done.headers["location"])
    assert (parts.query, "code=" in parts.fragment) == ("", True)


def test_rfc9700_4_10_a_denied_origin_reads_nothing(rp: Party) -> None:
    for origin, allowed in (("https://rp.example", True), ("https://evil.example", False)):
        answer = rp.http.get(rp.document["userinfo_endpoint"], headers={"origin": origin})
        assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
        assert "access-control-allow-credentials" not in answer.headers
