"""LiteLLM's user routes, the guide's command among them."""

import pytest
from tests.unit.web.api.stage import MASTER, Stage

from gatewright.domain.identity import Role
from gatewright.domain.keys import key_hash
from gatewright.domain.people import Origin
from gatewright.storage import users
from gatewright.web.litellm import users as module


async def test_the_guides_command_works_word_for_word_and_lasts(stage: Stage) -> None:
    await stage.person("the-username", Role.INTERNAL_USER_VIEWER)
    answered = await stage.call(
        "POST",
        "/user/update",
        MASTER,
        b'{"user_id": "the-username", "user_role": "proxy_admin"}',
        content_type="application/json",
    )
    assert answered.status_code == 200
    assert (answered.json()["user_id"], answered.json()["data"]["user_role"]) == ("the-username", "proxy_admin")
    user = await stage.users.by_user_id("the-username")
    assert (user.role, user.role_locked, user.role_reason.rule) == (Role.PROXY_ADMIN, True, "manual")


async def test_the_alias_is_taken_and_the_stored_role_answered(stage: Stage) -> None:
    await stage.person("ada")
    body = {"user_id": "ada", "user_role": "internal_user_view_only", "user_email": None}
    answered = await stage.call("POST", "/user/update", MASTER, body)
    assert answered.json()["data"]["user_role"] == "internal_user_viewer"


async def test_update_names_what_is_wrong(stage: Stage) -> None:
    await stage.person("ada")
    wrong: tuple[tuple[dict[str, object], int, str], ...] = (
        ({"user_id": "ada", "user_role": "boss"}, 400, "user_role"),
        ({"user_id": "ada"}, 400, "user_role"),
        ({"user_role": "internal_user"}, 400, "user_id"),
        ({"user_email": "ada@example.com", "user_role": "proxy_admin"}, 400, "user_email"),
        ({"user_id": "ada", "user_role": "proxy_admin", "max_budget": 1}, 400, "max_budget"),
        ({"user_id": "ada", "user_role": "proxy_admin", "password": "x"}, 400, "password"),
        ({"user_id": "nobody", "user_role": "proxy_admin"}, 404, "user_id"),
    )
    for body, status, field in wrong:
        refused = await stage.call("POST", "/user/update", MASTER, body)
        assert (refused.status_code, refused.json()["error"]["param"]) == (status, field), body
    assert (
        "proxy_admin_viewer"
        in (await stage.call("POST", "/user/update", MASTER, {"user_id": "ada", "user_role": "boss"})).text
    )
    assert (await stage.users.by_user_id("ada")).role is Role.INTERNAL_USER


async def test_the_last_administrator_stays_one(stage: Stage) -> None:
    await stage.person("root", Role.PROXY_ADMIN)
    body = {"user_id": "root", "user_role": "internal_user"}
    refused = await stage.call("POST", "/user/update", MASTER, body)
    assert (refused.status_code, refused.json()["error"]["param"]) == (409, "user_role")
    await stage.person("second", Role.PROXY_ADMIN)
    assert (await stage.call("POST", "/user/update", MASTER, body)).status_code == 200


async def test_info_of_oneself(stage: Stage) -> None:
    ada = await stage.person("ada")
    secret, gone = await stage.key_of(ada, alias="app", models=("chat",)), await stage.key_of(ada)
    await stage.key_of(ada, kind="cli")
    await stage.keys.revoke(await stage.keys.find(gone), actor="test", origin=Origin())
    answered = await stage.call("GET", "/user/info", secret)
    body = answered.json()
    assert (body["user_id"], body["teams"]) == ("ada", [])
    assert body["user_info"]["user_email"] == "ada@example.com"
    assert (body["user_info"]["user_alias"], body["user_info"]["user_role"]) == ("Ada", "internal_user")
    assert [(key["key_alias"], key["token"], key["models"]) for key in body["keys"]] == [
        ("app", key_hash(secret), ["chat"])
    ]
    assert secret not in answered.text
    assert (await stage.call("GET", "/user/info?user_id=ada", secret)).json() == body


async def test_info_says_why_they_have_the_role_and_whom_the_provider_knows(stage: Stage) -> None:
    ada = await stage.person("ada")
    info = (await stage.call("GET", "/user/info?user_id=ada", MASTER)).json()["user_info"]
    assert (info["sso_user_id"], info["role_locked"]) == (None, False)
    [shown] = (await stage.call("GET", "/api/v1/users", MASTER)).json()["items"]
    assert info["role_reason"] == shown["role_reason"]
    assert (info["role_reason"]["rule"], info["role_reason"]["claim"]) == ("claim", "role")
    async with stage.db.write() as tx:
        await users.link(tx, ada.id, "https://old.example", "s-1", 1)
        await users.link(tx, ada.id, "https://new.example", "s-2", 1)
        await users.identity_used(tx, "https://old.example", "s-1", 2)
    changed = await stage.call("POST", "/user/update", MASTER, {"user_id": "ada", "user_role": "proxy_admin"})
    data = changed.json()["data"]
    assert (data["sso_user_id"], data["role_reason"]["rule"], data["role_locked"]) == ("s-1", "manual", True)


async def test_info_of_others_is_for_those_who_see_everything(stage: Stage) -> None:
    ada = await stage.key("ada")
    await stage.person("bob")
    refused = [(await stage.call("GET", f"/user/info?user_id={name}", ada)) for name in ("bob", "nobody")]
    assert [answered.status_code for answered in refused] == [401, 401]
    assert refused[0].json() == refused[1].json()
    viewer = await stage.key("eve", Role.PROXY_ADMIN_VIEWER)
    for caller in (viewer, MASTER):
        assert (await stage.call("GET", "/user/info?user_id=bob", caller)).json()["user_id"] == "bob"
        assert (await stage.call("GET", "/user/info?user_id=nobody", caller)).status_code == 404
    assert (await stage.call("GET", "/user/info?user_id=%00", MASTER)).status_code == 400


async def test_info_of_the_master_key_and_of_a_key_without_owner(stage: Stage) -> None:
    body = (await stage.call("GET", "/user/info", MASTER)).json()
    assert (body["user_id"], body["user_info"]["user_role"], body["keys"]) == ("default_user_id", "proxy_admin", [])
    refused = await stage.call("GET", "/user/info", await stage.key_of(None))
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "user_id")


async def test_many_keys_come_in_one_answer(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAGE", 2)
    ada = await stage.person("ada")
    secrets = [await stage.key_of(ada) for _ in range(5)]
    keys = (await stage.call("GET", "/user/info", secrets[0])).json()["keys"]
    assert [key["token"] for key in keys] == [key_hash(secret) for secret in reversed(secrets)]
    monkeypatch.setattr(module, "MOST_KEYS", 3)
    assert len((await stage.call("GET", "/user/info", secrets[0])).json()["keys"]) == 3
