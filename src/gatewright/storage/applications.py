"""Applications: what people sign in to. The slug is part of the issuer."""

import uuid
from typing import Any

import msgspec
from sqlalchemy import insert, select, update

from gatewright.storage.database import Transaction
from gatewright.storage.tables import applications


class Application(msgspec.Struct, frozen=True):
    """One row. `launch_url` may start with `{base_url}`. `section` is the heading under which people see it."""

    id: int
    slug: str
    name: str
    provider_id: int | None
    launch_url: str
    uuid: str = ""
    open_in_new_tab: bool = False
    section: str = ""
    icon: str = ""
    description: str = ""
    publisher: str = ""
    is_hidden: bool = False
    binding_mode: str = "any"


async def by_slug(tx: Transaction, slug: str) -> Application | None:
    row = (await tx.execute(select(applications).where(applications.c.slug == slug))).first()
    return None if row is None else msgspec.convert(row._mapping, Application, strict=False)


async def add(tx: Transaction, **columns: Any) -> int:
    """Inserts an application and returns its id."""
    values = {"uuid": str(uuid.uuid4()), **columns}
    query = insert(applications).values(values).returning(applications.c.id)
    return int((await tx.execute(query)).scalar_one())


async def change(tx: Transaction, application_id: int, **columns: Any) -> None:
    if columns:
        await tx.execute(update(applications).where(applications.c.id == application_id).values(columns))
