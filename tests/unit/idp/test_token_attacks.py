"""What the token endpoint refuses, and what end-session does and does not do."""

import asyncio
import base64
from urllib.parse import quote

import pytest

from gatewright.oidc import jwt, pkce
from gatewright.storage import oauth_providers

from .conftest import BASE, Stand
from .test_sign_in_path import CALLBACK, SEED, exchange, returned, secret, sign_in, tokens, userinfo

pytestmark = pytest.mark.anyio
TOKEN = "/application/o/token/"
END = "/application/o/litellm/end-session/"


async def fresh_code(stand: Stand, **query: str) -> str:
    async with stand.browser() as browser:
        return returned(await sign_in(browser, "alice", {**SEED, **query}))["code"]


async def test_client_authentication(stand: Stand) -> None:
    good, form = await secret(stand), {"grant_type": "authorization_code", "code": "x", "redirect_uri": CALLBACK}
    body = {"client_id": "litellm", "client_secret": good}
    b64 = base64.b64encode
    encoded = b64(f"litellm:{quote(good, safe='')}".encode()).decode()
    cases: list[tuple[dict[str, str], dict[str, str], str]] = [
        ({}, {}, "invalid_client"),
        ({}, {"client_id": "litellm"}, "invalid_client"),
        ({}, {"client_id": "nobody", "client_secret": good}, "invalid_client"),
        ({}, {**body, "client_secret": good[:-1]}, "invalid_client"),
        ({}, {**body, "client_id": "litellm\u0000"}, "invalid_request"),
        ({}, {**body, "client_assertion": "x"}, "invalid_client"),
        ({"authorization": "Basic !!"}, {}, "invalid_client"),
        ({"authorization": "Bearer x"}, body, "invalid_client"),
        ({"authorization": "Basic " + b64(b"litellm").decode()}, {}, "invalid_client"),
        ({"authorization": "Basic " + b64(b"litellm:wrong").decode()}, body, "invalid_client"),
        ({"authorization": "Basic " + encoded}, {**body, "client_secret": "wrong"}, "invalid_client"),
        ({"authorization": "Basic " + encoded}, {"client_id": "other"}, "invalid_request"),
        # These pass the authentication and fail at the code.
        ({}, body, "invalid_grant"),
        ({"authorization": "Basic " + encoded}, {}, "invalid_grant"),
        ({"authorization": "basic " + encoded}, {"client_id": "litellm"}, "invalid_grant"),
        ({"authorization": "Basic " + encoded}, body, "invalid_grant"),
    ]
    async with stand.browser() as client:
        for headers, extra, error in cases:
            response = await client.post(TOKEN, data={**form, **extra}, headers=headers)
            assert response.json()["error"] == error, (headers, extra, response.text)
            assert response.status_code == (401 if error == "invalid_client" else 400)
            assert ("www-authenticate" in response.headers) == (error == "invalid_client")
            assert response.headers["cache-control"] == "no-store"
            assert good not in response.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"grant_type": "password", "username": "alice", "password": "x"}, "unsupported_grant_type"),
        ({"grant_type": "client_credentials"}, "unauthorized_client"),
        ({"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant"),
        ({"grant_type": "implicit"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
        ({"code": ""}, "invalid_request"),
        ({"code": "guess"}, "invalid_grant"),
        ({"redirect_uri": ""}, "invalid_grant"),
        ({"redirect_uri": CALLBACK + "/"}, "invalid_grant"),
        ({"redirect_uri": BASE + "/signed-out"}, "invalid_grant"),
        ({"code_verifier": "v" * 43}, "invalid_grant"),
    ],
)
async def test_token_requests_that_are_refused(stand: Stand, changes: dict[str, str], error: str) -> None:
    answer = await exchange(stand, **{"code": await fresh_code(stand), **changes})
    assert answer.status_code == 400
    assert answer.json()["error"] == error
    assert (await stand.events("idp.token"))[0]["outcome"] != "ok"


async def test_repeated_parameters_and_other_bodies_are_refused(stand: Stand) -> None:
    auth = ("litellm", await secret(stand))
    kind = {"content-type": "application/x-www-form-urlencoded"}
    async with stand.browser() as client:
        twice = await client.post(TOKEN, content="grant_type=authorization_code&code=a&code=b", headers=kind, auth=auth)
        json = await client.post(TOKEN, json={"grant_type": "authorization_code"}, auth=auth)
        query = await client.post(TOKEN + "?grant_type=authorization_code&code=x", auth=auth)
        big = await client.post(TOKEN, content="a=" + "x" * 100_000, headers=kind, auth=auth)
        get = await client.get(TOKEN, auth=auth)
    assert [r.json()["error"] for r in (twice, json, query, big)] == ["invalid_request"] * 4
    assert get.status_code == 404


async def test_the_verifier_must_fit(stand: Stand) -> None:
    verifier = pkce.new_verifier()
    query = {"code_challenge": pkce.challenge(verifier), "code_challenge_method": "S256"}
    for wrong in ("", "short", pkce.new_verifier(), pkce.challenge(verifier)):
        answer = await exchange(stand, await fresh_code(stand, **query), code_verifier=wrong)
        assert answer.json()["error"] == "invalid_grant"
    code = await fresh_code(stand, **query)
    assert (await exchange(stand, code, code_verifier=verifier)).status_code == 200


async def test_two_exchanges_at_once_have_one_winner_and_a_replay_revokes(stand: Stand) -> None:
    code = await fresh_code(stand)
    answers = await asyncio.gather(*(exchange(stand, code) for _ in range(4)))
    good = [answer for answer in answers if answer.status_code == 200]
    assert len(good) == 1
    assert (await userinfo(stand, good[0].json()["access_token"])).status_code == 401
    assert "code_replayed" in {event["outcome"] for event in await stand.events("idp.token")}


async def test_a_code_dies_after_a_minute_and_with_its_session(stand: Stand) -> None:
    code = await fresh_code(stand)
    stand.clock.now += 60_000
    assert (await exchange(stand, code)).json()["error"] == "invalid_grant"
    async with stand.browser() as browser:
        code = returned(await sign_in(browser, "alice"))["code"]
        await browser.get(END, headers={"sec-fetch-site": "same-origin"})
    assert (await exchange(stand, code)).json()["error"] == "invalid_grant"


async def test_a_mapping_cannot_overwrite_the_protocol_and_a_broken_one_is_reported(stand: Stand) -> None:
    from gatewright.storage import scope_mappings

    evil = 'return {"sub": "admin", "aud": "other", "exp": 1, "litellm_role": "internal_user"}'
    async with stand.db.write() as tx:
        mapping = await scope_mappings.find(tx, name="LiteLLM Role")
        assert mapping is not None
        # Of a required mapping such a failure would end the sign-in instead.
        await scope_mappings.change(tx, mapping.id, expression=evil, required=False)
    async with stand.browser() as browser:
        body = await tokens(stand, browser)
    claims = jwt.verify(body["access_token"], (await stand.provider.keys.ring()).jwks)
    assert (claims["sub"], claims["aud"]) == ("alice", "litellm")
    assert claims["litellm_role"] == "internal_user"
    assert {e["details"]["cause"] for e in await stand.events("idp.mapping")} >= {"the claim sub is the protocol's own"}
    async with stand.db.write() as tx:
        await scope_mappings.change(tx, mapping.id, expression='x = 1\nreturn {"litellm_role": user.nope}')
    info = (await userinfo(stand, body["access_token"])).json()
    assert "litellm_role" not in info
    event = (await stand.events("idp.mapping"))[0]
    assert (event["target"], event["details"]["line"]) == ("LiteLLM Role", 2)
    assert "nope" in event["details"]["cause"]


async def test_the_bare_sign_out_of_the_seed(stand: Stand) -> None:
    """A redirect to end-session with no parameter, from one of our own pages (contract 0.2)."""
    async with stand.browser() as browser:
        body = await tokens(stand, browser)
        done = await browser.get(END, headers={"sec-fetch-site": "same-origin"})
        assert done.status_code == 303
        assert done.headers["location"] == "/signed-out"
        assert (await userinfo(stand, body["access_token"])).status_code == 401
        again = await browser.get("/application/o/authorize/", params={**SEED, "prompt": "none"})
        assert returned(again)["error"] == "login_required"
        # Signed out already: no page, no loop.
        assert (await browser.get(END)).headers["location"] == "/signed-out"


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "cross-site", "referer": "https://evil.example/"},
        {"sec-fetch-site": "cross-site", "referer": "http://localhost:4000.evil.example/"},
        {"sec-fetch-site": "same-origin", "sec-fetch-dest": "image"},
        {"sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe", "referer": BASE + "/"},
    ],
)
async def test_other_sites_and_images_sign_nobody_out(stand: Stand, headers: dict[str, str]) -> None:
    async with stand.browser() as browser:
        body = await tokens(stand, browser)
        page = await browser.get(END, headers=headers)
        assert page.status_code == 200
        assert "Sign out?" in page.text
        assert "gatewright_idp_session" not in page.headers.get("set-cookie", "")
        assert (await userinfo(stand, body["access_token"])).status_code == 200
        assert (await browser.head(END, headers={"sec-fetch-site": "same-origin"})).status_code == 200
        assert (await userinfo(stand, body["access_token"])).status_code == 200
        csrf = page.text.split('name="csrf" value="', 1)[1].split('"', 1)[0]
        button = "/if/flow/default-invalidation-flow/"
        foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        assert (
            await browser.post(button, data={"csrf": csrf, "application": "litellm"}, headers=foreign)
        ).status_code == 403
        assert (await browser.post(button, data={"application": "litellm"})).status_code == 403
        pressed = await browser.post(button, data={"csrf": csrf, "application": "litellm"}, headers={"origin": BASE})
        assert pressed.headers["location"] == "/signed-out"
        assert (await userinfo(stand, body["access_token"])).status_code == 401


async def test_a_cookieless_request_takes_no_cookie_away(stand: Stand) -> None:
    async with stand.browser() as stranger:
        assert "set-cookie" not in (await stranger.get(END)).headers


async def test_a_hint_signs_its_own_session_out_and_no_other(stand: Stand) -> None:
    async with stand.browser() as browser, stand.browser() as other:
        mine, theirs = await tokens(stand, browser), await tokens(stand, other, "bob")
        for hint in (theirs["id_token"], mine["id_token"][:-4] + "AAAA", mine["access_token"], "x"):
            assert (await browser.get(END, params={"id_token_hint": hint})).status_code == 200
        stand.clock.now += 3_600_000
        query = {"id_token_hint": mine["id_token"], "post_logout_redirect_uri": BASE + "/signed-out", "state": "a b"}
        done = await browser.get(END, params=query)
        assert done.headers["location"] == BASE + "/signed-out?state=a+b"


@pytest.mark.parametrize("target", ["https://evil.example/", BASE + "/signed-out/", CALLBACK, "javascript:alert(1)"])
async def test_only_registered_addresses_follow_a_sign_out(stand: Stand, target: str) -> None:
    async with stand.browser() as browser:
        body = await tokens(stand, browser)
        headers = {"sec-fetch-site": "same-origin"}
        refused = await browser.get(END, params={"post_logout_redirect_uri": target}, headers=headers)
        assert refused.status_code == 400
        assert "location" not in refused.headers
        assert "not registered" in refused.text
        assert (await userinfo(stand, body["access_token"])).status_code == 200
    assert (await stand.events("idp.logout"))[0]["outcome"] == "post_logout_redirect_uri_unregistered"


async def test_our_own_sign_out_leaves_a_mark_that_counts_once(stand: Stand) -> None:
    async with stand.browser() as browser:
        await tokens(stand, browser)
        browser.cookies.set("gatewright_signed_out", "1", domain="localhost.local")
        done = await browser.get(END, headers={"sec-fetch-site": "cross-site"})
        assert done.status_code == 303
        cleared = [value for name, value in done.headers.multi_items() if name == "set-cookie"]
        assert any("gatewright_signed_out" in value and "Max-Age=0" in value for value in cleared)


async def test_another_clients_code_is_worthless(stand: Stand) -> None:
    from gatewright.storage import applications

    code = await fresh_code(stand)
    async with stand.db.write() as tx:
        thief = await oauth_providers.add(
            tx,
            name="thief",
            client_id="thief",
            client_secret=stand.db.sealer.seal("s" * 32, "oauth_provider.client_secret"),
            client_type="confidential",
            redirect_uris=[{"url": CALLBACK}],
            grant_types=["authorization_code"],
            authorization_flow="x",
            invalidation_flow="x",
            sub_mode="user_uuid",
            issuer_mode="per_provider",
            access_code_validity=60_000,
            access_token_validity=60_000,
            refresh_token_validity=60_000,
        )
        await applications.add(tx, slug="thief", name="thief", provider_id=thief, launch_url="")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK}
    async with stand.browser() as client:
        stolen = await client.post(TOKEN, data=form, auth=("thief", "s" * 32))
    assert stolen.json()["error"] == "invalid_grant"
    assert (await exchange(stand, code)).status_code == 200
