"""Teams as SCIM knows them: groups of people."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import and_, delete, func, insert, or_, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.scim import MOST_AT_ONCE, Page, order, visible
from gatewright.storage.scim_conditions import Field, Fields, Source, condition
from gatewright.storage.tables import keys, scim_groups, scim_users, team_members, teams, users
from gatewright.storage.users import ALIVE

SCIM = "scim"


class Member(msgspec.Struct, frozen=True):
    """A person in a team: the SCIM id, and by whose word they are in it."""

    user_pk: int
    uuid: str
    origin: str


class GroupRow(msgspec.Struct, frozen=True):
    """A team. `members` is empty where nobody asked for them."""

    team_pk: int
    team_id: str
    alias: str | None
    external_id: str | None
    created_at: Millis
    updated_at: Millis
    members: tuple[Member, ...] = ()


_SELECT = select(
    teams.c.id.label("team_pk"),
    *(teams.c.team_id, teams.c.alias, teams.c.created_at, teams.c.updated_at),
    scim_groups.c.external_id,
).outerjoin(scim_groups, scim_groups.c.team_pk == teams.c.id)
_PEOPLE = team_members.join(users, users.c.id == team_members.c.user_pk).outerjoin(
    scim_users, scim_users.c.user_pk == users.c.id
)


def _filtered(*, adopt: bool) -> Fields:
    rows = select(team_members.c.user_pk).select_from(_PEOPLE)
    inside = rows.where(team_members.c.team_pk == teams.c.id, visible(adopt=adopt)).correlate(teams)
    return {
        "id": Field(teams.c.team_id, "exact"),
        "displayname": Field(func.coalesce(teams.c.alias, teams.c.team_id)),
        "externalid": Field(scim_groups.c.external_id, "exact"),
        "meta.created": Field(teams.c.created_at, "time"),
        "meta.lastmodified": Field(teams.c.updated_at, "time"),
        "members": (Source({"value": Field(users.c.uuid, "exact")}, inside),),
    }


async def group(tx: Transaction, team_id: str, *, adopt: bool) -> GroupRow | None:
    """The team with its members."""
    row = (await tx.execute(_SELECT.where(teams.c.team_id == team_id))).first()
    if row is None:
        return None
    found = msgspec.convert(row._mapping, GroupRow)
    members = await _members(tx, [found.team_pk], adopt)
    return msgspec.structs.replace(found, members=tuple(members.get(found.team_pk, ())))


async def page(tx: Transaction, wish: Page, *, adopt: bool, with_members: bool) -> tuple[int, list[GroupRow]]:
    """How many teams match, and those of the page. Raises ScimRefused."""
    fields = _filtered(adopt=adopt)
    query = _SELECT if wish.condition is None else _SELECT.where(condition(wish.condition, fields))
    total = (await tx.execute(select(func.count()).select_from(query.subquery()))).scalar_one()
    if not wish.count:
        return total, []
    ordered = query.order_by(*order(wish, fields), teams.c.id).limit(wish.count).offset(wish.start - 1)
    rows = [msgspec.convert(row._mapping, GroupRow) for row in await tx.execute(ordered)]
    if not with_members:
        return total, rows
    members = await _members(tx, [row.team_pk for row in rows], adopt)
    return total, [msgspec.structs.replace(row, members=tuple(members.get(row.team_pk, ()))) for row in rows]


async def external_id_is_taken(tx: Transaction, external_id: str, *, but: int | None) -> bool:
    query = select(scim_groups.c.team_pk).where(
        scim_groups.c.external_id == external_id, scim_groups.c.team_pk != (but or 0)
    )
    return (await tx.execute(query.limit(1))).first() is not None


async def put(tx: Transaction, team_pk: int, external_id: str | None) -> None:
    """Stores the client's id of a team."""
    query = update(scim_groups).where(scim_groups.c.team_pk == team_pk).values(external_id=external_id)
    if (await tx.execute(query.returning(scim_groups.c.team_pk))).first() is None:
        await tx.execute(insert(scim_groups).values(team_pk=team_pk, external_id=external_id))


async def join(tx: Transaction, team_pk: int, user_pks: Sequence[int], at: Millis) -> None:
    """Puts people who are not in the team into it, by SCIM's word."""
    rows = [{"team_pk": team_pk, "user_pk": pk, "role": "user", "origin": SCIM, "created_at": at} for pk in user_pks]
    for start in range(0, len(rows), MOST_AT_ONCE):
        await tx.execute(insert(team_members).values(rows[start : start + MOST_AT_ONCE]))


async def leave(tx: Transaction, row: GroupRow, user_pks: Sequence[int], at: Millis) -> list[str]:
    """Takes people out of the team whom SCIM's word put in. Their command-line keys for it are revoked: the hashes."""
    mine = and_(team_members.c.team_pk == row.team_pk, team_members.c.origin == SCIM)
    living = and_(keys.c.kind == "cli", keys.c.team_id == row.team_id, keys.c.revoked_at.is_(None))
    hashes: list[str] = []
    for start in range(0, len(user_pks), MOST_AT_ONCE):
        some = user_pks[start : start + MOST_AT_ONCE]
        await tx.execute(delete(team_members).where(mine, team_members.c.user_pk.in_(some)))
        revoke = update(keys).where(living, keys.c.user_pk.in_(some)).values(revoked_at=at, updated_at=at)
        hashes += (await tx.execute(revoke.returning(keys.c.token_hash))).scalars()
    return hashes


async def _members(tx: Transaction, team_pks: Sequence[int], adopt: bool) -> dict[int, list[Member]]:
    query = select(team_members.c.team_pk, team_members.c.user_pk, team_members.c.origin, users.c.uuid)
    query = query.select_from(_PEOPLE)
    found: dict[int, list[Member]] = {}
    # Whom SCIM put there it may take out, also when it does not see them any more.
    shown = or_(visible(adopt=adopt), and_(ALIVE, team_members.c.origin == SCIM))
    inside = query.where(team_members.c.team_pk.in_(team_pks), shown).order_by(users.c.id)
    for row in await tx.execute(inside):
        found.setdefault(row.team_pk, []).append(Member(row.user_pk, row.uuid, row.origin))
    return found
