"""Codes, tokens and the grants that give them: attacks on the token endpoint and what stands around it."""

import asyncio
from collections.abc import Awaitable
from typing import Any
from uuid import uuid4

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from .stage import (
    AUTHORIZE,
    CALLBACK,
    GRANTS,
    PASSWORD,
    Client,
    Site,
    error,
    good,
    proof,
    returned,
    without_token,
)

pytestmark = pytest.mark.anyio
OFFLINE = "openid email offline_access"


async def at_once(calls: list[Awaitable[httpx2.Response]]) -> list[int]:
    return sorted(answer.status_code for answer in await asyncio.gather(*calls))


async def dead(app: Client, access: str, refresh: str | None = None) -> None:
    """On every worker."""
    for worker in (0, 1):
        assert (await app.userinfo(access, worker=worker)).status_code == 401
        assert await app.introspect(access, worker=worker) == {"active": False}
        if refresh is not None:
            assert await app.introspect(refresh, worker=worker) == {"active": False}
            assert error(await app.refresh(refresh, worker=worker)) == "invalid_grant"


async def test_08_deactivated_accounts_get_nothing_on_every_grant(stored: Site) -> None:
    app, person = await stored.client(), await stored.person()
    name, browser = person["username"], stored.browser()
    await browser.dashboard(name)
    tokens = await app.tokens(browser, scope=OFFLINE)
    started = await app.device()
    assert (await app.approve(browser, started)).status_code == 200
    key = f"token-{name}"
    await stored.ok("POST", "/api/v3/core/tokens/", {"identifier": key, "user": person["pk"]})
    bearer = {"authorization": f"Bearer {(await stored.ok('GET', f'/api/v3/core/tokens/{key}/view_key/'))['key']}"}
    virtual = (await stored.ok("POST", "/key/generate", {"user_id": name}))["key"]
    assert (await stored.at(worker=1, headers=bearer).get("/api/v3/core/users/me/")).status_code == 200
    assert (await stored.at(worker=1).get("/v1/models", headers={"x-api-key": virtual})).status_code == 200
    code = await app.code(browser)

    await stored.change(person, is_active=False)

    await dead(app, tokens["access_token"], tokens["refresh_token"])
    assert error(await app.exchange(code, worker=1)) == "invalid_grant"
    assert error(await app.poll(started, worker=1)) == "access_denied"
    silent = await browser.open(AUTHORIZE, **app.request(prompt="none"))
    assert returned(silent)["error"] == "login_required"
    assert (await browser.api("GET", "/api/v1/me")).status_code == 401
    for worker in (0, 1):
        assert (await stored.at(worker=worker, headers=bearer).get("/api/v3/core/users/me/")).status_code == 401
        refused = await stored.at(worker=worker).get("/v1/models", headers={"x-api-key": virtual})
        assert refused.status_code in (401, 403)
    # The right password opens nothing, and says no more than a wrong one.
    texts = [without_token((await stored.browser().sign_in(name, typed)).text) for typed in (PASSWORD, "wrong")]
    assert texts[0] == texts[1]
    assert "do not belong together" in texts[0]
    # Switched on again, what is gone stays gone.
    await stored.change(person, is_active=True)
    await dead(app, tokens["access_token"], tokens["refresh_token"])
    assert (await browser.api("GET", "/api/v1/me")).status_code == 401


async def test_08_deactivated_service_accounts_get_nothing(stored: Site) -> None:
    app = await stored.client()
    access = good(await app.token("client_credentials", scope="email"))["access_token"]
    account = (await app.introspect(access))["username"]
    [row] = (await stored.ok("GET", f"/api/v3/core/users/?username={account}"))["results"]
    robot = await stored.ok("POST", "/api/v3/core/users/service_account/", {"name": stored.name("robot")})
    key = f"token-{robot['username']}"
    await stored.ok("POST", "/api/v3/core/tokens/", {"identifier": key, "user": robot["user_pk"]})
    bearer = {"authorization": f"Bearer {(await stored.ok('GET', f'/api/v3/core/tokens/{key}/view_key/'))['key']}"}
    assert (await stored.at(headers=bearer).get("/api/v3/core/users/me/")).status_code == 200

    await stored.change(row, is_active=False)
    await stored.change({"pk": robot["user_pk"]}, is_active=False)

    await dead(app, access)
    assert error(await app.token("client_credentials", worker=1, scope="email")) == "invalid_grant"
    assert (await stored.at(worker=1, headers=bearer).get("/api/v3/core/users/me/")).status_code == 401
    # Its app password, the one secret that it was given, is no password.
    refused = await stored.browser().sign_in(robot["username"], robot["token"])
    assert "do not belong together" in refused.text


async def test_09_a_deleted_session_takes_its_tokens_along_on_every_worker(stored: Site) -> None:
    app, person, browser = await stored.client(), await stored.person(), stored.browser()
    await browser.dashboard(person["username"])
    tokens = await app.tokens(browser, scope=OFFLINE)
    code = await app.code(browser)
    query = f"/api/v3/core/authenticated_sessions/?user__username={person['username']}"
    kinds = {row["kind"]: row["uuid"] for row in (await stored.ok("GET", query))["results"]}
    stolen = stored.at(worker=1, headers={"cookie": f"gatewright_session={browser.cookie('gatewright_session')}"})
    assert (await stolen.get("/api/v1/me")).status_code == 200

    await stored.ok("DELETE", f"/api/v3/core/authenticated_sessions/{kinds['idp']}/")

    await dead(app, tokens["access_token"], tokens["refresh_token"])
    assert error(await app.exchange(code, worker=1)) == "invalid_grant"
    assert (await stolen.get("/api/v1/me")).status_code == 401
    assert 'type="password"' in (await browser.open(AUTHORIZE, **app.request())).text


SCOPE = "openid email profile offline_access entitlements litellm_role goauthentik.io/api admin"


async def test_11_no_grant_gives_a_scope_that_was_not_configured(site: Site) -> None:
    app = await site.client(scopes=("openid", "email"))
    person, browser = await site.person(), site.browser()

    async def code() -> dict[str, Any]:
        return await app.tokens(browser, person["username"], scope=SCOPE)

    async def pushed() -> dict[str, Any]:
        made = good(await app.post("par", app.request(scope=SCOPE)))
        answer = await browser.open(AUTHORIZE, client_id=app.id, request_uri=made["request_uri"])
        return good(await app.exchange(returned(answer)["code"]))

    async def client_credentials() -> dict[str, Any]:
        return good(await app.token("client_credentials", scope=SCOPE))

    async def device() -> dict[str, Any]:
        started = await app.device(scope=SCOPE)
        await app.approve(browser, started)
        return good(await app.poll(started, scope=SCOPE))

    for grant in (code, pushed, client_credentials, device):
        found = await grant()
        assert set(found["scope"].split()) <= {"openid", "email"}, grant
        assert "refresh_token" not in found, grant
        told = await app.introspect(found["access_token"])
        assert set(told["scope"].split()) <= {"openid", "email"}, grant
        assert "litellm_role" not in told, grant
    refused = await app.token("client_credentials", scope="litellm_role admin")
    assert error(refused) == "invalid_scope"
    # What is taken from the client later is gone from what was granted before.
    wide = await site.client()
    tokens = await wide.tokens(browser, scope="openid email profile offline_access")
    assert error(await wide.refresh(tokens["refresh_token"], scope=SCOPE)) == "invalid_scope"
    listed = await site.ok("GET", "/api/v3/propertymappings/provider/scope/?page_size=100")
    kept = [one["pk"] for one in listed["results"] if one["scope_name"] in ("openid", "offline_access")]
    await wide.change(property_mappings=kept)
    again = good(await wide.refresh(tokens["refresh_token"]))
    assert set(again["scope"].split()) == {"openid", "offline_access"}


async def test_13_a_token_tells_nothing_to_other_clients(site: Site) -> None:
    app, other, person = await site.client(), await site.client(), await site.person()
    tokens = await app.tokens(site.browser(), person["username"], scope=OFFLINE)
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert await other.introspect(token) == {"active": False}
        assert (await other.post("revoke", {"token": token})).status_code == 400
        assert error(await other.refresh(token)) == "invalid_grant"
        assert (await app.introspect(token))["active"] is True
        # A name opens nothing.
        nameless = await app.post("introspect", {"token": token, "client_id": app.id}, auth=False)
        assert error(nameless) == "invalid_client"
    public = await site.client(client_type="public")
    mine = {"token": tokens["access_token"], "client_id": public.id}
    assert error(await public.post("introspect", mine, auth=False)) == "invalid_client"


async def test_16_access_is_asked_when_a_grant_begins(site: Site) -> None:
    app, person, browser = await site.client(), await site.person(), site.browser()
    await app.only_for(await site.group())
    page = await browser.sign_in(person["username"], **app.request())
    assert (page.status_code, "code=" in str(page.headers.get("location"))) == (403, False)
    assert returned(await browser.open(AUTHORIZE, **app.request(prompt="none")))["error"] == "access_denied"
    started = await app.device()
    assert (await app.approve(browser, started)).status_code == 403
    assert error(await app.poll(started)) == "access_denied"
    assert error(await app.token("client_credentials", scope="email")) in ("invalid_grant", "access_denied")
    pushed = good(await app.post("par", app.request()))
    page = await browser.open(AUTHORIZE, client_id=app.id, request_uri=pushed["request_uri"])
    assert page.status_code == 403


async def test_16_access_is_asked_again_when_a_grant_is_redeemed(site: Site) -> None:
    app, browser = await site.client(), site.browser()
    group = await site.group()
    person = await site.person(groups=[group["pk"]])
    await app.only_for(group)
    tokens = await app.tokens(browser, person["username"], scope=OFFLINE)
    started = await app.device()
    assert (await app.approve(browser, started)).status_code == 200
    code = await app.code(browser)

    await site.ok("POST", f"/api/v3/core/groups/{group['pk']}/remove_user/", {"pk": person["pk"]})

    assert error(await app.exchange(code)) == "invalid_grant"
    assert error(await app.poll(started)) == "invalid_grant"
    assert (await app.userinfo(tokens["access_token"])).status_code == 401
    assert await app.introspect(tokens["access_token"]) == {"active": False}
    assert error(await app.refresh(tokens["refresh_token"])) == "invalid_grant"


async def test_17_the_challenge_cannot_be_taken_away(site: Site) -> None:
    app, public = await site.client(), await site.client(client_type="public")
    strict = await site.client(require_pkce=True)
    person, browser = await site.person(), site.browser()
    verifier, challenge = proof()
    other, _ = proof()
    code = await app.code(browser, person["username"], **challenge)
    # None of these proofs is good, and a wrong proof uses the code up.
    for form in ({}, {"code_verifier": other}, {"code_verifier": challenge["code_challenge"]}, {"code_verifier": ""}):
        code = await app.code(browser, **challenge)
        assert error(await app.exchange(code, form)) == "invalid_grant"
        assert error(await app.exchange(code, code_verifier=verifier)) == "invalid_grant"
    # Somebody took the challenge out of the request on its way here: the client's verifier tells.
    assert error(await app.exchange(await app.code(browser), code_verifier=verifier)) == "invalid_grant"
    plain = {"code_challenge": verifier, "code_challenge_method": "plain"}
    for client in (app, public, strict):
        for bad in (plain, {"code_challenge": verifier}, {"code_challenge_method": "S256"}):
            answer = await browser.open(AUTHORIZE, **client.request(**bad))
            assert returned(answer)["error"] == "invalid_request"
    for client in (public, strict):
        assert returned(await browser.open(AUTHORIZE, **client.request()))["error"] == "invalid_request"
    code = await public.code(browser, **challenge)
    good(await public.exchange(code, auth=False, client_id=public.id, code_verifier=verifier))


async def test_21_a_code_belongs_to_its_client_address_and_challenge(stored: Site) -> None:
    verifier, challenge = proof()
    second = "https://rp.example/second"
    both = [{"matching_mode": "strict", "url": uri} for uri in (CALLBACK, second)]
    app, other = await stored.client(redirect_uris=both), await stored.client(redirect_uris=both)
    person, browser = await stored.person(), stored.browser()
    proven = {"code_verifier": verifier}
    code = await app.code(browser, person["username"], **challenge)
    # Another client neither redeems it nor uses it up.
    assert error(await other.exchange(code, proven)) == "invalid_grant"
    named = await app.token("authorization_code", auth=False, code=code, redirect_uri=CALLBACK, client_id=app.id)
    assert error(named) == "invalid_client"
    tokens = good(await app.exchange(code, proven, worker=1))
    for address in (second, f"{CALLBACK}/", CALLBACK.upper(), ""):
        wrong = await app.code(browser, **challenge)
        assert error(await app.exchange(wrong, proven, redirect_uri=address)) == "invalid_grant"
    late = await app.code(browser, **challenge)
    stored.clock.pass_(seconds=60)
    assert error(await app.exchange(late, proven)) == "invalid_grant"
    # Told twice, it was stolen: what came of it ends.
    assert error(await app.exchange(code, proven)) == "invalid_grant"
    await dead(app, tokens["access_token"])


async def test_21_of_parallel_redemptions_of_a_code_exactly_one_wins(stored: Site) -> None:
    app, person, browser = await stored.client(), await stored.person(), stored.browser()
    code = await app.code(browser, person["username"], scope=OFFLINE)
    assert await at_once([app.exchange(code, worker=n % 2) for n in range(10)]) == [200] + [400] * 9


async def test_22_of_parallel_uses_of_a_refresh_token_exactly_one_wins_and_the_family_ends(stored: Site) -> None:
    app, person, browser = await stored.client(), await stored.person(), stored.browser()
    tokens = await app.tokens(browser, person["username"], scope=OFFLINE)
    answers = await asyncio.gather(*(app.refresh(tokens["refresh_token"], worker=n % 2) for n in range(10)))
    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 9
    [won] = [answer.json() for answer in answers if answer.status_code == 200]
    await dead(app, won["access_token"], won["refresh_token"])
    await dead(app, tokens["access_token"])


async def test_22_a_used_refresh_token_ends_its_whole_family(stored: Site) -> None:
    app, person, browser = await stored.client(), await stored.person(), stored.browser()
    first = await app.tokens(browser, person["username"], scope=OFFLINE)
    family = [first]
    for worker in (1, 0, 1):
        family.append(good(await app.refresh(family[-1]["refresh_token"], worker=worker)))
    assert len({one["refresh_token"] for one in family}) == 4
    unrelated = await app.tokens(browser, scope=OFFLINE)

    assert error(await app.refresh(first["refresh_token"])) == "invalid_grant"

    for one in family:
        await dead(app, one["access_token"], one["refresh_token"])
    assert (await app.userinfo(unrelated["access_token"])).status_code == 200
    suspicious = await stored.events(action="idp.suspicious")
    assert app.id in str(suspicious[0])


@pytest.mark.parametrize(
    "grant",
    [
        "password",
        "implicit",
        "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "urn:ietf:params:oauth:grant-type:token-exchange",
        "urn:ietf:params:oauth:grant-type:saml2-bearer",
        "urn:openid:params:grant-type:ciba",
    ],
)
async def test_28_there_is_no_grant_around_the_sign_in_page(site: Site, grant: str) -> None:
    app, person = await site.client(), await site.person()
    form = {
        "username": person["username"],
        "password": PASSWORD,
        "assertion": "a.b.c",
        "subject_token": "x",
        "subject_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "scope": "openid",
    }
    assert error(await app.token(grant, form)) == "unsupported_grant_type"
    # Nor can it be switched on: an old blueprint's name is left out, with a warning.
    answer = await site.admin.patch(f"/api/v3/providers/oauth2/{app.provider_pk}/", json={"grant_types": [grant]})
    assert answer.status_code == 400 or grant not in answer.json()["grant_types"]


async def test_28_every_grant_asks_for_consent(site: Site) -> None:
    explicit = "default-provider-authorization-explicit-consent"
    [flow] = (await site.ok("GET", f"/api/v3/flows/instances/?slug={explicit}"))["results"]
    app = await site.client(authorization_flow=flow["pk"])
    person, browser = await site.person(), site.browser()
    page = await browser.sign_in(person["username"], **app.request())
    assert "decision" in page.text
    assert returned(await browser.open(AUTHORIZE, **app.request(prompt="none")))["error"] == "consent_required"
    assert "code" in returned(await browser.submit(page, decision="allow"))
    # More than was agreed to is asked again; silence gives nothing.
    wider = app.request(scope="openid email profile")
    assert returned(await browser.open(AUTHORIZE, **wider, prompt="none"))["error"] == "consent_required"
    assert "decision" in (await browser.open(AUTHORIZE, **wider)).text
    # A device gets nothing before somebody has seen who asks, and said yes.
    started = await app.device()
    shown = await browser.submit(await browser.open("/device"), user_code=started["user_code"])
    assert app.id in shown.text
    assert error(await app.poll(started)) == "authorization_pending"


async def test_32_no_grant_leaves_a_restriction_out(site: Site) -> None:
    """There is no token exchange; and a token for somebody else's API needs that API's own permission."""
    door = "https://api.example"
    app, person, browser = await site.client(), await site.person(), site.browser()
    api = await site.client("api", redirect_uris=[{"matching_mode": "strict", "url": f"{door}/cb"}])
    document = (await site.at().get(f"{app.issuer}.well-known/openid-configuration")).json()
    assert set(document["grant_types_supported"]) == set(GRANTS)
    tokens = await app.tokens(browser, person["username"], scope=OFFLINE, resource=door)
    assert (await app.introspect(tokens["access_token"]))["aud"] == door
    code = await app.code(browser, resource=door)

    await api.only_for(await site.group())

    assert error(await app.exchange(code)) == "invalid_target"
    assert error(await app.refresh(tokens["refresh_token"])) == "invalid_target"
    started = await app.device(resource=door)
    await app.approve(browser, started)
    assert error(await app.poll(started)) == "invalid_target"
    answer = await app.token("client_credentials", scope="email", resource=door)
    assert error(answer) == "invalid_target"


def assertion(app: Client, key: ECKey, now: int, **changes: Any) -> dict[str, str]:
    claims = {
        "iss": app.id,
        "sub": app.id,
        "aud": app.issuer,
        "jti": uuid4().hex,
        "iat": now,
        "exp": now + 60,
        **changes,
    }
    kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    signed = jwt.encode({"alg": "ES256", "kid": key.kid}, claims, key, algorithms=["ES256"])
    return {"client_assertion": signed, "client_assertion_type": kind}


async def test_33_an_assertion_is_good_once(stored: Site) -> None:
    key = ECKey.generate_key("P-256", {"kid": "one"})
    app = await stored.client(jwks={"keys": [key.as_dict(private=False)]})
    now = stored.clock() // 1000

    async def use(form: dict[str, str], worker: int = 0) -> httpx2.Response:
        return await app.token("client_credentials", form, auth=False, worker=worker, scope="email")

    once = assertion(app, key, now)
    assert await at_once([use(once, n % 2) for n in range(8)]) == [200] + [401] * 7
    bad: list[dict[str, Any]] = [
        {"aud": "https://evil.example/"},
        {"exp": now - 60},
        {"sub": "somebody-else"},
        {"iss": "somebody-else"},
        {"exp": now + 864_000},
    ]
    for changes in bad:
        assert error(await use(assertion(app, key, now, **changes))) == "invalid_client", changes
    thief = ECKey.generate_key("P-256", {"kid": "one"})
    assert error(await use(assertion(app, thief, now))) == "invalid_client"
    # It opens no other endpoint a second time either.
    assert error(await app.post("introspect", {"token": "x", **once}, auth=False)) == "invalid_client"
