"""Every route of `/api/v3` and every kind of caller: what is not allowed is refused, and nothing answers a secret."""

import re
from typing import Any

from tests.unit.web.authentik.conftest import API, PASSWORD, Desk

from gatewright.domain.identity import Role
from gatewright.storage import users

PUBLIC = {"/core/brands/current/", "/root/config/", "/schema/"}
# What everybody may read and end of their own. Everything else is for viewers to read and administrators to change.
OWN_READ = {
    "/core/users/me/",
    "/core/applications/",
    "/core/applications/{key}/",
    "/core/applications/{key}/used_by/",
    "/core/applications/{key}/check_access/",
    "/core/tokens/",
    "/core/tokens/{key}/",
    "/core/tokens/{key}/used_by/",
    "/core/authenticated_sessions/",
    "/core/authenticated_sessions/{key}/",
    "/core/authenticated_sessions/{key}/used_by/",
    "/core/user_consent/",
    "/core/user_consent/{key}/",
    "/core/user_consent/{key}/used_by/",
    "/oauth2/authorization_codes/",
    "/oauth2/authorization_codes/{key}/",
    "/oauth2/authorization_codes/{key}/used_by/",
    "/oauth2/access_tokens/",
    "/oauth2/access_tokens/{key}/",
    "/oauth2/access_tokens/{key}/used_by/",
    "/oauth2/refresh_tokens/",
    "/oauth2/refresh_tokens/{key}/",
    "/oauth2/refresh_tokens/{key}/used_by/",
    "/admin/version/",
}
# Runs expressions and shows anybody's claims; blueprints make whatever an administrator could.
ADMIN_READ = {
    "/providers/oauth2/{key}/preview_user/",
    "/managed/blueprints/",
    "/managed/blueprints/available/",
    "/managed/blueprints/export/",
    "/managed/blueprints/{key}/",
    "/managed/blueprints/{key}/used_by/",
}
BLUEPRINT_SECRET = "a-secret-that-a-blueprint-holds"
OWN_CHANGES = {
    ("POST", "/core/tokens/"),
    ("PUT", "/core/tokens/{key}/"),
    ("PATCH", "/core/tokens/{key}/"),
    ("DELETE", "/core/tokens/{key}/"),
    ("GET", "/core/tokens/{key}/view_key/"),
    ("DELETE", "/core/authenticated_sessions/{key}/"),
    ("DELETE", "/core/user_consent/{key}/"),
    ("DELETE", "/oauth2/authorization_codes/{key}/"),
    ("DELETE", "/oauth2/access_tokens/{key}/"),
    ("DELETE", "/oauth2/refresh_tokens/{key}/"),
}


def rows(desk: Desk) -> list[tuple[str, str]]:
    """Every method and path under `/api/v3`, as the application serves them."""
    found = set()
    for route in desk.program.router.routes:
        path, methods = getattr(route, "path", ""), getattr(route, "methods", None) or ()
        if path.startswith("/api/v3/") and path.endswith("/"):
            found |= {(method, path.removeprefix("/api/v3")) for method in methods if method != "HEAD"}
    return sorted(found)


async def somebody_elses(desk: Desk) -> dict[str, str]:
    """A key for each kind of object, all of them somebody else's."""
    owner = await desk.user("owner")
    group = await desk.ok("POST", "/core/groups/", {"name": "owners", "users": [owner["pk"]]})
    provider = await desk.ok("POST", "/providers/oauth2/", {"name": "Other", "redirect_uris": []})
    app = {"name": "Other", "slug": "other", "provider": provider["pk"]}
    app = await desk.ok("POST", "/core/applications/", app)
    binding = {"target": app["pk"], "group": group["pk"], "order": 0}
    binding = await desk.ok("POST", "/policies/bindings/", binding)
    await desk.ok("POST", "/core/tokens/", {"identifier": "owners-token", "user": owner["pk"]})
    await desk.browser(await desk.row(owner["pk"]))
    sessions = await desk.listed("/core/authenticated_sessions/")
    mapping = {"name": "m", "scope_name": "m", "expression": "return {}"}
    entitlement = await desk.ok("POST", "/core/application_entitlements/", {"name": "e", "app": app["pk"]})
    token = f"{{identifier: b, user: {owner['pk']}, key: {BLUEPRINT_SECRET}}}"
    content = f"version: 1\nentries: [{{model: authentik_core.token, identifiers: {{identifier: b}}, attrs: {token}}}]"
    blueprint = await desk.ok("POST", "/managed/blueprints/", {"name": "b", "content": content})
    return {
        "/managed/blueprints/": blueprint["pk"],
        "/core/users/": str(owner["pk"]),
        "/core/groups/": group["pk"],
        "/core/applications/": "other",
        "/providers/": str(provider["pk"]),
        "/policies/bindings/": binding["pk"],
        "/core/tokens/": "owners-token",
        "/core/authenticated_sessions/": sessions[0]["uuid"],
        "/propertymappings/": (await desk.ok("POST", "/propertymappings/provider/scope/", mapping))["pk"],
        "/core/application_entitlements/": entitlement["pbm_uuid"],
        "/flows/": "default-invalidation-flow",
        "/crypto/": (await desk.listed("/crypto/certificatekeypairs/"))[0]["pk"],
        "/core/brands/": (await desk.listed("/core/brands/"))[0]["brand_uuid"],
        "/events/": (await desk.listed("/events/events/"))[0]["pk"],
    }


def filled(path: str, keys: dict[str, str]) -> str:
    key = next((key for start, key in keys.items() if path.startswith(start)), "1")
    return re.sub(r"\{[^}]+\}", key, path)


async def test_every_route_refuses_by_default(desk: Desk) -> None:
    keys = await somebody_elses(desk)
    member = await desk.person("member", Role.INTERNAL_USER)
    viewer = await desk.person("viewer", Role.PROXY_ADMIN_VIEWER)
    callers: dict[str, dict[str, str]] = {
        "anonymous": {},
        "nonsense": {"authorization": "Bearer no-such-token"},
        "member": await desk.browser(member),
        "viewer": await desk.browser(viewer),
        "virtual key": await desk.virtual_key(await desk.person("boss", Role.PROXY_ADMIN)),
    }
    wrong: list[str] = []
    everything = rows(desk)
    assert len(everything) > 90
    for method, path in everything:
        url = filled(path, keys)
        for caller, headers in callers.items():
            status = (await desk.call(method, url, {} if method != "GET" else None, headers=headers)).status_code
            if status not in expected(method, path, caller):
                wrong.append(f"{method} {path} as {caller}: {status}, not {expected(method, path, caller)}")
    assert wrong == []
    # Nothing of it happened.
    assert (await desk.ok("GET", f"/core/users/{keys['/core/users/']}/"))["is_active"]
    assert await desk.ok("GET", "/core/tokens/owners-token/view_key/")


def expected(method: str, path: str, caller: str) -> tuple[int, ...]:
    """What may come back. Somebody else's things are not there for people who may have such things."""
    if path in PUBLIC:
        # A credential that is no good is told so, even where none is needed.
        return (200,)
    if caller in ("anonymous", "nonsense"):
        return (401,)
    if caller == "virtual key":
        return (403,)
    if (method, path) in OWN_CHANGES:
        # A bad body is told before anything else: it says nothing of the object.
        return (403,) if caller == "viewer" and "/core/tokens/" in path else (400, 404)
    if method != "GET" or path in ADMIN_READ:
        return (403,)
    if caller == "viewer":
        return (200, 404)
    if path in OWN_READ:
        return (200,) if "{key}" not in path else (200, 404)
    return (403,)


async def test_a_member_sees_nothing_of_others(desk: Desk) -> None:
    keys = await somebody_elses(desk)
    headers = await desk.browser(await desk.person("member", Role.INTERNAL_USER))
    own_only = {
        "/core/tokens/": 0,
        "/core/user_consent/": 0,
        "/oauth2/access_tokens/": 0,
        "/oauth2/refresh_tokens/": 0,
        "/core/authenticated_sessions/": 1,
    }
    for path, count in own_only.items():
        assert len(await desk.listed(path, headers=headers)) == count, path
    for path in ("/core/tokens/", "/core/authenticated_sessions/", "/core/applications/"):
        assert (await desk.call("GET", f"{path}{keys[path]}/", headers=headers)).status_code == 404
    # The application that everybody may use, without what only administrators need.
    shown = await desk.listed("/core/applications/", headers=headers)
    assert [(one["slug"], one["provider"], one["provider_obj"]) for one in shown] == [("litellm", None, None)]
    other = f"/core/applications/?for_user={keys['/core/users/']}"
    assert (await desk.call("GET", other, headers=headers)).status_code == 403


async def test_no_get_answers_a_secret(desk: Desk) -> None:
    keys = await somebody_elses(desk)
    secret = "a-secret-that-nobody-sees-again"
    made = await desk.ok(
        "POST", "/providers/oauth2/", {"name": "S", "client_secret": secret, "redirect_uris": [], "client_id": "s"}
    )
    assert made["client_secret"] == secret
    await desk.ok("POST", f"/core/users/{keys['/core/users/']}/set_password/", {"password": PASSWORD})
    link = (await desk.ok("POST", f"/core/users/{keys['/core/users/']}/recovery/", {}))["link"]
    embedded = await desk.program.provider.clients.secret("litellm")
    token = (await desk.ok("POST", "/core/users/service_account/", {"name": "robot"}))["token"]
    secrets = [
        secret,
        BLUEPRINT_SECRET,
        PASSWORD,
        "argon2",
        link.rsplit("/", 2)[1],
        embedded,
        token,
        '"d":',
        "PRIVATE",
        "token_hash",
    ]
    keys["/providers/"] = str(made["pk"])
    for method, path in rows(desk):
        if method != "GET" or path.endswith("view_key/"):
            continue
        for url in (filled(path, keys), f"{filled(path, keys)}?page_size=100"):
            text = (await desk.call("GET", url)).text
            assert [one for one in secrets if one is not None and one in text] == [], url


async def test_changes_with_a_cookie_need_our_own_page(desk: Desk) -> None:
    admin = await desk.person("admin", Role.PROXY_ADMIN)
    headers = await desk.browser(admin)
    bare = {"cookie": headers["cookie"]}
    foreign = {**headers, "origin": "https://evil.example", "sec-fetch-site": "cross-site"}
    for sent in (bare, foreign):
        refused = await desk.call("POST", "/core/groups/", {"name": "x"}, headers=sent)
        assert (refused.status_code, set(refused.json())) == (403, {"detail", "code", "request_id"})
    assert (await desk.call("POST", "/core/groups/", {"name": "x"}, headers=headers)).status_code == 201


async def test_an_api_token_is_its_owner_as_they_are_now(desk: Desk) -> None:
    admin = await desk.person("admin", Role.PROXY_ADMIN)
    headers = await desk.api_token(admin.id)
    assert (await desk.ok("GET", "/core/users/me/", headers=headers))["user"]["username"] == "admin"
    assert (await desk.call("POST", "/core/groups/", {"name": "by-token"}, headers=headers)).status_code == 201
    async with desk.db.write() as tx:
        await users.change(tx, admin.id, desk.db.clock(), role=Role.INTERNAL_USER)
    assert (await desk.call("POST", "/core/groups/", {"name": "again"}, headers=headers)).status_code == 403
    await desk.ok("PATCH", f"/core/users/{admin.id}/", {"is_active": False})
    refused = await desk.call("GET", "/core/users/me/", headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (401, "user_inactive")


async def test_an_app_password_and_an_expired_token_open_nothing(desk: Desk) -> None:
    user = await desk.user("ada")
    robot = await desk.ok("POST", "/core/users/service_account/", {"name": "robot"})
    for owner, more in (
        (robot["user_pk"], {"intent": "app_password"}),
        (user["pk"], {"expires": "2020-01-01T00:00:00Z"}),
    ):
        headers = await desk.api_token(owner, **more)
        assert (await desk.call("GET", "/core/users/me/", headers=headers)).status_code == 401


async def test_a_token_cannot_make_one_that_outlives_it(desk: Desk) -> None:
    admin = await desk.person("admin", Role.PROXY_ADMIN)
    headers = await desk.api_token(admin.id, expires="2099-01-01T00:00:00Z")
    wish = {"identifier": "longer", "expiring": False}
    made = await desk.ok("POST", "/core/tokens/", wish, headers=headers)
    assert made["expires"].startswith("2099-01-01")


async def test_other_apis_do_not_take_an_api_token(desk: Desk) -> None:
    admin = await desk.person("admin", Role.PROXY_ADMIN)
    headers: Any = await desk.api_token(admin.id)
    for path in ("/api/v1/me", "/v1/models", "/key/info"):
        answered = await desk.worker.client.get(API.removesuffix("/api/v3") + path, headers=headers)
        assert answered.status_code == 401, path
