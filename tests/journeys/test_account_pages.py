"""What people and programs hold, on the dashboard: tokens, consents, sessions, factors, entitlements; and invitations.

One server with the documentation's own blueprint, an administrator, and people who may and may not use its application.
"""

import base64
import hashlib
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.browsers import Tab, sign_in
from tests.mail import MailServer, mail_server
from tests.servers import Gatewright, eventually, gatewright

from gatewright.idp.factors import totp

DOCUMENT = Path(__file__).parents[2] / "docs" / "identity-provider.md"
PASSWORD, SECRET = "correct horse battery", "the-wiki-says-who-it-is"
CALLBACK = "https://wiki.example.com/callback"
CALL = """async ([path, body]) => {
  const headers = { "X-Gatewright-Request": "1", "Content-Type": "application/json" };
  const answer = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  return answer.json();
}"""


@pytest.fixture(scope="module")
def post() -> Iterator[MailServer]:
    """Where messages arrive."""
    with mail_server() as found:
        yield found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, post: MailServer) -> Iterator[Gatewright]:
    """The documented Wiki is for editors: Bob is one, Cyd is none, Ada administers, Vic looks."""
    folder = tmp_path_factory.mktemp("blueprints")
    written = re.search(r"```yaml\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert written
    (folder / "wiki.yaml").write_text(written[1])
    data = tmp_path_factory.mktemp("data")
    env = {"GATEWRIGHT_BLUEPRINTS_DIR": str(folder), "WIKI_SECRET": SECRET, **post.environment}
    with gatewright(data, workers=1, **env) as found:
        people(found)
        yield found


def people(server: Gatewright) -> None:
    with server.admin() as client:
        groups = {one["name"]: one["pk"] for one in client.get("/api/v3/core/groups/").json()["results"]}
        for name, member in (("ada", ["admins"]), ("bob", ["editors"]), ("cyd", []), ("vic", [])):
            fields = {"username": name, "name": name.title(), "email": f"{name}@example.local"}
            sent = {**fields, "email_verified": name == "bob", "groups": [groups[one] for one in member]}
            made = client.post("/api/v3/core/users/", json=sent)
            assert made.status_code == 201, made.text
            person = f"/api/v3/core/users/{made.json()['pk']}"
            assert client.post(f"{person}/set_password/", json={"password": PASSWORD}).is_success
        assert client.patch("/api/v1/users/vic", json={"role": "proxy_admin_viewer"}).is_success


def test_a_plain_person(server: Gatewright, browser: Browser) -> None:
    """Refused where they may not, asked where they may, and in charge of what is theirs."""
    refused(server, browser)
    tab = Tab(browser, "light", server.url)
    access = consent(tab, server)
    only_their_own(tab, server)
    own_token(tab, server)
    take_back(tab, server, access)
    tab.close()


def refused(server: Gatewright, browser: Browser) -> None:
    tab = Tab(browser, "light", server.url)
    page = tab.page
    page.goto(authorize(server)[0])
    sign_in(page, "cyd", PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("You have no access to Wiki")
    expect(page.get_by_role("main")).to_contain_text("cyd@example.local")
    expect(page.get_by_role("main")).to_contain_text(re.compile("Reference .+"))
    tab.look()
    tab.close()


def authorize(server: Gatewright) -> tuple[str, str]:
    """Where the Wiki sends a browser, and the verifier that it keeps."""
    verifier = secrets.token_urlsafe(48)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    asked = {"response_type": "code", "client_id": "wiki", "redirect_uri": CALLBACK, "scope": "openid profile"}
    more = {"state": "s", "code_challenge": challenge, "code_challenge_method": "S256"}
    return f"{server.url}/application/o/authorize/?{urlencode({**asked, **more})}", verifier


def consent(tab: Tab, server: Gatewright) -> str:
    """Signs in to the Wiki; the access token that it gets."""
    page = tab.page
    page.context.route("https://wiki.example.com/**", lambda route: route.fulfill(body="the wiki"))
    address, verifier = authorize(server)
    page.goto(address)
    sign_in(page, "bob", PASSWORD)
    expect(page.get_by_role("heading", level=1)).to_have_text("Allow Wiki to sign you in?")
    expect(page.get_by_role("listitem").filter(has_text="General Profile Information")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("wiki.example.com")
    tab.look()
    press(page, "Allow")
    expect(page).to_have_url(re.compile(re.escape(CALLBACK)))
    (code,) = parse_qs(urlsplit(page.url).query)["code"]
    with server.client() as client:
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": verifier}
        token = client.post("/application/o/token/", data=form, auth=("wiki", SECRET)).json()
        claims = userinfo(server, token["access_token"])
    assert (claims["preferred_username"], claims["groups"]) == ("bob", ["editors"])
    return str(token["access_token"])


def userinfo(server: Gatewright, token: str) -> dict[str, Any]:
    with server.client() as client:
        answer = client.get("/application/o/userinfo/", headers={"Authorization": f"Bearer {token}"})
    found: dict[str, Any] = answer.json() if answer.is_success else {}
    return found


def only_their_own(tab: Tab, server: Gatewright) -> None:
    page = tab.page
    page.goto(f"{server.url}/ui/")
    links = page.get_by_role("navigation", name="Main").get_by_role("link")
    expect(links).to_have_text(["Overview", "My applications", "My account", "Keys", "Models"])
    for address in ("tokens", "invitations", "service-accounts", "signing-keys", "applications/wiki"):
        page.goto(f"{server.url}/ui/{address}")
        expect(page.get_by_role("main")).to_contain_text("Only administrators and viewers")


def own_token(tab: Tab, server: Gatewright) -> None:
    """Made, shown once, used, and deleted."""
    page = tab.page
    page.goto(f"{server.url}/ui/account")
    expect(page.get_by_text("bob@example.local verified")).to_be_visible()
    press(page, "Create token")
    dialog = page.get_by_role("dialog")
    assert dialog.get_by_label("App password").count() == 0  # which is a service account's
    press(dialog, "Create")
    expect(dialog.get_by_label("Identifier")).to_be_focused()
    tab.look()
    dialog.get_by_label("Identifier").fill("bob-script")
    dialog.get_by_label("Description").fill("Counts what I did")
    dialog.get_by_label("Never").check()
    press(dialog, "Create")
    key = dialog.get_by_label("Key", exact=True).inner_text()
    tab.look()
    press(dialog, "Done")
    row = page.get_by_role("list", name="Tokens and App passwords").get_by_role("listitem")
    expect(row).to_contain_text("expires never")
    expect(row.get_by_role("button", name="Show key of bob-script")).to_have_count(0)
    assert key not in page.content()
    with server.client(headers={"Authorization": f"Bearer {key}"}) as client:
        assert client.get("/api/v3/core/users/me/").json()["user"]["username"] == "bob"
        row.get_by_role("button", name="Delete bob-script").click()
        press(dialog, "Delete token")
        expect(row).to_have_count(0)
        assert client.get("/api/v3/core/users/me/").status_code == 401


def take_back(tab: Tab, server: Gatewright, access: str) -> None:
    """Without the consent, what the Wiki holds counts no more."""
    page = tab.page
    agreed = page.get_by_role("list", name="Applications that I agreed to").get_by_role("listitem")
    expect(agreed).to_contain_text("Wiki")
    expect(agreed).to_contain_text("profile")
    tab.look()
    assert userinfo(server, access)
    agreed.get_by_role("button", name="Revoke consent to Wiki").click()
    press(page.get_by_role("dialog"), "Revoke")
    expect(agreed).to_have_count(0)
    assert userinfo(server, access) == {}


def test_an_administrator(server: Gatewright, browser: Browser, post: MailServer) -> None:
    bob, tab = Tab(browser, "light", server.url), Tab(browser, "light", server.url)
    for one, name in ((bob, "bob"), (tab, "ada")):
        one.page.goto(f"{server.url}/ui/")
        sign_in(one.page, name, PASSWORD)
        expect(one.page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    mail(tab, post)
    invite(tab, server, browser, post)
    service_account(tab, server)
    everybody_s_tokens(tab)
    entitlement(tab)
    rotate_secret(tab, server)
    registration_token(tab, server)
    signing_keys(tab)
    somebody_else(tab, bob, server, post)
    on_a_phone(tab, server)
    bob.close()
    tab.close()


def mail(tab: Tab, post: MailServer) -> None:
    """A test message, and a link that proves one's own address."""
    page = tab.page
    nav(page, "E-mail")
    press(page, "Send me a test")
    expect(page.get_by_role("status").filter(has_text="ada@example.local")).to_contain_text("250 taken")
    tab.look()
    nav(page, "My account")
    expect(page.get_by_text("ada@example.local not verified")).to_be_visible()
    press(page, "Send me a link to verify it")
    page.goto(arrived(post, "ada@example.local", "/verify"))
    press(page, "Confirm")
    expect(page.get_by_role("heading", level=1)).to_have_text("Your address is confirmed")
    page.goto(urljoin(page.url, "/ui/account"))
    expect(page.get_by_text("ada@example.local verified")).to_be_visible()
    expect(page.get_by_role("button", name="Send me a link to verify it")).to_have_count(0)


def arrived(post: MailServer, address: str, part: str) -> str:
    """The link with that part, out of the message to that address; other notices may come before and after."""

    def links() -> list[str]:
        texts = [post.text(n) for n, one in enumerate(post.envelopes) if one.rcpt_tos == [address]]
        return [line for text in texts for line in text.splitlines() if line.startswith("http") and part in line]

    eventually(lambda: bool(links()), f"a message to {address} arrives", 20)
    return links()[-1]


def invite(tab: Tab, server: Gatewright, browser: Browser, post: MailServer) -> None:
    """By keyboard; the link that was sent is the good one, and makes an account with what was fixed for it."""
    page = tab.page
    nav(page, "Invitations")
    opener = page.get_by_role("button", name="Invite somebody")
    opener.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.type("new-editor")
    dialog.get_by_label("editors").check()
    dialog.get_by_text("Fixed data").click()
    dialog.get_by_label("E-mail address").fill("dee@example.local")
    dialog.get_by_label("Attributes").fill("{not json")
    press(dialog, "Create invitation")
    expect(dialog.get_by_label("Attributes")).to_be_focused()
    expect(dialog.get_by_label("Attributes")).to_have_accessible_description(re.compile("This is not JSON"))
    tab.look()
    dialog.get_by_label("Attributes").fill('{"department": "Research"}')
    press(dialog, "Create invitation")
    shown = dialog.get_by_label("Invitation link", exact=True).inner_text()
    press(dialog, "Send by e-mail")
    expect(dialog.get_by_label("E-mail addresses")).to_have_value("dee@example.local")
    press(dialog, "Send by e-mail")
    expect(dialog).to_be_hidden()
    link = arrived(post, "dee@example.local", "itoken=")
    assert link != shown
    assert tab.page.request.get(shown).status == 403
    row = page.get_by_role("row").filter(has_text="new-editor")
    expect(row).to_contain_text("dee@example.local, attributes")
    expect(row).to_contain_text("open")
    tab.look()
    accept(browser, server, link)
    page.reload()
    expect(row).to_contain_text("used")
    expect(row.get_by_role("button", name="Send new-editor by e-mail")).to_have_count(0)
    row.get_by_role("button", name="Delete new-editor").click()
    press(page.get_by_role("dialog"), "Delete invitation")
    expect(page.get_by_role("main")).to_contain_text("There are no invitations.")
    with server.admin() as client:
        (dee,) = client.get("/api/v3/core/users/?username=dee").json()["results"]
    assert (dee["email"], dee["attributes"]) == ("dee@example.local", {"department": "Research"})
    assert [group["name"] for group in dee["groups_obj"]] == ["editors"]


def accept(browser: Browser, server: Gatewright, link: str) -> None:
    guest = Tab(browser, "light", server.url)
    page = guest.page
    page.goto(link)
    expect(page.get_by_label("E-mail address")).not_to_be_editable()
    page.get_by_label("Username").fill("dee")
    page.get_by_label("Name", exact=True).fill("Dee")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    press(page, "Create account")
    page.goto(f"{server.url}/ui/")
    sign_in(page, "dee", PASSWORD)
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    guest.close()


def service_account(tab: Tab, server: Gatewright) -> None:
    page = tab.page
    nav(page, "Service accounts")
    press(page, "Create")
    dialog = page.get_by_role("dialog")
    press(dialog, "Create")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    tab.look()
    dialog.get_by_label("Name", exact=True).fill("nightly")
    dialog.get_by_label("Create a group for it").check()
    press(dialog, "Create")
    password = dialog.get_by_label("App password", exact=True).inner_text()
    press(dialog, "Done")
    expect(page.get_by_role("heading", level=1, name="nightly")).to_be_visible()
    expect(page.get_by_role("list", name="Tokens and App passwords")).to_contain_text("App password")
    expect(page.get_by_role("button", name="Set password")).to_have_count(0)
    expect(page.get_by_role("main").get_by_role("link", name="nightly")).to_be_visible()
    assert password not in page.content()
    tab.look()


def everybody_s_tokens(tab: Tab) -> None:
    page = tab.page
    nav(page, "Tokens", title="Tokens and App passwords")
    row = page.get_by_role("row").filter(has_text="service-account-nightly-password")
    expect(row.get_by_role("link", name="nightly")).to_be_visible()
    tab.look()
    row.get_by_role("button", name="Delete").click()
    press(page.get_by_role("dialog"), "Delete token")
    expect(page.get_by_role("main")).to_contain_text("There are no tokens yet.")


def entitlement(tab: Tab) -> None:
    page = tab.page
    nav(page, "Applications")
    page.get_by_role("main").get_by_role("link", name="Wiki").first.click()
    press(page, "Create entitlement")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("publisher")
    dialog.get_by_label("Attributes").fill("[]")
    press(dialog, "Create")
    expect(dialog.get_by_label("Attributes")).to_be_focused()
    dialog.get_by_label("Attributes").fill('{"seats": 3}')
    press(dialog, "Create")
    expect(page.get_by_role("heading", level=1, name="publisher")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text('"seats": 3')
    press(page, "Add somebody")
    dialog.get_by_label("Group", exact=True).select_option("editors")
    press(dialog, "Add")
    expect(page.get_by_role("list", name="Who has it")).to_contain_text("editors")
    tab.look()
    press(page, "Edit")
    dialog.get_by_label("Name", exact=True).fill("press")
    press(dialog, "Save")
    expect(page.get_by_role("heading", level=1, name="press")).to_be_visible()
    press(page, "Delete")
    press(dialog, "Delete entitlement")
    expect(page.get_by_role("heading", level=1, name="Wiki")).to_be_visible()
    expect(page.get_by_role("main")).to_contain_text("None. An entitlement says")


def rotate_secret(tab: Tab, server: Gatewright) -> None:
    """Beside the new secret the old one goes on for a day."""
    page = tab.page
    nav(page, "Providers")
    page.get_by_role("main").get_by_role("link", name="Wiki").first.click()
    press(page, "Rotate secret")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("The secret of now goes on for")).to_have_value("24h")
    press(dialog, "Make a new secret")
    fresh = dialog.get_by_label("Client Secret", exact=True).inner_text()
    expect(dialog).to_contain_text("The one before counts until")
    press(dialog, "Done")
    with server.client() as client:
        for secret, status in ((fresh, 200), (SECRET, 200), ("another", 401)):
            found = client.post("/application/o/introspect/", data={"token": "x"}, auth=("wiki", secret))
            assert found.status_code == status, found.text


def registration_token(tab: Tab, server: Gatewright) -> None:
    """One client registers itself with it, and then no other."""
    page = tab.page
    nav(page, "Registration tokens")
    press(page, "Create")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Clients").fill("0")
    press(dialog, "Create")
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    dialog.get_by_label("Name", exact=True).fill("for the partner")
    dialog.get_by_label("Application").select_option("Wiki")
    dialog.get_by_label("editors").check()
    press(dialog, "Create")
    expect(dialog.get_by_label("Clients")).to_be_focused()
    tab.look()
    dialog.get_by_label("Clients").fill("1")
    press(dialog, "Create")
    token = dialog.get_by_label("Registration token", exact=True).inner_text()
    expect(dialog).to_contain_text(f"{server.url}/application/o/wiki/register/")
    press(dialog, "Done")
    row = page.get_by_role("row").filter(has_text="for the partner")
    expect(row).to_contain_text("0 of 1")
    with server.client(headers={"Authorization": f"Bearer {token}"}) as client:
        metadata = {"client_name": "Partner", "redirect_uris": ["https://partner.example/callback"]}
        assert client.post("/application/o/wiki/register/", json=metadata).status_code == 201
        # As long as no token is good, there is nothing there.
        assert client.post("/application/o/wiki/register/", json=metadata).status_code == 404
    page.reload()
    expect(row).to_contain_text("used up")
    expect(row.get_by_role("button", name="Revoke for the partner")).to_have_count(0)
    tab.look()


def signing_keys(tab: Tab) -> None:
    """The next key is published beside the one that signs."""
    page = tab.page
    nav(page, "Signing keys")
    keys = page.get_by_role("list", name="Published keys").get_by_role("listitem")
    expect(keys).to_have_count(3)
    press(page, "Rotate")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Algorithm").select_option("EdDSA")
    tab.look()
    press(dialog, "Rotate")
    expect(keys).to_have_count(4)
    expect(keys.filter(has_text="EdDSA").filter(has_text="next")).to_contain_text("clients have to learn of it")
    tab.look()


def somebody_else(tab: Tab, theirs: Tab, server: Gatewright, post: MailServer) -> None:
    """A recovery link is sent to them, their second factors are reset, and their sessions are ended."""
    begun = theirs.page.evaluate(CALL, ["/api/v1/me/security/apps", {"password": PASSWORD}])
    code = totp.code_at(base64.b32decode(begun["secret"]), int(time.time()) // 30)
    theirs.page.evaluate(CALL, [f"/api/v1/me/security/apps/{begun['id']}/confirm", {"code": code}])
    # The overview asks again by itself: without a session it would go to the sign-in in the middle of the visit below.
    theirs.page.goto("about:blank")
    page = tab.page
    nav(page, "Users")
    page.get_by_role("link", name="Bob").click()
    expect(page.get_by_role("list", name="Second factors")).to_contain_text("Authenticator app")
    expect(page.get_by_role("main")).to_contain_text("10 recovery codes left")
    expect(page.get_by_role("list", name="Sessions").get_by_role("listitem").first).to_contain_text("Chrome on Linux")
    tab.look()
    press(page, "Recovery link")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Send it by e-mail").check()
    press(dialog, "Send the link")
    expect(dialog).to_be_hidden()
    assert arrived(post, "bob@example.local", "/recovery/use-token/").startswith(server.url)
    press(page, "Reset factors")
    press(page.get_by_role("dialog"), "Reset factors")
    expect(page.get_by_role("main")).to_contain_text("None: the password alone signs them in.")
    sessions = page.get_by_role("list", name="Sessions").get_by_role("listitem")
    while (count := sessions.count()) > 0:
        sessions.first.get_by_role("button", name="End session of Chrome on Linux").click()
        press(page.get_by_role("dialog"), "End session")
        expect(sessions).not_to_have_count(count)
    theirs.page.goto(f"{server.url}/ui/")
    expect(theirs.page.get_by_label("Email or username")).to_be_visible()


def on_a_phone(tab: Tab, server: Gatewright) -> None:
    page = tab.page
    page.set_viewport_size({"width": 375, "height": 740})
    for address, seen in (
        ("invitations?new=invitation", "Fixed data"),
        ("tokens?new=token", "Identifier"),
        ("service-accounts", re.compile(r"(no|\d) service account")),
        ("signing-keys", "EdDSA"),
        ("account", "Applications that I agreed to"),
        ("applications/wiki", "Entitlements"),
    ):
        page.goto(f"{server.url}/ui/{address}")
        expect(page.get_by_text(seen).first).to_be_visible()
        wide, room = page.evaluate("() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide <= room, address
    tab.look()


def test_a_viewer_sees_everything_and_changes_nothing(server: Gatewright, browser: Browser) -> None:
    tab = Tab(browser, "light", server.url)
    page = tab.page
    page.goto(f"{server.url}/ui/property-mappings")
    sign_in(page, "vic", PASSWORD)
    page.get_by_role("link", name="LiteLLM Role").click()
    expect(page.get_by_role("region", name="Expression")).to_contain_text("ak_is_group_member")
    main = page.get_by_role("main")
    for seen in ("litellm_role", "Your role in the gateway", "a sign-in where it fails is refused", "LiteLLM Provider"):
        expect(main).to_contain_text(seen)
    tab.look()
    changes = re.compile(
        r"^(Add|Create|Invite|Rotate|Delete|Edit|Save|Set|Reset|Revoke|End|Deactivate|Remove|Send|Show key)\b"
    )
    for address, text in (
        ("property-mappings", "LiteLLM Role"),
        ("applications/wiki", "Who may use it"),
        ("providers/2", "Access token validity"),
        ("users/2", "Sessions"),
        ("groups", "editors"),
        ("service-accounts", re.compile(r"(no|\d) service account")),
        ("tokens", re.compile(r"(no|\d) token")),
        ("invitations", "There are no invitations."),
        ("signing-keys", "RS256"),
        ("registration-tokens", re.compile(r"no registration tokens|\d registration token")),
        ("email", "127.0.0.1"),
    ):
        page.goto(f"{server.url}/ui/{address}")
        expect(main).to_contain_text(text)
        expect(main.get_by_role("button", name=changes)).to_have_count(0)
    tab.close()


def nav(page: Page, name: str, title: str | None = None) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", level=1, name=title or name)).to_be_visible()


def press(place: Page | Locator, name: str) -> None:
    place.get_by_role("button", name=name, exact=True).click()
