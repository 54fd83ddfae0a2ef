"""Which role a sign-in leaves somebody with, and every step to it: one pure function.

The resolution table is in docs/roles.md; contract litellm 1.8 is where it comes from, and differs where it says so.
"""

import msgspec

from gatewright.domain.identity import Role, RoleReason, RoleStep
from gatewright.domain.people import User
from gatewright.settings.sign_in import SignInProvider
from gatewright.settings.sign_in_rules import SignInRules
from gatewright.sso.claims import Person, listed

# Said by people here, and still true when no provider decides.
KEPT_REASONS = ("manual", "first_admin")
NAMED_BY_CLAIMS = ("group", "claim")
POLICIES = {
    "raise_only": "the policy raise_only lets a sign-in raise a role and lower none",
    "first_login": "the policy first_login takes the role of the first sign-in alone",
}


class RoleDecision(msgspec.Struct, frozen=True):
    """The role and why. `steps` are in the order in which the rules looked; the last but notes decides."""

    role: Role
    reason: RoleReason
    steps: tuple[RoleStep, ...]


class Said(msgspec.Struct, frozen=True):
    """What the claims say: the role, the rule that found it, and the steps."""

    role: Role
    reason: RoleReason
    steps: tuple[RoleStep, ...]


def decide_role(person: Person, stored: User | None, provider: SignInProvider, rules: SignInRules) -> RoleDecision:
    """The role after a sign-in. `stored` is the user as they are, None for a newcomer.

    In this order: a break-glass account keeps what it has; PROXY_ADMIN_ID is always an administrator; a role that was
    set by hand stands; where no role source is configured the stored role stands; else the claims decide, by absence
    too, administrators included, as far as the policy lets them.
    """
    if stored is not None and stored.is_break_glass:
        step = _step("break_glass", "A local emergency administrator: no provider decides this role.", stored.role)
        return _kept(stored, (step,))
    if is_proxy_admin(person, stored, rules):
        step = _step("proxy_admin_id", "PROXY_ADMIN_ID names this person.", Role.PROXY_ADMIN)
        return RoleDecision(Role.PROXY_ADMIN, RoleReason(rule="proxy_admin_id"), (step,))
    found = _found(person, provider, rules)
    if stored is not None and stored.role_locked:
        return _kept(stored, _locked(stored, found, decides=provider.roles.decides))
    if not provider.roles.decides:
        return _without_source(person, stored, found)
    if stored is None or provider.roles.policy == "every_login":
        return RoleDecision(found.role, found.reason, found.steps)
    return _by_policy(stored, found, provider)


def is_proxy_admin(person: Person, stored: User | None, rules: SignInRules) -> bool:
    """PROXY_ADMIN_ID names a subject, or the user_id of somebody who is linked already; never a newcomer's wish."""
    wanted = rules.proxy_admin_id
    return bool(wanted) and (person.subject == wanted or (stored is not None and stored.user_id == wanted))


def _step(rule: str, text: str, role: Role | None = None) -> RoleStep:
    """A step that decides when it has a role."""
    return RoleStep(rule, text, role, decides=role is not None)


def _kept(stored: User, steps: tuple[RoleStep, ...]) -> RoleDecision:
    """The stored role, for the reason for which they have it."""
    return RoleDecision(stored.role, stored.role_reason, steps)


def _locked(stored: User, found: Said, *, decides: bool) -> tuple[RoleStep, ...]:
    step = _step(
        "manual", f"The role was set by hand to {stored.role} and is locked: no sign-in changes it.", stored.role
    )
    if not decides:
        return (step,)
    return (step, RoleStep("unlocked", f"Without the lock it would be {found.role} (rule {found.reason.rule})."))


def _by_policy(stored: User, found: Said, provider: SignInProvider) -> RoleDecision:
    """`raise_only` and `first_login`, for somebody who was here before."""
    policy = provider.roles.policy
    raises = found.reason.rule in NAMED_BY_CLAIMS and found.role.rank < stored.role.rank
    if policy == "raise_only" and raises:
        return RoleDecision(found.role, found.reason, found.steps)
    seen = tuple(msgspec.structs.replace(step, decides=False) for step in found.steps)
    step = _step(policy, f"The stored role {stored.role} stands: {POLICIES[policy]}.", stored.role)
    return _kept(stored, (*seen, step))


def _without_source(person: Person, stored: User | None, found: Said) -> RoleDecision:
    claim, warning = person.role, None
    if claim.present:
        warning = f"The provider sent the claim {claim.name}; it counts once GENERIC_USER_ROLE_ATTRIBUTE names it."
    note = (RoleStep("ignored", warning),) if warning else ()
    if stored is None:
        reason = RoleReason(rule="default", value=claim.value, warning=warning)
        text = f"No role source is configured: a newcomer gets the default role {found.role}."
        return RoleDecision(found.role, reason, (*note, _step("default", text, found.role)))
    text = f"No role source is configured: the stored role {stored.role} stands."
    steps = (*note, _step("stored", text, stored.role))
    if stored.role_reason.rule in KEPT_REASONS:
        return _kept(stored, steps)
    return RoleDecision(stored.role, RoleReason(rule="stored", value=claim.value, warning=warning), steps)


def _found(person: Person, provider: SignInProvider, rules: SignInRules) -> Said:
    """What the claims alone say: mappings of groups, then the role claim, then the default role."""
    given, steps = provider.roles, []
    default = given.default_role or rules.newcomer_role
    reason = RoleReason(rule="default")
    if given.mappings:
        reason, step = _by_group(person, provider)
        steps.append(step)
        if step.role is not None:
            return Said(step.role, reason, tuple(steps))
    # As in LiteLLM: mappings with a default of their own leave nothing to the role claim.
    if given.is_configured and not (given.mappings and given.default_role):
        reason, step = _by_claim(person, provider)
        steps.append(step)
        if step.role is not None:
            return Said(step.role, reason, tuple(steps))
    steps.append(_step("default", f"The default role {default} applies.", default))
    return Said(default, reason, tuple(steps))


def _by_group(person: Person, provider: SignInProvider) -> tuple[RoleReason, RoleStep]:
    """The highest role that a group gives, whatever the order of groups and mappings."""
    groups = listed(person.claims, provider.roles.group_claim or provider.claims.groups)
    if not groups.present:
        text = f"Group mappings: the claim {groups.name} was absent or empty. {_asked(provider)}"
        return RoleReason(rule="default", claim=groups.name), RoleStep("group", text)
    held = frozenset(groups.entries)
    for role in Role:
        group = next((one for one in provider.roles.mappings.get(role, ()) if one in held), None)
        if group is not None:
            text = f"Group mappings: the claim {groups.name} holds {groups.shown}; {group} gives {role}."
            return RoleReason(rule="group", claim=groups.name, value=group), _step("group", text, role)
    text = f"Group mappings: the claim {groups.name} holds {groups.shown}; none of these gives a role."
    return RoleReason(rule="no_group", claim=groups.name, value=groups.shown), RoleStep("group", text)


def _asked(provider: SignInProvider) -> str:
    """What to look at when a claim did not come."""
    return f"See whether the scope that releases it was granted; asked for was {provider.scope or 'none'}."


def _by_claim(person: Person, provider: SignInProvider) -> tuple[RoleReason, RoleStep]:
    claim = person.role
    if not claim.present:
        text = f"Role claim: {claim.name} was absent or empty. {_asked(provider)}"
        return RoleReason(rule="default", claim=claim.name), RoleStep("claim", text)
    if claim.role is None:
        reason = RoleReason(rule="unknown_value", claim=claim.name, value=claim.value, warning=claim.warning)
        return reason, RoleStep("claim", f"Role claim: {claim.warning}")
    text = f"Role claim: {claim.name} holds {claim.value}, which is {claim.role}."
    return RoleReason(rule="claim", claim=claim.name, value=claim.value), _step("claim", text, claim.role)
