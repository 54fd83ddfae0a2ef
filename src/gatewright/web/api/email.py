"""`/api/v1/email` and `/api/v1/me/email`: how messages leave, a test of it, and proving one's own address."""

import msgspec
from starlette.responses import Response

from gatewright.accounts.limits import Limits
from gatewright.accounts.users import Users
from gatewright.domain.errors import BadInput, Conflict
from gatewright.domain.mail import deliverable
from gatewright.domain.people import User
from gatewright.idp.directory.verification import EmailVerification
from gatewright.idp.mail.delivery import MailDelivery
from gatewright.storage import emails
from gatewright.storage.database import Database
from gatewright.web.api.wire import answer
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route

TESTS = 10


class EmailAnswer(msgspec.Struct, frozen=True):
    """`waiting`: messages that did not leave yet; `problem`: why, as the mail server or the network put it."""

    configured: bool
    server: str | None
    security: str | None
    sender: str | None
    waiting: int
    problem: str | None


class TestAnswer(msgspec.Struct, frozen=True):
    """Where the message went and what the server answered."""

    to: str
    answer: str


class MyEmailAnswer(msgspec.Struct, frozen=True):
    """`can_verify`: a link can be asked for now."""

    address: str | None
    verified: bool
    can_verify: bool


class SentAnswer(msgspec.Struct, frozen=True):
    to: str


class EmailRoutes:
    """`mail` is None where no mail server is configured."""

    def __init__(
        self, db: Database, users: Users, verification: EmailVerification, limits: Limits, mail: MailDelivery | None
    ) -> None:
        self._db = db
        self._users = users
        self._verification = verification
        self._limits = limits
        self._mail = mail

    def routes(self) -> list[Route]:
        problem = Dialect.PROBLEM
        return [
            Route("/api/v1/email", ("GET",), self.show, Access.VIEWER, problem),
            Route("/api/v1/email/test", ("POST",), self.test, Access.ADMIN, problem),
            Route("/api/v1/me/email", ("GET",), self.mine, Access.SESSION, problem),
            Route("/api/v1/me/email/verify", ("POST",), self.verify, Access.SESSION, problem),
        ]

    async def show(self, _: Call) -> Response:
        """Whether there is a mail server, and what waits for it."""
        async with self._db.read() as tx:
            waiting, problem = await emails.standing(tx)
        if self._mail is None:
            return answer(EmailAnswer(False, None, None, None, waiting, problem))
        server = self._mail.server
        place = f"{server.host}:{server.port}"
        return answer(EmailAnswer(True, place, server.security, server.sender, waiting, problem))

    async def test(self, call: Call) -> Response:
        """Sends a message to the caller now, and says what the server answered."""
        if self._mail is None:
            raise Conflict(
                "E-mail is not set up here.", hint="Set AUTHENTIK_EMAIL__HOST or SMTP_HOST.", code="email_not_set_up"
            )
        user = await self._caller(call)
        await self._limits.count(f"email-test:account:{user.id}", TESTS)
        to, told = await self._mail.test(user)
        return answer(TestAnswer(to, told))

    async def mine(self, call: Call) -> Response:
        user = await self._caller(call)
        can_verify = (
            self._verification.is_on
            and not user.email_verified
            and deliverable(user.email) is not None
            and await self._verification.is_local(user)
        )
        return answer(MyEmailAnswer(user.email, user.email_verified, can_verify))

    async def verify(self, call: Call) -> Response:
        """Sends a link to the address on file."""
        user = await self._caller(call)
        return answer(SentAnswer(await self._verification.ask(user.id, call.origin)), 202)

    async def _caller(self, call: Call) -> User:
        user_pk = call.principal.user_pk
        user = None if user_pk is None else await self._users.get(user_pk)
        if user is None:
            raise BadInput(
                "This needs a credential that belongs to a user: a message has to go to somebody.", code="user_missing"
            )
        return user
