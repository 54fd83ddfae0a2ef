"""Who may use an application, and who has which of its entitlements: one group or one person a row."""

from typing import Any

import msgspec
from sqlalchemy import bindparam, delete, insert, select, update

from gatewright.storage.database import Transaction
from gatewright.storage.tables import bindings, entitlements


class Binding(msgspec.Struct, frozen=True):
    """One row: exactly one of `group_id` and `user_pk`, for one application or one entitlement."""

    id: int
    uuid: str
    application_id: int | None
    entitlement_id: int | None
    group_id: int | None
    user_pk: int | None
    negate: bool
    is_enabled: bool
    position: int


class Entitlement(msgspec.Struct, frozen=True):
    """What a person may be inside an application, by name, with attributes for its expressions."""

    id: int
    uuid: str
    application_id: int
    name: str
    attributes: dict[str, Any]


_OF_APPLICATION = (
    select(bindings)
    .where(bindings.c.application_id == bindparam("sought"))
    .order_by(bindings.c.position, bindings.c.id)
)


async def of_application(tx: Transaction, application_id: int) -> list[Binding]:
    """The application's own bindings, in their order."""
    rows = await tx.execute(_OF_APPLICATION, {"sought": application_id})
    return [msgspec.convert(row._mapping, Binding, strict=False) for row in rows]


async def of_entitlements(tx: Transaction, application_id: int) -> list[tuple[Entitlement, list[Binding]]]:
    """The application's entitlements by name, each with its bindings."""
    query = select(entitlements).where(entitlements.c.application_id == application_id).order_by(entitlements.c.name)
    found = [msgspec.convert(row._mapping, Entitlement, strict=False) for row in await tx.execute(query)]
    rows = await tx.execute(select(bindings).where(bindings.c.entitlement_id.in_([one.id for one in found])))
    bound = [msgspec.convert(row._mapping, Binding, strict=False) for row in rows]
    return [(one, [binding for binding in bound if binding.entitlement_id == one.id]) for one in found]


async def add(tx: Transaction, **columns: Any) -> int:
    """Inserts a binding and returns its id."""
    return int((await tx.execute(insert(bindings).values(columns).returning(bindings.c.id))).scalar_one())


async def change(tx: Transaction, binding_id: int, **columns: Any) -> None:
    await tx.execute(update(bindings).where(bindings.c.id == binding_id).values(columns))


async def remove(tx: Transaction, binding_id: int) -> None:
    await tx.execute(delete(bindings).where(bindings.c.id == binding_id))


async def add_entitlement(tx: Transaction, **columns: Any) -> int:
    """Inserts an entitlement and returns its id."""
    query = insert(entitlements).values(columns).returning(entitlements.c.id)
    return int((await tx.execute(query)).scalar_one())
