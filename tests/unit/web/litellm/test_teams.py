"""LiteLLM's team routes: keys that share limits and models."""

import asyncio
from typing import Any

from tests.unit.web.api.stage import MASTER, Stage

from gatewright.domain.clock import iso
from gatewright.domain.identity import Role
from gatewright.domain.keys import key_hash
from gatewright.domain.limits import Holder, Limits
from gatewright.storage import teams


async def made(stage: Stage, **body: object) -> dict[str, Any]:
    answered = await stage.call("POST", "/team/new", MASTER, body)
    assert answered.status_code == 200, answered.text
    found: dict[str, Any] = answered.json()
    return found


async def key_in(stage: Stage, team_id: str, **body: object) -> str:
    answered = await stage.call("POST", "/key/generate", MASTER, {"team_id": team_id, **body})
    assert answered.status_code == 200, answered.text
    assert answered.json()["team_id"] == team_id
    key: str = answered.json()["key"]
    return key


async def test_a_team_in_litellms_shape(stage: Stage) -> None:
    team = await made(stage, team_id="red", team_alias="Red", models=["chat"], metadata={"a": 1}, rpm_limit=5)
    at = iso(stage.clock())
    assert team == {
        "team_id": "red",
        "team_alias": "Red",
        "models": ["chat"],
        "metadata": {"a": 1},
        "rpm_limit": 5,
        "tpm_limit": None,
        "max_parallel_requests": None,
        "model_rpm_limit": {},
        "model_tpm_limit": {},
        "created_at": at,
        "updated_at": at,
        "organization_id": None,
        "admins": [],
        "members": [],
        "members_with_roles": [],
        "blocked": False,
        "spend": None,
        "max_budget": None,
        "budget_duration": None,
        "budget_reset_at": None,
    }
    key = await key_in(stage, "red")
    info = (await stage.call("GET", "/team/info?team_id=red", MASTER)).json()
    assert (info["team_id"], info["team_info"], info["team_memberships"]) == ("red", team, [])
    assert [row["token"] for row in info["keys"]] == [key_hash(key)]
    (listed,) = (await stage.call("GET", "/team/list", MASTER)).json()
    assert listed == {**team, "keys": info["keys"]}


async def test_a_team_without_a_name_gets_a_random_id(stage: Stage) -> None:
    first, second = await made(stage), await made(stage)
    assert len({first["team_id"], second["team_id"]}) == 2
    assert [team["team_id"] for team in (await stage.call("GET", "/team/list", MASTER)).json()] == [
        *(first["team_id"], second["team_id"])
    ]


async def test_its_keys_carry_its_limits_and_models(stage: Stage) -> None:
    await made(stage, team_id="red", models=["chat"], tpm_limit=50)
    key = await key_in(stage, "red", rpm_limit=2)
    caller = await stage.ring.authenticate(key)
    assert caller.team_id == "red"
    assert [(holder.kind, holder.limits) for holder in caller.holders] == [
        ("api_key", Limits(rpm=2)),
        ("team", Limits(tpm=50)),
    ]
    assert (caller.may_use("chat"), caller.may_use("vision")) == (True, False)
    changed = await stage.call("POST", "/team/update", MASTER, {"team_id": "red", "tpm_limit": 60, "models": None})
    assert (changed.json()["team_id"], changed.json()["data"]["tpm_limit"]) == ("red", 60)
    caller = await stage.ring.authenticate(key)
    assert (caller.holders[1], caller.may_use("vision")) == (Holder("team", "red", Limits(tpm=60)), True)


async def test_a_key_moves_between_teams(stage: Stage) -> None:
    await made(stage, team_id="red")
    await made(stage, team_id="blue")
    key = await key_in(stage, "red")
    for team in ("blue", None):
        moved = await stage.call("POST", "/key/update", MASTER, {"key": key, "team_id": team})
        assert moved.json()["team_id"] == team
        assert (await stage.ring.authenticate(key)).team_id == team


async def test_deleting_a_team_revokes_its_keys(stage: Stage) -> None:
    for name in ("red", "blue"):
        await made(stage, team_id=name)
    key, other = await key_in(stage, "red"), await key_in(stage, "blue")
    missing = await stage.call("POST", "/team/delete", MASTER, {"team_ids": ["red", "none"]})
    assert (missing.status_code, missing.json()["error"]["param"]) == (404, "team_id")
    assert (await stage.ring.authenticate(key)).team_id == "red"
    deleted = await stage.call("POST", "/team/delete", MASTER, {"team_ids": ["red", "red"]})
    assert [row["team_id"] for row in deleted.json()] == ["red"]
    assert (await stage.call("GET", "/key/info", key)).status_code == 401
    assert (await stage.call("GET", "/key/info", other)).status_code == 200
    assert (await stage.call("GET", "/team/info?team_id=red", MASTER)).status_code == 404
    await made(stage, team_id="red")
    assert (await stage.call("GET", "/key/info", key)).status_code == 401


async def test_no_key_comes_into_a_team_that_is_being_deleted(stage: Stage) -> None:
    for attempt in range(3):
        name = f"team-{attempt}"
        await made(stage, team_id=name)
        answers = await asyncio.gather(
            stage.call("POST", "/key/generate", MASTER, {"team_id": name}),
            stage.call("POST", "/team/delete", MASTER, {"team_ids": [name]}),
        )
        if answers[0].status_code == 200:
            key = answers[0].json()["key"]
            assert (await stage.call("GET", "/key/info", key)).status_code == 401
        else:
            assert answers[0].json()["error"]["param"] == "team_id"


async def test_a_key_whose_team_is_gone_opens_nothing(stage: Stage) -> None:
    await made(stage, team_id="red")
    key = await key_in(stage, "red")
    async with stage.db.write() as tx:
        await teams.remove(tx, "red")
    refused = await stage.call("GET", "/key/info", key)
    assert (refused.status_code, "team of this API key" in refused.text) == (401, True)


async def test_only_administrators_put_keys_into_teams(stage: Stage) -> None:
    await made(stage, team_id="red")
    await made(stage, team_id="blue")
    ada = await stage.person("ada")
    caller = await stage.key_of(ada, kind="cli")
    refused = await stage.call("POST", "/key/generate", caller, {"team_id": "red"})
    assert (refused.status_code, "Only proxy admin" in refused.text) == (401, True)
    of_team = await key_in(stage, "red", user_id="ada")
    for body in ({}, {"team_id": "red"}):
        assert (await stage.call("POST", "/key/generate", of_team, body)).json()["team_id"] == "red"
    assert (await stage.call("POST", "/key/generate", of_team, {"team_id": "blue"})).status_code == 401
    made_there = (await stage.call("POST", "/api/v1/keys", of_team, {"name": "n"})).json()["key"]
    assert (await stage.ring.authenticate(made_there)).team_id == "red"


async def test_who_may_see_and_change_teams(stage: Stage) -> None:
    await made(stage, team_id="red")
    member, viewer = await stage.key("ada"), await stage.key("eve", Role.PROXY_ADMIN_VIEWER)
    assert (await stage.call("GET", "/team/info?team_id=red", member)).status_code == 401
    assert (await stage.call("GET", "/team/list", member)).json() == []
    for path in ("/team/info?team_id=red", "/team/list"):
        assert (await stage.call("GET", path, viewer)).status_code == 200
    for path, body in (("new", {}), ("update", {"team_id": "red"}), ("delete", {"team_ids": ["red"]})):
        for caller in (member, viewer):
            assert (await stage.call("POST", f"/team/{path}", caller, body)).status_code == 401, path


async def test_wrong_values_are_named(stage: Stage) -> None:
    await made(stage, team_id="red")
    wrong: tuple[tuple[str, dict[str, object], str], ...] = (
        ("new", {"team_id": "red"}, "team_id"),
        ("new", {"team_id": ""}, "team_id"),
        ("new", {"team_id": " x"}, "team_id"),
        ("new", {"team_id": "a\x00"}, "team_id"),
        ("new", {"team_id": "x" * 201}, "team_id"),
        ("new", {"team_alias": ""}, "team_alias"),
        ("new", {"models": [""]}, "models"),
        ("new", {"models": ["\x00"]}, "models"),
        ("new", {"metadata": {"a": "\x00"}}, "metadata"),
        ("new", {"rpm_limit": -1}, "rpm_limit"),
        ("new", {"max_budget": 1}, "max_budget"),
        ("new", {"members": []}, "members"),
        ("update", {"rpm_limit": 1}, "team_id"),
        ("update", {"team_id": None, "rpm_limit": 1}, "team_id"),
        ("delete", {}, "team_ids"),
        ("delete", {"team_ids": ["\x00"]}, "team_ids"),
    )
    for path, body, param in wrong:
        refused = await stage.call("POST", f"/team/{path}", MASTER, body)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, param), (path, body)
    assert (await stage.call("POST", "/team/update", MASTER, {"team_id": "none"})).status_code == 404
    assert (await stage.call("GET", "/team/info", MASTER)).status_code == 400
    assert (await stage.call("GET", "/team/info?team_id=%00", MASTER)).status_code == 400
