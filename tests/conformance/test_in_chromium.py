"""Consent and form_post in a real browser, with a client on another origin: pages, script and policy work together."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect
from tests.browsers import Tab, chromium_path, launched, sign_in
from tests.conftest import missing
from tests.servers import Gatewright

from .conftest import NAME, PASSWORD, SECRET

ARRIVED = """<!doctype html><title>Client</title><h1>Arrived</h1>
<script>if (window.opener) { window.opener.postMessage(location.search, location.origin); window.close(); }</script>"""
POPUP = """<!doctype html><title>Client</title><h1>Not yet</h1><button>Sign in</button><script>
document.querySelector("button").onclick = () => window.open(decodeURIComponent(location.hash.slice(1)), "provider");
addEventListener("message", (event) => {
  if (event.origin === location.origin) document.querySelector("h1").textContent = `Heard ${event.data}`;
});
</script>"""


class Client:
    """A web application on loopback that shows what it received."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict[str, str]]] = []
        client = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                client.take(self, "GET", urlsplit(self.path).query)

            def do_POST(self) -> None:
                client.take(self, "POST", self.rfile.read(int(self.headers["content-length"])).decode())

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/cb"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, handler: BaseHTTPRequestHandler, method: str, encoded: str) -> None:
        if urlsplit(handler.path).path == "/cb":
            self.received.append((method, {name: values[0] for name, values in parse_qs(encoded).items()}))
        page = (POPUP if urlsplit(handler.path).path == "/popup" else ARRIVED).encode()
        handler.send_response(200)
        handler.send_header("content-type", "text/html")
        handler.send_header("content-length", str(len(page)))
        handler.end_headers()
        handler.wfile.write(page)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    if chromium_path() is None:
        missing("Chromium")
    with launched() as found:
        yield found


@pytest.fixture
def client(server: Gatewright) -> Iterator[Client]:
    """Registered with explicit consent."""
    made = Client()
    flow = "default-provider-authorization-explicit-consent"
    with server.admin() as http:
        flows = http.get("/api/v3/flows/instances/", params={"slug": flow}).json()["results"]
        name = f"app-{made.server.server_address[1]}"
        provider = {
            "name": name,
            "client_id": name,
            "client_secret": SECRET,
            "authorization_flow": flows[0]["pk"],
            "redirect_uris": [{"matching_mode": "strict", "url": made.url}],
        }
        answer = http.post("/api/v3/providers/oauth2/", json=provider)
        assert answer.status_code == 201, answer.text
        app = {"name": "Other App", "slug": name, "provider": answer.json()["pk"]}
        assert http.post("/api/v3/core/applications/", json=app).status_code == 201
    yield made
    made.server.shutdown()
    made.server.server_close()


def test_a_popup_tells_the_page_that_opened_it(server: Gatewright, chromium: Chromium, client: Client) -> None:
    """Through every page of a first sign-in: password, consent, and the client's own at the end."""
    tab = Tab(chromium, "light", server.url)
    page = tab.page
    page.goto(f"{client.url.removesuffix('/cb')}/popup#{quote(request(server, client), safe='')}")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Sign in").click()
    popup = opened.value
    sign_in(popup, NAME, PASSWORD)
    popup.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="Heard ?code=")).to_be_visible()
    if not popup.is_closed():
        popup.wait_for_event("close")
    assert tab.complaints == []
    tab.close()


def request(server: Gatewright, client: Client, **more: str) -> str:
    usual = {"client_id": f"app-{client.server.server_address[1]}", "response_type": "code", "scope": "openid"}
    query = {**usual, "redirect_uri": client.url, "state": "s", **more}
    return f"{server.url}/application/o/authorize/?{urlencode(query)}"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_consent_choice_and_form_post(server: Gatewright, chromium: Chromium, client: Client, scheme: str) -> None:
    tab = Tab(chromium, scheme, server.url)
    page = tab.page
    page.goto(request(server, client))
    sign_in(page, NAME, PASSWORD)
    expect(page.get_by_role("heading", level=1, name="Allow Other App to sign you in?")).to_be_visible()
    tab.check()
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("heading", name="Arrived")).to_be_visible()
    assert client.received[-1][1]["error"] == "access_denied"
    page.goto(request(server, client))
    page.get_by_role("button", name="Allow").click()
    expect(page.get_by_role("heading", name="Arrived")).to_be_visible()
    assert (client.received[-1][0], "code" in client.received[-1][1]) == ("GET", True)
    page.goto(request(server, client, prompt="select_account"))
    expect(page.get_by_role("button", name=f"Continue as {NAME}")).to_be_visible()
    tab.check()
    page.get_by_role("button", name=f"Continue as {NAME}").click()
    expect(page.get_by_role("heading", name="Arrived")).to_be_visible()
    page.goto(request(server, client, response_mode="form_post"))
    expect(page.get_by_role("heading", name="Arrived")).to_be_visible()
    method, members = client.received[-1]
    assert (method, members["state"]) == ("POST", "s")
    assert members["code"]
    assert tab.complaints == []
    tab.close()


def test_form_post_without_script_is_one_button(server: Gatewright, chromium: Chromium, client: Client) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(request(server, client, response_mode="form_post"))
    sign_in(page, NAME, PASSWORD)
    page.get_by_role("button", name="Allow").click()
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Arrived")).to_be_visible()
    assert client.received[-1][0] == "POST"
    context.close()
