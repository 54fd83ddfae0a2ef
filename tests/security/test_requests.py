"""What an authorization request may hold, and what the pages make of it: attacks on both."""

import re
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.conformance.conftest import Form

from gatewright.outbound.client import Outbound

from .stage import (
    AUTHORIZE,
    CALLBACK,
    EXPLICIT,
    SIGN_IN,
    Client,
    Site,
    error,
    good,
    returned,
)

pytestmark = pytest.mark.anyio
HOSTILE = '"><script>alert(1)</script><x y="'
WORDS = [HOSTILE, "'-alert(1)-'", "</form>", "{{7*7}}", "javascript:1"]


class Found(HTMLParser):
    """Every element and attribute of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def no_script_of_theirs(page: httpx2.Response) -> None:
    """Nothing on the page runs but our own file, and the browser is told so."""
    for tag, attrs in Found(page.text).tags:
        assert not [name for name in attrs if name.startswith("on") or name == "style" or name == "srcdoc"], (
            tag,
            attrs,
        )
        assert tag != "script" or str(attrs.get("src")).startswith("/static/"), attrs
        assert tag not in ("object", "embed", "base", "x", "svg"), attrs
        assert not str(attrs.get("href") or "").lower().startswith(("javascript:", "data:")), attrs
    assert re.search(r"<script[^>]*>[^<]+</script>", page.text) is None
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert "base-uri 'none'" in policy


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.text(min_size=1, max_size=40) | st.sampled_from(WORDS))
async def test_05_what_a_request_says_is_text_on_the_form_post_page(site: Site, posting: Client, state: str) -> None:
    if "\x00" in state or any("\ud800" <= char <= "\udfff" for char in state):
        return
    query = posting.request(response_mode="form_post", prompt="none", state=state, nonce=HOSTILE)
    page = await site.at().get(AUTHORIZE, params=query)
    assert page.status_code == 200
    no_script_of_theirs(page)
    form = Form(page.text)
    assert form.action == CALLBACK
    # HTML turns one kind of line end into another; nothing else changes.
    sent = form.fields["state"].replace("\r\n", "\n").replace("\r", "\n")
    assert sent == state.replace("\r\n", "\n").replace("\r", "\n")
    assert f"form-action 'self' {urlsplit(CALLBACK).scheme}://rp.example;" in page.headers["content-security-policy"]


@pytest.fixture(scope="session")
async def posting(shared_site: Site) -> Client:
    return await shared_site.client()


async def test_05_hostile_words_are_text_on_every_page(site: Site) -> None:
    name = f"{site.name('x')}{HOSTILE}"
    [flow] = (await site.ok("GET", f"/api/v3/flows/instances/?slug={EXPLICIT}"))["results"]
    app = await site.client(authorization_flow=flow["pk"])
    await site.ok("PATCH", f"/api/v3/core/applications/{app.id}/", {"name": name})
    person = await site.person()
    await site.ok("PATCH", f"/api/v3/core/users/{person['pk']}/", {"name": HOSTILE})
    browser = site.browser()
    asked = app.request(state=HOSTILE, login_hint=HOSTILE)
    pages = [
        await browser.open(AUTHORIZE, **asked),
        await browser.open(SIGN_IN, next=HOSTILE, again=HOSTILE),
        await browser.open(AUTHORIZE, **{**asked, "redirect_uri": f"https://evil.example/{HOSTILE}"}),
        await browser.open(AUTHORIZE, **{**asked, "client_id": HOSTILE}),
        await browser.open(f"/{quote(HOSTILE)}"),
        await browser.open(f"/sso/callback?error={quote(HOSTILE)}&error_description={quote(HOSTILE)}&error_hint=x"),
    ]
    consent = await browser.submit(pages[0], name=person["username"], password="correct horse battery")
    pages += [consent, await browser.open(f"{app.issuer}end-session/", state=HOSTILE)]
    assert "decision" in consent.text
    for page in pages:
        no_script_of_theirs(page)


PARAMETERS = (
    *("client_id", "redirect_uri", "response_type", "scope", "state", "nonce", "prompt", "max_age", "login_hint"),
    *("code_challenge", "code_challenge_method", "response_mode", "id_token_hint", "resource"),
)


@pytest.mark.parametrize("name", PARAMETERS)
async def test_24_a_repeated_parameter_is_refused(site: Site, posting: Client, name: str) -> None:
    """By GET and by POST, whether the two differ or not; until client and address are sure, here."""
    query = urlencode(posting.request())
    for value in (posting.request().get(name, "x"), "https://evil.example/", ""):
        sent = f"{query}&{urlencode({name: value})}" + ("" if name in posting.request() else f"&{name}=")
        http = site.at()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        for page in (await http.get(f"{AUTHORIZE}?{sent}"), await http.post(AUTHORIZE, content=sent, headers=headers)):
            if name in ("client_id", "redirect_uri"):
                assert (page.status_code, "location" in page.headers) == (400, False)
            else:
                assert returned(page)["error"] == "invalid_request"
                assert "evil" not in page.headers["location"]


async def test_24_clients_endpoints_refuse_repeated_parameters_too(site: Site) -> None:
    app, person = await site.client(), await site.person()
    tokens = await app.tokens(site.browser(), person["username"], scope="openid offline_access")
    http = site.at(headers={"content-type": "application/x-www-form-urlencoded"})
    who = urlencode({"client_id": app.id, "client_secret": app.auth[1]})
    token = tokens["access_token"]
    refreshing = urlencode({"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]})
    for endpoint, form in {
        "token": f"{who}&grant_type=client_credentials&grant_type=client_credentials",
        "token/": f"{who}&{refreshing}&scope=a&scope=b",
        "introspect": f"{who}&token={token}&token={token}",
        "revoke": f"{who}&token={token}&token=x",
        "par": f"{who}&{urlencode(app.request())}&state=other",
        "device": f"{who}&scope=openid&scope=email",
        "userinfo": f"access_token={token}&access_token=x",
    }.items():
        answer = await http.post(f"/application/o/{endpoint}", content=form)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), endpoint
    # Nothing of it happened.
    assert (await app.userinfo(token)).status_code == 200
    good(await app.refresh(tokens["refresh_token"]))


@pytest.mark.parametrize("kind", ["token", "id_token", "id_token token", "code token", "code id_token", "none", "CODE"])
async def test_25_nothing_but_the_code_flow_is_there(site: Site, kind: str) -> None:
    app = await site.client()
    document = (await site.at().get(f"{app.issuer}.well-known/openid-configuration")).json()
    assert document["response_types_supported"] == ["code"]
    for mode in ("query", "fragment", "form_post"):
        page = await site.browser().open(AUTHORIZE, **app.request(response_type=kind, response_mode=mode))
        text = page.headers.get("location", "") + page.text
        assert "unsupported_response_type" in text
        assert "access_token" not in text


async def test_25_what_the_page_holds_is_not_believed(site: Site) -> None:
    """The request that travels with the page is examined anew, and the grant again when the code is used."""
    app, person, browser = await site.client(), await site.person(), site.browser()
    page = await browser.open(AUTHORIZE, **app.request())
    for changes in (
        {"response_type": "id_token token"},
        {"redirect_uri": "https://evil.example/"},
        {"client_id": "nobody"},
        {"scope": "admin"},
    ):
        pending = f"{AUTHORIZE}?{urlencode({**app.request(), **changes})}"
        answer = await browser.press(page, name=person["username"], password="correct horse battery", next=pending)
        location = answer.headers.get("location", "")
        assert "code=" not in location
        assert "evil" not in location
    code = await app.code(browser, person["username"])
    await app.change(grant_types=["client_credentials"])
    assert error(await app.exchange(code)) == "unauthorized_client"
    refused = returned(await browser.open(AUTHORIZE, **app.request()))
    assert refused["error"] == "unauthorized_client"


async def test_30_addresses_are_not_fetched_and_cookies_hold_nothing(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    for name in ("get", "post", "request", "send", "fetch"):
        if hasattr(Outbound, name):
            monkeypatch.setattr(Outbound, name, lambda *more, **_: asked.append(more))
    app, person, browser = await site.client(), await site.person(), site.browser()
    secret_state = "a-state-that-should-stay-where-it-is"
    for changes in (
        {"request_uri": "http://169.254.169.254/latest/"},
        {"request_uri": "https://evil.example/r"},
        {"request": "e30.e30."},
        {"registration": '{"jwks_uri": "https://evil.example/"}'},
    ):
        page = await browser.open(AUTHORIZE, **{**app.request(state=secret_state), **changes})
        assert "evil" not in page.headers.get("location", "")
    made = good(await app.post("par", app.request(state=secret_state, login_hint="somebody")))
    page = await browser.open(AUTHORIZE, client_id=app.id, request_uri=made["request_uri"])
    assert returned(await browser.submit(page, name=person["username"], password="correct horse battery"))["code"]
    # A reference that was used, and one for another client.
    other = await site.client()
    for client, uri in ((app, made["request_uri"]), (other, good(await app.post("par", app.request()))["request_uri"])):
        page = await browser.open(AUTHORIZE, client_id=client.id, request_uri=uri)
        assert "code=" not in page.headers.get("location", "")
    assert asked == []
    for cookie in browser.http.cookies.jar:
        value = str(cookie.value)
        assert re.fullmatch(r"[A-Za-z0-9_\-]{16,64}", value), cookie.name
        assert secret_state not in value
    document = (await site.at().get(f"{app.issuer}.well-known/openid-configuration")).json()
    assert "check_session_iframe" not in document
    assert document.get("request_uri_parameter_supported") is False
