"""The end-session endpoint: what the certification of RP-initiated logout asks, frames, and one application alone."""

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from gatewright.accounts.sessions import Sessions
from gatewright.domain.clock import DAY
from gatewright.domain.people import Origin

from .acts import BASE, CALLBACK, SECRET, Acts

pytestmark = pytest.mark.anyio
END = "/application/o/app/end-session/"
BUTTON = "/if/flow/default-invalidation-flow/"
AFTER = "https://app.example/after?keep=1"
OWN = {"sec-fetch-site": "same-origin"}
ONE_ALONE = "default-provider-invalidation-flow"


class SignedIn:
    """Alice's browser at the provider, and what the client got."""

    def __init__(self, acts: Acts, browser: httpx2.AsyncClient, cookie: str, session_id: int) -> None:
        self.acts, self.browser, self.cookie, self.session_id = acts, browser, cookie, session_id
        self.tokens: dict[str, str] = {}

    async def over(self) -> bool:
        return await self.acts.sessions.find(self.cookie) is None

    async def end(self, headers: dict[str, str] = OWN, /, **params: str) -> httpx2.Response:
        return await self.browser.get(END, params=params, headers=headers)

    async def press(self, page: httpx2.Response) -> httpx2.Response:
        """The button of the page."""
        fields = {name: unescape(value) for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', page.text)}
        return await self.browser.post(BUTTON, data=fields, headers={"origin": BASE})


async def signed_in(acts: Acts) -> SignedIn:
    await acts.change(
        "app", redirect_uris=[{"url": CALLBACK}, {"url": AFTER, "redirect_uri_type": "logout"}], sub_mode="user_uuid"
    )
    cookie, session = await acts.sessions.open(acts.stand.people["alice"], Origin(), amr=("pwd",))
    browser = acts.stand.browser()
    browser.cookies.set("gatewright_idp_session", cookie, domain="localhost.local")
    made = SignedIn(acts, browser, cookie, session.id)
    made.tokens = await acts.tokens(session_id=session.id)
    return made


async def other_client(acts: Acts, session_id: int, client_id: str, **columns: str) -> str:
    """Another client that the session signed in to; its access token."""
    await acts.register(client_id, **columns)
    code = await acts.code(client_id=client_id, session_id=session_id)
    answer = await acts.token("authorization_code", auth=(client_id, SECRET), code=code, redirect_uri=CALLBACK)
    return str(answer.json()["access_token"])


async def test_hint_address_and_state_lead_back_and_nobody_is_signed_in(acts: Acts) -> None:
    alice = await signed_in(acts)
    query = {"id_token_hint": alice.tokens["id_token"], "post_logout_redirect_uri": AFTER, "state": "s t"}
    done = await alice.end({"sec-fetch-site": "cross-site"}, **query, client_id="app")
    assert (done.status_code, done.headers["location"]) == (303, f"{AFTER}&state=s+t")
    assert await alice.over()
    asked = {"client_id": "app", "redirect_uri": CALLBACK, "response_type": "code", "scope": "openid"}
    silent = await alice.browser.get("/application/o/authorize/", params={**asked, "prompt": "none"})
    assert "login_required" in silent.headers["location"]


@pytest.mark.parametrize(
    ("query", "location"),
    [
        ({}, "/signed-out"),
        ({"state": "x"}, "/signed-out"),
        ({"post_logout_redirect_uri": AFTER}, AFTER),
        ({"post_logout_redirect_uri": ""}, "/signed-out"),
    ],
)
async def test_without_a_hint_our_own_page_ends_it(acts: Acts, query: dict[str, str], location: str) -> None:
    alice = await signed_in(acts)
    assert (await alice.end(**query)).headers["location"] == location
    assert await alice.over()
    # Again: no page, no loop.
    assert (await alice.end(**query)).headers["location"] == location


@pytest.mark.parametrize(
    "target", [AFTER + "&x=1", AFTER + "#x", AFTER.upper(), "https://app.example/after", CALLBACK, "//app.example/"]
)
async def test_another_address_is_an_error_page_and_ends_nothing(acts: Acts, target: str) -> None:
    alice = await signed_in(acts)
    hint = alice.tokens["id_token"]
    for query in ({}, {"id_token_hint": hint}):
        refused = await alice.end(post_logout_redirect_uri=target, **query)
        assert (refused.status_code, "location" in refused.headers) == (400, False)
    assert not await alice.over()


async def test_a_client_without_registered_addresses_signs_out_to_our_page(acts: Acts) -> None:
    alice = await signed_in(acts)
    await acts.change("app", redirect_uris=[{"url": CALLBACK}])
    assert (await alice.end(post_logout_redirect_uri=AFTER)).headers["location"] == "/signed-out"
    assert await alice.over()


async def test_a_hint_that_is_not_the_clients_neither_ends_nor_leads_anywhere(acts: Acts) -> None:
    alice = await signed_in(acts)
    await other_client(acts, alice.session_id, "other")
    code = await acts.code(client_id="other", session_id=alice.session_id)
    answer = await acts.token("authorization_code", auth=("other", SECRET), code=code, redirect_uri=CALLBACK)
    mine = alice.tokens["id_token"]
    head, body, signature = mine.split(".")
    for hint in (
        answer.json()["id_token"],
        alice.tokens["access_token"],
        f"{head}.{body}.{signature[:-6]}AAAAAA",
        f"{head}.{body}.",
        "x",
        "\x00",
        "a.b.c",
        "." * 10_000,
    ):
        page = await alice.browser.post(
            END, data={"id_token_hint": hint, "post_logout_redirect_uri": AFTER}, headers=OWN
        )
        assert page.status_code in (200, 400), hint[:50]
        assert 'name="post_logout_redirect_uri" value=""' in page.text or page.status_code == 400
        assert not await alice.over()
    page = await alice.end(id_token_hint="x", post_logout_redirect_uri=AFTER)
    assert (await alice.press(page)).headers["location"] == "/signed-out"
    assert await alice.over()


async def test_the_hint_of_an_earlier_session_asks_and_then_leads_back(acts: Acts) -> None:
    earlier = await signed_in(acts)
    alice = await signed_in(acts)
    page = await alice.end(id_token_hint=earlier.tokens["id_token"], post_logout_redirect_uri=AFTER, state="s")
    assert page.status_code == 200
    assert not await alice.over()
    assert "form-action 'self' https://app.example;" in page.headers["content-security-policy"]
    assert (await alice.press(page)).headers["location"] == f"{AFTER}&state=s"
    assert await alice.over()
    assert not await earlier.over()


async def test_repeated_and_foreign_parameters_are_refused(acts: Acts) -> None:
    alice = await signed_in(acts)
    twice = httpx2.QueryParams({"post_logout_redirect_uri": [AFTER, "https://evil.example/"]})
    assert (await alice.browser.get(END, params=twice, headers=OWN)).status_code == 400
    assert (await alice.end(client_id="other")).status_code == 400
    assert (await alice.browser.head(END, params={"client_id": "app"}, headers=OWN)).status_code == 200
    assert not await alice.over()


async def test_a_hint_is_of_no_use_after_its_session(acts: Acts) -> None:
    """Replayed from a log, it ends no later session of the same person."""
    alice = await signed_in(acts)
    hint = alice.tokens["id_token"]
    await alice.end(id_token_hint=hint)
    later = await signed_in(acts)
    assert (await later.end({"sec-fetch-site": "cross-site"}, id_token_hint=hint)).status_code == 200
    assert not await later.over()


async def test_clients_with_frames_hear_of_it_in_the_browser(acts: Acts) -> None:
    alice = await signed_in(acts)
    await other_client(
        acts,
        alice.session_id,
        "framed",
        logout_uri="https://framed.example:8443/out?tenant=1",
        logout_method="frontchannel",
    )
    session = await acts.sessions.find(alice.cookie)
    assert session is not None
    page = await alice.end(post_logout_redirect_uri=AFTER, state="s")
    assert page.status_code == 200
    [frame] = [unescape(one) for one in re.findall(r'<iframe hidden src="([^"]*)"', page.text)]
    assert frame.startswith("https://framed.example:8443/out?tenant=1&")
    query = parse_qs(urlsplit(frame).query)
    assert query["iss"] == [f"{BASE}/application/o/framed/"]
    assert query["sid"] == [session.row.sid]
    policy = page.headers["content-security-policy"]
    assert "frame-src https://framed.example:8443; " in policy
    assert "script-src" not in policy
    target = f"{AFTER}&state=s"
    assert f'content="3;url={target}"' in unescape(page.text)
    assert f'href="{target}"' in unescape(page.text)
    assert await alice.over()
    assert any("gatewright_idp_session" in value for value in page.headers.get_list("set-cookie"))


async def test_one_application_alone(acts: Acts) -> None:
    alice = await signed_in(acts)
    kept = await other_client(acts, alice.session_id, "other")
    await acts.change("app", invalidation_flow=ONE_ALONE)
    page = await alice.end()
    assert page.status_code == 200
    assert "logged out of App" in unescape(page.text)
    assert "set-cookie" not in page.headers or "gatewright_idp_session" not in page.headers["set-cookie"]
    assert (await acts.userinfo(alice.tokens["access_token"])).status_code == 401
    assert (await acts.userinfo(kept)).status_code == 200
    assert not await alice.over()
    assert (await alice.press(page)).headers["location"] == "/signed-out"
    assert await alice.over()
    assert (await acts.userinfo(kept)).status_code == 401


async def test_one_application_alone_goes_back_where_it_asked_to(acts: Acts) -> None:
    alice = await signed_in(acts)
    await acts.change("app", invalidation_flow=ONE_ALONE)
    assert (await alice.end(post_logout_redirect_uri=AFTER)).headers["location"] == AFTER
    assert not await alice.over()


async def test_an_image_leaves_one_application_alone_too(acts: Acts) -> None:
    alice = await signed_in(acts)
    await acts.change("app", invalidation_flow=ONE_ALONE)
    page = await alice.end({"sec-fetch-site": "cross-site", "sec-fetch-dest": "image"})
    assert "This signs you out of App." in page.text
    assert (await acts.userinfo(alice.tokens["access_token"])).status_code == 200


async def test_the_dashboard_left_alone_ends_its_own_session(acts: Acts) -> None:
    alice = await signed_in(acts)
    session = await acts.sessions.find(alice.cookie)
    assert session is not None
    store = Sessions(acts.db, "gateway", DAY)
    user = acts.stand.people["alice"]
    token, _ = await store.open(user, Origin(), source="embedded", provider_sid=session.row.sid)
    await acts.change("litellm", invalidation_flow=ONE_ALONE)
    await acts.change("app", invalidation_flow=ONE_ALONE)
    await alice.end()
    assert await store.find(token) is not None
    alice.browser.cookies.set("gatewright_signed_out", "1", domain="localhost.local")
    left = await alice.browser.get("/application/o/litellm/end-session/", headers=OWN)
    assert await store.find(token) is None
    assert not await alice.over()
    # The mark stays, so that the next sign-in asks: no silent way back in.
    assert "gatewright_signed_out" not in left.headers.get("set-cookie", "")


async def test_discovery_says_which_sign_outs_there_are(acts: Acts) -> None:
    async with acts.stand.browser() as http:
        found = (await http.get("/application/o/app/.well-known/openid-configuration")).json()
    for name in ("backchannel", "frontchannel"):
        assert found[f"{name}_logout_supported"] is True
        assert found[f"{name}_logout_session_supported"] is True
    assert found["end_session_endpoint"] == BASE + END
