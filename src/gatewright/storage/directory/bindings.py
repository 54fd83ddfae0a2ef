"""Bindings and entitlements as the directory lists them."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update

from gatewright.storage.bindings import Binding, Entitlement
from gatewright.storage.database import Transaction
from gatewright.storage.listing import Listing, Wish, matching
from gatewright.storage.tables import applications, bindings, entitlements, groups, users


class StoredBinding(Binding, frozen=True):
    """A binding with the uuids of its target and its group."""

    application_uuid: str | None = None
    entitlement_uuid: str | None = None
    group_uuid: str | None = None


class StoredEntitlement(Entitlement, frozen=True):
    """An entitlement with its application's uuid."""

    application_uuid: str = ""


_application, _entitlement = applications.alias(), entitlements.alias()
BINDINGS = Listing(
    key=bindings.c.id,
    columns={
        "order": bindings.c.position,
        "enabled": bindings.c.is_enabled,
        "negate": bindings.c.negate,
        "application": _application.c.uuid,
        "entitlement": _entitlement.c.uuid,
        "group": groups.c.uuid,
        "group__name": groups.c.name,
        "user": bindings.c.user_pk,
        "user__username": users.c.username,
        "pk": bindings.c.uuid,
    },
    searched=(groups.c.name, users.c.username, _application.c.name, _application.c.slug),
)
ENTITLEMENTS = Listing(
    key=entitlements.c.id,
    columns={"name": entitlements.c.name, "app": applications.c.uuid, "pbm_uuid": entitlements.c.uuid},
    searched=(entitlements.c.name,),
)


async def page(tx: Transaction, wish: Wish) -> tuple[int, list[StoredBinding]]:
    """How many bindings there are that match, and one page of them."""
    count, rows = await matching(tx, _bindings(), BINDINGS, wish)
    return count, [msgspec.convert(row._mapping, StoredBinding, strict=False) for row in rows]


async def by_uuid(tx: Transaction, uuid: str) -> StoredBinding | None:
    row = (await tx.execute(_bindings().where(bindings.c.uuid == uuid))).first()
    return None if row is None else msgspec.convert(row._mapping, StoredBinding, strict=False)


async def entitlement_page(tx: Transaction, wish: Wish) -> tuple[int, list[StoredEntitlement]]:
    """How many entitlements there are that match, and one page of them."""
    count, rows = await matching(tx, _entitlements(), ENTITLEMENTS, wish)
    return count, [msgspec.convert(row._mapping, StoredEntitlement, strict=False) for row in rows]


async def entitlement(tx: Transaction, uuid: str) -> StoredEntitlement | None:
    row = (await tx.execute(_entitlements().where(entitlements.c.uuid == uuid))).first()
    return None if row is None else msgspec.convert(row._mapping, StoredEntitlement, strict=False)


async def add_entitlement(tx: Transaction, **columns: Any) -> None:
    await tx.execute(insert(entitlements).values(columns))


async def change_entitlement(tx: Transaction, entitlement_id: int, **columns: Any) -> None:
    await tx.execute(update(entitlements).where(entitlements.c.id == entitlement_id).values(columns))


async def remove_entitlement(tx: Transaction, entitlement_id: int) -> None:
    await tx.execute(delete(entitlements).where(entitlements.c.id == entitlement_id))


async def of_applications(tx: Transaction, application_ids: Sequence[int]) -> dict[int, list[Binding]]:
    """The bindings of each application."""
    query = select(bindings).where(bindings.c.application_id.in_(application_ids))
    found: dict[int, list[Binding]] = {application_id: [] for application_id in application_ids}
    for row in await tx.execute(query.order_by(bindings.c.position, bindings.c.id)):
        found[row.application_id].append(msgspec.convert(row._mapping, Binding, strict=False))
    return found


def _bindings() -> Any:
    joined = (
        bindings.outerjoin(_application, _application.c.id == bindings.c.application_id)
        .outerjoin(_entitlement, _entitlement.c.id == bindings.c.entitlement_id)
        .outerjoin(groups, groups.c.id == bindings.c.group_id)
        .outerjoin(users, users.c.id == bindings.c.user_pk)
    )
    columns = (_application.c.uuid.label("application_uuid"), _entitlement.c.uuid.label("entitlement_uuid"))
    return select(bindings, *columns, groups.c.uuid.label("group_uuid")).select_from(joined)


def _entitlements() -> Any:
    joined = entitlements.join(applications, applications.c.id == entitlements.c.application_id)
    return select(entitlements, applications.c.uuid.label("application_uuid")).select_from(joined)
