"""The seed's guide against an independent provider from PyPI, in a real browser: its variables and nothing more."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browsers import Tab
from tests.conftest import new_database
from tests.servers import Gatewright, free_port, gatewright


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    """oidc-provider-mock as a process of its own; its origin."""
    port = free_port()
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    origin = f"http://localhost:{port}"
    deadline = time.monotonic() + 30
    while True:
        try:
            httpx2.get(f"{origin}/.well-known/openid-configuration")
            break
        except httpx2.TransportError:
            assert time.monotonic() < deadline, "the provider did not start"
            threading.Event().wait(0.05)
    yield origin
    process.terminate()
    process.wait(30)


def seed(provider: str, **more: str) -> dict[str, Any]:
    """The guide's variables."""
    return {
        "GENERIC_CLIENT_ID": "litellm",
        "GENERIC_CLIENT_SECRET": "litellm-client-secret",
        "GENERIC_AUTHORIZATION_ENDPOINT": f"{provider}/oauth2/authorize",
        "GENERIC_TOKEN_ENDPOINT": f"{provider}/oauth2/token",
        "GENERIC_USERINFO_ENDPOINT": f"{provider}/userinfo",
        "GENERIC_SCOPE": "openid profile email litellm_role",
        "GENERIC_USER_ROLE_ATTRIBUTE": "litellm_role",
        **more,
    }


def person(provider: str, subject: str, **claims: object) -> None:
    """Gives the provider a person with these claims."""
    assert httpx2.put(f"{provider}/users/{subject}", json=claims).status_code < 300


def at_provider(page: Page, subject: str) -> None:
    """Signs in at the provider."""
    page.get_by_placeholder("sub").fill(subject)
    page.get_by_role("button", name="Authorize").click()


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_guide_to_the_letter(
    database: str, browser: Browser, provider: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    logout = f"{provider}/oauth2/end_session"
    env = seed(provider, AUTO_REDIRECT_UI_LOGIN_TO_SSO="true", PROXY_LOGOUT_URL=logout)
    with new_database(request, database) as url, gatewright(tmp_path, workers=2, DATABASE_URL=url, **env) as server:
        person(provider, "ada", preferred_username="ada", email="ada@home.local", litellm_role="proxy_admin")
        tab = Tab(browser, "light", server.url)
        page = tab.page
        page.goto(f"{server.url}/ui/users")
        expect(page).to_have_url(re.compile(re.escape(provider)))
        at_provider(page, "ada")
        expect(page.get_by_role("heading", level=1, name="Users")).to_be_visible()
        expect(page.get_by_text("ada@home.local").first).to_be_visible()
        expect(page.get_by_text("claim litellm_role = proxy_admin")).to_be_visible()
        tab.check()
        role_follows(page, server, provider)
        page.get_by_role("button", name="Sign out").first.click()
        expect(page).to_have_url(re.compile(f"^{re.escape(logout)}"))
        page.goto(f"{server.url}/ui/")
        expect(page).to_have_url(re.compile(r"[?&]prompt=login"))
        tab.close()


def role_follows(page: Page, server: Gatewright, provider: str) -> None:
    """Every sign-in takes the role that the provider says then."""
    for claims, role, rule in (
        ({"litellm_role": "internal_user_view_only"}, "internal_user_viewer", "claim"),
        ({"litellm_role": "internal_user_viewer"}, "internal_user_viewer", "claim"),
        ({"litellm_role": "proxy_admin"}, "proxy_admin", "claim"),
        ({"litellm_role": "Internal_User"}, "internal_user", "claim"),
        ({"litellm_role": "emperor"}, "internal_user_viewer", "unknown_value"),
        ({}, "internal_user_viewer", "default"),
        ({"litellm_role": "proxy_admin"}, "proxy_admin", "claim"),
    ):
        person(provider, "ada", preferred_username="ada", email="ada@home.local", **claims)
        page.goto(f"{server.url}/sso/key/generate")
        at_provider(page, "ada")
        expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
        me = page.request.get(f"{server.url}/api/v1/me").json()
        assert (me["user_id"], me["email"]) == ("ada", "ada@home.local")
        assert (me["role"], me["role_reason"]["rule"]) == (role, rule), me
        assert bool(me["role_reason"]["warning"]) is (rule == "unknown_value")


def test_a_page_with_a_button_and_the_break_glass_account(browser: Browser, provider: str, tmp_path: Path) -> None:
    email, password = "root@home.local", "a long password"
    env = seed(provider, GATEWRIGHT_ADMIN_EMAIL=email, GATEWRIGHT_ADMIN_PASSWORD=password)
    with gatewright(tmp_path, workers=2, **env) as server:
        person(provider, "eve", preferred_username=email, email=email, litellm_role="internal_user")
        tab = Tab(browser, "dark", server.url)
        page = tab.page
        page.goto(f"{server.url}/ui/")
        expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
        tab.check()
        page.get_by_role("link", name="Local sign-in").click()
        tab.check()
        page.get_by_label("Name or e-mail address").fill(email)
        page.get_by_label("Password").fill(password)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
        assert page.request.get(f"{server.url}/api/v1/me").json()["role_reason"]["rule"] == "break_glass"
        page.get_by_role("button", name="Sign out").first.click()
        expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
        # The same e-mail address and name at the provider are somebody else.
        page.goto(f"{server.url}/ui/")
        page.get_by_role("link", name=re.compile("Continue with")).click()
        at_provider(page, "eve")
        expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
        me = page.request.get(f"{server.url}/api/v1/me").json()
        assert me["user_id"] != email
        assert me["role"] == "internal_user"
        tab.close()


def test_a_provider_that_refuses_is_explained(browser: Browser, provider: str, tmp_path: Path) -> None:
    with gatewright(tmp_path, workers=1, **seed(provider, AUTO_REDIRECT_UI_LOGIN_TO_SSO="true")) as server:
        tab = Tab(browser, "light", server.url)
        page = tab.page
        page.goto(f"{server.url}/ui/")
        page.get_by_role("button", name="Deny").click()
        expect(page.get_by_role("heading", name="You are not signed in")).to_be_visible()
        expect(page.get_by_text("Reference req-")).to_be_visible()
        tab.check()
        tab.close()


def test_a_provider_that_is_down_is_explained(browser: Browser, tmp_path: Path) -> None:
    nowhere = f"http://127.0.0.1:{free_port()}"
    with gatewright(tmp_path, workers=1, **seed(nowhere)) as server, server.client() as http:
        begun = http.get("/sso/key/generate?go=1")
        assert begun.status_code == 303
        state = re.search(r"state=([\w-]+)", begun.headers["location"])
        assert state is not None
        answer = http.get(f"/sso/callback?code=x&state={state[1]}")
        assert answer.status_code == 502
        assert "Reference <code>req-" in answer.text
        assert "litellm-client-secret" not in answer.text


def test_an_invitation_gives_its_row_to_whoever_signs_in_from_it(
    browser: Browser, provider: str, tmp_path: Path
) -> None:
    ui = {"UI_USERNAME": "chief", "UI_PASSWORD": "a-password-that-nobody-guesses"}
    with gatewright(tmp_path, workers=2, **seed(provider, **ui)) as server:
        person(provider, "bob-9", preferred_username="bobby", email="bob@home.local", litellm_role="internal_user")
        with server.admin() as admin:
            made = admin.post("/api/v3/core/users/", json={"username": "bob", "name": "Bob"})
            assert made.status_code == 201, made.text
            invitation = admin.post("/invitation/new", json={"user_id": "bob"}).json()
        tab = Tab(browser, "light", server.url)
        page = tab.page
        page.set_viewport_size({"width": 390, "height": 800})
        # As LiteLLM's documents write the link.
        page.goto(f"{server.url}/ui?invitation_id={invitation['id']}")
        expect(page.get_by_role("heading", level=1, name="You are invited")).to_be_visible()
        tab.check()
        page.get_by_role("button", name=re.compile("Continue with")).click()
        expect(page).to_have_url(re.compile(re.escape(provider)))
        at_provider(page, "bob-9")
        expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
        me = page.request.get(f"{server.url}/api/v1/me").json()
        assert (me["user_id"], me["role"]) == ("bob", "internal_user")
        page.goto(f"{server.url}/ui/onboarding?invitation_id={invitation['id']}")
        expect(page.get_by_text("This invitation was used")).to_be_visible()
        tab.close()
        emergency(browser, server, ui)


def emergency(browser: Browser, server: Gatewright, ui: dict[str, str]) -> None:
    """The account of the variables signs in at its own page, whatever the provider does."""
    tab = Tab(browser, "dark", server.url)
    page = tab.page
    page.goto(f"{server.url}/fallback/login")
    page.get_by_label("Name or e-mail address").fill(ui["UI_USERNAME"])
    page.get_by_label("Password").fill(ui["UI_PASSWORD"])
    tab.check()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    tab.close()
