"""LiteLLM's key routes, as its clients call them."""

import asyncio

from tests.unit.web.api.stage import MASTER, Stage

from gatewright.domain.clock import DAY, iso
from gatewright.domain.identity import Role
from gatewright.domain.keys import key_hash

ONLY_ADMINS = (
    "Authentication Error, Only proxy admin can be used to generate, delete, update info for new keys/users/teams. "
    "Route={route}. Your role={role}."
)


async def generated(stage: Stage, caller: str, /, **body: object) -> dict[str, object]:
    """The answer to /key/generate."""
    answered = await stage.call("POST", "/key/generate", caller, body)
    assert answered.status_code == 200, answered.text
    found: dict[str, object] = answered.json()
    return found


async def test_generate_answers_in_litellms_shape(stage: Stage) -> None:
    ada = await stage.key("ada")
    body = await generated(
        stage, ada, key_alias="app", duration="30d", models=["chat"], metadata={"team": "x"}, max_budget=None
    )
    secret = str(body["key"])
    at = iso(stage.clock())
    assert body == {
        "key": secret,
        "key_name": f"sk-...{secret[-4:]}",
        "token": key_hash(secret),
        "token_id": key_hash(secret),
        "key_alias": "app",
        "expires": iso(stage.clock() + 30 * DAY),
        "models": ["chat"],
        "metadata": {"team": "x"},
        "user_id": "ada",
        "spend": 0.0,
        "blocked": False,
        "status": "active",
        "created_at": at,
        "created_by": "ada",
        "updated_at": at,
        "updated_by": "ada",
        "last_active": None,
        "aliases": {},
        "config": {},
        "permissions": {},
        "allowed_routes": [],
        "team_id": None,
        "organization_id": None,
        "max_budget": None,
        "budget_duration": None,
        "budget_reset_at": None,
        "max_parallel_requests": None,
        "tpm_limit": None,
        "rpm_limit": None,
        "model_rpm_limit": {},
        "model_tpm_limit": {},
        "litellm_budget_table": None,
    }
    assert (await stage.call("GET", "/user/info", secret)).json()["user_id"] == "ada"


async def test_generate_without_a_body(stage: Stage) -> None:
    answered = await stage.call("POST", "/key/generate", MASTER)
    body = answered.json()
    assert (body["user_id"], body["models"], body["expires"], body["key_alias"]) == (None, [], None, None)


async def test_fields_that_do_not_work_here_are_refused_by_name(stage: Stage) -> None:
    for field, value in (
        ("max_budget", 3),
        ("organization_id", "t"),
        ("tags", []),
        ("nonsense", 1),
        ("user_email", "x@y.z"),
    ):
        refused = await stage.call("POST", "/key/generate", MASTER, {field: value})
        error = refused.json()["error"]
        assert (refused.status_code, error["param"], error["code"]) == (400, field, "400")
        assert f"'{field}' is not supported here. " in error["message"]


async def test_wrong_values_are_named(stage: Stage) -> None:
    wrong: tuple[tuple[dict[str, object], str], ...] = (
        ({"models": "chat"}, "models"),
        ({"models": ["none"]}, "models"),
        ({"duration": "soon"}, "duration"),
        ({"key_alias": ""}, "key_alias"),
        ({"metadata": []}, "metadata"),
        ({"metadata": {"a": ["b\x00"]}}, "metadata"),
        ({"key": "sk-short"}, "key"),
        ({"key": "pk-0123456789abcdef"}, "key"),
        ({"key": "sk-aaaaaaaaaaaaaaaa"}, "key"),
        ({"key": "sk-0123 456789abcdef"}, "key"),
        ({"key": "sk-" + "x0y1z" * 100}, "key"),
        ({"user_id": 7}, "user_id"),
        ({"user_id": "a\x00"}, "user_id"),
    )
    for body, field in wrong:
        refused = await stage.call("POST", "/key/generate", MASTER, body)
        assert (refused.status_code, refused.json()["error"]["param"]) == (400, field), body
    deep = b'{"metadata":' * 50_000
    assert (await stage.call("POST", "/key/generate", MASTER, deep)).status_code == 400
    assert (await stage.call("POST", "/key/generate", MASTER, b'["x"]')).status_code == 400


async def test_a_backslash_in_metadata_is_no_nul(stage: Stage) -> None:
    body = await generated(stage, MASTER, metadata={"path": "C:\\u0000", "nested": {"a": [1, None, "é"]}})
    assert body["metadata"] == {"path": "C:\\u0000", "nested": {"a": [1, None, "é"]}}


async def test_a_key_that_the_caller_chose(stage: Stage) -> None:
    chosen = "sk-0123456789abc"
    assert (await generated(stage, MASTER, key=chosen))["key"] == chosen
    again = await stage.call("POST", "/key/generate", MASTER, {"key": chosen})
    assert (again.status_code, again.json()["error"]["param"]) == (400, "key")
    assert chosen not in again.text


async def test_an_alias_is_unique(stage: Stage) -> None:
    await generated(stage, MASTER, key_alias="app")
    refused = await stage.call("POST", "/key/generate", await stage.key("ada"), {"key_alias": "app"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "key_alias")


async def test_only_administrators_make_keys_for_others(stage: Stage) -> None:
    ada, root = await stage.key("ada"), await stage.key("root", Role.PROXY_ADMIN)
    await stage.person("bob")
    for user_id in ("bob", "nobody"):
        refused = await stage.call("POST", "/key/generate", ada, {"user_id": user_id})
        text = ONLY_ADMINS.format(route="/key/generate", role="internal_user")
        assert refused.status_code == 401
        assert refused.json()["error"]["message"].startswith(text)
    assert (await generated(stage, ada, user_id="ada"))["user_id"] == "ada"
    for caller in (root, MASTER):
        assert (await generated(stage, caller, user_id="bob"))["user_id"] == "bob"
        missing = await stage.call("POST", "/key/generate", caller, {"user_id": "nobody"})
        assert (missing.status_code, missing.json()["error"]["type"]) == (404, "not_found_error")
        assert missing.json()["error"]["param"] == "user_id"
    assert (await generated(stage, root))["user_id"] == "root"
    assert (await generated(stage, MASTER, user_id="default_user_id"))["user_id"] is None


async def test_a_limited_key_makes_no_wider_one_even_for_an_administrator(stage: Stage) -> None:
    root = await stage.person("root", Role.PROXY_ADMIN)
    limited = await stage.key_of(root, models=("chat",))
    refused = await stage.call("POST", "/key/generate", limited, {"models": ["vision"]})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "models")
    assert (await generated(stage, limited))["models"] == ["chat"]


async def test_info_of_the_own_key_and_of_named_ones(stage: Stage) -> None:
    ada = await stage.person("ada")
    secret = await stage.key_of(ada, alias="app")
    row = await stage.keys.find(secret)
    own = await stage.call("GET", "/key/info", secret)
    assert own.json()["key"] == row.token_hash
    assert (own.json()["info"]["key_alias"], own.json()["info"]["status"]) == ("app", "active")
    assert "token" not in own.json()["info"]
    for name in (secret, row.token_hash, row.uuid):
        answered = await stage.call("GET", f"/key/info?key={name}", secret)
        assert answered.json()["key"] == row.token_hash
        assert secret not in answered.text
    login = await stage.key_of(ada, kind="cli")
    assert (await stage.call("GET", "/key/info", login)).status_code == 200


async def test_info_of_others_keys_is_for_those_who_see_everything(stage: Stage) -> None:
    ada, bob = await stage.key("ada"), await stage.key("bob")
    orphan = await stage.key_of(None)
    unknown = (await stage.call("GET", "/key/info?key=sk-no-such-key-at-all", bob)).json()
    for key in (ada, orphan):
        refused = await stage.call("GET", f"/key/info?key={key}", bob)
        assert (refused.status_code, refused.json()) == (404, unknown)
        assert (await stage.call("GET", f"/key/info?key={key}", MASTER)).status_code == 200
    assert (await stage.call("GET", f"/key/info?key={ada}", orphan)).status_code == 404
    assert (await stage.call("GET", "/key/info", orphan)).status_code == 200
    assert (await stage.call("GET", "/key/info?key=%00", bob)).status_code == 400


async def test_delete_by_secret_hash_and_alias(stage: Stage) -> None:
    ada = await stage.person("ada")
    caller, first, second = await stage.key_of(ada), await stage.key_of(ada), await stage.key_of(ada)
    third = await stage.key_of(ada, alias="app")
    body = {"keys": [first, key_hash(second)], "key_aliases": ["app"]}
    answered = await stage.call("POST", "/key/delete", caller, body)
    assert answered.json() == {"deleted_keys": [first, key_hash(second), "app"]}
    for gone in (first, second, third):
        assert (await stage.call("GET", "/user/info", gone)).status_code == 401
    again = await stage.call("POST", "/key/delete", caller, {"keys": [first]})
    assert again.status_code == 404
    info = await stage.call("GET", f"/key/info?key={first}", caller)
    assert info.json()["info"]["status"] == "revoked"


async def test_delete_does_all_or_nothing(stage: Stage) -> None:
    ada, bob = await stage.person("ada"), await stage.person("bob")
    caller, own = await stage.key_of(ada), await stage.key_of(ada)
    others = await stage.key_of(bob, alias="bobs")
    bodies: tuple[dict[str, object], ...] = ({"keys": [own, others]}, {"keys": [own], "key_aliases": ["bobs"]})
    for body in bodies:
        assert (await stage.call("POST", "/key/delete", caller, body)).status_code == 404
    assert (await stage.call("GET", "/user/info", own)).status_code == 200
    viewer = await stage.key("eve", Role.PROXY_ADMIN_VIEWER)
    refused = await stage.call("POST", "/key/delete", viewer, {"keys": [others]})
    text = ONLY_ADMINS.format(route="/key/delete", role="proxy_admin_viewer")
    assert (refused.status_code, refused.json()["error"]["message"].startswith(text)) == (401, True)
    assert (await stage.call("POST", "/key/delete", MASTER, {"key_aliases": ["bobs"]})).status_code == 200


async def test_delete_names_what_is_wrong(stage: Stage) -> None:
    wrong: tuple[dict[str, object], ...] = (
        {},
        {"keys": []},
        {"keys": ["x"] * 1001},
        {"keys": "x"},
        {"key_aliases": ["\x00"]},
        {"team_id": "t"},
    )
    for body in wrong:
        assert (await stage.call("POST", "/key/delete", MASTER, body)).status_code == 400, body
    for unknown in ({"keys": [MASTER]}, {"key_aliases": ["none"]}):
        refused = await stage.call("POST", "/key/delete", MASTER, unknown)
        assert refused.status_code == 404
        assert MASTER not in refused.text


async def test_of_two_keys_with_one_name_or_secret_at_the_same_moment_one_is_made(stage: Stage) -> None:
    for body in ({"key_alias": "app"}, {"key": "sk-chosen-by-hand-7f3a91c2"}):
        answers = await asyncio.gather(*(stage.call("POST", "/key/generate", MASTER, body) for _ in range(4)))
        assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400], body
