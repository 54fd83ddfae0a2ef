"""With which accounts of which providers somebody signs in, and taking one from them."""

from tests.unit.web.api.stage import MASTER, Stage

from gatewright.accounts.users import EMBEDDED_SOURCE
from gatewright.domain.clock import iso
from gatewright.storage import audit_log, users


async def test_identities_are_shown_and_unlinked_with_what_came_of_them(stage: Stage) -> None:
    ada = await stage.person("team/ada")
    async with stage.db.write() as tx:
        await users.link(tx, ada.id, EMBEDDED_SOURCE, ada.uuid, 1)
        await users.link(tx, ada.id, "https://idp.example", "s-1", 2)
    cookie, terminal, virtual = (
        await stage.browser(ada),
        await stage.key_of(ada, kind="cli"),
        await stage.key_of(ada),
    )
    path = "/api/v1/users/team%2Fada/identities"
    local, outside = (await stage.call("GET", path, MASTER)).json()["items"]
    assert (local["source"], local["subject"]) == ("embedded", ada.uuid)
    assert outside == {
        "id": outside["id"],
        "source": "https://idp.example",
        "subject": "s-1",
        "linked_at": iso(2),
        "last_used_at": None,
    }
    refused = await stage.call("DELETE", f"{path}/{local['id']}", MASTER)
    assert (refused.status_code, refused.json()["code"]) == (400, "identity_embedded")
    for wrong in ("0", "x", "9" * 30):
        assert (await stage.call("DELETE", f"{path}/{wrong}", MASTER)).status_code == 404
    assert (await stage.call("GET", "/api/v1/me", terminal)).status_code == 200
    assert (await stage.call("DELETE", f"{path}/{outside['id']}", MASTER)).status_code == 204
    assert [row["id"] for row in (await stage.call("GET", path, MASTER)).json()["items"]] == [local["id"]]
    assert await stage.sessions.find(cookie) is None
    statuses = [(await stage.call("GET", "/api/v1/me", key)).status_code for key in (terminal, virtual)]
    assert statuses == [401, 200]
    async with stage.db.read() as tx:
        event = next(row for row in await audit_log.newest(tx, 5) if row["action"] == "user.unlink")
    assert (event["target"], event["details"]) == ("team/ada", {"source": "https://idp.example", "subject": "s-1"})
    assert (await stage.call("GET", "/api/v1/users/nobody/identities", MASTER)).status_code == 404
