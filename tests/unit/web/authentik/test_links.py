"""The pages behind links: a new password by recovery, a new account by invitation. Each link works once."""

import asyncio
from typing import Any

import httpx2
import pytest
from tests.unit.web.authentik.conftest import PASSWORD, Desk
from tests.unit.web.conftest import BASE

from gatewright.domain.clock import DAY, HOUR
from gatewright.domain.errors import FieldsInvalid
from gatewright.domain.people import Origin
from gatewright.idp.directory.invitations import DirectoryInvitations, Newcomer
from gatewright.storage import groups

ENROL = "/if/flow/default-enrollment-flow/"
RECOVER = "/if/flow/default-recovery-flow/"


class Browser:
    """One browser; it keeps the last form that it saw."""

    def __init__(self, desk: Desk) -> None:
        self.http = desk.worker.at("203.0.113.50")
        self.page: httpx2.Response | None = None

    async def open(self, url: str) -> httpx2.Response:
        found = await self.http.get(url.removeprefix(BASE))
        self.page = found if found.status_code == 200 else self.page
        return found

    async def send(self, action: str, **fields: str) -> httpx2.Response:
        assert self.page is not None
        hidden = {name: self.page.text.split(f'name="{name}" value="', 1)[1].split('"', 1)[0] for name in HIDDEN}
        return await self.http.post(action, data={**hidden, **fields})


HIDDEN = ("csrf", "token")
ADA = {"username": "ada", "name": "Ada", "email": "ada@example.com", "password": PASSWORD}


async def invitation(desk: Desk, **more: Any) -> Any:
    return await desk.ok("POST", "/stages/invitation/invitations/", {"name": "welcome", **more})


async def test_a_recovery_link_sets_one_password(desk: Desk) -> None:
    made = await desk.user("ada")
    session = await desk.browser(await desk.row(made["pk"]))
    older = (await desk.ok("POST", f"/core/users/{made['pk']}/recovery/", {}))["link"]
    link = (await desk.ok("POST", f"/core/users/{made['pk']}/recovery/", {"token_duration": "minutes=5"}))["link"]
    assert link.startswith(f"{BASE}/recovery/use-token/")
    browser = Browser(desk)
    # A newer link ends the older one, and looking at the page uses nothing up.
    assert (await browser.open(older)).status_code == 403
    for _ in range(2):
        assert "ada" in (await browser.open(link)).text
    assert (await browser.send(RECOVER, password="short")).status_code == 400
    assert (await browser.send(RECOVER, password=PASSWORD)).status_code == 303
    assert await desk.sign_in("ada") == 303
    assert (await desk.call("GET", "/core/users/me/", headers=session)).status_code == 401
    assert (await browser.send(RECOVER, password="another password!")).status_code == 403
    assert (await browser.open(link)).status_code == 403
    assert [event["outcome"] for event in await desk.events("user.recovery")] == ["link_invalid", "ok"]


async def test_two_at_once_set_one_password(desk: Desk) -> None:
    made = await desk.user("ada")
    link = (await desk.ok("POST", f"/core/users/{made['pk']}/recovery/"))["link"]
    browsers = [Browser(desk), Browser(desk)]
    for browser in browsers:
        await browser.open(link)
    sent = (browser.send(RECOVER, password=f"{PASSWORD} {number}") for number, browser in enumerate(browsers))
    answers = await asyncio.gather(*sent)
    assert sorted(answer.status_code for answer in answers) == [303, 403]


async def test_a_recovery_link_ends(desk: Desk) -> None:
    made, clock = await desk.user("ada"), desk.db.clock
    link = (await desk.ok("POST", f"/core/users/{made['pk']}/recovery/"))["link"]
    browser = Browser(desk)
    await browser.open(link)
    desk.db.clock = lambda: clock() + HOUR + 1
    assert (await browser.send(RECOVER, password=PASSWORD)).status_code == 403
    desk.db.clock = clock
    await desk.ok("PATCH", f"/core/users/{made['pk']}/", {"is_active": False})
    assert (await browser.send(RECOVER, password=PASSWORD)).status_code == 403
    assert (await desk.call("POST", f"/core/users/{made['pk']}/recovery/")).status_code == 409
    refused = await desk.call("POST", f"/core/users/{made['pk']}/recovery/", {"token_duration": "days=100"})
    assert list(refused.json()) == ["token_duration"]


async def test_a_form_of_another_browser_sets_nothing(desk: Desk) -> None:
    made = await desk.user("ada")
    link = (await desk.ok("POST", f"/core/users/{made['pk']}/recovery/"))["link"]
    browser = Browser(desk)
    await browser.open(link)
    browser.http = desk.worker.at("203.0.113.51")
    assert (await browser.send(RECOVER, password=PASSWORD)).status_code == 403
    assert await desk.sign_in("ada") == 400


async def test_a_newcomer_makes_an_account(desk: Desk) -> None:
    staff = await desk.ok("POST", "/core/groups/", {"name": "staff"})
    made = await invitation(desk, groups=[staff["pk"]], fixed_data={"email": "fixed@example.com"})
    assert made["link"].startswith(f"{BASE}{ENROL}?itoken=")
    shown = await desk.ok("GET", f"/stages/invitation/invitations/{made['pk']}/")
    assert (shown["link"], shown["used_at"]) == (None, None)
    browser = Browser(desk)
    assert (await browser.open(f"{ENROL}?itoken={made['pk']}")).status_code == 403
    page = (await browser.open(made["link"])).text
    assert 'value="fixed@example.com" readonly' in page
    # Whatever was wrong leaves the invitation as it is, and what was typed in the form.
    wrong = await browser.send(ENROL, **{**ADA, "username": "master"})
    assert (wrong.status_code, 'value="Ada"' in wrong.text) == (400, True)
    assert (await browser.send(ENROL, **{**ADA, "password": "short"})).status_code == 400
    assert (await browser.send(ENROL, **{**ADA, "email": "mine@example.com"})).status_code == 303
    user = (await desk.listed("/core/users/?username=ada"))[0]
    assert (user["email"], user["email_verified"], user["groups"]) == ("fixed@example.com", False, [staff["pk"]])
    assert user["role"] == "internal_user_viewer"
    assert await desk.sign_in("ada") == 303
    assert (await browser.open(made["link"])).status_code == 403
    assert (await browser.send(ENROL, **{**ADA, "username": "eve"})).status_code == 403
    assert [event["outcome"] for event in await desk.events("invitation.use")] == ["invitation_invalid", "ok"]


async def test_an_invitation_for_one_lets_one_in(desk: Desk) -> None:
    link = (await invitation(desk))["link"]
    browsers = [Browser(desk) for _ in range(3)]
    for browser in browsers:
        await browser.open(link)
    sent = (browser.send(ENROL, **{**ADA, "username": f"ada{number}"}) for number, browser in enumerate(browsers))
    answers = await asyncio.gather(*sent)
    assert sorted(answer.status_code for answer in answers) == [303, 403, 403]
    assert len(await desk.listed("/core/users/")) == 1


async def test_an_invitation_for_many_ends_too(desk: Desk) -> None:
    made, clock, browser = await invitation(desk, single_use=False), desk.db.clock, Browser(desk)
    for name in ("ada", "bob"):
        await browser.open(made["link"])
        assert (await browser.send(ENROL, **{**ADA, "username": name})).status_code == 303
    desk.db.clock = lambda: clock() + 8 * DAY
    # Nothing tidies up: the query that uses it looks at the time (contract 8.7).
    assert (await browser.send(ENROL, **{**ADA, "username": "cyd"})).status_code == 403
    desk.db.clock = clock
    await desk.ok("DELETE", f"/stages/invitation/invitations/{made['pk']}/")
    assert (await browser.send(ENROL, **{**ADA, "username": "cyd"})).status_code == 403


async def test_a_newcomer_takes_nobodys_place(desk: Desk) -> None:
    await desk.user("boss", email="boss@example.com")
    link = (await invitation(desk))["link"]
    browser = Browser(desk)
    await browser.open(link)
    for name in ("boss@example.com", "BOSS", "default_user_id", " ", "a\tb"):
        refused = await browser.send(ENROL, **{**ADA, "username": name})
        assert refused.status_code == 400, name
    assert len(await desk.listed("/core/users/")) == 1
    # Whoever had the name of PROXY_ADMIN_ID would be an administrator at the next sign-in.
    program = desk.program
    guarded = DirectoryInvitations(desk.db, program.passwords, program.audit, ["Chief"])
    with pytest.raises(FieldsInvalid, match="username"):
        await guarded.accept(link.partition("itoken=")[2], Newcomer("chief", "C", "", PASSWORD), Origin())


async def test_what_an_invitation_cannot_be_is_refused_by_field(desk: Desk) -> None:
    for field, value in (
        ("name", "two words"),
        ("fixed_data", {"is_active": True}),
        ("fixed_data", {"username": " "}),
        ("fixed_data", []),
        ("groups", ["00000000-0000-4000-8000-000000000000"]),
        ("flow", "default-authentication-flow"),
        ("expires", "2199-01-01T00:00:00Z"),
        ("expires", "soon"),
    ):
        refused = await desk.call("POST", "/stages/invitation/invitations/", {"name": "x", field: value})
        assert (refused.status_code, list(refused.json())) == (400, [field]), (field, refused.text)


async def test_a_group_that_is_gone_keeps_nobody_out(desk: Desk) -> None:
    staff = await desk.ok("POST", "/core/groups/", {"name": "staff"})
    link, browser = (await invitation(desk, groups=[staff["pk"]]))["link"], Browser(desk)
    await desk.ok("DELETE", f"/core/groups/{staff['pk']}/")
    await browser.open(link)
    assert (await browser.send(ENROL, **ADA)).status_code == 303
    async with desk.db.read() as tx:
        assert [group.name for group in await groups.everything(tx)] == ["admins"]
