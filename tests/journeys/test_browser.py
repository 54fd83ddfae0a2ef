"""The whole path as one journey in a real browser, in both colour schemes, on both databases, with two workers.

Set up, sign in, first request, a model of one's own, command line, users, sessions, sign out.
"""

import re
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest
from openai import OpenAI
from playwright.sync_api import Browser, Page, expect
from tests.browsers import Tab, sign_in
from tests.conftest import new_database
from tests.journeys.conftest import CommandLine
from tests.servers import Gatewright, Upstream, eventually, gatewright

NAME, PASSWORD = "ada@example.local", "correct horse battery"


@pytest.mark.parametrize(("scheme", "database"), [("light", "sqlite"), ("dark", "postgresql")])
def test_the_whole_path(
    scheme: str, database: str, browser: Browser, upstream: Upstream, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with (
        new_database(request, database) as url,
        # PostgreSQL may mean several machines, so loopback is not reached there without the operator's word.
        gatewright(tmp_path / "data", DATABASE_URL=url, GATEWRIGHT_ALLOWED_NETWORKS="127.0.0.0/8") as server,
    ):
        tab = Tab(browser, scheme, server.url)
        set_up(tab, server)
        first_sign_in(tab, server)
        key = first_request(tab, server)
        own_model(tab, server, upstream, key)
        command_line(tab, server, tmp_path)
        users(tab, server)
        revoke(tab, server, key)
        sign_out(tab, server)
        tab.close()


def set_up(tab: Tab, server: Gatewright) -> None:
    page = tab.page
    page.goto(server.setup_link)
    tab.check()
    page.get_by_label("E-mail address").fill("no address")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create administrator").click()
    expect(page.get_by_role("alert")).to_contain_text("not an e-mail address")
    tab.check()
    page.get_by_label("E-mail address").fill(NAME)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Create administrator").click()
    expect(page).to_have_url(re.compile("/if/flow/default-authentication-flow/"))
    again = page.request.get(server.setup_link)
    assert again.status == 403
    assert "was used" in again.text()


def first_sign_in(tab: Tab, server: Gatewright) -> None:
    page = tab.page
    page.goto(f"{server.url}/ui/users")
    tab.check()
    sign_in(page, NAME, "wrong password")
    expect(page.get_by_role("alert")).to_be_visible()
    tab.check()
    sign_in(page, NAME, PASSWORD)
    expect(page.get_by_role("heading", level=1, name="Users")).to_be_visible()
    me = api(page, server, "/api/v1/me")
    assert (me["user_id"], me["role"], me["email"]) == (NAME, "proxy_admin", NAME)
    reason = {"rule": "claim", "claim": "litellm_role", "value": "proxy_admin", "warning": None}
    assert me["role_reason"].items() >= reason.items()
    decided = [step["role"] for step in me["role_reason"]["steps"] if step.get("decides")]
    assert decided == ["proxy_admin"]
    cookies = {cookie["name"]: cookie for cookie in tab.context.cookies()}
    assert all(cookie["httpOnly"] and cookie["sameSite"] == "Lax" for cookie in cookies.values())
    assert {"gatewright_session", "gatewright_idp_session"} <= cookies.keys()


def first_request(tab: Tab, server: Gatewright) -> str:
    page = tab.page
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Overview").click()
    expect(page.get_by_role("heading", name="Send your first request")).to_be_visible()
    tab.check()
    page.get_by_role("button", name="Create a key").click()
    curl = page.get_by_test_id("first-request-curl")
    expect(curl).to_contain_text("sk-")
    command = curl.inner_text()
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=30, check=True)
    assert "demonstration model" in done.stdout
    expect(page.get_by_text("Your first request arrived")).to_be_visible()
    tab.check()
    found = re.search(r"sk-[\w-]+", command)
    assert found is not None
    return found[0]


def own_model(tab: Tab, server: Gatewright, upstream: Upstream, key: str) -> None:
    page = tab.page
    page.goto(f"{server.url}/ui/models")
    expect(page.get_by_role("cell", name="echo").first).to_be_visible()
    tab.check()
    page.get_by_role("button", name="Add model").first.click()
    dialog = page.get_by_role("dialog")
    fill_model(dialog, "http://169.254.169.254/v1")
    expect(dialog).to_contain_text("metadata")
    tab.check()
    fill_model(dialog, upstream.base)
    expect(page.get_by_role("cell", name="house-model").first).to_be_visible()
    tab.check()
    client = OpenAI(base_url=f"{server.url}/v1", api_key=key, max_retries=0)
    eventually(lambda: [model.id for model in client.models.list()] == ["house-model"], "the model on every worker")
    for _ in range(4):
        answer = client.chat.completions.create(model="house-model", messages=[{"role": "user", "content": "Hi"}])
        assert answer.choices[0].message.content == "Hello"
    stream = client.chat.completions.create(
        model="house-model", messages=[{"role": "user", "content": "Hi"}], stream=True
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in stream) == "Hello"
    assert {sent["model"] for sent in upstream.requests} == {"real-model"}
    assert upstream.headers[0]["authorization"] == "Bearer sk-upstream"
    client.close()
    page.goto(f"{server.url}/ui/")
    # Five requests of (9 + 12) tokens but the stream's (9 + 3), at $1 and $2 a million.
    eventually(lambda: api(page, server, "/api/v1/overview")["requests"] == 6, "the requests in the ledger")
    models = {row["model"]: row for row in api(page, server, "/api/v1/overview")["models"]}
    assert models["house-model"]["tokens"] == 4 * 21 + 12
    assert models["house-model"]["spend"] == "0.000147"
    page.reload()
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    expect(page.get_by_text("house-model").first).to_be_visible()
    tab.check()


def fill_model(dialog: Any, api_base: str) -> None:
    dialog.get_by_label("Name", exact=True).fill("house-model")
    dialog.get_by_label("Upstream model").fill("real-model")
    dialog.get_by_label("API base").fill(api_base)
    dialog.get_by_label("API key").fill("sk-upstream")
    dialog.get_by_label("Input price").fill("1")
    dialog.get_by_label("Output price").fill("2")
    dialog.get_by_role("button", name="Add model").click()


def command_line(tab: Tab, server: Gatewright, tmp_path: Path) -> None:
    page = tab.page
    terminal = CommandLine(tmp_path / "home", server.url)
    login = terminal.start("login", "--no-browser")
    assert login.stdout is not None
    text = ""
    while not (re.search(r"http\S+/sso/key/generate\S+", text) and re.search(r"[A-Z2-9]{4}-[A-Z2-9]{4}", text)):
        line = login.stdout.readline()
        assert line, text
        text += line
    link = re.search(r"http\S+/sso/key/generate\S+", text)
    code = re.search(r"\b[A-Z2-9]{4}-[A-Z2-9]{4}\b", text)
    assert link
    assert code
    page.goto(link[0])
    expect(page.get_by_role("heading", name="Confirm the command line")).to_be_visible()
    tab.check()
    page.get_by_label("Verification code").fill("ZZZZ-ZZZZ")
    page.get_by_role("button", name="Sign the terminal in").click()
    expect(page.get_by_role("alert")).to_be_visible()
    tab.check()
    page.get_by_label("Verification code").fill(code[0].lower())
    page.get_by_role("button", name="Sign the terminal in").click()
    expect(page.get_by_role("heading", name="The terminal is signed in")).to_be_visible()
    tab.check()
    out, _ = login.communicate(timeout=30)
    assert login.returncode == 0, out
    who = terminal.run("whoami")
    assert who.returncode == 0, who.stderr
    assert NAME in who.stdout
    assert "proxy_admin" in who.stdout
    assert "Token age" in who.stdout
    assert "Expires" in who.stdout
    assert terminal.run("models", "list").stdout.split() == ["house-model"]
    page.goto(f"{server.url}/ui/account")
    tab.check()
    page.get_by_role("button", name=re.compile("End session of gatewright")).click()
    expect(page.get_by_role("button", name=re.compile("End session of gatewright"))).to_have_count(0)
    eventually(lambda: terminal.run("whoami").returncode == 4, "the end of the session on every worker")
    assert terminal.run("logout").returncode == 0


def users(tab: Tab, server: Gatewright) -> None:
    page = tab.page
    page.goto(f"{server.url}/ui/users")
    expect(page.get_by_text("claim litellm_role = proxy_admin")).to_be_visible()
    tab.check()


def revoke(tab: Tab, server: Gatewright, key: str) -> None:
    page = tab.page
    page.goto(f"{server.url}/ui/keys")
    expect(page.get_by_role("heading", level=1, name="Keys")).to_be_visible()
    tab.check()
    page.get_by_role("button", name="Revoke First request").click()
    dialog = page.get_by_role("dialog")
    confirm = dialog.get_by_label("Type First request to confirm")
    if confirm.count():
        confirm.fill("First request")
    dialog.get_by_role("button", name="Revoke key").click()
    expect(page.get_by_text("revoked").first).to_be_visible()
    refused = [False] * 8

    def everywhere() -> bool:
        refused.pop(0)
        answer = httpx2.get(f"{server.url}/v1/models", headers={"Authorization": f"Bearer {key}"})
        refused.append(answer.status_code == 401)
        return all(refused)

    eventually(everywhere, "the revocation on every worker")


def sign_out(tab: Tab, server: Gatewright) -> None:
    page = tab.page
    page.get_by_role("button", name="Sign out").first.click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    tab.check()
    assert page.request.get(f"{server.url}/api/v1/me").status == 401
    page.goto(f"{server.url}/ui/")
    expect(page.get_by_label("Email or username")).to_be_visible()
    sign_in(page, NAME, PASSWORD)
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()


def api(page: Page, server: Gatewright, path: str) -> Any:
    """An answer of the API, with the browser's session."""
    answer = page.request.get(f"{server.url}{path}")
    assert answer.ok, answer.text()
    return answer.json()
