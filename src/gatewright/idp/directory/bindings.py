"""Bindings (who may use an application, or has an entitlement) and entitlements."""

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from gatewright.domain.people import Group
from gatewright.idp.directory.acting import CREATED, DELETED, UPDATED, By, Changed, absent, record, taken
from gatewright.idp.directory.people import Person, persons
from gatewright.idp.objects.fields import Fields
from gatewright.storage import bindings, groups
from gatewright.storage.database import Database, Transaction
from gatewright.storage.directory import applications
from gatewright.storage.directory import bindings as rows
from gatewright.storage.directory import groups as group_rows
from gatewright.storage.directory import people as people_rows
from gatewright.storage.directory.bindings import StoredBinding, StoredEntitlement
from gatewright.storage.listing import EVERYTHING, Wish

MODEL, ENTITLEMENT = "authentik_policies.policybinding", "authentik_core.applicationentitlement"
ENTITLEMENT_NAMES = ("name", "app", "attributes")
NAMES = ("policy", "group", "user", "target", "negate", "enabled", "order", "timeout", "failure_result")
NO_POLICY = "Policies do not exist here. Bind a group or a user."


class BindingView(msgspec.Struct, frozen=True):
    """A binding with whom it names."""

    binding: StoredBinding
    group: Group | None
    person: Person | None


class DirectoryBindings:
    """The bindings of this installation."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, wish: Wish) -> tuple[int, list[BindingView]]:
        async with self._db.read() as tx:
            count, found = await rows.page(tx, wish)
            return count, await _views(tx, found)

    async def get(self, key: str) -> BindingView:
        """Raises NotFound."""
        async with self._db.read() as tx:
            return await _view(tx, await _binding(tx, key))

    async def create(self, attrs: Mapping[str, Any], by: By) -> BindingView:
        """Raises FieldsInvalid."""
        async with self._db.write() as tx:
            return await self.insert(tx, attrs, by)

    async def insert(self, tx: Transaction, attrs: Mapping[str, Any], by: By) -> BindingView:
        """`create` in a transaction of the caller's."""
        fresh = str(uuid.uuid4())
        await bindings.add(tx, uuid=fresh, **await _columns(tx, attrs))
        await record(tx, by, CREATED, Changed(MODEL, fresh, ""), self._db.clock())
        return await _view(tx, await _binding(tx, fresh))

    async def change(self, key: str, patch: Mapping[str, Any], by: By) -> BindingView:
        """Raises NotFound, FieldsInvalid."""
        async with self._db.write() as tx:
            before = await _binding(tx, key)
            old = {
                "group": before.group_uuid,
                "user": before.user_pk,
                "target": before.application_uuid or before.entitlement_uuid,
                "negate": before.negate,
                "enabled": before.is_enabled,
                "order": before.position,
            }
            await bindings.change(tx, before.id, **await _columns(tx, {**old, **patch}))
            await record(tx, by, UPDATED, Changed(MODEL, before.uuid, ""), self._db.clock(), patch)
            return await _view(tx, await _binding(tx, key))

    async def delete(self, key: str, by: By) -> None:
        """Raises NotFound."""
        async with self._db.write() as tx:
            found = await _binding(tx, key)
            await bindings.remove(tx, found.id)
            await record(tx, by, DELETED, Changed(MODEL, found.uuid, ""), self._db.clock())


class DirectoryEntitlements:
    """What people may be inside applications."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, wish: Wish) -> tuple[int, list[StoredEntitlement]]:
        async with self._db.read() as tx:
            return await rows.entitlement_page(tx, wish)

    async def get(self, key: str) -> StoredEntitlement:
        """Raises NotFound."""
        async with self._db.read() as tx:
            return await _entitlement(tx, key)

    async def create(self, attrs: Mapping[str, Any], by: By) -> StoredEntitlement:
        """Raises FieldsInvalid."""
        fresh = str(uuid.uuid4())
        async with self._db.write() as tx:
            columns = await _entitlement_columns(tx, attrs, None)
            await rows.add_entitlement(tx, uuid=fresh, **columns)
            await record(tx, by, CREATED, Changed(ENTITLEMENT, fresh, columns["name"]), self._db.clock())
            return await _entitlement(tx, fresh)

    async def change(self, key: str, patch: Mapping[str, Any], by: By) -> StoredEntitlement:
        """Raises NotFound, FieldsInvalid."""
        async with self._db.write() as tx:
            before = await _entitlement(tx, key)
            old = {"name": before.name, "app": before.application_uuid, "attributes": before.attributes}
            columns = await _entitlement_columns(tx, {**old, **patch}, before.id)
            await rows.change_entitlement(tx, before.id, **columns)
            named = Changed(ENTITLEMENT, before.uuid, columns["name"])
            await record(tx, by, UPDATED, named, self._db.clock(), patch)
            return await _entitlement(tx, key)

    async def delete(self, key: str, by: By) -> None:
        """Raises NotFound."""
        async with self._db.write() as tx:
            found = await _entitlement(tx, key)
            await rows.remove_entitlement(tx, found.id)
            await record(tx, by, DELETED, Changed(ENTITLEMENT, found.uuid, found.name), self._db.clock())


async def _columns(tx: Transaction, attrs: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a whole binding: one target, and exactly one of group and user."""
    fields = Fields(attrs, NAMES, "policybinding")
    fields.nothing("policy", NO_POLICY)
    target = fields.text("target", None).lower()
    application = await applications.by_uuid(tx, target) if target else None
    entitlement = await rows.entitlement(tx, target) if target and application is None else None
    if target and application is None and entitlement is None:
        fields.problem("target", f'Invalid pk "{target[:60]}" - object does not exist.')
    if fields.has("group") == fields.has("user"):
        fields.problem("", "A binding names one group or one user.")
    group = await group_rows.by_uuid(tx, fields.text("group").lower()) if fields.has("group") else None
    user_pk = fields.number("user", most=2**62) if fields.has("user") else None
    people = await people_rows.by_ids(tx, [] if user_pk is None else [user_pk])
    if (fields.has("group") and group is None) or (user_pk is not None and user_pk not in people):
        fields.problem("group" if fields.has("group") else "user", "Invalid pk - object does not exist.")
    found = {
        "application_id": None if application is None else application.id,
        "entitlement_id": None if entitlement is None else entitlement.id,
        "group_id": None if group is None else group.id,
        "user_pk": user_pk,
        "negate": fields.flag("negate"),
        "is_enabled": fields.flag("enabled", True),
        "position": fields.number("order"),
    }
    fields.done()
    return found


async def _entitlement_columns(tx: Transaction, attrs: Mapping[str, Any], own_id: int | None) -> dict[str, Any]:
    fields = Fields(attrs, ENTITLEMENT_NAMES, "applicationentitlement")
    key = fields.text("app", None).lower()
    application = await applications.by_uuid(tx, key) if key else None
    if key and application is None:
        fields.problem("app", f'Invalid pk "{key[:60]}" - object does not exist.')
    name, attributes = fields.text("name", None), fields.mapping("attributes")
    fields.done()
    assert application is not None  # noqa: S101 (`done` raised otherwise)
    _, every = await rows.entitlement_page(tx, EVERYTHING)
    if any(one.application_id == application.id and one.name == name and one.id != own_id for one in every):
        raise taken("Application entitlement", "name")
    return {"name": name, "application_id": application.id, "attributes": attributes}


async def _binding(tx: Transaction, key: str) -> StoredBinding:
    found = await rows.by_uuid(tx, key.lower())
    if found is None:
        raise absent("PolicyBinding")
    return found


async def _entitlement(tx: Transaction, key: str) -> StoredEntitlement:
    found = await rows.entitlement(tx, key.lower())
    if found is None:
        raise absent("ApplicationEntitlement")
    return found


async def _view(tx: Transaction, found: StoredBinding) -> BindingView:
    return (await _views(tx, [found]))[0]


async def _views(tx: Transaction, found: Sequence[StoredBinding]) -> list[BindingView]:
    by_id = {group.id: group for group in await groups.everything(tx)}
    people = await people_rows.by_ids(tx, sorted({one.user_pk for one in found if one.user_pk is not None}))
    known = {person.user.id: person for person in await persons(tx, list(people.values()))}
    return [BindingView(one, by_id.get(one.group_id or 0), known.get(one.user_pk or 0)) for one in found]
