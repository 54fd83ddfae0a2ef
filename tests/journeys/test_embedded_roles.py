"""The embedded provider's role follows the group at every sign-in, for keys too; a role set by hand stays."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import pytest
from playwright.sync_api import Browser, Page, expect
from tests.browsers import Tab, sign_in
from tests.conftest import new_database
from tests.servers import Gatewright, eventually, gatewright

from gatewright.accounts.users import ADMIN_GROUP
from gatewright.app import clock
from gatewright.storage import groups, users
from gatewright.storage.database import Database, database_url
from gatewright.storage.sealing import Sealer

NAME, PASSWORD = "ada@example.local", "correct horse battery"


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_the_role_follows_the_group(
    database: str, browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    with (
        new_database(request, database) as url,
        gatewright(
            tmp_path,
            DATABASE_URL=url,
            GATEWRIGHT_ADMIN_EMAIL=NAME,
            GATEWRIGHT_ADMIN_PASSWORD=PASSWORD,
        ) as server,
    ):
        assert server.lines[2] == f"Sign in: {server.url}/ui\n"
        tab = Tab(browser, "light", server.url)
        assert role_after_sign_in(tab.page, server, first=True) == ("proxy_admin", "claim")
        key = tab.page.request.post(
            f"{server.url}/api/v1/keys",
            data={"name": "app", "models": []},
            headers={"X-Gatewright-Request": "1"},
        ).json()["key"]
        membership(url, tmp_path, member=False)
        assert role_after_sign_in(tab.page, server) == ("internal_user", "claim")
        demoted_everywhere(server, key)
        membership(url, tmp_path, member=True)
        assert role_after_sign_in(tab.page, server) == ("proxy_admin", "claim")
        by_hand(tab.page, server)
        tab.close()


def role_after_sign_in(page: Page, server: Gatewright, *, first: bool = False) -> tuple[str, str]:
    """Signs in once more; the role and its rule."""
    page.goto(f"{server.url}/sso/key/generate")
    if first:
        sign_in(page, NAME, PASSWORD)
    expect(page.get_by_role("heading", level=1, name="Overview")).to_be_visible()
    me = page.request.get(f"{server.url}/api/v1/me").json()
    return me["role"], me["role_reason"]["rule"]


def demoted_everywhere(server: Gatewright, key: str) -> None:
    """A key of the person loses the rights too, on every worker, without being made anew."""
    streak = [0]

    def refused() -> bool:
        with server.client(headers={"Authorization": f"Bearer {key}"}) as http:
            streak[0] = streak[0] + 1 if http.get("/api/v1/users").status_code == 403 else 0
        return streak[0] >= 6

    eventually(refused, "the demotion on every worker")


def by_hand(page: Page, server: Gatewright) -> None:
    """The seed's curl: the role that it sets outlives the next sign-in, and is shown as set by hand."""
    with server.admin() as http:
        # Somebody else must stay administrator for the master key to demote this one; the viewer role will do.
        body = {"user_id": NAME, "user_role": "proxy_admin"}
        answer = http.post("/user/update", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json()["user_id"] == NAME
        assert answer.json()["data"]["user_role"] == "proxy_admin"
    assert role_after_sign_in(page, server) == ("proxy_admin", "manual")
    page.goto(f"{server.url}/ui/users")
    expect(page.get_by_role("button", name="Unlock ada")).to_be_visible()
    page.get_by_role("button", name="Unlock ada").click()
    expect(page.get_by_role("button", name="Unlock ada")).to_have_count(0)
    assert role_after_sign_in(page, server) == ("proxy_admin", "claim")


def membership(url: str | None, data_dir: Path, *, member: bool) -> None:
    """Puts the person into the group, or out of it, as an administrator of the provider would."""

    async def change() -> None:
        db = Database(database_url(url, data_dir), Sealer("not used here"), clock.now)
        async with db.write() as tx:
            user = await users.by_user_id(tx, NAME)
            assert user is not None
            [group] = [one for one in await groups.everything(tx) if one.name == ADMIN_GROUP]
            await (groups.join if member else groups.leave)(tx, group.id, user.id)
        await db.close()

    # The browser's library runs an event loop in this thread.
    with ThreadPoolExecutor(1) as pool:
        pool.submit(anyio.run, change).result()
