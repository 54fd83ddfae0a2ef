"""Applications as the directory lists them."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, select

from gatewright.storage.applications import Application
from gatewright.storage.database import Transaction
from gatewright.storage.listing import Listing, Wish, matching
from gatewright.storage.tables import applications

LISTING = Listing(
    key=applications.c.id,
    columns={
        **{name: applications.c[name] for name in ("name", "slug")},
        "group": applications.c.section,
        "meta_description": applications.c.description,
        "meta_launch_url": applications.c.launch_url,
        "meta_publisher": applications.c.publisher,
        "meta_hide": applications.c.is_hidden,
        "provider": applications.c.provider_id,
        "pk": applications.c.uuid,
        "id": applications.c.id,
    },
    searched=(
        *(applications.c.name, applications.c.slug, applications.c.description, applications.c.publisher),
        applications.c.section,
    ),
)


async def page(tx: Transaction, wish: Wish) -> tuple[int, list[Application]]:
    """How many applications there are that match, and one page of them."""
    count, rows = await matching(tx, select(applications), LISTING, wish)
    return count, [_application(row) for row in rows]


async def by_uuid(tx: Transaction, uuid: str) -> Application | None:
    row = (await tx.execute(select(applications).where(applications.c.uuid == uuid))).first()
    return None if row is None else _application(row)


async def by_ids(tx: Transaction, application_ids: Sequence[int]) -> dict[int, Application]:
    rows = await tx.execute(select(applications).where(applications.c.id.in_(application_ids)))
    return {row.id: _application(row) for row in rows}


async def by_provider(tx: Transaction, provider_id: int) -> Application | None:
    row = (await tx.execute(select(applications).where(applications.c.provider_id == provider_id))).first()
    return None if row is None else _application(row)


async def remove(tx: Transaction, application_id: int) -> None:
    """Takes the application away, with its bindings and entitlements. Its provider stays, unusable."""
    await tx.execute(delete(applications).where(applications.c.id == application_id))


def _application(row: Any) -> Application:
    return msgspec.convert(row._mapping, Application, strict=False)
