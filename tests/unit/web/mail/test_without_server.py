"""Without a mail server nothing is promised, and links are shown to the administrator."""

from tests.unit.web.authentik.conftest import Desk
from tests.unit.web.conftest import BASE

from gatewright.domain.identity import Role

FORGOT = "/if/flow/default-recovery-flow/"


async def test_nothing_is_offered_and_nothing_is_kept(worker_desk: Desk) -> None:
    desk = worker_desk
    assert "Forgot your password" not in (await desk.worker.client.get("/if/flow/default-authentication-flow/")).text
    assert (await desk.worker.client.get(FORGOT)).status_code == 404
    assert (await desk.worker.client.get(f"{FORGOT}sent/")).status_code == 404
    made = await desk.user("ada", email="ada@example.com", email_verified=True)
    refused = await desk.call("POST", f"/core/users/{made['pk']}/recovery_email/")
    assert (refused.status_code, refused.json()["code"]) == (409, "email_not_set_up")
    invitation = await desk.ok("POST", "/stages/invitation/invitations/", {"name": "welcome"})
    assert invitation["link"]
    refused = await desk.call(
        "POST", f"/stages/invitation/invitations/{invitation['pk']}/send_email/", {"email_addresses": ["a@b.example"]}
    )
    assert refused.status_code == 409
    shown = (await desk.worker.admin.get(f"{BASE}/api/v1/email")).json()
    assert (shown["configured"], shown["server"], shown["waiting"]) == (False, None, 0)
    boss = await desk.browser(await desk.person("boss", Role.PROXY_ADMIN))
    for path in ("/api/v1/email/test", "/api/v1/me/email/verify"):
        refused = await desk.worker.client.post(f"{BASE}{path}", headers=boss)
        assert (refused.status_code, refused.json()["code"]) == (409, "email_not_set_up")
