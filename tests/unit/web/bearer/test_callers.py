"""Who a token's caller is here: user, teams, role, routes, limits and records, on both databases."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select
from tests.unit.web.bearer.conftest import Open, Stage
from tests.unit.web.bearer.issuer import EC, Issuer
from tests.unit.web.conftest import BASE

from gatewright.storage import changes as change_log
from gatewright.storage import keys, team_members, teams, users
from gatewright.storage.tables import keys as key_table
from gatewright.storage.tables import spend_log

pytestmark = pytest.mark.anyio

SECRET = "a-secret-of-thirty-two-letters!!"
ON_SQLITE = pytest.mark.parametrize("db_url", [None])
USERS = {"user_id_jwt_field": "preferred_username", "user_email_jwt_field": "email", "user_id_upsert": True}


async def me(stage: Stage, token: str) -> dict[str, Any]:
    answer = await stage.get("/api/v1/me", token)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def recorded(stage: Stage, count: int) -> list[Any]:
    """The rows of the spend log, oldest first."""
    await stage.worker.program.ledger.flush()
    async with stage.db.read() as tx:
        rows = (await tx.execute(spend_log.select().order_by(spend_log.c.request_id))).all()
    assert len(rows) == count
    return list(rows)


async def memberships(stage: Stage, user_id: str) -> dict[str, str]:
    async with stage.db.read() as tx:
        user = await users.by_user_id(tx, user_id)
        assert user is not None
        return {row.team_id: row.origin for row in await team_members.of_user(tx, user.id)}


async def test_an_unknown_identity_becomes_a_user_and_stays_one(opened: Open) -> None:
    stage = await opened(**USERS)
    token = stage.issuer.token(preferred_username="ada", email="Ada@Example.com")
    found = await me(stage, token)
    assert (found["user_id"], found["email"], found["role"]) == ("ada", "ada@example.com", "internal_user_viewer")
    again = stage.issuer.token(preferred_username="renamed", iat=1)
    assert (await me(stage, again))["user_id"] == "ada"
    assert len(await stage.log("user.create")) == 1
    assert len(await stage.log("key.create.jwt")) == 1


async def test_nobody_is_found_by_a_name_or_an_address(opened: Open) -> None:
    stage = await opened(**USERS, variables={"PROXY_ADMIN_ID": "boss"})
    first = stage.issuer.token(preferred_username="ada", email="ada@example.com")
    assert (await me(stage, first))["user_id"] == "ada"
    await stage.admin("POST", "/user/update", {"user_id": "ada", "user_role": "proxy_admin"})
    for name in ("ada", "Ada", "ａｄａ", "default_user_id", "Default_User_ID", "boss", "jwt", "ｊｗｔ"):
        other = stage.issuer.token(sub=f"other-{name}", preferred_username=name, email="ada@example.com")
        found = await me(stage, other)
        assert found["user_id"] not in ("ada", name)
        assert found["role"] == "internal_user_viewer"


@ON_SQLITE
async def test_without_upsert_an_unknown_user_is_refused(opened: Open) -> None:
    stage = await opened(user_id_jwt_field="sub")
    assert await stage.refusal(stage.issuer.token()) == (401, "jwt_user_unknown")
    assert await stage.log("key.create.jwt") == []


@ON_SQLITE
async def test_a_token_that_stands_for_nobody_opens_nothing(opened: Open) -> None:
    stage = await opened()
    assert await stage.refusal(stage.issuer.token()) == (403, "jwt_nobody")
    assert (await stage.get("/v1/models", stage.issuer.token())).status_code == 403
    assert await stage.log("key.create.jwt") == []
    assert [row["outcome"] for row in await stage.log("jwt.refused")] == ["jwt_nobody"]


@ON_SQLITE
async def test_public_allowed_routes_open_what_they_name(opened: Open) -> None:
    stage = await opened(public_allowed_routes=["/v1/models"])
    assert (await stage.get("/models", stage.issuer.token())).status_code == 200
    assert await stage.refusal(stage.issuer.token()) == (403, "jwt_route")
    strict = await opened(public_allowed_routes=["/v1/models"], enforce_rbac=True)
    assert await strict.refusal(stage.issuer.token()) == (403, "jwt_nobody")


async def test_the_request_is_the_teams(opened: Open) -> None:
    """Its models, its limits and its record; a token that names no team that is here is refused."""
    stage = await opened(team_id_jwt_field="team")
    ours = stage.issuer.token(team="ours")
    assert await stage.refusal(ours) == (403, "jwt_team_unknown")
    await stage.team("ours", models=["one"], rpm_limit=2)
    assert (await stage.chat(ours)).status_code == 200
    assert await stage.refusal(ours, "two") == (403, "key_model_access_denied")
    assert (await stage.chat(stage.issuer.token(team="ours", sub="other"))).status_code == 200
    assert (await stage.refusal(ours))[0] == 429
    rows = await recorded(stage, 2)
    assert {row.team_id for row in rows} == {"ours"}
    key_ids = {row.key_id for row in rows}
    assert len(key_ids) == 2
    async with stage.db.read() as tx:
        found = [await keys.by_id(tx, key_id) for key_id in key_ids]
    assert {(one.kind, one.key_name) for one in found if one is not None} == {("jwt", "s-1"), ("jwt", "other")}
    assert await stage.refusal(stage.issuer.token()) == (403, "jwt_nobody")
    models = (await stage.get("/v1/models", ours)).json()["data"]
    assert [one["id"] for one in models] == ["one"]
    await stage.admin("POST", "/team/delete", {"team_ids": ["ours"]})
    assert await stage.refusal(ours) == (403, "jwt_team_unknown")


@ON_SQLITE
async def test_of_several_teams_the_first_counts_that_may_use_the_model(opened: Open) -> None:
    stage = await opened(team_ids_jwt_field="groups", team_id_jwt_field="team", enforce_team_based_model_access=True)
    await stage.team("b", models=["one"])
    await stage.team("a", models=["two"])
    await stage.team("own", models=["two"])
    token = stage.issuer.token(groups=["b", "a", "not-a-team"])
    assert (await stage.chat(token, "one")).status_code == 200
    assert (await stage.chat(token, "two")).status_code == 200
    both = stage.issuer.token(groups=["b", "a"], team="own", sub="s-2")
    assert (await stage.chat(both, "two")).status_code == 200
    assert (await stage.chat(both, "two", x_litellm_team_id="a")).status_code == 200
    assert [row.team_id for row in await recorded(stage, 4)] == ["b", "a", "own", "a"]
    denied = await stage.chat(both, "one", x_litellm_team_id="a")
    assert (denied.status_code, denied.json()["error"]["code"]) == (403, "key_model_access_denied")
    strange = await stage.chat(token, "one", x_litellm_team_id="own")
    assert (strange.status_code, strange.json()["error"]["code"]) == (403, "jwt_team")
    listed = (await stage.get("/v1/models", token)).json()["data"]
    assert {one["id"] for one in listed} == {"one", "two"}
    assert (await stage.get("/v1/models/two", token)).status_code == 200
    assert await stage.refusal(stage.issuer.token(sub="s-4")) == (403, "jwt_nobody")
    # A team that is made later counts for tokens that were seen before.
    late = stage.issuer.token(groups=["late"], sub="s-3")
    assert await stage.refusal(late) == (403, "jwt_team_unknown")
    await stage.team("late")
    assert (await stage.chat(late)).status_code == 200


async def test_a_team_by_its_name_or_by_default(opened: Open) -> None:
    stage = await opened(team_alias_jwt_field="team", team_id_default="everybody")
    await stage.team("t-1", team_alias="The team")
    await stage.team("everybody")
    assert (await stage.chat(stage.issuer.token(team="The team"))).status_code == 200
    assert (await stage.chat(stage.issuer.token())).status_code == 200
    assert [row.team_id for row in await recorded(stage, 2)] == ["t-1", "everybody"]
    await stage.team("t-2", team_alias="The team")
    assert await stage.refusal(stage.issuer.token(team="The team")) == (403, "jwt_team_unknown")


@ON_SQLITE
async def test_a_token_of_a_team_is_for_its_routes_alone(opened: Open) -> None:
    stage = await opened(team_id_jwt_field="team", team_allowed_routes=["/v1/chat/completions", "/key/info"])
    await stage.team("ours")
    token = stage.issuer.token(team="ours")
    assert (await stage.chat(token)).status_code == 200
    assert (await stage.get("/v1/models", token)).status_code == 403
    info = (await stage.get("/key/info", token)).json()
    assert info["key"].startswith("jwt:")
    assert info["info"]["metadata"] == {"issuer": f"{stage.issuer.origin}/a", "subject": "s-1"}
    refused = await stage.get("/api/v1/me", token)
    assert (refused.status_code, refused.json()["code"]) == (403, "jwt_route")


async def test_an_identity_is_shut_out_by_its_row(opened: Open) -> None:
    stage = await opened(**USERS)
    token = stage.issuer.token(preferred_username="ada")
    row = (await stage.get("/key/info", token)).json()["key"]
    out = await stage.worker.client.post("/api/v1/me/logout", headers={"authorization": f"Bearer {token}"})
    assert (out.status_code, out.json()["code"]) == (403, "jwt")
    await stage.admin("POST", "/key/delete", {"keys": [row]})
    assert await stage.refusal(token) == (401, "key_revoked")
    assert await stage.refusal(stage.issuer.token(preferred_username="x", iat=2)) == (401, "key_revoked")
    # What the row is kept under is no secret of anybody's: neither it nor what it was made of opens anything.
    assert (await stage.refusal(row))[0] == 401


@ON_SQLITE
async def test_an_administrator_by_scope_has_the_routes_that_are_named(opened: Open) -> None:
    stage = await opened(admin_jwt_scope="boss")
    admin, scp = stage.issuer.token(scope="openid boss"), stage.issuer.token(scp=["boss"], sub="s-2")
    for token in (admin, scp):
        made = await stage.worker.client.post(
            "/team/new", json={"team_alias": "x"}, headers={"authorization": f"Bearer {token}"}
        )
        assert made.status_code == 200, made.text
    assert (await me(stage, admin))["role"] == "proxy_admin"
    assert await stage.refusal(admin) == (403, "jwt_route")
    assert await stage.refusal(stage.issuer.token(scope="bosss")) == (403, "jwt_nobody")
    wider = await opened(admin_allowed_routes=["openai_routes"])
    token = stage.issuer.token(scope=["litellm_proxy_admin"])
    assert (await wider.chat(token)).status_code == 200
    assert (await wider.get("/api/v1/users", token)).status_code == 403


async def test_role_and_teams_follow_newer_tokens(opened: Open) -> None:
    role_map = [
        {"jwt_role": "ADMIN", "litellm_role": "proxy_admin"},
        {"jwt_role": "ai-*", "litellm_role": "internal_user"},
    ]
    sync = {"roles_jwt_field": "realm.roles", "jwt_litellm_role_map": role_map, "sync_user_role_and_teams": True}
    stage = await opened(**USERS, **sync, team_ids_jwt_field="groups", team_id_default="everybody")
    for team in ("a", "b", "c", "everybody"):
        await stage.team(team)
    now = stage.issuer.claims()["iat"]

    def token(age: int, roles: list[str], groups: list[str]) -> str:
        return stage.issuer.token(preferred_username="ada", iat=now - age, realm={"roles": roles}, groups=groups)

    first = token(90, ["x", "ADMIN"], ["a", "b"])
    assert (await me(stage, first))["role"] == "proxy_admin"
    assert await memberships(stage, "ada") == {"a": "jwt", "b": "jwt"}
    async with stage.db.write() as tx:
        user = await users.by_user_id(tx, "ada")
        assert user is not None
        theirs = await teams.by_id(tx, "c")
        assert theirs is not None
        await team_members.put(tx, theirs.id, user.id, "user", "manual", 1)
    found = await me(stage, token(60, ["ai-people"], ["b"]))
    assert (found["role"], found["role_reason"]["rule"]) == ("internal_user", "claim")
    assert await memberships(stage, "ada") == {"b": "jwt", "c": "manual"}
    await stage.worker.program.follower.catch_up()
    # The first token is good for a while, but brings neither the role back nor the team.
    assert (await me(stage, first))["role"] == "internal_user"
    assert await memberships(stage, "ada") == {"b": "jwt", "c": "manual"}
    # Absence counts too, but not against a role that was set by hand.
    assert (await me(stage, token(30, [], ["b"])))["role"] == "internal_user_viewer"
    await stage.admin("POST", "/user/update", {"user_id": "ada", "user_role": "internal_user"})
    assert (await me(stage, token(10, ["ADMIN"], ["b"])))["role"] == "internal_user"
    # The team that the operator gives to who names none is for the request: nobody becomes a member by it.
    assert (await stage.chat(token(5, [], []))).status_code == 200
    assert await memberships(stage, "ada") == {"c": "manual"}
    told = await stage.log("user.role")
    assert ("proxy_admin", "internal_user", "jwt") in {
        (row["details"].get("from"), row["details"].get("to"), row["actor"]) for row in told
    }


async def test_a_user_who_is_switched_off_is_out_at_once(opened: Open) -> None:
    stage = await opened(**USERS)
    token = stage.issuer.token(preferred_username="ada")
    assert (await stage.chat(token)).status_code == 200
    listed = await stage.admin("GET", "/api/v3/core/users/?search=ada")
    await stage.admin("PATCH", f"/api/v3/core/users/{listed['results'][0]['pk']}/", {"is_active": False})
    assert await stage.refusal(token) == (401, "user_inactive")
    await stage.admin("PATCH", f"/api/v3/core/users/{listed['results'][0]['pk']}/", {"is_active": True})
    assert (await stage.chat(token)).status_code == 200
    await stage.admin("DELETE", f"/api/v3/core/users/{listed['results'][0]['pk']}/")
    assert await stage.refusal(token) == (401, "user_deleted")


async def test_first_tokens_of_one_identity_at_once_make_one_user(opened: Open) -> None:
    stage = await opened(**USERS)
    tokens = [stage.issuer.token(preferred_username="ada", jti=str(number)) for number in range(6)]
    answers = await asyncio.gather(*(stage.chat(token) for token in tokens))
    assert [one.status_code for one in answers] == [200] * 6
    assert len(await stage.log("user.create")) == 1
    assert len({row.key_id for row in await recorded(stage, 6)}) == 1


@ON_SQLITE
async def test_scopes_open_models_and_routes(opened: Open) -> None:
    scopes = [{"scope": "read", "models": ["one"], "routes": ["/v1/chat/completions"]}, {"scope": "bare"}]
    stage = await opened(**USERS, scope_mappings=scopes, enforce_scope_based_access=True)
    token = stage.issuer.token(preferred_username="ada", scope="openid read")
    assert (await stage.chat(token)).status_code == 200
    assert await stage.refusal(token, "two") == (403, "key_model_access_denied")
    assert (await stage.get("/v1/models", token)).status_code == 403
    assert await stage.refusal(stage.issuer.token(preferred_username="ada", scope="openid")) == (403, "jwt_scope")
    bare = stage.issuer.token(preferred_username="ada", scope="bare")
    assert await stage.refusal(bare) == (403, "key_model_access_denied")


@ON_SQLITE
async def test_role_mappings_say_what_the_object_id_is(opened: Open) -> None:
    general = {"role_permissions": [{"role": "team", "models": ["one"], "routes": ["/v1/chat/completions"]}]}
    mappings = [
        {"role": "consumer", "internal_role": "team"},
        {"role": "person", "internal_role": "internal_user"},
        {"role": "king", "internal_role": "proxy_admin"},
    ]
    stage = await opened(
        general=general,
        role_mappings=mappings,
        roles_jwt_field="app.roles",
        object_id_jwt_field="client_id",
        enforce_rbac=True,
        user_id_upsert=True,
    )
    await stage.team("ours")
    team = stage.issuer.token(app={"roles": ["consumer"]}, client_id="ours")
    assert (await stage.chat(team)).status_code == 200
    assert await stage.refusal(team, "two") == (403, "key_model_access_denied")
    assert (await stage.get("/v1/models", team)).status_code == 403
    person = stage.issuer.token(app={"roles": "person"}, client_id="ada", sub="s-2")
    assert (await me(stage, person))["user_id"] == "ada"
    assert (await me(stage, stage.issuer.token(app={"roles": ["king"]}, sub="s-3")))["role"] == "proxy_admin"
    assert await stage.refusal(stage.issuer.token(app={"roles": ["else"]}, sub="s-4")) == (403, "jwt_nobody")


@ON_SQLITE
async def test_a_user_must_name_a_team_where_that_is_enforced(opened: Open) -> None:
    stage = await opened(**USERS, team_ids_jwt_field="groups", enforce_team_based_model_access=True)
    await stage.team("a")
    assert await stage.refusal(stage.issuer.token(preferred_username="ada")) == (403, "jwt_no_team")
    assert await stage.refusal(stage.issuer.token(preferred_username="ada", groups=[])) == (403, "jwt_no_team")
    assert (await stage.chat(stage.issuer.token(preferred_username="ada", groups=["a"]))).status_code == 200


@ON_SQLITE
async def test_roles_and_domains_keep_users_out(opened: Open) -> None:
    stage = await opened(
        **USERS,
        user_roles_jwt_field="roles",
        user_allowed_roles=["basic"],
        user_allowed_email_domain="example.com",
    )
    good: dict[str, Any] = {"preferred_username": "ada", "email": "ada@example.com", "roles": ["basic"]}
    assert (await stage.chat(stage.issuer.token(**good))).status_code == 200
    refused: list[tuple[dict[str, Any], str]] = [
        ({"roles": ["other"]}, "jwt_nobody"),
        ({"roles": None}, "jwt_nobody"),
        ({"email": "ada@example.com.evil.org"}, "jwt_email_domain"),
        ({"email": "ada@sub.example.com"}, "jwt_email_domain"),
        ({"email": None}, "jwt_email_domain"),
        ({"email_verified": False}, "jwt_email_domain"),
    ]
    for changes, code in refused:
        assert await stage.refusal(stage.issuer.token(**{**good, **changes})) == (403, code), changes


@ON_SQLITE
async def test_issuers_have_claims_of_their_own(opened: Open, issuer: Issuer) -> None:
    issuers = [
        {"issuer": f"{issuer.origin}/a", "audience": "gateway"},
        {"issuer": f"{issuer.origin}/b", "audience": "gateway", "team_id_jwt_field": "repository"},
    ]
    stage = await opened(issuers=issuers, team_ids_jwt_field="groups")
    await stage.team("owner/name")
    assert (await stage.chat(issuer.token("/b", key=EC, repository="owner/name"))).status_code == 200
    assert await stage.refusal(issuer.token(repository="owner/name")) == (403, "jwt_nobody")


@ON_SQLITE
async def test_the_embedded_provider_is_an_issuer_too(opened: Open) -> None:
    """Its access tokens speak for their person, and a revoked one ends within a minute; its ID tokens do not count."""
    named = {"JWT_ISSUER": f"{BASE}/application/o/robots/", "JWT_AUDIENCE": "robots"}
    stage = await opened(user_id_jwt_field="sub", variables=named)
    listed = await stage.admin("GET", "/api/v3/propertymappings/provider/scope/?page_size=100")
    fields = {"name": "robots", "client_id": "robots", "client_secret": SECRET, "client_type": "confidential"}
    scopes = [one["pk"] for one in listed["results"] if one["scope_name"] in ("openid", "profile")]
    grants = {"grant_types": ["client_credentials"], "property_mappings": scopes, "redirect_uris": []}
    provider = await stage.admin("POST", "/api/v3/providers/oauth2/", {**fields, **grants})
    await stage.admin("POST", "/api/v3/core/applications/", {"name": "r", "slug": "robots", "provider": provider["pk"]})
    auth = ("robots", SECRET)
    form = {"grant_type": "client_credentials", "scope": "openid profile"}
    issued = (await stage.worker.client.post("/application/o/token/", data=form, auth=auth)).json()
    found = await me(stage, issued["access_token"])
    assert found["user_id"]
    assert (await stage.chat(issued["access_token"])).status_code == 200
    rows = await recorded(stage, 1)
    assert rows[0].user_id == found["user_id"]
    assert await stage.refusal(issued["id_token"]) == (401, "jwt_not_an_access_token")
    revoked = await stage.worker.client.post(
        "/application/o/revoke/", data={"token": issued["access_token"]}, auth=auth
    )
    assert revoked.status_code == 200
    stage.clock.pass_s(61)
    assert await stage.refusal(issued["access_token"]) == (401, "jwt_token_over")


@ON_SQLITE
async def test_a_narrowed_token_makes_no_key_that_outlives_it_or_escapes_its_limits(opened: Open) -> None:
    scopes = [{"scope": "small", "models": ["one"]}]
    stage = await opened(**USERS, enforce_scope_based_access=True, scope_mappings=scopes)
    token = stage.issuer.token(preferred_username="ada", scope="small")
    assert (await me(stage, token))["user_id"] == "ada"
    await stage.admin("POST", "/user/update", {"user_id": "ada", "user_role": "internal_user"})
    headers = {"authorization": f"Bearer {token}"}
    made = await stage.worker.client.post("/key/generate", json={}, headers=headers)
    assert made.status_code == 200, made.text
    assert made.json()["models"] == ["one"]
    stage.clock.pass_s(24 * 3600)
    assert await stage.refusal(made.json()["key"]) == (401, "expired_key")
    # An administrator limited what the identity may do.
    fresh = stage.issuer.token(preferred_username="ada", scope="small")
    await me(stage, fresh)
    async with stage.db.write() as tx:
        row = (await tx.execute(select(key_table).where(key_table.c.kind == "jwt"))).one()
        await keys.change(tx, row.id, stage.clock(), rpm_limit=1)
        await change_log.announce(tx, "key", row.token_hash, stage.clock())
    await stage.worker.program.follower.catch_up()
    refused = await stage.worker.client.post("/key/generate", json={}, headers={"authorization": f"Bearer {fresh}"})
    assert (refused.status_code, "limits of its own" in refused.text) == (403, True), refused.text


@ON_SQLITE
async def test_a_token_that_names_nobody_has_nobodys_rights(opened: Open) -> None:
    """Nor those of whom an earlier token of the same subject named."""
    stage = await opened(**USERS, team_ids_jwt_field="groups")
    await stage.team("t1")
    await stage.team("secret")
    named = stage.issuer.token(preferred_username="ada", email="ada@example.com")
    assert (await me(stage, named))["user_id"] == "ada"
    await stage.admin("POST", "/user/update", {"user_id": "ada", "user_role": "proxy_admin"})
    assert len((await stage.get("/team/list", named)).json()) == 2
    nameless = stage.issuer.token(groups=["t1"])
    assert (await stage.get("/team/list", nameless)).json() == []
    refused = await stage.get("/team/info?team_id=secret", nameless)
    assert (refused.status_code, "Only proxy admin" in refused.text) == (401, True)
    assert (await stage.chat(nameless)).status_code == 200
    rows = await recorded(stage, 1)
    assert (rows[0].user_id, rows[0].team_id) == ("", "t1")
    # Whoever is switched off is out by any token.
    await me(stage, stage.issuer.token(sub="other", preferred_username="bob"))
    await stage.admin("POST", "/user/update", {"user_id": "bob", "user_role": "proxy_admin"})
    user = next(one for one in (await stage.admin("GET", "/api/v3/core/users/"))["results"] if one["username"] == "ada")
    await stage.admin("PATCH", f"/api/v3/core/users/{user['pk']}/", {"is_active": False})
    assert await stage.refusal(nameless) == (401, "user_inactive")
