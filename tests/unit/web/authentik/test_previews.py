"""What a person would get, in Authentik's shapes and in our own, and who may see it."""

import json
from typing import Any

from tests.unit.web.authentik.conftest import Desk
from tests.unit.web.conftest import BASE

from gatewright.domain.identity import Role
from gatewright.storage import groups, scope_mappings

MAPPINGS = "/propertymappings/provider/scope/"


async def mapping(desk: Desk, name: str, expression: str, *, attach: bool = True, **more: Any) -> dict[str, Any]:
    scope = more.pop("scope_name", name)
    made: dict[str, Any] = await desk.ok(
        "POST", MAPPINGS, {"name": name, "scope_name": scope, "expression": expression, **more}
    )
    if attach:
        provider = (await desk.listed("/providers/oauth2/"))[0]
        attached = [*provider["property_mappings"], made["pk"]]
        await desk.ok("PATCH", f"/providers/oauth2/{provider['pk']}/", {"property_mappings": attached})
    return made


async def preview(desk: Desk, body: dict[str, Any], **headers: Any) -> Any:
    client = desk.worker.admin if not headers else desk.worker.client
    return await client.post(f"{BASE}/api/v1/idp/preview", json={"application": "litellm", **body}, **headers)


async def shown(desk: Desk, body: dict[str, Any]) -> Any:
    response = await preview(desk, body)
    assert response.status_code == 200, response.text
    return response.json()


async def test_the_test_endpoint_answers_as_authentiks(desk: Desk) -> None:
    user = await desk.user("alice")
    made = await mapping(desk, "own", 'return {"name": user.username, "extra": request.context.get("extra")}')
    path = f"/propertymappings/all/{made['pk']}/test/"
    body = {"user": user["pk"], "context": {"extra": 7}}
    assert await desk.ok("POST", path, body) == {"result": '{"name": "alice", "extra": 7}', "successful": True}
    formatted = await desk.ok("POST", f"{path}?format_result=true", body)
    assert formatted["result"] == json.dumps({"name": "alice", "extra": 7}, indent=4)
    await desk.ok("PATCH", f"{MAPPINGS}{made['pk']}/", {"expression": "x = 1\nreturn {'a': x / 0}"})
    failed = await desk.ok("POST", path, body)
    assert failed["successful"] is False
    assert "line 2" in failed["result"]
    assert "division by zero" in failed["result"]
    assert [event["outcome"] for event in await desk.events("idp.preview")] == ["ok"] * 3
    assert await desk.events("idp.mapping") == []
    for bad in ({}, {"user": "alice"}, {"user": user["pk"], "group": "x"}, {"user": True}, {"user": 2**70}, {"x": 1}):
        assert (await desk.call("POST", path, bad)).status_code == 400, bad
    assert (await desk.call("POST", path, {"user": 99999})).status_code == 404
    assert (await desk.call("POST", f"/propertymappings/all/{made['pk'][:-4]}0000/test/", body)).status_code == 404
    assert (await desk.call("POST", "/propertymappings/all/x/test/", body)).status_code == 400


async def test_the_provider_preview_is_the_id_tokens_payload(desk: Desk) -> None:
    user = await desk.user("alice", email="alice@example.com")
    provider = (await desk.listed("/providers/oauth2/"))[0]
    found = await desk.ok("GET", f"/providers/oauth2/{provider['pk']}/preview_user/?for_user={user['pk']}")
    payload = found["preview"]
    assert payload["sub"] == "alice"
    assert payload["aud"] == "litellm"
    assert payload["iss"] == f"{BASE}/application/o/litellm/"
    assert (payload["litellm_role"], payload["email"]) == ("internal_user", "alice@example.com")
    assert (await desk.call("GET", f"/providers/oauth2/{provider['pk']}/preview_user/")).status_code == 400
    assert (await desk.call("GET", "/providers/oauth2/999/preview_user/?for_user=1")).status_code == 404


async def test_administrators_alone_may_look(desk: Desk) -> None:
    user = await desk.person("target", Role.INTERNAL_USER)
    provider = (await desk.listed("/providers/oauth2/"))[0]["pk"]
    made = await mapping(desk, "own", "return {}")
    expected = {
        Role.PROXY_ADMIN: 200,
        Role.PROXY_ADMIN_VIEWER: 403,
        Role.INTERNAL_USER: 403,
        Role.INTERNAL_USER_VIEWER: 403,
    }
    for role, status in expected.items():
        headers = await desk.browser(await desk.person(f"a-{role.value}", role))
        test = await desk.call("POST", f"/propertymappings/all/{made['pk']}/test/", {"user": user.id}, headers=headers)
        look = await desk.call("GET", f"/providers/oauth2/{provider}/preview_user/?for_user={user.id}", headers=headers)
        ours = await preview(desk, {"user": user.id}, headers=headers)
        inspect = await desk.worker.client.post(
            f"{BASE}/api/v1/idp/expressions/inspect", json={"expression": "return {}"}, headers=headers
        )
        answered = [one.status_code for one in (test, look, ours, inspect)]
        assert answered == [status] * 4, role
    session = await desk.browser(await desk.person("no-csrf", Role.PROXY_ADMIN))
    del session["x-gatewright-request"]
    assert (await preview(desk, {"user": user.id}, headers=session)).status_code == 403


async def test_a_preview_shows_all_that_a_request_would_get(desk: Desk) -> None:
    user = await desk.user("alice", email="alice@example.com")
    await mapping(desk, "own", 'print("seen", user.pk)\nak_create_event("looked")\nreturn {"own": 1}', required=True)
    found = await shown(desk, {"user": user["pk"], "scopes": ["openid", "own", "nonsense"]})
    assert found["scopes"] == ["openid", "own"]
    assert found["refusal"] is None
    assert found["userinfo"] == {"own": 1, "sub": "alice"}
    assert found["id_token"]["own"] == 1
    assert found["id_token"]["sid"] == "<session>"
    assert found["access_token"]["scope"] == "openid own"
    assert found["access_token"]["client_id"] == "litellm"
    [own] = [one for one in found["mappings"] if one["name"] == "own"]
    assert own["log"] == [f"seen {user['pk']}"]
    assert own["events"] == [{"action": "looked", "fields": {}}]
    assert (own["required"], own["requested"], own["draft"], own["result"]) == (True, True, False, {"own": 1})
    assert own["took_ms"] > 0
    assert await desk.events("idp.expression") == []
    by_name = await shown(desk, {"user": (await desk.row(user["pk"])).user_id})
    assert by_name["userinfo"]["litellm_role"] == "internal_user"


async def test_each_missing_claim_has_its_reason(desk: Desk) -> None:
    user = await desk.user("alice")
    await mapping(desk, "unasked", 'return {"a": 1}')
    await mapping(desk, "loose", 'return {"b": 1}', attach=False)
    await mapping(desk, "none", 'if user.is_superuser:\n    return {"c": 1}\nreturn None', scope_name="own")
    await mapping(desk, "text", 'x = {"d": 1}\nreturn "text" if user else x', scope_name="own")
    await mapping(desk, "wrong", 'y = user.attributes["n"]\nreturn {"e": y}', scope_name="own")
    await mapping(desk, "partly", 'c = {"f": None}\nif user.is_superuser:\n    c["g"] = 1\nreturn c', scope_name="own")
    async with desk.db.write() as tx:
        # What an older release saved.
        found = await scope_mappings.find(tx, name="partly")
        assert found is not None
        await scope_mappings.change(
            tx, found.id, expression=f"{found.expression}".replace("c = {", 'c = {"nonce": 1, ')
        )
    found = await shown(desk, {"user": user["pk"], "scopes": ["openid", "own"]})
    reasons = {one["claim"]: (one["reason"], one["mapping"], one["line"]) for one in found["missing"]}
    assert (
        reasons
        | {
            "a": ("scope_not_requested", "unasked", None),
            "b": ("mapping_not_attached", "loose", None),
            "c": ("returned_none", "none", None),
            "d": ("not_a_dict", "text", None),
            "e": ("error", "wrong", 1),
            "f": ("null", "partly", None),
            "g": ("not_returned", "partly", None),
            "nonce": ("protocol_claim", "partly", None),
            "email": ("scope_not_requested", "authentik default OAuth Mapping: OpenID 'email'", None),
            "entitlements": ("mapping_not_attached", "authentik default OAuth Mapping: Application Entitlements", None),
        }
        == reasons
    )
    [wrong] = [one for one in found["mappings"] if one["name"] == "wrong"]
    [problem] = wrong["problems"]
    assert (problem["code"], problem["line"], problem["column"]) == ("error", 1, 5)
    assert "KeyError" in problem["cause"]


async def test_a_draft_is_run_without_being_saved(desk: Desk) -> None:
    user = await desk.user("alice")
    made = await mapping(desk, "own", 'return {"own": 1}')
    draft = {"uuid": made["pk"], "expression": 'return {"own": user.username}'}
    found = await shown(desk, {"user": user["pk"], "draft": draft})
    assert found["userinfo"]["own"] == "alice"
    assert [one["draft"] for one in found["mappings"] if one["name"] == "own"] == [True]
    fresh = {"expression": 'return {"new": 2}', "scope_name": "fresh"}
    found = await shown(desk, {"user": user["pk"], "draft": fresh, "scopes": ["openid", "fresh"]})
    assert found["userinfo"] == {"new": 2, "sub": "alice"}
    assert (await shown(desk, {"user": user["pk"]}))["userinfo"]["own"] == 1
    loose = await mapping(desk, "loose", 'return {"loose": 1}', attach=False)
    draft = {"uuid": loose["pk"], "expression": "return None", "name": "loose", "scope_name": "loose"}
    found = await shown(desk, {"user": user["pk"], "draft": draft})
    assert [one["draft"] for one in found["mappings"] if one["name"] == "loose"] == [True]
    assert "loose" not in [one["claim"] for one in found["missing"]]
    torn = "if user:\nreturn {'a': 1}\nreturn {}"
    found = await shown(desk, {"user": user["pk"], "draft": {"expression": torn}})
    assert found["inspection"]["mended"] == "if user:\n    return {'a': 1}\nreturn {}\n"
    assert found["inspection"]["findings"][0]["code"] == "syntax"


async def test_a_refused_request_shows_no_payload(desk: Desk) -> None:
    user = await desk.user("alice")
    await mapping(desk, "strict", "return {'x': user.attributes['n']}", required=True)
    found = await shown(desk, {"user": user["pk"]})
    assert found["refusal"] == "mapping_failed"
    assert found["id_token"] is found["access_token"] is found["userinfo"] is None
    assert (await shown(desk, {"user": user["pk"], "scopes": ["openid"]}))["refusal"] is None
    assert (await shown(desk, {"user": user["pk"], "scopes": []}))["id_token"] is None
    await desk.ok("PATCH", f"/core/users/{user['pk']}/", {"is_active": False})
    assert (await shown(desk, {"user": user["pk"], "scopes": ["openid"]}))["refusal"] == "user_inactive"


async def test_a_bad_preview_request_names_the_field(desk: Desk) -> None:
    bad: list[tuple[dict[str, Any], str]] = [
        ({}, "user"),
        ({"user": 0}, "user"),
        ({"user": "nobody\0"}, "user"),
        ({"user": 1, "scopes": "openid"}, "scopes"),
        ({"user": 1, "draft": {"expression": "x" * 20_000}}, "draft.expression"),
        ({"user": 1, "draft": {}}, "draft"),
        ({"user": 1, "other": 1}, "other"),
    ]
    for body, field in bad:
        response = await preview(desk, body)
        assert response.status_code == 400
        assert response.json()["errors"][0]["field"] == field


async def test_nothing_is_saved_that_cannot_work(desk: Desk) -> None:
    body = {"name": "x", "scope_name": "x"}
    for expression, words in (
        ("return {'sub': 1}", "protocol's own"),
        ("import os\nreturn {}", "no files"),
        ("return {'a': usr}", "Did you mean user?"),
        ("if user:\nreturn {}", "lost its shape"),
    ):
        response = await desk.call("POST", MAPPINGS, {**body, "expression": expression})
        assert response.status_code == 400
        assert words in response.json()["expression"][0]
    made = await desk.ok("POST", MAPPINGS, {**body, "expression": "return 'a warning'", "required": True})
    assert made["required"] is True
    assert (await desk.ok("PATCH", f"{MAPPINGS}{made['pk']}/", {"required": False}))["required"] is False


async def test_groups_of_the_person_count_in_a_preview(desk: Desk) -> None:
    user = await desk.user("root")
    async with desk.db.write() as tx:
        admins = next(group for group in await groups.everything(tx) if group.name == "admins")
        await groups.join(tx, admins.id, user["pk"])
    assert (await shown(desk, {"user": user["pk"]}))["userinfo"]["litellm_role"] == "proxy_admin"
