"""LiteLLM's routes for the members of a team, and where else members are shown."""

from typing import Any

from tests.unit.web.api.stage import MASTER, Stage

from gatewright.accounts.keys import NewKey
from gatewright.accounts.team_members import Member, follow
from gatewright.domain.identity import Role
from gatewright.domain.keys import key_hash
from gatewright.domain.people import Origin


async def made(stage: Stage, *people: str, **body: object) -> None:
    for name in people:
        await stage.person(name)
    answered = await stage.call("POST", "/team/new", MASTER, body)
    assert answered.status_code == 200, answered.text


async def with_members(stage: Stage, team_id: str) -> list[dict[str, Any]]:
    info = (await stage.call("GET", f"/team/info?team_id={team_id}", MASTER)).json()
    assert info["team_info"]["members"] == [row["user_id"] for row in info["team_memberships"]]
    found: list[dict[str, Any]] = info["team_info"]["members_with_roles"]
    return found


async def test_members_are_added_changed_shown_and_removed(stage: Stage) -> None:
    await made(
        stage, "ada", "bob", team_id="red", team_alias="Red", members_with_roles=[{"user_id": "ada", "role": "admin"}]
    )
    body = {"team_id": "red", "member": [{"user_id": "bob"}, {"user_id": "ada", "role": "user"}]}
    added = (await stage.call("POST", "/team/member_add", MASTER, body)).json()
    assert (added["team_id"], added["team_alias"], added["admins"]) == ("red", "Red", [])
    assert [row["user_id"] for row in added["updated_team_memberships"]] == ["ada", "bob"]
    assert added["members_with_roles"] == [{"user_id": "ada", "role": "user"}, {"user_id": "bob", "role": "user"}]
    changed = await stage.call(
        "POST", "/team/member_update", MASTER, {"team_id": "red", "user_id": "bob", "role": "admin"}
    )
    assert (changed.json()["user_id"], changed.json()["role"], changed.json()["origin"]) == ("bob", "admin", "manual")
    assert await with_members(stage, "red") == [{"user_id": "ada", "role": "user"}, {"user_id": "bob", "role": "admin"}]
    info = (await stage.call("GET", "/user/info?user_id=bob", MASTER)).json()
    assert (info["user_info"]["teams"], [team["team_alias"] for team in info["teams"]]) == (["red"], ["Red"])
    gone = await stage.call("POST", "/team/member_delete", MASTER, {"team_id": "red", "user_id": "ada"})
    assert gone.json()["members"] == ["bob"]
    assert await with_members(stage, "red") == [{"user_id": "bob", "role": "admin"}]
    assert (await stage.call("GET", "/user/info?user_id=ada", MASTER)).json()["teams"] == []


async def test_what_cannot_be_is_refused_by_name_and_changes_nothing(stage: Stage) -> None:
    await made(stage, "ada", team_id="red")
    member = {"user_id": "ada"}
    for path, body, status, param in (
        ("/team/member_add", {"team_id": "red", "member": [member, {"user_id": "nobody"}]}, 404, "user_id"),
        ("/team/member_add", {"team_id": "blue", "member": member}, 404, "team_id"),
        ("/team/member_add", {"team_id": "red", "member": member, "max_budget_in_team": 5}, 400, "max_budget_in_team"),
        ("/team/member_add", {"team_id": "red", "member": []}, 400, "member"),
        ("/team/member_add", {"team_id": "red", "member": {"user_email": "ada@x"}}, 400, None),
        ("/team/member_add", {"team_id": "red", "member": {"user_id": "ada", "role": "boss"}}, 400, None),
        ("/team/member_update", {"team_id": "red", "user_id": "ada", "role": "admin"}, 404, "user_id"),
        ("/team/member_delete", {"team_id": "red", "user_id": "ada"}, 404, "user_id"),
        ("/team/member_delete", {"team_id": "red", "user_email": "ada@x"}, 400, "user_email"),
    ):
        answered = await stage.call("POST", path, MASTER, body)
        assert answered.status_code == status, answered.text
        if param is not None:
            assert answered.json()["error"]["param"] == param
        assert await with_members(stage, "red") == []
    bad = {"team_id": "blue", "members_with_roles": [member, {"user_id": "nobody"}]}
    assert (await stage.call("POST", "/team/new", MASTER, bad)).status_code == 404
    assert (await stage.call("GET", "/team/info?team_id=blue", MASTER)).status_code == 404


async def test_a_members_view_and_what_a_team_administrator_may(stage: Stage) -> None:
    await made(stage, "bob", "eve", team_id="blue")
    ada = await stage.person("ada")
    caller = await stage.key_of(ada)
    await made(stage, team_id="red", members_with_roles=[{"user_id": "ada"}, {"user_id": "bob"}])
    theirs = await stage.call("POST", "/key/generate", MASTER, {"team_id": "red", "user_id": "bob"})
    own = (await stage.call("POST", "/key/generate", MASTER, {"team_id": "red", "user_id": "ada"})).json()["key"]
    assert theirs.status_code == 200
    (listed,) = (await stage.call("GET", "/team/list", caller)).json()
    assert (listed["team_id"], [row["token"] for row in listed["keys"]]) == ("red", [key_hash(own)])
    assert (await stage.call("GET", "/team/info?team_id=red", caller)).status_code == 200
    assert (await stage.call("GET", "/team/info?team_id=blue", caller)).status_code == 401
    add = {"team_id": "red", "member": {"user_id": "eve"}}
    assert (await stage.call("POST", "/team/member_add", caller, add)).status_code == 401
    await stage.members.put("red", [Member("ada", "admin")], actor="test", origin=Origin())
    assert (await stage.call("POST", "/team/member_add", caller, add)).status_code == 200
    assert (await stage.call("POST", "/team/member_add", caller, {**add, "team_id": "blue"})).status_code == 401
    assert (await stage.call("POST", "/team/member_add", caller, {**add, "team_id": "none"})).status_code == 401
    gone = await stage.call("POST", "/team/member_delete", caller, {"team_id": "red", "user_id": "bob"})
    assert gone.json()["members"] == ["ada", "eve"]


async def test_leaving_a_team_ends_its_command_line_credentials_alone_and_deleting_it_every_membership(
    stage: Stage,
) -> None:
    ada = await stage.person("ada", Role.INTERNAL_USER)
    await made(stage, team_id="red", members_with_roles=[{"user_id": "ada"}])
    free = await stage.key_of(ada, kind="cli")
    in_team = NewKey(alias=None, owner=ada, kind="cli", team_id="red")
    terminal, _ = await stage.keys.create(in_team, actor="test", origin=Origin())
    virtual = (await stage.call("POST", "/key/generate", MASTER, {"team_id": "red", "user_id": "ada"})).json()["key"]
    await stage.call("POST", "/team/member_delete", MASTER, {"team_id": "red", "user_id": "ada"})
    statuses = [(await stage.call("GET", "/user/info", key)).status_code for key in (terminal, free, virtual)]
    assert statuses == [401, 200, 200]
    async with stage.db.write() as tx:
        await follow(tx, ada, ["red"], word="sso:generic", now=1, origin=Origin())
    assert len(await stage.members.of_user(ada.id)) == 1
    await stage.call("POST", "/team/delete", MASTER, {"team_ids": ["red"]})
    assert await stage.members.of_user(ada.id) == []
