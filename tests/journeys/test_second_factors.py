"""A passkey in a real browser: set up, alone, and as the second factor, with Chromium's virtual authenticator."""

import base64
import re
import time
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect
from tests.browsers import Tab, sign_in
from tests.conftest import new_database
from tests.servers import Gatewright, gatewright

from gatewright.idp.factors import totp

NAME, PASSWORD = "ada@example.local", "correct horse battery"
NEXT_PASSWORD = "staple and more of it"
CALL = """async ([path, body]) => {
  const answer = await fetch(path, {
    method: body === null ? "GET" : "POST",
    headers: { "X-Gatewright-Request": "1", "Content-Type": "application/json" },
    body: body === null ? undefined : JSON.stringify(body),
  });
  return { status: answer.status, body: answer.status === 204 ? null : await answer.json() };
}"""


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_passkey_signs_in_alone_and_after_the_password(
    database: str, browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with (
        new_database(request, database) as url,
        gatewright(tmp_path / "data", DATABASE_URL=url) as server,
    ):
        tab = Tab(browser, "light", server.url)
        page = tab.page
        key = Authenticator(page)
        set_up(page, server)
        register(tab, key)
        add_app(tab)
        sign_out(page)
        key.waits()
        # The field offers the passkey by itself; nobody has touched the device yet, so nothing happens.
        page.goto(f"{server.url}/ui/")
        expect(page.get_by_role("button", name="Use a passkey")).to_be_visible()
        tab.check()
        key.answers()
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
        sign_out(page)
        key.waits()
        page.goto(f"{server.url}/ui/")
        sign_in(page, NAME, PASSWORD)
        expect(page.get_by_role("heading", level=1, name="One more step")).to_be_visible()
        tab.check()
        key.answers()
        page.get_by_role("button", name="Use a passkey").click()
        expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
        key.waits()
        change_password(tab, server)
        tab.close()


class Authenticator:
    """A device that holds passkeys and knows its owner."""

    def __init__(self, page: Page) -> None:
        self.cdp: CDPSession = page.context.new_cdp_session(page)
        self.cdp.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        self.id = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})["authenticatorId"]

    def waits(self) -> None:
        self._presence(enabled=False)

    def answers(self) -> None:
        self._presence(enabled=True)

    def _presence(self, *, enabled: bool) -> None:
        self.cdp.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": self.id, "enabled": enabled})


def set_up(page: Page, server: Gatewright) -> None:
    page.goto(server.setup_link)
    page.get_by_label("E-mail address").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create administrator").click()
    expect(page).to_have_url(re.compile("/if/flow/default-authentication-flow/"))
    page.goto(f"{server.url}/ui/")
    sign_in(page, NAME, PASSWORD)
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()


def register(tab: Tab, key: Authenticator) -> None:
    """On the account page: the password is asked for once more, and the codes are shown once."""
    page = tab.page
    page.get_by_role("navigation", name="Main").get_by_role("link", name="My account").click()
    page.get_by_role("button", name="Add a passkey").click()
    page.get_by_label("Your password").fill("not the password")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_text("This is not your password.")).to_be_visible()
    tab.check()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    codes = page.get_by_role("list", name="Recovery codes").get_by_role("listitem")
    expect(codes).to_have_count(10)
    tab.check()
    page.get_by_role("button", name="I have kept them").click()
    expect(page.get_by_role("list", name="Second factors")).to_contain_text("10 codes left")
    tab.check()
    assert len(key.cdp.send("WebAuthn.getCredentials", {"authenticatorId": key.id})["credentials"]) == 1


def add_app(tab: Tab) -> None:
    page = tab.page
    page.get_by_role("button", name="Add an app").click()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Continue").click()
    secret = base64.b32decode(page.get_by_label("Or type this secret").inner_text())
    tab.check()
    page.get_by_label("Code that the app shows").fill(totp.code_at(secret, int(time.time()) // 30))
    page.get_by_role("button", name="Add the app").click()
    expect(page.get_by_role("list", name="Second factors")).to_contain_text("Authenticator app")
    shown = call(page, "/api/v1/me/security", None)["body"]
    assert [one["kind"] for one in shown["factors"]] == ["passkey", "app"]
    assert (shown["local"], shown["required"], shown["recovery_codes_left"]) == (True, False, 10)
    page.get_by_role("button", name="Remove Authenticator app").click()
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_role("button", name="Remove", exact=True).click()
    expect(page.get_by_role("list", name="Second factors")).not_to_contain_text("Authenticator app")


def change_password(tab: Tab, server: Gatewright) -> None:
    page = tab.page
    page.get_by_role("navigation", name="Main").get_by_role("link", name="My account").click()
    page.get_by_role("button", name="Change password").click()
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").fill("short")
    page.get_by_role("dialog").get_by_role("button", name="Change password").click()
    expect(page.get_by_text("needs 10 to 1024 characters")).to_be_visible()
    tab.check()
    page.get_by_label("New password").fill(NEXT_PASSWORD)
    page.get_by_role("dialog").get_by_role("button", name="Change password").click()
    expect(page.get_by_label("Email or username")).to_be_visible()
    sign_in(page, NAME, PASSWORD)
    expect(page.get_by_role("alert").first).to_contain_text("do not belong together")
    sign_in(page, NAME, NEXT_PASSWORD)
    expect(page.get_by_role("heading", level=1, name="One more step")).to_be_visible()


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").first.click()
    expect(page.get_by_role("heading", level=1, name=re.compile("signed out", re.IGNORECASE))).to_be_visible()


def call(page: Page, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(CALL, [path, body])
    return found
