"""A sign-in that is ended at the provider ends the dashboard on every worker, and "This was not me" ends them all.

The client of the dashboard has a logout address here too, so that the running server sends its notice; another client
hears of the last sign-out in a frame.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browsers import Tab, sign_in
from tests.conftest import new_database
from tests.servers import Gatewright, eventually, gatewright
from tests.unit.idp.tokens.test_logout_notices import receiver

from gatewright.idp.logout_notices import EVENT
from gatewright.oidc.jwt import unverified_claim

NAME, PASSWORD = "ada@example.local", "correct horse battery"
FRESH = "a newer horse battery"
SECRET = "a-secret-of-thirty-two-letters!!"
PROVIDERS = "/api/v3/providers/oauth2/"
SESSIONS = "/api/v3/core/authenticated_sessions/"
CSRF = {"X-Gatewright-Request": "1"}


class Application:
    """A web application on loopback, of another origin than the provider, that hears of sign-outs in a frame."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.frames: list[tuple[dict[str, list[str]], str | None]] = []

    def registration(self) -> dict[str, Any]:
        return {
            "name": "framed",
            "client_id": "framed",
            "client_secret": SECRET,
            "redirect_uris": [{"matching_mode": "strict", "url": f"{self.url}/cb"}],
            "logout_uri": f"{self.url}/front?tenant=1",
            "logout_method": "frontchannel",
        }

    def request(self) -> str:
        query = {"client_id": "framed", "response_type": "code", "scope": "openid", "redirect_uri": f"{self.url}/cb"}
        return urlencode(query)

    def session_of(self, server: Gatewright, address: str) -> str:
        """The session that the code in the address was issued in, as the ID token names it."""
        [code] = parse_qs(urlsplit(address).query)["code"]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": f"{self.url}/cb"}
        with server.client() as http:
            answer = http.post("/application/o/token/", data=form, auth=("framed", SECRET))
        assert answer.status_code == 200, answer.text
        return str(unverified_claim(answer.json()["id_token"], "sid", kind="id_token"))


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_dashboards_end_with_their_sign_in(
    database: str, browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with (
        new_database(request, database) as url,
        gatewright(
            tmp_path,
            DATABASE_URL=url,
            GATEWRIGHT_ADMIN_EMAIL=NAME,
            GATEWRIGHT_ADMIN_PASSWORD=PASSWORD,
            GATEWRIGHT_ALLOWED_NETWORKS="127.0.0.0/8",
        ) as server,
        receiver() as client,
        web_application() as frame,
    ):
        hears_of_it(server, client.url)
        tab, other = Tab(browser, "light", server.url), Tab(browser, "light", server.url)
        signed_in(tab.page, server, PASSWORD)
        signed_in(other.page, server, PASSWORD)
        an_administrator_ends_a_sign_in(tab.page, server)
        assert [alive(one.page, server) for one in (tab, other)] == [False, True]
        eventually(lambda: bool(client.requests), "the logout notice")
        [token] = client.requests[0][2]["logout_token"]
        assert unverified_claim(token, "events", kind="logout_token") == {EVENT: {}}
        # The provider knows this browser no more either: it asks.
        signed_in(tab.page, server, PASSWORD)
        it_was_not_me(tab.page, server)
        assert [alive(one.page, server) for one in (tab, other)] == [False, False]
        tab.page.goto(f"{server.url}/ui/")
        sign_in(tab.page, NAME, PASSWORD)
        expect(tab.page.get_by_text("do not belong together")).to_be_visible()
        signed_in(tab.page, server, FRESH)
        a_sign_out_reaches_a_client_in_its_frame(tab, server, frame)
        tab.close()
        other.close()


def hears_of_it(server: Gatewright, url: str) -> None:
    """Gives the dashboard's client a back-channel address."""
    with server.admin() as http:
        [row] = http.get(PROVIDERS).json()["results"]
        answer = http.patch(f"{PROVIDERS}{row['pk']}/", json={"logout_uri": url})
        assert answer.status_code == 200, answer.text


def signed_in(page: Page, server: Gatewright, password: str) -> None:
    page.goto(f"{server.url}/ui/")
    sign_in(page, NAME, password)
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    # The overview asks again by itself: when the session ends, it would go to the sign-in in the middle of a visit.
    page.goto(f"{server.url}/ui/models")


def alive(page: Page, server: Gatewright) -> bool:
    """Whether the dashboard's session lives, asked often enough to meet both workers."""
    answers = {page.request.get(f"{server.url}/api/v1/me").status for _ in range(8)}
    assert answers in ({200}, {401})
    return answers == {200}


def an_administrator_ends_a_sign_in(page: Page, server: Gatewright) -> None:
    """Ends the session of the provider that this page's dashboard came from."""
    mine: list[dict[str, Any]] = page.request.get(f"{server.url}/api/v1/me/sessions").json()["items"]
    assert [item["kind"] for item in mine] == ["browser", "browser"]
    current = next(int(item["id"].partition("-")[2]) for item in mine if item["current"])
    with server.admin() as http:
        listed = http.get(SESSIONS).json()["results"]
        # The provider's session was opened before the dashboard's, in the same sign-in; its uuid ends in its number.
        uuids = {UUID(row["uuid"]).int & 0xFFFF_FFFF: row["uuid"] for row in listed if row["kind"] == "idp"}
        provider = uuids[max(number for number in uuids if number < current)]
        assert http.delete(f"{SESSIONS}{provider}/").status_code == 204


def it_was_not_me(page: Page, server: Gatewright) -> None:
    address = f"{server.url}/api/v1/me/security/not-me"
    refused = page.request.post(address, data={"password": "wrong"}, headers=CSRF)
    assert (refused.status, refused.json()["code"]) == (403, "password_wrong")
    answer = page.request.post(address, data={"password": PASSWORD}, headers=CSRF)
    assert answer.status == 200, answer.text()
    page.goto(server.url + answer.json()["new_password"])
    page.get_by_label("New password").fill(FRESH)
    page.get_by_role("button").click()


def a_sign_out_reaches_a_client_in_its_frame(tab: Tab, server: Gatewright, client: Application) -> None:
    """Front-Channel Logout 1.0: the page that says "signed out" loads a client's address, with issuer and session."""
    page = tab.page
    register(server, client)
    page.goto(f"{server.url}/application/o/authorize/?{client.request()}")
    page.wait_for_url(f"{client.url}/cb?*")
    sid = client.session_of(server, page.url)
    page.goto(f"{server.url}/ui/")
    page.get_by_role("button", name="Sign out").first.click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    eventually(lambda: bool(client.frames), "the client's frame")
    [(query, purpose)] = client.frames
    assert query == {"tenant": ["1"], "iss": [f"{server.url}/application/o/framed/"], "sid": [sid]}
    assert purpose == "iframe"
    page.wait_for_url(f"{server.url}/signed-out")
    assert tab.complaints == []


@contextmanager
def web_application() -> Iterator[Application]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if parts.path == "/front":
                made.frames.append((parse_qs(parts.query), self.headers["sec-fetch-dest"]))
            page = b"<!doctype html><title>Application</title><p>Here"
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        def log_message(self, *_: Any) -> None:
            """Nothing on stderr."""

    listening = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listening.daemon_threads = True
    made = Application(listening.server_address[1])
    Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield made
    finally:
        listening.shutdown()
        listening.server_close()


def register(server: Gatewright, client: Application) -> None:
    with server.admin() as http:
        made = http.post(PROVIDERS, json=client.registration())
        assert made.status_code == 201, made.text
        app = {"name": "Framed", "slug": "framed", "provider": made.json()["pk"]}
        added = http.post("/api/v3/core/applications/", json=app)
        assert added.status_code == 201, added.text
