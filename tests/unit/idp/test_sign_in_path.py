"""The whole path as the seed's client walks it: sign in, code, tokens, userinfo, sign out."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2
import pytest
from authlib.common.security import generate_token
from authlib.oauth2.rfc6749.parameters import (
    parse_authorization_code_response,
    prepare_token_request,
)
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from authlib.oidc.core import CodeIDToken

from gatewright.oidc import id_token, jwt, pkce
from gatewright.oidc.metadata import parse
from gatewright.storage import scope_mappings

from .conftest import BASE, PASSWORD, Stand

pytestmark = pytest.mark.anyio
ISSUER = f"{BASE}/application/o/litellm/"
CALLBACK = f"{BASE}/sso/callback"
SEED: dict[str, str] = {
    "client_id": "litellm",
    "redirect_uri": CALLBACK,
    "response_type": "code",
    "scope": "openid email profile litellm_role",
    "state": "st@te &1",
}


async def sign_in(browser: httpx2.AsyncClient, name: str, query: Mapping[str, str] = SEED) -> httpx2.Response:
    """Follows the browser's way up to the redirect to the client."""
    asked = await browser.get("/application/o/authorize/", params=dict(query))
    assert asked.status_code == 303, asked.text
    page = await browser.get(asked.headers["location"])
    assert page.status_code == 200, page.text
    fields = dict(re.findall(r'name="(csrf|next)" value="([^"]*)"', page.text))
    form = {**fields, "next": fields["next"].replace("&amp;", "&"), "name": name, "password": PASSWORD}
    return await browser.post("/if/flow/default-authentication-flow/", data=form, headers={"origin": BASE})


def returned(response: httpx2.Response) -> dict[str, str]:
    assert response.status_code == 303, response.text
    parts = urlsplit(response.headers["location"])
    assert response.headers["location"].startswith(CALLBACK)
    return {name: values[0] for name, values in parse_qs(parts.query).items()}


async def secret(stand: Stand) -> str:
    found = await stand.provider.clients.secret("litellm")
    assert found is not None
    return found


async def exchange(stand: Stand, code: str, **changes: str) -> httpx2.Response:
    """The token request of fastapi-sso: Basic, and the client id in the body again."""
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "client_id": "litellm"}
    async with stand.browser() as client:
        auth = ("litellm", await secret(stand))
        return await client.post("/application/o/token/", data={**form, **changes}, auth=auth)


async def tokens(stand: Stand, browser: httpx2.AsyncClient, name: str = "alice", **query: str) -> dict[str, Any]:
    answer = await exchange(stand, returned(await sign_in(browser, name, {**SEED, **query}))["code"])
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def userinfo(stand: Stand, token: str) -> httpx2.Response:
    async with stand.browser() as client:
        return await client.get("/application/o/userinfo/", headers={"authorization": f"Bearer {token}"})


@pytest.mark.parametrize(("name", "role"), [("alice", "proxy_admin"), ("bob", "internal_user")])
async def test_the_seeds_sign_in(stand: Stand, name: str, role: str) -> None:
    async with stand.browser() as browser:
        result = returned(await sign_in(browser, name))
        assert result["state"] == SEED["state"]
        assert result["iss"] == ISSUER
        answer = await exchange(stand, result["code"])
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 600
    assert body["scope"] == SEED["scope"]

    keys = (await stand.provider.keys.ring()).jwks
    access = jwt.verify(body["access_token"], keys)
    assert access["litellm_role"] == role
    assert (access["sub"], access["aud"], access["azp"], access["iss"]) == (name, "litellm", "litellm", ISSUER)
    identity = jwt.verify(body["id_token"], keys)
    now = stand.clock() // 1000
    expected = id_token.Expectations(ISSUER, "litellm", now, access_token=body["access_token"])
    assert id_token.validate(identity, expected) == name
    assert identity["amr"] == ["pwd"]
    assert identity["auth_time"] == now
    assert "nonce" not in identity

    info = (await userinfo(stand, body["access_token"])).json()
    assert info == {
        "sub": name,
        "email": f"{name}@example.com",
        "email_verified": True,
        "name": name.title(),
        "given_name": name.title(),
        "preferred_username": name,
        "nickname": name,
        "groups": ["admins"] if name == "alice" else [],
        "litellm_role": role,
    }


async def test_a_second_request_of_the_same_browser_asks_nothing(stand: Stand) -> None:
    async with stand.browser() as browser:
        await sign_in(browser, "alice")
        again = await browser.get("/application/o/authorize/", params={**SEED, "prompt": "none"})
        assert again.status_code == 303
        assert (await exchange(stand, returned(again)["code"])).status_code == 200


async def test_pkce_and_nonce_come_through(stand: Stand) -> None:
    verifier = pkce.new_verifier()
    query = {**SEED, "nonce": "n-1", "code_challenge": pkce.challenge(verifier), "code_challenge_method": "S256"}
    async with stand.browser() as browser:
        code = returned(await sign_in(browser, "alice", query))["code"]
        answer = await exchange(stand, code, code_verifier=verifier)
    assert answer.status_code == 200
    keys = (await stand.provider.keys.ring()).jwks
    assert jwt.verify(answer.json()["id_token"], keys)["nonce"] == "n-1"


@pytest.mark.parametrize("path", ["/application/o/litellm/.well-known/openid-configuration", "/application/o/litellm/"])
async def test_discovery_says_where_everything_is(stand: Stand, path: str) -> None:
    async with stand.browser() as browser:
        response = await browser.get(path, follow_redirects=True)
        found = parse(response.content, issuer=ISSUER)
        assert response.headers["access-control-allow-origin"] == "*"
        assert found.token_endpoint == f"{BASE}/application/o/token/"
        assert found.end_session_endpoint == f"{ISSUER}end-session/"
        assert "litellm_role" in found.scopes_supported
        assert {"litellm_role", "email", "groups"} <= set(found.claims_supported)
        jwks = (await browser.get(found.jwks_uri)).json()
    assert [key["alg"] for key in jwks["keys"]] == ["RS256", "ES256", "EdDSA"]
    assert jwks["keys"][0]["kid"] == (await stand.provider.keys.ring()).current.kid
    assert all("d" not in key for key in jwks["keys"])


async def test_every_path_answers_with_and_without_the_slash(stand: Stand) -> None:
    async with stand.browser() as browser:
        for path in ("authorize", "userinfo", "litellm/jwks", "litellm/.well-known/openid-configuration", "litellm"):
            with_slash = await browser.get(f"/application/o/{path}/")
            without = await browser.get(f"/application/o/{path}")
            assert with_slash.status_code == without.status_code != 404
            assert without.headers.get("location", "") == with_slash.headers.get("location", "")
        for spelling in ("token", "token/"):
            assert (await browser.post(f"/application/o/{spelling}", data={"x": "1"})).status_code == 401
        assert (await browser.get("/application/o/nothing/jwks/")).status_code == 404


async def test_userinfo_shows_changes_at_once_and_ends_with_the_person(stand: Stand) -> None:
    from gatewright.storage import groups, users

    async with stand.browser() as browser:
        token = (await tokens(stand, browser, "bob"))["access_token"]
    async with stand.db.write() as tx:
        group = next(one for one in await groups.everything(tx) if one.name == "admins")
        await groups.join(tx, group.id, stand.people["bob"].id)
    assert (await userinfo(stand, token)).json()["litellm_role"] == "proxy_admin"
    async with stand.db.write() as tx:
        await users.change(tx, stand.people["bob"].id, stand.clock(), is_active=False)
    refused = await userinfo(stand, token)
    assert refused.status_code == 401
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]


async def test_userinfo_takes_the_token_from_header_or_form_and_wants_openid(stand: Stand) -> None:
    async with stand.browser() as browser:
        token = (await tokens(stand, browser))["access_token"]
        bare = (await tokens(stand, stand.browser(), "alice", scope="email"))["access_token"]
        url = "/application/o/userinfo/"
        assert (await browser.post(url, data={"access_token": token})).json()["sub"] == "alice"
        assert (await browser.get(url, params={"access_token": token})).status_code == 401
        twice = await browser.post(url, data={"access_token": token}, headers={"authorization": f"Bearer {token}"})
        assert twice.status_code == 400
        missing = await browser.get(url)
        assert missing.headers["www-authenticate"] == 'Bearer realm="gatewright"'
    assert (await userinfo(stand, bare)).status_code == 403


async def test_an_id_token_is_no_access_token(stand: Stand) -> None:
    async with stand.browser() as browser:
        body = await tokens(stand, browser)
    assert (await userinfo(stand, body["id_token"])).status_code == 401
    assert (await userinfo(stand, body["access_token"][:-4] + "AAAA")).status_code == 401


async def test_a_token_dies_after_its_life(stand: Stand) -> None:
    async with stand.browser() as browser:
        token = (await tokens(stand, browser))["access_token"]
    stand.clock.now += 599_000
    assert (await userinfo(stand, token)).status_code == 200
    stand.clock.now += 1_000
    assert (await userinfo(stand, token)).status_code == 401


async def test_registered_pages_may_read_the_answers_and_nobody_else(stand: Stand) -> None:
    async with stand.browser() as browser:
        for origin, allowed in ((BASE, BASE), ("https://evil.example", None)):
            for response in (
                await browser.options("/application/o/token/", headers={"origin": origin}),
                await browser.post("/application/o/token/", headers={"origin": origin}),
                await browser.get("/application/o/userinfo/", headers={"origin": origin}),
            ):
                assert response.headers.get("access-control-allow-origin") == allowed
                assert "access-control-allow-credentials" not in response.headers


async def test_an_independent_client_signs_in(stand: Stand) -> None:
    """Authlib reads the discovery document, fetches the code's tokens and checks the ID token."""
    from joserfc import jwt as other_jwt
    from joserfc.jwk import KeySet

    async with stand.browser() as browser:
        document = (await browser.get("/application/o/litellm/.well-known/openid-configuration")).json()
        verifier, nonce = generate_token(48), generate_token(20)
        query = {**SEED, "nonce": nonce, "code_challenge_method": "S256"}

        query["code_challenge"] = create_s256_code_challenge(verifier)
        location = (await sign_in(browser, "alice", query)).headers["location"]

        code = parse_authorization_code_response(location, query["state"])
        body = prepare_token_request(
            "authorization_code", "", redirect_uri=CALLBACK, code=code["code"], code_verifier=verifier
        )
        answer = await browser.post(
            document["token_endpoint"],
            content=body,
            headers={"content-type": "application/x-www-form-urlencoded"},
            auth=("litellm", await secret(stand)),
        )
        keys = KeySet.import_key_set((await browser.get(document["jwks_uri"])).json())
    token = answer.json()
    decoded = other_jwt.decode(token["id_token"], keys, algorithms=["RS256"])
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        {"iss": {"value": document["issuer"]}, "aud": {"value": "litellm"}},
        {"nonce": nonce, "access_token": token["access_token"], "client_id": "litellm"},
    )
    claims.validate(now=stand.clock() // 1000, leeway=0)
    assert claims["sub"] == "alice"


async def test_the_redirect_keeps_the_clients_own_query(stand: Stand) -> None:
    from gatewright.idp.authorization.response import ReturnPath

    own = ReturnPath("https://x/cb?a=1", ISSUER, "s", "query").success("c").url
    assert own.startswith("https://x/cb?a=1&code=c&state=s&iss=")
    app = ReturnPath("com.example.app:/cb", ISSUER, None, "query").success("c").url
    assert app == "com.example.app:/cb?" + urlencode({"code": "c", "iss": ISSUER})
    fragment = ReturnPath("https://x/cb?a=1", ISSUER, None, "fragment").success("c").url
    assert fragment.startswith("https://x/cb?a=1#code=c&iss=")


async def test_a_mapping_that_is_stopped_refuses_the_sign_in_and_demotes_nobody(stand: Stand) -> None:
    async with stand.browser() as browser:
        body = await tokens(stand, browser)
        async with stand.db.write() as tx:
            role = await scope_mappings.find(tx, scope_name="litellm_role")
            assert role is not None
            await scope_mappings.change(tx, role.id, expression="while True:\n    pass")
        answer = await exchange(stand, returned(await sign_in_again(browser))["code"])
        assert (answer.status_code, answer.json()["error"]) == (503, "temporarily_unavailable")
        assert "LiteLLM Role" in answer.json()["error_description"]
        assert (await userinfo(stand, body["access_token"])).status_code == 503
    [event, _] = await stand.events("idp.mapping")
    assert (event["outcome"], event["target"]) == ("mapping_failed", "LiteLLM Role")
    assert "took too long" in event["details"]["cause"]


async def sign_in_again(browser: httpx2.AsyncClient) -> httpx2.Response:
    """The provider's session answers at once."""
    return await browser.get("/application/o/authorize/", params=SEED)
