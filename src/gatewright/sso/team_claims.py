"""The teams that a sign-in puts somebody in: those of the provider's claim, and a newcomer's."""

from collections.abc import Sequence

import msgspec

from gatewright.accounts.team_members import Member, follow, put_by_hand
from gatewright.accounts.teams import NewTeam, add_team
from gatewright.domain.clock import Millis
from gatewright.domain.identity import RoleStep
from gatewright.domain.people import Event, Origin, User
from gatewright.settings.sign_in_rules import DefaultTeam, SignInRules
from gatewright.sso.verdict import Verdict
from gatewright.storage import audit_log, teams
from gatewright.storage.database import Transaction

ACTOR = "sso"
MOST_TOLD = 20


class TeamPlan(msgspec.Struct, frozen=True):
    """What a sign-in will do to somebody's teams. `claimed` None: no claim names teams. `steps` tell what is odd.

    `missing` will be made, `unknown` are reported, `given` are a newcomer's.
    """

    claimed: tuple[str, ...] | None
    missing: tuple[str, ...]
    unknown: tuple[str, ...]
    given: tuple[DefaultTeam, ...]
    steps: tuple[RoleStep, ...]


async def plan_teams(tx: Transaction, verdict: Verdict, rules: SignInRules, *, newcomer: bool) -> TeamPlan:
    """Looks which of the teams are there. Missing ones of the claim are made where the rules say so, else reported."""
    given = rules.newcomer_teams if newcomer else ()
    claimed = verdict.teams or ()
    gone = [team_id for team_id in claimed if await teams.by_id(tx, team_id) is None]
    absent = [one.team_id for one in given if await teams.by_id(tx, one.team_id) is None]
    steps = []
    missing = gone if rules.create_teams else []
    if missing:
        steps.append(RoleStep("teams", f"Teams that were made: {_told(missing)}."))
    unknown = [*absent, *(() if rules.create_teams else gone)]
    if unknown:
        steps.append(RoleStep("teams", f"No team here has the id {_told(unknown)}: passed over."))
    here = tuple(one for one in given if one.team_id not in absent)
    return TeamPlan(verdict.teams, tuple(missing), tuple(unknown), here, tuple(steps))


async def carry_out(
    tx: Transaction, user: User, plan: TeamPlan, word: str, rules: SignInRules, *, origin: Origin, now: Millis
) -> None:
    """Puts the person in the teams of the plan, and out of those that `word` (`sso:<source>`) names no more.

    A newcomer's teams are theirs by hand, so that they stay whatever a provider says. Call it last: it announces.
    """
    if plan.unknown:
        details = {"teams": list(plan.unknown[:MOST_TOLD]), "count": len(plan.unknown), "by": word}
        event = Event("login.teams", "team_unknown", user.user_id, user.user_id, details, origin)
        await audit_log.add(tx, event, now)
    for default in plan.given:
        team = await teams.by_id(tx, default.team_id)
        if team is not None:
            member = Member(user.user_id, default.role)
            await put_by_hand(tx, team, [member], now, actor=ACTOR, origin=origin)
    if plan.claimed is None:
        return
    for team_id in plan.missing:
        new = NewTeam(team_id, models=rules.team_models, limits=rules.team_limits)
        await add_team(tx, new, now, actor=ACTOR, origin=origin)
    await follow(tx, user, plan.claimed, word=word, now=now, origin=origin)


def _told(team_ids: Sequence[str]) -> str:
    more = f" and {len(team_ids) - MOST_TOLD} more" if len(team_ids) > MOST_TOLD else ""
    return f"{', '.join(team_ids[:MOST_TOLD])}{more}"
