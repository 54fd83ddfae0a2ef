"""One worker with a mail server. Messages leave when a test says so."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

import msgspec
import pytest
from sqlalchemy import select
from tests.mail import SENDER, MailServer, mail_server
from tests.unit.web.authentik.conftest import PASSWORD, Desk
from tests.unit.web.conftest import BASE, Worker

from gatewright.app.build import Program
from gatewright.domain.people import User
from gatewright.idp.mail.delivery import MailDelivery
from gatewright.settings.email import Email
from gatewright.settings.schema import Settings
from gatewright.storage import tables, users

FORGOT = "/if/flow/default-recovery-flow/"
SIGN_IN = "/if/flow/default-authentication-flow/"


class Post(Desk):
    """The desk of a worker that sends to `server`."""

    def __init__(self, worker: Worker, server: MailServer) -> None:
        super().__init__(worker)
        self.server = server
        assert self.program.mail is not None
        self.mail = self.program.mail

    async def deliver(self) -> int:
        """Sends until nothing is due any more; how many rows that were."""
        count = 0
        while done := await self.mail.deliver():
            count += done
        return count

    async def local(self, name: str, **more: Any) -> User:
        """A person with a password here and an address that is theirs."""
        made = await self.user(name, **{"email": f"{name}@example.com", "email_verified": True, **more})
        hashed = await self.program.passwords.hash(PASSWORD)
        async with self.db.write() as tx:
            found = await users.change(tx, made["pk"], self.db.clock(), password_hash=hashed)
        assert found is not None
        return found

    async def waiting(self) -> list[Any]:
        """The rows of the box."""
        async with self.db.read() as tx:
            return list(await tx.execute(select(tables.emails).order_by(tables.emails.c.id)))

    async def form(self, page: str, action: str, *, at: str = "203.0.113.50", **fields: str) -> Any:
        """Opens a page and sends its form; the answer to that."""
        async with self.worker.at(at) as browser:
            shown = (await browser.get(page.removeprefix(BASE))).text
            hidden = {
                name: shown.split(f'name="{name}" value="', 1)[1].split('"', 1)[0]
                for name in ("csrf", "token", "next")
                if f'name="{name}"' in shown
            }
            return await browser.post(action, data={**hidden, **fields})

    async def forgot(self, name: str, *, at: str = "203.0.113.50") -> Any:
        return await self.form(FORGOT, f"{FORGOT}request/", at=at, name=name)


@pytest.fixture(scope="module")
def one_server() -> Iterator[MailServer]:
    with mail_server() as found:
        yield found


@pytest.fixture
def server(one_server: MailServer) -> MailServer:
    one_server.envelopes.clear()
    one_server.answers.clear()
    return one_server


def with_mail(settings: Settings, server: MailServer) -> Settings:
    email = Email(host="127.0.0.1", port=server.port, security="none", sender=SENDER)
    return msgspec.structs.replace(settings, email=email)


@pytest.fixture
async def post(settings: Settings, server: MailServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Post]:
    async def idle(_: MailDelivery) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(MailDelivery, "run", idle)
    program = Program(with_mail(settings, server))
    await program.edge._start()
    yield Post(Worker(program, ""), server)
    await program.edge._stop()


@pytest.fixture
def worker_desk(worker: Worker) -> Desk:
    """The desk of a worker without a mail server."""
    return Desk(worker)
