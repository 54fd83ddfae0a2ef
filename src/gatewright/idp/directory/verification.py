"""A person proves that their e-mail address is theirs, by a link that goes there."""

from gatewright.accounts.limits import Limits
from gatewright.domain.clock import DAY, HOUR, Millis
from gatewright.domain.errors import BadInput, Conflict, Forbidden
from gatewright.domain.mail import deliverable
from gatewright.domain.people import Event, Origin, User
from gatewright.idp.mail import links
from gatewright.idp.mail.outbox import Addressed, Outbox
from gatewright.storage import audit_log, changes, users
from gatewright.storage.database import Database
from gatewright.storage.directory import people

PURPOSE = MAIL = "email_verification"
LIFE: Millis = DAY
PATH = "/email/verify/"
BY_ACCOUNT, WINDOW = 5, HOUR


class EmailVerification:
    """The link is bound to the address: once that changes it proves nothing."""

    def __init__(self, db: Database, outbox: Outbox, limits: Limits) -> None:
        self._db = db
        self._outbox = outbox
        self._limits = limits

    @property
    def is_on(self) -> bool:
        """Whether messages can be sent."""
        return self._outbox.is_on

    async def is_local(self, user: User) -> bool:
        """Whether the person's address is kept here, and not taken from another provider at each sign-in."""
        async with self._db.read() as tx:
            return await users.has_password(tx, user.id)

    async def ask(self, user_pk: int, origin: Origin) -> str:
        """Sends the link, and says to which address. Raises Conflict, BadInput, TooManyRequests."""
        self._outbox.check_on()
        await self._limits.count(f"verify-email:account:{user_pk}", BY_ACCOUNT, WINDOW)
        now = self._db.clock()
        async with self._db.write() as tx:
            user = await users.by_id(tx, user_pk)
            if user is None or not user.is_active:
                raise Forbidden("This account is not active.")
            if not await users.has_password(tx, user_pk):
                # At their next sign-in that provider says again what it knows of the address.
                raise Conflict("You sign in at another provider, which answers for your address.", code="not_local")
            to = deliverable(user.email)
            if to is None:
                raise BadInput(
                    "Your account has no e-mail address that a message can go to.",
                    hint="Ask an administrator to enter one.",
                    code="email_address_missing",
                )
            if user.email_verified:
                raise Conflict("Your e-mail address is confirmed already.", code="email_verified")
            token = await links.new_token(tx, user, PURPOSE, now, LIFE)
            letter = self._outbox.writer.verification(user.username, f"{PATH}{token}/", LIFE)
            await self._outbox.put(tx, Addressed(MAIL, to, letter, user.id), LIFE)
            event = Event("user.email_verification", "ok", user.user_id, user.user_id, {"step": "sent"}, origin)
            await audit_log.add(tx, event, now)
        return to

    async def whose(self, token: str) -> User | None:
        """Whose good link it is; using it up needs `confirm`."""
        async with self._db.read() as tx:
            user = await links.holder(tx, token, PURPOSE, self._db.clock())
        return user if user is not None and user.is_active else None

    async def confirm(self, token: str, origin: Origin) -> User:
        """The address is proven. Raises Forbidden for a link that is over."""
        now = self._db.clock()
        async with self._db.write() as tx:
            user = await links.take(tx, token, PURPOSE, now)
            if user is None or not user.is_active or not await people.prove_address(tx, user, now):
                raise over()
            event = Event("user.email_verification", "ok", user.user_id, user.user_id, {"step": "confirmed"}, origin)
            await audit_log.add(tx, event, now)
            await changes.announce(tx, "user", str(user.id), now)
        return user


def over() -> Forbidden:
    return Forbidden(
        "This link was used, has expired, or went to an address that is not on file any more.",
        hint="Ask for a new one under My account.",
        code="verification_link_invalid",
    )
