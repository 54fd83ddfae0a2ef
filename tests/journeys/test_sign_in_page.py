"""An administrator adds an independent provider on the dashboard and tries it; then somebody signs in with it."""

import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.browsers import Tab, sign_in
from tests.servers import Gatewright, free_port, gatewright

EMAIL, PASSWORD = "root@home.local", "correct horse battery"
SECRET = "a-secret-of-the-client"


@pytest.fixture
def outside() -> Iterator[str]:
    """oidc-provider-mock as a process of its own; its issuer."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    origin = f"http://localhost:{port}"
    deadline = time.monotonic() + 30
    while True:
        try:
            found = httpx2.get(f"{origin}/.well-known/openid-configuration").json()
            break
        except httpx2.TransportError:
            assert time.monotonic() < deadline, "the provider did not start"
            threading.Event().wait(0.05)
    yield found["issuer"]
    process.terminate()
    process.wait(30)


@pytest.fixture
def place(browser: Browser, tmp_path: Path) -> Iterator[tuple[Tab, Gatewright]]:
    """The first administrator, signed in."""
    with gatewright(tmp_path, workers=2, GATEWRIGHT_ALLOWED_NETWORKS="127.0.0.0/8") as server:
        tab = Tab(browser, "light", server.url)
        page = tab.page
        page.goto(server.setup_link)
        page.get_by_label("E-mail address").fill(EMAIL)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Create administrator").click()
        page.goto(f"{server.url}/ui/")
        sign_in(page, EMAIL, PASSWORD)
        expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
        yield tab, server
        tab.close()


def test_a_provider_from_its_form_to_the_first_sign_in(
    browser: Browser, place: tuple[Tab, Gatewright], outside: str
) -> None:
    tab, server = place
    assert httpx2.put(
        f"{outside.rstrip('/')}/users/ada-1",
        json={"preferred_username": "ada", "email": "ada@home.local", "groups": ["chiefs"]},
    ).is_success
    the_list(tab)
    the_form(tab, server, outside)
    the_check(tab)
    claims(tab)
    a_trial(tab, server)
    a_change(tab)
    sees_and_changes_nothing(browser, server)
    press(tab.page, "Enable")
    expect(tab.page.get_by_role("button", name="Disable", exact=True)).to_be_visible()
    somebody_signs_in(browser, server)
    on_a_phone(tab, server)
    removed(tab)


def the_list(tab: Tab) -> None:
    page = tab.page
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Sign-in", exact=True).click()
    own = page.get_by_role("row").filter(has_text="embedded")
    expect(own).to_contain_text("enabled")
    tab.look()
    own.get_by_role("link").click()
    expect(page.get_by_text("The gateway's own provider is what people sign in through")).to_be_visible()
    for name in ("Edit", "Delete", "Disable"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
    press(page, "Check")
    expect(page.get_by_role("list", name="Checks").get_by_role("listitem").first).to_be_visible()
    page.get_by_role("navigation", name="Up").get_by_role("link").click()


def the_form(tab: Tab, server: Gatewright, issuer: str) -> None:
    page = tab.page
    press(page, "Add a provider")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("button", name="Google")).to_be_focused()
    tab.look()
    press(dialog, "OpenID Connect")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    dialog.get_by_label("Name", exact=True).fill("Acme")
    dialog.get_by_label("ID", exact=True).fill("Acme")
    dialog.get_by_label("ID", exact=True).blur()
    expect(dialog.get_by_role("region", name="At OpenID Connect")).to_contain_text(f"{server.url}/sso/callback/acme")
    dialog.get_by_label("Client ID").fill("gatewright")
    press(dialog, "Create")
    # The server's answer stands at its field, and the focus goes there.
    expect(dialog.get_by_label("Issuer", exact=True)).to_be_focused()
    dialog.get_by_label("Issuer", exact=True).fill(issuer)
    dialog.get_by_label("Client secret").fill(SECRET)
    roles(dialog)
    dialog.get_by_text("More", exact=True).click()
    dialog.get_by_label("Clock skew").fill("9999")
    dialog.get_by_label("Verify the provider's certificate").uncheck()
    expect(dialog).to_contain_text("can sign in as anybody")
    dialog.get_by_label("Verify the provider's certificate").check()
    # What is wrong in a folded part unfolds it.
    dialog.get_by_text("More", exact=True).click()
    press(dialog, "Create")
    expect(dialog.get_by_label("Clock skew")).to_be_focused()
    tab.look()
    dialog.get_by_label("Clock skew").fill("60")
    press(dialog, "Create")
    expect(page.get_by_role("heading", level=1, name="Acme")).to_be_visible()
    expect(page.get_by_role("button", name="Enable", exact=True)).to_be_visible()
    assert SECRET not in page.content()
    tab.look()


def roles(dialog: Locator) -> None:
    dialog.get_by_text("Roles and teams").click()
    press(dialog, "Add group")
    expect(dialog.get_by_label("Name of group 1")).to_be_focused()
    dialog.get_by_label("Name of group 1").fill("chiefs")
    dialog.get_by_label("Role of group 1").select_option("proxy_admin")
    press(dialog, "Add group")
    press(dialog, "Remove group 2")
    dialog.get_by_label("Default role").select_option("internal_user")


def the_check(tab: Tab) -> None:
    page = tab.page
    press(page, "Check")
    checks = page.get_by_role("list", name="Checks").get_by_role("listitem")
    expect(checks.filter(has_text="Discovery")).to_contain_text("good")
    expect(page.get_by_text("Nothing stands in the way of a sign-in.")).to_be_visible()
    tab.look()


def claims(tab: Tab) -> None:
    page = tab.page
    field = page.get_by_label("Claims", exact=True)
    press(page, "Explain")
    expect(field).to_be_focused()
    field.fill("{no")
    press(page, "Explain")
    expect(field).to_have_accessible_description(re.compile("This is not JSON"))
    field.fill(json.dumps({"sub": "1", "preferred_username": "grace", "groups": ["chiefs", "staff"]}))
    press(page, "Explain")
    steps = page.get_by_role("list", name="Steps")
    expect(steps.get_by_role("listitem").filter(has_text="decides the role")).to_contain_text("chiefs")
    expect(page.get_by_role("region", name="Explain claims")).to_contain_text("proxy_admin")
    expect(page.get_by_role("region", name="Explain claims")).to_contain_text("grace")
    tab.look()


def a_trial(tab: Tab, server: Gatewright) -> None:
    """In a tab of its own; nobody comes of it."""
    page = tab.page
    with page.expect_popup() as opened:
        page.get_by_role("link", name="Test sign-in").click()
    trial = opened.value
    at_provider(trial)
    expect(trial.get_by_role("heading", level=1, name="Test sign-in with Acme")).to_be_visible()
    expect(trial.get_by_text("Nobody was signed in and nothing was changed.")).to_be_visible()
    expect(trial.get_by_text("A new user, ada.")).to_be_visible()
    expect(trial.get_by_role("heading", name="Role: proxy_admin")).to_be_visible()
    trial.get_by_role("link", name="Back to the dashboard").click()
    expect(trial.get_by_role("heading", level=1, name="Sign-in")).to_be_visible()
    trial.close()
    with server.admin() as http:
        assert "ada@home.local" not in http.get("/api/v3/core/users/").text


def a_change(tab: Tab) -> None:
    """What is not typed stays, the secret too."""
    page = tab.page
    press(page, "Edit")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Client secret")).to_have_value("")
    dialog.get_by_label("Name", exact=True).fill("Acme Inc")
    dialog.get_by_text("Who may sign in", exact=True).click()
    dialog.get_by_label("E-mail domains").fill("home.local")
    press(dialog, "Save")
    expect(page.get_by_role("heading", level=1, name="Acme Inc")).to_be_visible()
    access = page.get_by_role("region", name="Roles and access")
    expect(access).to_contain_text("home.local")
    expect(access).to_contain_text("chiefs: Admin")
    expect(page.get_by_role("region", name="Sign-in")).to_contain_text("set, never shown")
    headers = page.get_by_role("region", name="Protocol").get_by_text("x-tenant", exact=True)
    for add in (True, False):
        press(page, "Edit")
        dialog.get_by_text("More", exact=True).click()
        if add:
            press(dialog, "Add header")
            dialog.get_by_label("Name of header 1").fill("x-tenant")
            dialog.get_by_label("Value of header 1").fill("t-1")
        else:
            expect(dialog.get_by_label("Value of header 1")).to_have_value("")
            press(dialog, "Remove x-tenant")
        press(dialog, "Save")
        expect(dialog).to_be_hidden()
        expect(headers).to_have_count(1 if add else 0)


def sees_and_changes_nothing(browser: Browser, server: Gatewright) -> None:
    """A viewer may look and explain; a member gets neither."""
    for role, sees in (("proxy_admin_viewer", True), ("internal_user", False)):
        with server.admin() as http:
            made = http.post("/api/v3/core/users/", json={"username": role, "name": role}).json()
            http.post(f"/api/v3/core/users/{made['pk']}/set_password/", json={"password": PASSWORD})
            changed = http.patch(f"/api/v1/users/{role}", json={"role": role})
            assert changed.status_code == 200, changed.text
        tab = Tab(browser, "light", server.url)
        page = tab.page
        page.goto(f"{server.url}/ui/sign-in/acme")
        sign_in(page, role, PASSWORD)
        explain = page.get_by_role("button", name="Explain")
        if sees:
            expect(explain).to_be_visible()
            for name in ("Edit", "Delete", "Enable", "Check"):
                expect(page.get_by_role("button", name=name, exact=True)).to_have_count(0)
        else:
            expect(page.get_by_role("heading", level=1, name="Sign-in")).to_be_visible()
            expect(explain).to_have_count(0)
        tab.check()
        tab.close()


def somebody_signs_in(browser: Browser, server: Gatewright) -> None:
    """Through the chooser, into the dashboard."""
    tab = Tab(browser, "dark", server.url)
    page = tab.page
    page.goto(f"{server.url}/sso/key/generate")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    tab.check()
    page.get_by_role("link", name="Continue with Acme Inc").click()
    at_provider(page)
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    me = page.request.get(f"{server.url}/api/v1/me").json()
    assert (me["user_id"], me["role"], me["role_reason"]["rule"]) == ("ada", "proxy_admin", "group")
    tab.close()


def on_a_phone(tab: Tab, server: Gatewright) -> None:
    page = tab.page
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(f"{server.url}/ui/sign-in?new=sign-in-provider")
    press(page.get_by_role("dialog"), "Keycloak")
    expect(page.get_by_role("dialog").get_by_label("Realm")).to_be_visible()
    fits(page)
    tab.look()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_be_hidden()
    page.get_by_role("link", name="Acme Inc").click()
    press(page, "Check")
    expect(page.get_by_role("list", name="Checks")).to_be_visible()
    fits(page)
    tab.look()
    page.set_viewport_size({"width": 1280, "height": 800})


def removed(tab: Tab) -> None:
    page = tab.page
    press(page, "Delete")
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("acme")
    press(dialog, "Delete sign-in provider")
    expect(page.get_by_role("heading", level=1, name="Sign-in")).to_be_visible()
    expect(page.get_by_role("link", name="Acme Inc")).to_have_count(0)


def at_provider(page: Page) -> None:
    page.get_by_placeholder("sub").fill("ada-1")
    page.get_by_role("button", name="Authorize").click()


def press(place: Page | Locator, name: str) -> None:
    place.get_by_role("button", name=name, exact=True).click()


def fits(page: Page) -> None:
    """Nothing stands out at the side of the page."""
    wide, room = page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room
