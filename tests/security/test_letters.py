"""Forgotten passwords by e-mail: attacks on who gets the message, where its link leads, and what the page tells."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest
from tests.mail import MailServer, mail_server

from gatewright.idp.mail.delivery import MailDelivery

from .stage import BASE, PASSWORD, Site, opened, without_token

pytestmark = pytest.mark.anyio
FORGOT = "/if/flow/default-recovery-flow/"
EVIL = "evil.example"
NEW = "a newer horse battery"


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    with mail_server() as found:
        yield found


@pytest.fixture
async def post(server: MailServer, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Site]:
    """A site that sends when the test says so."""

    async def idle(_: MailDelivery) -> None:
        await asyncio.Event().wait()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MailDelivery, "run", idle)
        async with opened(tmp_path_factory.mktemp("post"), None, **server.environment) as site:
            yield site


async def delivered(site: Site, server: MailServer) -> list[tuple[list[str], str]]:
    """Recipients and text of the messages that leave now."""
    before = len(server.envelopes)
    for program in site.programs:
        assert program.mail is not None
        while await program.mail.deliver():
            pass
    count = len(server.envelopes) - before
    return [
        (envelope.rcpt_tos, server.text(before + n)) for n, envelope in enumerate(server.envelopes[before:][:count])
    ]


async def test_06_a_recovery_link_goes_to_the_address_on_file_and_leads_here(post: Site, server: MailServer) -> None:
    person = await post.person(email_verified=True)
    unproven, off = await post.person("unproven"), await post.person("off", email_verified=True)
    await post.change(off, is_active=False)
    await delivered(post, server)
    seen = set()
    names = (person["username"], unproven["username"], off["username"], "nobody", person["email"].upper())
    for name in names:
        browser = post.browser()
        browser.http.headers.update({"x-forwarded-host": EVIL, "forwarded": f"host={EVIL}", "x-host": EVIL})
        page = await browser.open(FORGOT)
        done = await browser.submit(page, name=name, email=f"thief@{EVIL}", to=f"thief@{EVIL}")
        seen.add((done.status_code, without_token(done.text)))
    assert len(seen) == 1
    assert (await post.browser().http.get(FORGOT, headers={"host": EVIL})).status_code == 421
    messages = await delivered(post, server)
    assert [to for to, _ in messages] == [[person["email"]]] * 2
    assert not [text for _, text in messages if EVIL in text]
    older, newer = (next(word for word in text.split() if "/recovery/" in word) for _, text in messages)
    assert newer.startswith(f"{BASE}/recovery/use-token/")
    # The newer ends the older; it works once.
    assert (await post.browser().open(older)).status_code == 403
    browser = post.browser()
    page = await browser.open(newer)
    assert (await browser.press(page, password=NEW)).status_code == 303
    assert (await browser.press(page, password=NEW)).status_code == 403
    assert "do not belong together" in (await post.browser().sign_in(person["username"], PASSWORD)).text


async def test_19_recovery_messages_are_few_whatever_is_typed(post: Site, server: MailServer) -> None:
    """Three an hour for an account, ten a quarter of an hour from a network; the page tells neither account apart."""
    person = await post.person(email_verified=True)
    await delivered(post, server)
    spellings = (person["username"], person["email"], person["email"].upper(), f" {person['email']} ")
    for n in range(8):
        browser = post.browser()
        done = await browser.submit(await browser.open(FORGOT), name=spellings[n % 4])
        assert done.status_code == 200
    assert len(await delivered(post, server)) == 3
    statuses = []
    for n in range(12):
        browser = post.browser("198.51.100.77")
        statuses.append((await browser.submit(await browser.open(FORGOT), name=f"nobody-{n}")).status_code)
    assert statuses == [200] * 10 + [429] * 2
