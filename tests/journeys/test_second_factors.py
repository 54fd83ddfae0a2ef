"""A passkey in a real browser: set up, alone, and as the second factor, with Chromium's virtual authenticator."""

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Page, expect
from tests.browsers import Tab, sign_in
from tests.conftest import new_database
from tests.servers import Gatewright, gatewright

NAME, PASSWORD = "ada@example.local", "correct horse battery"
CREATE = """async ({ options, handle }) => {
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  options.challenge = bytes(options.challenge);
  options.user.id = bytes(options.user.id);
  for (const one of options.excludeCredentials ?? []) one.id = bytes(one.id);
  const made = await navigator.credentials.create({ publicKey: options });
  return { handle, name: "Laptop", credential: made.toJSON() };
}"""
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
        register(page, key)
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


def register(page: Page, key: Authenticator) -> None:
    base = "/api/v1/me/security"
    wrong = call(page, f"{base}/passkeys/question", {"password": "not the password"})
    assert (wrong["status"], wrong["body"]["code"]) == (403, "password_wrong")
    asked = call(page, f"{base}/passkeys/question", {"password": PASSWORD})
    assert asked["status"] == 200, asked
    made = page.evaluate(CREATE, asked["body"])
    added = call(page, f"{base}/passkeys", made)
    assert added["status"] == 200, added
    assert len(added["body"]["recovery_codes"]) == 10
    again = call(page, f"{base}/passkeys", made)
    assert again["status"] == 401, again
    shown = call(page, base, None)["body"]
    assert [(one["kind"], one["name"]) for one in shown["factors"]] == [("passkey", "Laptop")]
    assert (shown["local"], shown["required"], shown["recovery_codes_left"]) == (True, False, 10)
    assert len(key.cdp.send("WebAuthn.getCredentials", {"authenticatorId": key.id})["credentials"]) == 1


def sign_out(page: Page) -> None:
    page.get_by_role("button", name="Sign out").first.click()
    expect(page.get_by_role("heading", level=1, name=re.compile("signed out", re.IGNORECASE))).to_be_visible()


def call(page: Page, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(CALL, [path, body])
    return found
