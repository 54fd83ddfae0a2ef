"""Memberships of teams that follow somebody else's word: a provider's claim, a directory's push, a token."""

from collections.abc import Collection

from gatewright.domain.clock import Millis
from gatewright.domain.people import Event, Origin, User
from gatewright.storage import audit_log, changes, team_members, teams
from gatewright.storage.database import Transaction


async def follow(
    tx: Transaction, user: User, team_ids: Collection[str], *, word: str, now: Millis, origin: Origin
) -> tuple[str, ...]:
    """Lets the person be in exactly these teams as far as `word` (`sso:<source>`, `scim`, `jwt`) goes.

    Memberships by another word stay as they are. A team_id that is no team is passed over: whoever calls says so to
    whom it concerns. The unknown ones are answered. Changed teams are announced, and both acts are in the audit log.
    """
    known = {row.team_id: row for row in await team_members.of_user(tx, user.id)}
    unknown = []
    for team_id in sorted(set(team_ids) - known.keys()):
        team = await teams.by_id(tx, team_id)
        if team is None:
            unknown.append(team_id)
            continue
        await team_members.put(tx, team.id, user.id, "user", word, now)
        await _told(tx, "team.member_add", user, team_id, word, now, origin)
    for row in known.values():
        if row.origin == word and row.team_id not in team_ids:
            await team_members.remove(tx, row.team_pk, [user.id])
            await _told(tx, "team.member_remove", user, row.team_id, word, now, origin)
    return tuple(unknown)


async def _told(tx: Transaction, action: str, user: User, team_id: str, word: str, now: Millis, origin: Origin) -> None:
    details = {"user_id": user.user_id, "by": word}
    await audit_log.add(tx, Event(action, "ok", user.user_id, team_id, details, origin), now)
    await changes.announce(tx, "team", team_id, now)
