"""The doctor through the API, and the test sign-in in an administrator's browser."""

import re
from typing import Any

import httpx2
import pytest
from tests.unit.sso.provider import CLIENT, SECRET, FakeProvider
from tests.unit.web.conftest import Worker

from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.people import Origin, User
from gatewright.storage import audit_log, users
from gatewright.storage.users import NewUser
from gatewright.web.cookies import SESSION

pytestmark = pytest.mark.anyio
PATH = "/api/v1/sign-in-providers"


@pytest.fixture
async def worker(reaching: Worker) -> Worker:
    return reaching


@pytest.fixture
async def provider(outside: FakeProvider) -> FakeProvider:
    return outside


async def added(worker: Worker, provider: FakeProvider, **changes: Any) -> None:
    wanted = {"id": "acme", "issuer": provider.issuer, "client_id": CLIENT, "client_secret": SECRET, **changes}
    made = await worker.admin.post(PATH, json=wanted)
    assert made.status_code == 201, made.text
    await worker.program.follower.catch_up()


async def person(worker: Worker, name: str, role: Role) -> User:
    new = NewUser(f"uuid-{name}", name, name, None, role, RoleReason(rule="manual"))
    async with worker.program.db.write() as tx:
        return await users.add(tx, new, 1)


async def browser_of(worker: Worker, user: User) -> httpx2.AsyncClient:
    token, _ = await worker.program.sessions.open(user, Origin())
    browser = worker.at("203.0.113.10", {"accept": "text/html"})
    browser.cookies.set(SESSION, token)
    return browser


async def outcomes(worker: Worker, source: str) -> dict[str, str]:
    answer = await worker.admin.post(f"{PATH}/{source}/check")
    assert answer.status_code == 200, answer.text
    return {check["id"].partition(":")[0]: check["outcome"] for check in answer.json()["checks"]}


async def test_the_embedded_provider_is_in_good_health(worker: Worker) -> None:
    found = await outcomes(worker, "embedded")
    assert set(found.values()) <= {"ok", "skipped"}, found
    assert {"discovery", "tls", "jwks", "redirect_uri", "userinfo", "scopes", "sign_out"} <= found.keys()
    assert found["redirect_uri"] == found["credentials"] == "ok"


SICK: list[tuple[str, Any, str, str]] = [
    ("discovery_status", 404, "discovery", "problem"),
    ("metadata_changes", {"issuer": "https://elsewhere.example"}, "discovery", "problem"),
    ("metadata_changes", {"id_token_signing_alg_values_supported": ["HS256"]}, "jwks", "problem"),
    ("published", [], "jwks", "problem"),
    ("metadata_changes", {"scopes_supported": ["openid"]}, "scopes", "warning"),
    ("metadata_changes", {"end_session_endpoint": None}, "sign_out", "warning"),
]


@pytest.mark.parametrize(("attribute", "value", "check", "outcome"), SICK, ids=lambda value: str(value)[:30])
async def test_what_is_wrong_at_the_provider_is_found(
    worker: Worker, provider: FakeProvider, attribute: str, value: Any, check: str, outcome: str
) -> None:
    await added(worker, provider)
    setattr(provider, attribute, value)
    answer = (await worker.admin.post(f"{PATH}/acme/check")).json()
    [found] = [one for one in answer["checks"] if one["id"] == check]
    assert (found["outcome"], bool(found["fix"])) == (outcome, True), answer
    assert answer["is_good"] is (outcome != "problem" and all(one["outcome"] != "problem" for one in answer["checks"]))
    assert SECRET not in str(answer)


async def test_groups_that_give_roles_decide_as_a_claim_does(worker: Worker, provider: FakeProvider) -> None:
    await added(worker, provider)
    assert (await outcomes(worker, "acme"))["role_source"] == "warning"
    changed = await worker.admin.patch(f"{PATH}/acme", json={"roles": {"mappings": {"proxy_admin": ["chiefs"]}}})
    assert changed.status_code == 200, changed.text
    await worker.program.follower.catch_up()
    assert "role_source" not in await outcomes(worker, "acme")


async def test_what_only_the_missing_document_would_say_is_not_blamed_on_anything_else(
    worker: Worker, provider: FakeProvider
) -> None:
    await added(worker, provider, token_endpoint=f"{provider.origin}/token")
    provider.discovery_status = 404
    found = await outcomes(worker, "acme")
    assert [name for name, outcome in found.items() if outcome == "problem"] == ["discovery"]
    assert {found[name] for name in ("jwks", "redirect_uri", "userinfo", "sign_out")} == {"skipped"}
    assert found["credentials"] == "ok"


@pytest.mark.parametrize(
    ("profile", "words"),
    [("generic", "client id and secret"), ("authentik", "Client ID and Client Secret of the provider")],
)
async def test_a_wrong_secret_is_found_before_anybody_signs_in(
    worker: Worker, provider: FakeProvider, profile: str, words: str
) -> None:
    await added(worker, provider, client_secret="not it", profile=profile)
    answer = (await worker.admin.post(f"{PATH}/acme/check")).json()
    [found] = [one for one in answer["checks"] if one["id"] == "credentials"]
    assert (found["outcome"], words in found["fix"]) == ("problem", True), found


async def test_what_the_provider_said_before_does_not_count(worker: Worker, provider: FakeProvider) -> None:
    await added(worker, provider)
    assert (await outcomes(worker, "acme"))["discovery"] == "ok"
    provider.discovery_status = 404
    assert (await outcomes(worker, "acme"))["discovery"] == "problem"
    provider.discovery_status = 200
    assert (await outcomes(worker, "acme"))["discovery"] == "ok"


async def test_nobody_but_administrators_has_the_provider_asked(worker: Worker) -> None:
    assert (await worker.client.post(f"{PATH}/embedded/check")).status_code == 401
    viewer = await browser_of(worker, await person(worker, "viewer", Role.PROXY_ADMIN_VIEWER))
    async with viewer:
        headers = {"x-gatewright-request": "1"}
        assert (await viewer.post(f"{PATH}/embedded/check", headers=headers)).status_code == 403
        claims = {"claims": {"litellm_role": "proxy_admin"}}
        explained = await viewer.post(f"{PATH}/embedded/explain", headers=headers, json=claims)
    assert (explained.status_code, explained.json()["role"]) == (200, "proxy_admin")


async def test_pasted_claims_are_explained_step_by_step(worker: Worker) -> None:
    claims = {"preferred_username": "ada", "email": "Ada@x.local", "litellm_role": "chief", "name": "Ada L"}
    found = (await worker.admin.post(f"{PATH}/embedded/explain", json={"claims": claims})).json()
    assert (found["role"], found["rule"]) == ("internal_user_viewer", "unknown_value")
    assert (found["user_id"], found["email"], found["display_name"]) == ("ada", "ada@x.local", "Ada L")
    assert "chief" in found["warning"]
    assert any(step.get("decides") for step in found["steps"])
    deep: Any = "x"
    for _ in range(40):
        deep = [deep]
    refused = await worker.admin.post(f"{PATH}/embedded/explain", json={"claims": {"a": deep}})
    assert refused.status_code == 400


async def test_a_trial_shows_everything_and_signs_nobody_in(worker: Worker, provider: FakeProvider) -> None:
    await added(worker, provider, is_enabled=False, roles={"is_configured": True})
    provider.user = {
        "sub": "u-9",
        "preferred_username": "grace",
        "email": "g@x",
        "role": "proxy_admin",
        "api_token": "not-to-be-seen",
        "deep": {"client_secret": "neither"},
    }
    assert (await worker.client.get("/sso/key/generate?provider=acme")).status_code == 404
    boss = await person(worker, "boss", Role.PROXY_ADMIN)
    async with await browser_of(worker, boss) as browser:
        before = browser.cookies.get(SESSION)
        begun = await browser.get("/sso/test?provider=acme")
        assert begun.status_code == 303, begun.text
        shown = await browser.get(f"/sso/callback/acme?{provider.authorize(begun.headers['location'])}")
        assert browser.cookies.get(SESSION) == before
    assert shown.status_code == 200
    text = re.sub(r"\s+", " ", shown.text)
    assert "A new user, grace." in text
    assert "proxy_admin" in text
    assert "not-to-be-seen" not in text
    assert "neither" not in text
    async with worker.program.db.read() as tx:
        assert await users.by_identity(tx, provider.issuer, "u-9") is None
        rows = [row for row in await audit_log.newest(tx, 5) if row["action"] == "sign_in_provider.trial"]
    assert [(row["actor"], row["outcome"]) for row in rows] == [("boss", "ok")]


async def test_a_trial_that_fails_says_why(worker: Worker, provider: FakeProvider) -> None:
    await added(worker, provider)
    boss = await person(worker, "boss", Role.PROXY_ADMIN)
    async with await browser_of(worker, boss) as browser:
        begun = await browser.get("/sso/test?provider=acme")
        back = provider.authorize(begun.headers["location"])
        provider.token_changes = {"aud": "somebody-else"}
        shown = await browser.get(f"/sso/callback/acme?{back}")
    assert shown.status_code == 200
    assert "id_token_audience" in shown.text


async def test_a_trial_is_for_administrators_from_its_start_to_its_end(worker: Worker, provider: FakeProvider) -> None:
    await added(worker, provider)
    member = await person(worker, "member", Role.INTERNAL_USER)
    async with await browser_of(worker, member) as browser:
        assert (await browser.get("/sso/test?provider=acme")).status_code == 403
    boss = await person(worker, "boss", Role.PROXY_ADMIN)
    async with await browser_of(worker, boss) as browser:
        begun = await browser.get("/sso/test?provider=acme")
        browser.cookies.delete(SESSION)
        shown = await browser.get(f"/sso/callback/acme?{provider.authorize(begun.headers['location'])}")
    assert (shown.status_code, "trial_not_admin" in shown.text) == (403, True)
    assert provider.seen("/token") == []
