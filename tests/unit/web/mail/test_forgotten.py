"""A forgotten password: who gets a message, and that nobody else can tell (contract 8.6, 8.7, 8.35)."""

import base64
import re
from typing import Any

from sqlalchemy import event
from tests.unit.web.authentik.conftest import PASSWORD
from tests.unit.web.conftest import BASE
from tests.unit.web.mail.conftest import FORGOT, SIGN_IN, Post

from gatewright.domain.clock import HOUR, MINUTE
from gatewright.domain.people import Origin, User
from gatewright.idp.factors import totp
from gatewright.storage import users

NEW = "another good password"
ACTION = "user.recovery_email"


async def causes(post: Post) -> list[str]:
    """What became of the requests, the newest first."""
    return [one["outcome"] for one in await post.events(ACTION)]


async def test_a_link_goes_to_the_address_on_file_and_sets_a_password(post: Post) -> None:
    ada = await post.local("ada")
    sent = await post.forgot(" ADA@Example.com ")
    assert (sent.status_code, sent.headers["location"]) == (303, f"{FORGOT}sent/")
    assert post.server.envelopes == []
    await post.deliver()
    [envelope], text = post.server.envelopes, post.server.text()
    assert envelope.rcpt_tos == ["ada@example.com"]
    assert "the account ada on Gatewright at localhost:4000" in text
    link = post.server.link()
    assert link.startswith(f"{BASE}/recovery/use-token/{ada.id}.")
    assert (await post.form(link, FORGOT, password=NEW)).status_code == 303
    assert await post.sign_in("ada", NEW) == 303
    assert (await post.form(link, FORGOT, password=PASSWORD)).status_code == 403
    await post.deliver()
    assert "password of ada was changed" in post.server.text()
    assert (await post.waiting(), await causes(post)) == ([], ["ok"])


async def changed(post: Post, user: User, **columns: Any) -> None:
    async with post.db.write() as tx:
        assert await users.change(tx, user.id, post.db.clock(), **columns)


async def people_without_a_message(post: Post) -> dict[str, str]:
    """What is typed, and why nothing is sent."""
    await post.local("unverified", email_verified=False)
    await post.local("off", is_active=False)
    await post.local("program", type="service_account")
    await post.user("elsewhere", email="elsewhere@example.com", email_verified=True)
    await changed(post, await post.local("glass"), is_break_glass=True)
    await changed(post, await post.local("unfit"), email="unfit")
    await post.local("one", email="both@example.com")
    await post.local("two", email="both@example.com")
    return {
        "nobody@example.com": "user_unknown",
        "unverified": "email_unverified",
        "unverified@example.com": "user_unknown",
        "off": "user_inactive",
        "program": "service_account",
        "elsewhere": "not_local",
        "glass": "break_glass",
        "unfit": "email_unfit",
        "both@example.com": "user_unknown",
        "x" * 300: "user_unknown",
    }


async def test_whoever_gets_no_message_is_answered_like_everybody(post: Post) -> None:
    expected = await people_without_a_message(post)
    await post.local("zoe")
    seen = [await observed(post, name, f"203.0.113.{number}") for number, name in enumerate(["zoe", *expected])]
    # The same work for all of them, so the same time.
    assert all(one == seen[0] for one in seen)
    assert any("INSERT INTO emails" in one for one in seen[0][-1])
    await post.deliver()
    assert [envelope.rcpt_tos for envelope in post.server.envelopes] == [["zoe@example.com"]]
    found = {one["target"]: one["outcome"] for one in await post.events(ACTION)}
    assert found == {"zoe": "ok", **{name[:254]: cause for name, cause in expected.items()}}
    assert await post.waiting() == []


async def observed(post: Post, name: str, address: str) -> tuple[Any, ...]:
    """Everything that the caller sees of an answer, and the statements that it took."""
    statements: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        # Other jobs of the worker ask for changes and notices meanwhile.
        if any(table in statement for table in ("users", "emails", "attempts", "one_time_links", "audit_log")):
            statements.append(statement)

    async with post.worker.at(address) as browser:
        csrf = (await browser.get(FORGOT)).text.split('name="csrf" value="', 1)[1].split('"', 1)[0]
        event.listen(post.db.engine.sync_engine, "before_cursor_execute", note)
        answer = await browser.post(f"{FORGOT}request/", data={"csrf": csrf, "next": "", "name": name})
        event.remove(post.db.engine.sync_engine, "before_cursor_execute", note)
        page = await browser.get(answer.headers["location"])
    headers = {one: value for one, value in answer.headers.items() if one not in ("x-request-id", "date")}
    return answer.status_code, answer.content, headers, page.text, statements


async def test_an_address_that_somebody_else_only_claims_hides_nobody(post: Post) -> None:
    ada = await post.local("ada")
    await post.local("eve", email="ada@example.com", email_verified=False)
    await post.forgot("ada@example.com")
    await post.deliver()
    assert post.server.link().startswith(f"{BASE}/recovery/use-token/{ada.id}.")


async def test_an_account_gets_three_messages_an_hour_whatever_is_typed(post: Post) -> None:
    await post.local("ada")
    for number, typed in enumerate(("ada", "ada@example.com", "ADA@example.com", "ada", "Ada@example.com")):
        assert (await post.forgot(typed, at=f"203.0.113.{number}")).status_code == 303
        await post.deliver()
    assert len(post.server.envelopes) == 3
    assert (await causes(post))[:2] == ["too_many_attempts"] * 2
    clock = post.db.clock
    post.db.clock = lambda: clock() + HOUR + 1
    await post.forgot("ada")
    await post.deliver()
    assert len(post.server.envelopes) == 4


async def test_a_network_may_ask_ten_times_whoever_it_asks_for(post: Post) -> None:
    await post.local("ada")
    answers = [await post.forgot("ada" if number % 2 else f"nobody{number}") for number in range(12)]
    assert [one.status_code for one in answers] == [303] * 10 + [429] * 2
    assert int(answers[-1].headers["retry-after"]) <= 15 * MINUTE // 1000
    words = [re.sub('value="[^"]*"', "", one.text) for one in answers[-2:]]
    assert words[0] == words[1]
    assert "Too many attempts" in words[0]
    assert await causes(post) == ["too_many_by_address"] * 2


async def test_no_header_moves_the_link_to_another_host(post: Post) -> None:
    await post.local("ada")
    poison = {"x-forwarded-host": "evil.example", "x-forwarded-proto": "https", "forwarded": "host=evil.example"}
    async with post.worker.at("203.0.113.50", poison) as browser:
        csrf = (await browser.get(FORGOT)).text.split('name="csrf" value="', 1)[1].split('"', 1)[0]
        fields = {"csrf": csrf, "name": "ada", "next": ""}
        foreign = await browser.post(f"{FORGOT}request/", data=fields, headers={"host": "evil.example"})
        assert foreign.status_code == 421
        assert (await browser.post(f"{FORGOT}request/", data=fields)).status_code == 303
    await post.deliver()
    [mail] = post.server.messages
    assert "evil.example" not in mail.as_string()
    assert post.server.link().startswith(f"{BASE}/recovery/")


async def mailed_link(post: Post, name: str) -> str:
    post.server.envelopes.clear()
    await post.forgot(name)
    await post.deliver()
    texts = [post.server.text(number) for number in range(len(post.server.envelopes))]
    [link] = [line for text in texts for line in text.splitlines() if line.startswith(BASE)]
    return link


async def test_a_link_ends_with_what_it_was_made_for(post: Post) -> None:
    ada = await post.local("ada")
    path = f"/core/users/{ada.id}/"
    link = await mailed_link(post, "ada")
    await post.ok("POST", f"{path}set_password/", {"password": NEW})
    assert (await post.worker.client.get(link)).status_code == 403
    link = await mailed_link(post, "ada")
    await post.ok("PATCH", path, {"email": "new@example.com", "email_verified": True})
    assert (await post.worker.client.get(link)).status_code == 403
    # Back at the old address it would be somebody's who has that mailbox.
    link = await mailed_link(post, "ada")
    await post.ok("PATCH", path, {"is_active": False})
    assert (await post.worker.client.get(link)).status_code == 403
    assert (await post.form(FORGOT, FORGOT, token=link.split("/")[-2], password=NEW)).status_code == 403


async def test_a_new_password_is_one_factor_of_two(post: Post) -> None:
    ada, origin = await post.local("ada"), Origin()
    account = post.program.provider.own_account
    app = await account.begin_app(ada.id, PASSWORD, "Phone", origin)
    code = totp.code_at(base64.b32decode(app.secret), post.db.clock() // totp.PERIOD)
    await account.confirm_app(ada.id, app.id, code, origin)
    assert (await post.form(await mailed_link(post, "ada"), FORGOT, password=NEW)).status_code == 303
    signed_in = await post.form(SIGN_IN, SIGN_IN, name="ada", password=NEW)
    assert signed_in.headers["location"].startswith(f"{SIGN_IN}factor/")
    assert "gatewright_idp_session" not in signed_in.headers.get("set-cookie", "")


async def test_asking_for_a_link_leaves_an_administrators_alone(post: Post) -> None:
    ada = await post.local("ada")
    shown = (await post.ok("POST", f"/core/users/{ada.id}/recovery/", {"token_duration": "days=7"}))["link"]
    mailed = await mailed_link(post, "ada")
    for link in (shown, mailed):
        assert (await post.worker.client.get(link)).status_code == 200
    assert (await post.form(mailed, FORGOT, password=NEW)).status_code == 303
    # A password that was set ends the others.
    assert (await post.worker.client.get(shown)).status_code == 403


async def test_another_persons_number_opens_nothing(post: Post) -> None:
    ada, eve = await post.local("ada"), await post.local("eve")
    token = (await mailed_link(post, "eve")).rstrip("/").rpartition("/")[2]
    secret = token.partition(".")[2]
    for wrong in (f"{ada.id}.{secret}", secret, f".{secret}", f"{eve.id}.", "9" * 40 + f".{secret}", f"²{token}"):
        assert (await post.worker.client.get(f"/recovery/use-token/{wrong}/")).status_code in (403, 404)
    assert (await post.worker.client.get(f"/recovery/use-token/{token}/")).status_code == 200


async def test_the_form_of_another_site_asks_for_nothing(post: Post) -> None:
    await post.local("ada")
    async with post.worker.at("203.0.113.50", {"sec-fetch-site": "cross-site"}) as browser:
        assert (await browser.post(f"{FORGOT}request/", data={"name": "ada", "next": ""})).status_code == 403
    assert await post.waiting() == []


async def test_the_sign_in_page_leads_there_and_back(post: Post) -> None:
    page = (await post.worker.client.get(SIGN_IN)).text
    assert f'<a href="{FORGOT}">Forgot your password?</a>' in page
    pending = "/application/o/authorize/%3Fclient_id%3Dlitellm"
    kept = (await post.worker.client.get(f"{FORGOT}?next={pending}")).text
    assert f'href="{SIGN_IN}?next=%2Fapplication%2Fo%2Fauthorize%2F%3Fclient_id%3Dlitellm"' in kept
    foreign = (await post.worker.client.get(f"{FORGOT}?next=https://evil.example/")).text
    assert "evil.example" not in foreign
    empty = await post.forgot("  ")
    assert (empty.status_code, "Type your" in empty.text) == (400, True)
