"""An invitation's link gives a row to the first identity that opens it, and to nobody else."""

import html
import re
import uuid

import httpx2
import pytest
from tests.unit.sso.provider import FakeProvider
from tests.unit.sso.stage import ManualClock, Stage, hidden, sign_in

from gatewright.accounts.invitations import LIFE
from gatewright.domain.identity import DEFAULT_ROLE, RoleReason
from gatewright.domain.people import Origin, User
from gatewright.storage import users
from gatewright.storage.users import NewUser

pytestmark = pytest.mark.anyio


async def row(stage: Stage, name: str) -> User:
    """A row that nobody signs in to yet."""
    new = NewUser(str(uuid.uuid4()), name, name, None, DEFAULT_ROLE, RoleReason(rule="default"))
    async with stage.db.write() as tx:
        return await users.add(tx, new, stage.db.clock())


async def invite(stage: Stage, user_id: str) -> str:
    token, _ = await stage.invitations.create(user_id, actor="boss", origin=Origin())
    return token


async def press(token: str, browser: httpx2.AsyncClient) -> str:
    """Opens the link and presses the provider's button: the address of the sign-in there."""
    page = await browser.get("/onboarding", params={"invitation_id": token})
    assert page.status_code == 200, page.text
    onward = await browser.post("/onboarding", data={**hidden(page.text), "provider": "generic"})
    assert onward.status_code == 200, onward.text
    [url] = re.findall(r'href="(http://127[^"]+)"', onward.text)
    assert f'content="0; url={url}"' in onward.text
    return html.unescape(url)


async def follow(
    stage: Stage, provider: FakeProvider, token: str, browser: httpx2.AsyncClient | None = None
) -> httpx2.Response:
    """The whole way in that browser; the answer of the callback."""
    browser = browser or stage.browser()
    return await browser.get(f"/sso/callback?{provider.authorize(await press(token, browser))}")


async def test_the_first_identity_gets_the_row_and_keeps_it(stage: Stage, provider: FakeProvider) -> None:
    bob = await row(stage, "bob")
    token = await invite(stage, "bob")
    provider.user = {"sub": "u-7", "preferred_username": "somebody", "email": "other@example.com"}
    browser = stage.browser()
    done = await follow(stage, provider, token, browser)
    assert done.status_code == 303, done.text
    assert "gatewright_session" in browser.cookies
    assert await stage.identities(bob) == [(provider.issuer, "u-7")]
    assert len(await stage.everybody()) == 1
    # The next sign-in finds the row without the link; the link is over for everybody.
    assert (await sign_in(stage, provider, stage.browser())).status_code == 303
    assert len(await stage.everybody()) == 1
    over = await stage.browser().get("/onboarding", params={"invitation_id": token})
    assert over.status_code == 403
    assert ("user.link", "ok") in await stage.audit()
    assert ("invitation.use", "invitation_invalid") in await stage.audit()


async def test_looking_at_the_link_changes_nothing(stage: Stage) -> None:
    await row(stage, "bob")
    token, scanner = await invite(stage, "bob"), stage.browser()
    before = await stage.audit()
    for _ in range(3):
        page = await scanner.get("/onboarding", params={"invitation_id": token})
        assert page.status_code == 200
        assert (await scanner.head("/onboarding", params={"invitation_id": token})).text == ""
    assert await stage.audit() == before
    assert (await stage.invitations.get(token)).accepted_at is None
    assert "script" not in page.text
    # Another site's form presses no button of it, and no form without its token does.
    forged = {**hidden(page.text), "provider": "generic"}
    assert (
        await scanner.post("/onboarding", data=forged, headers={"origin": "https://evil.example"})
    ).status_code == 403
    assert (await stage.browser().post("/onboarding", data=forged)).status_code == 403


async def test_an_identity_that_is_somebody_already_takes_no_second_row(stage: Stage, provider: FakeProvider) -> None:
    assert (await sign_in(stage, provider, stage.browser())).status_code == 303
    bob = await row(stage, "bob")
    token = await invite(stage, "bob")
    clash = await follow(stage, provider, token)
    assert clash.status_code == 403
    assert "identity_taken" in clash.text
    assert "you are ada here already" in html.unescape(clash.text)
    assert "An administrator can" in clash.text
    assert ("login.sso", "identity_taken") in await stage.audit()
    assert await stage.identities(bob) == []
    # The link is still good for whoever was meant.
    provider.user = {"sub": "u-2", "preferred_username": "bob"}
    assert (await follow(stage, provider, token)).status_code == 303
    assert await stage.identities(bob) == [(provider.issuer, "u-2")]


async def test_a_deleted_persons_identity_comes_back_by_no_link(stage: Stage, provider: FakeProvider) -> None:
    await sign_in(stage, provider, stage.browser())
    async with stage.db.write() as tx:
        await users.change(tx, (await stage.user("ada")).id, 1, deleted_at=1)
    bob = await row(stage, "bob")
    clash = await follow(stage, provider, await invite(stage, "bob"))
    assert (clash.status_code, "identity_taken" in clash.text) == (403, True)
    assert await stage.identities(bob) == []


async def test_a_row_that_somebody_has_at_this_provider_is_not_given_away(stage: Stage, provider: FakeProvider) -> None:
    await sign_in(stage, provider, stage.browser())
    token = await invite(stage, "ada")
    provider.user = {"sub": "u-2", "preferred_username": "eve"}
    clash = await follow(stage, provider, token)
    assert (clash.status_code, "user_taken" in clash.text) == (403, True)
    assert await stage.identities(await stage.user("ada")) == [(provider.issuer, "u-1")]
    # Their owner's own use of it is no clash.
    provider.user = {"sub": "u-1", "preferred_username": "ada"}
    assert (await follow(stage, provider, token)).status_code == 303


@pytest.mark.parametrize("how", ["expired", "taken back", "newer", "switched off"])
async def test_a_link_that_is_over_meanwhile_binds_nobody(
    stage: Stage, provider: FakeProvider, clock: ManualClock, how: str
) -> None:
    bob = await row(stage, "bob")
    token, browser = await invite(stage, "bob"), stage.browser()
    url = await press(token, browser)
    if how == "expired":
        clock.now += LIFE
    elif how == "taken back":
        await stage.invitations.delete(token, actor="boss", origin=Origin())
    elif how == "newer":
        await invite(stage, "bob")
    else:
        async with stage.db.write() as tx:
            await users.change(tx, bob.id, 1, is_active=False)
    if how == "expired":
        # The sign-in itself is over then too: begin another one, which the page refuses.
        assert (await browser.get("/onboarding", params={"invitation_id": token})).status_code == 403
        return
    done = await browser.get(f"/sso/callback?{provider.authorize(url)}")
    assert (done.status_code, "invitation_invalid" in done.text) == (403, True)
    assert await stage.identities(bob) == []
    assert len(await stage.everybody()) == 1
    assert "gatewright_session" not in browser.cookies


async def test_two_browsers_with_one_link_bind_one(stage: Stage, provider: FakeProvider) -> None:
    bob = await row(stage, "bob")
    token, answers = await invite(stage, "bob"), []
    browsers = []
    for _ in range(2):
        browser = stage.browser()
        browsers.append((browser, await press(token, browser)))
    for number, (browser, url) in enumerate(browsers):
        provider.user = {"sub": f"u-{number}", "preferred_username": f"p{number}"}
        answers.append((await browser.get(f"/sso/callback?{provider.authorize(url)}")).status_code)
    assert answers == [303, 403]
    assert await stage.identities(bob) == [(provider.issuer, "u-0")]
    assert len(await stage.everybody()) == 1


async def test_an_emergency_administrator_is_given_to_no_identity(stage: Stage) -> None:
    bob = await row(stage, "bob")
    async with stage.db.write() as tx:
        await users.change(tx, bob.id, 1, is_break_glass=True)
    with pytest.raises(Exception, match="never given away"):
        await invite(stage, "bob")
