"""Scope mappings as the directory lists them."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import delete, select

from gatewright.storage.database import Transaction
from gatewright.storage.listing import Listing, Wish, matching
from gatewright.storage.scope_mappings import ScopeMapping
from gatewright.storage.tables import scope_mappings

LISTING = Listing(
    key=scope_mappings.c.id,
    columns={
        **{name: scope_mappings.c[name] for name in ("name", "managed", "scope_name", "description")},
        "pk": scope_mappings.c.uuid,
    },
    searched=(scope_mappings.c.name, scope_mappings.c.scope_name, scope_mappings.c.managed),
)


async def page(tx: Transaction, wish: Wish) -> tuple[int, list[ScopeMapping]]:
    """How many mappings there are that match, and one page of them."""
    count, rows = await matching(tx, select(scope_mappings), LISTING, wish)
    return count, [msgspec.convert(row._mapping, ScopeMapping) for row in rows]


async def by_ids(tx: Transaction, mapping_ids: Sequence[int]) -> dict[int, ScopeMapping]:
    rows = await tx.execute(select(scope_mappings).where(scope_mappings.c.id.in_(mapping_ids)))
    return {row.id: msgspec.convert(row._mapping, ScopeMapping) for row in rows}


async def by_uuids(tx: Transaction, uuids: Sequence[str]) -> dict[str, int]:
    """The ids of the mappings with these uuids."""
    query = select(scope_mappings.c.uuid, scope_mappings.c.id).where(scope_mappings.c.uuid.in_(uuids))
    return {row.uuid: row.id for row in await tx.execute(query)}


async def remove(tx: Transaction, mapping_id: int) -> None:
    await tx.execute(delete(scope_mappings).where(scope_mappings.c.id == mapping_id))
