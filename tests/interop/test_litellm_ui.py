"""The pages of LiteLLM's own dashboard before a sign-in, run in Chromium against the gateway's routes."""

import mimetypes
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route, expect
from tests.browsers import chromium_path, launched
from tests.conftest import missing
from tests.interop.environments import python_client
from tests.servers import Gatewright, gatewright

pytestmark = pytest.mark.interop
NAME, PASSWORD = "chief", "a-password-that-nobody-guesses"
ASSETS = "/litellm-asset-prefix/"
ENDS = ("AUTHORIZATION", "TOKEN", "USERINFO")
OUTSIDE = {
    "GENERIC_CLIENT_ID": "litellm",
    "GENERIC_CLIENT_SECRET": "a-client-secret",
    **{f"GENERIC_{name}_ENDPOINT": f"http://127.0.0.1:9/{name}" for name in ENDS},
}
embedded = pytest.mark.parametrize("emergency", [{}], ids=["embedded"], indirect=True)
outside = pytest.mark.parametrize("emergency", [OUTSIDE], ids=["outside"], indirect=True)


@pytest.fixture(scope="module")
def pages() -> Path:
    """The dashboard that LiteLLM's package holds."""
    [found] = python_client("litellm").parent.glob("lib/*/site-packages/litellm/proxy/_experimental/out")
    return found


@pytest.fixture(scope="module")
def emergency(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatewright]:
    """With the embedded provider and beside one that is down."""
    folder = tmp_path_factory.mktemp("litellm-ui")
    with gatewright(folder, **request.param, UI_USERNAME=NAME, UI_PASSWORD=PASSWORD) as server:
        yield server


@pytest.fixture
def page(pages: Path, emergency: Gatewright) -> Iterator[Page]:
    """A page where LiteLLM's `login` and `onboarding` stand in the place of ours; everything else is the gateway."""
    if chromium_path() is None:
        missing("Chromium")
    with launched() as browser:
        yield prepared(browser, pages, emergency)


def standing_in(html: str) -> Callable[[Route], None]:
    return lambda route: route.fulfill(body=html, content_type="text/html")


def prepared(browser: Browser, pages: Path, server: Gatewright) -> Page:
    page = browser.new_context().new_page()

    def asset(route: Route) -> None:
        name = route.request.url.split(ASSETS, 1)[1].partition("?")[0]
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        route.fulfill(body=(pages / name).read_bytes(), content_type=kind)

    page.route(f"{server.url}{ASSETS}**", asset)
    for name in ("login", "onboarding"):
        page.route(f"{server.url}/ui/{name}*", standing_in((pages / name / "index.html").read_text()))
    return page


@outside
def test_its_sign_in_page_signs_the_emergency_administrator_in(page: Page, emergency: Gatewright) -> None:
    page.goto(f"{emergency.url}/ui/login")
    page.get_by_placeholder("username").fill(NAME)
    page.get_by_placeholder("password").fill("wrong")
    page.get_by_role("button", name="Login", exact=True).click()
    expect(page.get_by_text("Invalid credentials used to access UI").first).to_be_visible()
    page.get_by_placeholder("password").fill(PASSWORD)
    page.get_by_role("button", name="Login", exact=True).click()
    # Our dashboard, in our session; nothing that a script could read was left behind.
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    assert "token" not in str(page.evaluate("document.cookie"))


@embedded
def test_its_sign_in_page_goes_to_the_provider_when_it_is_told_to(page: Page, emergency: Gatewright) -> None:
    page.goto(f"{emergency.url}/ui/login")
    page.wait_for_url("**/if/flow/default-authentication-flow/**")


@embedded
def test_its_onboarding_page_sets_the_password_of_an_invitation(page: Page, emergency: Gatewright) -> None:
    with emergency.admin() as admin:
        person = {"username": "bob", "name": "Bob", "email": "bob@example.com"}
        assert admin.post("/api/v3/core/users/", json=person).status_code == 201
        link = admin.post("/invitation/new", json={"user_id": "bob"}).json()["id"]
    page.goto(f"{emergency.url}/ui/onboarding?invitation_id={link}")
    expect(page.locator("input[value='bob@example.com']")).to_be_visible()
    page.locator("input[type=password]").first.fill(PASSWORD)
    page.locator("button[type=submit]").click()
    # It goes to the dashboard, where the person signs in: the claim opened no session.
    page.wait_for_url("**/if/flow/default-authentication-flow/**")
    page.locator("input[name=name]").fill("bob")
    page.locator("input[name=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
