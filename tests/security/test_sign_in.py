"""The sign-in, its links and its pages: attacks on accounts and on the browser in between."""

import asyncio
import base64
import hmac
import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher

from .stage import (
    ADMIN,
    AUTHORIZE,
    EXPLICIT,
    PASSWORD,
    SIGN_IN,
    Site,
    error,
    good,
    opened,
    returned,
    without_token,
)

pytestmark = pytest.mark.anyio
NEW = "a newer horse battery"
WRONG = "do not belong together"


def app_code(site: Site, secret: str) -> str:
    """RFC 6238, as any authenticator app has it."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, (site.clock() // 30_000).to_bytes(8, "big"), "sha1")
    start = digest[-1] & 15
    return f"{(int.from_bytes(digest[start : start + 4], 'big') & 0x7FFFFFFF) % 1_000_000:06d}"


async def with_app(site: Site, name: str) -> tuple[str, list[str]]:
    """Gives somebody an authenticator app, on the dashboard: its secret, and the recovery codes."""
    browser = site.browser()
    await browser.dashboard(name)
    begun = good(await browser.api("POST", "/api/v1/me/security/apps", {"password": PASSWORD, "name": "Phone"}))
    secret = begun["secret"].replace(" ", "")
    confirm = f"/api/v1/me/security/apps/{begun['id']}/confirm"
    codes = good(await browser.api("POST", confirm, {"code": app_code(site, secret)}))["recovery_codes"]
    site.clock.pass_(minutes=1)
    return secret, codes


@pytest.fixture
def verified(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The stored hash of every password that is checked, in their order."""
    found: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, stored: str, password: str) -> Any:
        found.append(stored)
        return verify(self, stored, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    return found


async def test_06_nobody_names_whose_factor_it_is(site: Site) -> None:
    victim, thief = await site.person("victim"), await site.person("thief")
    await with_app(site, victim["username"])
    secret, codes = await with_app(site, thief["username"])
    browser = site.browser()
    page = await browser.sign_in(victim["username"])
    assert "One more step" in page.text
    named = dict.fromkeys(("user", "username", "name", "person", "email", "phone", "to"), thief["username"])
    for code in (app_code(site, secret), codes[0]):
        refused = await browser.submit(page, code=code, **named)
        assert refused.status_code == 400
    assert browser.cookie("gatewright_idp_session") is None
    # Nor is a person who was asked once asked about somebody else later.
    assert victim["email"] in page.text
    assert thief["email"] not in (await browser.submit(page, code="000000", **named)).text


async def test_07_an_invitation_ends_when_it_says_so_cleaned_up_or_not(stored: Site) -> None:
    made = await stored.ok("POST", "/api/v3/stages/invitation/invitations/", {"name": stored.name("i")})
    browser, typed = stored.browser(), {"username": stored.name("mallory"), "name": "M", "email": "", "password": NEW}
    page = await browser.open(made["link"])
    assert page.status_code == 200
    stored.clock.pass_(days=7)
    late = await browser.submit(page, **typed)
    assert late.status_code == 403
    found = await stored.ok("GET", f"/api/v3/core/users/?username={typed['username']}")
    assert found["results"] == []


async def test_07_a_single_invitation_makes_one_person(stored: Site) -> None:
    made = await stored.ok("POST", "/api/v3/stages/invitation/invitations/", {"name": stored.name("i")})
    guests = [stored.browser(worker=n % 2) for n in range(4)]
    pages = [await guest.open(made["link"]) for guest in guests]
    name = stored.name("guest")
    answers = await asyncio.gather(
        *(
            guest.press(page, username=f"{name}-{n}", name="G", email="", password=NEW)
            for n, (guest, page) in enumerate(zip(guests, pages, strict=True))
        )
    )
    assert sorted(one.status_code for one in answers) == [303, 403, 403, 403]
    found = await stored.ok("GET", f"/api/v3/core/users/?search={name}")
    assert len(found["results"]) == 1


async def test_09_a_link_works_once_and_for_its_own_purpose(stored: Site) -> None:
    person = await stored.person()
    link = (await stored.ok("POST", f"/api/v3/core/users/{person['pk']}/recovery/", {}))["link"]
    invitation = (await stored.ok("POST", "/api/v3/stages/invitation/invitations/", {"name": stored.name("i")}))["link"]
    token, itoken = link.rsplit("/", 2)[1], invitation.partition("itoken=")[2]
    for url in (
        f"/recovery/use-token/{itoken}/",
        f"/if/flow/default-enrollment-flow/?itoken={token}",
        f"/setup?token={token}",
        f"/setup?token={itoken}",
    ):
        assert (await stored.browser().open(url)).status_code == 403, url
    browsers = [stored.browser(worker=n % 2) for n in range(4)]
    pages = [await browser.open(link) for browser in browsers]
    answers = await asyncio.gather(
        *(
            browser.press(page, password=f"{NEW} {n}")
            for n, (browser, page) in enumerate(zip(browsers, pages, strict=True))
        )
    )
    assert sorted(one.status_code for one in answers) == [303, 403, 403, 403]
    good_ones = [
        n for n in range(4) if WRONG not in (await stored.browser().sign_in(person["username"], f"{NEW} {n}")).text
    ]
    assert len(good_ones) == 1
    # A newer link puts an end to the older, and so does a deactivation.
    older = (await stored.ok("POST", f"/api/v3/core/users/{person['pk']}/recovery/", {}))["link"]
    newer = (await stored.ok("POST", f"/api/v3/core/users/{person['pk']}/recovery/", {}))["link"]
    assert (await stored.browser().open(older)).status_code == 403
    page = await (browser := stored.browser()).open(newer)
    await stored.change(person, is_active=False)
    assert (await browser.press(page, password=NEW)).status_code == 403


async def test_19_the_set_up_never_opens_again(tmp_path: Path) -> None:
    async with opened(tmp_path, None) as site:
        browser = site.browser()
        csrf = re.findall(r'name="csrf" value="(\w+)"', (await browser.open(SIGN_IN)).text)[0]
        fields = {"csrf": csrf, "email": "mallory@evil.example", "password": NEW}
        for token in ("", "x", "0" * 43):
            assert (await browser.open("/setup", token=token)).status_code == 403
            assert (await browser.http.post("/setup", data={**fields, "token": token})).status_code == 403
        # Not by deleting the administrator either, who is the last one.
        [root] = (await site.ok("GET", f"/api/v3/core/users/?username={ADMIN}"))["results"]
        for method, body in (("DELETE", None), ("PATCH", {"is_active": False}), ("PATCH", {"groups": []})):
            answer = await site.admin.request(method, f"/api/v3/core/users/{root['pk']}/", json=body)
            assert (answer.status_code, answer.json()["code"]) == (409, "last_admin")


async def test_19_answers_do_not_tell_who_is_there(site: Site, verified: list[str]) -> None:
    """One text, one status and one password hash each, whoever it is."""
    person, off = await site.person(), await site.person("off")
    await site.change(off, is_active=False)
    nobodys = await site.ok("POST", "/api/v3/core/users/", {"username": site.name("no-password"), "name": "N"})
    robot = await site.ok("POST", "/api/v3/core/users/service_account/", {"name": site.name("robot")})
    seen = set()
    names = (person["username"], person["email"], off["username"], nobodys["username"], robot["username"], "nobody")
    await site.browser().sign_in("the first one makes the hash that stands for nobody's", "x")
    for name in names:
        del verified[:]
        answer = await site.browser().sign_in(name, "wrong")
        seen.add((answer.status_code, len(verified), without_token(answer.text).replace(name, "")))
    assert len(seen) == 1
    assert next(iter(seen))[:2] == (400, 1)
    # The links of a recovery and of an invitation: unknown, used and made up are one.
    link = (await site.ok("POST", f"/api/v3/core/users/{person['pk']}/recovery/", {}))["link"]
    browser = site.browser()
    await browser.press(await browser.open(link), password=NEW)
    answers = [await site.browser().open(url) for url in (link, "/recovery/use-token/made-up/")]
    assert len({(one.status_code, without_token(one.text)) for one in answers}) == 1


async def test_26_every_step_gives_a_new_session(site: Site) -> None:
    person = await site.person()
    browser = site.browser()
    planted = "chosen-by-the-attacker"
    for name in ("gatewright_idp_session", "gatewright_session"):
        browser.http.cookies.set(name, planted, domain="localhost.local", path="/")
    await browser.dashboard(person["username"])
    first = {one.name: one.value for one in browser.http.cookies.jar if one.value != planted}
    assert {"gatewright_idp_session", "gatewright_session"} <= first.keys()
    for worker in (0, 1):
        thief = site.at(worker=worker, headers={"cookie": f"gatewright_session={planted}"})
        assert (await thief.get("/api/v1/me")).status_code == 401
    # A second sign-in, by the same person, and one with a second factor.
    secret, _ = await with_app(site, person["username"])
    again = site.browser()
    old = first["gatewright_idp_session"] or ""
    again.http.cookies.set("gatewright_idp_session", old, domain="localhost.local", path="/")
    page = await again.sign_in(person["username"])
    handle = again.cookie("gatewright_step")
    await again.submit(page, code=app_code(site, secret))
    sessions = [one.value for one in again.http.cookies.jar if one.name == "gatewright_idp_session"]
    assert old not in sessions
    app = await site.client()
    for cookie in (f"gatewright_idp_session={old}", f"gatewright_step={handle}"):
        thief = site.at(worker=1, headers={"cookie": cookie})
        silent = await thief.get(AUTHORIZE, params=app.request(prompt="none"))
        assert returned(silent)["error"] == "login_required"
    # Signed out, neither id is worth anything, here or there.
    leaving = site.browser()
    page = await leaving.sign_in(person["username"], **app.request())
    site.clock.pass_(minutes=1)
    await leaving.submit(page, code=app_code(site, secret))
    last = leaving.cookie("gatewright_idp_session")
    page = await leaving.open(f"{app.issuer}end-session/")
    await leaving.submit(page)
    thief = site.at(worker=1, headers={"cookie": f"gatewright_idp_session={last}"})
    assert returned(await thief.get(AUTHORIZE, params=app.request(prompt="none")))["error"] == "login_required"


async def test_26_a_half_done_sign_in_belongs_to_its_browser(site: Site) -> None:
    person = await site.person()
    secret, _ = await with_app(site, person["username"])
    mine, thief = site.browser(), site.browser()
    page = await mine.sign_in(person["username"])
    await thief.open(SIGN_IN)
    # The page's form, from another browser: neither the form token nor the step is theirs.
    stolen = await thief.press(page, code=app_code(site, secret))
    assert stolen.status_code == 403
    own_token = re.findall(r'name="csrf" value="(\w+)"', (await thief.open(SIGN_IN)).text)[0]
    refused = await thief.press(page, code=app_code(site, secret), csrf=own_token)
    assert (refused.status_code, "again=over" in refused.headers["location"]) == (303, True)
    assert thief.cookie("gatewright_idp_session") is None


async def test_27_guesses_are_counted_by_account_on_every_way_and_in_parallel(
    stored: Site, verified: list[str]
) -> None:
    person = await stored.person()
    signed_in = stored.browser()
    await signed_in.dashboard(person["username"])
    # The password is asked again for what a thief of the session would do, and counts with the others.
    remove = {"current_password": "wrong", "new_password": NEW}
    for _ in range(2):
        asked = await signed_in.api("POST", "/api/v1/me/security/password", remove)
        assert (asked.status_code, asked.json()["code"]) == (403, "password_wrong")
    names = (person["username"], person["email"], person["email"].upper())
    guessers = [stored.browser(worker=n % 2) for n in range(24)]
    pages = [await guesser.open(SIGN_IN) for guesser in guessers]
    del verified[:]
    answers = await asyncio.gather(
        *(
            guesser.submit(page, name=names[n % 3], password=f"guess {n}")
            for n, (guesser, page) in enumerate(zip(guessers, pages, strict=True))
        )
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [400] * 6 + [429] * 18
    assert len(verified) == 6
    # Now the right one is not looked at, wherever it is typed.
    assert (await stored.browser().sign_in(person["username"])).status_code == 429
    right = {"current_password": PASSWORD, "new_password": NEW}
    assert (await signed_in.api("POST", "/api/v1/me/security/password", right)).status_code == 429
    assert len(verified) == 6
    stored.clock.pass_(minutes=5)
    assert (await stored.browser().sign_in(person["username"])).status_code == 200


async def test_27_guesses_of_a_factor_are_few_in_parallel_and_the_pause_grows(stored: Site) -> None:
    person = await stored.person()
    secret, codes = await with_app(stored, person["username"])
    guessers = [stored.browser(worker=n % 2) for n in range(12)]
    pages = [await guesser.sign_in(person["username"]) for guesser in guessers]

    async def guess(typed: list[str]) -> list[httpx2.Response]:
        tries = zip(guessers, pages, typed, strict=False)
        return list(await asyncio.gather(*(guesser.submit(page, code=code) for guesser, page, code in tries)))

    statuses = sorted(one.status_code for one in await guess(["000000"] * 12))
    assert statuses == [400] * 5 + [429] * 7
    waits = []
    for _ in range(3):
        right = await guess([app_code(stored, secret), codes[0]])
        assert [one.status_code for one in right] == [429, 429]
        waits.append(int(right[0].headers["retry-after"]))
        stored.clock.pass_(seconds=waits[-1])
        assert sorted(one.status_code for one in await guess(["000000"] * 3)) == [400, 429, 429]
    assert waits == [60, 120, 240]


async def test_27_device_codes_cannot_be_guessed(stored: Site) -> None:
    app, person = await stored.client(), await stored.person()
    browser = stored.browser()
    page = await browser.sign_in(person["username"], **app.request())
    assert "code" in returned(page)
    typing = await browser.open("/device")
    answers = await asyncio.gather(*(browser.press(typing, user_code="BCDF-GHJK") for _ in range(40)))
    refused = [one.status_code for one in answers]
    assert refused.count(429) >= 20
    started = await app.device()
    assert (await browser.press(typing, user_code=started["user_code"])).status_code == 429


async def test_31_nobody_approves_for_somebody_else(site: Site) -> None:
    """The attacker knows the request, its page and its ticket, and polls: the browser that was asked must answer."""
    [flow] = (await site.ok("GET", f"/api/v3/flows/instances/?slug={EXPLICIT}"))["results"]
    app = await site.client(authorization_flow=flow["pk"])
    person, attacker = await site.person(), await site.person("attacker")
    mine, theirs = site.browser(), site.browser()
    await theirs.sign_in(attacker["username"])
    page = await mine.sign_in(person["username"], **app.request(prompt="login"))
    address = str(page.url)
    assert "ticket=" in address
    # The address alone gets the attacker their own page, about themselves.
    seen = await theirs.open(address)
    assert "code=" not in seen.headers.get("location", "")
    assert person["username"] not in seen.text
    # What the person did for the request counts for nobody else: the attacker has not signed in for it.
    assert 'type="password"' in seen.text
    # The page's answer from their browser, with its token or with their own, gives no code.
    assert (await theirs.press(page, decision="allow")).status_code == 403
    own = re.findall(r'name="csrf" value="(\w+)"', (await theirs.open(SIGN_IN)).text)[0]
    answer = await theirs.press(page, decision="allow", csrf=own)
    assert "code=" not in answer.headers.get("location", "")
    # Nor does another site send the answer for the person.
    fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example", "sec-fetch-site": "same-site"},
    ):
        form = {**fields, "decision": "allow"}
        forged = await mine.http.post(f"/if/flow/{EXPLICIT}/", data=form, headers=headers)
        assert forged.status_code == 403
    assert "code" in returned(await mine.submit(page, decision="allow"))


async def test_31_nobody_approves_a_device_for_somebody_else(site: Site) -> None:
    app, person, attacker = await site.client(), await site.person(), await site.person("attacker")
    mine, theirs = site.browser(), site.browser()
    await theirs.sign_in(attacker["username"])
    await mine.sign_in(person["username"])
    started = await app.device()
    shown = await mine.submit(await mine.open("/device"), user_code=started["user_code"])
    assert (await theirs.press(shown, answer="approve")).status_code == 403
    fields = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', shown.text))
    for changes in ({}, {"csrf": "0" * 64}):
        forged = await mine.http.post(
            "/device", data={**fields, **changes, "answer": "approve"}, headers={"sec-fetch-site": "cross-site"}
        )
        assert forged.status_code == 403
    # Approved unseen, by a page that named somebody else, is not approved.
    await mine.press(shown, answer="approve", person=attacker["uuid"])
    assert error(await app.poll(started)) == "authorization_pending"
    # The link does not fill the code in, so that one click is not enough.
    assert "verification_uri_complete" not in started
    linked = await mine.open(f"/device?code={started['user_code']}")
    assert started["user_code"] not in linked.text


@pytest.mark.parametrize("kind", ["name and address", "case", "unicode"])
async def test_35_another_spelling_of_the_same_account_wins_nothing(site: Site, verified: list[str], kind: str) -> None:
    name = site.name("Zoë.ﬁne" if kind == "unicode" else "Person")
    person = await site.person(email=f"{name}@example.com")
    email = person["email"]
    spellings = {
        "name and address": [person["username"], email],
        "case": [email, email.upper(), email.lower(), email.title(), f"  {email}  "],
        "unicode": [email, email.upper(), email.lower(), email.casefold(), f"{email}\x00"],
    }[kind]
    await site.browser().sign_in("nobody at all", "x")
    for n in range(30):
        await site.browser().sign_in(spellings[n % len(spellings)], f"guess {n}")
    theirs = await stored_hash(site, person["username"], verified)
    assert verified.count(theirs) <= 8


async def stored_hash(site: Site, name: str, verified: list[str]) -> str:
    """The hash that this person's password is checked against."""
    site.clock.pass_(minutes=6)
    await site.browser().sign_in(name)
    found = verified.pop()
    assert found.startswith("$argon2id$")
    return found


async def test_35_a_locked_name_tells_as_little_as_one_that_nobody_has(site: Site) -> None:
    """The pause comes at the same guess, whichever spellings are typed."""
    there = await site.person("Person")
    seen = []
    for name in (there["username"], site.name("Nobody")):
        spellings = (name, name.upper(), name.lower())
        seen.append([(await site.browser().sign_in(spellings[n % 3], "x")).status_code for n in range(12)])
    assert seen[0] == seen[1] == [400] * 8 + [429] * 4
