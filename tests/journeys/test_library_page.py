"""My applications and the log in a real browser: people see what they may use, administrators what happened."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browsers import Tab, sign_in
from tests.servers import Gatewright, gatewright

NAME, PASSWORD = "ada@example.local", "correct horse battery"
OTHER_PASSWORD = "staple and more of it"
ICON = "/ui/favicon.svg"


@pytest.fixture
def place(browser: Browser, tmp_path: Path) -> Iterator[tuple[Tab, Gatewright]]:
    """An administrator, a person in a group, and two applications; the administrator is signed in."""
    with gatewright(tmp_path / "data", workers=1) as server:
        tab = Tab(browser, "light", server.url)
        page = tab.page
        page.goto(server.setup_link)
        page.get_by_label("E-mail address").fill(NAME)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Create administrator").click()
        two_applications(server)
        page.goto(f"{server.url}/ui/events")
        sign_in(page, NAME, PASSWORD)
        expect(page.get_by_role("heading", level=1, name="Logs")).to_be_visible()
        yield tab, server
        tab.close()


def two_applications(server: Gatewright) -> None:
    """One for everybody and one for the staff, and a person who is none of them yet."""
    with server.admin() as client:

        def made(path: str, fields: dict[str, object]) -> Any:
            answer = client.post(f"/api/v3{path}", json=fields)
            assert answer.status_code in (201, 204), answer.text
            return answer.json() if answer.content else None

        staff = made("/core/groups/", {"name": "staff"})["pk"]
        shown = {"group": "Tools", "meta_publisher": "Example Works", "open_in_new_tab": True, "meta_icon": ICON}
        made(
            "/core/applications/", {"name": "Wiki", "slug": "wiki", "meta_launch_url": "https://wiki.example/", **shown}
        )
        address = "https://pay.example/%(username)s"
        pay = made("/core/applications/", {"name": "Payroll", "slug": "pay", "meta_launch_url": address})["pk"]
        made("/policies/bindings/", {"target": pay, "group": staff, "order": 0})
        bob = made("/core/users/", {"username": "bob", "name": "Bob Bright"})["pk"]
        made(f"/core/users/{bob}/set_password/", {"password": OTHER_PASSWORD})


def test_people_see_what_they_may_use_and_administrators_what_happened(
    place: tuple[Tab, Gatewright], browser: Browser
) -> None:
    tab, server = place
    guest = Tab(browser, "light", server.url)
    page = guest.page
    page.goto(f"{server.url}/ui/my-applications")
    sign_in(page, "bob", "not the password")
    expect(page.get_by_role("alert")).to_be_visible()
    sign_in(page, "bob", OTHER_PASSWORD)
    expect(page.get_by_role("heading", level=1, name="My applications")).to_be_visible()
    tools = page.get_by_role("region", name="Tools")
    expect(tools.get_by_role("link", name="Wiki")).to_have_attribute("href", "https://wiki.example/")
    expect(tools).to_contain_text("Example Works")
    icon = tools.locator("img")
    expect(icon).to_have_attribute("src", ICON)
    expect(icon).to_have_js_property("complete", value=True)
    assert icon.evaluate("(image) => image.naturalWidth") > 0
    expect(page.get_by_role("link", name="Payroll")).to_have_count(0)
    guest.look()
    joins(server)
    page.reload()
    expect(page.get_by_role("link", name="Payroll")).to_have_attribute("href", "https://pay.example/bob")
    page.set_viewport_size({"width": 375, "height": 740})
    fits(page)
    page.goto(f"{server.url}/ui/events")
    expect(page.get_by_role("main")).to_contain_text("Only administrators and viewers")
    guest.close()
    what_happened(tab, server)


def joins(server: Gatewright) -> None:
    with server.admin() as client:
        (staff,) = client.get("/api/v3/core/groups/?name=staff").json()["results"]
        (bob,) = client.get("/api/v3/core/users/?username=bob").json()["results"]
        added = client.post(f"/api/v3/core/groups/{staff['pk']}/add_user/", json={"pk": bob["pk"]})
        assert added.status_code == 204


def what_happened(tab: Tab, server: Gatewright) -> None:
    page = tab.page
    page.goto(f"{server.url}/ui/events")
    rows = page.get_by_role("row")
    expect(rows.filter(has_text="Payroll").first).to_contain_text("model created")
    tab.look()
    page.get_by_label("Action").select_option("Login failed")
    expect(rows).to_have_count(2)
    expect(rows.nth(1)).to_contain_text("bob")
    expect(rows.nth(1).locator(".badge-warn")).to_be_visible()
    page.get_by_label("Action").select_option("All")
    page.get_by_label("Actor").fill(NAME)
    expect(rows.filter(has_text="model created")).to_have_count(0)
    expect(rows.filter(has_text="login").first).to_contain_text(NAME)
    page.set_viewport_size({"width": 375, "height": 740})
    fits(page)
    tab.check()


def fits(page: Page) -> None:
    """Nothing stands out at the side of the page."""
    wide, room = page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room
