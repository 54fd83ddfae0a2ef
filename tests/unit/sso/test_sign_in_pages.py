"""What a browser sees: the start page, the way back, sign-out and after, the local form."""

import base64

import pytest
from tests.passwords import quick_passwords
from tests.unit.sso.conftest import MakeStage
from tests.unit.sso.provider import FakeProvider
from tests.unit.sso.stage import BASE, ManualClock, Stage, generic, hidden, query_of, sign_in

from gatewright.accounts.users import create_local
from gatewright.domain.clock import HOUR, MINUTE
from gatewright.domain.identity import RoleReason
from gatewright.domain.people import Origin, User
from gatewright.idp.factors import totp
from gatewright.web.cookies import SESSION, SIGNED_OUT

pytestmark = pytest.mark.anyio
API = {"x-gatewright-request": "1", "origin": BASE}


@pytest.fixture
def with_page(make_stage: MakeStage, provider: FakeProvider) -> Stage:
    """An outside provider, and nobody is sent there without a click."""
    return make_stage(generic(provider.origin, AUTO_REDIRECT_UI_LOGIN_TO_SSO="false"))


async def test_an_outside_provider_has_a_page_with_its_button(with_page: Stage, provider: FakeProvider) -> None:
    browser = with_page.browser()
    page = await browser.get("/sso/key/generate?return_to=%2Fui%2Fkeys%3Fa%3D1")
    assert page.status_code == 200
    assert 'href="/sso/key/generate?go=1&amp;return_to=%2Fui%2Fkeys%3Fa%3D1"' in page.text
    assert 'href="/fallback/login"' in page.text
    assert "<script" not in page.text
    begun = await browser.get("/sso/key/generate?go=1&return_to=%2Fui%2Fkeys%3Fa%3D1")
    done = await browser.get(f"/sso/callback?{provider.authorize(begun.headers['location'])}")
    assert done.headers["location"] == "/ui/keys?a=1"


@pytest.mark.parametrize("path", ["/sso/key/generate", "/sso/login"])
async def test_with_auto_redirect_there_is_no_page(stage: Stage, path: str) -> None:
    assert (await stage.browser().get(path)).status_code == 303


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "/\\evil.example", "/%09/evil.example"])
async def test_no_sign_in_ends_at_another_host(stage: Stage, provider: FakeProvider, target: str) -> None:
    browser = stage.browser()
    begun = await browser.get("/sso/key/generate", params={"return_to": target})
    done = await browser.get(f"/sso/callback?{provider.authorize(begun.headers['location'])}")
    assert done.headers["location"] == "/ui/"


async def test_the_page_that_was_wanted_is_reached_by_litellms_parameter_too(
    stage: Stage, provider: FakeProvider
) -> None:
    for target, there in (("/ui/keys?a=1", "/ui/keys?a=1"), ("//evil.example", "/ui/")):
        browser = stage.browser()
        begun = await browser.get("/sso/key/generate", params={"redirect_to": target})
        done = await browser.get(f"/sso/callback?{provider.authorize(begun.headers['location'])}")
        assert done.headers["location"] == there


async def test_each_sign_in_opens_a_new_session_and_ends_the_old_one(stage: Stage, provider: FakeProvider) -> None:
    browser = stage.browser()
    browser.cookies.set(SESSION, "planted-by-an-attacker")
    await sign_in(stage, provider, browser)
    first = browser.cookies.get(SESSION, domain="localhost.local")
    await sign_in(stage, provider, browser)
    tokens = {cookie.value for cookie in browser.cookies.jar if cookie.name == SESSION}
    second = browser.cookies.get(SESSION, domain="localhost.local")
    assert "planted-by-an-attacker" not in (first, second)
    assert first != second
    assert second in tokens
    assert await stage.sessions.find(first) is None
    assert await stage.sessions.find(second) is not None


async def test_a_page_at_another_loopback_name_moves_to_the_one_that_has_the_cookies(stage: Stage) -> None:
    moved = await stage.browser(host="127.0.0.1:4000").get("/sso/key/generate?return_to=/ui/")
    assert (moved.status_code, moved.headers["location"]) == (307, f"{BASE}/sso/key/generate?return_to=/ui/")


async def test_a_failed_sign_in_offers_the_next_and_goes_nowhere_by_itself(stage: Stage) -> None:
    page = await stage.browser().get("/sso/callback?code=x&state=y")
    assert page.status_code == 400
    assert 'href="/sso/key/generate"' in page.text
    assert 'href="/fallback/login"' in page.text
    assert "refresh" not in page.headers
    assert page.headers["referrer-policy"] in ("no-referrer", "same-origin")


# Sign-out


async def test_sign_out_ends_the_session_and_asks_for_credentials_next_time(
    stage: Stage, provider: FakeProvider
) -> None:
    browser = stage.browser()
    await sign_in(stage, provider, browser)
    token = browser.cookies[SESSION]
    answer = await browser.post("/session/logout", headers=API)
    assert (answer.status_code, answer.json()["message"]) == (200, "Session revoked.")
    assert await stage.sessions.find(token) is None
    assert SESSION not in browser.cookies
    assert ("logout", "ok") in await stage.audit()
    # Again and again, until somebody did sign in.
    for _ in range(2):
        begun = await browser.get("/sso/key/generate")
        assert query_of(begun.headers["location"])["prompt"] == "login"
    await browser.get(f"/sso/callback?{provider.authorize(begun.headers['location'])}")
    assert SIGNED_OUT not in browser.cookies
    begun = await browser.get("/sso/key/generate")
    assert "prompt" not in query_of(begun.headers["location"])


async def test_a_failed_sign_in_leaves_the_mark(stage: Stage, provider: FakeProvider) -> None:
    browser = stage.browser()
    await sign_in(stage, provider, browser)
    await browser.post("/session/logout", headers=API)
    await sign_in(stage, provider, browser, code=None, error="access_denied")
    assert browser.cookies[SIGNED_OUT] == "1"


async def test_sign_out_goes_to_the_provider_with_a_hint(stage: Stage, provider: FakeProvider) -> None:
    browser = stage.browser()
    await sign_in(stage, provider, browser)
    target = (await browser.post("/session/logout", headers=API)).json()["redirect_to"]
    assert target.startswith(f"{provider.origin}/end-session?")
    asked = query_of(target)
    assert asked["post_logout_redirect_uri"] == "http://localhost:4000/signed-out"
    assert asked["client_id"] == "litellm"
    assert asked["id_token_hint"].count(".") == 2


async def test_proxy_logout_url_is_used_as_it_is(make_stage: MakeStage, provider: FakeProvider) -> None:
    url = "https://auth.example/application/o/litellm/end-session/"
    stage = make_stage(generic(provider.origin, PROXY_LOGOUT_URL=url))
    browser = stage.browser()
    await sign_in(stage, provider, browser)
    assert (await browser.post("/session/logout", headers=API)).json()["redirect_to"] == url


async def test_a_provider_that_publishes_nothing_keeps_nobody_signed_in(stage: Stage, provider: FakeProvider) -> None:
    provider.discovery_status = 404
    browser = stage.browser()
    await sign_in(stage, provider, browser)
    answer = await browser.post("/session/logout", headers=API)
    assert answer.json()["redirect_to"] == "/signed-out"
    page = await browser.get("/signed-out")
    assert page.status_code == 200
    assert "You are signed out" in page.text
    assert 'href="/sso/key/generate"' in page.text


async def test_another_site_cannot_sign_anybody_out(stage: Stage, provider: FakeProvider) -> None:
    browser = stage.browser()
    await sign_in(stage, provider, browser)
    for headers in ({}, {"origin": BASE}, {**API, "origin": "https://evil.example"}):
        assert (await browser.post("/session/logout", headers=headers)).status_code == 403
    assert (await browser.get("/session/logout")).status_code == 405
    assert await stage.sessions.find(browser.cookies[SESSION]) is not None


async def test_signing_out_twice_is_a_401(stage: Stage) -> None:
    assert (await stage.browser().post("/session/logout", headers=API)).status_code == 401


# Break-glass


async def local_user(stage: Stage, *, break_glass: bool) -> User:
    name = f"{'glass' if break_glass else 'plain'}@home.local"
    async with stage.db.write() as tx:
        return await create_local(
            tx,
            stage.db,
            email=name,
            password_hash=await quick_passwords().hash("correct horse"),
            role_reason=RoleReason(rule="break_glass"),
            break_glass=break_glass,
        )


async def test_the_break_glass_administrator_signs_in_without_a_provider(make_stage: MakeStage) -> None:
    stage = make_stage(generic("http://127.0.0.1:1"))
    user = await local_user(stage, break_glass=True)
    browser = stage.browser()
    form = hidden((await browser.get("/fallback/login")).text)
    done = await browser.post(
        "/fallback/login", data={**form, "username": " glass@home.local", "password": "correct horse"}
    )
    assert (done.status_code, done.headers["location"]) == (303, "/ui/")
    session = await stage.sessions.find(browser.cookies[SESSION])
    assert session is not None
    assert (session.user.id, session.row.amr, session.row.source) == (user.id, ["pwd"], "local")
    assert ("login.break_glass", "ok") in await stage.audit()
    assert (await browser.post("/session/logout", headers=API)).json()["redirect_to"] == "/signed-out"


async def test_the_break_glass_administrators_factor_is_asked_for_too(
    make_stage: MakeStage, clock: ManualClock
) -> None:
    stage = make_stage(generic("http://127.0.0.1:1"))
    user = await local_user(stage, break_glass=True)
    begun = await stage.factors.begin_app(user, "Phone")
    secret = base64.b32decode(begun.secret)
    codes = await stage.factors.confirm_app(user, begun.id, app_code(stage, secret), Origin())
    clock.now += MINUTE
    browser = stage.browser()
    form = hidden((await browser.get("/fallback/login")).text)
    typed = {**form, "username": "glass@home.local", "password": "correct horse"}
    for code in ("", "000000"):
        refused = await browser.post("/fallback/login", data={**typed, "code": code})
        assert (refused.status_code, SESSION in browser.cookies) == (401, False)
        assert "The name, the password or the code is wrong." in refused.text
    for code, amr in ((app_code(stage, secret), ["pwd", "otp", "mfa"]), (codes[0], ["pwd", "mfa"])):
        done = await browser.post("/fallback/login", data={**typed, "code": code})
        assert done.status_code == 303, done.text
        session = await stage.sessions.find(browser.cookies[SESSION])
        assert session is not None
        assert session.row.amr == amr


def app_code(stage: Stage, secret: bytes) -> str:
    return totp.code_at(secret, stage.db.clock() // 30_000)


@pytest.mark.parametrize(
    ("username", "password"),
    [
        ("glass@home.local", "battery staple"),
        ("plain@home.local", "correct horse"),
        ("nobody", "correct horse"),
        ("", ""),
    ],
)
async def test_everybody_else_gets_the_same_answer(with_page: Stage, username: str, password: str) -> None:
    for break_glass in (True, False):
        await local_user(with_page, break_glass=break_glass)
    browser = with_page.browser()
    form = hidden((await browser.get("/fallback/login")).text)
    refused = await browser.post("/fallback/login", data={**form, "username": username, "password": password})
    assert refused.status_code == 401
    assert "The name, the password or the code is wrong." in refused.text
    assert SESSION not in browser.cookies
    assert not password or password not in refused.text
    assert ("login.break_glass", "credentials_wrong") in await with_page.audit()


async def test_guessing_is_limited_by_account_whatever_name_is_typed(with_page: Stage, clock: ManualClock) -> None:
    await local_user(with_page, break_glass=True)
    browser = with_page.browser()
    form = hidden((await browser.get("/fallback/login")).text)
    names = ["glass@home.local", "GLASS@home.local"]
    statuses = []
    for turn in range(9):
        data = {**form, "username": names[turn % 2], "password": "wrong"}
        statuses.append((await browser.post("/fallback/login", data=data)).status_code)
    assert statuses == [401] * 8 + [429]
    data = {**form, "username": names[0], "password": "correct horse"}
    limited = await browser.post("/fallback/login", data=data)
    assert (limited.status_code, int(limited.headers["retry-after"]) > 0) == (429, True)
    assert ("login.break_glass", "too_many_attempts") in await with_page.audit()
    clock.now += 5 * MINUTE + HOUR
    assert (await browser.post("/fallback/login", data=data)).status_code == 303


async def test_the_local_form_needs_its_token(with_page: Stage) -> None:
    await local_user(with_page, break_glass=True)
    data = {"username": "glass@home.local", "password": "correct horse"}
    assert (await with_page.browser().post("/fallback/login", data=data)).status_code == 403
    victim, attacker = with_page.browser(), with_page.browser()
    await victim.get("/fallback/login")
    foreign = hidden((await attacker.get("/fallback/login")).text)
    assert (await victim.post("/fallback/login", data={**data, **foreign})).status_code == 403
