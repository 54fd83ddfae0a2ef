"""Clients that register themselves: attacks on the rules of registration, and on other clients' registrations."""

import asyncio
from typing import Any

import httpx2
import pytest

from gatewright.outbound.client import Outbound

from .stage import AUTHORIZE, BASE, CALLBACK, SECRET, Client, Site, error, good, returned

pytestmark = pytest.mark.anyio
GOOD: dict[str, Any] = {"redirect_uris": [CALLBACK], "client_name": "Mine"}
EVIL = "https://evil.example"
BAD: list[dict[str, Any]] = [
    {"redirect_uris": ["javascript:alert(1)"]},
    {"redirect_uris": [CALLBACK, f"{CALLBACK}#x"]},
    {"redirect_uris": ["https://rp.example@evil.example/cb"]},
    {"redirect_uris": ["http://rp.example/cb"]},
    {"redirect_uris": [f"{BASE}/sso/callback"]},
    {"redirect_uris": []},
    {"post_logout_redirect_uris": ["javascript:1"]},
    {"client_uri": "javascript:alert(1)"},
    {"client_uri": "https://%(email)s.evil.example/"},
    {"backchannel_logout_uri": "file:///etc/passwd"},
    {"frontchannel_logout_uri": f"{BASE}/x"},
    {"jwks_uri": f"{EVIL}/jwks"},
    {"sector_identifier_uri": f"{EVIL}/s"},
    {"request_uris": [f"{EVIL}/r"]},
    {"software_statement": "e30.e30."},
    {"grant_types": ["password"]},
    {"grant_types": ["implicit"], "response_types": ["token"]},
    {"response_types": ["code id_token"]},
    {"token_endpoint_auth_method": "none", "grant_types": ["client_credentials"]},
    {"token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}},
    {"id_token_signed_response_alg": "none"},
    {"scope": "openid litellm_role"},
    {"subject_type": "pairwise"},
]


async def call(
    site: Site, method: str, path: str, token: str | None, body: Any = None, worker: int = 0
) -> httpx2.Response:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    options = {} if body is None else {"json": body}
    return await site.at(worker=worker, headers=headers).request(method, path.removeprefix(BASE), **options)


async def a_token(site: Site, app: Client, **more: Any) -> str:
    wanted = {"name": site.name("ci"), "application": app.id, "groups": [], "expires_in": "7d", "uses": 1000, **more}
    return str((await site.ok("POST", "/api/v1/idp/registration-tokens", wanted))["token"])


async def register(site: Site, app: Client, token: str, **changes: Any) -> dict[str, Any]:
    return good(await call(site, "POST", f"/application/o/{app.id}/register/", token, {**GOOD, **changes}))


async def test_29_a_registration_is_held_to_every_rule_by_whatever_way_it_comes(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """New or changed, alone or beside what is good; and nothing that it names is fetched."""
    asked: list[Any] = []
    for name in ("get", "post", "request", "send", "fetch"):
        if hasattr(Outbound, name):
            monkeypatch.setattr(Outbound, name, lambda *more, **_: asked.append(more))
    app = await site.client()
    token = await a_token(site, app)
    mine = await register(site, app, token)
    own, secret = mine["registration_client_uri"], mine["registration_access_token"]
    before = good(await call(site, "GET", own, secret))
    for bad in BAD:
        refused = await call(site, "POST", f"/application/o/{app.id}/register/", token, {**GOOD, **bad})
        assert refused.status_code == 400, bad
        refused = await call(site, "PUT", own, secret, {**GOOD, "client_id": mine["client_id"], **bad})
        assert refused.status_code == 400, bad
    for ours in ({"client_id": app.id}, {"client_secret": "x" * 32}, {"registration_access_token": "x"}):
        changed = {**GOOD, "client_id": mine["client_id"], **ours}
        assert (await call(site, "PUT", own, secret, changed)).status_code == 400, ours
    assert good(await call(site, "GET", own, secret)) == before
    assert asked == []
    # What an administrator took away it does not give itself again.
    [provider] = (await site.ok("GET", f"/api/v3/providers/oauth2/?client_id={mine['client_id']}"))["results"]
    uri = {"matching_mode": "strict", "url": f"{CALLBACK}/only"}
    await site.ok("PATCH", f"/api/v3/providers/oauth2/{provider['pk']}/", {"redirect_uris": [uri]})
    refused = await call(site, "PUT", own, secret, {**GOOD, "client_id": mine["client_id"]})
    assert refused.status_code in (400, 403)
    kept = await site.ok("GET", f"/api/v3/providers/oauth2/{provider['pk']}/")
    assert [one["url"] for one in kept["redirect_uris"]] == [f"{CALLBACK}/only"]


async def test_15_a_registration_is_its_clients_alone(stored: Site) -> None:
    app, other = await stored.client(), await stored.client()
    token = await a_token(stored, app)
    one, two = await register(stored, app, token), await register(stored, app, token)
    own = one["registration_client_uri"]
    for wrong in (None, "made-up", token, two["registration_access_token"], one["client_secret"], SECRET):
        for method, body in (("GET", None), ("PUT", {**GOOD, "client_id": one["client_id"]}), ("DELETE", None)):
            assert (await call(stored, method, own, wrong, body, worker=1)).status_code == 401, (method, wrong)
    # The token is for its application; one that ended or was used up is for none.
    assert (await call(stored, "POST", f"/application/o/{other.id}/register/", token, GOOD)).status_code in (
        401,
        403,
        404,
    )
    once = await a_token(stored, app, uses=2)
    path = f"/application/o/{app.id}/register/"
    answers = await asyncio.gather(*(call(stored, "POST", path, once, GOOD, worker=n % 2) for n in range(6)))
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [401] * 4
    short = await a_token(stored, app, expires_in="1h")
    stored.clock.pass_(hours=1)
    assert (await call(stored, "POST", path, short, GOOD)).status_code == 401
    # No answer after the first holds the secret.
    shown = good(await call(stored, "GET", own, one["registration_access_token"]))
    assert "client_secret" not in shown
    assert one["client_secret"] not in str(shown)


async def test_16_nobody_may_use_a_registered_client_whom_its_token_did_not_name(site: Site) -> None:
    app, group = await site.client(), await site.group()
    named = await site.person(groups=[group["pk"]])
    stranger = await site.person("stranger")
    mine = await register(site, app, await a_token(site, app, groups=[group["name"]]))
    query = {"client_id": mine["client_id"], "response_type": "code", "redirect_uri": CALLBACK, "scope": "openid"}
    page = await site.browser().sign_in(stranger["username"], **query)
    assert (page.status_code, "code=" in page.headers.get("location", "")) == (403, False)
    # Nobody looked at this client: it asks for consent, whatever the application does at which it registered.
    browser = site.browser()
    page = await browser.sign_in(named["username"], **query)
    assert "decision" in page.text
    assert "code" in returned(await browser.submit(page, decision="allow"))
    silent = await site.browser().open(AUTHORIZE, **query, prompt="none")
    assert returned(silent)["error"] == "login_required"
    form = {"grant_type": "client_credentials", "client_id": mine["client_id"], "client_secret": mine["client_secret"]}
    assert error(await site.at().post("/application/o/token/", data=form)) == "unauthorized_client"
