"""Scope mappings: the expressions that turn a granted scope into claims."""

from typing import Any

import msgspec
from sqlalchemy import ColumnElement, bindparam, delete, insert, select, update

from gatewright.storage.database import Transaction
from gatewright.storage.tables import provider_mappings, scope_mappings


class ScopeMapping(msgspec.Struct, frozen=True):
    """One row. `managed` is Authentik's id of a packaged mapping. Nobody signs in without a `required` one."""

    id: int
    uuid: str
    managed: str | None
    name: str
    scope_name: str
    description: str
    expression: str
    required: bool = False


# The order in which they are merged (Authentik contract 2.2 step 6).
_ATTACHED = (
    select(scope_mappings, provider_mappings.c.provider_id)
    .join(provider_mappings, provider_mappings.c.mapping_id == scope_mappings.c.id)
    .order_by(scope_mappings.c.scope_name, scope_mappings.c.name)
)
_OF_PROVIDER = _ATTACHED.where(provider_mappings.c.provider_id == bindparam("sought"))


async def find(tx: Transaction, **columns: Any) -> ScopeMapping | None:
    """The one mapping whose columns (`name`, `managed`, `scope_name`, ...) have these values."""
    conditions: list[ColumnElement[bool]] = [scope_mappings.c[name] == value for name, value in columns.items()]
    row = (await tx.execute(select(scope_mappings).where(*conditions).order_by(scope_mappings.c.id))).first()
    return None if row is None else msgspec.convert(row._mapping, ScopeMapping)


async def everything(tx: Transaction) -> list[ScopeMapping]:
    """All mappings, by scope and name."""
    query = select(scope_mappings).order_by(scope_mappings.c.scope_name, scope_mappings.c.name)
    return [msgspec.convert(row._mapping, ScopeMapping) for row in await tx.execute(query)]


async def add(tx: Transaction, **columns: Any) -> int:
    """Inserts a mapping and returns its id."""
    query = insert(scope_mappings).values(columns).returning(scope_mappings.c.id)
    return int((await tx.execute(query)).scalar_one())


async def change(tx: Transaction, mapping_id: int, **columns: Any) -> None:
    if columns:
        await tx.execute(update(scope_mappings).where(scope_mappings.c.id == mapping_id).values(columns))


async def of_provider(tx: Transaction, provider_id: int) -> list[ScopeMapping]:
    """The provider's mappings in the order in which they are merged."""
    rows = await tx.execute(_OF_PROVIDER, {"sought": provider_id})
    return [msgspec.convert(row._mapping, ScopeMapping) for row in rows]


async def by_provider(tx: Transaction) -> dict[int, list[ScopeMapping]]:
    """The mappings of every provider that has some, in the order in which they are merged."""
    found: dict[int, list[ScopeMapping]] = {}
    for row in await tx.execute(_ATTACHED):
        found.setdefault(row.provider_id, []).append(msgspec.convert(row._mapping, ScopeMapping))
    return found


async def attach(tx: Transaction, provider_id: int, mapping_ids: list[int]) -> None:
    """Gives the provider exactly these mappings."""
    await tx.execute(delete(provider_mappings).where(provider_mappings.c.provider_id == provider_id))
    for mapping_id in dict.fromkeys(mapping_ids):
        await tx.execute(insert(provider_mappings).values(provider_id=provider_id, mapping_id=mapping_id))
