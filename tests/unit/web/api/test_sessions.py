"""Where one is signed in, and ending it."""

from tests.unit.web.api.stage import Stage

from gatewright.domain.clock import DAY, HOUR
from gatewright.domain.identity import Role
from gatewright.domain.keys import key_hash
from gatewright.domain.people import Origin, User
from gatewright.storage import audit_log
from gatewright.storage import keys as key_rows


async def ids(stage: Stage, token: str) -> list[str]:
    return [item["id"] for item in (await stage.in_browser("GET", "/api/v1/me/sessions", token)).json()["items"]]


async def test_browsers_and_command_lines_stand_in_one_list(stage: Stage) -> None:
    ada = await stage.person("ada")
    browser = await stage.browser(ada)
    stage.clock.now += HOUR
    login = await stage.key_of(ada, kind="cli")
    await stage.key_of(ada)
    items = (await stage.in_browser("GET", "/api/v1/me/sessions", browser)).json()["items"]
    assert {(item["kind"], item["current"], item["address"], item["user_agent"]) for item in items} == {
        ("browser", True, "192.0.2.8", "Firefox"),
        ("cli", False, "192.0.2.7", "gatewright-cli"),
    }
    by_login = (await stage.call("GET", "/api/v1/me/sessions", login)).json()["items"]
    assert [(item["kind"], item["current"]) for item in by_login if item["current"]] == [("cli", True)]
    assert all(item["created_at"].endswith("Z") for item in items)


async def test_ending_a_browser_session_and_a_command_line_login(stage: Stage) -> None:
    ada = await stage.person("ada")
    here, there, login = await stage.browser(ada), await stage.browser(ada), await stage.key_of(ada, kind="cli")
    other = (await stage.in_browser("GET", "/api/v1/me/sessions", there)).json()["items"]
    current = next(item["id"] for item in other if item["current"])
    assert (await stage.in_browser("DELETE", f"/api/v1/me/sessions/{current}", here)).status_code == 204
    assert (await stage.in_browser("GET", "/api/v1/me", there)).status_code == 401
    assert (await stage.call("GET", "/api/v1/me", login)).status_code == 200
    cli = next(one for one in await ids(stage, here) if one.startswith("cli-"))
    assert (await stage.in_browser("DELETE", f"/api/v1/me/sessions/{cli}", here)).status_code == 204
    assert (await stage.call("GET", "/api/v1/me", login)).json()["code"] == "key_revoked"
    again = await stage.in_browser("DELETE", f"/api/v1/me/sessions/{cli}", here)
    assert (again.status_code, again.json()["code"]) == (404, "session_not_found")


async def test_whoever_ends_a_session_stands_in_the_audit_log(stage: Stage) -> None:
    ada = await stage.person("ada")
    here, there = await stage.browser(ada), await stage.browser(ada)
    for token in (there, here):
        (current,) = [
            item["id"]
            for item in (await stage.in_browser("GET", "/api/v1/me/sessions", token)).json()["items"]
            if item["current"]
        ]
        path = f"/api/v1/me/sessions/{current}" if token == there else "/api/v1/me/logout"
        method = "DELETE" if token == there else "POST"
        answer = await stage.in_browser(method, path, here)
        async with stage.db.read() as tx:
            event = (await audit_log.newest(tx, 1))[0]
        assert (event["action"], event["outcome"]) == ("session.end", "ok")
        assert (event["actor"], event["target"]) == ("ada", f"user:{ada.id}")
        assert event["reference"] == answer.headers["x-request-id"]
        assert event["details"] == {"session": int(current.removeprefix("browser-")), "kind": "gateway"}


async def test_nobody_ends_the_sessions_of_others(stage: Stage) -> None:
    ada, eve = await stage.person("ada"), await stage.person("eve")
    here, login, foreign = await stage.browser(ada), await stage.key_of(ada, kind="cli"), await stage.browser(eve)
    for wanted in [*await ids(stage, here), "browser-0", "cli-x", "%00", "999999999999999999999"]:
        assert (await stage.in_browser("DELETE", f"/api/v1/me/sessions/{wanted}", foreign)).status_code == 404
    assert (await stage.in_browser("GET", "/api/v1/me", here)).status_code == 200
    assert (await stage.call("GET", "/api/v1/me", login)).status_code == 200


async def test_a_virtual_key_is_no_session(stage: Stage) -> None:
    ada = await stage.person("ada")
    secret, token = await stage.key_of(ada), await stage.browser(ada)
    async with stage.db.read() as tx:
        row = await key_rows.by_hash(tx, key_hash(secret))
    assert row is not None
    assert (await stage.in_browser("DELETE", f"/api/v1/me/sessions/cli-{row.id}", token)).status_code == 404
    assert (await stage.call("GET", "/api/v1/me", secret)).status_code == 200


async def test_expired_sessions_are_not_listed(stage: Stage) -> None:
    ada = await stage.person("ada")
    await stage.browser(ada)
    stage.clock.now += 2 * DAY
    assert len(await ids(stage, await stage.browser(ada))) == 1


async def test_pages_of_sessions(stage: Stage) -> None:
    ada = await stage.person("ada")
    tokens = [await stage.browser(ada) for _ in range(3)]
    first = (await stage.in_browser("GET", "/api/v1/me/sessions?limit=2", tokens[0])).json()
    path = f"/api/v1/me/sessions?limit=2&cursor={first['next_cursor']}"
    second = (await stage.in_browser("GET", path, tokens[0])).json()
    assert (len(first["items"]), len(second["items"]), second["next_cursor"]) == (2, 1, None)


async def at_the_provider(stage: Stage, user: User) -> tuple[str, str]:
    """A session at our own provider: its cookie and its sid."""
    cookie, _ = await stage.provider_sessions.open(user, Origin("192.0.2.9", "Safari"))
    session = await stage.provider_sessions.find(cookie)
    assert session is not None
    return cookie, session.row.sid


async def test_a_browser_ends_with_its_sign_in_and_sign_ins_alone_are_listed(stage: Stage) -> None:
    ada = await stage.person("ada")
    here = await stage.browser(ada)
    cookie, sid = await at_the_provider(stage, ada)
    alone, _ = await at_the_provider(stage, ada)
    there, _ = await stage.sessions.open(ada, Origin("192.0.2.9", "Safari"), source="embedded", provider_sid=sid)
    items = (await stage.in_browser("GET", "/api/v1/me/sessions", here)).json()["items"]
    assert sorted(item["kind"] for item in items) == ["browser", "browser", "provider"]
    seen = next(item for item in items if item["kind"] == "provider")
    assert (seen["address"], seen["user_agent"], seen["current"]) == ("192.0.2.9", "Safari", False)
    thief = next(item["id"] for item in items if item["kind"] == "browser" and not item["current"])
    assert (await stage.in_browser("DELETE", f"/api/v1/me/sessions/{thief}", here)).status_code == 204
    assert await stage.sessions.find(there) is None
    # Else that browser would sign in again without a word.
    assert await stage.provider_sessions.find(cookie) is None
    assert await stage.provider_sessions.find(alone) is not None
    eve = await stage.browser(await stage.person("eve"))
    assert (await stage.in_browser("DELETE", f"/api/v1/me/sessions/{seen['id']}", eve)).status_code == 404
    assert (await stage.in_browser("DELETE", f"/api/v1/me/sessions/{seen['id']}", here)).status_code == 204
    assert await stage.provider_sessions.find(alone) is None
    assert (await stage.in_browser("GET", "/api/v1/me", here)).status_code == 200


async def test_what_no_list_answered_and_nobody_is_called_is_refused_by_name(stage: Stage) -> None:
    admin = await stage.key("root", Role.PROXY_ADMIN)
    for cursor in (
        "x",
        "1.",
        "1.cli-",
        "1.cli-²",
        "1.browser-1e5",
        f"{'9' * 30}.cli-1",
        f"1.cli-{'9' * 30}",
        "-1.cli-1",
    ):
        answer = await stage.call("GET", f"/api/v1/sessions?cursor={cursor}", admin)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cursor"), cursor
    for query, status in (("kind=idp", 400), ("user_id=nobody", 404), ("search=%00", 400), ("search=%25", 200)):
        assert (await stage.call("GET", f"/api/v1/sessions?{query}", admin)).status_code == status, query
    ada = await stage.person("ada")
    await stage.browser(ada)
    for words, count in (("AD", 1), ("Ada", 1), ("a_a", 0), ("%25", 0), ("example.com", 1)):
        found = (await stage.call("GET", f"/api/v1/sessions?search={words}", admin)).json()["items"]
        assert [one["owner"]["user_id"] for one in found] == ["ada"] * count, words
