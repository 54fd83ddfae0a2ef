"""Teams: keys that share limits and a list of models."""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import delete, insert, select, update

from gatewright.domain.clock import Millis
from gatewright.domain.limits import NO_LIMITS, Limits
from gatewright.storage.database import Transaction
from gatewright.storage.rows import builtins, limits_in
from gatewright.storage.tables import team_members, teams


class TeamRow(msgspec.Struct, frozen=True):
    """One row of teams. `models` empty means every model."""

    id: int
    team_id: str
    alias: str | None
    models: list[str]
    metadata: dict[str, Any]
    created_at: Millis
    created_by: str | None
    updated_at: Millis
    limits: Limits = NO_LIMITS


async def add(tx: Transaction, **columns: Any) -> TeamRow:
    """Inserts a team. The caller made sure that its id is free."""
    return _row((await tx.execute(insert(teams).values(columns).returning(*teams.c))).one()._mapping)


async def by_id(tx: Transaction, team_id: str) -> TeamRow | None:
    row = (await tx.execute(select(*teams.c).where(teams.c.team_id == team_id))).first()
    return None if row is None else _row(row._mapping)


async def of_ids(tx: Transaction, team_ids: Collection[str]) -> list[TeamRow]:
    """Those of these teams that are there."""
    query = select(*teams.c).where(teams.c.team_id.in_(team_ids))
    return [_row(row._mapping) for row in await tx.execute(query)]


async def by_alias(tx: Transaction, alias: str) -> TeamRow | None:
    """The only team of that name; None when there is none or several."""
    rows = (await tx.execute(select(*teams.c).where(teams.c.alias == alias).limit(2))).all()
    return _row(rows[0]._mapping) if len(rows) == 1 else None


async def of_user(tx: Transaction, user_pk: int) -> list[TeamRow]:
    """The teams that the person is in, by team_id."""
    query = select(*teams.c).join(team_members, team_members.c.team_pk == teams.c.id)
    rows = await tx.execute(query.where(team_members.c.user_pk == user_pk).order_by(teams.c.team_id))
    return [_row(row._mapping) for row in rows]


async def everything(tx: Transaction) -> list[TeamRow]:
    """Every team, oldest first."""
    return [_row(row._mapping) for row in await tx.execute(select(*teams.c).order_by(teams.c.id))]


async def change(tx: Transaction, team_id: str, at: Millis, **columns: Any) -> TeamRow | None:
    """Sets columns of one team; None when there is no such team."""
    values = {name: builtins(value) for name, value in columns.items()}
    query = update(teams).where(teams.c.team_id == team_id).values(**values, updated_at=at).returning(*teams.c)
    row = (await tx.execute(query)).first()
    return None if row is None else _row(row._mapping)


async def remove(tx: Transaction, team_id: str) -> None:
    """Deletes a team. What its keys are is the caller's business."""
    await tx.execute(delete(teams).where(teams.c.team_id == team_id))


def _row(mapping: Any) -> TeamRow:
    return msgspec.structs.replace(msgspec.convert(mapping, TeamRow), limits=limits_in(mapping))
