"""Sign-in by the headers of an authenticating proxy: believed from its network alone, bound to whom it names."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from tests.unit.sso.stage import HTML, Stage, generic, hidden

from gatewright.accounts.teams import NewTeam, add_team
from gatewright.domain.people import Origin
from gatewright.sso.trusted_header import split
from gatewright.storage import team_members, users
from gatewright.storage.database import Database
from gatewright.web.authentication import Authentication
from gatewright.web.call import Call
from gatewright.web.guard import Guard
from gatewright.web.render import Pages
from gatewright.web.routes import application
from gatewright.web.routing import Access, Dialect, Route

pytestmark = pytest.mark.anyio

PROXY, STRANGER = "10.0.0.7", "203.0.113.9"
ENVIRON = {
    **generic("http://127.0.0.1:9"),
    "GATEWRIGHT_TRUSTED_HEADER_USER": "X-Forwarded-User",
    "GATEWRIGHT_TRUSTED_HEADER_EMAIL": "X-Forwarded-Email",
    "GATEWRIGHT_TRUSTED_HEADER_NAME": "X-Forwarded-Preferred-Username",
    "GATEWRIGHT_TRUSTED_HEADER_GROUPS": "X-Forwarded-Groups",
    "GATEWRIGHT_TRUSTED_HEADER_ROLE": "X-Forwarded-Role",
    "GATEWRIGHT_TRUSTED_HEADER_NETWORKS": "10.0.0.0/8",
    "GATEWRIGHT_TRUSTED_PROXIES": "10.0.0.0/8",
}
ADA = {"x-forwarded-user": "ada-7", "x-forwarded-email": "Ada@Example.local", "x-forwarded-role": "proxy_admin"}
START = "/sso/key/generate"


@pytest.fixture
async def stage(db: Database, tmp_path: Path) -> AsyncIterator[Stage]:
    stage = Stage(db, tmp_path, ENVIRON)
    yield stage
    await stage.close()


def browser(stage: Stage, peer: str = PROXY) -> httpx2.AsyncClient:
    """A browser whose requests come from that address; what the proxy adds is given with each."""
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(stage.app, client=(peer, 4711)), base_url=stage.settings.base_url, headers=HTML
    )
    stage.browsers.append(client)
    return client


async def test_the_proxy_signs_people_in(stage: Stage) -> None:
    ada = browser(stage)
    answer = await ada.get(
        f"{START}?return_to=/ui/keys",
        headers=[
            *((name.encode(), value.encode()) for name, value in ADA.items()),
            (b"x-forwarded-preferred-username", "Ada Ö".encode()),
        ],
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/ui/keys")
    user = await stage.user("ada-7")
    assert (user.email, user.display_name, user.role) == ("ada@example.local", "Ada Ö", "proxy_admin")
    assert await stage.identities(user) == [("trusted-header:x-forwarded-user", "ada-7")]
    # Again: the same user, and the role follows the header, by absence too.
    await browser(stage).get(START, headers={"x-forwarded-user": "ada-7"})
    assert [one.user_id for one in await stage.everybody()] == ["ada-7"]
    assert (await stage.user("ada-7")).role == "internal_user_viewer"
    assert ("login.sso", "ok") in await stage.audit()


def whoami(stage: Stage) -> Starlette:
    """A page that needs a session, behind the same guard as every other."""

    async def answer(call: Call) -> Response:
        return JSONResponse({"user": call.principal.user_id})

    guard = Guard(
        stage.settings,
        Authentication(stage.ring, stage.sessions),
        stage.cookies,
        Pages(stage.settings, stage.cookies),
    )
    return application([Route("/whoami", ("GET",), answer, Access.SESSION, Dialect.PROBLEM)], guard)


async def test_a_session_holds_as_long_as_the_proxy_names_the_person(stage: Stage) -> None:
    ada, app = browser(stage), whoami(stage)
    await ada.get(START, headers=ADA)
    cookie = f"gatewright_session={ada.cookies['gatewright_session']}"

    async def user(*headers: tuple[str, str], peer: str = PROXY) -> str | None:
        transport = httpx2.ASGITransport(app, client=(peer, 4711))
        async with httpx2.AsyncClient(transport=transport, base_url=stage.settings.base_url) as http:
            answer = await http.get("/whoami", headers=[*headers, ("cookie", cookie)])
        found: str | None = answer.json().get("user")
        assert answer.status_code == (401 if found is None else 200)
        return found

    proven = ("x-forwarded-user", "ada-7")
    assert await user(proven) == "ada-7"
    # The cookie alone opens nothing, nor does it with a header that anybody can send.
    assert await user() is None
    assert await user(proven, peer=STRANGER) is None
    assert await user(proven, ("x-forwarded-for", PROXY), peer=STRANGER) is None
    assert await user(proven, proven) is None
    assert await user(proven) == "ada-7"
    assert await user(("x-forwarded-user", "bob")) is None
    assert ("session.end", "proxy_user_changed") in await stage.audit()
    assert await user(proven) is None


async def test_a_sign_out_ends_the_session(stage: Stage) -> None:
    ada = browser(stage)
    await ada.get(START, headers=ADA)
    marked = {**ADA, "x-gatewright-request": "1"}
    cookie = {"cookie": f"gatewright_session={ada.cookies['gatewright_session']}"}
    assert (await ada.post("/session/logout", headers=marked)).json()["redirect_to"] == "/signed-out"
    assert (await ada.post("/session/logout", headers={**marked, **cookie})).status_code == 401


@pytest.mark.parametrize(
    "forged",
    [
        {"x-forwarded-user": "ada-7"},
        {"x-forwarded-user": "ada-7", "x-forwarded-for": PROXY},
        {"x_forwarded_user": "ada-7"},
    ],
)
async def test_nobody_else_is_believed(stage: Stage, forged: dict[str, str]) -> None:
    for _ in range(3):
        answer = await browser(stage, STRANGER).get(START, headers=forged)
        # The ordinary sign-in, as if nothing had been said.
        assert answer.headers["location"].startswith("http://127.0.0.1:9/authorize?")
        assert "gatewright_session" not in answer.cookies
    assert await stage.everybody() == []
    assert (await stage.audit()).count(("login.sso", "trusted_header_untrusted")) == 1


@pytest.mark.parametrize(
    ("smuggled", "code"),
    [
        ([("x-forwarded-user", "bob"), ("x-forwarded-user", "ada-7")], "trusted_header_repeated"),
        ([("x-forwarded-user", "bob, ada-7")], "trusted_header_repeated"),
        ([("x-forwarded-user", "bob"), ("x_forwarded_user", "ada-7")], "trusted_header_repeated"),
        ([("x_forwarded-user", "ada-7")], "trusted_header_repeated"),
        ([("x-forwarded-user", "bob"), ("x_forwarded_role", "proxy_admin")], "trusted_header_repeated"),
        (
            [("x-forwarded-user", "bob"), ("x-forwarded-role", "x"), ("x-forwarded-role", "y")],
            "trusted_header_repeated",
        ),
        ([("x-forwarded-user", " ")], "trusted_header_malformed"),
        ([("x-forwarded-user", "a" * 256)], "trusted_header_malformed"),
        ([("x-forwarded-user", "a\x7fb")], "trusted_header_malformed"),
    ],
)
async def test_what_may_have_slipped_past_the_proxy_is_refused(
    stage: Stage, smuggled: list[tuple[str, str]], code: str
) -> None:
    answer = await browser(stage).get(START, headers=smuggled)
    assert answer.status_code == 403
    assert code in answer.text
    assert ("login.sso", code) in await stage.audit()
    assert await stage.everybody() == []


async def test_groups_are_teams_and_may_be_asked_for(db: Database, tmp_path: Path, stage: Stage) -> None:
    assert split("a,b , c") == split("a|b|c") == ["a", "b", "c"]
    assert split("cn=a,ou=x|cn=b,ou=x") == ["cn=a,ou=x", "cn=b,ou=x"]
    async with db.write() as tx:
        await add_team(tx, NewTeam("research"), 1, actor="test", origin=Origin())
    for groups, expected in (("research,other", ["research"]), ("other", [])):
        await browser(stage).get(START, headers={**ADA, "x-forwarded-groups": groups})
        async with db.read() as tx:
            found = await team_members.of_user(tx, (await stage.user("ada-7")).id)
        assert [one.team_id for one in found] == expected


async def test_a_command_line_signs_in_behind_the_proxy(stage: Stage) -> None:
    started = (await stage.terminal().post("/sso/cli/start")).json()
    ada = browser(stage)
    page = await ada.get(START, params={"source": "litellm-cli", "key": started["login_id"]}, headers=ADA)
    fields = {**hidden(page.text), "user_code": started["user_code"]}
    done = await ada.post(f"/sso/cli/complete/{started['login_id']}", data=fields, headers=ADA)
    assert done.status_code == 200, done.text
    secret = {"x-litellm-cli-poll-secret": started["poll_secret"]}
    polled = (await stage.terminal().get(f"/sso/cli/poll/{started['login_id']}", headers=secret)).json()
    assert (polled["status"], polled["user_id"]) == ("ready", "ada-7")


async def test_a_switched_off_user_stays_out(stage: Stage, db: Database) -> None:
    ada = browser(stage)
    await ada.get(START, headers=ADA)
    async with db.write() as tx:
        await users.change(tx, (await stage.user("ada-7")).id, 1, is_active=False)
    answer = await browser(stage).get(START, headers=ADA)
    assert (answer.status_code, "user_inactive" in answer.text) == (403, True)
