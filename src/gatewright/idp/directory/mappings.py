"""Scope mappings: expressions that turn a granted scope into claims."""

import uuid
from collections.abc import Mapping
from typing import Any

from gatewright.domain.errors import FieldsInvalid
from gatewright.idp.directory.acting import CREATED, DELETED, UPDATED, By, Changed, absent, differing, record, taken
from gatewright.idp.objects import mappings as objects
from gatewright.storage import oauth_providers, scope_mappings
from gatewright.storage.database import Database, Transaction
from gatewright.storage.directory import mappings as rows
from gatewright.storage.directory import providers
from gatewright.storage.directory.providers import StoredProvider
from gatewright.storage.listing import Wish
from gatewright.storage.scope_mappings import ScopeMapping

MODEL = "authentik_providers_oauth2.scopemapping"


class DirectoryMappings:
    """The scope mappings of this installation."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def page(self, wish: Wish) -> tuple[int, list[ScopeMapping]]:
        async with self._db.read() as tx:
            return await rows.page(tx, wish)

    async def get(self, key: str) -> ScopeMapping:
        """Raises NotFound."""
        async with self._db.read() as tx:
            return await _mapping(tx, key)

    async def create(self, attrs: Mapping[str, Any], by: By) -> ScopeMapping:
        """Raises FieldsInvalid."""
        columns = objects.columns(attrs)
        fresh = str(uuid.uuid4())
        async with self._db.write() as tx:
            await oauth_providers.lock_first_start(tx)
            await _check_unique(tx, columns, None)
            await scope_mappings.add(tx, uuid=fresh, **columns)
            found = await _mapping(tx, fresh)
            await record(tx, by, CREATED, _named(found), self._db.clock())
        return found

    async def change(self, key: str, patch: Mapping[str, Any], by: By) -> ScopeMapping:
        """Raises NotFound, FieldsInvalid."""
        async with self._db.write() as tx:
            await oauth_providers.lock_first_start(tx)
            before = await _mapping(tx, key)
            old = objects.attributes(before)
            columns = objects.columns({**old, **patch})
            await _check_unique(tx, columns, before.id)
            changed = differing(old, columns)
            await scope_mappings.change(tx, before.id, **changed)
            after = await _mapping(tx, key)
            await record(tx, by, UPDATED, _named(after), self._db.clock(), changed)
        return after

    async def delete(self, key: str, by: By) -> None:
        """Raises NotFound, FieldsInvalid for a packaged mapping."""
        async with self._db.write() as tx:
            found = await _mapping(tx, key)
            if found.managed is not None:
                raise FieldsInvalid({"": ["A packaged mapping cannot be deleted. Detach it from its providers."]})
            await rows.remove(tx, found.id)
            await record(tx, by, DELETED, _named(found), self._db.clock())

    async def used_by(self, key: str) -> list[StoredProvider]:
        """The providers that it is attached to. Raises NotFound."""
        async with self._db.read() as tx:
            return await providers.of_mapping(tx, (await _mapping(tx, key)).id)


def _named(mapping: ScopeMapping) -> Changed:
    return Changed(MODEL, mapping.uuid, mapping.name)


async def _mapping(tx: Transaction, key: str) -> ScopeMapping:
    found = await scope_mappings.find(tx, uuid=key.lower())
    if found is None:
        raise absent("ScopeMapping")
    return found


async def _check_unique(tx: Transaction, columns: Mapping[str, Any], own_id: int | None) -> None:
    for field in ("name", "managed"):
        if columns[field] is not None:
            other = await scope_mappings.find(tx, **{field: columns[field]})
            if other is not None and other.id != own_id:
                raise taken("Scope Mapping", field)
