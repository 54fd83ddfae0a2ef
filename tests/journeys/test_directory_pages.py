"""The dashboard's Directory in a real browser: people and groups, from the first password to the last member."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.browsers import Tab, sign_in
from tests.conftest import new_database
from tests.servers import Gatewright, gatewright

NAME, PASSWORD = "ada@example.local", "correct horse battery"
OTHER_PASSWORD = "staple and more of it"


@pytest.fixture
def place(browser: Browser, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[tuple[Tab, Gatewright]]:
    """An administrator who is signed in."""
    with new_database(request, "postgresql") as url, gatewright(tmp_path / "data", DATABASE_URL=url) as server:
        tab = Tab(browser, "light", server.url)
        page = tab.page
        page.goto(server.setup_link)
        page.get_by_label("E-mail address").fill(NAME)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Create administrator").click()
        page.goto(f"{server.url}/ui/users")
        sign_in(page, NAME, PASSWORD)
        expect(page.get_by_role("heading", level=1, name="Users")).to_be_visible()
        yield tab, server
        tab.close()


def test_people_and_groups(place: tuple[Tab, Gatewright], browser: Browser) -> None:
    tab, server = place
    make_groups(tab)
    bob_by_link(tab, server, browser)
    cyd_with_a_password(tab, server)
    switch_off(tab, server)
    members(tab)
    on_a_phone(tab, server)


def make_groups(tab: Tab) -> None:
    page = tab.page
    nav(page, "Groups")
    tab.look()
    create_group(page, "staff")
    go_up(page, "Groups")
    page.get_by_role("button", name="Create", exact=True).click()
    dialog = page.get_by_role("dialog")
    press(dialog, "Create")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    dialog.get_by_label("Name", exact=True).fill("staff")
    press(dialog, "Create")
    expect(dialog.get_by_label("Name", exact=True)).to_have_accessible_description(re.compile("unique|exists"))
    tab.look()
    dialog.get_by_label("Name", exact=True).fill("engineers")
    dialog.get_by_label("staff").check()
    dialog.get_by_label("Superuser").check()
    press(dialog, "Create")
    expect(page.get_by_role("heading", level=1, name="engineers")).to_be_visible()
    expect(page.get_by_role("link", name="staff")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("superuser")
    tab.look()
    page.get_by_role("button", name="Edit").click()
    dialog.get_by_label("Superuser").uncheck()
    dialog.get_by_label("Requires a second factor").check()
    press(dialog, "Save")
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("main")).to_contain_text("second factor")
    expect(page.get_by_role("main")).not_to_contain_text("superuser")


def bob_by_link(tab: Tab, server: Gatewright, browser: Browser) -> None:
    """The link sets a password once, and the person signs in with it."""
    page = tab.page
    nav(page, "Users")
    page.get_by_role("button", name="Add user").click()
    dialog = page.get_by_role("dialog")
    press(dialog, "Add user")
    expect(dialog.get_by_label("Username")).to_be_focused()
    dialog.get_by_label("Username").fill("bob")
    dialog.get_by_role("textbox", name="Name optional").fill("Bob Bright")
    dialog.get_by_label("E-mail address").fill("no address")
    press(dialog, "Add user")
    expect(dialog.get_by_label("E-mail address")).to_be_focused()
    expect(dialog).to_contain_text("valid email address")
    tab.look()
    dialog.get_by_label("E-mail address").fill("bob@example.local")
    dialog.get_by_label("staff").check()
    press(dialog, "Add user")
    link = dialog.get_by_label("Recovery link", exact=True).inner_text()
    assert link.startswith(f"{server.url}/recovery/use-token/")
    tab.look()
    press(dialog, "Done")
    row = page.get_by_role("row").filter(has_text="Bob Bright")
    expect(row).to_contain_text("staff")
    assert link not in page.content()
    guest = Tab(browser, "dark", server.url)
    guest.page.goto(link)
    guest.check()
    guest.page.locator("input[type=password]").first.fill(OTHER_PASSWORD)
    guest.page.locator("form button[type=submit], form button:not([type])").first.click()
    guest.page.goto(f"{server.url}/ui/")
    sign_in(guest.page, "bob", OTHER_PASSWORD)
    expect(guest.page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    expect(guest.page.get_by_role("navigation", name="Main").get_by_role("link", name="Users")).to_have_count(0)
    guest.page.goto(f"{server.url}/ui/groups")
    expect(guest.page.get_by_role("main")).to_contain_text("Only administrators and viewers")
    assert guest.page.goto(link).status == 403  # type: ignore[union-attr]  # a navigation has an answer
    guest.close()


def cyd_with_a_password(tab: Tab, server: Gatewright) -> None:
    """A password that is refused leaves the form open, and the next try is for the same person."""
    page = tab.page
    page.get_by_role("button", name="Add user").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Username").fill("cyd")
    dialog.get_by_label("A password now").check()
    dialog.get_by_label("Password", exact=True).fill("short")
    press(dialog, "Add user")
    expect(dialog.get_by_label("Password", exact=True)).to_be_focused()
    expect(dialog).to_contain_text("needs 10 to 1024 characters")
    dialog.get_by_label("Password", exact=True).fill(OTHER_PASSWORD)
    press(dialog, "Add user")
    expect(dialog).to_be_hidden()
    assert signs_in(server, "cyd", OTHER_PASSWORD)
    page.get_by_role("link", name="cyd").click()
    page.get_by_role("button", name="Edit").click()
    dialog.get_by_role("textbox", name="Name optional").fill("Cyd Clark")
    dialog.get_by_label("E-mail address").fill("cyd@example.local")
    dialog.get_by_label("engineers").check()
    tab.look()
    press(dialog, "Save")
    expect(page.get_by_role("heading", level=1, name="Cyd Clark")).to_be_visible()
    expect(page.get_by_role("link", name="engineers")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("not verified")
    page.get_by_role("button", name="Set password").click()
    dialog.get_by_label("New password").fill(PASSWORD)
    press(dialog, "Set password")
    expect(dialog).to_be_hidden()
    page.get_by_role("button", name="Edit").click()
    dialog.get_by_label("engineers").uncheck()
    press(dialog, "Save")
    expect(dialog).to_be_hidden()
    assert not signs_in(server, "cyd", OTHER_PASSWORD)
    assert signs_in(server, "cyd", PASSWORD)
    tab.look()


def switch_off(tab: Tab, server: Gatewright) -> None:
    page = tab.page
    page.get_by_role("button", name="Deactivate").click()
    tab.look()
    press(page.get_by_role("dialog"), "Deactivate")
    expect(page.get_by_role("button", name="Activate", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Recovery link")).to_have_count(0)
    assert not signs_in(server, "cyd", PASSWORD)
    page.get_by_role("button", name="Activate", exact=True).click()
    page.get_by_role("button", name="Recovery link").click()
    press(page.get_by_role("dialog"), "Make the link")
    expect(page.get_by_label("Recovery link", exact=True)).to_contain_text("/recovery/use-token/")
    press(page.get_by_role("dialog"), "Done")
    assert signs_in(server, "cyd", PASSWORD)


def members(tab: Tab) -> None:
    page = tab.page
    nav(page, "Groups")
    page.get_by_role("link", name="engineers").click()
    page.get_by_role("button", name="Add members").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Find people").fill("clark")
    expect(dialog.get_by_role("listitem")).to_have_count(1)
    dialog.get_by_role("button", name="Add Cyd Clark").click()
    expect(dialog.get_by_role("listitem")).to_contain_text("member")
    tab.look()
    press(dialog, "Done")
    people = page.get_by_role("list", name="Members")
    expect(people).to_contain_text("Cyd Clark")
    page.get_by_role("button", name="Remove Cyd Clark").click()
    expect(page.get_by_role("main")).to_contain_text("Nobody is directly in this group.")
    page.get_by_role("button", name="Delete").click()
    press(page.get_by_role("dialog"), "Delete group")
    expect(page.get_by_role("heading", level=1, name="Groups")).to_be_visible()
    expect(page.get_by_role("link", name="engineers")).to_have_count(0)
    expect(page.get_by_role("link", name="staff").first).to_be_visible()


def on_a_phone(tab: Tab, server: Gatewright) -> None:
    page = tab.page
    page.set_viewport_size({"width": 375, "height": 740})
    for address in ("users", "groups", "users?new=user", "groups?new=group"):
        page.goto(f"{server.url}/ui/{address}")
        expect(page.get_by_role("cell").first).to_be_visible()
        fits(page)
    page.goto(f"{server.url}/ui/users")
    page.get_by_role("link", name="Bob Bright").click()
    expect(page.get_by_role("heading", level=1, name="Bob Bright")).to_be_visible()
    fits(page)
    tab.look()
    page.get_by_role("main").get_by_role("link", name="staff").click()
    expect(page.get_by_role("list", name="Members")).to_contain_text("Bob Bright")
    fits(page)
    tab.check()


def create_group(page: Page, name: str) -> None:
    page.get_by_role("button", name="Create", exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(name)
    press(dialog, "Create")
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def signs_in(server: Gatewright, name: str, password: str) -> bool:
    """Whether the provider lets them in; without a browser, which other steps have."""
    with server.client() as client:
        form = client.get("/if/flow/default-authentication-flow/").text
        token = form.split('name="csrf" value="', 1)[1].split('"', 1)[0]
        fields = {"csrf": token, "name": name, "password": password, "next": ""}
        answer = client.post("/if/flow/default-authentication-flow/", data=fields)
        assert answer.status_code in (200, 303, 302, 400, 401, 403), answer.text
        return answer.is_redirect


def nav(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def go_up(page: Page, name: str) -> None:
    page.get_by_role("navigation", name="Up").get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def press(dialog: Locator, name: str) -> None:
    dialog.get_by_role("button", name=name, exact=True).click()


def fits(page: Page) -> None:
    """Nothing stands out at the side of the page."""
    wide, room = page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room
