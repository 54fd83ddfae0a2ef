"""Groups: their members, their parents, and what depends on them."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gatewright.accounts.memberships import with_parents
from gatewright.domain.clock import Millis
from gatewright.domain.errors import FieldsInvalid
from gatewright.domain.people import Group, User
from gatewright.idp.directory.acting import (
    CREATED,
    DELETED,
    UPDATED,
    By,
    Changed,
    absent,
    differing,
    record,
    taken,
)
from gatewright.idp.directory.administrators import Administrators
from gatewright.idp.directory.people import Person, persons, references
from gatewright.idp.objects import groups as objects
from gatewright.storage import changes, groups, oauth_providers, users
from gatewright.storage.database import Database, Transaction
from gatewright.storage.directory import groups as rows
from gatewright.storage.directory import people as people_rows
from gatewright.storage.listing import Wish

MODEL = "authentik_core.group"


class GroupView(msgspec.Struct, frozen=True):
    """A group, who is directly in it, its parents and its children."""

    group: Group
    members: tuple[Person, ...]
    parents: tuple[Group, ...]
    children: tuple[Group, ...]


class DirectoryGroups:
    """The groups of this installation. Names are unique, and no group is its own ancestor."""

    def __init__(self, db: Database, administrators: Administrators) -> None:
        self._db = db
        self._administrators = administrators

    async def page(self, wish: Wish) -> tuple[int, list[GroupView]]:
        """How many groups match, and one page of them."""
        async with self._db.read() as tx:
            count, found = await rows.page(tx, wish)
            return count, await _views(tx, found)

    async def get(self, key: str) -> GroupView:
        """The group with that uuid. Raises NotFound."""
        async with self._db.read() as tx:
            return (await _views(tx, [await _group(tx, key)]))[0]

    async def create(self, attrs: Mapping[str, Any], by: By) -> GroupView:
        """Raises FieldsInvalid, for a name in use too."""
        now = self._db.clock()
        async with self._db.write() as tx:
            await oauth_providers.lock_first_start(tx)
            columns = objects.columns(await _resolved(tx, attrs))
            members, parents = columns.pop("member_pks", []), columns.pop("parent_ids")
            await _check_name(tx, columns["name"], None)
            group_id = await rows.add(tx, uuid=str(uuid.uuid4()), **columns)
            await _set_parents(tx, group_id, parents)
            await _set_members(tx, group_id, members, now)
            group = await _by_id(tx, group_id)
            await record(tx, by, CREATED, _named(group), now)
            return (await _views(tx, [group]))[0]

    async def change(self, key: str, patch: Mapping[str, Any], by: By) -> GroupView:
        """Raises NotFound, FieldsInvalid, Conflict when no administrator would be left."""
        now = self._db.clock()
        async with self._db.write() as tx, self._administrators.kept(tx):
            await oauth_providers.lock_first_start(tx)
            before = await _group(tx, key)
            old = objects.attributes(before, [user.id for user in (await rows.members(tx, [before.id]))[before.id]])
            given = await _resolved(tx, patch)
            if "parent" in given and "parents" not in given:
                given["parents"] = [] if given["parent"] is None else [given["parent"]]
            columns, present = objects.columns({**old, **given}), objects.columns(old)
            await _check_name(tx, columns["name"], before.id)
            members, parents = columns.pop("member_pks", present["member_pks"]), columns.pop("parent_ids")
            changed = differing(present, columns)
            if changed:
                await rows.change(tx, before.id, **changed)
            if parents != present["parent_ids"]:
                await _set_parents(tx, before.id, parents)
                changed["parents"] = parents
            if set(members) != set(present["member_pks"]):
                await _set_members(tx, before.id, members, now, present["member_pks"])
                changed["users"] = members
            after = await _by_id(tx, before.id)
            await record(tx, by, UPDATED, _named(after), now, changed)
            return (await _views(tx, [after]))[0]

    async def add_member(self, key: str, user_pk: int, by: By) -> None:
        """Raises NotFound for the group or the user."""
        now = self._db.clock()
        async with self._db.write() as tx:
            group, _ = await _group(tx, key), await _user(tx, user_pk)
            await groups.join(tx, group.id, user_pk)
            await self._membership(tx, group, user_pk, by, now)

    async def remove_member(self, key: str, user_pk: int, by: By) -> None:
        """Raises NotFound, Conflict when no administrator would be left."""
        now = self._db.clock()
        async with self._db.write() as tx, self._administrators.kept(tx):
            group, _ = await _group(tx, key), await _user(tx, user_pk)
            await groups.leave(tx, group.id, user_pk)
            await self._membership(tx, group, user_pk, by, now)

    async def delete(self, key: str, by: By) -> None:
        """Raises NotFound, Conflict when no administrator would be left.

        An application that the group alone was let into would be everybody's without its binding: that is refused too.
        """
        now = self._db.clock()
        async with self._db.write() as tx, self._administrators.kept(tx):
            group = await _group(tx, key)
            if await rows.is_bound(tx, group.id):
                raise FieldsInvalid({"": ["A binding names this group. Remove the binding first."]})
            await rows.remove(tx, group.id)
            await record(tx, by, DELETED, _named(group), now)

    async def _membership(self, tx: Transaction, group: Group, user_pk: int, by: By, now: Millis) -> None:
        await record(tx, by, UPDATED, _named(group), now, ["users"])
        await changes.announce(tx, "user", str(user_pk), now)


async def _views(tx: Transaction, found: Sequence[Group]) -> list[GroupView]:
    everything = {group.id: group for group in await groups.everything(tx)}
    members = await rows.members(tx, [group.id for group in found])
    known = {person.user.id: person for person in await persons(tx, _each(members.values()))}
    return [
        GroupView(
            group=group,
            members=tuple(known[user.id] for user in members[group.id]),
            parents=tuple(everything[parent] for parent in group.parent_ids),
            children=tuple(one for one in everything.values() if group.id in one.parent_ids),
        )
        for group in found
    ]


def _each(lists: Any) -> list[User]:
    return list({user.id: user for some in lists for user in some}.values())


def _named(group: Group) -> Changed:
    return Changed(MODEL, group.uuid, group.name)


async def _group(tx: Transaction, key: str) -> Group:
    found = await rows.by_uuid(tx, key.lower())
    if found is None:
        raise absent("Group")
    return found


async def _by_id(tx: Transaction, group_id: int) -> Group:
    found = await rows.by_id(tx, group_id)
    if found is None:
        raise absent("Group")
    return found


async def _user(tx: Transaction, user_pk: int) -> User:
    found = await users.by_id(tx, user_pk)
    if found is None:
        raise absent("User")
    return found


async def _check_name(tx: Transaction, name: str, own_id: int | None) -> None:
    if any(group.name == name and group.id != own_id for group in await groups.everything(tx)):
        raise taken("Group", "name")


async def _resolved(tx: Transaction, attrs: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes with parents as our ids; they come as uuids."""
    by_uuid = {group.uuid: group.id for group in await groups.everything(tx)}
    found = dict(attrs)
    if found.get("parent") is not None:
        found["parent"] = references([found["parent"]], by_uuid, "parent")[0]
    if isinstance(found.get("parents"), list):
        found["parents"] = references(found["parents"], by_uuid, "parents")
    return found


async def _set_parents(tx: Transaction, group_id: int, parent_ids: Sequence[int]) -> None:
    """Raises FieldsInvalid when the group would be its own ancestor."""
    await groups.set_parents(tx, group_id, parent_ids)
    everything = {group.id: group for group in await groups.everything(tx)}
    if any(one.id == group_id for one in with_parents(parent_ids, everything)):
        raise FieldsInvalid({"parents": ["A group cannot be its own parent, through other groups neither."]})


async def _set_members(
    tx: Transaction, group_id: int, user_pks: Sequence[int], now: Millis, before: Sequence[int] = ()
) -> None:
    known = await people_rows.by_ids(tx, user_pks)
    if unknown := [one for one in user_pks if one not in known]:
        raise FieldsInvalid({"users": [f'Invalid pk "{unknown[0]}" - object does not exist.']})
    await rows.set_members(tx, group_id, user_pks)
    for user_pk in sorted(set(user_pks) ^ set(before)):
        await changes.announce(tx, "user", str(user_pk), now)
