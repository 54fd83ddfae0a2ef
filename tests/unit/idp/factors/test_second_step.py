"""Signing in with a second factor, as a browser walks it, and what an attacker tries at it."""

import asyncio
import base64
import json
import re
from typing import Any

import httpx2
import pytest
from tests.unit.idp.conftest import BASE, Stand
from tests.unit.idp.test_sign_in_path import SEED, exchange, returned, sign_in

from gatewright.accounts.limits import FREE_GUESSES
from gatewright.domain.people import Origin
from gatewright.idp.factors import totp
from gatewright.storage import groups, users

pytestmark = pytest.mark.anyio
FLOW = "/if/flow/default-authentication-flow/"
NOBODY = Origin()


async def with_app(stand: Stand, name: str = "alice") -> tuple[bytes, tuple[str, ...]]:
    """Gives the person an authenticator app: its secret, and the recovery codes."""
    user = stand.people[name]
    begun = await stand.provider.factors.begin_app(user, "Phone")
    secret = base64.b32decode(begun.secret)
    codes = await stand.provider.factors.confirm_app(user, begun.id, code_now(stand, secret), NOBODY)
    stand.clock.now += 60_000
    return secret, codes


def code_now(stand: Stand, secret: bytes) -> str:
    return totp.code_at(secret, stand.clock.now // 30_000)


async def asked(browser: httpx2.AsyncClient, name: str = "alice", **query: str) -> httpx2.Response:
    """The page after the password."""
    answer = await sign_in(browser, name, {**SEED, **query})
    assert answer.status_code == 303, answer.text
    assert answer.headers["location"].startswith(FLOW), answer.headers["location"]
    page = await browser.get(answer.headers["location"])
    assert page.status_code == 200, page.text
    return page


async def answered(browser: httpx2.AsyncClient, page: httpx2.Response, code: str) -> httpx2.Response:
    return await browser.post(form_action(page), data={**hidden(page), "code": code}, headers={"origin": BASE})


def form_action(page: httpx2.Response) -> str:
    found = re.findall(r'<form method="post" action="([^"]*)">', page.text)
    return str(found[-1])


def hidden(page: httpx2.Response) -> dict[str, str]:
    fields = dict(re.findall(r'name="(csrf|next)" value="([^"]*)"', page.text))
    return {**fields, "next": fields["next"].replace("&amp;", "&")}


async def claims(stand: Stand, code: str) -> dict[str, Any]:
    answer = (await exchange(stand, code)).json()
    payload = answer["id_token"].split(".")[1]

    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found


async def test_a_password_alone_opens_nothing_once_there_is_an_app(stand: Stand) -> None:
    secret, _ = await with_app(stand)
    async with stand.browser() as browser:
        page = await asked(browser)
        assert "gatewright_idp_session" not in browser.cookies
        again = await browser.get("/application/o/authorize/", params={**SEED, "prompt": "none"})
        assert "error=login_required" in again.headers["location"]
        done = await answered(browser, page, code_now(stand, secret))
        found = await claims(stand, returned(done)["code"])
    assert found["amr"] == ["pwd", "otp", "mfa"]


async def test_a_code_works_once_and_a_wrong_one_never(stand: Stand) -> None:
    secret, _ = await with_app(stand)
    async with stand.browser() as first, stand.browser() as second:
        page = await asked(first)
        wrong = await answered(first, page, "000000")
        assert (wrong.status_code, "not right" in wrong.text) == (400, True)
        good = code_now(stand, secret)
        assert "code" in returned(await answered(first, page, good))
        replayed = await answered(second, await asked(second), good)
        assert replayed.status_code == 400
    assert [event["outcome"] for event in await stand.events("idp.factor")][:2] == ["code_wrong", "code_wrong"]


async def test_of_two_parallel_answers_with_one_code_one_wins(stand: Stand) -> None:
    secret, _ = await with_app(stand)
    async with stand.browser() as first, stand.browser() as second:
        pages = [await asked(first), await asked(second)]
        code = code_now(stand, secret)
        answers = await asyncio.gather(answered(first, pages[0], code), answered(second, pages[1], code))
    assert sorted(answer.status_code for answer in answers) == [303, 400]


async def test_guesses_are_counted_by_account_over_all_browsers_and_each_pause_is_longer(stand: Stand) -> None:
    secret, codes = await with_app(stand)
    for _ in range(FREE_GUESSES):
        async with stand.browser() as browser:
            assert (await answered(browser, await asked(browser), "000000")).status_code == 400
    for expected in (60, 120, 240):
        # Neither a code of the app nor a recovery code is looked at, and asking does not make the pause longer.
        for code in (code_now(stand, secret), codes[0]):
            async with stand.browser() as browser:
                late = await answered(browser, await asked(browser), code)
            assert (late.status_code, int(late.headers["retry-after"])) == (429, expected)
        assert (await stand.events("idp.factor"))[0]["outcome"] == "too_many_attempts"
        stand.clock.now += expected * 1000
        async with stand.browser() as browser:
            assert (await answered(browser, await asked(browser), "000000")).status_code == 400
    stand.clock.now += 480_000
    async with stand.browser() as browser:
        assert "code" in returned(await answered(browser, await asked(browser), code_now(stand, secret)))
    # A good code ends it: the next mistake costs nothing.
    stand.clock.now += 60_000
    async with stand.browser() as browser:
        page = await asked(browser)
        assert (await answered(browser, page, "000000")).status_code == 400
        assert "code" in returned(await answered(browser, page, code_now(stand, secret)))


async def test_a_recovery_code_signs_in_once(stand: Stand) -> None:
    _, codes = await with_app(stand)
    async with stand.browser() as first, stand.browser() as second:
        done = await answered(first, await asked(first), codes[3].upper())
        assert (await claims(stand, returned(done)["code"]))["amr"] == ["pwd", "mfa"]
        assert (await answered(second, await asked(second), codes[3])).status_code == 400
    assert await stand.provider.factors.recovery_codes_left(stand.people["alice"].id) == 9


async def test_the_step_belongs_to_the_browser_and_ends(stand: Stand) -> None:
    secret, _ = await with_app(stand)
    async with stand.browser() as mine, stand.browser() as thief:
        page = await asked(mine)
        stolen = await thief.get(f"{FLOW}factor/?next={hidden(page)['next']}")
        assert stolen.status_code == 303
        assert stolen.headers["location"].startswith(FLOW)
        stand.clock.now += 11 * 60_000
        late = await answered(mine, page, code_now(stand, secret))
        assert (late.status_code, "again=over" in late.headers["location"]) == (303, True)
        back = await mine.get(late.headers["location"])
        assert "took too long" in back.text


async def test_somebody_deactivated_between_the_steps_stays_out(stand: Stand) -> None:
    secret, _ = await with_app(stand)
    async with stand.browser() as browser:
        page = await asked(browser)
        async with stand.db.write() as tx:
            await users.change(tx, stand.people["alice"].id, stand.clock(), is_active=False)
        refused = await answered(browser, page, code_now(stand, secret))
    assert (refused.status_code, "code=" in refused.headers["location"]) == (303, False)


async def test_a_group_asks_for_a_factor_and_the_sign_in_sets_it_up(stand: Stand) -> None:
    async with stand.db.write() as tx:
        parent = await groups.ensure(tx, "secure", "g-secure", requires_mfa=True)
        admins = next(one for one in await groups.everything(tx) if one.name == "admins")
        await groups.set_parents(tx, admins.id, [parent.id])
    async with stand.browser() as browser:
        page = await asked(browser, prompt="login")
        secret = base64.b32decode(re.findall(r"<code>([A-Z2-7 ]+)</code>", page.text)[0].replace(" ", ""))
        assert "data:image/svg+xml;base64," in page.text
        assert "gatewright_idp_session" not in browser.cookies
        assert (await answered(browser, page, "123")).status_code == 400
        codes = await answered(browser, page, code_now(stand, secret))
        assert codes.status_code == 200, codes.text
        assert len(re.findall(r"<li><code>", codes.text)) == 10
        done = await browser.post(form_action(codes), data=hidden(codes), headers={"origin": BASE})
        assert (await claims(stand, returned(done)["code"]))["amr"] == ["pwd", "otp", "mfa"]
        # Good once: afterwards prompt=login asks again.
        twice = await browser.post(form_action(codes), data=hidden(codes), headers={"origin": BASE})
        assert twice.headers["location"].startswith(FLOW)
    async with stand.browser() as bob:
        assert "code" in returned(await sign_in(bob, "bob"))


async def test_the_last_factor_stays_while_a_group_asks_for_one(stand: Stand) -> None:
    await with_app(stand)
    factors, alice = stand.provider.factors, stand.people["alice"]
    async with stand.db.write() as tx:
        group = await groups.ensure(tx, "secure", "g-secure", requires_mfa=True)
        await groups.join(tx, group.id, alice.id)
    only = (await factors.of(alice.id))[0]
    with pytest.raises(Exception, match="asks for a second factor"):
        await factors.remove(alice, only.uuid, NOBODY)
    async with stand.db.write() as tx:
        await groups.leave(tx, group.id, alice.id)
    await factors.remove(alice, only.uuid, NOBODY)
    assert await factors.of(alice.id) == []
    assert await factors.recovery_codes_left(alice.id) == 0


async def test_no_text_of_an_address_gets_onto_the_page(stand: Stand) -> None:
    async with stand.browser() as browser:
        page = await browser.get(f"{FLOW}?again=Call+0900+now&next=")
    assert "0900" not in page.text
