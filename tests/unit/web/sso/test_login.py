"""LiteLLM's sign-in with a password, and the page for it: for the emergency administrator of the variables alone."""

import base64

import httpx2
import pytest
from tests.unit.web.authentik.conftest import PASSWORD, Desk
from tests.unit.web.conftest import BASE, MASTER
from tests.unit.web.sso.conftest import OUTSIDE, Started

from gatewright.domain.people import Origin
from gatewright.idp.factors import totp

UI = {"UI_USERNAME": "chief", "UI_PASSWORD": "a-password-that-nobody-guesses"}
GOOD = {"username": "chief", "password": UI["UI_PASSWORD"]}


async def me(browser: httpx2.AsyncClient) -> int:
    return (await browser.get("/api/v1/me")).status_code


async def test_the_form_opens_a_session_that_no_script_reads(started: Started) -> None:
    worker = await started.worker(**UI)
    browser = worker.at("203.0.113.20")
    done = await browser.post("/login", data=GOOD)
    assert (done.status_code, done.headers["location"]) == (303, f"{BASE}/ui/?login=success")
    [cookie] = done.headers.get_list("set-cookie")
    assert cookie.startswith("gatewright_session=")
    assert "HttpOnly" in cookie
    assert "token" not in browser.cookies
    found = (await browser.get("/api/v1/me")).json()
    assert (found["user_id"], found["role"]) == ("chief", "proxy_admin")
    # Another one ends the session before it.
    old = dict(browser.cookies)
    assert (await browser.post("/login", data=GOOD)).status_code == 303
    assert await me(worker.at("203.0.113.21")) == 401
    stale = worker.at("203.0.113.21")
    stale.cookies.update(old)
    assert await me(stale) == 401


async def test_the_json_answer_holds_no_key(started: Started) -> None:
    """LiteLLM's dashboard keeps a `token` only when there is one, and goes to `redirect_url`."""
    browser = (await started.worker(**UI)).at("203.0.113.20")
    done = await browser.post("/v2/login", json=GOOD)
    assert (done.status_code, done.json()) == (200, {"redirect_url": f"{BASE}/ui/?login=success"})
    assert await me(browser) == 200
    assert (await browser.post("/v3/login", json=GOOD)).status_code == 404
    assert (await browser.post("/v3/login/exchange", json={"code": "x"})).status_code == 404


@pytest.mark.parametrize("path", ["/login", "/v2/login"])
async def test_wrong_credentials_are_litellms_error_and_counted(started: Started, path: str) -> None:
    worker = await started.worker(**UI)
    answers = []
    for number in range(10):
        wrong = {"username": "chief", "password": f"wrong {number}"}
        browser = worker.at("203.0.113.30")
        answers.append(await (browser.post(path, data=wrong) if path == "/login" else browser.post(path, json=wrong)))
    assert [answer.status_code for answer in answers] == [401] * 8 + [429] * 2
    error = answers[0].json()["error"]
    assert error == {
        "message": "Invalid credentials used to access UI. Check 'UI_USERNAME' and 'UI_PASSWORD', or the password set "
        "for your user",
        "type": "auth_error",
        "param": "invalid_credentials",
        "code": "401",
    }
    assert int(answers[-1].headers["retry-after"]) > 0
    assert ("text/html" in answers[-1].headers["content-type"]) == (path == "/login")
    # The right password is not looked at meanwhile.
    assert (await worker.at("203.0.113.31").post("/v2/login", json=GOOD)).status_code == 429
    outcomes = [event["outcome"] for event in await Desk(worker).events("login.break_glass")]
    assert outcomes.count("credentials_wrong") == 8
    assert "too_many_attempts" in outcomes


async def test_neither_the_master_key_nor_somebodys_password_signs_in(started: Started) -> None:
    worker = await started.worker(**UI)
    desk = Desk(worker)
    made = await desk.user("ada")
    await desk.ok("POST", f"/core/users/{made['pk']}/set_password/", {"password": PASSWORD})
    for name, password in (("admin", MASTER), ("chief", MASTER), ("ada", PASSWORD), ("chief", ""), ("", "")):
        refused = await worker.client.post("/v2/login", json={"username": name, "password": password})
        assert refused.status_code == 401, name
        assert f"{BASE}/ui/" in refused.json()["hint"]
    assert "gatewright_session" not in worker.client.cookies


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "origin": BASE},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_another_sites_form_signs_nobody_in(started: Started, headers: dict[str, str]) -> None:
    worker = await started.worker(**UI)
    for answer in (
        await worker.client.post("/login", data=GOOD, headers=headers),
        await worker.client.post("/v2/login", json=GOOD, headers=headers),
        await worker.client.post("/v2/login", content=b'{"username": "chief"}', headers={**headers, "x": "y"}),
    ):
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


async def test_the_second_factor_is_asked_for_here_too(started: Started) -> None:
    worker = await started.worker(**UI)
    user, factors = await worker.program.users.by_user_id("chief"), worker.program.provider.factors
    begun = await factors.begin_app(user, "phone")
    steps = worker.program.db.clock() // totp.PERIOD
    codes = await factors.confirm_app(user, begun.id, totp.code_at(base64.b32decode(begun.secret), steps), Origin())
    for without in (await worker.client.post("/v2/login", json=GOOD), await worker.client.post("/login", data=GOOD)):
        assert (without.status_code, "set-cookie" in without.headers) == (401, False)
    assert (await worker.client.post("/v2/login", json={**GOOD, "code": codes[0]})).status_code == 200
    assert (await worker.client.post("/login", data={**GOOD, "code": codes[1]})).status_code == 303


async def test_the_page_for_it_works_without_script_and_with_the_provider_down(started: Started) -> None:
    worker = await started.worker(**UI, **OUTSIDE)
    browser = worker.at("203.0.113.40")
    # The provider does not answer, and still is no reason to be locked out.
    page = await browser.get("/fallback/login")
    assert (page.status_code, "<script" in page.text) == (200, False)
    token = page.text.split('name="csrf" value="', 1)[1].split('"', 1)[0]
    wrong = await browser.post("/fallback/login", data={"csrf": token, **GOOD, "password": "wrong"})
    assert wrong.status_code == 401
    assert (await browser.post("/fallback/login", data={"csrf": token, **GOOD})).status_code == 303
    assert await me(browser) == 200
    assert [e["outcome"] for e in await Desk(worker).events("login.break_glass")] == ["ok", "credentials_wrong"]


async def test_with_the_embedded_provider_the_page_is_there_for_the_variables_alone(started: Started) -> None:
    without = await started.worker()
    assert (await without.client.get("/fallback/login")).headers["location"] == "/sso/key/generate"
    assert (await without.client.post("/login", data=GOOD)).status_code == 401
    assert (await (await started.worker(**UI)).client.get("/fallback/login")).status_code == 200
    # Taken out of the environment, the account has no password.
    gone = await started.worker()
    assert (await gone.client.post("/login", data=GOOD)).status_code == 401


async def test_a_dashboard_that_is_switched_off(started: Started) -> None:
    worker = await started.worker(**UI, DISABLE_ADMIN_UI="true")
    browser = worker.at("203.0.113.50", {"accept": "text/html"})
    for path in ("/ui", "/ui/", "/ui/keys", "/ui/assets/x.js", "/sso/key/generate", "/sso/login", "/fallback/login"):
        notice = await browser.get(path)
        assert (notice.status_code, "DISABLE_ADMIN_UI" in notice.text) == (200, True), path
    for path in ("/login", "/v2/login"):
        closed = await (browser.post(path, data=GOOD) if path == "/login" else browser.post(path, json=GOOD))
        assert (closed.status_code, closed.json()["error"]["param"]) == (403, "DISABLE_ADMIN_UI")
    # The command line's sign-in goes on.
    begun = (await browser.post("/sso/cli/start")).json()
    query = {"source": "litellm-cli", "key": begun["login_id"]}
    assert (await browser.get("/sso/key/generate", params=query)).status_code == 303
    assert (await worker.admin.get("/v1/models")).status_code == 200


async def test_what_switches_it_off(started: Started) -> None:
    closed = await started.worker(**UI, GATEWRIGHT_CONFIG=config(started, "disable_password_login_when_sso_enabled"))
    answer = await closed.client.post("/v2/login", json=GOOD)
    assert (answer.status_code, answer.json()["error"]["param"]) == (403, "disable_password_login_when_sso_enabled")
    assert (await closed.client.post("/login", data=GOOD)).status_code == 403
    without = await started.worker(**UI, GATEWRIGHT_CONFIG=config(started, "disable_env_credential_login"))
    assert (await without.client.post("/v2/login", json=GOOD)).status_code == 401


def config(started: Started, key: str) -> str:
    path = started.folder / f"{key}.yaml"
    path.write_text(f"general_settings: {{{key}: true}}\n")
    return str(path)
