"""Virtual keys: whose they are, what they may allow, and that their secret is shown once."""

from tests.unit.web.api.stage import MASTER, Stage

from gatewright.domain.clock import DAY, iso
from gatewright.domain.identity import Role
from gatewright.storage import spend_log
from gatewright.storage.spend_log import SpendRow


async def made(stage: Stage, key: str, **body: object) -> dict[str, object]:
    """The answer to making a key."""
    answered = await stage.call("POST", "/api/v1/keys", key, body)
    assert answered.status_code == 201, answered.text
    found: dict[str, object] = answered.json()
    return found


async def test_a_key_is_shown_once_and_works(stage: Stage) -> None:
    ada = await stage.key("ada")
    body = await made(stage, ada, name="  laptop ", models=["chat"], expires_in="30d")
    secret = str(body.pop("key"))
    assert body == {
        "id": body["id"],
        "name": "laptop",
        "key_name": f"sk-...{secret[-4:]}",
        "models": ["chat"],
        "owner": {"user_id": "ada", "email": "ada@example.com"},
        "created_at": iso(stage.clock()),
        "expires_at": iso(stage.clock() + 30 * DAY),
        "last_used_at": None,
        "status": "active",
        "spend": "0",
    }
    listed = await stage.call("GET", "/api/v1/keys", ada)
    assert body in listed.json()["items"]
    assert secret not in listed.text
    me = (await stage.call("GET", "/api/v1/me", secret)).json()
    assert (me["user_id"], me["kind"], me["models"]) == ("ada", "key", ["chat"])


async def test_answers_never_hold_a_hash(stage: Stage) -> None:
    ada = await stage.key("ada")
    row = await stage.keys.find(ada)
    answered = await stage.call("GET", "/api/v1/keys", ada)
    assert row.token_hash not in answered.text
    assert answered.headers["cache-control"] == "no-store"


async def test_people_see_their_own_keys_and_viewers_everybodys(stage: Stage) -> None:
    ada, bob = await stage.key("ada"), await stage.key("bob")
    eve = await stage.key("eve", Role.PROXY_ADMIN_VIEWER)

    async def owners(key: str) -> list[str]:
        items = (await stage.call("GET", "/api/v1/keys", key)).json()["items"]
        return [item["owner"]["user_id"] for item in items]

    assert await owners(ada) == ["ada"]
    assert await owners(bob) == ["bob"]
    assert await owners(eve) == ["eve", "bob", "ada"]
    assert await owners(MASTER) == ["eve", "bob", "ada"]


async def test_a_key_without_owner_sees_no_keys(stage: Stage) -> None:
    await stage.key("ada")
    orphan = await stage.key_of(None)
    assert (await stage.call("GET", "/api/v1/keys", orphan)).json() == {"items": [], "next_cursor": None}


async def test_revoking_is_at_once_and_again_is_fine(stage: Stage) -> None:
    ada = await stage.key("ada")
    body = await made(stage, ada, name="laptop")
    secret, path = str(body["key"]), f"/api/v1/keys/{body['id']}"
    assert (await stage.call("GET", "/api/v1/me", secret)).status_code == 200
    assert (await stage.call("DELETE", path, ada)).status_code == 204
    assert (await stage.call("GET", "/api/v1/me", secret)).json()["code"] == "key_revoked"
    assert (await stage.call("DELETE", path, ada)).status_code == 204
    statuses = [item["status"] for item in (await stage.call("GET", "/api/v1/keys", ada)).json()["items"]]
    assert statuses == ["revoked", "active"]


async def test_a_read_only_person_may_revoke_their_own_key(stage: Stage) -> None:
    eve = await stage.person("eve", Role.INTERNAL_USER_VIEWER)
    old = await stage.keys.find(await stage.key_of(eve))
    cookie = await stage.browser(eve)
    assert (await stage.in_browser("DELETE", f"/api/v1/keys/{old.uuid}", cookie)).status_code == 204


async def test_a_key_is_named_by_its_id_alone(stage: Stage) -> None:
    ada = await stage.person("ada")
    secret, login = await stage.key_of(ada), await stage.key_of(ada, kind="cli")
    row, login_row = await stage.keys.find(secret), await stage.keys.find(login)
    for text in (secret, row.token_hash, login_row.uuid, "no-such-id", "%00"):
        answered = await stage.call("DELETE", f"/api/v1/keys/{text}", secret)
        assert answered.status_code in (400, 404), text
        assert secret not in answered.text
    assert (await stage.call("GET", "/api/v1/me", login)).status_code == 200


async def test_an_expired_key_says_so(stage: Stage) -> None:
    ada = await stage.key("ada")
    secret = str((await made(stage, ada, name="brief", expires_in="1h"))["key"])
    stage.clock.now += DAY
    assert (await stage.call("GET", "/api/v1/me", secret)).json()["code"] == "expired_key"
    statuses = [item["status"] for item in (await stage.call("GET", "/api/v1/keys", ada)).json()["items"]]
    assert statuses == ["expired", "active"]


async def test_a_limited_key_cannot_make_a_wider_one(stage: Stage) -> None:
    ada = await stage.person("ada")
    limited = await stage.key_of(ada, models=("chat",))
    for models in (["vision"], ["chat", "vision"], ["all-proxy-models"]):
        refused = await stage.call("POST", "/api/v1/keys", limited, {"name": "wider", "models": models})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "models")
    assert (await made(stage, limited, name="the same"))["models"] == ["chat"]
    assert (await made(stage, limited, name="named", models=["chat", "chat"]))["models"] == ["chat"]


async def test_the_master_key_makes_a_key_without_owner(stage: Stage) -> None:
    body = await made(stage, MASTER, name="service", models=["all-proxy-models"])
    assert (body["owner"], body["models"]) == (None, ["all-proxy-models"])
    assert (await stage.call("POST", "/api/v1/keys", str(body["key"]), {"name": "x"})).status_code == 403


WRONG: tuple[tuple[dict[str, object], str], ...] = (
    ({}, "name"),
    ({"name": 7}, "name"),
    ({"name": "  "}, "name"),
    ({"name": "x" * 101}, "name"),
    ({"name": "a\x00b"}, "name"),
    ({"name": "x", "models": ["no-such-model"]}, "models"),
    ({"name": "x", "models": "chat"}, "models"),
    ({"name": "x", "models": [1]}, "models[0]"),
    ({"name": "x", "expires_in": "soon"}, "expires_in"),
    ({"name": "x", "expires_in": "0d"}, "expires_in"),
    ({"name": "x", "expires_in": "999999999mo"}, "expires_in"),
    ({"name": "x", "max_budget": 3}, "max_budget"),
    ({"name": "x", "owner": "eve"}, "owner"),
)


async def test_a_wrong_field_is_named(stage: Stage) -> None:
    ada = await stage.key("ada")
    for body, field in WRONG:
        refused = await stage.call("POST", "/api/v1/keys", ada, body)
        assert refused.status_code == 400, body
        assert refused.headers["content-type"] == "application/problem+json"
        assert [error["field"] for error in refused.json()["errors"]] == [field], body


async def test_a_body_that_is_no_object_or_too_large_is_refused(stage: Stage) -> None:
    ada = await stage.key("ada")
    for raw, status in ((b"[]", 400), (b"{", 400), (b'{"name":"' + b"x" * 1_000_000, 413), (b'{"a":' * 100_000, 400)):
        assert (await stage.call("POST", "/api/v1/keys", ada, raw)).status_code == status


async def test_a_name_that_is_taken_is_a_conflict_until_its_key_is_revoked(stage: Stage) -> None:
    ada = await stage.key("ada")
    body = await made(stage, ada, name="laptop")
    refused = await stage.call("POST", "/api/v1/keys", ada, {"name": "laptop"})
    assert (refused.status_code, refused.json()["code"]) == (409, "key_alias_taken")
    assert refused.json()["errors"][0]["field"] == "name"
    await stage.call("DELETE", f"/api/v1/keys/{body['id']}", ada)
    await made(stage, ada, name="laptop")


async def test_pages_follow_each_other(stage: Stage) -> None:
    ada = await stage.key("ada")
    for number in range(4):
        await made(stage, ada, name=f"key {number}")
    names, cursor = [], ""
    while True:
        page = (await stage.call("GET", f"/api/v1/keys?limit=2{cursor}", ada)).json()
        names += [item["name"] for item in page["items"]]
        assert len(page["items"]) <= 2
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert names == ["key 3", "key 2", "key 1", "key 0", None]


async def test_a_bad_page_is_refused(stage: Stage) -> None:
    for path in ("/api/v1/keys", "/api/v1/users", "/api/v1/models"):
        for query in ("limit=0", "limit=201", "limit=x", "limit=-1", "cursor=x", "cursor=-1", "cursor=1e3"):
            refused = await stage.call("GET", f"{path}?{query}", MASTER)
            field = query.partition("=")[0]
            assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, field), query


async def test_a_cursor_past_the_end_is_an_empty_page(stage: Stage) -> None:
    for path in ("/api/v1/users", "/api/v1/models"):
        page = (await stage.call("GET", f"{path}?cursor={'9' * 18}", MASTER)).json()
        assert page == {"items": [], "next_cursor": None}


async def test_what_a_key_spent(stage: Stage) -> None:
    ada = await stage.key("ada")
    row = await stage.keys.find(ada)
    spent = SpendRow(
        request_id="r1",
        started_at=stage.clock(),
        duration_ms=5,
        key_id=row.id,
        user_pk=row.user_pk,
        user_id="ada",
        model="chat",
        status=200,
        outcome="ok",
        stream=False,
        cost=1_500_000,
    )
    async with stage.db.write() as tx:
        await spend_log.insert(tx, [spent])
    assert (await stage.call("GET", "/api/v1/keys", ada)).json()["items"][0]["spend"] == "0.0015"


async def test_a_key_makes_none_that_outlives_it_but_a_signed_in_person_does(stage: Stage) -> None:
    ada = await stage.person("ada")
    lasting = await stage.key_of(ada)
    brief = (await stage.call("POST", "/api/v1/keys", lasting, {"name": "brief", "expires_in": "1h"})).json()
    child = (await stage.call("POST", "/api/v1/keys", brief["key"], {"name": "child"})).json()
    assert child["expires_at"] == brief["expires_at"]
    shorter = (await stage.call("POST", "/key/generate", brief["key"], {"duration": "10m"})).json()
    assert shorter["expires"] < brief["expires_at"]
    refused = await stage.call("POST", "/api/v1/keys", brief["key"], {"name": "longer", "expires_in": "2h"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (400, "expires_in")
    assert (await stage.call("POST", "/key/generate", brief["key"], {"duration": "2h"})).status_code == 400
    signed_in = await stage.key_of(ada, kind="cli")
    assert (await stage.call("POST", "/key/generate", signed_in, {})).json()["expires"] is None
