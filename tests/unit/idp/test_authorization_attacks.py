"""What the authorization endpoint and the sign-in page refuse, and where they say so."""

from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest

from gatewright.domain.clock import MINUTE
from gatewright.oidc import pkce
from gatewright.storage import oauth_providers, users

from .conftest import BASE, PASSWORD, Stand
from .test_sign_in_path import CALLBACK, SEED, returned, sign_in

pytestmark = pytest.mark.anyio
AUTHORIZE = "/application/o/authorize/"
SIGN_IN = "/if/flow/default-authentication-flow/"
CHALLENGE = pkce.challenge("v" * 43)


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in SEED.items() if key != name}


LOCAL: dict[str, str] = {
    "no client": urlencode(without("client_id")),
    "unknown client": urlencode({**SEED, "client_id": "nobody"}),
    "null in client": "client_id=litellm%00&response_type=code",
    "client twice": urlencode(SEED) + "&client_id=litellm",
    "no address": urlencode(without("redirect_uri")),
    "address twice": urlencode(SEED) + "&redirect_uri=https%3A%2F%2Fevil.example%2F",
    "too long": urlencode({**SEED, "state": "x" * 20_000}),
    "not UTF-8": "client_id=%ff",
    **{
        f"address {n}": urlencode({**SEED, "redirect_uri": uri})
        for n, uri in enumerate(
            [
                "https://evil.example/sso/callback",
                CALLBACK + "/",
                CALLBACK + "?x=1",
                CALLBACK + "#",
                CALLBACK + "/../callback",
                "http://localhost:4001/sso/callback",
                "http://LOCALHOST:4000/sso/callback",
                "http://localhost:4000@evil.example/sso/callback",
                "http://localhost:4000\\@evil.example/sso/callback",
                "//localhost:4000/sso/callback",
                "/sso/callback",
                "{base_url}/sso/callback",
                "javascript:alert(1)",
                BASE + "/signed-out",
            ]
        )
    },
}

SENT_BACK: dict[str, tuple[str, str]] = {
    "no response type": (urlencode(without("response_type")), "invalid_request"),
    "implicit": (urlencode({**SEED, "response_type": "id_token token"}), "unsupported_response_type"),
    "hybrid": (urlencode({**SEED, "response_type": "code id_token"}), "unsupported_response_type"),
    "unknown response mode": (urlencode({**SEED, "response_mode": "web_message"}), "invalid_request"),
    "response mode twice": (urlencode(SEED) + "&response_mode=fragment&response_mode=query", "invalid_request"),
    "request object": (urlencode({**SEED, "request": "a.b.c"}), "request_not_supported"),
    "request uri": (urlencode({**SEED, "request_uri": "http://169.254.169.254/"}), "request_uri_not_supported"),
    "scope twice": (urlencode(SEED) + "&scope=openid", "invalid_request"),
    "unknown scope alone": (urlencode({**SEED, "scope": "root"}), "invalid_scope"),
    "plain challenge": (
        urlencode({**SEED, "code_challenge": "v" * 43, "code_challenge_method": "plain"}),
        "invalid_request",
    ),
    "challenge without method": (urlencode({**SEED, "code_challenge": CHALLENGE}), "invalid_request"),
    "method without challenge": (urlencode({**SEED, "code_challenge_method": "S256"}), "invalid_request"),
    "short challenge": (urlencode({**SEED, "code_challenge": "x", "code_challenge_method": "S256"}), "invalid_request"),
    "none and login": (urlencode({**SEED, "prompt": "none login"}), "invalid_request"),
    "none and consent": (urlencode({**SEED, "prompt": "none consent"}), "invalid_request"),
    "none and select_account": (urlencode({**SEED, "prompt": "select_account none"}), "invalid_request"),
    "none": (urlencode({**SEED, "prompt": "none"}), "login_required"),
    "age": (urlencode({**SEED, "max_age": "-1"}), "invalid_request"),
    "age text": (urlencode({**SEED, "max_age": "²"}), "invalid_request"),
    "nonce": (urlencode({**SEED, "nonce": "n" * 513}), "invalid_request"),
}


@pytest.mark.parametrize("query", LOCAL.values(), ids=LOCAL.keys())
async def test_until_client_and_address_are_proven_nothing_is_redirected(stand: Stand, query: str) -> None:
    async with stand.browser() as browser:
        for path in (f"{AUTHORIZE}?{query}", f"{SIGN_IN}?next={quote(AUTHORIZE + '?' + query, safe='')}"):
            response = await browser.get(path)
            assert response.status_code == 400
            assert "location" not in response.headers
            assert "Reference" in response.text
            assert "<script" not in response.text


@pytest.mark.parametrize(("query", "error"), SENT_BACK.values(), ids=SENT_BACK.keys())
async def test_other_errors_go_to_the_client(stand: Stand, query: str, error: str) -> None:
    async with stand.browser() as browser:
        for path in (f"{AUTHORIZE}?{query}", f"{SIGN_IN}?next={quote(AUTHORIZE + '?' + query, safe='')}"):
            if error == "login_required" and path.startswith(SIGN_IN):
                continue
            result = returned(await browser.get(path))
            assert result["error"] == error
            assert result["error_description"]
            assert result["state"] == SEED["state"]
            assert result["iss"] == f"{BASE}/application/o/litellm/"
            assert "code" not in result
    assert (await stand.events("idp.authorize"))[0]["outcome"] != "ok"


async def test_what_the_page_shows_is_escaped(stand: Stand) -> None:
    evil = '"><script>alert(1)</script>'
    query = urlencode({**SEED, "login_hint": evil, "state": evil})
    async with stand.browser() as browser:
        asked = await browser.get(f"{AUTHORIZE}?{query}")
        page = await browser.get(asked.headers["location"])
    assert page.text.count("<script") == page.text.count('<script src="/static/passkey.js" defer></script>') == 1
    assert "&lt;script&gt;alert(1)" in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert f"form-action 'self' {BASE};" in policy
    assert page.headers["cache-control"] == "no-store"


async def test_the_forms_target_is_the_clients_origin_only(stand: Stand) -> None:
    async with stand.db.write() as tx:
        provider = await oauth_providers.find_id(tx, client_id="litellm")
        assert provider is not None
        await oauth_providers.change(tx, provider, redirect_uris=[{"url": "https://app.example:8443/cb"}])
    query = urlencode({**SEED, "redirect_uri": "https://app.example:8443/cb"})
    async with stand.browser() as browser:
        page = await browser.get((await browser.get(f"{AUTHORIZE}?{query}")).headers["location"])
    assert "form-action 'self' https://app.example:8443;" in page.headers["content-security-policy"]


@pytest.mark.parametrize(
    "pending",
    [
        "https://evil.example/",
        "//evil.example/application/o/authorize/?x",
        "/application/o/authorize/../../../evil?x",
        "/application/o/authorize/",
        "/ui",
        "\\\\evil.example",
        "javascript:alert(1)",
    ],
)
async def test_the_page_leads_nowhere_but_to_a_registered_client(stand: Stand, pending: str) -> None:
    async with stand.browser() as browser:
        page = await browser.get(SIGN_IN, params={"next": pending})
        assert page.status_code == 200
        form = {"csrf": _csrf(page.text), "next": pending, "name": "alice", "password": PASSWORD}
        done = await browser.post(SIGN_IN, data=form, headers={"origin": BASE})
    assert done.status_code == 303
    assert done.headers["location"] == "/"


async def test_a_sign_in_from_another_site_is_refused(stand: Stand) -> None:
    async with stand.browser() as browser, stand.browser() as other:
        page = await browser.get(SIGN_IN)
        form = {"csrf": _csrf(page.text), "name": "alice", "password": PASSWORD}
        foreign: list[dict[str, Any]] = [
            {"headers": {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}, "data": form},
            {"headers": {"sec-fetch-site": "cross-site"}, "data": form},
            {"headers": {"sec-fetch-site": "same-site"}, "data": form},
            {"data": {**form, "csrf": "x"}},
            {"data": {key: value for key, value in form.items() if key != "csrf"}},
        ]
        for request in foreign:
            refused = await browser.post(SIGN_IN, **request)
            assert refused.status_code == 403
            assert "gatewright_idp_session" not in refused.headers.get("set-cookie", "")
        # The token belongs to the browser that loaded the page.
        assert (await other.post(SIGN_IN, data=form)).status_code == 403


async def test_a_wrong_password_and_an_unknown_name_look_alike(stand: Stand) -> None:
    async with stand.db.write() as tx:
        await users.change(tx, stand.people["bob"].id, stand.clock(), is_active=False)
    texts = set()
    async with stand.browser() as browser:
        for name, password in (
            ("alice", "wrong"),
            ("nobody", "wrong"),
            ("bob", PASSWORD),
            ("alice\x00", PASSWORD + "x"),
        ):
            page = await browser.get(SIGN_IN)
            form = {"csrf": _csrf(page.text), "name": name, "password": password}
            answer = await browser.post(SIGN_IN, data=form)
            assert answer.status_code == 400
            assert "gatewright_idp_session" not in answer.headers.get("set-cookie", "")
            texts.add(answer.text.replace(name.replace("\x00", ""), "").replace("\x00", ""))
            assert PASSWORD not in answer.text
    assert len(texts) == 1
    assert [event["outcome"] for event in await stand.events("idp.login")] == [
        "password_wrong",
        "user_inactive",
        "user_unknown",
        "password_wrong",
    ]


async def test_guessing_is_limited_by_person_whatever_name_is_typed(stand: Stand) -> None:
    async with stand.browser() as browser:
        page = await browser.get(SIGN_IN)
        statuses = []
        for attempt in range(10):
            name = "alice" if attempt % 2 else "ALICE@example.com"
            form = {"csrf": _csrf(page.text), "name": name, "password": "wrong"}
            statuses.append((await browser.post(SIGN_IN, data=form)).status_code)
        assert statuses == [400] * 8 + [429] * 2
        form = {"csrf": _csrf(page.text), "name": "alice", "password": PASSWORD}
        limited = await browser.post(SIGN_IN, data=form)
        assert limited.status_code == 429
        assert int(limited.headers["retry-after"]) > 0
        stand.clock.now += 6 * MINUTE
        assert (await browser.post(SIGN_IN, data=form)).status_code == 303


async def test_a_sign_in_gives_a_new_session_and_ends_the_old_one(stand: Stand) -> None:
    async with stand.browser() as browser:
        browser.cookies.set("gatewright_idp_session", "chosen-by-the-attacker", domain="localhost.local")
        returned(await sign_in(browser, "alice"))
        first = _idp_cookie(browser.cookies)
        assert "chosen" not in first
        returned(await sign_in(browser, "bob", {**SEED, "prompt": "login"}))
        second = _idp_cookie(browser.cookies)
    assert first != second
    assert await stand.provider.login.session(first) is None
    found = await stand.provider.login.session(second)
    assert found is not None
    assert found.user.username == "bob"


@pytest.mark.parametrize(
    "extra", [{"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "0"}, {"max_age": "60"}]
)
async def test_a_fresh_sign_in_is_asked_for_and_asked_once(stand: Stand, extra: dict[str, str]) -> None:
    async with stand.browser() as browser:
        await sign_in(browser, "alice")
        stand.clock.now += 61_000
        assert "code" in returned(await browser.get(AUTHORIZE, params=SEED))
        assert "code" in returned(await sign_in(browser, "alice", {**SEED, **extra}))


async def test_a_stale_session_and_prompt_none_is_an_error(stand: Stand) -> None:
    async with stand.browser() as browser:
        await sign_in(browser, "alice")
        stand.clock.now += 61_000
        query = {**SEED, "prompt": "none", "max_age": "60"}
        assert returned(await browser.get(AUTHORIZE, params=query))["error"] == "login_required"


async def test_a_deactivated_person_is_not_let_on(stand: Stand) -> None:
    async with stand.browser() as browser:
        await sign_in(browser, "bob")
        async with stand.db.write() as tx:
            await users.change(tx, stand.people["bob"].id, stand.clock(), is_active=False)
        again = await browser.get(AUTHORIZE, params={**SEED, "prompt": "none"})
    assert returned(again)["error"] == "login_required"


async def test_a_public_client_needs_pkce(stand: Stand) -> None:
    async with stand.db.write() as tx:
        provider = await oauth_providers.find_id(tx, client_id="litellm")
        assert provider is not None
        await oauth_providers.change(tx, provider, client_type="public")
    async with stand.browser() as browser:
        assert returned(await browser.get(AUTHORIZE, params=SEED))["error"] == "invalid_request"
        good = {**SEED, "code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        location = (await browser.get(AUTHORIZE, params=good)).headers["location"]
    assert location.startswith(SIGN_IN)


async def test_a_form_may_carry_the_request(stand: Stand) -> None:
    async with stand.browser() as browser:
        asked = await browser.post(AUTHORIZE, data=SEED)
        assert asked.status_code == 303
        assert parse_qs(urlsplit(asked.headers["location"]).query)["next"][0].startswith(
            AUTHORIZE + "?client_id=litellm"
        )


def _csrf(text: str) -> str:
    return text.split('name="csrf" value="', 1)[1].split('"', 1)[0]


def _idp_cookie(cookies: Any) -> str:
    found = [cookie.value for cookie in cookies.jar if cookie.name == "gatewright_idp_session"]
    return str(next(value for value in found if "chosen" not in value))
