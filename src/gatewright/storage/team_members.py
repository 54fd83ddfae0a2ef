"""Who is in which team, and by whose word."""

from collections.abc import Collection

import msgspec
from sqlalchemy import delete, select, update

from gatewright.domain.clock import Millis
from gatewright.storage.database import Transaction
from gatewright.storage.tables import team_members, teams, users

MANUAL = "manual"


class MemberRow(msgspec.Struct, frozen=True):
    """One membership. `role` is `user` or `admin`, `origin` is `manual`, `scim`, `jwt` or `sso:<source>`."""

    team_pk: int
    user_pk: int
    role: str
    origin: str
    created_at: Millis
    team_id: str
    user_id: str


_SELECT = (
    select(*team_members.c, teams.c.team_id, users.c.user_id)
    .join(teams, teams.c.id == team_members.c.team_pk)
    .join(users, users.c.id == team_members.c.user_pk)
)


async def of_user(tx: Transaction, user_pk: int) -> list[MemberRow]:
    """The person's memberships, by team_id."""
    rows = await tx.execute(_SELECT.where(team_members.c.user_pk == user_pk).order_by(teams.c.team_id))
    return [msgspec.convert(row._mapping, MemberRow) for row in rows]


async def of_team(tx: Transaction, team_pk: int) -> list[MemberRow]:
    """The team's members, by user_id. A person who was deleted is none."""
    query = _SELECT.where(team_members.c.team_pk == team_pk, users.c.deleted_at.is_(None))
    rows = await tx.execute(query.order_by(users.c.user_id))
    return [msgspec.convert(row._mapping, MemberRow) for row in rows]


async def put(tx: Transaction, team_pk: int, user_pk: int, role: str, origin: str, at: Millis) -> None:
    """Adds a membership, or says anew whose word and which role it is."""
    where = (team_members.c.team_pk == team_pk, team_members.c.user_pk == user_pk)
    changed = await tx.execute(update(team_members).where(*where).values(role=role, origin=origin))
    if changed.rowcount == 0:
        values = {"team_pk": team_pk, "user_pk": user_pk, "role": role, "origin": origin, "created_at": at}
        await tx.execute(team_members.insert().values(values))


async def remove(tx: Transaction, team_pk: int, user_pks: Collection[int]) -> None:
    """Takes people out of a team, whoever put them in."""
    where = (team_members.c.team_pk == team_pk, team_members.c.user_pk.in_(user_pks))
    await tx.execute(delete(team_members).where(*where))
