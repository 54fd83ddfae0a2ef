"""Where a browser may be sent: attacks on redirect URIs, and on every other address that can be registered."""

import re
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from tests.conformance.conftest import Form

from .stage import (
    ADMIN,
    AUTHORIZE,
    BASE,
    CALLBACK,
    EXPLICIT,
    SIGN_IN,
    SIGNED_OUT,
    Client,
    Site,
    proof,
    returned,
)

pytestmark = pytest.mark.anyio
LOOPBACK, APP = "http://127.0.0.1:8080/cb", "com.example.app:/cb"
TRICKS = (
    "@evil.example/",
    "\\",
    "//",
    "..;/",
    "/../",
    "%2e%2e/",
    "#",
    "%00",
    "\t",
    "\n",
    ".evil.example",
    ":81",
    "?x",
    "*",
)
PROVIDERS = "/api/v3/providers/oauth2/"


BAD_PATTERNS = [
    r"https://rp.example.com/cb",
    r"https://.*\.example\.com/cb",
    r"https://.*/cb",
    r".*",
    r"https://rp\.example\.com.*",
    r"https?://rp\.example\.com/cb",
    r"https://[^/]*/cb",
    r"(https://rp\.example\.com|javascript:.*)",
    r"https://(a|b.c)\.example\.com/",
    r"https://rp\.example\.com(@evil\.example)?/",
    "(a+)+$",
]


@pytest.mark.parametrize("pattern", BAD_PATTERNS)
async def test_10_a_pattern_that_lets_others_in_is_refused(site: Site, pattern: str) -> None:
    entry = {"matching_mode": "regex", "url": pattern}
    answer = await site.admin.post(PROVIDERS, json={"name": site.name("p"), "redirect_uris": [entry]})
    assert answer.status_code == 400, pattern
    assert "redirect_uris" in answer.json()


async def test_10_strict_is_strict_and_the_first_address_is_not_learned(site: Site) -> None:
    browser = site.browser()
    empty = await site.client(redirect_uris=[])
    for uri in (CALLBACK, "https://evil.example/cb"):
        page = await browser.open(AUTHORIZE, **empty.request(redirect_uri=uri))
        assert (page.status_code, "location" in page.headers) == (400, False)
    kept = await site.ok("GET", f"{PROVIDERS}{empty.provider_pk}/")
    assert kept["redirect_uris"] == []
    # What looks like a pattern is none unless it is registered as one; one that is one ends where it says.
    dotted = await site.client(redirect_uris=[{"matching_mode": "strict", "url": "https://rp.example/c.?"}])
    pattern = {"matching_mode": "regex", "url": r"https://[a-z]+\.rp\.example/cb"}
    anchored = await site.client(redirect_uris=[pattern])
    for client, uri in (
        (dotted, "https://rp.example/cb"),
        (dotted, "https://rp.example/c.?x"),
        (anchored, "https://a.rp.example/cb/x"),
        (anchored, "https://a.rp.example/cb?https://b.rp.example/cb"),
        (anchored, "https://evil.example/?https://a.rp.example/cb"),
        (anchored, "https://a.rp.example.evil.example/cb"),
        (anchored, "https://a.rp.example/cb\n"),
        (anchored, "https://A.rp.example/cb"),
    ):
        page = await browser.open(AUTHORIZE, **client.request(redirect_uri=uri))
        assert (page.status_code, "location" in page.headers) == (400, False), uri
    assert "code" in returned(
        await browser.sign_in(ADMIN, **anchored.request(redirect_uri="https://a.rp.example/cb")),
        "https://a.rp.example/cb",
    )


DANGEROUS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:x",
    "file:///etc/passwd",
    "blob:https://rp.example/x",
    "app:/cb",
    "//rp.example/cb",
    "https://rp.example@evil.example/cb",
    "https://rp.example/cb#x",
    "https://rp.example/a/../cb",
    "https:/\\rp.example/cb",
]


@pytest.mark.parametrize("address", DANGEROUS)
async def test_18_a_dangerous_address_cannot_be_registered_anywhere(site: Site, address: str) -> None:
    for fields in (
        {"redirect_uris": [{"matching_mode": "strict", "url": address}]},
        {"redirect_uris": [{"matching_mode": "strict", "url": address, "redirect_uri_type": "logout"}]},
        {"redirect_uris": [{"matching_mode": "strict", "url": CALLBACK}, {"matching_mode": "strict", "url": address}]},
        {"logout_uri": address},
    ):
        answer = await site.admin.post(PROVIDERS, json={"name": site.name("p"), **fields})
        assert answer.status_code == 400, fields
    if address.startswith(("https://", "//")):
        return
    app = {"name": site.name("a"), "slug": site.name("a")}
    for field in ("meta_launch_url", "meta_icon"):
        answer = await site.admin.post("/api/v3/core/applications/", json={**app, field: address})
        assert answer.status_code == 400 or (field, address[:4]) == ("meta_icon", "data"), (field, answer.text)


def mutated() -> st.SearchStrategy[str]:
    """A registered address that somebody changed a little, or a lot."""
    start = st.sampled_from([CALLBACK, f"{CALLBACK}?a=1", LOOPBACK, APP])

    def inserted(uri: str) -> st.SearchStrategy[str]:
        places = st.integers(0, len(uri))
        tricks = st.sampled_from(TRICKS) | st.text(max_size=3)
        return st.builds(lambda at, trick: uri[:at] + trick + uri[at:], places, tricks)

    def replaced(uri: str) -> st.SearchStrategy[str]:
        chars = st.characters(min_codepoint=1, max_codepoint=0x2FF)
        return st.builds(lambda at, char: uri[:at] + char + uri[at + 1 :], st.integers(0, len(uri) - 1), chars)

    encoded = start.flatmap(
        lambda uri: st.integers(0, len(uri) - 1).map(lambda at: f"{uri[:at]}%{ord(uri[at]):02x}{uri[at + 1 :]}")
    )
    port = st.integers(0, 70000).map(lambda number: f"http://127.0.0.1:{number}/cb")
    return start.flatmap(inserted) | start.flatmap(replaced) | encoded | port | start.map(str.upper) | start


def allowed(uri: str, *, public: bool) -> bool:
    """The whole rule (RFC 9700 2.1, RFC 8252 7.3), written down a second time."""
    if uri in (CALLBACK, f"{CALLBACK}?a=1", LOOPBACK, APP):
        return True
    found = re.fullmatch(r"http://127\.0\.0\.1(:(\d*))?/cb", uri, re.ASCII)
    return public and found is not None and int(found[2] or 0) < 65536


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(uri=mutated(), public=st.booleans(), silent=st.booleans(), post=st.booleans())
@example(uri="https://rp.example/cb@evil.example/", public=False, silent=True, post=False)
@example(uri="https://rp.example\\@evil.example/cb", public=True, silent=True, post=True)
async def test_23_a_browser_is_sent_to_registered_addresses_alone(
    site: Site, pair: tuple[Client, Client], uri: str, public: bool, silent: bool, post: bool
) -> None:
    if any("\ud800" <= char <= "\udfff" for char in uri):
        return
    client = pair[public]
    more = {"prompt": "none"} if silent else {}
    query = {**client.request(**proof()[1], **more), "redirect_uri": uri}
    http = site.at()
    for query_mode in ({}, {"response_mode": "form_post"}):
        sent = {**query, **query_mode}
        page = await http.post(AUTHORIZE, data=sent) if post else await http.get(f"{AUTHORIZE}?{urlencode(sent)}")
        location, action = page.headers.get("location", "/"), ""
        if page.status_code == 200:
            action = Form(page.text).action
        if allowed(uri, public=public):
            assert page.status_code in (200, 303), page.text
        else:
            assert (page.status_code, location, action) == (400, "/", ""), uri
            assert uri[:200] not in page.headers.get("content-security-policy", "") or len(uri) < 2
        assert location.startswith(("/", uri))
        assert not location.startswith("//")
    await http.aclose()


@pytest.fixture(scope="session")
async def pair(shared_site: Site) -> tuple[Client, Client]:
    """A confidential and a public client with the same addresses."""
    uris = [{"matching_mode": "strict", "url": uri} for uri in (CALLBACK, f"{CALLBACK}?a=1", LOOPBACK, APP)]
    return (
        await shared_site.client(redirect_uris=uris),
        await shared_site.client(redirect_uris=uris, client_type="public"),
    )


async def test_20_addresses_are_compared_whole_and_identities_never_move(site: Site) -> None:
    app, person, browser = await site.client(), await site.person(), site.browser()
    tokens = await app.tokens(browser, person["username"])
    hint = tokens["id_token"]
    for uri in (f"{SIGNED_OUT}.evil.example", f"{SIGNED_OUT}/../x", f"{SIGNED_OUT}@evil.example", CALLBACK):
        page = await browser.open(f"{app.issuer}end-session/", id_token_hint=hint, post_logout_redirect_uri=uri)
        assert (page.status_code, "location" in page.headers) == (400, False), uri
    for changes in ({"uuid": "00000000-0000-4000-8000-000000000000"}, {"username": "another"}, {"uid": "x"}, {"pk": 1}):
        answer = await site.admin.patch(f"/api/v3/core/users/{person['pk']}/", json=changes)
        after = await site.ok("GET", f"/api/v3/core/users/{person['pk']}/")
        assert answer.status_code == 400 or after["uuid"] == person["uuid"], changes
        assert (after["uuid"], after["username"], after["uid"]) == (person["uuid"], person["username"], person["uid"])
    # A name is never somebody else's: not while they are there, and not afterwards.
    await site.ok("DELETE", f"/api/v3/core/users/{person['pk']}/")
    again = await site.admin.post("/api/v3/core/users/", json={"username": person["username"], "name": "Other"})
    assert again.status_code == 400
    # No other protocol gives anybody an identity here. SCIM takes people in, and links none to a name (test_scim).
    paths = {getattr(route, "path", "") for route in site.programs[0].router.routes}
    ours = ("/scim/v2/", "/sso/saml/")
    others = re.compile(r"saml|wsfed|ldap|scim|outpost|proxy", re.IGNORECASE)
    assert not [path for path in paths if others.search(path) and not path.startswith(ours)]


async def test_33_a_loopback_address_frees_its_port_and_nothing_else(site: Site) -> None:
    uris = [{"matching_mode": "strict", "url": uri} for uri in ("http://127.0.0.1/cb", "http://[::1]/cb")]
    public = await site.client(redirect_uris=uris, client_type="public")
    http = site.at()
    for uri, is_good in {
        "http://127.0.0.1:51234/cb": True,
        "http://[::1]:1/cb": True,
        "http://127.0.0.1:51234/CB": False,
        "HTTP://127.0.0.1:51234/cb": False,
        "http://localhost:51234/cb": False,
        "http://127.0.0.1.evil.example:1/cb": False,
        "http://127.0.0.1@evil.example/cb": False,
        "https://127.0.0.1:51234/cb": False,
        "http://127.1:51234/cb": False,
        "http://2130706433/cb": False,
        "http://127.0.0.2/cb": False,
    }.items():
        page = await http.get(AUTHORIZE, params={**public.request(**proof()[1]), "redirect_uri": uri})
        assert (page.status_code == 303) is is_good, uri


async def test_34_the_address_is_proven_before_anything_else(site: Site) -> None:
    """Whatever else the request asks for: silence, an error of its own, a page, a sign-out that came before."""
    app, person, browser = await site.client(), await site.person(), site.browser()
    assert "code" in returned(await browser.sign_in(person["username"], **app.request()))
    evil = "https://rp.example@evil.example/cb"
    for more in (
        {"prompt": "none"},
        {"prompt": "none login"},
        {"prompt": "login"},
        {"prompt": "consent"},
        {"prompt": "select_account"},
        {"response_mode": "form_post", "prompt": "none"},
        {"response_mode": "fragment", "response_type": "token"},
        {"scope": "nothing-known", "prompt": "none"},
        {"id_token_hint": "x", "prompt": "none"},
        {"max_age": "-1"},
    ):
        asked = {**app.request(), **more, "redirect_uri": evil}
        for visitor in (browser, site.browser()):
            for path in (AUTHORIZE, SIGN_IN, f"/if/flow/{EXPLICIT}/", "/if/flow/account-selection/"):
                query = asked if path == AUTHORIZE else {"next": f"{AUTHORIZE}?{urlencode(asked)}"}
                page = await visitor.http.get(path, params=query)
                assert page.status_code == 400, (path, more)
                assert "location" not in page.headers
                assert 'action="https://' not in page.text
                assert "evil.example" not in page.headers["content-security-policy"]


async def test_34_answers_carry_their_issuer(site: Site) -> None:
    """A client of several providers can tell whose answer it got (RFC 9207): of success and failure, in every mode."""
    app, person, browser = await site.client(), await site.person(), site.browser()
    assert returned(await browser.sign_in(person["username"], **app.request()))["iss"] == app.issuer
    assert returned(await browser.open(AUTHORIZE, **app.request(scope="unknown")))["iss"] == app.issuer
    fragment = await browser.open(AUTHORIZE, **app.request(response_mode="fragment"))
    assert parse_qs(urlsplit(fragment.headers["location"]).fragment)["iss"] == [app.issuer]
    page = await browser.open(AUTHORIZE, **app.request(response_mode="form_post"))
    assert Form(page.text).fields["iss"] == app.issuer
    assert BASE in app.issuer
