"""A client that registered a pattern: where codes go, and which pages may read tokens."""

import pytest

from gatewright.storage import oauth_providers

from .conftest import Stand
from .test_sign_in_path import SEED, sign_in

pytestmark = pytest.mark.anyio
AUTHORIZE = "/application/o/authorize/"
PATTERN = r"https://pr-\d+\.preview\.example\.com/cb"


@pytest.fixture
async def preview(stand: Stand) -> Stand:
    async with stand.db.write() as tx:
        provider = await oauth_providers.find_id(tx, client_id="litellm")
        assert provider is not None
        await oauth_providers.change(tx, provider, redirect_uris=[{"url": PATTERN, "matching_mode": "regex"}])
    return stand


async def test_a_code_goes_to_an_address_that_matches(preview: Stand) -> None:
    uri = "https://pr-7.preview.example.com/cb"
    async with preview.browser() as browser:
        done = await sign_in(browser, "alice", {**SEED, "redirect_uri": uri})
        assert done.headers["location"].startswith(f"{uri}?code=")
        page = await browser.get(AUTHORIZE, params={**SEED, "redirect_uri": uri, "prompt": "login"})
        form = await browser.get(page.headers["location"])
        assert "form-action 'self' https://pr-7.preview.example.com;" in form.headers["content-security-policy"]


@pytest.mark.parametrize(
    "uri",
    [
        PATTERN,
        "https://pr-.preview.example.com/cb",
        "https://pr-7.preview.example.com/cb/",
        "https://pr-7.preview.example.com.evil.example/cb",
        "https://pr-7.previewxexample.com/cb",
        "https://evil.example/https://pr-7.preview.example.com/cb",
        "https://pr-7.preview.example.com/cb#x",
        "https://pr-7.preview.example.com@evil.example/cb",
        "http://pr-7.preview.example.com/cb",
    ],
)
async def test_no_code_goes_anywhere_else(preview: Stand, uri: str) -> None:
    async with preview.browser() as browser:
        refused = await browser.get(AUTHORIZE, params={**SEED, "redirect_uri": uri})
    assert (refused.status_code, "location" in refused.headers) == (400, False)


async def test_pages_of_matching_origins_may_read_tokens(preview: Stand) -> None:
    async with preview.browser() as client:
        for origin, allowed in (
            ("https://pr-12.preview.example.com", True),
            ("https://pr-12.preview.example.com.evil.example", False),
            ("http://pr-12.preview.example.com", False),
            ("null", False),
        ):
            answer = await client.post("/application/o/token/", data={"x": "y"}, headers={"origin": origin})
            assert answer.headers.get("access-control-allow-origin") == (origin if allowed else None)
            assert "access-control-allow-credentials" not in answer.headers
            assert "Origin" in answer.headers["vary"]
