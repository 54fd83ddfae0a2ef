"""Sign-ins that do not hold end on a page that says what was seen, not in a circle of redirects."""

import httpx2
import pytest
from tests.unit.sso.provider import FakeProvider
from tests.unit.sso.stage import Stage, sign_in

pytestmark = pytest.mark.anyio

SESSION = "gatewright_session"


async def rounds(stage: Stage, provider: FakeProvider, session: str | None) -> tuple[int, httpx2.Response]:
    """What a browser sees that loses its session each time, or comes back with another: sign-ins, and the last page."""
    browser = stage.browser()
    for done in range(20):
        begun = await browser.get("/sso/key/generate")
        if begun.status_code != 303:
            return done, begun
        assert (await browser.get(f"/sso/callback?{provider.authorize(begun.headers['location'])}")).is_redirect
        browser.cookies.delete(SESSION)
        if session is not None:
            browser.cookies.set(SESSION, session, domain="localhost.local", path="/")
    raise AssertionError("it went round and round")


@pytest.mark.parametrize(
    ("session", "seen", "mend"),
    [
        (None, "came back without its session cookie", "Allow cookies"),
        ("one-of-another-gateway", "was unknown when the browser came back", "SERVER_ROOT_PATH"),
    ],
)
async def test_a_circle_is_left(
    stage: Stage, provider: FakeProvider, session: str | None, seen: str, mend: str
) -> None:
    done, page = await rounds(stage, provider, session)
    assert done == 3
    assert page.status_code == 403
    assert seen in page.text
    assert mend in page.text
    assert ("login.sso", "sign_in_loop") in await stage.audit()


async def test_the_page_lets_one_try_again(stage: Stage, provider: FakeProvider) -> None:
    browser = stage.browser()
    browser.cookies.set("gatewright_rounds", "3", domain="localhost.local", path="/")
    assert (await browser.get("/sso/key/generate")).status_code == 403
    assert (await sign_in(stage, provider, browser)).status_code == 303


async def test_people_who_sign_in_often_are_not_in_the_way(stage: Stage, provider: FakeProvider) -> None:
    browser = stage.browser()
    for _ in range(5):
        assert (await sign_in(stage, provider, browser)).status_code == 303
    browser.cookies.delete(SESSION)
    assert (await browser.get("/sso/key/generate")).status_code == 403
    for nonsense in ("-1", "x", "9" * 40, ""):
        other = stage.browser(cookie=f"gatewright_rounds={nonsense}")
        assert (await other.get("/sso/key/generate")).status_code == 303


async def test_a_browser_that_sends_no_cookie_at_all_reads_why(stage: Stage, provider: FakeProvider) -> None:
    begun = await stage.browser().get("/sso/key/generate")
    back = await stage.browser().get(f"/sso/callback?{provider.authorize(begun.headers['location'])}")
    assert "without the cookie that it was given" in back.text
    assert "plain http" in back.text
