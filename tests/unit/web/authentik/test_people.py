"""People through `/api/v3`: made, changed, switched off, deleted; and everything that ends with them."""

import asyncio
from typing import Any

import pytest
from argon2 import PasswordHasher, Type
from tests.unit.web.authentik.conftest import PASSWORD, Desk, bearer
from tests.unit.web.conftest import BASE

from gatewright.accounts.users import EMBEDDED_SOURCE
from gatewright.domain.identity import Role
from gatewright.domain.people import Origin
from gatewright.storage import sessions, users


async def administrator(desk: Desk, name: str) -> dict[str, str]:
    """Somebody in `admins`, as the pk to address them by and a browser's headers."""
    admins = await desk.group("admins")
    made = await desk.user(name, groups=[admins["pk"]])
    return {"pk": str(made["pk"]), **await desk.browser(await desk.row(made["pk"]))}


async def test_somebody_who_is_made_here_signs_in_here(desk: Desk) -> None:
    made = await desk.user("ada", email="ada@example.com", email_verified=True, attributes={"upn": "ada@corp"})
    assert (made["type"], made["path"], made["is_active"], made["role"]) == (
        "internal",
        "users",
        True,
        "internal_user_viewer",
    )
    assert await desk.sign_in("ada") == 400
    await desk.ok("POST", f"/core/users/{made['pk']}/set_password/", {"password": PASSWORD})
    assert await desk.sign_in("ada") == 303
    async with desk.db.read() as tx:
        linked = await users.by_identity(tx, EMBEDDED_SOURCE, made["uuid"])
    assert linked is not None
    assert linked.id == made["pk"]
    created = [event for event in await desk.events("model.created") if event["target"].endswith(f"user:{made['pk']}")]
    assert created[0]["actor"] == "default_user_id"
    assert PASSWORD not in str(await desk.events("user.password"))


async def test_a_list_pages_filters_orders_and_searches(desk: Desk) -> None:
    for name in ("ada", "bob", "cyd", "dee"):
        await desk.user(name, email=f"{name}@example.com", path="users/staff" if name != "bob" else "users")
    page = await desk.ok("GET", "/core/users/?page_size=3&ordering=-username")
    assert [one["username"] for one in page["results"]] == ["dee", "cyd", "bob"]
    assert page["pagination"] == {
        "next": 2,
        "previous": 0,
        "count": 4,
        "current": 1,
        "total_pages": 2,
        "start_index": 1,
        "end_index": 3,
    }
    assert (await desk.ok("GET", "/core/users/?page_size=3&page=2"))["pagination"]["previous"] == 1
    assert (await desk.call("GET", "/core/users/?page=3")).status_code == 404
    for query, names in (
        ("username=ada", ["ada"]),
        ("search=B%40example", ["bob"]),
        ("search=%25", []),
        ("search=D%C3%89E", []),
        ("path_startswith=users/", ["ada", "cyd", "dee"]),
        ("type=external&type=service_account", []),
        ("is_superuser=false&ordering=username", ["ada", "bob", "cyd", "dee"]),
        ("groups_by_name=admins", []),
        ("last_login__isnull=false", []),
    ):
        assert [one["username"] for one in await desk.listed(f"/core/users/?{query}")] == names, query
    for query in ("user_name=ada", "is_active=perhaps", "uuid=1", "page_size=-1", "username=%00"):
        refused = await desk.call("GET", f"/core/users/?{query}")
        assert (refused.status_code, list(refused.json())) == (400, [query.partition("=")[0]]), query


async def test_every_wrong_field_is_named_at_once(desk: Desk) -> None:
    wrong = {"username": " ada ", "name": "x" * 300, "email": "no address", "type": "robot", "path": "/", "nick": 1}
    refused = await desk.call("POST", "/core/users/", wrong)
    assert (refused.status_code, set(refused.json())) == (400, set(wrong))
    assert (await desk.call("POST", "/core/users/", {"name": "x"})).json() == {"username": ["This field is required."]}
    deep = b'{"username": "a", "name": "a", "attributes": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}"
    answered = await desk.worker.admin.post(f"{BASE}/api/v3/core/users/", content=deep)
    assert answered.status_code == 400
    for attributes in ({"a": "\0"}, {"a": "x" * 70_000}, [1]):
        body = {"username": "a", "name": "a", "attributes": attributes}
        assert list((await desk.call("POST", "/core/users/", body)).json()) == ["attributes"]


async def test_a_name_is_never_given_twice(desk: Desk) -> None:
    made = await desk.user("ada")
    await desk.ok("DELETE", f"/core/users/{made['pk']}/")
    assert (await desk.call("GET", f"/core/users/{made['pk']}/")).status_code == 404
    await desk.user("Änne")
    for name in ("ada", "Ada", "Änne", "master", "default_user_id"):
        refused = await desk.call("POST", "/core/users/", {"username": name, "name": "Other"})
        assert list(refused.json()) == ["username"], name


async def test_a_username_stays(desk: Desk) -> None:
    made = await desk.user("ada")
    refused = await desk.call("PATCH", f"/core/users/{made['pk']}/", {"username": "eve"})
    assert (refused.status_code, list(refused.json())) == (400, ["username"])
    # A client that sends the whole object back as it read it changes nothing.
    shown = await desk.ok("GET", f"/core/users/{made['pk']}/")
    sent = {name: shown[name] for name in ("username", "name", "is_active", "groups", "email", "attributes", "path")}
    again = await desk.ok("PUT", f"/core/users/{made['pk']}/", {**sent, "last_login": None})
    assert {**again, "last_updated": ""} == {**shown, "last_updated": ""}


async def test_an_address_that_changes_is_no_longer_verified(desk: Desk) -> None:
    made = await desk.user("ada", email="ada@example.com", email_verified=True)
    assert (await desk.ok("PATCH", f"/core/users/{made['pk']}/", {"name": "A"}))["email_verified"] is True
    assert (await desk.ok("PATCH", f"/core/users/{made['pk']}/", {"email": "b@example.com"}))["email_verified"] is False


@pytest.mark.parametrize("way", ["switched off", "deleted"])
async def test_whoever_is_out_is_out_at_once(desk: Desk, way: str) -> None:
    made = await desk.user("ada")
    user = await desk.row(made["pk"])
    await desk.ok("POST", f"/core/users/{user.id}/set_password/", {"password": PASSWORD})
    browser, token, key = await desk.browser(user), await desk.api_token(user.id), await desk.virtual_key(user)
    provider_token, _ = await desk.program.provider.login._sessions.open(user, Origin())
    me, v1 = f"{BASE}/api/v3/core/users/me/", f"{BASE}/api/v1/me"
    for url, headers in ((me, browser), (me, token), (v1, browser), (v1, key)):
        assert (await desk.worker.client.get(url, headers=headers)).status_code == 200
    if way == "deleted":
        await desk.ok("DELETE", f"/core/users/{user.id}/")
    else:
        await desk.ok("PATCH", f"/core/users/{user.id}/", {"is_active": False})
    for url, headers in ((me, browser), (me, token), (v1, browser), (v1, key)):
        assert (await desk.worker.client.get(url, headers=headers)).status_code == 401
    assert await desk.program.provider.login._sessions.find(provider_token) is None
    assert await desk.sign_in("ada") == 400
    async with desk.db.read() as tx:
        assert await sessions.of_user(tx, user.id, "gateway", desk.db.clock()) == []
    if way == "switched off":
        # Switching somebody on again opens nothing that was open before.
        await desk.ok("PATCH", f"/core/users/{user.id}/", {"is_active": True})
        assert (await desk.worker.client.get(me, headers=browser)).status_code == 401
        assert await desk.sign_in("ada") == 303


async def test_a_new_password_signs_everybody_out_who_had_the_old_one(desk: Desk) -> None:
    made = await desk.user("ada")
    browser = await desk.browser(await desk.row(made["pk"]))
    short = await desk.call("POST", f"/core/users/{made['pk']}/set_password/", {"password": "short"})
    assert (short.status_code, list(short.json())) == (400, ["password"])
    assert (await desk.call("GET", "/core/users/me/", headers=browser)).status_code == 200
    await desk.ok("POST", f"/core/users/{made['pk']}/set_password/", {"password": PASSWORD})
    assert (await desk.call("GET", "/core/users/me/", headers=browser)).status_code == 401


async def test_the_last_administrator_stays(desk: Desk) -> None:
    first = await administrator(desk, "ada")
    admins = await desk.group("admins")
    changes: tuple[tuple[str, str, Any], ...] = (
        ("PATCH", f"/core/users/{first['pk']}/", {"is_active": False}),
        ("PATCH", f"/core/users/{first['pk']}/", {"groups": []}),
        ("DELETE", f"/core/users/{first['pk']}/", None),
        ("POST", f"/core/groups/{admins['pk']}/remove_user/", {"pk": int(first["pk"])}),
        ("PATCH", f"/core/groups/{admins['pk']}/", {"users": []}),
        ("PATCH", f"/core/groups/{admins['pk']}/", {"name": "others"}),
        ("DELETE", f"/core/groups/{admins['pk']}/", None),
    )
    for method, path, body in changes:
        refused = await desk.call(method, path, body)
        assert (refused.status_code, refused.json()["code"]) == (409, "last_admin"), path
    assert (await desk.group("admins"))["users"] == [int(first["pk"])]
    second = await administrator(desk, "bob")
    await desk.ok("PATCH", f"/core/users/{first['pk']}/", {"is_active": False})
    assert (await desk.call("DELETE", f"/core/users/{second['pk']}/")).status_code == 409


async def test_somebody_with_a_locked_role_is_an_administrator_without_the_group(desk: Desk) -> None:
    first = await administrator(desk, "ada")
    boss = await desk.person("boss", Role.INTERNAL_USER)
    await desk.program.users.set_role(boss.user_id, Role.PROXY_ADMIN, actor="test", origin=Origin())
    await desk.ok("DELETE", f"/core/users/{first['pk']}/")
    assert (await desk.call("DELETE", f"/core/users/{boss.id}/")).status_code == 409


async def test_a_service_account_gets_its_password_once(desk: Desk) -> None:
    made = await desk.ok("POST", "/core/users/service_account/", {"name": "robot", "create_group": True})
    account = await desk.ok("GET", f"/core/users/{made['user_pk']}/")
    assert (account["type"], account["uid"], account["groups"]) == (
        "service_account",
        made["user_uid"],
        [made["group_pk"]],
    )
    tokens = await desk.listed("/core/tokens/?user__username=robot")
    assert [(one["intent"], one["key_unread"]) for one in tokens] == [("app_password", False)]
    assert (await desk.call("GET", "/core/users/me/", headers=bearer(made["token"]))).status_code == 401


async def test_a_service_account_in_admins_administers(desk: Desk) -> None:
    made = await desk.ok("POST", "/core/users/service_account/", {"name": "robot"})
    headers = await desk.api_token(made["user_pk"])
    assert (await desk.call("GET", "/core/groups/", headers=headers)).status_code == 403
    admins = await desk.group("admins")
    await desk.ok("POST", f"/core/groups/{admins['pk']}/add_user/", {"pk": made["user_pk"]})
    assert (await desk.call("POST", "/core/groups/", {"name": "x"}, headers=headers)).status_code == 201
    # A program does not count as somebody who could let the others in again.
    await administrator(desk, "ada")
    ada = (await desk.listed("/core/users/?username=ada"))[0]["pk"]
    assert (await desk.call("DELETE", f"/core/users/{ada}/")).status_code == 409


async def test_two_changes_at_once_leave_an_administrator(desk: Desk) -> None:
    pks = [(await administrator(desk, name))["pk"] for name in ("ada", "bob")]
    off = (desk.call("PATCH", f"/core/users/{pk}/", {"is_active": False}) for pk in pks)
    answers = await asyncio.gather(*off)
    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_everything_at_once_goes_through(desk: Desk) -> None:
    """Objects of every kind made together, each under its own locks: none waits for the other for ever."""
    admins = await desk.group("admins")
    made = [
        *(desk.call("POST", "/core/users/", {"username": f"u{n}", "name": "U"}) for n in range(4)),
        *(desk.call("POST", "/core/users/service_account/", {"name": f"s{n}", "create_group": True}) for n in range(4)),
        *(desk.call("POST", "/core/groups/", {"name": f"g{n}"}) for n in range(4)),
        *(desk.call("POST", "/providers/oauth2/", {"name": f"p{n}", "redirect_uris": []}) for n in range(4)),
        *(desk.call("PATCH", f"/core/groups/{admins['pk']}/", {"attributes": {"n": n}}) for n in range(4)),
    ]
    assert {answer.status_code for answer in await asyncio.gather(*made)} == {200, 201}
    # The same name twice at once: one of them has it.
    twice = await asyncio.gather(*(desk.call("POST", "/core/groups/", {"name": "twice"}) for _ in range(3)))
    assert sorted(answer.status_code for answer in twice) == [201, 400, 400]
    same = await asyncio.gather(*(desk.call("POST", "/core/users/", {"username": "x", "name": "X"}) for _ in range(3)))
    assert sorted(answer.status_code for answer in same) == [201, 400, 400]


async def test_people_move_here_with_the_hashes_of_their_passwords(desk: Desk) -> None:
    ada = await desk.user("ada")
    path = f"/core/users/{ada['pk']}/set_password_hash/"
    hashed = PasswordHasher(time_cost=2, memory_cost=102_400, parallelism=8).hash(PASSWORD)
    await desk.ok("POST", path, {"password": f"argon2{hashed}"})
    assert await desk.sign_in("ada", "wrong password") == 400
    assert await desk.sign_in("ada") == 303
    assert (await desk.events("user.password"))[0]["details"] == {"by": "administrator, as a hash"}
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
    dear = hashed.replace("m=102400", "m=409600")
    other = PasswordHasher(type=Type.I).hash(PASSWORD)
    for refused in (cheap, dear, other, "pbkdf2_sha256$870000$salt$aGFzaA==", PASSWORD, "argon2$", "", 7):
        answer = await desk.call("POST", path, {"password": refused})
        assert (answer.status_code, list(answer.json())) == (400, ["password"]), refused
    assert await desk.sign_in("ada") == 303
