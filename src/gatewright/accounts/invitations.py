"""Invitations to a row that is there already (contract litellm 1.7): whoever opens one first gets the row.

The id in the link is a secret: it is answered once, when the invitation is made, and stored as its hash.
"""

import hashlib
import secrets

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.limits import Limits, network_of
from gatewright.domain.clock import DAY, MINUTE, Millis
from gatewright.domain.errors import BadInput, Conflict, Forbidden, NotFound
from gatewright.domain.people import Event, Origin, User
from gatewright.storage import audit_log, user_invitations, users
from gatewright.storage.database import Database, Transaction
from gatewright.storage.user_invitations import UserInvitation

LIFE: Millis = 7 * DAY
# Looks at links that are no good, from one network. The ids cannot be guessed: this spares the database.
LOOKS = 120
PEOPLE = ("internal", "external")


class Invited(msgspec.Struct, frozen=True):
    """A good invitation, and whose row it opens."""

    token_hash: str
    user: User
    expires_at: Millis


class UserInvitations:
    """Makes, shows and takes back invitations, and says what one opens."""

    def __init__(self, db: Database, limits: Limits) -> None:
        self._db = db
        self._limits = limits
        self._audit = Audit(db)

    async def create(self, user_id: str, *, actor: str, origin: Origin) -> tuple[str, UserInvitation]:
        """The token, which nobody can read again, and the row. An earlier invitation of the same person is void.

        Raises NotFound, Conflict for somebody who is switched off, BadInput for an account that no provider may get.
        """
        token, now = secrets.token_urlsafe(32), self._db.clock()
        async with self._db.write() as tx:
            user = await users.by_user_id(tx, user_id)
            if user is None:
                raise NotFound(f"There is no user {user_id!r}.", param="user_id", code="user_not_found")
            check_invitable(user)
            await user_invitations.add(tx, token_hash(token), user.id, actor, now, now + LIFE)
            event = Event("invitation.create", "ok", actor, user.user_id, {}, origin)
            await audit_log.add(tx, event, now)
            row = await user_invitations.by_hash(tx, token_hash(token))
        assert row is not None  # noqa: S101 (the same transaction just added it)
        return token, row

    async def get(self, token: str) -> UserInvitation:
        """Used and expired ones too. Raises BadInput, as LiteLLM answers 400."""
        async with self._db.read() as tx:
            return await _known(tx, token)

    async def close(self, token: str, *, actor: str, origin: Origin) -> UserInvitation:
        """Uses the invitation up without giving the row to anybody. Raises BadInput for an unknown one."""
        now = self._db.clock()
        async with self._db.write() as tx:
            before = await _known(tx, token)
            if await user_invitations.take(tx, token_hash(token), actor, now) is not None:
                event = Event("invitation.close", "ok", actor, before.user_id, {}, origin)
                await audit_log.add(tx, event, now)
            return await _known(tx, token)

    async def delete(self, token: str, *, actor: str, origin: Origin) -> UserInvitation:
        """The row as it was. Raises BadInput for an unknown one."""
        now = self._db.clock()
        async with self._db.write() as tx:
            before = await _known(tx, token)
            await user_invitations.remove(tx, token_hash(token))
            await audit_log.add(tx, Event("invitation.delete", "ok", actor, before.user_id, {}, origin), now)
        return before

    async def open(self, token: str, origin: Origin) -> Invited:
        """What a link opens; uses nothing up. Raises Forbidden (`invitation_invalid`), TooManyRequests, audited."""
        hashed, now = token_hash(token), self._db.clock()
        async with self._db.read() as tx:
            row = await user_invitations.by_hash(tx, hashed)
            user = None if row is None else await users.by_id(tx, row.user_pk)
        good = row is not None and row.accepted_at is None and row.expires_at > now
        if row is None or user is None or not good or not user.is_active:
            await self._limits.count(f"invitation:{network_of(origin.address or '')}", LOOKS, MINUTE)
            target = None if user is None else user.user_id
            await self._audit.write(Event("invitation.use", "invitation_invalid", target=target, origin=origin))
            raise over()
        return Invited(hashed, user, row.expires_at)


async def take(tx: Transaction, hashed: str, by: str, now: Millis) -> User | None:
    """Uses the invitation of that hash up, once: the active user whose row it opens, None when it is over."""
    user_pk = await user_invitations.take(tx, hashed, by, now)
    user = None if user_pk is None else await users.by_id(tx, user_pk)
    return user if user is not None and user.is_active and not user.is_break_glass else None


def check_invitable(user: User) -> None:
    """Raises Conflict or BadInput when nobody may get the row by a link."""
    if not user.is_active:
        raise Conflict(f"{user.user_id} is switched off. Switch them on first.", param="user_id", code="user_inactive")
    if user.is_break_glass or user.kind not in PEOPLE:
        raise BadInput(
            f"{user.user_id} is no person's account: an emergency administrator and service accounts are never given "
            "away.",
            param="user_id",
            hint="Make a new user and invite that one.",
            code="user_not_invitable",
        )


def over() -> Forbidden:
    """The link opens nothing, whatever the cause."""
    return Forbidden(
        "This invitation was used, has expired or was taken back.",
        hint="Ask whoever invited you for a new link.",
        code="invitation_invalid",
    )


def token_hash(token: str) -> str:
    """What is stored of an invitation's id."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()


async def _known(tx: Transaction, token: str) -> UserInvitation:
    found = await user_invitations.by_hash(tx, token_hash(token))
    if found is None:
        raise BadInput(
            "Invitation id does not exist in the database.", param="invitation_id", code="invitation_not_found"
        )
    return found
