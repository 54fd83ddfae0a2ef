"""Memberships of teams: those that follow somebody else's word (a provider's claim, a directory's push, a token), and
those that people make here.
"""

from collections.abc import Collection

import msgspec

from gatewright.domain.clock import Millis
from gatewright.domain.errors import NotFound
from gatewright.domain.people import Event, Origin, User
from gatewright.storage import audit_log, changes, keys, team_members, teams, users
from gatewright.storage.database import Database, Transaction
from gatewright.storage.team_members import MANUAL, MemberRow
from gatewright.storage.teams import TeamRow


async def follow(
    tx: Transaction, user: User, team_ids: Collection[str], *, word: str, now: Millis, origin: Origin
) -> tuple[str, ...]:
    """Lets the person be in exactly these teams as far as `word` (`sso:<source>`, `scim`, `jwt`) goes.

    Memberships by another word stay as they are. A team_id that is no team is passed over: whoever calls says so to
    whom it concerns. The unknown ones are answered. Both acts are in the audit log. Call it last: it announces changes.
    """
    known = {row.team_id: row for row in await team_members.of_user(tx, user.id)}
    unknown, changed, revoked = [], [], []
    for team_id in sorted(set(team_ids) - known.keys()):
        team = await teams.by_id(tx, team_id)
        if team is None:
            unknown.append(team_id)
            continue
        await team_members.put(tx, team.id, user.id, "user", word, now)
        event = Event("team.member_add", "ok", user.user_id, team_id, _by(user.user_id, word), origin)
        await audit_log.add(tx, event, now)
        changed.append(team_id)
    for row in known.values():
        if row.origin == word and row.team_id not in team_ids:
            revoked += await _leave(tx, row, now)
            event = Event("team.member_remove", "ok", user.user_id, row.team_id, _by(user.user_id, word), origin)
            await audit_log.add(tx, event, now)
            changed.append(row.team_id)
    await _announce(tx, changed, revoked, now)
    return tuple(unknown)


class Member(msgspec.Struct, frozen=True):
    """Somebody to be in a team. `role` is `user` or `admin`."""

    user_id: str
    role: str = "user"


class TeamMembers:
    """Memberships as people make them here: by hand, so that no provider takes them back."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def of_team(self, team: TeamRow) -> list[MemberRow]:
        async with self._db.read() as tx:
            return await team_members.of_team(tx, team.id)

    async def of_user(self, user_pk: int) -> list[MemberRow]:
        async with self._db.read() as tx:
            return await team_members.of_user(tx, user_pk)

    async def teams_of(self, user_pk: int) -> list[TeamRow]:
        """The teams that the person is in, by team_id."""
        async with self._db.read() as tx:
            return await teams.of_user(tx, user_pk)

    async def put(self, team_id: str, members: Collection[Member], *, actor: str, origin: Origin) -> list[MemberRow]:
        """Puts people in the team by hand, or changes their role there: all of them or, with NotFound, none.

        A membership that a provider made becomes one by hand. The rows of these people afterwards.
        """
        now = self._db.clock()
        async with self._db.write() as tx:
            team = await _team(tx, team_id)
            await put_by_hand(tx, team, members, now, actor=actor, origin=origin)
            named = {member.user_id for member in members}
            rows = [row for row in await team_members.of_team(tx, team.id) if row.user_id in named]
            await _announce(tx, [team_id], [], now)
        return rows

    async def change(self, team_id: str, member: Member, *, actor: str, origin: Origin) -> MemberRow:
        """Gives somebody who is in the team another role there; by hand from now on. Raises NotFound."""
        now = self._db.clock()
        async with self._db.write() as tx:
            team = await _team(tx, team_id)
            row = await _member(tx, team, member.user_id)
            await team_members.put(tx, team.id, row.user_pk, member.role, MANUAL, now)
            details = {**_by(member.user_id, MANUAL), "role": member.role}
            await audit_log.add(tx, Event("team.member_update", "ok", actor, team_id, details, origin), now)
            await _announce(tx, [team_id], [], now)
        return msgspec.structs.replace(row, role=member.role, origin=MANUAL)

    async def remove(self, team_id: str, user_id: str, *, actor: str, origin: Origin) -> None:
        """Takes somebody out, whoever put them in; their command-line keys for it are revoked. Raises NotFound."""
        now = self._db.clock()
        async with self._db.write() as tx:
            team = await _team(tx, team_id)
            row = await _member(tx, team, user_id)
            revoked = await _leave(tx, row, now)
            event = Event("team.member_remove", "ok", actor, team_id, _by(user_id, row.origin), origin)
            await audit_log.add(tx, event, now)
            await _announce(tx, [team_id], revoked, now)


async def put_by_hand(
    tx: Transaction, team: TeamRow, members: Collection[Member], now: Millis, *, actor: str, origin: Origin
) -> None:
    """Puts people in the team, announcing nothing. Raises NotFound for one whom nobody knows."""
    for member in members:
        user = await users.by_user_id(tx, member.user_id)
        if user is None:
            raise NotFound(f"There is no user {member.user_id!r}.", param="user_id", code="user_not_found")
        await team_members.put(tx, team.id, user.id, member.role, MANUAL, now)
        event = Event("team.member_add", "ok", actor, team.team_id, _by(user.user_id, MANUAL), origin)
        await audit_log.add(tx, event, now)


async def _team(tx: Transaction, team_id: str) -> TeamRow:
    found = await teams.by_id(tx, team_id)
    if found is None:
        raise NotFound(f"There is no team {team_id!r}.", param="team_id", code="team_not_found")
    return found


async def _member(tx: Transaction, team: TeamRow, user_id: str) -> MemberRow:
    found = next((row for row in await team_members.of_team(tx, team.id) if row.user_id == user_id), None)
    if found is None:
        raise NotFound(
            f"{user_id!r} is not in the team {team.team_id!r}.", param="user_id", code="team_member_not_found"
        )
    return found


async def _leave(tx: Transaction, row: MemberRow, now: Millis) -> list[str]:
    """Takes somebody out; the hashes of their command-line keys for the team, which are revoked with it."""
    await team_members.remove(tx, row.team_pk, [row.user_pk])
    mine = [key for key in await keys.living_cli(tx, row.user_pk) if key.team_id == row.team_id]
    return [hashed for key in mine if (hashed := await keys.revoke(tx, key.id, now)) is not None]


def _by(user_id: str, word: str) -> dict[str, str]:
    return {"user_id": user_id, "by": word}


async def _announce(tx: Transaction, team_ids: Collection[str], key_hashes: Collection[str], now: Millis) -> None:
    for team_id in team_ids:
        await changes.announce(tx, "team", team_id, now)
    for hashed in key_hashes:
        await changes.announce(tx, "key", hashed, now)
