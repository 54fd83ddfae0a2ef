"""Discovery at every address where clients look, and the two issuer modes."""

from typing import Any

import pytest

from gatewright.oidc import jwt
from gatewright.storage import oauth_providers

from .conftest import BASE, Stand
from .test_sign_in_path import ISSUER, exchange, returned, sign_in, userinfo

pytestmark = pytest.mark.anyio
OWN = "/application/o/litellm/.well-known/openid-configuration"


async def make_global(stand: Stand) -> None:
    async with stand.db.write() as tx:
        provider = await oauth_providers.find_id(tx, client_id="litellm")
        assert provider is not None
        await oauth_providers.change(tx, provider, issuer_mode="global")


async def test_the_document_names_everything(stand: Stand) -> None:
    async with stand.browser() as client:
        answer = await client.get(OWN)
        found: dict[str, Any] = answer.json()
        assert answer.headers["access-control-allow-origin"] == "*"
        assert found["issuer"] == ISSUER
        assert found["prompt_values_supported"] == ["none", "login", "consent", "select_account"]
        assert found["response_modes_supported"] == ["query", "fragment", "form_post"]
        assert found["acr_values_supported"] == ["goauthentik.io/providers/oauth2/default"]
        assert found["authorization_response_iss_parameter_supported"] is True
        assert found["claims_parameter_supported"] is found["request_parameter_supported"] is False
        assert {"sub", "iss", "email", "litellm_role", "auth_time", "sid"} <= set(found["claims_supported"])
        endpoints = [value for name, value in found.items() if name.endswith("_endpoint") or name == "jwks_uri"]
        assert len(endpoints) >= 8
        for url in endpoints:
            assert url.startswith(f"{BASE}/application/o/")
            for spelling in (url, url.rstrip("/")):
                answers = [await client.get(spelling), await client.post(spelling, data={"x": "y"})]
                assert {answer.status_code for answer in answers} != {404}
                # A redirect would lose a POST's body.
                assert answers[1].status_code not in (301, 302, 307, 308)


async def test_metadata_at_the_address_of_rfc_8414(stand: Stand) -> None:
    path = "/.well-known/oauth-authorization-server/application/o/litellm"
    async with stand.browser() as client:
        own = (await client.get(OWN)).json()
        for spelling in (path, path + "/"):
            assert (await client.get(spelling)).json() == own
        assert (await client.get(path + "x/")).status_code == 404
        await make_global(stand)
        assert (await client.get(path)).status_code == 404


async def test_the_shared_issuer(stand: Stand) -> None:
    async with stand.browser() as browser:
        assert (await browser.get("/.well-known/openid-configuration")).status_code == 404
        old = (await exchange(stand, returned(await sign_in(browser, "alice"))["code"])).json()
        await make_global(stand)
        document = (await browser.get("/.well-known/openid-configuration")).json()
        assert document == (await browser.get(OWN)).json()
        assert document["issuer"] == f"{BASE}/"
        result = returned(await browser.get("/application/o/authorize/", params=SILENT))
        assert result["iss"] == f"{BASE}/"
        body = (await exchange(stand, result["code"])).json()
        jwks = (await browser.get(document["jwks_uri"])).json()
        assert jwt.verify(body["id_token"], jwks)["iss"] == f"{BASE}/"
        assert (await userinfo(stand, body["access_token"])).status_code == 200
        # What was issued under the other name is somebody else's.
        assert (await userinfo(stand, old["access_token"])).status_code == 401


SILENT = {
    "client_id": "litellm",
    "redirect_uri": f"{BASE}/sso/callback",
    "response_type": "code",
    "scope": "openid",
    "prompt": "none",
}


async def test_webfinger(stand: Stand) -> None:
    rel = "http://openid.net/specs/connect/1.0/issuer"
    async with stand.browser() as client:
        evil = 'acct:"><script>@example.com'
        answer = await client.get("/.well-known/webfinger", params={"resource": evil, "rel": rel})
        assert answer.headers["content-type"] == "application/jrd+json"
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.json() == {"subject": evil, "links": [{"rel": rel, "href": ISSUER}]}
        other = await client.get("/.well-known/webfinger/", params={"resource": "x", "rel": "avatar"})
        assert other.json()["links"] == []
        assert (await client.get("/.well-known/webfinger")).status_code in (400, 422)
