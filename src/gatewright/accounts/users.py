"""Users and groups: find, make, change. Every change tells the other workers."""

import uuid
from collections.abc import Mapping

from gatewright.domain.clock import Millis
from gatewright.domain.errors import Conflict, NotFound
from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.limits import Limits
from gatewright.domain.people import Event, Group, Origin, User
from gatewright.storage import audit_log, changes, groups, users
from gatewright.storage.database import Database, Transaction
from gatewright.storage.rows import limit_values
from gatewright.storage.users import NewUser

# Our own provider's identities, whatever subject mode a client sees and whatever the base URL is.
EMBEDDED_SOURCE = "embedded"
ADMIN_GROUP = "admins"


class Users:
    """The people of this installation."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def get(self, user_pk: int) -> User | None:
        async with self._db.read() as tx:
            return await users.by_id(tx, user_pk)

    async def uuid_of(self, username: str) -> str | None:
        """The uuid of the person whom our own provider's subject (their username) names."""
        async with self._db.read() as tx:
            found = await users.by_username(tx, username)
        return None if found is None else found.uuid

    async def by_user_id(self, user_id: str) -> User:
        """Raises NotFound."""
        async with self._db.read() as tx:
            found = await users.by_user_id(tx, user_id)
        if found is None:
            raise NotFound(f"There is no user {user_id!r}.", param="user_id", code="user_not_found")
        return found

    async def last_subject(self, user: User) -> str | None:
        """The subject at the provider through which they signed in last; None for somebody who never did."""
        async with self._db.read() as tx:
            linked = await users.identity_rows(tx, user.id)
        return max(linked, key=lambda one: one.last_used_at or 0).subject if linked else None

    async def page(self, limit: int, after: int | None) -> list[User]:
        async with self._db.read() as tx:
            return await users.page(tx, limit, after)

    async def all_groups(self) -> list[Group]:
        """Every group, for resolving parents in memory."""
        async with self._db.read() as tx:
            return await groups.everything(tx)

    async def set_role(self, user_id: str, role: Role | None, *, actor: str, origin: Origin) -> User:
        """Sets a role by hand, None for the one that they have: it is locked, so that no login changes it.

        Raises NotFound, and Conflict (`last_admin`) when no active administrator would be left.
        """
        now = self._db.clock()
        async with self._db.write() as tx:
            await users.lock_roles(tx)
            before = await _known(tx, user_id)
            new = role or before.role
            if before.role is Role.PROXY_ADMIN and new is not Role.PROXY_ADMIN and before.is_active:
                await _check_other_admin(tx, before)
            reason = RoleReason(rule="manual", value=new.value)
            columns = {"role": new, "role_reason": reason, "role_locked": True}
            return await _changed(tx, before, columns, actor, origin, now)

    async def set_limits(self, user_id: str, limits: Limits, *, actor: str, origin: Origin) -> User:
        """Limits what all keys of a user together may ask for. Raises NotFound."""
        now, columns = self._db.clock(), limit_values(limits, models=False)
        async with self._db.write() as tx:
            before = await _known(tx, user_id)
            after = await users.change(tx, before.id, now, **columns)
            event = Event("user.limits", "ok", actor=actor, target=user_id, details=columns, origin=origin)
            await audit_log.add(tx, event, now)
            await changes.announce(tx, "user", str(before.id), now)
        assert after is not None  # noqa: S101 (the same transaction just found it)
        return after

    async def unlock_role(self, user_id: str, *, actor: str, origin: Origin) -> User:
        """Gives the role back to the provider: the next login decides."""
        now = self._db.clock()
        async with self._db.write() as tx:
            before = await _known(tx, user_id)
            return await _changed(tx, before, {"role_locked": False}, actor, origin, now)


async def _known(tx: Transaction, user_id: str) -> User:
    found = await users.by_user_id(tx, user_id)
    if found is None:
        raise NotFound(f"There is no user {user_id!r}.", param="user_id", code="user_not_found")
    return found


async def _check_other_admin(tx: Transaction, user: User) -> None:
    """Raises Conflict when nobody else is an active administrator; under `lock_roles`, so that it stays true."""
    if not await users.other_admin_exists(tx, user.id):
        raise Conflict(
            f"{user.user_id} is the last active administrator.",
            param="role",
            hint="Make somebody else an administrator first.",
            code="last_admin",
        )


async def _changed(
    tx: Transaction, before: User, columns: Mapping[str, object], actor: str, origin: Origin, now: Millis
) -> User:
    """The user with the columns set, audited and announced."""
    after = await users.change(tx, before.id, now, **columns)
    assert after is not None  # noqa: S101 (the same transaction just found it)
    details = {"from": before.role, "to": after.role, "locked": after.role_locked}
    event = Event("user.role", "ok", actor=actor, target=before.user_id, details=details, origin=origin)
    await audit_log.add(tx, event, now)
    await changes.announce(tx, "user", str(before.id), now)
    return after


async def create_local(
    tx: Transaction,
    db: Database,
    *,
    email: str | None,
    password_hash: str,
    role_reason: RoleReason,
    break_glass: bool,
    username: str = "",
) -> User:
    """Makes a local administrator who signs in with a password at our own provider, linked to their own identity.

    `username` is the e-mail address where it is empty.
    """
    now, name = db.clock(), username or email or ""
    new = NewUser(
        uuid=str(uuid.uuid4()),
        username=name,
        user_id=name,
        email=email,
        role=Role.PROXY_ADMIN,
        role_reason=role_reason,
        display_name=name.partition("@")[0],
        email_verified=email is not None,
        is_break_glass=break_glass,
        password_hash=password_hash,
    )
    user = await users.add(tx, new, now)
    await users.link(tx, user.id, EMBEDDED_SOURCE, user.uuid, now)
    admins = await groups.ensure(tx, ADMIN_GROUP, str(uuid.uuid4()))
    await groups.join(tx, admins.id, user.id)
    return user
