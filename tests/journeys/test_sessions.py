"""One person in two browsers and a terminal, and an administrator: what each ends, and what the others see of it."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, ViewportSize, expect
from tests.browsers import Tab, sign_in
from tests.journeys.conftest import CommandLine
from tests.servers import Gatewright, eventually, gatewright

ADMIN, NAME, PASSWORD = "ada@example.local", "bob", "correct horse battery"
OVER = "Your session has ended."
SMALL = ViewportSize(width=390, height=844)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gatewright]:
    """Two workers, Ada who administers, and Bob."""
    data = tmp_path_factory.mktemp("data")
    # Short ids: everything below also has to work while they follow one another.
    with gatewright(
        data, EXPERIMENTAL_UI_LOGIN="true", GATEWRIGHT_ADMIN_EMAIL=ADMIN, GATEWRIGHT_ADMIN_PASSWORD=PASSWORD
    ) as found:
        with found.admin() as client:
            fields = {"username": NAME, "name": "Bob", "email": "bob@example.local"}
            made = client.post("/api/v3/core/users/", json=fields)
            assert made.status_code == 201, made.text
            person = f"/api/v3/core/users/{made.json()['pk']}"
            assert client.post(f"{person}/set_password/", json={"password": PASSWORD}).is_success
            assert client.patch(f"/api/v1/users/{NAME}", json={"role": "internal_user"}).is_success
        yield found


def test_what_is_ended_elsewhere_leads_to_the_sign_in_and_back(
    server: Gatewright, browser: Browser, tmp_path: Path
) -> None:
    here, there = Tab(browser, "light", server.url), Tab(browser, "light", server.url)
    signed_in(here.page, server, NAME)
    signed_in(there.page, server, NAME)
    terminal = a_terminal(here.page, server, tmp_path)
    end_the_other_browser(here, there, server)
    what_was_typed_stays(here, there, server)
    eventually(lambda: terminal.run("whoami").returncode == 4, "the end of the terminal's session on every worker")
    an_administrator_ends_all(browser, here, server)
    here.close()
    there.close()


def signed_in(page: Page, server: Gatewright, name: str) -> None:
    page.goto(f"{server.url}/ui/")
    sign_in(page, name, PASSWORD)
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()


def a_terminal(page: Page, server: Gatewright, tmp_path: Path) -> CommandLine:
    """The command line, signed in through this browser."""
    terminal = CommandLine(tmp_path / "home", server.url)
    login = terminal.start("login", "--no-browser")
    assert login.stdout is not None
    text, link, code = "", None, None
    while link is None or code is None:
        line = login.stdout.readline()
        assert line, text
        text += line
        link = re.search(r"http\S+/sso/key/generate\S+", text)
        code = re.search(r"\b[A-Z2-9]{4}-[A-Z2-9]{4}\b", text)
    page.goto(link[0])
    page.get_by_label("Verification code").fill(code[0])
    page.get_by_role("button", name="Sign the terminal in").click()
    expect(page.get_by_role("heading", name="The terminal is signed in")).to_be_visible()
    out, _ = login.communicate(timeout=30)
    assert login.returncode == 0, out
    assert terminal.run("whoami").returncode == 0
    return terminal


def end_the_other_browser(here: Tab, there: Tab, server: Gatewright) -> None:
    """The other one is on its way to another page, and comes back to that very page."""
    there.page.goto(f"{server.url}/ui/account")
    page = here.page
    page.goto(f"{server.url}/ui/account")
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows.filter(has_text="command line")).to_have_count(1)
    expect(rows.filter(has_text="browser")).to_have_count(2)
    expect(rows.filter(has_text="current")).to_have_count(1)
    here.look()
    page.get_by_role("button", name="End session of Chrome on Linux").click()
    expect(rows.filter(has_text="browser")).to_have_count(1)
    there.page.get_by_role("link", name="Keys", exact=True).click()
    expect(there.page.get_by_label("Password")).to_be_visible()
    sign_in(there.page, NAME, PASSWORD)
    expect(there.page.get_by_role("heading", level=1, name="Keys")).to_be_visible()
    assert there.page.url == f"{server.url}/ui/keys"


def what_was_typed_stays(here: Tab, there: Tab, server: Gatewright) -> None:
    """A form that was begun is finished after a sign-in in another tab."""
    form = there.page
    form.set_viewport_size(SMALL)
    form.goto(f"{server.url}/ui/keys?new=key")
    dialog = form.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("nightly report")
    here.page.get_by_role("button", name="End all other sessions").click()
    expect(here.page.get_by_role("table").get_by_role("row")).to_have_count(2)
    here.look()
    dialog.get_by_role("button", name="Create key").click()
    expect(dialog.get_by_role("alert")).to_contain_text(OVER)
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("nightly report")
    there.look()
    with there.context.expect_page() as opened:
        dialog.get_by_role("link", name="Sign in in another tab").click()
    sign_in(opened.value, NAME, PASSWORD)
    expect(opened.value.get_by_role("heading", level=1, name="Keys")).to_be_visible()
    opened.value.close()
    dialog.get_by_role("button", name="Create key").click()
    expect(form.get_by_role("dialog")).to_contain_text("sk-")
    with server.admin() as client:
        names = [key["name"] for key in client.get("/api/v1/keys").json()["items"]]
    assert names == ["nightly report"]


def an_administrator_ends_all(browser: Browser, here: Tab, server: Gatewright) -> None:
    tab = Tab(browser, "light", server.url)
    page = tab.page
    signed_in(page, server, ADMIN)
    page.goto(f"{server.url}/ui/sessions")
    rows = page.get_by_role("table").get_by_role("row")
    expect(rows.filter(has_text="bob@example.local")).to_have_count(2)
    expect(rows.filter(has_text=ADMIN)).to_have_count(1)
    tab.look()
    page.get_by_label("Person").fill("BOB")
    expect(rows.filter(has_text=ADMIN)).to_have_count(0)
    expect(rows.filter(has_text="bob@example.local")).to_have_count(2)
    page.get_by_label("Kind").select_option("cli")
    expect(page.get_by_text("Nobody is signed in like this.")).to_be_visible()
    page.set_viewport_size(SMALL)
    page.goto(f"{server.url}/ui/sessions?search=bob")
    expect(rows.filter(has_text="bob@example.local")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tab.look()
    page.goto(f"{server.url}/ui/users")
    page.get_by_role("link", name="Bob", exact=True).click()
    page.get_by_role("button", name="End all", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="End all sessions").click()
    expect(page.get_by_text("They are signed in nowhere.")).to_be_visible()
    tab.look()
    here.page.goto(f"{server.url}/ui/models?q=echo")
    expect(here.page.get_by_label("Password")).to_be_visible()
    sign_in(here.page, NAME, PASSWORD)
    expect(here.page.get_by_role("heading", level=1, name="Models")).to_be_visible()
    assert here.page.url == f"{server.url}/ui/models?q=echo"
    tab.close()
