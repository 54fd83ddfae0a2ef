"""What administrators have sent, what people are told, and how they prove their address."""

import base64
from typing import Any

import pytest
from tests.unit.web.authentik.conftest import PASSWORD
from tests.unit.web.conftest import BASE
from tests.unit.web.mail.conftest import Post

from gatewright.domain.identity import Role
from gatewright.domain.people import Origin
from gatewright.idp.factors import totp

# What is stored is tested on both databases beside this file.
pytestmark = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
ENROL = "/if/flow/default-enrollment-flow/"
RECOVER = "/if/flow/default-recovery-flow/"
INVITATIONS = "/stages/invitation/invitations/"
VERIFY = "/email/verify/"


async def test_an_administrator_has_a_link_sent(post: Post) -> None:
    made = await post.user("ada", email="ada@example.com")
    path = f"/core/users/{made['pk']}/recovery_email/"
    [stage] = await post.listed("/stages/email/")
    wish = {"token_duration": "hours=2", "email_stage": stage["pk"]}
    assert (await post.call("POST", path, wish)).status_code == 204
    await post.deliver()
    # As the older client packages ask.
    assert (await post.call("POST", f"{path}?email_stage={stage['pk']}")).status_code == 204
    await post.deliver()
    assert "2 hours" in post.server.text(0)
    assert "An administrator asked" in post.server.text(0)
    older, link = post.server.link(0), post.server.link(1)
    assert (await post.worker.client.get(older)).status_code == 403
    assert (await post.form(link, RECOVER, password=PASSWORD)).status_code == 303
    assert await post.sign_in("ada") == 303
    [event, _] = await post.events("user.recovery_email")
    assert (event["target"], event["details"]["by"]) == ("ada", "administrator")


async def test_what_cannot_be_sent_is_said(post: Post) -> None:
    ada, bob = await post.user("ada"), await post.user("bob", email="bob@example.com", is_active=False)
    refusals: list[tuple[Any, Any, int]] = [
        (ada["pk"], None, 400),
        (bob["pk"], None, 409),
        (99, None, 404),
        (ada["pk"], {"token_duration": "days=100"}, 400),
        (ada["pk"], {"email_stage": "00000000-0000-4000-8000-000000000000"}, 400),
    ]
    for pk, body, status in refusals:
        assert (await post.call("POST", f"/core/users/{pk}/recovery_email/", body)).status_code == status
    viewer = await post.browser(await post.person("vera", Role.PROXY_ADMIN_VIEWER))
    for path in (f"/core/users/{ada['pk']}/recovery_email/", f"{INVITATIONS}{ada['uuid']}/send_email/"):
        assert (await post.call("POST", path, {}, headers=viewer)).status_code == 403
    assert await post.waiting() == []


async def test_an_invitation_is_sent_with_the_only_link_that_works(post: Post) -> None:
    made = await post.ok("POST", INVITATIONS, {"name": "welcome", "fixed_data": {"email": "new@example.com"}})
    path = f"{INVITATIONS}{made['pk']}/send_email/"
    assert (await post.call("POST", path, {})).status_code == 204
    await post.deliver()
    assert (await post.worker.client.get(made["link"])).status_code == 403
    first = post.server.link()
    assert first.startswith(f"{BASE}{ENROL}?itoken=")
    # The default template, as Authentik's client names it.
    wish = {"email_addresses": ["a@example.com", "b@example.com", "a@example.com"], "template": "invitation"}
    assert (await post.call("POST", path, wish)).status_code == 204
    await post.deliver()
    assert sorted(one.rcpt_tos for one in post.server.envelopes[1:]) == [["a@example.com"], ["b@example.com"]]
    assert post.server.link(1) == post.server.link(2)
    assert (await post.worker.client.get(first)).status_code == 403
    form = {"username": "new", "name": "New", "email": "", "password": PASSWORD}
    assert (await post.form(post.server.link(), ENROL, **form)).status_code == 303
    assert (await post.call("POST", path, {})).status_code == 409
    assert [one["details"]["to"] for one in await post.events("invitation.send")] == [
        ["a@example.com", "b@example.com"],
        ["new@example.com"],
    ]


WRONG: list[tuple[Any, str]] = [
    ({}, "email_addresses"),
    ({"email_addresses": ["a@example.com\r\nBcc: eve@example.com"]}, "email_addresses"),
    ({"email_addresses": [f"a{number}@example.com" for number in range(21)]}, "email_addresses"),
    ({"email_addresses": "a@example.com"}, "email_addresses"),
    ({"email_addresses": ["a@example.com"], "cc_addresses": ["b@example.com"]}, "cc_addresses"),
    ({"email_addresses": ["a@example.com"], "template": "../../etc/passwd"}, "template"),
    ({"email_addresses": ["a@example.com"], "subject": "x"}, "subject"),
]


async def test_an_invitation_goes_to_addresses_alone(post: Post) -> None:
    made = await post.ok("POST", INVITATIONS, {"name": "welcome"})
    for wish, field in WRONG:
        refused = await post.call("POST", f"{INVITATIONS}{made['pk']}/send_email/", wish)
        assert (refused.status_code, list(refused.json())) == (400, [field])
    assert await post.waiting() == []
    assert (await post.worker.client.get(made["link"])).status_code == 200


async def told(post: Post) -> list[str]:
    """The subjects of what arrives now."""
    post.server.envelopes.clear()
    await post.deliver()
    return [str(mail["Subject"]).partition(":")[0] for mail in post.server.messages]


async def test_people_hear_of_what_was_done_to_their_account(post: Post) -> None:
    ada, origin = await post.local("ada"), Origin(address="198.51.100.7", user_agent="<b>browser</b>")
    provider = post.program.provider
    await post.ok("POST", f"/core/users/{ada.id}/set_password/", {"password": PASSWORD})
    assert await told(post) == ["Your password was changed"]
    assert "203.0.113" not in post.server.text()
    await provider.own_account.change_password(ada.id, PASSWORD, "another good password", origin)
    assert await told(post) == ["Your password was changed"]
    assert "from the address 198.51.100.7" in post.server.text()
    app = await provider.own_account.begin_app(ada.id, "another good password", "Phone", origin)
    code = totp.code_at(base64.b32decode(app.secret), post.db.clock() // totp.PERIOD)
    await provider.own_account.confirm_app(ada.id, app.id, code, origin)
    assert await told(post) == ["A second factor was added"]
    await provider.own_account.remove_factor(ada.id, app.id, "another good password", origin)
    assert await told(post) == ["A second factor was removed"]
    await provider.factors.reset(ada, "boss", origin)
    assert await told(post) == ["Your second factors were reset"]
    assert "198.51.100.7" not in post.server.text()


async def test_nobody_is_told_about_somebody_elses_account(post: Post) -> None:
    for name, more in (("ada", {"email_verified": False}), ("bob", {"is_active": False})):
        person = await post.local(name, **more)
        await post.ok("POST", f"/core/users/{person.id}/set_password/", {"password": PASSWORD})
    assert await told(post) == []


async def test_an_address_is_proven_by_its_link(post: Post) -> None:
    ada = await post.local("ada", email_verified=False)
    session = await post.browser(ada)
    mine = f"{BASE}/api/v1/me/email"
    before = (await post.worker.client.get(mine, headers=session)).json()
    assert before == {"address": "ada@example.com", "verified": False, "can_verify": True}
    asked = await post.worker.client.post(f"{mine}/verify", headers=session)
    assert (asked.status_code, asked.json()) == (202, {"to": "ada@example.com"})
    await post.deliver()
    link = post.server.link()
    assert link.startswith(f"{BASE}{VERIFY}{ada.id}.")
    for _ in range(2):
        assert "ada@example.com" in (await post.worker.client.get(link)).text
    assert not (await post.row(ada.id)).email_verified
    assert "is confirmed" in (await post.form(link, VERIFY)).text
    assert (await post.row(ada.id)).email_verified
    assert (await post.worker.client.get(link)).status_code == 403
    after = (await post.worker.client.get(mine, headers=session)).json()
    assert after == {"address": "ada@example.com", "verified": True, "can_verify": False}
    again = await post.worker.client.post(f"{mine}/verify", headers=session)
    assert (again.status_code, again.json()["code"]) == (409, "email_verified")
    assert [one["details"]["step"] for one in await post.events("user.email_verification")] == ["confirmed", "sent"]


async def test_a_link_proves_the_address_that_it_went_to_alone(post: Post) -> None:
    ada = await post.local("ada", email_verified=False)
    session, verify = await post.browser(ada), f"{BASE}/api/v1/me/email/verify"
    await post.worker.client.post(verify, headers=session)
    await post.deliver()
    link = post.server.link()
    token = link.rstrip("/").rpartition("/")[2]
    await post.ok("PATCH", f"/core/users/{ada.id}/", {"email": "boss@example.com"})
    assert (await post.worker.client.get(link)).status_code == 403
    assert (await post.form("/if/flow/default-recovery-flow/", VERIFY, token=token)).status_code == 403
    assert not (await post.row(ada.id)).email_verified
    # Nor does it set a password.
    await post.ok("PATCH", f"/core/users/{ada.id}/", {"email": "ada@example.com"})
    assert (await post.worker.client.get(f"/recovery/use-token/{token}/")).status_code == 403
    answers = [(await post.worker.client.post(verify, headers=session)).status_code for _ in range(5)]
    assert answers == [202] * 4 + [429]


async def test_whose_address_another_provider_tells_proves_nothing_here(post: Post) -> None:
    eve = await post.person("eve", Role.INTERNAL_USER)
    session = await post.browser(eve)
    assert not (await post.worker.client.get(f"{BASE}/api/v1/me/email", headers=session)).json()["can_verify"]
    refused = await post.worker.client.post(f"{BASE}/api/v1/me/email/verify", headers=session)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_local")
    key = await post.virtual_key(eve)
    assert (await post.worker.client.post(f"{BASE}/api/v1/me/email/verify", headers=key)).status_code in (401, 403)
