"""SCIM: who may call it, what it may do to whom, and what its text may not break. Two workers, over HTTP."""

from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from .stage import ADMIN, MASTER, PASSWORD, Site, good
from .victim import session_of

pytestmark = pytest.mark.anyio
V2, V3 = "/scim/v2", "/api/v3"


async def api_token(site: Site, owner: int) -> str:
    """The key of an API token of that user."""
    name = site.name("scim")
    await site.ok("POST", f"{V3}/core/tokens/", {"identifier": name, "user": owner, "intent": "api"})
    return str((await site.ok("GET", f"{V3}/core/tokens/{name}/view_key/"))["key"])


async def status(site: Site, **headers: str) -> int:
    return (await site.at(headers=headers).get(f"{V2}/Users")).status_code


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


async def test_who_may_call_it(site: Site) -> None:
    boss, member = await site.person("boss"), await site.person("member")
    cookie = await session_of(site, boss, "proxy_admin")
    await session_of(site, member, "internal_user")
    token = await api_token(site, boss["pk"])
    assert await status(site, **bearer(MASTER)) == await status(site, **bearer(token)) == 200
    assert await status(site) == 401
    # A cookie never, whatever comes with it.
    assert await status(site, **cookie) == 401
    for owner in (boss, member):
        key = (await site.ok("POST", "/key/generate", {"user_id": owner["username"]}))["key"]
        assert await status(site, **bearer(key)) == 403
    assert await status(site, **bearer(await api_token(site, member["pk"]))) == 403
    assert await status(site, **bearer("sk-nothing")) == 401
    # A service account is an administrator by its group alone, and as long as it is in it.
    made = await site.ok("POST", f"{V3}/core/users/service_account/", {"name": site.name("robot")})
    robot = await api_token(site, made["user_pk"])
    assert await status(site, **bearer(robot)) == 403
    [admins] = (await site.ok("GET", f"{V3}/core/groups/?name=admins"))["results"]
    await site.ok("POST", f"{V3}/core/groups/{admins['pk']}/add_user/", {"pk": made["user_pk"]})
    assert await status(site, **bearer(robot)) == 200
    assert await status(site, **bearer(made["token"])) == 401
    await site.ok("POST", f"{V3}/core/groups/{admins['pk']}/remove_user/", {"pk": made["user_pk"]})
    assert await status(site, **bearer(robot)) == 403
    await site.change(boss, is_active=False)
    assert await status(site, **bearer(token)) == 401


async def test_whoever_is_switched_off_is_out_everywhere(site: Site) -> None:
    name = site.name("leaver")
    ada = await site.ok("POST", f"{V2}/Users", {"userName": name})
    [person] = (await site.ok("GET", f"{V3}/core/users/?username={name}"))["results"]
    await site.ok("POST", f"{V3}/core/users/{person['pk']}/set_password/", {"password": PASSWORD})
    client = await site.client()
    browser = site.browser(worker=1)
    await browser.dashboard(name)
    tokens = await client.tokens(browser, scope="openid offline_access")
    key = (await site.ok("POST", "/key/generate", {"user_id": name}))["key"]
    mine = await api_token(site, person["pk"])
    cookie = {"cookie": f"gatewright_session={browser.cookie('gatewright_session')}"}

    async def seen(**headers: str) -> list[int]:
        return [(await site.at(worker=one, headers=headers).get("/v1/models")).status_code for one in (0, 1)]

    async def dashboard() -> list[int]:
        return [(await site.at(worker=one, headers=cookie).get("/api/v1/me")).status_code for one in (0, 1)]

    assert await seen(**bearer(key)) == await dashboard() == [200, 200]
    change = {"Operations": [{"op": "Replace", "path": "active", "value": "False"}]}
    await site.ok("PATCH", f"{V2}/Users/{ada['id']}", change)
    assert await seen(**bearer(key)) == await dashboard() == [401, 401]
    assert (await client.refresh(tokens["refresh_token"])).status_code == 400
    assert (await client.userinfo(tokens["access_token"])).status_code == 401
    assert (await site.at(headers=bearer(mine)).get(f"{V3}/core/users/me/")).status_code == 401
    page = await site.browser().sign_in(name)
    assert 'type="password"' in page.text
    # Back again: the key works, the session and what came of it do not.
    await site.ok("PATCH", f"{V2}/Users/{ada['id']}", {"Operations": [{"op": "replace", "value": {"active": True}}]})
    # A worker remembers for half a minute that it refused a key.
    site.clock.pass_(seconds=31)
    assert await seen(**bearer(key)) == [200, 200]
    assert await dashboard() == [401, 401]
    assert (await client.refresh(tokens["refresh_token"])).status_code == 400
    await site.ok("DELETE", f"{V2}/Users/{ada['id']}")
    assert await seen(**bearer(key)) == [401, 401]


async def test_it_reaches_nobody_whom_it_did_not_make(site: Site) -> None:
    [root] = (await site.ok("GET", f"{V3}/core/users/?username={ADMIN}"))["results"]
    before = await site.ok("GET", f"{V3}/core/users/{root['pk']}/")
    path, takeover = f"{V2}/Users/{root['uuid']}", {"userName": ADMIN, "active": False, "externalId": "1"}
    sent: dict[str, Any] = {"PUT": takeover, "PATCH": {"Operations": [{"op": "replace", "value": takeover}]}}
    for method in ("GET", "PUT", "PATCH", "DELETE"):
        assert (await site.admin.request(method, path, json=sent.get(method))).status_code == 404
    for name in (ADMIN, ADMIN.upper()):
        assert (await site.admin.post(f"{V2}/Users", json={"userName": name})).status_code == 409
    team = {"displayName": "x", "members": [{"value": root["uuid"]}]}
    assert (await site.admin.post(f"{V2}/Groups", json=team)).status_code == 400
    assert await site.ok("GET", f"{V3}/core/users/{root['pk']}/") == before


async def test_it_gives_no_role_no_group_and_no_password(site: Site) -> None:
    made = await site.ok("POST", f"{V2}/Users", {"userName": site.name("climber")})
    path = f"{V2}/Users/{made['id']}"
    [admins] = (await site.ok("GET", f"{V3}/core/groups/?name=admins"))["results"]
    attempts: list[dict[str, Any]] = [
        {"op": "add", "path": "roles", "value": [{"value": "proxy_admin"}]},
        {"op": "add", "path": "groups", "value": [{"value": admins["pk"]}]},
        {"op": "replace", "path": "password", "value": PASSWORD},
        {"op": "replace", "value": {"is_superuser": True}},
        {"op": "replace", "value": {"role": "proxy_admin"}},
        {"op": "replace", "value": {"is_break_glass": True}},
        {"op": "replace", "value": {"password": PASSWORD}},
        {"op": "replace", "path": "id", "value": "1"},
        {"op": "replace", "path": "__class__", "value": "1"},
    ]
    for one in attempts:
        assert (await site.admin.patch(path, json={"Operations": [one]})).status_code == 400, one
    # The directory's group is no team.
    assert (await site.admin.get(f"{V2}/Groups/{admins['pk']}")).status_code == 404
    [person] = (await site.ok("GET", f"{V3}/core/users/?uuid={made['id']}"))["results"]
    assert (person["is_superuser"], person["groups"]) == (False, [])
    users = (await site.ok("GET", "/api/v1/users?limit=200"))["items"]
    assert [one["role"] for one in users if one["username"] == person["username"]] == ["internal_user_viewer"]


async def test_its_text_breaks_nothing(site: Site) -> None:
    """Bombs, SQL and characters that no database keeps: refused, or found to be nobody's."""
    deep = "(" * 2000 + "userName pr" + ")" * 2000
    wide = " or ".join(['emails[value eq "x"]'] * 150)
    sql = 'userName eq "\' OR 1=1 --"'
    texts = [
        deep,
        wide,
        "not " * 900,
        '"' * 3000,
        "emails[" * 500,
        'userName eq "\\u0000"',
        'userName eq "\\ud83d"',
        sql,
    ]
    for text in texts:
        answer = await asked(site, f"{V2}/Users?filter={quote(text)}")
        found = answer.status_code == 200 and answer.json()["totalResults"] == 0
        assert found is (text == sql), text[:40]
        assert found or answer.json()["scimType"] == "invalidFilter"
    for part in ("%00", "a%00b", "..%2f..", "%ff", "x" * 3000, "'%20OR%201=1"):
        for kind in ("Users", "Groups"):
            assert (await asked(site, f"{V2}/{kind}/{part}")).status_code == 404
    bodies = [b"[" * 100_000, b'{"userName":' * 50_000, b'{"Operations":[' + b"{}," * 2000 + b"{}]}", b"\xff", b"1e999"]
    for body in bodies:
        assert (await site.admin.post(f"{V2}/Users", content=body)).status_code == 400
        assert (await site.admin.patch(f"{V2}/Users/x", content=body)).status_code == 400
    huge = b'{"userName":"' + b"x" * 1_100_000 + b'"}'
    assert good(await site.admin.get(f"{V2}/Users?count=0"))["Resources"] == []
    assert (await site.admin.post(f"{V2}/Users", content=huge)).status_code == 413


async def asked(site: Site, path: str) -> httpx2.Response:
    answer = await site.admin.get(path)
    assert answer.headers["content-type"] == "application/scim+json"
    return answer
