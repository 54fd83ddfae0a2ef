"""Who may sign in at all, and who may open the dashboard: pure. A refusal says why, and what helps.

Unlike LiteLLM's, no restriction lets somebody pass for want of the claim that it looks at.
"""

import msgspec

from gatewright.domain.identity import Role, RoleStep
from gatewright.domain.people import User
from gatewright.oidc.errors import LoginRefused
from gatewright.settings.sign_in import SignInProvider
from gatewright.settings.sign_in_rules import SignInRules
from gatewright.sso.claims import Listed, Person, listed

DASHBOARD_ALONE = ("dashboard_admin_only", "dashboard_group")
"""Refusals that leave the command line open."""
ASK = "Ask an administrator, here or at the sign-in provider."


class AccessDecision(msgspec.Struct, frozen=True):
    """`refusal` None lets them in; `steps` are empty where nothing is restricted."""

    refusal: LoginRefused | None
    steps: tuple[RoleStep, ...]


def decide_access(
    person: Person, stored: User | None, role: Role, provider: SignInProvider, rules: SignInRules, *, dashboard: bool
) -> AccessDecision:
    """Whether the person may come in with that role. `dashboard`: in a browser, not for the command line.

    A local emergency administrator always may.
    """
    if stored is not None and stored.is_break_glass:
        return AccessDecision(None, ())
    checks = (
        _domain(person, rules.email_domains),
        _domain(person, provider.access.email_domains),
        _groups(listed(person.claims, provider.claims.groups), provider.access.groups),
        _roles(role, provider.access.roles),
        _dashboard(person, role, rules) if dashboard else None,
    )
    steps: list[RoleStep] = []
    for check in checks:
        if isinstance(check, LoginRefused):
            steps.append(RoleStep("access", f"Refused ({check.error_code}): {check.message}"))
            return AccessDecision(check, tuple(steps))
        if check is not None:
            steps.append(RoleStep("access", check))
    return AccessDecision(None, tuple(steps))


def _domain(person: Person, domains: tuple[str, ...]) -> LoginRefused | str | None:
    """The part after @, compared whole; a claim that is absent or called unverified does not pass."""
    if not domains:
        return None
    local, _, domain = (person.email or "").rpartition("@")
    if not local or not domain:
        return LoginRefused(
            "email_missing",
            "Only certain e-mail domains may sign in here, and the provider did not say your address.",
            hint="The provider must send the e-mail claim: look at the scopes that are asked for. " + ASK,
        )
    if domain.strip().lower() not in domains:
        return LoginRefused(
            "email_domain", f"Addresses at {domain[:100]} may not sign in here.", hint="Use another account. " + ASK
        )
    if person.email_refuted:
        return LoginRefused(
            "email_unverified",
            "Only certain e-mail domains may sign in here, and the provider says that your address is not verified.",
            hint="Have the address verified at the provider, then sign in again.",
        )
    return f"The e-mail domain {domain} is allowed."


def _groups(groups: Listed, allowed: tuple[str, ...]) -> LoginRefused | str | None:
    if not allowed:
        return None
    held = frozenset(groups.entries)
    group = next((one for one in allowed if one in held), None)
    if group is not None:
        return f"The group {group} of the claim {groups.name} is allowed."
    said = f"holds {groups.shown}" if groups.present else "was absent or empty"
    return LoginRefused(
        "group_required",
        "Only members of certain groups may sign in here, and you are in none of them: "
        f"the claim {groups.name} {said}.",
        hint=ASK,
    )


def _roles(role: Role, allowed: tuple[Role, ...]) -> LoginRefused | str | None:
    if not allowed:
        return None
    if role in allowed:
        return f"The role {role} is allowed."
    return LoginRefused("role_required", f"Your role is {role}, and only others may sign in here.", hint=ASK)


def _dashboard(person: Person, role: Role, rules: SignInRules) -> LoginRefused | str | None:
    """LiteLLM's `ui_access_mode`."""
    given = rules.dashboard
    if given.mode == "admin_only":
        if role.rank <= Role.PROXY_ADMIN_VIEWER.rank:
            return f"The dashboard is for administrators and viewers: {role} is one."
        return LoginRefused(
            "dashboard_admin_only", f"The dashboard is for administrators alone, and your role is {role}.", hint=ASK
        )
    if given.mode == "group":
        found = _groups(listed(person.claims, given.claim), (given.group,))
        if isinstance(found, LoginRefused):
            return LoginRefused("dashboard_group", f"The dashboard is for one group alone. {found.message}", hint=ASK)
        return found
    return None
