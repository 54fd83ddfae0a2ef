"""Every route and every kind of caller, in one table. A route without a row fails."""

from typing import Any

import msgspec
from tests.unit.web.api.stage import MASTER, Stage

from gatewright.accounts.teams import NewTeam
from gatewright.domain.identity import Role
from gatewright.domain.people import Origin
from gatewright.gateway.new_deployment import NewDeployment
from gatewright.storage import users

CALLERS = ("anonymous", "read-only member", "member", "viewer", "admin", "master key", "revoked key")
ROLES = {
    "read-only member": Role.INTERNAL_USER_VIEWER,
    "member": Role.INTERNAL_USER,
    "viewer": Role.PROXY_ADMIN_VIEWER,
    "admin": Role.PROXY_ADMIN,
}


class Case(msgspec.Struct):
    """`expected` are the statuses in the order of CALLERS. `url` may hold names of `Things`."""

    method: str
    path: str
    expected: str
    url: str | None = None
    body: Any = None


# Somebody else's key, session and model, and another user: made anew for each call.
CASES = (
    Case("GET", "/api/v1/me", "401 200 200 200 200 200 401"),
    Case("POST", "/api/v1/me/logout", "401 204 204 204 204 403 401"),
    Case("GET", "/api/v1/me/sessions", "401 200 200 200 200 403 401"),
    Case("DELETE", "/api/v1/me/sessions/{id}", "401 404 404 404 404 403 401", "/api/v1/me/sessions/{session}"),
    Case("POST", "/api/v1/me/sessions/end-others", "401 200 200 200 200 403 401"),
    Case("GET", "/api/v1/sessions", "401 403 403 200 200 200 401"),
    Case("DELETE", "/api/v1/sessions/{id}", "401 403 403 403 204 204 401", "/api/v1/sessions/{session}"),
    Case(
        "POST",
        "/api/v1/users/{user_id:path}/sessions/end",
        "401 403 403 403 200 200 401",
        "/api/v1/users/{user_id}/sessions/end",
    ),
    Case("GET", "/api/v1/overview", "401 200 200 200 200 200 401"),
    Case("GET", "/api/v1/keys", "401 200 200 200 200 200 401"),
    Case("POST", "/api/v1/keys", "401 403 201 403 201 201 401", body={"name": "{fresh}"}),
    Case("DELETE", "/api/v1/keys/{id}", "401 404 404 403 204 204 401", "/api/v1/keys/{key_id}"),
    Case("GET", "/api/v1/models", "401 200 200 200 200 200 401"),
    Case(
        "POST",
        "/api/v1/models",
        "401 403 403 403 201 201 401",
        body={"name": "{fresh}", "upstream_model": "gpt-x", "api_base": "https://three.example/v1"},
    ),
    Case("DELETE", "/api/v1/models/{id:path}", "401 403 403 403 204 204 401", "/api/v1/models/{model_id}"),
    Case("GET", "/api/v1/users", "401 403 403 200 200 200 401"),
    Case(
        "PATCH",
        "/api/v1/users/{user_id:path}",
        "401 403 403 403 200 200 401",
        "/api/v1/users/{user_id}",
        {"role": "internal_user"},
    ),
    Case(
        "GET",
        "/api/v1/users/{user_id:path}/identities",
        "401 403 403 200 200 200 401",
        "/api/v1/users/{user_id}/identities",
    ),
    Case(
        "DELETE",
        "/api/v1/users/{user_id:path}/identities/{id}",
        "401 403 403 403 204 204 401",
        "/api/v1/users/{user_id}/identities/{identity_id}",
    ),
    Case(
        "GET",
        "/api/v1/users/{user_id:path}/factors",
        "401 403 403 200 200 200 401",
        "/api/v1/users/{user_id}/factors",
    ),
    Case(
        "POST",
        "/api/v1/users/{user_id:path}/factors/reset",
        "401 403 403 403 204 204 401",
        "/api/v1/users/{user_id}/factors/reset",
    ),
    Case("GET", "/api/v1/ui", "200 200 200 200 200 200 200"),
    Case("POST", "/key/generate", "401 401 200 401 200 200 401", body={"key_alias": "{fresh}"}),
    Case("POST", "/key/update", "401 401 404 401 200 200 401", body={"key": "{hash}", "key_alias": "{fresh}"}),
    Case("POST", "/team/new", "401 401 401 401 200 200 401", body={"team_alias": "{fresh}"}),
    Case("GET", "/team/info", "401 401 401 200 200 200 401", "/team/info?team_id={team_id}"),
    Case("GET", "/team/list", "401 200 200 200 200 200 401"),
    Case(
        "POST",
        "/team/member_add",
        "401 401 401 401 200 200 401",
        body={"team_id": "{team_id}", "member": {"user_id": "{user_id}"}},
    ),
    Case(
        "POST",
        "/team/member_update",
        "401 401 401 401 404 404 401",
        body={"team_id": "{team_id}", "user_id": "{user_id}", "role": "admin"},
    ),
    Case(
        "POST",
        "/team/member_delete",
        "401 401 401 401 404 404 401",
        body={"team_id": "{team_id}", "user_id": "{user_id}"},
    ),
    Case("POST", "/team/update", "401 401 401 401 200 200 401", body={"team_id": "{team_id}", "team_alias": "x"}),
    Case("POST", "/team/delete", "401 401 401 401 200 200 401", body={"team_ids": ["{team_id}"]}),
    Case("GET", "/key/info", "401 404 404 200 200 200 401", "/key/info?key={hash}"),
    Case("POST", "/key/delete", "401 404 404 401 200 200 401", body={"keys": ["{hash}"]}),
    Case("GET", "/user/info", "401 401 401 200 200 200 401", "/user/info?user_id={user_id}"),
    Case(
        "POST",
        "/user/update",
        "401 401 401 401 200 200 401",
        body={"user_id": "{user_id}", "user_role": "internal_user"},
    ),
    Case("GET", "/model/info", "401 200 200 200 200 200 401"),
    Case("GET", "/v1/model/info", "401 200 200 200 200 200 401"),
    Case(
        "POST",
        "/model/new",
        "401 401 401 401 200 200 401",
        body={"model_name": "{fresh}", "litellm_params": {"model": "gpt-x"}},
    ),
    Case("POST", "/model/update", "401 401 401 401 404 404 401", body={"model_info": {"id": "no-such"}}),
    Case("PATCH", "/model/{id:path}/update", "401 401 401 401 404 404 401", "/model/no-such/update", body={}),
    Case("POST", "/model/delete", "401 401 401 401 404 404 401", body={"id": "{fresh}"}),
)


async def test_every_route_has_a_row(stage: Stage) -> None:
    served = {(method, route.path) for route in stage.routes for method in route.methods}
    assert served == {(case.method, case.path) for case in CASES}


async def test_every_caller_at_every_route(stage: Stage) -> None:
    wrong = []
    for case in CASES:
        for caller, status in zip(CALLERS, case.expected.split(), strict=True):
            things = await others(stage, case)
            path = (case.url or case.path).format(**things)
            body = None if case.body is None else filled(case.body, things)
            answered = await stage.call(case.method, path, await credential(stage, caller), body)
            if answered.status_code != int(status):
                wrong.append(f"{case.method} {path} as {caller}: {answered.status_code}, not {status}")
    assert wrong == []


async def others(stage: Stage, case: Case) -> dict[str, str]:
    """What the call is about: all of it somebody else's. A model only for a call that names it: each makes the
    reading of them all longer."""
    fresh = f"other-{stage.serial()}"
    other = await stage.person(fresh, Role.INTERNAL_USER)
    row = await stage.keys.find(await stage.key_of(other))
    sessions = await stage.browser(other), await stage.sessions.of_user(other.id)
    model_id = await somebodys_model(stage, fresh) if "{model_id}" in f"{case.url}" else ""
    team = await stage.teams.create(NewTeam(), actor="test", origin=Origin())
    async with stage.db.write() as tx:
        await users.link(tx, other.id, "https://idp.example", fresh, 1)
        identity = (await users.identity_rows(tx, other.id))[0]
    return {
        "identity_id": str(identity.id),
        "team_id": team.team_id,
        "fresh": f"name-{fresh}",
        "user_id": other.user_id,
        "key_id": row.uuid,
        "hash": row.token_hash,
        "session": f"browser-{sessions[1][0].id}",
        "model_id": model_id,
    }


async def somebodys_model(stage: Stage, name: str) -> str:
    new = NewDeployment(name, "gpt-x", "https://three.example/v1")
    return (await stage.deployments.add(new, actor="test", origin=Origin())).id


def filled(body: Any, things: dict[str, str]) -> Any:
    if isinstance(body, dict):
        return {name: filled(value, things) for name, value in body.items()}
    return [filled(value, things) for value in body] if isinstance(body, list) else body.format(**things)


async def credential(stage: Stage, caller: str) -> str | None:
    if caller == "anonymous":
        return None
    if caller == "master key":
        return MASTER
    user = await stage.person(f"caller-{stage.serial()}", ROLES.get(caller, Role.PROXY_ADMIN))
    secret = await stage.key_of(user)
    if caller == "revoked key":
        await stage.keys.revoke(await stage.keys.find(secret), actor="test", origin=Origin())
    return secret
