"""The command line's sign-in, message by message, and everything that must not sign a terminal in."""

import re
from typing import Any

import httpx2
import pytest
from tests.unit.sso.conftest import MakeStage
from tests.unit.sso.provider import FakeProvider
from tests.unit.sso.stage import MASTER, ManualClock, Stage, generic, hidden, query_of

from gatewright.domain.clock import HOUR, MINUTE, SECOND
from gatewright.domain.keys import key_hash
from gatewright.storage import users
from gatewright.web.cookies import LOGIN, SESSION

pytestmark = pytest.mark.anyio
OVER = {"detail": "CLI login session not found or expired. Run the login command again."}


async def start(stage: Stage) -> dict[str, Any]:
    answer = await stage.terminal().post("/sso/cli/start", headers={"user-agent": "litellm-cli/1.0 <x>"})
    assert answer.status_code == 200
    return dict(answer.json())


async def open_form(
    stage: Stage, provider: FakeProvider, login: dict[str, Any], browser: httpx2.AsyncClient
) -> httpx2.Response:
    """The browser's way from the link in the terminal to the form that asks for the code."""
    begun = await browser.get("/sso/key/generate", params={"source": "litellm-cli", "key": login["login_id"]})
    assert begun.status_code == 303, begun.text
    return await browser.get(f"/sso/callback?{provider.authorize(begun.headers['location'])}")


async def poll(stage: Stage, login: dict[str, Any], secret: str | None = None, **query: str) -> httpx2.Response:
    headers = {"x-litellm-cli-poll-secret": secret or login["poll_secret"]}
    return await stage.terminal().get(f"/sso/cli/poll/{login['login_id']}", headers=headers, params=query)


async def send_code(
    browser: httpx2.AsyncClient, login: dict[str, Any], page: httpx2.Response, code: str | None = None, **other: str
) -> httpx2.Response:
    data = {**hidden(page.text), "user_code": code or login["user_code"], **other}
    return await browser.post(f"/sso/cli/complete/{login['login_id']}", data=data)


async def test_the_whole_protocol(make_stage: MakeStage, provider: FakeProvider, clock: ManualClock) -> None:
    stage = make_stage(generic(provider.origin, LITELLM_CLI_JWT_EXPIRATION_HOURS="48"))
    login = await start(stage)
    assert set(login) == {"login_id", "poll_secret", "user_code", "expires_in"}
    assert re.fullmatch(r"cli-[A-Za-z0-9_-]{32}", login["login_id"])
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", login["poll_secret"])
    assert re.fullmatch(r"[A-HJ-NP-Z2-9]{4}-[A-HJ-NP-Z2-9]{4}", login["user_code"])
    assert login["expires_in"] == 600
    assert (await poll(stage, login)).json() == {"status": "pending"}

    browser = stage.browser()
    clock.now += 3 * MINUTE
    page = await open_form(stage, provider, login, browser)
    assert page.status_code == 200
    assert SESSION not in browser.cookies
    for shown in ("127.0.0.1", "3 minutes ago", "litellm-cli/1.0 &lt;x&gt;", "ada"):
        assert shown in page.text
    assert login["user_code"] not in page.text
    assert "<script" not in page.text
    assert (await poll(stage, login)).json() == {"status": "pending"}

    done = await send_code(browser, login, page, f" {login['user_code'].lower().replace('-', ' ')} ")
    assert (done.status_code, "signed in" in done.text) == (200, True)
    ready = await poll(stage, login)
    assert ready.headers["cache-control"] == "no-store"
    body = ready.json()
    key = body.pop("key")
    assert body == {"status": "ready", "user_id": "ada", "team_id": None, "teams": [], "team_details": []}
    principal = await stage.ring.authenticate(key)
    assert (principal.kind, principal.user_id, principal.expires_at) == ("cli", "ada", clock.now + 48 * HOUR)
    [row] = await stage.keys.cli_logins((await stage.user("ada")).id)
    assert row.token_hash == key_hash(key)
    again = await poll(stage, login)
    assert (again.status_code, again.json()) == (400, OVER)
    assert ("login.cli", "ok") in await stage.audit()


async def test_the_terminal_is_told_what_is_kept_for_attribution(make_stage: MakeStage, provider: FakeProvider) -> None:
    claim_map = "employment_type->acme_employment_type, org_info.department->metadata.cost.department, groups->groups"
    extra = "employment_type,org_info.department,groups"
    env = generic(provider.origin, CLI_SSO_CLAIM_MAP=claim_map, GENERIC_USER_EXTRA_ATTRIBUTES=extra)
    stage = make_stage(env)
    provider.user |= {
        "employment_type": "full_time",
        "org_info": {"department": "Engineering"},
        "groups": ["no list is kept"],
    }
    login, browser = await start(stage), stage.browser()
    await send_code(browser, login, await open_form(stage, provider, login, browser))
    told = (await poll(stage, login)).json()
    assert told["attribution_metadata"] == {"acme_employment_type": "full_time", "cost.department": "Engineering"}
    assert (await stage.user("ada")).metadata["cost"] == {"department": "Engineering"}


async def test_the_identity_provider_sees_a_random_state_and_never_the_login(
    stage: Stage, provider: FakeProvider
) -> None:
    login = await start(stage)
    query = {"source": "litellm-cli", "key": login["login_id"], "user_code": login["user_code"]}
    begun = await stage.browser().get("/sso/key/generate", params=query)
    assert login["login_id"] not in begun.headers["location"]
    assert login["user_code"] not in begun.headers["location"]
    assert re.fullmatch(r"[A-Za-z0-9_-]{43}", query_of(begun.headers["location"])["state"])


async def test_nothing_that_signs_in_is_stored_in_plain(stage: Stage, provider: FakeProvider) -> None:
    login = await start(stage)
    row = await stage.cli_logins.check(login["login_id"])
    page = await open_form(stage, provider, login, stage.browser())
    row = await stage.cli_logins.check(login["login_id"])
    for secret in (
        login["poll_secret"],
        login["user_code"].replace("-", ""),
        hidden(page.text)["browser_complete_token"],
    ):
        assert secret not in str(row)


@pytest.mark.parametrize(
    ("login_id", "detail"),
    [
        ("cli-" + "x" * 32, OVER["detail"]),
        ("cli-short", "Invalid CLI login session id"),
        ("", "Invalid CLI login session id"),
        ("cli-" + "x" * 20 + "%", "Invalid CLI login session id"),
        (MASTER, "Your litellm CLI is out of date. Update it, then run the login command again."),
    ],
)
async def test_unknown_logins_are_400_with_a_detail(stage: Stage, login_id: str, detail: str) -> None:
    query = {"source": "litellm-cli", "key": login_id}
    answer = await stage.terminal().get("/sso/key/generate", params=query)
    assert (answer.status_code, answer.json()) == (400, {"detail": detail})
    page = await stage.browser().get("/sso/key/generate", params=query)
    assert (page.status_code, page.headers["content-type"]) == (400, "text/html; charset=utf-8")
    if login_id:
        polled = await poll(stage, {"login_id": login_id.replace("%", "%25"), "poll_secret": "x"})
        assert (polled.status_code, polled.json()) == (400, {"detail": detail})


async def test_the_poll_needs_its_secret(stage: Stage) -> None:
    login = await start(stage)
    for headers in ({}, {"x-litellm-cli-poll-secret": "wrong"}):
        answer = await stage.terminal().get(f"/sso/cli/poll/{login['login_id']}", headers=headers)
        assert (answer.status_code, answer.json()) == (403, {"detail": "Invalid CLI polling secret"})
    assert (await poll(stage, login, team_id="t-1")).json() == {"status": "pending"}


async def test_a_login_is_over_after_ten_minutes(stage: Stage, provider: FakeProvider, clock: ManualClock) -> None:
    login = await start(stage)
    browser = stage.browser()
    page = await open_form(stage, provider, login, browser)
    late = await start(stage)
    begun = await browser.get("/sso/key/generate", params={"source": "litellm-cli", "key": late["login_id"]})
    clock.now += 600 * SECOND
    assert (await poll(stage, login)).json() == OVER
    assert (await send_code(browser, login, page)).status_code == 400
    back = await browser.get(f"/sso/callback?{provider.authorize(begun.headers['location'])}")
    assert back.status_code == 400


async def test_starts_are_limited_by_address(stage: Stage, clock: ManualClock) -> None:
    terminal = stage.terminal()
    statuses = [(await terminal.post("/sso/cli/start")).status_code for _ in range(31)]
    assert statuses == [200] * 30 + [429]
    limited = await terminal.post("/sso/cli/start")
    assert limited.json() == {"detail": "Too many CLI login attempts. Try again later."}
    assert int(limited.headers["retry-after"]) <= 60
    clock.now += 60 * SECOND
    assert (await terminal.post("/sso/cli/start")).status_code == 200


async def test_five_wrong_codes_end_the_login(stage: Stage, provider: FakeProvider) -> None:
    login = await start(stage)
    browser = stage.browser()
    page = await open_form(stage, provider, login, browser)
    for left in ("4 more tries", "3 more tries", "2 more tries", "one more try"):
        page = await send_code(browser, login, page, "AAAA-AAAA")
        assert page.status_code == 400
        assert "Invalid verification code" in page.text
        assert left in page.text
    assert (await send_code(browser, login, page, "AAAA-AAAA")).status_code == 400
    assert (await send_code(browser, login, page)).status_code == 400
    assert (await poll(stage, login)).json() == OVER
    assert ("login.cli.code", "code_wrong") in await stage.audit()


async def test_after_a_wrong_code_the_right_one_works(stage: Stage, provider: FakeProvider) -> None:
    login = await start(stage)
    browser = stage.browser()
    page = await send_code(browser, login, await open_form(stage, provider, login, browser), "AAAA-AAAA")
    assert (await send_code(browser, login, page)).status_code == 200
    assert (await poll(stage, login)).json()["status"] == "ready"


async def test_the_form_works_only_in_its_browser(stage: Stage, provider: FakeProvider) -> None:
    """Whoever learns the form's token and even the code cannot use them from elsewhere."""
    login = await start(stage)
    browser, thief = stage.browser(), stage.browser()
    page = await open_form(stage, provider, login, browser)
    await thief.get("/sso/key/generate")
    form = hidden((await thief.get("/fallback/login")).text)
    stolen = await send_code(thief, login, page, csrf=form["csrf"])
    assert (stolen.status_code, "not ready" in stolen.text) == (400, True)
    assert (await poll(stage, login)).json() == {"status": "pending"}
    assert ("login.cli.code", "form_wrong") in await stage.audit()
    # That did not count as a wrong code either.
    assert (await send_code(browser, login, page)).status_code == 200


async def test_the_form_cannot_come_from_another_site(stage: Stage, provider: FakeProvider) -> None:
    login = await start(stage)
    browser = stage.browser()
    page = await open_form(stage, provider, login, browser)
    data = {**hidden(page.text), "user_code": login["user_code"]}
    path = f"/sso/cli/complete/{login['login_id']}"
    assert (await browser.post(path, data=data, headers={"origin": "https://evil.example"})).status_code == 403
    data.pop("csrf")
    assert (await browser.post(path, data=data)).status_code == 403


async def test_a_link_that_an_attacker_sent_signs_nobody_in_without_the_code(
    stage: Stage, provider: FakeProvider
) -> None:
    """The victim's browser follows the link to the end; the attacker's terminal stays where it was."""
    login = await start(stage)
    victim = stage.browser()
    page = await open_form(stage, provider, login, victim)
    assert "Never type a code that somebody sent you" in page.text
    assert (await poll(stage, login)).json() == {"status": "pending"}
    before = await stage.terminal().post(f"/sso/cli/complete/{login['login_id']}", data={"user_code": "x"})
    assert before.status_code == 403


async def test_before_anybody_signed_in_there_is_nothing_to_complete(stage: Stage) -> None:
    login = await start(stage)
    browser = stage.browser()
    form = hidden((await browser.get("/fallback/login")).text)
    browser.cookies.set(LOGIN, "x" * 43)
    answer = await browser.post(
        f"/sso/cli/complete/{login['login_id']}",
        data={**form, "user_code": login["user_code"], "browser_complete_token": ""},
    )
    assert (answer.status_code, "CLI login is not ready" in answer.text) == (400, True)


async def test_a_second_sign_in_takes_the_place_of_the_first_until_a_code_is_accepted(
    stage: Stage, provider: FakeProvider
) -> None:
    login = await start(stage)
    first, second = stage.browser(), stage.browser()
    old = await open_form(stage, provider, login, first)
    provider.user = {"sub": "u-2", "preferred_username": "bob"}
    page = await open_form(stage, provider, login, second)
    assert (await send_code(first, login, old)).status_code == 400
    assert (await send_code(second, login, page)).status_code == 200
    # Now it is bob's; nobody else can slip in before the terminal asks.
    provider.user = {"sub": "u-3", "preferred_username": "eve"}
    assert (await open_form(stage, provider, login, stage.browser())).status_code == 400
    assert (await poll(stage, login)).json()["user_id"] == "bob"


async def test_somebody_switched_off_meanwhile_gets_no_credential(stage: Stage, provider: FakeProvider) -> None:
    login = await start(stage)
    browser = stage.browser()
    await send_code(browser, login, await open_form(stage, provider, login, browser))
    user = await stage.user("ada")
    async with stage.db.write() as tx:
        await users.change(tx, user.id, 1, is_active=False)
    assert (await poll(stage, login)).json() == OVER
    assert await stage.keys.cli_logins(user.id) == []


async def test_after_a_sign_out_the_command_lines_sign_in_asks_again_too(stage: Stage, provider: FakeProvider) -> None:
    browser = stage.browser()
    browser.cookies.set("gatewright_signed_out", "1")
    login = await start(stage)
    begun = await browser.get("/sso/key/generate", params={"source": "litellm-cli", "key": login["login_id"]})
    assert query_of(begun.headers["location"])["prompt"] == "login"
