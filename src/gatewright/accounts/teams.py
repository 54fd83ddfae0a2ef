"""Teams: make, change, delete. Every change tells the other workers."""

import uuid
from collections.abc import Sequence

import msgspec
from msgspec import UNSET, UnsetType

from gatewright.accounts.team_members import Member, put_by_hand
from gatewright.domain.clock import Millis
from gatewright.domain.errors import Conflict, NotFound
from gatewright.domain.limits import NO_LIMITS, Limits
from gatewright.domain.people import Event, Origin
from gatewright.storage import audit_log, changes, keys, teams
from gatewright.storage.database import Database, Transaction
from gatewright.storage.keys import KeyRow
from gatewright.storage.rows import limit_values
from gatewright.storage.teams import TeamRow


class NewTeam(msgspec.Struct, frozen=True):
    """What a team is made of. `team_id` None: a random one. `models` empty means every model."""

    team_id: str | None = None
    alias: str | None = None
    models: Sequence[str] = ()
    metadata: dict[str, object] = {}
    limits: Limits = NO_LIMITS
    members: Sequence[Member] = ()


class TeamChange(msgspec.Struct, frozen=True):
    """What of a team is to be another; UNSET stays as it is."""

    alias: str | UnsetType | None = UNSET
    models: Sequence[str] | UnsetType = UNSET
    metadata: dict[str, object] | UnsetType = UNSET
    limits: Limits | UnsetType = UNSET


class Teams:
    """The stored teams."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def create(self, new: NewTeam, *, actor: str, origin: Origin) -> TeamRow:
        """Raises Conflict when there is a team of that id."""
        async with self._db.write() as tx:
            return await add_team(tx, new, self._db.clock(), actor=actor, origin=origin)

    async def find(self, team_id: str) -> TeamRow:
        """Raises NotFound."""
        async with self._db.read() as tx:
            return _known(await teams.by_id(tx, team_id), team_id)

    async def everything(self) -> list[TeamRow]:
        """Every team, oldest first."""
        async with self._db.read() as tx:
            return await teams.everything(tx)

    async def keys_of(self, team_id: str) -> list[KeyRow]:
        """The living keys of a team."""
        async with self._db.read() as tx:
            return await keys.of_team(tx, team_id)

    async def change(self, team_id: str, change: TeamChange, *, actor: str, origin: Origin) -> TeamRow:
        """The team as it is afterwards, so on every worker. Raises NotFound."""
        now = self._db.clock()
        columns = {name: v for name in ("alias", "models", "metadata") if (v := getattr(change, name)) is not UNSET}
        limits = {} if isinstance(change.limits, UnsetType) else limit_values(change.limits)
        async with self._db.write() as tx:
            row = _known(await teams.change(tx, team_id, now, **columns, **limits), team_id)
            details = {"fields": sorted({*columns, *limits})}
            event = Event("team.update", "ok", actor=actor, target=team_id, details=details, origin=origin)
            await audit_log.add(tx, event, now)
            await changes.announce(tx, "team", team_id, now)
        return row

    async def delete(self, team_ids: Sequence[str], *, actor: str, origin: Origin) -> list[TeamRow]:
        """Deletes teams and revokes their keys: all of them or, with NotFound, none."""
        now = self._db.clock()
        async with self._db.write() as tx:
            await keys.lock_new(tx)
            rows = [_known(await teams.by_id(tx, team_id), team_id) for team_id in team_ids]
            for row in rows:
                living = await keys.of_team(tx, row.team_id)
                for key in living:
                    await keys.revoke(tx, key.id, now)
                await teams.remove(tx, row.team_id)
                details = {"keys": [key.id for key in living]}
                event = Event("team.delete", "ok", actor=actor, target=row.team_id, details=details, origin=origin)
                await audit_log.add(tx, event, now)
                await _announce(tx, row.team_id, living, now)
        return rows


async def add_team(tx: Transaction, new: NewTeam, now: Millis, *, actor: str, origin: Origin) -> TeamRow:
    """Makes the team with its members. Raises Conflict when there is one of that id, NotFound for an unknown member.

    Call it last: it announces the change.
    """
    team_id = new.team_id or str(uuid.uuid4())
    await keys.lock_new(tx)
    if await teams.by_id(tx, team_id) is not None:
        raise Conflict(f"There is a team {team_id!r} already.", param="team_id", code="team_exists")
    row = await teams.add(
        tx,
        team_id=team_id,
        alias=new.alias,
        models=list(new.models),
        metadata=new.metadata,
        **limit_values(new.limits),
        created_at=now,
        created_by=actor,
        updated_at=now,
    )
    await audit_log.add(tx, Event("team.create", "ok", actor=actor, target=team_id, origin=origin), now)
    await put_by_hand(tx, row, new.members, now, actor=actor, origin=origin)
    # Keys of a deleted team of that name may be remembered as refused.
    await _announce(tx, team_id, await keys.of_team(tx, team_id), now)
    return row


async def _announce(tx: Transaction, team_id: str, of_it: Sequence[KeyRow], now: Millis) -> None:
    await changes.announce(tx, "team", team_id, now)
    for key in of_it:
        await changes.announce(tx, "key", key.token_hash, now)


def _known(row: TeamRow | None, team_id: str) -> TeamRow:
    if row is None:
        raise NotFound(f"There is no team {team_id!r}.", param="team_id", code="team_not_found")
    return row
