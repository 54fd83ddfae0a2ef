"""Groups as the directory lists them, and who is in them."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import delete, exists, insert, select, update

from gatewright.domain.people import Group, User
from gatewright.storage.database import Transaction
from gatewright.storage.listing import Filter, Listing, Wish, matching
from gatewright.storage.tables import bindings, group_members, group_parents, groups, users
from gatewright.storage.users import ALIVE, FIELDS

LISTING = Listing(
    key=groups.c.id,
    columns={
        **{name: groups.c[name] for name in ("name", "is_superuser", "requires_mfa")},
        "pk": groups.c.uuid,
    },
    searched=(groups.c.name,),
)


async def page(tx: Transaction, wish: Wish) -> tuple[int, list[Group]]:
    """How many groups there are that match, and one page of them. `members_by_*` name people who are in a group."""
    query = select(groups)
    kept: list[Filter] = []
    for one in wish.filters:
        if one.name.startswith("members_by_"):
            column = users.c.username if one.name == "members_by_username" else users.c.id
            member = group_members.join(users, users.c.id == group_members.c.user_pk)
            inside = select(group_members.c.group_id).select_from(member).where(column.in_(one.value), ALIVE)
            query = query.where(groups.c.id.in_(inside))
        else:
            kept.append(one)
    count, rows = await matching(tx, query, LISTING, msgspec.structs.replace(wish, filters=tuple(kept)))
    parents = await _parents(tx, [row.id for row in rows])
    return count, [_group(row, parents) for row in rows]


async def by_uuid(tx: Transaction, uuid: str) -> Group | None:
    row = (await tx.execute(select(groups).where(groups.c.uuid == uuid))).first()
    return None if row is None else _group(row, await _parents(tx, [row.id]))


async def by_id(tx: Transaction, group_id: int) -> Group | None:
    row = (await tx.execute(select(groups).where(groups.c.id == group_id))).first()
    return None if row is None else _group(row, await _parents(tx, [row.id]))


async def add(tx: Transaction, **columns: Any) -> int:
    """Inserts a group and returns its id."""
    return int((await tx.execute(insert(groups).values(columns).returning(groups.c.id))).scalar_one())


async def change(tx: Transaction, group_id: int, **columns: Any) -> None:
    await tx.execute(update(groups).where(groups.c.id == group_id).values(columns))


async def remove(tx: Transaction, group_id: int) -> None:
    """Takes the group away. Memberships, bindings and its place as a parent go with it."""
    await tx.execute(delete(groups).where(groups.c.id == group_id))


async def members(tx: Transaction, group_ids: Sequence[int]) -> dict[int, list[User]]:
    """The people who are directly in each group."""
    joined = group_members.join(users, users.c.id == group_members.c.user_pk)
    query = select(group_members.c.group_id.label("in_group"), *FIELDS).select_from(joined)
    found: dict[int, list[User]] = {group_id: [] for group_id in group_ids}
    query = query.where(group_members.c.group_id.in_(group_ids), ALIVE).order_by(users.c.id)
    for row in await tx.execute(query):
        found[row.in_group].append(msgspec.convert(row._mapping, User, strict=False))
    return found


async def set_members(tx: Transaction, group_id: int, user_pks: Sequence[int]) -> None:
    """Makes exactly these people the group's members."""
    await tx.execute(delete(group_members).where(group_members.c.group_id == group_id))
    rows = [{"group_id": group_id, "user_pk": user_pk} for user_pk in dict.fromkeys(user_pks)]
    if rows:
        await tx.execute(insert(group_members).values(rows))


async def set_groups(tx: Transaction, user_pk: int, group_ids: Sequence[int]) -> None:
    """Makes these exactly the groups that somebody is directly in."""
    await tx.execute(delete(group_members).where(group_members.c.user_pk == user_pk))
    rows = [{"group_id": group_id, "user_pk": user_pk} for group_id in dict.fromkeys(group_ids)]
    if rows:
        await tx.execute(insert(group_members).values(rows))


async def of_users(tx: Transaction, user_pks: Sequence[int]) -> dict[int, list[int]]:
    """The ids of the groups that each of them is directly in."""
    query = select(group_members).where(group_members.c.user_pk.in_(user_pks)).order_by(group_members.c.group_id)
    found: dict[int, list[int]] = {user_pk: [] for user_pk in user_pks}
    for row in await tx.execute(query):
        found[row.user_pk].append(row.group_id)
    return found


async def is_bound(tx: Transaction, group_id: int) -> bool:
    """Whether a binding names the group."""
    return bool((await tx.execute(select(exists().where(bindings.c.group_id == group_id)))).scalar())


async def _parents(tx: Transaction, group_ids: Sequence[int]) -> dict[int, list[int]]:
    query = select(group_parents).where(group_parents.c.group_id.in_(group_ids)).order_by(group_parents.c.parent_id)
    found: dict[int, list[int]] = {group_id: [] for group_id in group_ids}
    for row in await tx.execute(query):
        found[row.group_id].append(row.parent_id)
    return found


def _group(row: Any, parents: dict[int, list[int]]) -> Group:
    found = msgspec.convert(row._mapping, Group, strict=False)
    return msgspec.structs.replace(found, parent_ids=tuple(parents.get(found.id, ())))
