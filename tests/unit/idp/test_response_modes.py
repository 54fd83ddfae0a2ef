"""How the answer reaches the client: in the query, in the fragment, or in a form that posts itself."""

import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import pytest

from gatewright.storage import oauth_providers

from .conftest import BASE, Stand
from .test_sign_in_path import CALLBACK, SEED, exchange, sign_in

pytestmark = pytest.mark.anyio
AUTHORIZE = "/application/o/authorize/"


class Form(HTMLParser):
    """The first form of a page: where it goes, and its fields."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.action = ""
        self.method = ""
        self.fields: dict[str, str] = {}
        self.scripts: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "form":
            self.action, self.method = found["action"] or "", found["method"] or ""
        elif tag == "input":
            self.fields[found["name"] or ""] = found["value"] or ""
        elif tag == "script":
            self.scripts.append(found)


async def register(stand: Stand, *urls: str, **columns: object) -> None:
    async with stand.db.write() as tx:
        provider = await oauth_providers.find_id(tx, client_id="litellm")
        assert provider is not None
        await oauth_providers.change(tx, provider, redirect_uris=[{"url": url} for url in urls], **columns)


async def test_the_code_travels_in_the_fragment(stand: Stand) -> None:
    async with stand.browser() as browser:
        response = await sign_in(browser, "alice", {**SEED, "response_mode": "fragment"})
        parts = urlsplit(response.headers["location"])
        assert (parts.query, response.headers["location"].partition("#")[0]) == ("", CALLBACK)
        members = {name: values[0] for name, values in parse_qs(parts.fragment).items()}
        assert members["state"] == SEED["state"]
        assert members["iss"] == f"{BASE}/application/o/litellm/"
        assert (await exchange(stand, members["code"])).status_code == 200


async def test_an_error_travels_in_the_fragment_too(stand: Stand) -> None:
    async with stand.browser() as browser:
        query = {**SEED, "response_mode": "fragment", "prompt": "none"}
        location = (await browser.get(AUTHORIZE, params=query)).headers["location"]
    assert location.startswith(f"{CALLBACK}#error=login_required&")


async def test_the_code_travels_in_a_form(stand: Stand) -> None:
    async with stand.browser() as browser:
        page = await sign_in(browser, "alice", {**SEED, "response_mode": "form_post"})
        assert page.status_code == 200
        form = Form(page.text)
        assert (form.method, form.action) == ("post", CALLBACK)
        assert form.fields.keys() == {"code", "state", "iss"}
        assert form.fields["state"] == SEED["state"]
        assert page.headers["cache-control"] == "no-store"
        # One script of our own, nothing inline, and a button for whoever runs none.
        assert form.scripts == [{"src": "/static/continue.js", "defer": None}]
        assert not re.search(r"<script[^>]*>[^<]", page.text)
        assert 'type="submit"' in page.text
        policy = page.headers["content-security-policy"]
        assert policy.startswith(f"default-src 'none'; script-src {BASE}/static/continue.js; ")
        assert f"form-action 'self' {BASE};" in policy
        assert "unsafe" not in policy
        assert (await exchange(stand, form.fields["code"])).status_code == 200


async def test_an_error_travels_in_a_form_too(stand: Stand) -> None:
    async with stand.browser() as browser:
        page = await browser.get(AUTHORIZE, params={**SEED, "response_mode": "form_post", "prompt": "none"})
    fields = Form(page.text).fields
    assert (fields["error"], fields["state"]) == ("login_required", SEED["state"])
    assert "code" not in fields


@pytest.mark.parametrize(
    "evil",
    [
        '"><script>alert(1)</script>',
        "'><img src=x onerror=alert(1)>",
        '" autofocus onfocus="alert(1)',
        "&quot;&gt;<svg/onload=alert(1)>",
        "{{ 7 * 7 }}",
        "</form><form action=https://evil.example>",
    ],
)
async def test_a_form_shows_state_and_address_as_text(stand: Stand, evil: str) -> None:
    """CVE-2026-42849: what the request carries must not become a part of the page."""
    address = "https://app.example/cb?x='y&z=(1)"
    await register(stand, CALLBACK, address)
    query = {**SEED, "response_mode": "form_post", "prompt": "none", "state": evil, "redirect_uri": address}
    async with stand.browser() as browser:
        page = await browser.get(AUTHORIZE, params=query)
    form = Form(page.text)
    assert (form.action, form.fields["state"]) == (address, evil)
    assert len(form.scripts) == 1
    assert page.text.count("<form") == 1
    assert "<img" not in page.text.split("</p>", 1)[1]
    assert "onfocus" not in page.text.replace("onfocus=&#34;", "")


async def test_a_form_cannot_go_to_an_app(stand: Stand) -> None:
    await register(stand, "com.example.app:/cb")
    query = {**SEED, "response_mode": "form_post", "redirect_uri": "com.example.app:/cb"}
    async with stand.browser() as browser:
        location = (await browser.get(AUTHORIZE, params=query)).headers["location"]
    assert location.startswith("com.example.app:/cb?error=invalid_request&")


async def test_the_script_is_served(stand: Stand) -> None:
    """The page names a file that is in the package."""
    from gatewright.web.ui import STATIC

    assert (STATIC / "continue.js").read_text().strip().endswith("submit();")
