"""A forgotten password and an address to prove, in a real browser, with two workers and a real mail server."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect
from tests.browsers import Tab, sign_in
from tests.mail import MailServer, mail_server
from tests.servers import Gatewright, gatewright

ADA, PASSWORD, NEW = "ada@example.local", "correct horse battery", "another good password"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Gatewright, MailServer]]:
    folder = tmp_path_factory.mktemp("email")
    with mail_server() as post, gatewright(folder / "data", **post.environment) as server:
        yield server, post


def test_a_forgotten_password(browser: Browser, place: tuple[Gatewright, MailServer]) -> None:
    server, post = place
    tab = Tab(browser, "dark", server.url)
    page = tab.page
    page.goto(server.setup_link)
    page.get_by_label("E-mail address").fill(ADA)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create administrator").click()
    page.goto(f"{server.url}/ui/")
    page.get_by_role("link", name="Forgot your password?").click()
    expect(page.get_by_label("Email or username")).to_be_focused()
    tab.check()
    page.get_by_label("Email or username").fill(ADA)
    page.get_by_role("button", name="Send the link").click()
    expect(page.get_by_role("heading", name="Look into your mail")).to_be_visible()
    tab.check()
    post.wait_for(1)
    page.goto(post.link())
    tab.check()
    page.get_by_label("New password").fill(NEW)
    page.get_by_role("button", name="Set password").click()
    sign_in(page, ADA, NEW)
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    # Of two workers one sends.
    post.wait_for(2)
    assert str(post.messages[-1]["Subject"]).startswith("Your password was changed")
    tab.close()


def test_an_address_is_proven(browser: Browser, place: tuple[Gatewright, MailServer]) -> None:
    server, post = place
    already = len(post.envelopes)
    with server.admin() as admin:
        users = "/api/v3/core/users/"
        made = admin.post(users, json={"username": "bob", "name": "Bob", "email": "bob@example.local"}).json()
        assert admin.post(f"{users}{made['pk']}/set_password/", json={"password": PASSWORD}).status_code == 204
        tab = Tab(browser, "light", server.url)
        page = tab.page
        page.goto(f"{server.url}/ui/")
        sign_in(page, "bob", PASSWORD)
        expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
        headers = {"X-Gatewright-Request": "1", "Origin": server.url}
        asked = page.request.post(f"{server.url}/api/v1/me/email/verify", headers=headers)
        assert (asked.status, asked.json()) == (202, {"to": "bob@example.local"})
        post.wait_for(already + 1)
        page.goto(post.link())
        tab.check()
        page.get_by_role("button", name="Confirm").click()
        expect(page.get_by_role("heading", name="Your address is confirmed")).to_be_visible()
        tab.check()
        assert admin.get(f"{users}{made['pk']}/").json()["email_verified"] is True
        tab.close()
