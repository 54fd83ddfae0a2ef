"""People and service accounts: make, change, switch off, delete, and everything that ends with that."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gatewright.accounts.memberships import with_parents
from gatewright.accounts.passwords import Passwords
from gatewright.accounts.users import EMBEDDED_SOURCE
from gatewright.domain.clock import Millis
from gatewright.domain.errors import FieldsInvalid
from gatewright.domain.identity import DEFAULT_ROLE, Role, RoleReason
from gatewright.domain.people import Event, Group, Origin, User, is_reserved
from gatewright.idp.directory.acting import CREATED, DELETED, UPDATED, By, Changed, absent, differing, record
from gatewright.idp.directory.administrators import Administrators
from gatewright.idp.mail.letters import Notice
from gatewright.idp.mail.outbox import Outbox
from gatewright.idp.objects import people as objects
from gatewright.idp.people import INSTALLATION, hashed_id
from gatewright.storage import (
    audit_log,
    changes,
    facts,
    groups,
    login_transactions,
    one_time_links,
    session_ends,
    users,
)
from gatewright.storage.database import Database, Transaction
from gatewright.storage.directory import groups as group_rows
from gatewright.storage.directory import people as rows
from gatewright.storage.listing import Filter, Wish

MODEL = "authentik_core.user"
# Links to a new password: one that an administrator made, and one that went by e-mail.
RECOVERY, MAILED_RECOVERY = "recovery", "recovery_mailed"
NEW = {"role": DEFAULT_ROLE, "role_reason": RoleReason(rule="default")}


class Person(msgspec.Struct, frozen=True):
    """A user, the groups that they are directly in, whether one of them or a parent is a superuser's, and Authentik's
    hashed id.
    """

    user: User
    groups: tuple[Group, ...]
    is_superuser: bool
    uid: str


class DirectoryPeople:
    """The people of this installation, as administrators manage them."""

    def __init__(self, db: Database, passwords: Passwords, administrators: Administrators, outbox: Outbox) -> None:
        self._db = db
        self._passwords = passwords
        self._administrators = administrators
        self._outbox = outbox

    async def page(self, wish: Wish) -> tuple[int, list[Person]]:
        """How many people match, and one page of them."""
        async with self._db.read() as tx:
            count, found = await rows.page(tx, await _with_superusers(tx, wish))
            return count, await persons(tx, found)

    async def get(self, user_pk: int) -> Person:
        """Raises NotFound."""
        async with self._db.read() as tx:
            return await _person(tx, user_pk)

    async def paths(self) -> list[str]:
        async with self._db.read() as tx:
            return await rows.paths(tx)

    async def create(self, attrs: Mapping[str, Any], by: By) -> Person:
        """A person who is linked to their own identity at our provider. Raises FieldsInvalid."""
        async with self._db.write() as tx:
            user = await insert(tx, objects.columns(await _resolved(tx, attrs)), by, self._db.clock())
            return await _person(tx, user.id)

    async def change(self, user_pk: int, patch: Mapping[str, Any], by: By) -> Person:
        """The person afterwards. Switching them off ends their sessions and tokens.

        Raises NotFound, FieldsInvalid, Conflict for the last administrator.
        """
        now = self._db.clock()
        async with self._db.write() as tx, self._administrators.kept(tx):
            before = await _person(tx, user_pk)
            old = objects.attributes(before.user, [group.id for group in before.groups])
            new = {**old, **await _resolved(tx, patch)}
            if new["email"] != old["email"] and "email_verified" not in patch:
                new["email_verified"] = False
            columns = objects.columns(new)
            if columns["username"] != before.user.username:
                # Clients may know people by their username: it never comes to mean somebody else (8.20).
                raise FieldsInvalid({"username": ["A username cannot be changed. Make a new user instead."]})
            group_ids = columns.pop("group_ids", old["groups"])
            changed = differing(objects.columns(old), columns)
            await users.change(tx, user_pk, now, **changed)
            if group_ids != old["groups"]:
                await group_rows.set_groups(tx, user_pk, await known_groups(tx, group_ids, "groups"))
                changed["groups"] = group_ids
            if before.user.is_active and not columns["is_active"]:
                await end_everything(tx, user_pk, now)
            await record(tx, by, UPDATED, named(before.user), now, changed)
            await changes.announce(tx, "user", str(user_pk), now)
            return await _person(tx, user_pk)

    async def delete(self, user_pk: int, by: By) -> None:
        """The row stays, so that the username is never somebody else's. Raises NotFound, Conflict."""
        now = self._db.clock()
        async with self._db.write() as tx, self._administrators.kept(tx):
            person = await _person(tx, user_pk)
            await end_everything(tx, user_pk, now)
            hashes = await rows.revoke_keys(tx, user_pk, now)
            await rows.bury(tx, user_pk, now)
            await record(tx, by, DELETED, named(person.user), now)
            for hashed in hashes:
                await changes.announce(tx, "key", hashed, now)
            await changes.announce(tx, "user", str(user_pk), now)

    async def set_password(self, user_pk: int, password: str, by: By) -> None:
        """Sets the password; whoever is signed in with the old one is signed out. Raises NotFound, BadInput."""
        await self.get(user_pk)
        await self._set_hash(user_pk, await self._passwords.hash(password), by, "administrator")

    async def set_password_hash(self, user_pk: int, text: str, by: By) -> None:
        """Sets the password by a hash that was made elsewhere. Raises NotFound, BadInput for one that is not taken."""
        await self._set_hash(user_pk, self._passwords.imported(text), by, "administrator, as a hash")

    async def _set_hash(self, user_pk: int, hashed: str, by: By, how: str) -> None:
        now = self._db.clock()
        async with self._db.write() as tx:
            person = await _person(tx, user_pk)
            await new_password(tx, person.user, hashed, now)
            # Not from where: that would be the administrator's address.
            await self._outbox.notice(tx, person.user, Notice.PASSWORD, Origin())
            event = Event("user.password", "ok", by.actor, person.user.user_id, {"by": how}, by.origin)
            await audit_log.add(tx, event, now)


async def insert(
    tx: Transaction, columns: dict[str, Any], by: By, now: Millis, *, password_hash: str | None = None, **more: Any
) -> User:
    """Inserts a person whose columns are checked; `more` are ours. Raises FieldsInvalid for a name in use."""
    columns = dict(columns)
    group_ids = columns.pop("group_ids", [])
    await login_transactions.lock_newcomers(tx)
    name = columns["username"]
    if is_reserved(name) or await rows.name_taken(tx, name):
        raise FieldsInvalid({"username": ["This name is or was somebody's, or means something else here."]})
    fresh = str(uuid.uuid4())
    values = {
        **NEW,
        **columns,
        "uuid": fresh,
        "user_id": name,
        "created_at": now,
        "updated_at": now,
        "password_hash": password_hash,
        "password_changed_at": None if password_hash is None else now,
        **more,
    }
    user = await rows.add(tx, **values)
    await users.link(tx, user.id, EMBEDDED_SOURCE, fresh, now)
    await group_rows.set_groups(tx, user.id, await known_groups(tx, group_ids, "groups"))
    await record(tx, by, CREATED, named(user), now)
    await changes.announce(tx, "user", str(user.id), now)
    return user


async def end_everything(tx: Transaction, user_pk: int, now: Millis) -> None:
    """Ends somebody's sessions and tokens on every worker (contract 8.8). Keys are refused while they are inactive."""
    await rows.revoke_grants(tx, user_pk, now)
    await session_ends.end_user(tx, user_pk, now)


async def new_password(tx: Transaction, user: User, hashed: str, now: Millis) -> None:
    """Sets a hashed password, ends what the old one opened, and links the person to their identity here.

    Links to another new password end too: whoever asked for one may not be whoever set this one.
    """
    await users.change(tx, user.id, now, password_hash=hashed, password_changed_at=now)
    await one_time_links.drop_own(tx, (RECOVERY, MAILED_RECOVERY), user.id)
    if not await users.is_linked(tx, EMBEDDED_SOURCE, user.uuid):
        await users.link(tx, user.id, EMBEDDED_SOURCE, user.uuid, now)
    await end_everything(tx, user.id, now)
    await changes.announce(tx, "user", str(user.id), now)


async def persons(tx: Transaction, found: Sequence[User]) -> list[Person]:
    """The people with their groups."""
    everything = {group.id: group for group in await groups.everything(tx)}
    direct = await group_rows.of_users(tx, [user.id for user in found])
    installation = str(await facts.read(tx, INSTALLATION))
    return [
        Person(
            user=user,
            groups=tuple(everything[group_id] for group_id in direct[user.id]),
            is_superuser=any(group.is_superuser for group in with_parents(direct[user.id], everything)),
            uid=hashed_id(user, installation),
        )
        for user in found
    ]


async def known_groups(tx: Transaction, group_ids: Sequence[int], field: str) -> list[int]:
    """The ids when there is a group for each. Raises FieldsInvalid."""
    known = {group.id for group in await groups.everything(tx)}
    if unknown := [one for one in group_ids if one not in known]:
        raise FieldsInvalid({field: [f"There is no group {unknown[0]}."]})
    return list(group_ids)


def named(user: User) -> Changed:
    return Changed(MODEL, str(user.id), user.username)


def is_administrator(user: User) -> bool:
    return user.role is Role.PROXY_ADMIN


async def _person(tx: Transaction, user_pk: int) -> Person:
    user = await users.by_id(tx, user_pk)
    if user is None:
        raise absent("User")
    return (await persons(tx, [user]))[0]


async def _resolved(tx: Transaction, attrs: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes with groups as our ids; they come as uuids."""
    if not isinstance(attrs.get("groups"), list):
        return dict(attrs)
    by_uuid = {group.uuid: group.id for group in await groups.everything(tx)}
    return {**attrs, "groups": references(attrs["groups"], by_uuid, "groups")}


def references(given: Sequence[Any], known: Mapping[str, int], field: str) -> list[int]:
    """The ids behind uuids. Raises FieldsInvalid naming the one that is nothing."""
    for one in given:
        if not isinstance(one, str) or one.lower() not in known:
            raise FieldsInvalid({field: [f'Invalid pk "{str(one)[:60]}" - object does not exist.']})
    return [known[one.lower()] for one in given]


async def _with_superusers(tx: Transaction, wish: Wish) -> Wish:
    """The wish with `is_superuser`, which is no column, as the ids of people."""
    asked = next((one for one in wish.filters if one.name == "is_superuser"), None)
    if asked is None:
        return wish
    everything = {group.id: group for group in await groups.everything(tx)}
    inside = [one for one in everything if any(group.is_superuser for group in with_parents([one], everything))]
    members = await group_rows.members(tx, inside)
    ids = sorted({user.id for some in members.values() for user in some})
    among = Filter("pk", "in" if asked.value else "out", ids)
    kept = tuple(one for one in wish.filters if one.name != "is_superuser")
    return msgspec.structs.replace(wish, filters=(*kept, among))
