"""Groups and who is in them."""

from typing import Any

import msgspec
from sqlalchemy import delete, insert, select

from gatewright.domain.people import Group
from gatewright.storage.database import Transaction
from gatewright.storage.tables import group_members, groups


async def ensure(tx: Transaction, name: str, uuid: str, **columns: Any) -> Group:
    """The group of that name, made when it does not exist."""
    values = {"uuid": uuid, "attributes": {}, "is_superuser": False, **columns, "name": name}
    found = (await tx.execute(select(groups).where(groups.c.name == name))).first()
    if found is None:
        found = (await tx.execute(insert(groups).values(values).returning(groups))).one()
    return msgspec.convert(found._mapping, Group, strict=False)


async def everything(tx: Transaction) -> list[Group]:
    """All groups, for resolving parents in memory."""
    return [msgspec.convert(row._mapping, Group, strict=False) for row in await tx.execute(select(groups))]


async def of_user(tx: Transaction, user_pk: int) -> list[Group]:
    """The groups that the user is directly in, by name."""
    query = select(groups).join(group_members, group_members.c.group_id == groups.c.id)
    rows = await tx.execute(query.where(group_members.c.user_pk == user_pk).order_by(groups.c.name))
    return [msgspec.convert(row._mapping, Group, strict=False) for row in rows]


async def join(tx: Transaction, group_id: int, user_pk: int) -> None:
    """Puts the user into the group; nothing happens when they are in it."""
    query = select(group_members.c.user_pk).where(
        group_members.c.group_id == group_id, group_members.c.user_pk == user_pk
    )
    if (await tx.execute(query)).first() is None:
        await tx.execute(insert(group_members).values(group_id=group_id, user_pk=user_pk))


async def leave(tx: Transaction, group_id: int, user_pk: int) -> None:
    await tx.execute(
        delete(group_members).where(group_members.c.group_id == group_id, group_members.c.user_pk == user_pk)
    )
