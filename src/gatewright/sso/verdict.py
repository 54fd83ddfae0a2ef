"""What a sign-in with these claims comes to: role, access and teams, with every step. Pure, so that it can be tried."""

import msgspec

from gatewright.domain.identity import RoleStep
from gatewright.domain.people import User
from gatewright.oidc.errors import LoginRefused
from gatewright.settings.sign_in import SignInProvider
from gatewright.settings.sign_in_rules import SignInRules
from gatewright.sso.access import decide_access
from gatewright.sso.claims import Person, listed
from gatewright.sso.roles import RoleDecision, decide_role

LONGEST_TEAM_ID = 200
MOST_TEAMS = 500


class Verdict(msgspec.Struct, frozen=True):
    """`refusal` None lets the person in. `teams` None: no claim names teams, so nothing follows."""

    role: RoleDecision
    refusal: LoginRefused | None
    teams: tuple[str, ...] | None
    steps: tuple[RoleStep, ...]


def judge(
    person: Person, stored: User | None, provider: SignInProvider, rules: SignInRules, *, dashboard: bool = True
) -> Verdict:
    """The verdict on a sign-in. `stored` is the user as they are, None for a newcomer."""
    role = decide_role(person, stored, provider, rules)
    access = decide_access(person, stored, role.role, provider, rules, dashboard=dashboard)
    teams, step = _teams(person, provider)
    steps = (*role.steps, *access.steps, *((step,) if step is not None else ()))
    return Verdict(role, access.refusal, teams, steps)


def _teams(person: Person, provider: SignInProvider) -> tuple[tuple[str, ...] | None, RoleStep | None]:
    """The team_ids that the claim names; absence is no team at all, as it is no role."""
    path = provider.claims.teams
    if path is None:
        return None, None
    found = listed(person.claims, path)
    teams = tuple(one for one in found.entries if len(one) <= LONGEST_TEAM_ID)[:MOST_TEAMS]
    if found.present:
        return teams, RoleStep("teams", f"Teams: the claim {path} holds {found.shown}.")
    text = (
        f"Teams: the claim {path} was absent or empty, so the provider puts them in no team. If that is wrong, see "
        f"whether the scope that releases the claim was granted; asked for was {provider.scope or 'none'}."
    )
    return (), RoleStep("teams", text)
