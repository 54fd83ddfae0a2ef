"""prompt, max_age and hints: who is asked, and what a client hears that forbade to ask (Core 3.1.2.1, 3.1.2.6)."""

import re
from collections.abc import Mapping
from html import unescape

import httpx2
import pytest

from gatewright.domain.clock import MINUTE
from gatewright.oidc import jwt
from gatewright.storage import bindings, oauth_providers, session_ends, sessions

from .conftest import BASE, PASSWORD, Stand
from .test_sign_in_path import CALLBACK, SEED, exchange, returned, sign_in, tokens

pytestmark = pytest.mark.anyio
AUTHORIZE = "/application/o/authorize/"
SIGN_IN = "/if/flow/default-authentication-flow/"
ACCOUNT = "/if/flow/account-selection/"


async def ask(browser: httpx2.AsyncClient, **query: str) -> httpx2.Response:
    return await browser.get(AUTHORIZE, params={**SEED, **query})


async def submit(
    browser: httpx2.AsyncClient, page: httpx2.Response, changes: Mapping[str, str] | None = None, form: int = 0
) -> httpx2.Response:
    """Presses the first button of the page's form, as a browser would."""
    part = page.text.split("<form")[1 + form]
    pairs = re.findall(r'name="([^"]+)" value="([^"]*)"', part)
    # Of several buttons of one name the first is pressed.
    fields = {name: unescape(value) for name, value in reversed(pairs)}
    action = unescape(re.findall(r'action="([^"]*)"', part)[0])
    return await browser.post(action, data={**fields, **(changes or {})}, headers={"origin": BASE})


async def follow(browser: httpx2.AsyncClient, response: httpx2.Response) -> httpx2.Response:
    """The page of ours that the redirect leads to."""
    assert response.status_code == 303, response.text
    assert response.headers["location"].startswith("/if/flow/"), response.headers["location"]
    return await browser.get(response.headers["location"])


async def hint(stand: Stand, browser: httpx2.AsyncClient, name: str) -> str:
    """An ID token of that person, from a browser of its own."""
    return str((await tokens(stand, browser, name))["id_token"])


async def auth_time(stand: Stand, response: httpx2.Response) -> int:
    answer = await exchange(stand, returned(response)["code"])
    claims = jwt.verify(answer.json()["id_token"], (await stand.provider.keys.ring()).jwks)
    return int(claims["auth_time"])


async def test_prompt_login_asks_again_once_and_renews_auth_time(stand: Stand) -> None:
    async with stand.browser() as browser:
        first = await auth_time(stand, await sign_in(browser, "alice"))
        stand.clock.now += 5000
        again = await sign_in(browser, "alice", {**SEED, "prompt": "login"})
        assert await auth_time(stand, again) == first + 5


@pytest.mark.parametrize(("max_age", "asks"), [("0", True), ("1", True), ("59", True), ("61", False), ("10000", False)])
async def test_max_age(stand: Stand, max_age: str, asks: bool) -> None:
    async with stand.browser() as browser:
        await sign_in(browser, "alice")
        stand.clock.now += MINUTE
        answer = await ask(browser, max_age=max_age)
        assert answer.headers["location"].startswith(SIGN_IN) == asks
        if asks:
            done = await sign_in(browser, "alice", {**SEED, "max_age": max_age})
            assert await auth_time(stand, done) == stand.clock.now // 1000
            silent = returned(await ask(browser, max_age="0", prompt="none"))
            assert silent["error"] == "login_required"


async def test_select_account_offers_the_one_and_another(stand: Stand) -> None:
    async with stand.browser() as browser:
        await sign_in(browser, "alice")
        page = await follow(browser, await ask(browser, prompt="select_account"))
        assert "alice@example.com" in page.text
        assert "Continue as alice@example.com" in page.text
        assert "code" in returned(await submit(browser, page))
        another = unescape(re.findall(r'class="button" href="([^"]*)"', page.text)[0])
        assert another.startswith(f"{SIGN_IN}?next=")
        form = await browser.get(another)
        done = await submit(browser, form, {"name": "bob", "password": PASSWORD})
        body = (await exchange(stand, returned(done)["code"])).json()
        assert jwt.verify(body["id_token"], (await stand.provider.keys.ring()).jwks)["sub"] == "bob"


async def test_select_account_without_anybody_signed_in_is_a_sign_in(stand: Stand) -> None:
    async with stand.browser() as browser:
        assert "code" in returned(await sign_in(browser, "alice", {**SEED, "prompt": "select_account"}))


async def test_choosing_an_account_is_no_new_sign_in(stand: Stand) -> None:
    async with stand.browser() as browser:
        await sign_in(browser, "alice")
        stand.clock.now += MINUTE
        page = await follow(browser, await ask(browser, prompt="select_account login"))
        assert "Password" in page.text
        # The button of the other page does not get around the password.
        chooser = await follow(browser, await ask(browser, prompt="select_account"))
        wanted = re.findall(r'name="next" value="([^"]*)"', page.text)[0]
        around = await submit(browser, chooser, {"next": unescape(wanted)})
        assert around.headers["location"].startswith(SIGN_IN)


async def test_the_chooser_belongs_to_this_browser_and_site(stand: Stand) -> None:
    async with stand.browser() as browser, stand.browser() as other:
        await sign_in(browser, "alice")
        page = await follow(browser, await ask(browser, prompt="select_account"))
        fields = dict(re.findall(r'name="(csrf|next)" value="([^"]*)"', page.text))
        for client, extra in ((other, {}), (browser, {"csrf": "x"})):
            refused = await client.post(ACCOUNT, data={**fields, **extra}, headers={"origin": BASE})
            assert refused.status_code == 403
        foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        assert (await browser.post(ACCOUNT, data=fields, headers=foreign)).status_code == 403
        assert (await browser.get(ACCOUNT)).status_code == 400


async def test_a_hint_of_the_same_person_asks_nothing(stand: Stand) -> None:
    async with stand.browser() as browser:
        own = await hint(stand, browser, "alice")
        stand.clock.now += 30 * MINUTE
        assert "code" in returned(await ask(browser, id_token_hint=own, prompt="none"))


async def test_a_hint_of_somebody_else(stand: Stand) -> None:
    async with stand.browser() as browser, stand.browser() as theirs:
        bobs = await hint(stand, theirs, "bob")
        await sign_in(browser, "alice")
        assert returned(await ask(browser, id_token_hint=bobs, prompt="none"))["error"] == "login_required"
        page = await follow(browser, await ask(browser, id_token_hint=bobs))
        # The client's subjects are user names, so the form knows whom it waits for.
        assert 'value="bob"' in page.text
        wrong = await submit(browser, page, {"name": "alice", "password": PASSWORD})
        assert returned(wrong)["error"] == "login_required"
        assert (await stand.events("idp.authorize"))[0]["outcome"] == "id_token_hint_other_person"
        right = await submit(browser, page, {"name": "bob", "password": PASSWORD})
        assert "code" in returned(right)


async def test_hints_that_are_not_ours(stand: Stand) -> None:
    async with stand.browser() as browser:
        own = await hint(stand, browser, "alice")
        head, body, signature = own.split(".")
        foreign = jwt.sign({"iss": f"{BASE}/application/o/litellm/", "aud": "litellm", "sub": "alice"}, FOREIGN)
        other = jwt.sign(
            {"iss": f"{BASE}/application/o/litellm/", "aud": "other", "sub": "alice"},
            (await stand.provider.keys.ring()).current,
        )
        flipped = "A" if signature[10] != "A" else "B"
        for bad in ("x", "a.b.c", f"{head}.{body}.{signature[:10]}{flipped}{signature[11:]}", other):
            assert returned(await ask(browser, id_token_hint=bad))["error"] == "invalid_request"
        # A key that is gone, or was never ours: nobody can show to be that person without signing in.
        assert returned(await ask(browser, id_token_hint=foreign, prompt="none"))["error"] == "login_required"
        assert (await ask(browser, id_token_hint=foreign)).headers["location"].startswith(SIGN_IN)


FOREIGN = jwt.generate_key("ES256")


@pytest.mark.parametrize(
    "extra",
    [
        {"display": "page"},
        {"display": "popup"},
        {"display": "unheard-of"},
        {"ui_locales": "de fr-CA"},
        {"claims_locales": "se"},
        {"acr_values": "1 2"},
        {"claims": '{"userinfo":{"name":{"essential":true}}}'},
        {"prompt": "unheard-of"},
        {"extra": "foobar"},
        {"login_hint": "alice"},
    ],
)
async def test_what_is_accepted_without_an_effect_on_the_answer(stand: Stand, extra: dict[str, str]) -> None:
    async with stand.browser() as browser:
        assert "code" in returned(await sign_in(browser, "alice", {**SEED, **extra}))
        assert "code" in returned(await ask(browser, **extra))


async def bind_to_nobody(stand: Stand) -> None:
    """Lets only bob in."""
    async with stand.db.write() as tx:
        row = await oauth_providers.by_client_id(tx, "litellm")
        assert row is not None
        await bindings.add(
            tx,
            uuid="10000000-0000-4000-8000-000000000001",
            application_id=row.application_id,
            user_pk=stand.people["bob"].id,
        )


async def test_who_may_not_use_the_application_is_told_here(stand: Stand) -> None:
    await bind_to_nobody(stand)
    async with stand.browser() as browser, stand.browser() as other:
        page = await sign_in(browser, "alice")
        assert page.status_code == 403
        assert "location" not in page.headers
        assert "You have no access to Gatewright" in page.text
        assert "alice@example.com" in page.text
        event = (await stand.events("idp.authorize"))[0]
        assert (event["outcome"], event["actor"], event["target"]) == ("application_denied", "alice", "litellm")
        assert page.headers["x-request-id"] in page.text
        assert "application_denied" not in page.text
        # The session is good; each further request says the same.
        assert (await ask(browser)).status_code == 403
        assert returned(await ask(browser, prompt="none"))["error"] == "access_denied"
        back = returned(await submit(browser, page))
        assert (back["error"], back["state"]) == ("access_denied", SEED["state"])
        assert "code" in returned(await sign_in(other, "bob"))


async def test_another_account_may_be_used_instead(stand: Stand) -> None:
    await bind_to_nobody(stand)
    async with stand.browser() as browser:
        page = await sign_in(browser, "alice")
        another = unescape(re.findall(r'class="button" href="([^"]*)"', page.text)[0])
        form = await browser.get(another)
        assert "code" in returned(await submit(browser, form, {"name": "bob", "password": PASSWORD}))


async def test_declining_belongs_to_this_browser_and_a_real_request(stand: Stand) -> None:
    await bind_to_nobody(stand)
    decline = "/if/flow/default-provider-authorization-explicit-consent/"
    async with stand.browser() as browser:
        page = await sign_in(browser, "alice")
        fields = {name: unescape(v) for name, v in re.findall(r'name="(csrf|next)" value="([^"]*)"', page.text)}
        assert (await browser.post(decline, data={**fields, "csrf": "x"})).status_code == 403
        assert (await browser.post(decline, data={**fields, "next": "https://evil.example/"})).status_code == 400
        evil = fields["next"].replace("sso%2Fcallback", "evil")
        assert evil != fields["next"]
        assert (await browser.post(decline, data={**fields, "next": evil})).status_code == 400


async def test_a_session_that_ended_elsewhere_does_not_count(stand: Stand) -> None:
    async with stand.browser() as browser:
        await sign_in(browser, "alice")
        async with stand.db.write() as tx:
            for row in await sessions.of_user(tx, stand.people["alice"].id, "idp", stand.clock()):
                await session_ends.end(tx, row.id, stand.clock())
        assert returned(await ask(browser, prompt="none"))["error"] == "login_required"
        assert (await ask(browser, redirect_uri=CALLBACK)).headers["location"].startswith(SIGN_IN)
