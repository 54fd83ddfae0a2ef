"""A certified OpenID provider (npm's oidc-provider) over TLS with a private authority: whole sign-ins in Chromium.

The gateway knows its issuer, a client id and a key, and discovers the rest; the provider ends sessions back-channel.
"""

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from joserfc.jwk import ECKey
from playwright.sync_api import Browser, Page, expect
from tests.behind import Authority
from tests.browsers import Tab, chromium_path, launched
from tests.conftest import missing
from tests.interop.environments import PINS, client_environment, node, node_client
from tests.servers import Gatewright, eventually, free_port, gatewright

pytestmark = pytest.mark.interop
PEOPLE = {
    "ada": {"role": "proxy_admin", "email": "ada@home.local", "groups": ["red"]},
    "bob": {"role": ["internal_user", "nonsense"], "groups": []},
}


class Place(NamedTuple):
    """A gateway and its provider. `issuer` is the provider's."""

    server: Gatewright
    issuer: str
    authority: Authority
    port: int


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    if chromium_path() is None:
        missing("Chromium")
    with launched("--ignore-certificate-errors") as found:
        yield found


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """The client authenticates with a private key (RFC 7523) that nobody else has."""
    folder = tmp_path_factory.mktemp("place")
    authority = Authority(folder, "localhost")
    key = ECKey.generate_key("P-256", {"kid": "gateway", "alg": "ES256", "use": "sig"})
    port, ours = free_port(), free_port()
    issuer, base = f"https://localhost:{port}", f"http://localhost:{ours}"
    client = {
        "client_id": "gateway",
        "redirect_uris": [f"{base}/sso/callback"],
        "post_logout_redirect_uris": [f"{base}/signed-out"],
        "token_endpoint_auth_method": "private_key_jwt",
        "token_endpoint_auth_signing_alg": "ES256",
        "jwks": {"keys": [key.as_dict(private=False)]},
        "backchannel_logout_uri": f"{base}/sso/backchannel-logout",
        "backchannel_logout_session_required": True,
    }
    told = {
        "issuer": issuer,
        "port": port,
        "clients": [client],
        "people": PEOPLE,
        "certificate": str(authority.certificate),
        "key": str(authority.key),
    }
    env: dict[str, Any] = {
        "GENERIC_CLIENT_ID": "gateway",
        "GENERIC_ISSUER": issuer,
        "GENERIC_CLIENT_AUTH": "private_key_jwt",
        "GENERIC_CLIENT_PRIVATE_KEY": json.dumps(key.as_dict(private=True)),
        "GENERIC_CA_FILE": str(authority.ca),
        "GENERIC_SCOPE": "openid profile email roles",
        "GENERIC_USER_ROLE_ATTRIBUTE": "role",
        "AUTO_REDIRECT_UI_LOGIN_TO_SSO": "true",
    }
    with provider(told, folder / "home"), gatewright(folder / "data", workers=2, port=ours, **env) as server:
        yield Place(server, issuer, authority, port)


class provider:  # noqa: N801 (a context manager, called as the fixtures' functions are)
    """The provider's process; it reads what it is told from its standard input."""

    def __init__(self, told: dict[str, Any], home: Path) -> None:
        script = PINS / "oidc-provider" / "provider.mjs"
        command = [node(), "--input-type=module", "--eval", script.read_text()]
        self._process = subprocess.Popen(
            command,
            cwd=node_client("oidc-provider"),
            env=client_environment(home, NODE_NO_WARNINGS="1"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(told))
        self._process.stdin.close()
        self._process.stdin = None

    def __enter__(self) -> None:
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate(timeout=20)


def at_provider(page: Page, name: str) -> None:
    """Signs in and consents on the provider's own pages."""
    page.get_by_placeholder("Enter any login").fill(name)
    page.get_by_placeholder("and password").fill("anything")
    page.get_by_role("button", name="Sign-in").click()
    continued = page.get_by_role("button", name="Continue")
    expect(continued.or_(page.get_by_role("heading", level=1, name="Overview"))).to_be_visible()
    if continued.is_visible():
        continued.click()


def test_a_whole_sign_in_and_both_ways_out(browser: Browser, place: Place) -> None:
    tab = Tab(browser, "light", place.server.url)
    page = tab.page
    page.goto(f"{place.server.url}/ui/")
    at_provider(page, "ada")
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    me = page.request.get(f"{place.server.url}/api/v1/me").json()
    assert (me["user_id"], me["email"], me["role"]) == ("ada", "ada@home.local", "proxy_admin")
    # Out through us: the provider asks, ends its own session, and sends the browser back.
    page.get_by_role("button", name="Sign out").first.click()
    page.get_by_role("button", name="Yes, sign me out").click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    page.goto(f"{place.server.url}/ui/")
    at_provider(page, "bob")
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    assert page.request.get(f"{place.server.url}/api/v1/me").json()["role"] == "internal_user"
    # Out at the provider, which tells us from server to server.
    other = tab.context.new_page()
    other.goto(f"{place.issuer}/session/end")
    other.get_by_role("button", name=re.compile("sign me out")).click()
    expect(other.get_by_text(re.compile("success", re.IGNORECASE)).first).to_be_visible()
    me_url = f"{place.server.url}/api/v1/me"
    eventually(lambda: page.request.get(me_url).status == 401, "the session did not end")
    with place.server.admin() as http:
        events = http.get("/api/v3/events/events/?ordering=-created&page_size=20").json()["results"]
    assert "logout.backchannel" in str(events)
    tab.check()
    tab.context.close()


def test_the_doctor_finds_nothing_wrong(place: Place) -> None:
    with place.server.admin() as http:
        found = http.post("/api/v1/sign-in-providers/generic/check", timeout=60).json()
    assert found["is_good"], found
    outcomes = {check["id"].partition(":")[0]: check["outcome"] for check in found["checks"]}
    assert outcomes["tls"] == outcomes["credentials"] == outcomes["discovery"] == outcomes["jwks"] == "ok"


def test_without_its_authority_the_provider_is_not_believed(place: Place, tmp_path: Path) -> None:
    env: dict[str, Any] = {
        "GENERIC_CLIENT_ID": "gateway",
        "GENERIC_CLIENT_SECRET": "x" * 20,
        "GENERIC_ISSUER": place.issuer,
    }
    with gatewright(tmp_path, workers=1, **env) as server, server.client() as http:
        page = http.get("/sso/key/generate?go=1")
        assert page.status_code == 502
        assert "GENERIC_CA_FILE" in page.text
