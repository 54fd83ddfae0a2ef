"""The set-up guide's three tables, followed word for word on the dashboard; then a client signs in with the claim."""

import base64
import hashlib
import re
import secrets
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.browsers import Tab, sign_in
from tests.servers import Gatewright, free_port, gatewright

NAME, PASSWORD = "ada@example.local", "correct horse battery"
CALLBACK = "https://llm.yourdomain.com/sso/callback"
SECRET = "litellm-client-secret"
LOST = 'if ak_is_group_member(request.user, name="admins"):\nreturn {"litellm_role": "proxy_admin"}'


@pytest.fixture
def place(browser: Browser, tmp_path: Path) -> Iterator[tuple[Tab, Gatewright]]:
    """An administrator who is signed in. The dashboard has a client of another name, so the guide's names are free."""
    port = free_port()
    env = as_client_of(f"http://localhost:{port}")
    with gatewright(tmp_path, port=port, **env) as server:
        own_client(server)
        tab = Tab(browser, "light", server.url)
        page = tab.page
        page.goto(f"{server.url}/ui/")
        sign_in(page, NAME, PASSWORD)
        expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
        yield tab, server
        tab.close()


def as_client_of(origin: str) -> dict[str, Any]:
    """The variables of a gateway whose provider happens to be its own, under another client."""
    return {
        "GENERIC_CLIENT_ID": "dashboard",
        "GENERIC_CLIENT_SECRET": SECRET,
        "GENERIC_AUTHORIZATION_ENDPOINT": f"{origin}/application/o/authorize/",
        "GENERIC_TOKEN_ENDPOINT": f"{origin}/application/o/token/",
        "GENERIC_USERINFO_ENDPOINT": f"{origin}/application/o/userinfo/",
        "GENERIC_SCOPE": "openid profile email litellm_role",
        "GENERIC_USER_ROLE_ATTRIBUTE": "litellm_role",
        # The provider's people are rows of the same directory: their names are taken.
        "GENERIC_USER_ID_ATTRIBUTE": "email",
        "AUTO_REDIRECT_UI_LOGIN_TO_SSO": "true",
        "GATEWRIGHT_ALLOWED_NETWORKS": "127.0.0.0/8",
    }


def own_client(server: Gatewright) -> None:
    """Makes the dashboard's client and its administrator, by API."""
    with server.admin() as client:

        def made(path: str, fields: Mapping[str, object]) -> dict[str, Any]:
            answer = client.post(f"/api/v3{path}", json=fields)
            assert answer.status_code in (201, 204), answer.text
            found: dict[str, Any] = answer.json() if answer.content else {}
            return found

        role = {"name": "Role", "scope_name": "litellm_role", "expression": 'return {"litellm_role": "proxy_admin"}'}
        scopes = [made("/propertymappings/provider/scope/", role)["pk"]]
        packaged = client.get("/api/v3/propertymappings/provider/scope/?managed__isnull=false").json()["results"]
        scopes += [one["pk"] for one in packaged if one["scope_name"] in ("openid", "email", "profile")]
        uri = {"url": f"{server.url}/sso/callback", "matching_mode": "strict"}
        provider = made(
            "/providers/oauth2/",
            {
                "name": "Dashboard",
                "client_id": "dashboard",
                "client_secret": SECRET,
                "redirect_uris": [uri],
                "property_mappings": scopes,
                "sub_mode": "user_username",
            },
        )
        made("/core/applications/", {"name": "Dashboard", "slug": "dashboard", "provider": provider["pk"]})
        ada = made("/core/users/", {"username": "ada", "name": "Ada", "email": NAME})["pk"]
        made(f"/core/users/{ada}/set_password/", {"password": PASSWORD})


def test_the_guide_word_for_word(place: tuple[Tab, Gatewright]) -> None:
    tab, server = place
    make_room(tab)
    scope_mapping(tab)
    provider(tab)
    application(tab, server)
    assert claims(tab.page, server)["litellm_role"] == "proxy_admin"
    try_the_mapping(tab)
    who_may_use_it(tab, server)
    on_a_phone(tab, server)


def make_room(tab: Tab) -> None:
    """The gateway's own objects have the guide's names: away with them, from the application down."""
    page = tab.page
    nav(page, "Applications")
    page.get_by_role("main").get_by_role("link", name="LiteLLM", exact=True).click()
    delete(tab, "litellm")
    nav(page, "Providers")
    page.get_by_role("main").get_by_role("link", name="LiteLLM Provider").click()
    expect(page.get_by_role("main")).to_contain_text("No application has this provider yet")
    delete(tab, None)
    nav(page, "Property Mappings")
    page.get_by_role("main").get_by_role("link", name="LiteLLM Role").click()
    delete(tab, None)


def scope_mapping(tab: Tab) -> None:
    """Customization, Property Mappings, Create, Scope Mapping."""
    page = tab.page
    nav(page, "Property Mappings", under="Customization")
    page.get_by_role("button", name="Create", exact=True).click()
    tab.look()
    page.get_by_role("button", name="Scope Mapping").click()
    expect(page.get_by_role("heading", level=1, name="Create Scope Mapping")).to_be_visible()
    press(page, "Create")
    expect(page.get_by_label("Name", exact=True)).to_be_focused()
    tab.look()
    page.get_by_label("Name", exact=True).fill("LiteLLM Role")
    page.get_by_label("Scope name").fill("litellm_role")
    expression = page.get_by_label("Expression")
    expression.fill(LOST)
    press(page, "Create")
    expect(expression).to_be_focused()
    expect(expression).to_have_accessible_description(re.compile("Line 2"))
    page.get_by_role("button", name="Use the mended text").click()
    expect(expression).to_have_value(LOST.replace("\nreturn", "\n    return") + "\n")
    tabs_are_safe(page, expression)
    expression.fill('return {"litellm_role": "proxy_admin"}')
    press(page, "Create")
    expect(page.get_by_role("heading", level=1, name="Property Mappings")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="LiteLLM Role")).to_contain_text("litellm_role")
    tab.look()


def tabs_are_safe(page: Page, expression: Locator) -> None:
    """Tab indents once somebody types, and leaves after Escape."""
    expression.fill("")
    expression.press("x")
    expression.press("Tab")
    expect(expression).to_have_value("x    ")
    expect(expression).to_be_focused()
    expression.press("Escape")
    expression.press("Tab")
    expect(page.get_by_label("Description")).to_be_focused()


def provider(tab: Tab) -> None:
    """Applications, Providers, Create, OAuth2/OpenID Provider."""
    page = tab.page
    nav(page, "Providers", under="Applications")
    page.get_by_role("button", name="Create", exact=True).click()
    page.get_by_role("button", name="OAuth2/OpenID Provider").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("LiteLLM Provider")
    dialog.get_by_label("Authorization flow").select_option("default-provider-authorization-implicit-consent")
    dialog.get_by_label("Confidential").check()
    dialog.get_by_label("Client ID").fill("litellm")
    dialog.get_by_label("Client Secret").fill("short")
    dialog.get_by_label("Redirect URIs").fill("javascript:alert(1)")
    dialog.get_by_text("Advanced protocol settings").click()
    dialog.get_by_label("Access token validity").fill("soon")
    dialog.get_by_text("Advanced protocol settings").click()
    press(dialog, "Create")
    expect(dialog.get_by_label("Client Secret")).to_be_focused()
    expect(dialog.get_by_label("Redirect URIs")).to_have_accessible_description(re.compile("refused"))
    expect(dialog.get_by_label("Access token validity")).to_have_attribute("aria-invalid", "true")
    tab.look()
    dialog.get_by_label("Access token validity").fill("minutes=5")
    dialog.get_by_label("Device code").check()
    dialog.get_by_label("JWKS").fill("no keys")
    press(dialog, "Create")
    expect(dialog.get_by_label("JWKS")).to_be_focused()
    dialog.get_by_label("JWKS").fill("")
    dialog.get_by_label("Client Secret").fill(SECRET)
    dialog.get_by_label("Redirect URIs").fill(CALLBACK)
    for scope in ("openid", "profile", "email", "LiteLLM Role"):
        dialog.get_by_label(scope, exact=False).first.check()
    dialog.get_by_label("Subject mode").select_option("Based on the User's Username")
    press(dialog, "Create")
    # A secret that was given is shown as well, this once.
    expect(dialog.get_by_label("Client Secret", exact=True)).to_have_text(SECRET)
    press(dialog, "Done")
    expect(page.get_by_role("heading", level=1, name="LiteLLM Provider")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Based on the User's Username")
    expect(page.get_by_role("main")).to_contain_text("Authorization code, Refresh token, Device code")
    assert SECRET not in page.content()
    tab.look()


def application(tab: Tab, server: Gatewright) -> None:
    """Applications, Applications, Create."""
    page = tab.page
    nav(page, "Applications", under="Applications")
    press(page, "Create")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("LiteLLM")
    expect(dialog.get_by_label("Slug")).to_have_value("litellm")
    dialog.get_by_label("Slug").fill("no slug")
    press(dialog, "Create")
    expect(dialog.get_by_label("Slug")).to_be_focused()
    tab.look()
    dialog.get_by_label("Slug").fill("litellm")
    dialog.get_by_label("Provider").select_option("LiteLLM Provider")
    dialog.get_by_label("Launch URL").fill("https://llm.yourdomain.com/ui")
    press(dialog, "Create")
    expect(page.get_by_role("heading", level=1, name="LiteLLM")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("Everybody who can sign in")
    tab.look()
    for hidden, words in ((True, "hidden"), (False, "shown")):
        press(page, "Edit")
        dialog.get_by_label("Hidden").set_checked(hidden)
        press(dialog, "Save")
        expect(dialog).to_be_hidden()
        expect(page.get_by_role("main")).to_contain_text(f"In My applications{words}")
    page.get_by_role("link", name="LiteLLM Provider").click()
    addresses = page.get_by_role("list", name="Addresses")
    for path in ("authorize/", "token/", "userinfo/", "litellm/end-session/"):
        expect(addresses).to_contain_text(f"{server.url}/application/o/{path}")


def claims(page: Page, server: Gatewright) -> dict[str, object]:
    """What userinfo says after a sign-in through the new provider."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {
        "response_type": "code",
        "client_id": "litellm",
        "redirect_uri": CALLBACK,
        "scope": "openid profile email litellm_role",
        "state": "s",
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    address = f"{server.url}/application/o/authorize/?{urlencode(asked)}"
    while not address.startswith(CALLBACK):
        # The browser is signed in already, so every answer leads on.
        answer = page.request.get(address, max_redirects=0)
        assert answer.status in (302, 303), answer.text()
        address = urljoin(address, answer.headers["location"])
    (code,) = parse_qs(urlsplit(address).query)["code"]
    with server.client() as client:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": verifier}
        token = client.post("/application/o/token/", data=form, auth=("litellm", SECRET)).json()
        assert token["expires_in"] == 300
        bearer = {"Authorization": f"Bearer {token['access_token']}"}
        found: dict[str, object] = client.get("/application/o/userinfo/", headers=bearer).json()
    page.goto(f"{server.url}/ui/property-mappings")
    return found


def try_the_mapping(tab: Tab) -> None:
    """The draft runs as it stands in the form; what is saved stays as it is."""
    page = tab.page
    page.get_by_role("main").get_by_role("link", name="LiteLLM Role").click()
    page.get_by_label("Expression").fill('print("hello there")\nreturn {"litellm_role": "internal_user", "x": None}')
    press(page, "Test")
    # Nobody was chosen yet: said in words, and where to mend it.
    user = page.get_by_label("User", exact=True)
    expect(user).to_be_focused()
    expect(user).to_have_accessible_description("Choose somebody.")
    page.get_by_label("Find people").fill("ada")
    expect(user.get_by_role("option").first).to_contain_text("Ada")
    page.get_by_label("Application").select_option("LiteLLM")
    press(page, "Test")
    result = page.get_by_role("status").filter(has_text="Result")
    expect(result).to_contain_text('"litellm_role": "internal_user"')
    expect(result).to_contain_text("hello there")
    page.get_by_text("Userinfo", exact=True).click()
    expect(page.get_by_role("region", name="Userinfo")).to_contain_text('"litellm_role": "internal_user"')
    expect(result.get_by_text("ID token", exact=True)).to_be_visible()
    expect(result.get_by_text("Access token", exact=True)).to_be_visible()
    tab.look()
    page.get_by_label("Scopes").fill("openid")
    press(page, "Test")
    missing = page.get_by_role("list", name="Missing claims")
    expect(missing).to_contain_text("its scope was not asked for")
    page.get_by_label("Scopes").fill("")
    page.get_by_label("Expression").fill("x = 1\nreturn x.nothing")
    press(page, "Test")
    expect(result).to_contain_text("Line 2")
    page.reload()
    expect(page.get_by_label("Expression")).to_have_value('return {"litellm_role": "proxy_admin"}')


def who_may_use_it(tab: Tab, server: Gatewright) -> None:
    page = tab.page
    page.goto(f"{server.url}/ui/applications/litellm")
    page.get_by_role("button", name="Add somebody").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Group", exact=True).select_option("admins")
    press(dialog, "Add")
    allowed = page.get_by_role("list", name="Who may use it")
    expect(allowed).to_contain_text("admins")
    page.get_by_role("button", name="Add somebody").click()
    dialog.get_by_label("One user").check()
    dialog.get_by_label("Find people").fill("ada")
    expect(dialog.get_by_label("User", exact=True).get_by_role("option").first).to_contain_text("ada")
    press(dialog, "Add")
    expect(allowed.get_by_role("listitem")).to_have_count(2)
    page.get_by_role("button", name="Remove admins").click()
    press(dialog, "Remove")
    expect(allowed.get_by_role("listitem")).to_have_count(1)


def on_a_phone(tab: Tab, server: Gatewright) -> None:
    page = tab.page
    page.set_viewport_size({"width": 375, "height": 740})
    opened = (
        "applications",
        "providers",
        "property-mappings",
        "applications?new=application",
        "providers?new=provider",
    )
    for address in (*opened, "applications/litellm"):
        page.goto(f"{server.url}/ui/{address}")
        expect(page.get_by_role("main").get_by_text("LiteLLM").first).to_be_visible()
        fits(page)
    page.get_by_role("link", name="LiteLLM Provider").click()
    expect(page.get_by_role("list", name="Addresses")).to_be_visible()
    fits(page)
    tab.look()
    page.goto(f"{server.url}/ui/property-mappings/new")
    expect(page.get_by_label("Expression")).to_be_visible()
    fits(page)
    tab.look()


def delete(tab: Tab, typed: str | None) -> None:
    page = tab.page
    press(page, "Delete")
    dialog = page.get_by_role("dialog")
    if typed is not None:
        dialog.get_by_role("textbox").fill(typed)
    dialog.get_by_role("button", name=re.compile("^Delete")).click()
    expect(dialog).to_be_hidden()


def nav(page: Page, name: str, under: str | None = None) -> None:
    menu = page.get_by_role("navigation", name="Main")
    if under is not None:
        expect(menu.get_by_text(under, exact=True).first).to_be_visible()
    menu.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def press(place: Page | Locator, name: str) -> None:
    place.get_by_role("button", name=name, exact=True).click()


def fits(page: Page) -> None:
    """Nothing stands out at the side of the page."""
    wide, room = page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide <= room
