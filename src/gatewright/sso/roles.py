"""Which role a sign-in leaves somebody with: one pure function, policy `every_login`."""

import msgspec

from gatewright.domain.identity import DEFAULT_ROLE, Role, RoleReason
from gatewright.domain.people import User
from gatewright.sso.claims import RoleClaim

# Said by people here, and still true when no provider decides.
KEPT_REASONS = ("manual", "first_admin")


class RoleDecision(msgspec.Struct, frozen=True):
    """The role and why."""

    role: Role
    reason: RoleReason


def decide_role(
    claim: RoleClaim, stored: User | None, *, provider_decides: bool, always_admin: bool = False
) -> RoleDecision:
    """The role after a sign-in. `stored` is the user as they are, None for a newcomer.

    In this order: a break-glass account keeps what it has; PROXY_ADMIN_ID is always an administrator; a role that was
    set by hand stands; where no role source is configured the stored role stands; else the provider's claim decides,
    by absence too, administrators included.
    """
    if stored is not None and stored.is_break_glass:
        return RoleDecision(stored.role, stored.role_reason)
    if always_admin:
        return RoleDecision(Role.PROXY_ADMIN, RoleReason(rule="proxy_admin_id"))
    if stored is not None and stored.role_locked:
        return RoleDecision(stored.role, stored.role_reason)
    if not provider_decides:
        return _without_source(claim, stored)
    if not claim.present:
        return RoleDecision(DEFAULT_ROLE, RoleReason(rule="default", claim=claim.name))
    if claim.role is None:
        reason = RoleReason(rule="unknown_value", claim=claim.name, value=claim.value, warning=claim.warning)
        return RoleDecision(DEFAULT_ROLE, reason)
    return RoleDecision(claim.role, RoleReason(rule="claim", claim=claim.name, value=claim.value))


def _without_source(claim: RoleClaim, stored: User | None) -> RoleDecision:
    warning = None
    if claim.present:
        warning = f"The provider sent the claim {claim.name}; it counts once GENERIC_USER_ROLE_ATTRIBUTE names it."
    if stored is None:
        return RoleDecision(DEFAULT_ROLE, RoleReason(rule="default", value=claim.value, warning=warning))
    if stored.role_reason.rule in KEPT_REASONS:
        return RoleDecision(stored.role, stored.role_reason)
    return RoleDecision(stored.role, RoleReason(rule="stored", value=claim.value, warning=warning))
