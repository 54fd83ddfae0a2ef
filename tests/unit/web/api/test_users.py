"""People and roles set by hand."""

import asyncio

from tests.unit.web.api.stage import MASTER, Stage

from gatewright.domain.identity import Role
from gatewright.storage import audit_log, changes
from gatewright.storage import users as user_rows


async def test_the_list_has_the_reason_of_each_role(stage: Stage) -> None:
    await stage.person("ada")
    page = (await stage.call("GET", "/api/v1/users", MASTER)).json()
    assert page["next_cursor"] is None
    (row,) = page["items"]
    assert row.pop("created_at").endswith("Z")
    assert row == {
        "user_id": "ada",
        "username": "ada",
        "email": "ada@example.com",
        "display_name": "Ada",
        "role": "internal_user",
        "role_label": "Member",
        "role_reason": {"rule": "claim", "claim": "role", "value": "internal_user", "warning": None, "steps": []},
        "role_locked": False,
        "is_active": True,
        "is_break_glass": False,
        "last_login_at": None,
    }


async def test_pages_of_users(stage: Stage) -> None:
    for number in range(3):
        await stage.person(f"user-{number}")
    first = (await stage.call("GET", "/api/v1/users?limit=2", MASTER)).json()
    second = (await stage.call("GET", f"/api/v1/users?limit=2&cursor={first['next_cursor']}", MASTER)).json()
    found = [row["user_id"] for row in first["items"] + second["items"]]
    assert (found, second["next_cursor"]) == (["user-0", "user-1", "user-2"], None)


async def test_a_role_set_by_hand_is_locked_counts_at_once_and_can_be_given_back(stage: Stage) -> None:
    ada = await stage.key("team/ada lovelace", Role.INTERNAL_USER_VIEWER)
    assert (await stage.call("POST", "/api/v1/keys", ada, {"name": "x"})).status_code == 403
    path = "/api/v1/users/team%2Fada%20lovelace"
    row = (await stage.call("PATCH", path, MASTER, {"role": "internal_user"})).json()
    assert (row["role"], row["role_locked"], row["role_reason"]["rule"]) == ("internal_user", True, "manual")
    assert (await stage.call("POST", "/api/v1/keys", ada, {"name": "x"})).status_code == 201
    row = (await stage.call("PATCH", path, MASTER, {"role_locked": False})).json()
    assert (row["role"], row["role_locked"]) == ("internal_user", False)
    row = (await stage.call("PATCH", path, MASTER, {"role_locked": True})).json()
    assert (row["role"], row["role_locked"]) == ("internal_user", True)
    async with stage.db.read() as tx:
        events = [event for event in await audit_log.newest(tx, 20) if event["action"] == "user.role"]
    assert [event["actor"] for event in events] == ["default_user_id"] * 3


async def test_the_alias_of_the_guides_is_a_role(stage: Stage) -> None:
    await stage.person("ada")
    row = (await stage.call("PATCH", "/api/v1/users/ada", MASTER, {"role": "internal_user_view_only"})).json()
    assert row["role"] == "internal_user_viewer"


WRONG = (
    ({"role": "boss"}, "role"),
    ({"role": None}, "role"),
    ({"role_locked": "yes"}, "role_locked"),
    ({"role": "internal_user", "role_locked": False}, "role_locked"),
    ({"email": "x@example.com"}, "email"),
)


async def test_a_wrong_change_names_the_field(stage: Stage) -> None:
    await stage.person("ada")
    for body, field in WRONG:
        refused = await stage.call("PATCH", "/api/v1/users/ada", MASTER, body)
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, field), body


async def test_an_unknown_role_is_answered_with_the_four(stage: Stage) -> None:
    await stage.person("ada")
    hint = (await stage.call("PATCH", "/api/v1/users/ada", MASTER, {"role": "boss"})).json()["hint"]
    assert all(role.value in hint for role in Role)


async def test_nothing_to_change_and_nobody_to_change(stage: Stage) -> None:
    await stage.person("ada")
    assert (await stage.call("PATCH", "/api/v1/users/ada", MASTER, {})).json()["code"] == "nothing_to_change"
    for body in ({"role": "internal_user"}, {"role_locked": False}, {"role_locked": True}):
        refused = await stage.call("PATCH", "/api/v1/users/nobody", MASTER, body)
        assert (refused.status_code, refused.json()["code"]) == (404, "user_not_found")
    assert (await stage.call("PATCH", "/api/v1/users/%00", MASTER, {"role_locked": False})).status_code == 400


async def test_the_last_active_administrator_stays_one(stage: Stage) -> None:
    root = await stage.key("root", Role.PROXY_ADMIN)
    await stage.person("viewer", Role.PROXY_ADMIN_VIEWER)
    gone = await stage.person("gone", Role.PROXY_ADMIN)
    async with stage.db.write() as tx:
        await user_rows.change(tx, gone.id, stage.clock(), is_active=False)
    for caller in (root, MASTER):
        refused = await stage.call("PATCH", "/api/v1/users/root", caller, {"role": "internal_user"})
        assert (refused.status_code, refused.json()["code"]) == (409, "last_admin")
    assert (await stage.call("PATCH", "/api/v1/users/root", root, {"role": "proxy_admin"})).status_code == 200
    assert (await stage.call("PATCH", "/api/v1/users/gone", root, {"role": "internal_user"})).status_code == 200
    await stage.call("PATCH", "/api/v1/users/viewer", root, {"role": "proxy_admin"})
    assert (await stage.call("PATCH", "/api/v1/users/root", root, {"role": "internal_user"})).status_code == 200
    assert (await stage.call("GET", "/api/v1/users", root)).status_code == 403


async def test_two_administrators_cannot_demote_one_another_at_the_same_moment(stage: Stage) -> None:
    await stage.person("one", Role.PROXY_ADMIN)
    await stage.person("two", Role.PROXY_ADMIN)
    for _ in range(5):
        answers = await asyncio.gather(
            *(
                stage.call("PATCH", f"/api/v1/users/{name}", MASTER, {"role": "internal_user"})
                for name in ("one", "two")
            )
        )
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        for name in ("one", "two"):
            await stage.call("PATCH", f"/api/v1/users/{name}", MASTER, {"role": "proxy_admin"})


async def test_the_key_of_somebody_deleted_is_over(stage: Stage) -> None:
    key = await stage.key("ada")
    ada = await stage.users.by_user_id("ada")
    async with stage.db.write() as tx:
        await user_rows.change(tx, ada.id, stage.clock(), deleted_at=stage.clock())
        await changes.announce(tx, "user", str(ada.id), stage.clock())
    refused = await stage.call("GET", "/api/v1/models", key)
    assert (refused.status_code, refused.json()["code"]) == (401, "user_inactive")
