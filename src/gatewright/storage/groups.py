"""Groups and who is in them. Whoever is in a group is in its parents too."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, bindparam, delete, insert, select

from gatewright.domain.people import Group
from gatewright.storage.database import Transaction
from gatewright.storage.tables import group_members, group_parents, groups


class Membership(msgspec.Struct, frozen=True):
    """A group that somebody is in: `direct`, or only through a child group of it."""

    group: Group
    direct: bool


_BELOW = (
    select(group_members.c.group_id).where(group_members.c.user_pk == bindparam("member")).cte("mine", recursive=True)
)
# UNION takes a group once, so that a circle of parents ends where it began.
_MINE = _BELOW.union(select(group_parents.c.parent_id).join(_BELOW, _BELOW.c.group_id == group_parents.c.group_id))
_MEMBERSHIPS = (
    select(groups, group_parents.c.parent_id.label("above"), group_members.c.user_pk.is_not(None).label("direct"))
    .join(_MINE, _MINE.c.group_id == groups.c.id)
    .outerjoin(group_parents, group_parents.c.group_id == groups.c.id)
    .outerjoin(
        group_members, (group_members.c.group_id == groups.c.id) & (group_members.c.user_pk == bindparam("member"))
    )
    .order_by(group_parents.c.parent_id)
)


async def memberships(tx: Transaction, user_pk: int) -> list[Membership]:
    """The groups that the user is in, directly or through a child group, by name."""
    rows = (await tx.execute(_MEMBERSHIPS, {"member": user_pk})).all()
    parents: dict[int, list[int]] = {}
    for row in rows:
        parents.setdefault(row.id, []).extend([] if row.above is None else [row.above])
    found = {row.id: Membership(_group(row, parents[row.id]), bool(row.direct)) for row in rows}
    return sorted(found.values(), key=lambda one: one.group.name)


async def ensure(tx: Transaction, name: str, uuid: str, *, parent_ids: Sequence[int] = (), **columns: Any) -> Group:
    """The group of that name, made when it does not exist."""
    values = {"uuid": uuid, "attributes": {}, "is_superuser": False, **columns, "name": name}
    found = await _groups(tx, groups.c.name == name)
    if not found:
        group_id = (await tx.execute(insert(groups).values(values).returning(groups.c.id))).scalar_one()
        await set_parents(tx, group_id, parent_ids)
        found = await _groups(tx, groups.c.id == group_id)
    return found[0]


async def everything(tx: Transaction) -> list[Group]:
    """All groups, for resolving parents in memory."""
    return await _groups(tx)


async def set_parents(tx: Transaction, group_id: int, parent_ids: Sequence[int]) -> None:
    """Makes these the group's parents. The caller saw to it that no group becomes its own ancestor."""
    await tx.execute(delete(group_parents).where(group_parents.c.group_id == group_id))
    rows = [{"group_id": group_id, "parent_id": parent_id} for parent_id in dict.fromkeys(parent_ids)]
    if rows:
        await tx.execute(insert(group_parents).values(rows))


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


async def _groups(tx: Transaction, *conditions: ColumnElement[bool]) -> list[Group]:
    """Groups by name, with their parents."""
    rows = (await tx.execute(select(groups).where(*conditions).order_by(groups.c.name))).all()
    query = select(group_parents).where(group_parents.c.group_id.in_([row.id for row in rows]))
    parents: dict[int, list[int]] = {}
    for link in await tx.execute(query.order_by(group_parents.c.parent_id)):
        parents.setdefault(link.group_id, []).append(link.parent_id)
    return [_group(row, parents.get(row.id, ())) for row in rows]


def _group(row: Row[Any], parent_ids: Sequence[int]) -> Group:
    found = msgspec.convert(row._mapping, Group, strict=False)
    return msgspec.structs.replace(found, parent_ids=tuple(parent_ids))
