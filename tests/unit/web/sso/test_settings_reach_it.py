"""A whole worker: what the variables and the file say about a sign-in reaches the parts that do it."""

from pathlib import Path

import httpx2
import pytest
from tests.unit.sso.provider import FakeProvider
from tests.unit.sso.stage import generic, hidden
from tests.unit.web.conftest import BASE, Worker
from tests.unit.web.sso.conftest import Started

from gatewright.domain.clock import HOUR, MINUTE, SECOND

pytestmark = pytest.mark.anyio
LOGOUT = "https://auth.example.com/application/o/litellm/end-session/"


async def signed_in(worker: Worker, provider: FakeProvider) -> tuple[httpx2.AsyncClient, httpx2.Response]:
    browser = worker.at("203.0.113.20")
    begun = await browser.get("/sso/key/generate")
    assert begun.status_code == 303, begun.text
    return browser, await browser.get(f"/sso/callback?{provider.authorize(begun.headers['location'])}")


async def test_what_is_set_counts(started: Started, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "litellm_settings: {default_internal_user_params: {user_role: internal_user}}\n"
    )
    worker = await started.worker()
    provider = FakeProvider(worker.program.db.clock)
    async with await provider.start():
        env = generic(
            provider.origin,
            GATEWRIGHT_CONFIG=str(tmp_path / "config.yaml"),
            ALLOWED_EMAIL_DOMAINS="example.com",
            PROXY_ADMIN_ID="u-1",
            PROXY_LOGOUT_URL=LOGOUT,
            LITELLM_UI_SESSION_DURATION="2h",
            GATEWRIGHT_SESSION_IDLE="1h",
            LITELLM_CLI_JWT_EXPIRATION_HOURS="48",
        )
        worker = await started.worker(**env)
        provider.user |= {"sub": "u-2", "preferred_username": "bob", "email": "bob@elsewhere.example"}
        assert "<code>email_domain</code>" in (await signed_in(worker, provider))[1].text
        provider.user |= {"email": "bob@example.com"}
        browser, done = await signed_in(worker, provider)
        session = next(one for one in done.headers.get_list("set-cookie") if one.startswith("gatewright_session="))
        assert f"Max-Age={2 * HOUR // SECOND};" in session
        assert (await browser.get("/api/v1/me")).json()["role"] == "internal_user"
        assert await lives(worker, browser) == (HOUR, 2 * HOUR)
        left = await browser.post("/session/logout", headers={"x-gatewright-request": "1", "origin": BASE})
        assert left.json()["redirect_to"] == LOGOUT
        provider.user |= {"sub": "u-1", "preferred_username": "ada", "email": "ada@example.com"}
        browser, _ = await signed_in(worker, provider)
        assert (await browser.get("/api/v1/me")).json()["role_reason"]["rule"] == "proxy_admin_id"
        before = worker.program.db.clock()
        key = await terminal(worker, provider)
        lasts = (await worker.program.ring.authenticate(key)).expires_at
        assert lasts is not None
        assert abs(lasts - before - 48 * HOUR) < HOUR
        short = await started.worker(**env, EXPERIMENTAL_UI_LOGIN="true")
        browser, _ = await signed_in(short, provider)
        assert await lives(short, browser) == (10 * MINUTE, 2 * HOUR)


async def lives(worker: Worker, browser: httpx2.AsyncClient) -> tuple[int, int]:
    """How long the browser's session lives unused, and at most."""
    found = await worker.program.sessions.find(browser.cookies["gatewright_session"])
    assert found is not None
    row = found.row
    return row.expires_at - row.last_used_at, row.absolute_expires_at - row.created_at


async def terminal(worker: Worker, provider: FakeProvider) -> str:
    """The credential of a command line's sign-in."""
    browser = worker.at("203.0.113.20")
    login = (await browser.post("/sso/cli/start")).json()
    begun = await browser.get("/sso/key/generate", params={"source": "litellm-cli", "key": login["login_id"]})
    page = await browser.get(f"/sso/callback?{provider.authorize(begun.headers['location'])}")
    form = {**hidden(page.text), "user_code": login["user_code"]}
    assert (await browser.post(f"/sso/cli/complete/{login['login_id']}", data=form)).status_code == 200
    secret = {"x-litellm-cli-poll-secret": login["poll_secret"]}
    return str((await browser.get(f"/sso/cli/poll/{login['login_id']}", headers=secret)).json()["key"])
