"""The emergency administrator that UI_USERNAME and UI_PASSWORD name (contract litellm 1.11): made, kept, taken away."""

import msgspec

from gatewright.accounts.passwords import Passwords
from gatewright.accounts.users import create_local
from gatewright.domain.clock import Millis
from gatewright.domain.identity import RoleReason
from gatewright.domain.people import RESERVED_NAMES, Event, User
from gatewright.storage import audit_log, changes, facts, session_ends, users
from gatewright.storage.database import Database, Transaction
from gatewright.storage.directory.people import revoke_grants

FACT = "ui_administrator"
ACTOR = "system"


class Kept(msgspec.Struct, frozen=True):
    """`user_pk` is the account that has the variable's password now, `made` are all that the variables ever made."""

    user_pk: int | None = None
    made: tuple[int, ...] = ()


class UiAdministrator:
    """Works at every start: what the variables say is what there is."""

    def __init__(self, db: Database, passwords: Passwords) -> None:
        self._db = db
        self._passwords = passwords

    async def keep(self, username: str, password: str | None) -> str | None:
        """Makes the account, or gives it the password. Without one it loses its own, and so does one of another name.

        Answers why nothing was made: the name is somebody else's. Raises BadInput for the password.
        """
        async with self._db.read() as tx:
            kept = await _kept(tx)
            found = await users.with_password(tx, username)
        if password is None and kept.user_pk is None:
            return None
        is_it = found is not None and (found[0].id, found[0].username) == (kept.user_pk, username)
        if password and found and is_it and await self._passwords.matches(password, found[1]):
            return None
        hashed, now = None if password is None else await self._passwords.hash(password), self._db.clock()
        async with self._db.write() as tx:
            await users.lock_setup(tx)
            if await _kept(tx) != kept:
                # Another replica, which starts at the same time, did it.
                return None
            return await self._keep(tx, kept, username, hashed, now)

    async def _keep(self, tx: Transaction, kept: Kept, username: str, hashed: str | None, now: Millis) -> str | None:
        before = None if kept.user_pk is None else await users.by_id(tx, kept.user_pk)
        if before is not None and (hashed is None or before.username != username):
            await self._set(tx, before, None, now)
        if hashed is None:
            await _write(tx, Kept(None, kept.made))
            return None
        user = await users.by_username(tx, username)
        if user is not None and user.id in kept.made:
            await self._set(tx, user, hashed, now)
            await _write(tx, Kept(user.id, kept.made))
            return None
        if username in RESERVED_NAMES or await users.taken(tx, username=username, user_id=username):
            await _write(tx, Kept(None, kept.made))
            return f"{username} is or was somebody else here: choose another UI_USERNAME"
        made = await create_local(
            tx,
            self._db,
            email=None,
            username=username,
            password_hash=hashed,
            role_reason=RoleReason(rule="break_glass"),
            break_glass=True,
        )
        await _write(tx, Kept(made.id, (*kept.made, made.id)))
        await audit_log.add(tx, Event("setup.ui_administrator", "ok", actor=ACTOR, target=made.user_id), now)
        return None

    async def _set(self, tx: Transaction, user: User, hashed: str | None, now: Millis) -> None:
        """The password, or none; whoever is signed in with the one before is signed out."""
        await users.change(tx, user.id, now, password_hash=hashed, password_changed_at=now)
        await revoke_grants(tx, user.id, now)
        await session_ends.end_user(tx, user.id, now)
        details = {"by": "UI_PASSWORD" if hashed is not None else "UI_PASSWORD is gone"}
        event = Event("user.password", "ok", actor=ACTOR, target=user.user_id, details=details)
        await audit_log.add(tx, event, now)
        await changes.announce(tx, "user", str(user.id), now)


async def _kept(tx: Transaction) -> Kept:
    value = await facts.read(tx, FACT)
    return Kept() if value is None else msgspec.convert(value, Kept)


async def _write(tx: Transaction, kept: Kept) -> None:
    await facts.write(tx, FACT, msgspec.to_builtins(kept))
