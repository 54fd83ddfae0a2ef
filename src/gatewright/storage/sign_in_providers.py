"""Outside providers of sign-in that administrators added at run time."""

from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import sign_in_providers as table


class ProviderRow(msgspec.Struct, frozen=True):
    """One row. `fields` are what is not secret, `secrets` the others, sealed as one JSON object."""

    id: str
    profile: str
    fields: dict[str, Any]
    secrets: bytes | None
    is_enabled: bool
    created_at: Millis
    created_by: str | None
    updated_at: Millis


async def everything(tx: Transaction) -> list[ProviderRow]:
    """All of them, oldest first."""
    rows = await tx.execute(select(table).order_by(table.c.created_at, table.c.id))
    return [msgspec.convert(row._mapping, ProviderRow) for row in rows]


async def by_id(tx: Transaction, provider_id: str) -> ProviderRow | None:
    row = (await tx.execute(select(table).where(table.c.id == provider_id))).first()
    return None if row is None else msgspec.convert(row._mapping, ProviderRow)


async def add(tx: Transaction, row: ProviderRow) -> None:
    """Raises the database's IntegrityError where the id is taken: look first, in the same transaction."""
    await tx.execute(insert(table).values(msgspec.structs.asdict(row)))


async def change(tx: Transaction, row: ProviderRow) -> None:
    """Writes the row as it is now."""
    values = {name: value for name, value in msgspec.structs.asdict(row).items() if name != "id"}
    await tx.execute(update(table).where(table.c.id == row.id).values(**values))


async def remove(tx: Transaction, provider_id: str) -> bool:
    """Whether there was one."""
    return (await tx.execute(delete(table).where(table.c.id == provider_id))).rowcount > 0
