"""Invitations: an administrator makes a link, and whoever holds it makes their account (contract 3.5, 8.7, 8.19)."""

import hashlib
import re
import secrets
import uuid
from collections.abc import Collection, Mapping
from typing import Any

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.passwords import Passwords
from gatewright.domain.clock import DAY, Millis
from gatewright.domain.errors import FieldsInvalid, Forbidden
from gatewright.domain.people import Event, Origin, User
from gatewright.idp.directory.acting import CREATED, DELETED, UPDATED, By, Changed, absent, record
from gatewright.idp.directory.people import Person, insert, persons, references
from gatewright.idp.directory.tokens import moment
from gatewright.idp.objects import flows
from gatewright.idp.objects import people as objects
from gatewright.idp.objects.fields import Fields
from gatewright.storage import audit_log, groups
from gatewright.storage.database import Database, Transaction
from gatewright.storage.directory import invitations as rows
from gatewright.storage.directory import people as people_rows
from gatewright.storage.directory.invitations import Invitation
from gatewright.storage.listing import Wish

MODEL = "authentik_stages_invitation.invitation"
NAMES = ("name", "expires", "fixed_data", "single_use", "flow", "groups")
REQUIRED = ("name",)
FIXED = ("username", "name", "email", "attributes")
NAME = re.compile(r"[a-zA-Z0-9_\-]{1,50}")
LIFE: Millis = 7 * DAY
LONGEST: Millis = 366 * DAY
PATH = f"/if/flow/{flows.ENROLLMENT}/"


class InvitationView(msgspec.Struct, frozen=True):
    """An invitation and who made it. `token` only in the answer to the request that made it."""

    invitation: Invitation
    maker: Person | None
    token: str | None = None

    def __repr__(self) -> str:
        return f"InvitationView({self.invitation.name!r})"


class Newcomer(msgspec.Struct, frozen=True):
    """What somebody typed. What the invitation fixes goes over it."""

    username: str
    name: str
    email: str
    password: str

    def __repr__(self) -> str:
        return f"Newcomer({self.username!r})"


class DirectoryInvitations:
    """`claimed` are names that only administrators may give to somebody (PROXY_ADMIN_ID)."""

    def __init__(self, db: Database, passwords: Passwords, audit: Audit, claimed: Collection[str]) -> None:
        self._db = db
        self._passwords = passwords
        self._audit = audit
        self._claimed = frozenset(name.lower() for name in claimed)

    async def page(self, wish: Wish) -> tuple[int, list[InvitationView]]:
        async with self._db.read() as tx:
            count, found = await rows.page(tx, wish)
            return count, [await _view(tx, one) for one in found]

    async def get(self, key: str) -> InvitationView:
        """Raises NotFound."""
        async with self._db.read() as tx:
            return await _view(tx, await _invitation(tx, key))

    async def create(
        self, attrs: Mapping[str, Any], by: By, maker: int | None, *, token: str | None = None
    ) -> InvitationView:
        """The invitation with its token, shown this once: the given one or a fresh one. Raises FieldsInvalid."""
        token, fresh, now = token or secrets.token_urlsafe(32), str(uuid.uuid4()), self._db.clock()
        async with self._db.write() as tx:
            columns = await self._columns(tx, attrs, now)
            await rows.add(tx, uuid=fresh, token_hash=token_hash(token), created_by=maker, created_at=now, **columns)
            await record(tx, by, CREATED, Changed(MODEL, fresh, columns["name"]), now)
            view = await _view(tx, await _invitation(tx, fresh))
        return msgspec.structs.replace(view, token=token)

    async def change(self, key: str, patch: Mapping[str, Any], by: By) -> InvitationView:
        """Raises NotFound, FieldsInvalid."""
        now = self._db.clock()
        async with self._db.write() as tx:
            before = await _invitation(tx, key)
            old = {name: getattr(before, name) for name in ("name", "fixed_data", "single_use", "groups")}
            columns = await self._columns(tx, {**old, **patch}, now, before.expires_at)
            await rows.change(tx, before.id, **columns)
            await record(tx, by, UPDATED, Changed(MODEL, before.uuid, columns["name"]), now, patch)
            return await _view(tx, await _invitation(tx, key))

    async def delete(self, key: str, by: By) -> None:
        """Raises NotFound."""
        async with self._db.write() as tx:
            found = await _invitation(tx, key)
            await rows.remove(tx, found.id)
            await record(tx, by, DELETED, Changed(MODEL, found.uuid, found.name), self._db.clock())

    async def fixed(self, token: str) -> dict[str, Any] | None:
        """What the invitation fixes; None when it is used, expired or unknown."""
        async with self._db.read() as tx:
            found = await rows.good(tx, token_hash(token), self._db.clock())
        return None if found is None else found.fixed_data

    async def accept(self, token: str, newcomer: Newcomer, origin: Origin) -> User:
        """Makes the account. Raises Forbidden for an invitation that is over, FieldsInvalid, BadInput.

        Whatever was wrong with a field leaves the invitation as it is.
        """
        fixed = await self.fixed(token)
        if fixed is None:
            # Before the password: hashing is dear, and the page is open to everybody.
            await self._audit.write(Event("invitation.use", "invitation_invalid", origin=origin))
            raise _over()
        typed = {"username": newcomer.username, "name": newcomer.name, "email": newcomer.email}
        columns = objects.columns({**typed, **fixed})
        await self._check_claimed(columns["username"])
        hashed, now = await self._passwords.hash(newcomer.password), self._db.clock()
        async with self._db.write() as tx:
            found = await rows.take(tx, token_hash(token), now)
            # What the invitation fixes may have been changed while the password was hashed.
            if found is None or found.fixed_data != fixed:
                raise _over()
            known = {group.uuid: group.id for group in await groups.everything(tx)}
            columns["group_ids"] = [known[one] for one in found.groups if one in known]
            by = By(columns["username"], origin)
            user = await insert(tx, columns, by, now, password_hash=hashed)
            details = {"invitation": found.name, "pk": found.uuid}
            event = Event("invitation.use", "ok", user.user_id, user.user_id, details, origin)
            await audit_log.add(tx, event, now)
        return user

    async def _check_claimed(self, username: str) -> None:
        """A newcomer takes neither a name that makes an administrator nor somebody's address as theirs."""
        async with self._db.read() as tx:
            taken = username.lower() in self._claimed or await people_rows.is_address_of_another(tx, username)
        if taken:
            raise FieldsInvalid({"username": ["This name is or was somebody's, or means something else here."]})

    async def _columns(
        self, tx: Transaction, attrs: Mapping[str, Any], now: Millis, present: Millis | None = None
    ) -> dict[str, Any]:
        fields = Fields(attrs, NAMES, "invitation")
        if flows.slug_of(fields.raw("flow", flows.ENROLLMENT)) != flows.ENROLLMENT:
            fields.problem("flow", f"There is one way to enrol: {flows.ENROLLMENT}.")
        name, expires = fields.text("name", None), moment(fields, "expires") or present or now + LIFE
        if name and NAME.fullmatch(name) is None:
            fields.problem("name", 'Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.')
        if expires > now + LONGEST:
            fields.problem("expires", "An invitation lives a year at most.")
        fixed = fields.mapping("fixed_data")
        for unknown in sorted(fixed.keys() - set(FIXED)):
            fields.problem("fixed_data", f"{unknown[:60]!r} cannot be fixed, only {', '.join(FIXED)}.")
        given = fields.items("groups", str)
        fields.done()
        known = {group.uuid: group.id for group in await groups.everything(tx)}
        references(given, known, "groups")
        _check_fixed(fixed)
        return {
            "name": name,
            "fixed_data": fixed,
            "groups": [one.lower() for one in given],
            "single_use": fields.flag("single_use", True),
            "expires_at": expires,
        }


def _check_fixed(fixed: Mapping[str, Any]) -> None:
    """Fixed values are as good as typed ones. Raises FieldsInvalid for `fixed_data`."""
    try:
        objects.columns({"username": "newcomer", **fixed})
    except FieldsInvalid as error:
        texts = [f"{name}: {text}" for name, some in error.problems.items() for text in some]
        raise FieldsInvalid({"fixed_data": texts}) from error


def _over() -> Forbidden:
    return Forbidden(
        "This invitation was used, has expired or was taken back.",
        hint="Ask whoever invited you for a new link.",
        code="invitation_invalid",
    )


async def _invitation(tx: Transaction, key: str) -> Invitation:
    found = await rows.by_uuid(tx, key.lower())
    if found is None:
        raise absent("Invitation")
    return found


async def _view(tx: Transaction, found: Invitation) -> InvitationView:
    known = await people_rows.by_ids(tx, [] if found.created_by is None else [found.created_by])
    people = await persons(tx, list(known.values()))
    return InvitationView(found, people[0] if people else None)


def token_hash(token: str) -> str:
    """What is stored of an invitation's token."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()
