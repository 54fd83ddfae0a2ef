"""Consent: asked for once, remembered as the sum of what was allowed, taken back with the tokens."""

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from gatewright.domain.clock import DAY, MINUTE
from gatewright.domain.people import Origin
from gatewright.idp.authorization.decisions import DASHBOARD_CALLBACK
from gatewright.idp.objects.flows import EXPLICIT_CONSENT
from gatewright.sso.sources import CALLBACK as SSO_CALLBACK
from gatewright.storage import bindings, oauth_providers, scope_mappings

from .conftest import BASE, PASSWORD, Stand
from .test_prompts import follow, submit
from .test_sign_in_path import SEED, secret, sign_in, userinfo

pytestmark = pytest.mark.anyio
AUTHORIZE = "/application/o/authorize/"
CONSENT = f"/if/flow/{EXPLICIT_CONSENT}/"
APP = "https://app.example/cb"
QUERY = {**SEED, "redirect_uri": APP, "scope": "openid email"}


@pytest.fixture
async def explicit(stand: Stand) -> Stand:
    """The client lives elsewhere and asks for consent; it may have offline access."""
    async with stand.db.write() as tx:
        row = await oauth_providers.by_client_id(tx, "litellm")
        assert row is not None
        urls = [{"url": APP}, {"url": BASE + SSO_CALLBACK}]
        await oauth_providers.change(tx, row.id, redirect_uris=urls, authorization_flow=EXPLICIT_CONSENT)
        attached = [one.id for one in await scope_mappings.of_provider(tx, row.id)]
        offline = await scope_mappings.find(tx, scope_name="offline_access")
        assert offline is not None
        await scope_mappings.attach(tx, row.id, [*attached, offline.id])
    return stand


async def implicit(stand: Stand) -> None:
    async with stand.db.write() as tx:
        provider = await oauth_providers.find_id(tx, client_id="litellm")
        assert provider is not None
        flow = "default-provider-authorization-implicit-consent"
        await oauth_providers.change(tx, provider, authorization_flow=flow)


def sent_back(response: httpx2.Response) -> dict[str, str]:
    assert response.status_code == 303, response.text
    assert response.headers["location"].startswith(APP)
    return {name: values[0] for name, values in parse_qs(urlsplit(response.headers["location"]).query).items()}


async def consent_page(browser: httpx2.AsyncClient, name: str = "alice", **query: str) -> httpx2.Response:
    """Signs in and arrives at the page."""
    page = await follow(browser, await sign_in(browser, name, {**QUERY, **query}))
    assert "Allow LiteLLM to sign you in?" in page.text
    return page


async def ask(browser: httpx2.AsyncClient, **query: str) -> httpx2.Response:
    return await browser.get(AUTHORIZE, params={**QUERY, **query})


def lists(page: httpx2.Response) -> tuple[list[str], list[str]]:
    """What is asked for, and what was allowed already."""
    new, _, known = page.text.partition("Already allowed")
    return re.findall(r"<li>([^<]*)</li>", new), re.findall(r"<li>([^<]*)</li>", known)


async def tokens(stand: Stand, code: str) -> httpx2.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": APP}
    async with stand.browser() as client:
        return await client.post("/application/o/token/", data=form, auth=("litellm", await secret(stand)))


async def test_what_the_page_says(explicit: Stand) -> None:
    async with explicit.browser() as browser:
        page = await consent_page(browser, scope="openid email profile litellm_role")
        texts = ["Your sign-in: who you are here", "Email address", "General Profile Information"]
        assert lists(page) == ([*texts, "Your role in the gateway"], [])
        assert "alice@example.com" in page.text
        assert "You return to app.example." in page.text
        assert "<script" not in page.text
        assert f"form-action 'self' https://app.example {BASE};" in page.headers["content-security-policy"]
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]


async def test_allow_gives_a_code_and_is_remembered(explicit: Stand) -> None:
    async with explicit.browser() as browser:
        page = await consent_page(browser)
        done = sent_back(await submit(browser, page))
        assert done["state"] == SEED["state"]
        assert (await tokens(explicit, done["code"])).json()["scope"] == "openid email"
        assert "code" in sent_back(await ask(browser))
        assert "code" in sent_back(await ask(browser, prompt="none"))
        # Fewer ask nobody; more ask for the rest.
        assert "code" in sent_back(await ask(browser, scope="openid"))
        assert sent_back(await ask(browser, scope="openid profile", prompt="none"))["error"] == "consent_required"
        more = await follow(browser, await ask(browser, scope="openid email profile"))
        assert lists(more) == (
            ["General Profile Information"],
            ["Your sign-in: who you are here", "Email address"],
        )
        assert "code" in sent_back(await submit(browser, more))
        assert "code" in sent_back(await ask(browser, scope="openid email profile", prompt="none"))
    [event, first] = await explicit.events("idp.consent")
    assert (event["outcome"], event["actor"], event["target"]) == ("ok", "alice", "litellm")
    assert first["details"] == {"scope": "openid email"}


async def test_deny_sends_access_denied_and_remembers_nothing(explicit: Stand) -> None:
    async with explicit.browser() as browser:
        page = await consent_page(browser)
        back = sent_back(await submit(browser, page, {"decision": "deny"}))
        assert (back["error"], back["state"]) == ("access_denied", SEED["state"])
        assert "code" not in back
        assert sent_back(await ask(browser, prompt="none"))["error"] == "consent_required"
    assert (await explicit.events("idp.authorize"))[1]["outcome"] == "declined"


async def test_a_consent_expires(explicit: Stand) -> None:
    async with explicit.browser() as browser:
        await submit(browser, await consent_page(browser))
        explicit.clock.now += 28 * DAY - MINUTE
        again = await sign_in(browser, "alice", {**QUERY, "prompt": "login"})
        assert "code" in sent_back(again)
        explicit.clock.now += 2 * MINUTE
        page = await follow(browser, await ask(browser))
        assert lists(page) == (["Your sign-in: who you are here", "Email address"], [])


async def test_prompt_consent_asks_every_time(explicit: Stand) -> None:
    await implicit(explicit)
    async with explicit.browser() as browser:
        page = await consent_page(browser, prompt="consent")
        assert "code" in sent_back(await submit(browser, page))
        assert "code" in sent_back(await ask(browser))
        again = await follow(browser, await ask(browser, prompt="consent"))
        assert lists(again) == ([], ["Your sign-in: who you are here", "Email address"])
        assert "code" in sent_back(await submit(browser, again))


async def test_prompt_login_with_consent_asks_for_the_password_once(explicit: Stand) -> None:
    async with explicit.browser() as browser:
        await sign_in(browser, "alice", QUERY)
        explicit.clock.now += MINUTE
        page = await consent_page(browser, prompt="login consent", max_age="0")
        assert "code" in sent_back(await submit(browser, page))
        # Without the ticket of that sign-in the same answer leads to the password.
        refused = await submit(browser, page, {"ticket": ""})
        assert refused.headers["location"].startswith("/if/flow/default-authentication-flow/")


@pytest.mark.parametrize("forge", ["other request", "other session", "expired", "made up", "cut"])
async def test_a_ticket_is_good_for_its_request_and_session_alone(explicit: Stand, forge: str) -> None:
    async with explicit.browser() as browser, explicit.browser() as other:
        page = await consent_page(browser, prompt="login")
        changes: dict[str, str] = {}
        ticket = re.findall(r'name="ticket" value="([^"]*)"', page.text)[0]
        if forge == "other request":
            elsewhere = await consent_page(other, prompt="login", state="another")
            del elsewhere
            fields = unescape(re.findall(r'name="next" value="([^"]*)"', page.text)[0])
            changes["next"] = fields.replace("state=", "state=x")
        elif forge == "other session":
            theirs = await consent_page(other, prompt="login")
            changes["ticket"] = re.findall(r'name="ticket" value="([^"]*)"', theirs.text)[0]
        elif forge == "expired":
            explicit.clock.now += 31 * MINUTE
        else:
            changes["ticket"] = "A" * 80 if forge == "made up" else ticket[:-6]
        answer = await submit(browser, page, changes)
        assert answer.headers["location"].startswith("/if/flow/default-authentication-flow/")


async def test_the_answer_counts_for_what_was_shown_to_whom(explicit: Stand) -> None:
    async with explicit.browser() as browser:
        page = await consent_page(browser)
        for changes in ({"scope": "openid"}, {"scope": "openid email profile"}, {"person": "x"}, {"scope": ""}):
            again = await submit(browser, page, changes)
            assert again.headers["location"].startswith(CONSENT)
        # Meanwhile somebody else has signed in in another tab of this browser.
        await sign_in(browser, "bob", QUERY)
        again = await submit(browser, page)
        assert again.headers["location"].startswith(CONSENT)
        assert "bob@example.com" in (await follow(browser, again)).text


async def test_the_page_belongs_to_this_browser_and_site(explicit: Stand) -> None:
    async with explicit.browser() as browser, explicit.browser() as other:
        page = await consent_page(browser)
        names = "csrf|next|person|scope|ticket"
        fields = {name: unescape(v) for name, v in re.findall(rf'name="({names})" value="([^"]*)"', page.text)}
        answer = {**fields, "decision": "allow"}
        foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        assert (await browser.post(CONSENT, data=answer, headers=foreign)).status_code == 403
        assert (await browser.post(CONSENT, data={**answer, "csrf": "x"})).status_code == 403
        await sign_in(other, "bob", QUERY)
        assert (await other.post(CONSENT, data=answer)).status_code == 403
        evil = {**answer, "next": fields["next"].replace("app.example", "evil.example")}
        refused = await browser.post(CONSENT, data=evil)
        assert (refused.status_code, "location" in refused.headers) == (400, False)
        assert (await browser.get(CONSENT)).status_code == 400


async def test_access_is_asked_before_consent_and_again_after_it(explicit: Stand) -> None:
    async with explicit.browser() as browser:
        page = await consent_page(browser)
        async with explicit.db.write() as tx:
            row = await oauth_providers.by_client_id(tx, "litellm")
            assert row is not None
            bob = explicit.people["bob"].id
            await bindings.add(tx, uuid="b", application_id=row.application_id, user_pk=bob)
        assert (await submit(browser, page)).status_code == 403
        assert (await explicit.provider.consents.of_user(explicit.people["alice"].id)) == []


async def test_offline_access_needs_consent_from_every_client_but_our_own(explicit: Stand) -> None:
    await implicit(explicit)
    query = {"scope": "openid offline_access"}
    async with explicit.browser() as browser:
        page = await consent_page(browser, **query)
        assert "Access to request new tokens without interaction" in page.text
        granted = sent_back(await submit(browser, page))
        assert (await tokens(explicit, granted["code"])).json()["scope"] == "openid offline_access"
        assert "code" in sent_back(await ask(browser, prompt="none", **query))
        assert "code" in sent_back(await ask(browser, scope=""))
        own = await browser.get(AUTHORIZE, params={**QUERY, **query, "redirect_uri": BASE + SSO_CALLBACK})
        assert own.headers["location"].startswith(f"{BASE}{SSO_CALLBACK}?code=")
    assert DASHBOARD_CALLBACK == SSO_CALLBACK


async def test_a_client_that_cannot_refresh_gets_no_offline_access(explicit: Stand) -> None:
    async with explicit.db.write() as tx:
        provider = await oauth_providers.find_id(tx, client_id="litellm")
        assert provider is not None
        await oauth_providers.change(tx, provider, grant_types=["authorization_code"])
    await implicit(explicit)
    async with explicit.browser() as browser:
        code = sent_back(await sign_in(browser, "alice", {**QUERY, "scope": "openid offline_access"}))["code"]
    assert (await tokens(explicit, code)).json()["scope"] == "openid"


async def test_taking_a_consent_back_ends_what_came_of_it(explicit: Stand) -> None:
    stand, query = explicit, {"scope": "openid offline_access"}
    async with stand.browser() as browser, stand.browser() as other:
        body: dict[str, Any] = (
            await tokens(stand, sent_back(await submit(browser, await consent_page(browser, **query)))["code"])
        ).json()
        waiting = sent_back(await ask(browser, **query))["code"]
        bobs = sent_back(await submit(other, await consent_page(other, "bob", **query)))["code"]
        theirs = (await tokens(stand, bobs)).json()
        alice, bob = stand.people["alice"], stand.people["bob"]
        [mine] = await stand.provider.consents.of_user(alice.id)
        assert (mine.client_id, mine.application_slug, mine.scopes) == (
            "litellm",
            "litellm",
            ("openid", "offline_access"),
        )
        assert len(await stand.provider.consents.of_user(None)) == 2
        revoke = stand.provider.consents.revoke
        assert not await revoke(mine.uuid, user_pk=bob.id, actor="bob", origin=Origin())
        assert (await userinfo(stand, body["access_token"])).status_code == 200
        assert await revoke(mine.uuid, user_pk=alice.id, actor="alice", origin=Origin())
        assert not await revoke(mine.uuid, user_pk=None, actor="admin", origin=Origin())
        assert (await userinfo(stand, body["access_token"])).status_code == 401
        assert (await tokens(stand, waiting)).json()["error"] == "invalid_grant"
        form = {"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
        async with stand.browser() as client:
            auth = ("litellm", await secret(stand))
            assert (await client.post("/application/o/token/", data=form, auth=auth)).json()["error"] == "invalid_grant"
            others = {**form, "refresh_token": theirs["refresh_token"]}
            assert (await client.post("/application/o/token/", data=others, auth=auth)).status_code == 200
        assert sent_back(await ask(browser, prompt="none", **query))["error"] == "consent_required"
        assert await stand.provider.consents.of_user(alice.id) == []
    [event] = await stand.events("idp.consent.revoke")
    assert (event["actor"], event["target"]) == ("alice", mine.uuid)


async def test_another_account_from_the_page(explicit: Stand) -> None:
    async with explicit.browser() as browser:
        page = await consent_page(browser)
        form = await browser.get(unescape(re.findall(r'<a href="([^"]*)"', page.text)[0]))
        asked = await submit(browser, form, {"name": "bob", "password": PASSWORD})
        assert "bob@example.com" in (await follow(browser, asked)).text
