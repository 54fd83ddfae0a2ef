"""Logout tokens and logout frames of an outside provider: whose sessions they end, and which end nothing."""

from typing import Any

import httpx2
import pytest
from tests.unit.sso.provider import CLIENT, KEYS, SECRET, FakeProvider
from tests.unit.web.conftest import Worker

from gatewright.oidc.jwt import sign
from gatewright.sso.logout_received import EVENT
from gatewright.storage import audit_log
from gatewright.web.cookies import SESSION

pytestmark = pytest.mark.anyio
BACK, FRONT = "/sso/backchannel-logout", "/sso/frontchannel-logout"


@pytest.fixture
async def worker(reaching: Worker) -> Worker:
    return reaching


@pytest.fixture
async def provider(worker: Worker, outside: FakeProvider) -> FakeProvider:
    """A provider that an administrator added."""
    wanted = {"id": "acme", "issuer": outside.issuer, "client_id": CLIENT, "client_secret": SECRET}
    made = await worker.admin.post("/api/v1/sign-in-providers", json=wanted)
    assert made.status_code == 201, made.text
    return outside


async def signed_in(worker: Worker, provider: FakeProvider, subject: str, sid: str | None) -> httpx2.AsyncClient:
    """A browser with a session of that person, from that session at the provider."""
    provider.user = {"sub": subject, "preferred_username": subject}
    provider.token_changes = {} if sid is None else {"sid": sid}
    browser = worker.at("203.0.113.10", {"accept": "text/html"})
    begun = await browser.get("/sso/key/generate?provider=acme")
    done = await browser.get(f"/sso/callback/acme?{provider.authorize(begun.headers['location'])}")
    assert done.status_code == 303, done.text
    return browser


async def is_in(browser: httpx2.AsyncClient) -> bool:
    return (await browser.get("/api/v1/me")).status_code == 200


def token(worker: Worker, provider: FakeProvider, key: Any = None, **changes: Any) -> str:
    now = worker.program.db.clock() // 1000
    claims = {
        "iss": provider.issuer,
        "aud": CLIENT,
        "iat": now,
        "exp": now + 120,
        "jti": "one",
        "events": {EVENT: {}},
        **changes,
    }
    kept = {name: value for name, value in claims.items() if value is not None}
    return sign(kept, key or provider.key, typ="logout+jwt")


async def told(worker: Worker, text: str) -> httpx2.Response:
    return await worker.client.post(BACK, data={"logout_token": text})


async def test_a_token_ends_the_session_that_it_names_and_no_other(worker: Worker, provider: FakeProvider) -> None:
    one = await signed_in(worker, provider, "ada", "s-1")
    other = await signed_in(worker, provider, "ada", "s-2")
    bob = await signed_in(worker, provider, "bob", "s-3")
    answer = await told(worker, token(worker, provider, sub="ada", sid="s-1"))
    assert (answer.status_code, answer.content, answer.headers["cache-control"]) == (200, b"", "no-store")
    assert [await is_in(browser) for browser in (one, other, bob)] == [False, True, True]
    assert (await told(worker, token(worker, provider, sub="ada", jti="two"))).status_code == 200
    assert [await is_in(browser) for browser in (other, bob)] == [False, True]
    # A session of somebody else is not ended by a token about another person.
    assert (await told(worker, token(worker, provider, sub="ada", sid="s-3", jti="three"))).status_code == 200
    assert await is_in(bob)
    assert (await told(worker, token(worker, provider, sid="s-3", jti="four"))).status_code == 200
    assert not await is_in(bob)
    async with worker.program.db.read() as tx:
        rows = [row for row in await audit_log.newest(tx, 30) if row["action"] == "logout.backchannel"]
    assert [row["details"]["sessions"] for row in rows] == [1, 0, 1, 1]
    for browser in (one, other, bob):
        await browser.aclose()


NOT_TAKEN: list[tuple[dict[str, Any], str]] = [
    ({"iss": "https://elsewhere.example"}, "issuer"),
    ({"aud": "somebody-else"}, "issuer"),
    ({"iat": 1_000_000}, "time"),
    ({"exp": 1_000_000}, "time"),
    ({"iat": None}, "time"),
    ({"events": None}, "event"),
    ({"events": {"http://other": {}}}, "event"),
    ({"events": {EVENT: None}}, "event"),
    ({"nonce": "n"}, "nonce"),
    ({"jti": None}, "jti"),
    ({"sub": None}, "subject"),
    ({"sub": 7}, "subject"),
    ({"sub": "ada\0"}, "subject"),
]


@pytest.mark.parametrize(("changes", "code"), NOT_TAKEN, ids=lambda value: str(value)[:30])
async def test_what_is_no_logout_token_of_a_provider_of_ours_ends_nothing(
    worker: Worker, provider: FakeProvider, changes: dict[str, Any], code: str
) -> None:
    browser = await signed_in(worker, provider, "ada", "s-1")
    answer = await told(worker, token(worker, provider, **{"sub": "ada", **changes}))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")
    assert await is_in(browser)
    async with worker.program.db.read() as tx:
        assert (await audit_log.newest(tx, 1))[0]["outcome"] == f"logout_token_{code}"
    await browser.aclose()


async def test_foreign_keys_replays_and_id_tokens_end_nothing(worker: Worker, provider: FakeProvider) -> None:
    browser = await signed_in(worker, provider, "ada", "s-1")
    good = token(worker, provider, sub="bob")
    forged = token(worker, provider, key=KEYS[1], sub="ada")
    unsigned = f"{good.rpartition('.')[0]}."
    for text in (forged, unsigned, "", "a.b.c", "x" * 20_000):
        assert (await told(worker, text)).status_code == 400, text[:20]
    assert (await worker.client.post(BACK, json={"logout_token": good})).status_code == 400
    assert (await told(worker, good)).status_code == 200
    again = await told(worker, good)
    assert (again.status_code, "used before" in again.text) == (400, True)
    assert await is_in(browser)
    await browser.aclose()


async def test_a_frame_ends_the_session_that_only_the_provider_can_name(worker: Worker, provider: FakeProvider) -> None:
    one = await signed_in(worker, provider, "ada", "s-1")
    other = await signed_in(worker, provider, "ada", "s-2")
    frame = await worker.client.get(FRONT, params={"iss": provider.issuer, "sid": "s-1"})
    assert frame.status_code == 200
    assert f"frame-ancestors {provider.origin}" in frame.headers["content-security-policy"]
    assert [await is_in(one), await is_in(other)] == [False, True]
    strange = await worker.client.get(FRONT, params={"iss": "https://elsewhere.example", "sid": "s-2"})
    assert "frame-ancestors 'none'" in strange.headers["content-security-policy"]
    assert (await other.head(FRONT, params={"iss": provider.issuer, "sid": "s-2"})).status_code == 200
    assert await is_in(other)
    # A browser of the same site brings its cookie along.
    assert (await other.get(FRONT, params={"iss": provider.issuer})).status_code == 200
    assert not await is_in(other)
    assert other.cookies.get(SESSION)
    for browser in (one, other):
        await browser.aclose()
