"""Limits on keys and users: set, shown, changed, and never lifted by those whom they limit."""

from typing import Any

import httpx2
from tests.unit.web.api.stage import MASTER, Stage

from gatewright.domain.identity import Role
from gatewright.domain.keys import key_hash
from gatewright.domain.limits import Holder, Limits, ModelLimits

EVERY = {
    "rpm_limit": 10,
    "tpm_limit": 1000,
    "max_parallel_requests": 2,
    "model_rpm_limit": {"chat": 3},
    "model_tpm_limit": {"chat": 300, "vision": 0},
}
STORED = Limits(10, 1000, 2, {"chat": ModelLimits(3, 300), "vision": ModelLimits(None, 0)})


async def generated(stage: Stage, caller: str, **body: object) -> dict[str, Any]:
    answered = await stage.call("POST", "/key/generate", caller, body)
    assert answered.status_code == 200, answered.text
    found: dict[str, Any] = answered.json()
    return found


def shown(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in EVERY}


def refusal(answered: httpx2.Response) -> tuple[int, str | None]:
    return answered.status_code, answered.json()["error"]["param"]


async def test_a_keys_limits_are_stored_shown_and_carried_by_its_caller(stage: Stage) -> None:
    made = await generated(stage, MASTER, **EVERY)
    assert shown(made) == EVERY
    info = await stage.call("GET", f"/key/info?key={made['key']}", MASTER)
    assert shown(info.json()["info"]) == EVERY
    caller = await stage.ring.authenticate(made["key"])
    assert caller.holders == (Holder("api_key", str(caller.credential_id), STORED),)


async def test_a_key_without_limits_has_no_holders(stage: Stage) -> None:
    assert (await stage.ring.authenticate(await stage.key("ada"))).holders == ()


async def test_wrong_limits_are_named(stage: Stage) -> None:
    wrong: tuple[dict[str, object], ...] = (
        {"rpm_limit": -1},
        {"tpm_limit": "many"},
        {"rpm_limit": True},
        {"rpm_limit": 1.5},
        {"max_parallel_requests": 10**13},
        {"model_rpm_limit": {"chat": -1}},
        {"model_tpm_limit": {"": 1}},
        {"model_tpm_limit": {"x" * 201: 1}},
        {"model_tpm_limit": {"\x00": 1}},
        {"model_rpm_limit": {f"m{number}": 1 for number in range(201)}},
        {"model_rpm_limit": 3},
        {"tpd_limit": 3},
    )
    for body in wrong:
        status, param = refusal(await stage.call("POST", "/key/generate", MASTER, body))
        assert (status, (param or "").partition(".")[0].partition("[")[0]) == (400, next(iter(body))), body


async def test_update_changes_what_is_sent_and_null_takes_it_away(stage: Stage) -> None:
    made = await generated(stage, MASTER, key_alias="app", models=["chat"], duration="30d", **EVERY)
    before = await stage.ring.authenticate(made["key"])
    changed = await stage.call("POST", "/key/update", MASTER, {"key": made["key"], "rpm_limit": 11, "tpm_limit": None})
    body = changed.json()
    assert changed.status_code == 200
    assert (body["key"], made["key"] in changed.text) == (key_hash(made["key"]), False)
    assert shown(body) == {**EVERY, "rpm_limit": 11, "tpm_limit": None}
    assert (body["key_alias"], body["models"], body["expires"]) == ("app", ["chat"], made["expires"])
    after = await stage.ring.authenticate(made["key"])
    assert before.holders[0].limits.rpm == 10
    assert after.holders[0].limits.rpm == 11
    freed: dict[str, object] = {"key": made["key"], **dict.fromkeys(EVERY)}
    assert (await stage.call("POST", "/key/update", MASTER, freed)).status_code == 200
    assert (await stage.ring.authenticate(made["key"])).holders == ()
    rest = {"key_alias": "app", "models": None, "duration": None, "metadata": {"a": 1}, "model_rpm_limit": {"chat": 5}}
    body = (await stage.call("POST", "/key/update", MASTER, rest)).json()
    assert (body["models"], body["expires"], body["metadata"]) == ([], None, {"a": 1})
    assert (body["model_rpm_limit"], body["model_tpm_limit"]) == ({"chat": 5}, {})
    named = {"key": key_hash(made["key"]), "key_alias": "other"}
    assert (await stage.call("POST", "/key/update", MASTER, named)).json()["key_alias"] == "other"


async def test_update_names_what_is_wrong(stage: Stage) -> None:
    ada = await stage.person("ada")
    key, other, login = (
        await stage.key_of(ada, alias="app"),
        await stage.key_of(ada, alias="taken"),
        await stage.key_of(ada, kind="cli"),
    )
    wrong: tuple[tuple[dict[str, object], int, str], ...] = (
        ({"rpm_limit": 1}, 400, "key"),
        ({"key": "sk-no-such-key-at-all", "rpm_limit": 1}, 404, "key"),
        ({"key": login, "key_alias": "x"}, 400, "key_alias"),
        ({"key": login, "duration": "30d"}, 400, "duration"),
        ({"key": key, "key_alias": "taken"}, 400, "key_alias"),
        ({"key": key, "key_alias": ""}, 400, "key_alias"),
        ({"key": key, "models": ["none"]}, 400, "models"),
        ({"key": key, "duration": "soon"}, 400, "duration"),
        ({"key": key, "metadata": {"a": "\x00"}}, 400, "metadata"),
        ({"key": key, "team_id": "none"}, 404, "team_id"),
        ({"key": key, "max_budget": 1}, 400, "max_budget"),
    )
    for body, status, param in wrong:
        assert refusal(await stage.call("POST", "/key/update", MASTER, body)) == (status, param), body
    await stage.call("POST", "/key/delete", MASTER, {"keys": [other]})
    assert refusal(await stage.call("POST", "/key/update", MASTER, {"key": other, "rpm_limit": 1})) == (404, "key")


async def test_a_sign_ins_credential_may_be_limited_too(stage: Stage) -> None:
    login = await stage.key_of(await stage.person("ada"), kind="cli")
    changed = await stage.call("POST", "/key/update", MASTER, {"key": login, "rpm_limit": 4})
    assert (changed.status_code, changed.json()["rpm_limit"]) == (200, 4)
    assert (await stage.ring.authenticate(login)).holders[0].limits == Limits(rpm=4)


async def test_owners_change_their_keys_but_not_the_limits_on_them(stage: Stage) -> None:
    ada = await stage.person("ada")
    caller, limited = (
        await stage.key_of(ada, kind="cli"),
        (await generated(stage, MASTER, user_id="ada", **EVERY))["key"],
    )
    renamed = await stage.call("POST", "/key/update", caller, {"key": limited, "key_alias": "mine"})
    assert (renamed.status_code, renamed.json()["key_alias"]) == (200, "mine")
    lifting: tuple[dict[str, object], ...] = ({"rpm_limit": None}, {"model_rpm_limit": {}}, {"team_id": None})
    for body in lifting:
        refused = await stage.call("POST", "/key/update", caller, {"key": limited, **body})
        assert (refused.status_code, "Only proxy admin" in refused.text) == (401, True), body
    others = await stage.key("bob")
    assert (await stage.call("POST", "/key/update", others, {"key": limited, "key_alias": "x"})).status_code == 404
    viewer = await stage.key("eve", Role.PROXY_ADMIN_VIEWER)
    assert (await stage.call("POST", "/key/update", viewer, {"key": limited, "key_alias": "x"})).status_code == 401
    assert shown((await stage.call("GET", f"/key/info?key={limited}", MASTER)).json()["info"]) == EVERY


async def test_a_limited_key_makes_no_other_keys_and_changes_none(stage: Stage) -> None:
    await stage.person("ada")
    limited = (await generated(stage, MASTER, user_id="ada", rpm_limit=5))["key"]
    bodies: tuple[tuple[str, dict[str, object]], ...] = (("/key/generate", {}), ("/api/v1/keys", {"name": "more"}))
    for path, body in bodies:
        refused = await stage.call("POST", path, limited, body)
        assert refused.status_code in (401, 403), path
        assert "limits of its own" in refused.text
    assert (await stage.call("POST", "/key/update", limited, {"key": limited, "models": []})).status_code == 401


async def test_a_users_limits_hold_for_all_of_their_keys(stage: Stage) -> None:
    ada = await stage.person("ada")
    first, second = await stage.key_of(ada), await stage.key_of(ada, kind="cli")
    await stage.ring.authenticate(first)
    body = {"user_id": "ada", "rpm_limit": 7, "tpm_limit": 70, "max_parallel_requests": 1}
    answered = await stage.call("POST", "/user/update", MASTER, body)
    assert answered.status_code == 200
    assert {name: answered.json()["data"][name] for name in body} == body
    assert answered.json()["data"]["user_role"] == "internal_user"
    expected = (Holder("user", str(ada.id), Limits(7, 70, 1)),)
    for key in (first, second):
        assert (await stage.ring.authenticate(key)).holders == expected
    info = (await stage.call("GET", "/user/info", first)).json()["user_info"]
    assert (info["rpm_limit"], info["tpm_limit"], info["max_parallel_requests"]) == (7, 70, 1)
    both = {"user_id": "ada", "rpm_limit": None, "user_role": "internal_user_viewer"}
    data = (await stage.call("POST", "/user/update", MASTER, both)).json()["data"]
    assert (data["rpm_limit"], data["tpm_limit"], data["user_role"]) == (None, 70, "internal_user_viewer")
    for wrong, param in (({"rpm_limit": -1}, "rpm_limit"), ({"model_rpm_limit": {}}, "model_rpm_limit")):
        assert refusal(await stage.call("POST", "/user/update", MASTER, {"user_id": "ada", **wrong})) == (400, param)
    assert (await stage.call("POST", "/user/update", first, body)).status_code == 401
