"""Every session of a person in one list, ended at once on every worker; and ids that are renewed while in use."""

from datetime import datetime
from typing import Any

import httpx2
from tests.security.stage import CSRF, Client, Site, Visitor, good

from gatewright.accounts.keys import NewKey
from gatewright.domain.people import Origin

MINE, ALL = "/api/v1/me/sessions", "/api/v1/sessions"
COOKIE = "gatewright_session"
KINDS = ("browser", "provider", "cli", "device", "application")


class Person:
    """Somebody who is signed in everywhere: two browsers, a terminal, a device, an application that stays."""

    def __init__(self, site: Site, app: Client, row: dict[str, Any]) -> None:
        self.site, self.app, self.name, self.pk = site, app, str(row["username"]), row["pk"]

    async def settle(self) -> "Person":
        self.here, self.there = self.site.browser(), self.site.browser(worker=1)
        for browser in (self.here, self.there):
            await browser.dashboard(self.name)
        self.grant = await self.app.tokens(self.here, scope="openid offline_access")
        started = await self.app.device()
        await self.app.approve(self.there, started)
        self.device = good(await self.app.poll(started))
        self.cli = await self.key("cli")
        return self

    async def key(self, kind: str) -> str:
        """A credential of that kind."""
        program = self.site.programs[0]
        user = await program.users.by_user_id(self.name)
        new = NewKey(alias=None, owner=user, kind=kind)
        secret, _ = await program.keys.create(new, actor="test", origin=Origin("192.0.2.7", "gatewright-cli"))
        await self.site.followed()
        return secret

    async def alive(self) -> dict[str, bool]:
        """What still counts, asked of either worker."""
        await self.site.followed()
        found = {
            "here": await signed_in(self.site, str(self.here.cookie(COOKIE))),
            "there": await signed_in(self.site, str(self.there.cookie(COOKIE))),
            "cli": (await with_key(self.site, self.cli, "/api/v1/me")).status_code == 200,
        }
        for name, tokens in (("application", self.grant), ("device", self.device)):
            answers = [await self.app.userinfo(tokens["access_token"], worker=worker) for worker in (0, 1)]
            assert len({answer.status_code for answer in answers}) == 1
            found[name] = answers[0].status_code == 200
        return found


async def person(site: Site) -> Person:
    return await Person(site, await site.client(), await site.person()).settle()


async def with_key(site: Site, key: str, path: str, worker: int = 1) -> httpx2.Response:
    return await site.at(worker=worker, headers={"authorization": f"Bearer {key}"}).get(path)


async def with_cookie(site: Site, cookie: str, worker: int, path: str = "/api/v1/me") -> httpx2.Response:
    return await site.at(worker=worker, headers={"cookie": f"{COOKIE}={cookie}", **CSRF}).get(path)


async def signed_in(site: Site, cookie: str) -> bool:
    answers = {(await with_cookie(site, cookie, worker)).status_code for worker in (0, 1)}
    assert answers in ({200}, {401})
    return answers == {200}


async def listed(site: Site, name: str, **query: str) -> list[dict[str, Any]]:
    """Somebody's sessions as an administrator sees them, one on each page, all of the same moment."""
    found, cursor = [], ""
    while True:
        words = "&".join(f"{key}={value}" for key, value in query.items())
        page = await site.ok("GET", f"{ALL}?user_id={name}&limit=1&{words}{cursor}")
        found += page["items"]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


async def test_one_list_of_everything_and_what_is_ended_there_is_over_everywhere(stored: Site) -> None:
    ada = await person(stored)
    items = await listed(stored, ada.name)
    assert sorted(one["kind"] for one in items) == ["application", "browser", "browser", "cli", "device"]
    assert {one["owner"]["user_id"] for one in items} == {ada.name}
    by_kind = {one["kind"]: one for one in items}
    assert by_kind["device"]["clients"] == by_kind["application"]["clients"] == [ada.app.application["name"]]
    assert by_kind["cli"]["user_agent"] == "gatewright-cli"
    own = (await ada.here.api("GET", MINE)).json()["items"]
    assert [one["id"] for one in own] == [one["id"] for one in items]
    assert [one["kind"] for one in own if one["current"]] == ["browser"]
    for kind in KINDS:
        of_kind = await listed(stored, ada.name, kind=kind)
        assert [one["id"] for one in of_kind] == [one["id"] for one in items if one["kind"] == kind]
    expected = dict.fromkeys(("here", "there", "cli", "application", "device"), True)
    assert await ada.alive() == expected
    for one in items:
        if one["kind"] == "browser":
            continue
        assert (await stored.admin.delete(f"{ALL}/{one['id']}")).status_code == 204
        assert (await stored.admin.delete(f"{ALL}/{one['id']}")).status_code == 404
        expected[one["kind"]] = False
        assert await ada.alive() == expected
    there = (await ada.there.api("GET", MINE)).json()["items"]
    [current] = [one["id"] for one in there if one["current"]]
    assert (await ada.here.api("DELETE", f"{MINE}/{current}")).status_code == 204
    assert await ada.alive() == {**expected, "there": False}
    ended = [one for one in await stored.events() if one["context"]["target"] == f"user:{ada.pk}"]
    assert {(one["context"]["action"], one["user"]["username"]) for one in ended} >= {
        ("session.end", "default_user_id"),
        ("session.end", ada.name),
    }


async def test_all_but_the_current_one_and_all_of_a_person(stored: Site) -> None:
    ada, other = await person(stored), await person(stored)
    answer = await ada.here.api("POST", f"{MINE}/end-others")
    assert (answer.status_code, answer.json()) == (200, {"ended": 4})
    only = {"here": True, "there": False, "cli": False, "device": False}
    assert (await ada.alive()).items() >= only.items()
    # An application holds what it refreshes by itself: that is another session, wherever it began.
    assert (await ada.app.refresh(ada.grant["refresh_token"])).status_code == 400
    assert [one["kind"] for one in await listed(stored, ada.name)] == ["browser"]
    assert (await stored.ok("POST", f"/api/v1/users/{other.name}/sessions/end"))["ended"] == 5
    assert set((await other.alive()).values()) == {False}
    assert (await other.app.refresh(other.grant["refresh_token"])).status_code == 400
    assert await listed(stored, other.name) == []
    # The provider knows neither browser any more: it asks.
    assert 'type="password"' in (await other.here.open("/ui/")).text
    [event] = [one for one in await stored.events() if one["context"]["target"] == f"user:{other.pk}"][:1]
    assert event["context"]["action"] == "session.end_all"
    assert (event["user"]["username"], event["context"]["outcome"]) == ("default_user_id", "ok")


async def test_a_role_a_team_and_a_switch_count_at_the_next_request_without_a_sign_in(stored: Site) -> None:
    ada = await person(stored)
    key = await ada.key("virtual")
    cookie = str(ada.here.cookie(COOKIE))

    async def roles() -> set[str]:
        await stored.followed()
        answers = [await with_cookie(stored, cookie, worker) for worker in (0, 1)]
        answers += [await with_key(stored, one, "/api/v1/me", worker) for one in (ada.cli, key) for worker in (0, 1)]
        return {answer.json()["role"] for answer in answers}

    assert len(await roles()) == 1
    for role in ("proxy_admin_viewer", "internal_user"):
        await stored.ok("PATCH", f"/api/v1/users/{ada.name}", {"role": role})
        assert await roles() == {role}
    team = (await stored.ok("POST", "/team/new", {"team_alias": stored.name("team"), "models": ["no-such-model"]}))[
        "team_id"
    ]
    assert "echo" in (await with_key(stored, key, "/v1/models")).text
    await stored.ok("POST", "/key/update", {"key": key, "team_id": team})
    assert "echo" not in (await with_key(stored, key, "/v1/models")).text
    await stored.ok("POST", "/team/update", {"team_id": team, "models": []})
    assert "echo" in (await with_key(stored, key, "/v1/models")).text
    await stored.ok("PATCH", f"/api/v3/core/users/{ada.pk}/", {"is_active": False})
    assert set((await ada.alive()).values()) == {False}
    assert (await with_key(stored, key, "/v1/models")).status_code == 401


async def test_when_a_terminal_was_last_there_is_known_without_a_write_each_time(stored: Site) -> None:
    ada = await person(stored)

    async def last_used() -> str:
        [one] = await listed(stored, ada.name, kind="cli")
        return str(one["last_used_at"])

    before = await last_used()
    first, second = stored.programs
    await with_key(stored, ada.cli, "/api/v1/me", worker=1)
    stored.clock.pass_(minutes=3)
    await with_key(stored, ada.cli, "/api/v1/me", worker=0)
    assert await last_used() == before
    newest = stored.clock.now
    # The worker that saw it last writes first: the other one knows no better.
    await first.ledger.note_uses()
    await second.ledger.note_uses()
    assert first.ring.last_used == second.ring.last_used == {}
    assert datetime.fromisoformat(await last_used()).timestamp() * 1000 == newest


async def test_an_id_is_renewed_with_the_answer_and_an_old_one_ends_the_session(stored: Site) -> None:
    browser = stored.browser()
    name = (await stored.person())["username"]
    await browser.dashboard(name)
    old = str(browser.cookie(COOKIE))
    stored.clock.pass_(hours=2)
    answer = await with_cookie(stored, old, 1)
    [set_] = answer.headers.get_list("set-cookie")
    renewed = set_.partition("=")[2].partition(";")[0]
    assert f"Max-Age={22 * 3600}" in set_
    assert all(word in set_ for word in ("HttpOnly", "Path=/", "SameSite=lax"))
    assert renewed != old
    # A page's door hands it out too, and an answer that ends the session says so alone.
    page = await stored.at(headers={"cookie": f"{COOKIE}={old}", "accept": "text/html"}).get("/ui/")
    assert renewed in page.headers["set-cookie"]
    assert "set-cookie" not in (await with_cookie(stored, renewed, 0)).headers
    assert await signed_in(stored, old)
    stored.clock.pass_(minutes=1)
    thief = await with_cookie(stored, old, 1)
    assert thief.status_code == 401
    assert not await signed_in(stored, renewed)
    newest = next(one["context"] for one in await stored.events() if one["context"]["action"] == "session.end")
    assert (newest["outcome"], newest["request_id"]) == ("session_token_reused", thief.headers["x-request-id"])


async def test_signing_out_with_an_id_that_is_due_leaves_no_cookie(stored: Site) -> None:
    browser: Visitor = stored.browser()
    await browser.dashboard((await stored.person())["username"])
    stored.clock.pass_(hours=2)
    answer = await browser.api("POST", "/session/logout")
    kept = [one for one in answer.headers.get_list("set-cookie") if one.startswith(f"{COOKIE}=")]
    assert len(kept) == 1
    assert "Max-Age=0" in kept[0]
