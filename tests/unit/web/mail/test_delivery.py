"""Messages wait in the database, sealed, and arrive: once when all is well, at least once when somebody dies."""

import asyncio
from typing import Any

import msgspec
import pytest
from tests.servers import free_port
from tests.unit.web.authentik.conftest import bearer
from tests.unit.web.conftest import BASE, MASTER
from tests.unit.web.mail.conftest import Post

from gatewright.accounts.audit import Audit
from gatewright.domain.clock import DAY, MINUTE, SECOND
from gatewright.domain.identity import Role
from gatewright.idp.deliveries import DELAYS
from gatewright.idp.mail.delivery import MailDelivery
from gatewright.outbound.mail import Mailer
from gatewright.storage import emails
from gatewright.storage.sealing import Sealer


async def queued(post: Post, count: int = 1) -> None:
    """Puts messages into the box."""
    for number in range(count):
        made = await post.local(f"ada{number}")
        await post.ok("POST", f"/core/users/{made.id}/recovery_email/")


def later(post: Post, millis: int) -> None:
    clock = post.db.clock
    post.db.clock = lambda: clock() + millis


def another_worker(post: Post, **more: Any) -> MailDelivery:
    server = msgspec.structs.replace(post.mail.server, **more)
    return MailDelivery(post.db, post.program.provider.outbox, Mailer(server, post.db.clock), {}, Audit(post.db))


async def sent_events(post: Post) -> list[tuple[str, int]]:
    """What became of the messages, the newest first."""
    return [(one["outcome"], one["details"]["attempt"]) for one in await post.events("email.send")]


async def test_what_waits_is_sealed_and_what_was_sent_is_forgotten(post: Post) -> None:
    await queued(post)
    [row] = await post.waiting()
    assert b"recovery/use-token" not in row.content
    assert b"ada0" not in row.content
    await post.deliver()
    assert await post.waiting() == []
    token = post.server.link().rstrip("/").rpartition("/")[2]
    [event] = await post.events("email.send")
    assert (event["outcome"], event["details"]["kind"], event["details"]["to"]) == (
        "ok",
        "recovery",
        "ada0@example.com",
    )
    assert token not in str(await post.events("email.send")) + str(await post.events("user.recovery_email"))


async def test_a_server_that_was_down_gets_it_once(post: Post) -> None:
    await queued(post)
    away = another_worker(post, port=free_port())
    assert await away.deliver() == 1
    [row] = await post.waiting()
    assert "could not be reached" in row.problem
    assert await post.mail.deliver() == 0
    later(post, DELAYS[0])
    assert await post.mail.deliver() == 1
    later(post, 10 * MINUTE)
    assert await post.mail.deliver() == 0
    assert len(post.server.envelopes) == 1
    assert await sent_events(post) == [("ok", 2), ("mail_unreachable", 1)]
    away.close()


async def test_two_workers_send_each_message_once(post: Post) -> None:
    await queued(post, 6)
    other = another_worker(post)
    while sum(await asyncio.gather(post.mail.deliver(), other.deliver())):
        pass
    assert sorted(one.rcpt_tos[0] for one in post.server.envelopes) == [f"ada{n}@example.com" for n in range(6)]
    other.close()


async def test_a_worker_that_died_before_it_sent_leaves_it_to_another(post: Post) -> None:
    await queued(post)
    now, longest = post.db.clock(), int(post.mail.server.timeout_s) * SECOND + MINUTE
    async with post.db.write() as tx:
        assert len(await emails.QUEUE.claim(tx, now, now + longest, 10)) == 1
    assert await post.mail.deliver() == 0
    later(post, longest + 1)
    assert await post.mail.deliver() == 1
    assert len(post.server.envelopes) == 1


async def test_a_worker_that_died_after_it_sent_sends_the_same_once_more(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At least once: the server took it, and nobody could write that down."""

    class Killed(BaseException):
        pass

    async def killed(*_: Any) -> None:
        raise Killed

    await queued(post)
    with monkeypatch.context() as patch:
        patch.setattr(MailDelivery, "sent", killed)
        with pytest.raises(Killed):
            await post.mail.deliver()
    later(post, int(post.mail.server.timeout_s) * SECOND + MINUTE + 1)
    await post.deliver()
    assert len({mail["Message-ID"] for mail in post.server.messages}) == 1
    assert len(post.server.messages) == 2


async def test_a_final_refusal_ends_it_and_an_administrator_sees_why(post: Post) -> None:
    await queued(post)
    post.server.answers["RCPT"] = "550 5.1.1 no such mailbox"
    assert await post.mail.deliver() == 1
    assert await post.waiting() == []
    viewer = await post.virtual_key(await post.person("eve", Role.PROXY_ADMIN_VIEWER))
    assert (await post.call("GET", "/events/events/", headers=viewer)).status_code == 403
    viewer = await post.browser(await post.person("vera", Role.PROXY_ADMIN_VIEWER))
    [event] = await post.listed("/events/events/?action=email.send", headers=viewer)
    context = event["context"]
    assert (context["outcome"], context["kind"], context["to"]) == ("mail_refused", "recovery", "ada0@example.com")
    assert context["cause"].endswith("refused the message: 550 5.1.1 no such mailbox")


async def test_a_message_is_given_up_when_its_link_is_over(post: Post) -> None:
    await queued(post)
    post.server.answers["RCPT"] = "451 4.3.0 later"
    for delay in (0, *DELAYS):
        later(post, delay)
        await post.mail.deliver()
    assert await post.waiting() == []
    # An hour, for which the link was good.
    assert [outcome for outcome, _ in await sent_events(post)] == ["mail_expired", "mail_refused"]
    assert post.server.envelopes == []


async def test_what_cannot_be_read_stops_nobody(post: Post) -> None:
    """Under another key it waits for the right one; of another version it is given up."""
    await queued(post)
    outbox, right = post.program.provider.outbox, post.db.sealer
    async with post.db.write() as tx:
        for kind in ("recovery", "recovery.request"):
            await outbox.keep(tx, kind, '{"of": "another version"}', DAY)
    post.db.sealer = Sealer("sk-another-salt-key")
    assert await post.mail.deliver() == 3
    assert len(await post.waiting()) == 3
    post.db.sealer = right
    later(post, int(post.mail.server.timeout_s) * SECOND + MINUTE + 1)
    await post.deliver()
    assert await post.waiting() == []
    assert sorted(outcome for outcome, _ in await sent_events(post)) == ["mail_unreadable", "mail_unreadable", "ok"]
    assert len(post.server.envelopes) == 1


async def test_the_state_of_the_box_is_shown(post: Post) -> None:
    await queued(post)
    post.server.answers["DATA"] = "451 4.3.0 out of space"
    await post.mail.deliver()
    shown = (await post.worker.admin.get(f"{BASE}/api/v1/email")).json()
    place = f"127.0.0.1:{post.server.port}"
    assert (shown["configured"], shown["server"], shown["security"]) == (True, place, "none")
    assert (shown["sender"], shown["waiting"]) == ("gate@example.com", 1)
    assert "out of space" in shown["problem"]
    member = await post.browser(await post.person("mia", Role.INTERNAL_USER))
    assert (await post.worker.client.get(f"{BASE}/api/v1/email", headers=member)).status_code == 403


async def test_an_administrator_sends_a_test_to_themselves(post: Post) -> None:
    boss = await post.browser(await post.person("boss", Role.PROXY_ADMIN))
    sent = await post.worker.client.post(f"{BASE}/api/v1/email/test", headers=boss)
    assert (sent.status_code, sent.json()) == (200, {"to": "boss@example.com", "answer": "250 taken"})
    assert post.server.envelopes[0].rcpt_tos == ["boss@example.com"]
    post.server.answers["RCPT"] = "550 5.7.1 relaying denied"
    failed = await post.worker.client.post(f"{BASE}/api/v1/email/test", headers=boss)
    assert (failed.status_code, failed.json()["code"]) == (502, "mail_refused")
    assert "relaying denied" in failed.json()["detail"]
    assert [one["outcome"] for one in await post.events("email.send")] == ["mail_refused", "ok"]
    for headers, status in ((bearer(MASTER), 400), ({}, 401)):
        assert (await post.worker.client.post(f"{BASE}/api/v1/email/test", headers=headers)).status_code == status
    viewer = await post.browser(await post.person("vera", Role.PROXY_ADMIN_VIEWER))
    assert (await post.worker.client.post(f"{BASE}/api/v1/email/test", headers=viewer)).status_code == 403
    for _ in range(9):
        last = await post.worker.client.post(f"{BASE}/api/v1/email/test", headers=boss)
    assert last.status_code == 429
