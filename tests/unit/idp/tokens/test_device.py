"""A device signs in through somebody's browser (RFC 8628), and nobody is tricked into it (5.4, contract 8.16, 8.31)."""

import re
from html import unescape
from typing import Any

import httpx2
import pytest
from tests.unit.idp.conftest import PASSWORD

from gatewright.idp.device import Verification

from .acts import BASE, DEVICE, SECRET, Acts, error

pytestmark = pytest.mark.anyio
PAGE = "/device"
SIGN_IN = "/if/flow/default-authentication-flow/"
AUTH = ("app", SECRET)
AGENT = "Living room <TV>"


async def start(acts: Acts, **form: str) -> dict[str, Any]:
    answer = await acts.post("device", {"scope": "openid email offline_access", **form}, AUTH)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def poll(acts: Acts, started: dict[str, Any], **form: str) -> httpx2.Response:
    acts.stand.clock.now += 5_000
    asked = {"grant_type": DEVICE, "device_code": started["device_code"], **form}
    return await acts.post("token", asked, AUTH)


def fields(page: httpx2.Response) -> dict[str, str]:
    """The hidden fields of the page's form."""
    found = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
    return {name: unescape(value) for name, value in found}


async def press(browser: httpx2.AsyncClient, page: httpx2.Response, **changes: str) -> httpx2.Response:
    return await browser.post(PAGE, data={**fields(page), **changes}, headers={"origin": BASE})


async def arrive(browser: httpx2.AsyncClient, name: str = "alice", address: str = PAGE) -> httpx2.Response:
    """Opens the page, signs in on the way, and is back at it."""
    away = await browser.get(address)
    assert away.status_code == 303
    assert away.headers["location"].startswith(SIGN_IN)
    form = fields(await browser.get(away.headers["location"]))
    data = {**form, "name": name, "password": PASSWORD}
    back = await browser.post(SIGN_IN, data=data, headers={"origin": BASE})
    assert back.status_code == 303, back.text
    page = await browser.get(back.headers["location"])
    assert "Connect a device" in page.text
    return page


async def confirmed(browser: httpx2.AsyncClient, started: dict[str, Any], name: str = "alice") -> httpx2.Response:
    """The page that names the device and asks."""
    page = await press(browser, await arrive(browser, name), user_code=started["user_code"])
    assert page.status_code == 200, page.text
    return page


async def test_the_whole_way(acts: Acts) -> None:
    async with acts.stand.browser() as device:
        answer = await device.post(
            "/application/o/device/",
            data={"scope": "openid email offline_access"},
            auth=AUTH,
            headers={"user-agent": AGENT},
        )
    started = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert started["verification_uri"] == f"{BASE}/device"
    assert "verification_uri_complete" not in started
    assert (started["expires_in"], started["interval"]) == (600, 5)
    assert error(await poll(acts, started)) == (400, "authorization_pending")
    async with acts.stand.browser() as browser:
        page = await confirmed(browser, started)
        for text in ("App", started["user_code"], "Living room &lt;TV&gt;", "127.0.0.1", "alice", "Email"):
            assert text.lower() in page.text.lower()
        assert error(await poll(acts, started)) == (400, "authorization_pending")
        done = await press(browser, page, answer="approve")
        assert "The device is connected" in done.text
        again = await press(browser, page, answer="approve")
        assert again.status_code == 400
    answer = await poll(acts, started)
    assert answer.status_code == 200
    tokens = answer.json()
    claims = await acts.claims(tokens["id_token"])
    assert (claims["sub"], claims["amr"]) == ("alice", ["pwd"])
    # The browser's session is not the device's.
    assert not {"sid", "nonce"} & claims.keys()
    assert (await acts.userinfo(tokens["access_token"])).json()["email"] == "alice@example.com"
    assert error(await poll(acts, started)) == (400, "invalid_grant")
    assert (await acts.userinfo(tokens["access_token"])).status_code == 401
    assert "device_code_replayed" in await acts.causes("idp.suspicious")


async def test_a_no(acts: Acts) -> None:
    started = await start(acts)
    async with acts.stand.browser() as browser:
        done = await press(browser, await confirmed(browser, started), answer="deny")
        assert "refused" in done.text
    assert error(await poll(acts, started)) == (400, "access_denied")
    assert "device_denied" in await acts.causes("idp.device")


async def test_nobody_answers_unseen(acts: Acts) -> None:
    """Without the browser's own token, from another site, signed out, or under another account than was named."""
    started = await start(acts)
    yes = {"user_code": started["user_code"], "answer": "approve"}
    async with acts.stand.browser() as browser, acts.stand.browser() as stranger:
        page = await confirmed(browser, started)
        assert (await browser.post(PAGE, data=yes, headers={"origin": BASE})).status_code == 403
        foreign = {"origin": "https://evil.example", "sec-fetch-site": "cross-site"}
        assert (await browser.post(PAGE, data={**fields(page), **yes}, headers=foreign)).status_code == 403
        assert (await stranger.post(PAGE, data={**fields(page), **yes}, headers={"origin": BASE})).status_code == 403
        lost = await stranger.get(SIGN_IN)
        assert (await press(stranger, lost, **yes)).headers["location"].startswith(SIGN_IN)
        other = await press(browser, page, answer="approve", person=acts.stand.people["bob"].uuid)
        assert "Let this device sign in" in other.text
    assert error(await poll(acts, started)) == (400, "authorization_pending")


async def test_a_code_in_the_address_only_where_it_is_allowed(acts: Acts) -> None:
    started = await start(acts)
    code = started["user_code"]
    async with acts.stand.browser() as browser:
        page = await arrive(browser, address=f"{PAGE}?code={code}")
        assert code not in page.text
    acts.stand.provider.device.verification = Verification(f"{BASE}/device", code_in_link=True)
    started = await start(acts)
    assert started["verification_uri_complete"] == f"{BASE}/device?code={started['user_code']}"
    async with acts.stand.browser() as browser:
        page = await arrive(browser, address=started["verification_uri_complete"].removeprefix(BASE))
        # It is filled in, and still has to be sent and answered.
        assert f'value="{started["user_code"]}"' in page.text
    assert error(await poll(acts, started)) == (400, "authorization_pending")


async def test_guesses_run_out(acts: Acts) -> None:
    started = await start(acts)
    async with acts.stand.browser() as browser:
        page = await arrive(browser)
        statuses = [(await press(browser, page, user_code="BBBB-BBBB")).status_code for _ in range(21)]
        assert statuses == [400] * 20 + [429]
        stopped = await press(browser, page, user_code=started["user_code"])
        assert stopped.status_code == 429
        assert int(stopped.headers["retry-after"]) > 0


async def test_devices_cannot_flood(acts: Acts) -> None:
    answers = [await acts.post("device", {"scope": "openid"}, AUTH) for _ in range(61)]
    assert [answer.status_code for answer in answers[:60]] == [200] * 60
    assert error(answers[60]) == (429, "slow_down")


async def test_who_may_not_use_the_application_lets_no_device_in(acts: Acts) -> None:
    await acts.bind("app", "admins")
    started = await start(acts)
    async with acts.stand.browser() as browser:
        page = await press(browser, await arrive(browser, "bob"), user_code=started["user_code"])
        assert page.status_code == 403
        assert "may not use App" in page.text
    assert error(await poll(acts, started)) == (400, "access_denied")
    assert "application_denied" in await acts.causes("idp.device")


@pytest.mark.parametrize("gone", ["user_inactive", "application_denied", "session_over"])
async def test_what_changed_since_the_approval_counts(acts: Acts, gone: str) -> None:
    await acts.bind("app", "admins")
    started = await start(acts)
    async with acts.stand.browser() as browser:
        await press(browser, await confirmed(browser, started), answer="approve")
        if gone == "user_inactive":
            await acts.deactivate("alice")
        elif gone == "application_denied":
            await acts.leave("alice", "admins")
        else:
            headers = {"sec-fetch-site": "same-origin"}
            assert (await browser.get("/application/o/app/end-session/", headers=headers)).status_code == 303
    assert error(await poll(acts, started)) == (400, "invalid_grant")
    assert gone in await acts.causes("idp.token")


async def test_a_sign_out_in_the_browser_leaves_the_device_alone(acts: Acts) -> None:
    started = await start(acts)
    async with acts.stand.browser() as browser:
        await press(browser, await confirmed(browser, started), answer="approve")
        tokens = (await poll(acts, started)).json()
        await browser.get("/application/o/app/end-session/", headers={"sec-fetch-site": "same-origin"})
    assert (await acts.userinfo(tokens["access_token"])).status_code == 200
    assert (await acts.refresh(tokens["refresh_token"])).status_code == 200
    await acts.deactivate("alice")
    assert (await acts.userinfo(tokens["access_token"])).status_code == 401


async def test_scopes_are_clamped_and_clients_kept_apart(acts: Acts) -> None:
    await acts.register("other")
    assert error(await acts.post("device", {"scope": "admin"}, AUTH)) == (400, "invalid_scope")
    started = await start(acts, scope="openid admin email")
    stolen = {"grant_type": DEVICE, "device_code": started["device_code"]}
    assert error(await acts.post("token", stolen, ("other", SECRET))) == (400, "invalid_grant")
    async with acts.stand.browser() as browser:
        await press(browser, await confirmed(browser, started), answer="approve")
    assert (await poll(acts, started, scope="openid profile")).json()["scope"] == "openid email"


async def test_only_clients_with_the_grant_type(acts: Acts) -> None:
    await acts.change("app", grant_types=["authorization_code"])
    assert error(await acts.post("device", {"scope": "openid"}, AUTH)) == (400, "unauthorized_client")
    assert error(await acts.post("device", {"scope": "openid"}, ("app", "wrong" * 5))) == (401, "invalid_client")
    await acts.register("tv", client_type="public", client_secret=None)
    assert (await acts.post("device", {"client_id": "tv", "scope": "openid"})).status_code == 200


@pytest.mark.parametrize(
    "back", ["//evil.example", "/device\\@evil.example", "/devices", "https://evil.example/device"]
)
async def test_a_sign_in_leads_back_to_the_page_alone(acts: Acts, back: str) -> None:
    async with acts.stand.browser() as browser:
        form = fields(await browser.get(SIGN_IN, params={"next": back}))
        data = {**form, "next": back, "name": "alice", "password": PASSWORD}
        assert (await browser.post(SIGN_IN, data=data, headers={"origin": BASE})).headers["location"] == "/"
