"""Several providers at once: what one of them, or whoever may add one, can do to the people of another."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from tests.unit.sso.provider import CLIENT, KEYS, SECRET, FakeProvider, Reply
from tests.unit.sso.stage import generic

from gatewright.oidc.jwt import sign
from gatewright.sso.logout_received import EVENT

from .stage import Site, opened

pytestmark = pytest.mark.anyio
PATH = "/api/v1/sign-in-providers"
BACK, FRONT = "/sso/backchannel-logout", "/sso/frontchannel-logout"


class Outside:
    """The site, the provider of its variables, and another one that an administrator may add."""

    def __init__(self, site: Site, first: FakeProvider, second: FakeProvider) -> None:
        self.site, self.first, self.second = site, first, second

    async def add(self, **members: Any) -> httpx2.Response:
        wanted = {"id": "acme", "issuer": self.second.issuer, "client_id": CLIENT, "client_secret": SECRET, **members}
        answer = await self.site.admin.post(PATH, json=wanted)
        await self.site.followed()
        return answer

    async def signed_in(self, provider: FakeProvider, source: str) -> httpx2.AsyncClient:
        """A browser that came back from that source with a session."""
        browser = self.site.browser().http
        answer = await self.came_back(browser, provider, source)
        assert answer.status_code == 303, answer.text
        return browser

    async def came_back(self, browser: httpx2.AsyncClient, provider: FakeProvider, source: str) -> httpx2.Response:
        begun = await browser.get(f"/sso/key/generate?go=1&provider={source}")
        assert begun.status_code == 303, begun.text
        path = "/sso/callback" if source in ("generic", "google") else f"/sso/callback/{source}"
        return await browser.get(f"{path}?{provider.authorize(begun.headers['location'])}")


@pytest.fixture
async def outside(tmp_path: Path) -> AsyncIterator[Outside]:
    first, second = FakeProvider(lambda: 0), FakeProvider(lambda: 0)
    async with await first.start(), await second.start():
        more = {**generic(first.origin), "GATEWRIGHT_ALLOWED_NETWORKS": "127.0.0.1/32"}
        async with opened(tmp_path, None, **more) as site:
            first.clock = second.clock = site.clock
            yield Outside(site, first, second)


@pytest.mark.parametrize("name", ["embedded", "local", "trusted-header", "jwt", "scim", "saml"])
async def test_nobody_adds_a_provider_under_the_name_of_another_kind_of_source(outside: Outside, name: str) -> None:
    """A provider called `embedded` would speak for the embedded one's people, administrators included."""
    answer = await outside.add(id=name)
    assert (answer.status_code, "is the name of another way" in answer.text) == (400, True), answer.text


async def test_two_sources_of_one_issuer_have_one_set_of_keys(outside: Outside) -> None:
    """Otherwise whoever types the second speaks for everybody who signs in through the first."""
    made = await outside.add(roles={"default_role": "proxy_admin", "is_configured": True})
    assert made.status_code == 201, made.text
    admin = await outside.signed_in(outside.second, "acme")
    evil = {
        "id": "evil",
        "issuer": outside.second.issuer,
        "authorization_endpoint": f"{outside.first.origin}/authorize",
        "token_endpoint": f"{outside.first.origin}/token",
        "userinfo_endpoint": f"{outside.first.origin}/userinfo",
        "jwks_uri": f"{outside.first.origin}/jwks",
    }
    assert (await outside.add(**evil)).status_code == 201
    outside.first.issuer, outside.first.key, outside.first.published = outside.second.issuer, KEYS[1], [KEYS[1]]
    outside.first.user = {"sub": "u-1", "preferred_username": "mallory"}
    browser = outside.site.browser().http
    back = await outside.came_back(browser, outside.first, "evil")
    assert (back.status_code, "issuer_foreign" in back.text) == (403, True), back.text
    assert (await browser.get("/api/v1/me")).status_code == 401
    # A trial says the same.
    begun = await admin.get("/sso/test?provider=evil")
    page = await admin.get(f"/sso/callback/evil?{outside.first.authorize(begun.headers['location'])}")
    assert (page.status_code, "issuer_foreign" in page.text) == (200, True), page.text


async def test_a_headers_value_does_not_follow_a_provider_that_is_moved(outside: Outside) -> None:
    made = await outside.add(headers={"x-api-key": "only-for-acme"})
    assert made.status_code == 201, made.text
    moved = {"issuer": outside.first.issuer, "client_secret": SECRET}
    answer = await outside.site.admin.patch(f"{PATH}/acme", json=moved)
    assert (answer.status_code, "headers were given for another" in answer.text) == (400, True), answer.text


async def test_a_stranger_makes_us_fetch_nothing(outside: Outside) -> None:
    """Where no issuer is configured a logout token's `iss` is anybody's word."""
    now = outside.site.clock() // 1000
    before = len(outside.first.requests)
    for n in ("1", "2", "\0", "\ud800", "x" * 5000):
        claims = {"iss": f"{outside.first.origin}/upload/{n}", "aud": CLIENT, "iat": now, "sub": "u-1", "jti": n}
        forged = sign({**claims, "events": {EVENT: {}}}, KEYS[1], typ="logout+jwt")
        answer = await outside.site.at().post(BACK, data={"logout_token": forged})
        assert answer.status_code == 400
    assert outside.first.requests[before:] == []
    # Whose people sign in here is heard.
    browser = await outside.signed_in(outside.first, "generic")
    good = {"iss": outside.first.issuer, "aud": CLIENT, "iat": now, "sub": "u-1", "jti": "x", "events": {EVENT: {}}}
    told = await outside.site.at().post(BACK, data={"logout_token": sign(good, KEYS[0], typ="logout+jwt")})
    assert told.status_code == 200, told.text
    assert (await browser.get("/api/v1/me")).status_code == 401


async def test_a_link_signs_nobody_out(outside: Outside) -> None:
    """The frame of a provider ends the browser's own session; a link or a picture of another site must not."""
    await outside.add()
    browser = await outside.signed_in(outside.second, "acme")
    asked = {"iss": outside.second.issuer}
    for dest in ("document", "image", "empty", "script"):
        await browser.get(FRONT, params=asked, headers={"sec-fetch-dest": dest, "sec-fetch-site": "cross-site"})
        assert (await browser.get("/api/v1/me")).status_code == 200, dest
    await browser.get(FRONT, params=asked, headers={"sec-fetch-dest": "iframe", "sec-fetch-site": "same-site"})
    assert (await browser.get("/api/v1/me")).status_code == 401


async def test_made_up_frames_do_not_flood_the_audit_log(outside: Outside) -> None:
    await outside.add()
    stranger = outside.site.at()
    for n in range(5):
        await stranger.get(FRONT, params={"iss": outside.second.issuer, "sid": f"made-up-{n}"})
    rows = await outside.site.ok("GET", "/api/v3/events/events/?page_size=100")
    assert "frontchannel" not in str(rows)


HOSTILE = json.dumps(
    {
        "sub": "u-1",
        "preferred_username": "a\0da\ud800",
        "name": "</pre><script>alert(1)</script>",
        "email": "ada\ud800@example.local",
        "litellm_role": ["proxy_admin\ud800", "\ud800", "<img src=x onerror=alert(1)>"],
        "groups": ["\0", "\udfff", "<b>"],
        "\ud800": {"nested\0": ["\ud800" * 3]},
        "client_secret": "hush-hush",
        "deep": {"refresh_token": "hush-hush", "list": [{"password": "hush-hush"}]},
    }
)


async def test_hostile_claims_break_neither_a_sign_in_nor_the_page_of_a_trial(outside: Outside) -> None:
    outside.first.replies["/userinfo"] = Reply(body=HOSTILE.encode())
    person = outside.site.browser().http
    back = await outside.came_back(person, outside.first, "generic")
    assert back.status_code == 303, back.text
    me = (await person.get("/api/v1/me")).json()
    assert (me["role"], me["email"]) == ("internal_user_viewer", None)
    # A trial is an administrator's, here one with a session of the other source.
    await outside.add(roles={"default_role": "proxy_admin", "is_configured": True})
    admin = await outside.signed_in(outside.second, "acme")
    begun = await admin.get("/sso/test?provider=generic")
    assert begun.status_code == 303, begun.text
    page = await admin.get(f"/sso/callback?{outside.first.authorize(begun.headers['location'])}")
    assert page.status_code == 200, page.text
    assert "Nobody was signed in" in page.text
    assert "hush-hush" not in page.text
    assert "<script" not in page.text
    assert "<img src=x" not in page.text
    # Somebody else sees nothing of it, and nothing is left to finish.
    for thief, status in ((person, 303), (admin, 303)):
        assert (await thief.get("/api/v1/me")).status_code == 200
        assert (await thief.get(f"/sso/callback?{begun.headers['location'].partition('?')[2]}")).status_code == status


async def test_a_trial_ends_in_the_browser_of_an_administrator_alone(outside: Outside) -> None:
    await outside.add(roles={"default_role": "proxy_admin", "is_configured": True})
    admin = await outside.signed_in(outside.second, "acme")
    outside.first.user = {"sub": "someone", "preferred_username": "someone", "email": "private@example.local"}
    outsider = await outside.signed_in(outside.first, "generic")
    for browser, status in ((outsider, 403), (outside.site.browser().http, 401)):
        assert (await browser.get("/sso/test?provider=generic")).status_code == status
    for browser in (outsider, outside.site.browser().http):
        begun = await admin.get("/sso/test?provider=generic")
        refused = await browser.get(f"/sso/callback?{outside.first.authorize(begun.headers['location'])}")
        assert (refused.status_code, "private@" in refused.text) == (400, False), refused.text
    # Who is no administrator any more when it ends sees nothing.
    begun = await admin.get("/sso/test?provider=generic")
    await outside.site.ok("POST", "/user/update", {"user_id": "ada", "user_role": "internal_user"})
    refused = await admin.get(f"/sso/callback?{outside.first.authorize(begun.headers['location'])}")
    assert (refused.status_code, "private@" in refused.text) == (403, False)


async def test_no_secret_is_in_a_log_or_a_message_of_a_sign_in_that_fails(
    outside: Outside, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    caplog.set_level("DEBUG", "gatewright")
    hidden = [SECRET, "access-token"]
    said = {"error": "invalid_grant", "error_description": f"secret {SECRET} of {CLIENT}"}
    replies = (
        ("/token", Reply(400, json.dumps(said).encode())),
        ("/token", Reply(500, f"Traceback {SECRET}".encode())),
        ("/token", Reply(200, b'{"access_token": 7}')),
        ("/userinfo", Reply(401, f"no access-token {SECRET}".encode())),
        ("/userinfo", Reply(200, b"<html>access-token")),
        ("/userinfo", Reply(302, b"", "location: https://evil.example/?access-token")),
    )
    pages = []
    for path, reply in replies:
        outside.first.replies = {path: reply}
        browser = outside.site.browser().http
        back = await outside.came_back(browser, outside.first, "generic")
        assert back.status_code >= 400
        verifiers = [fields.get("code_verifier", "") for _, _, _, fields in outside.first.seen("/token")]
        codes = [fields.get("code", "") for _, _, _, fields in outside.first.seen("/token")]
        hidden += [one for one in (*verifiers, *codes) if one]
        pages.append(back.text)
    outside.first.replies = {}
    events = str(await outside.site.ok("GET", "/api/v3/events/events/?page_size=100"))
    # The browser of this test is a client with a log of its own.
    ours = [f"{one.getMessage()}{one.exc_text}" for one in caplog.records if not one.name.startswith("httpx2")]
    for secret in hidden:
        assert not [text for text in (*pages, events, *ours) if secret in text], secret
