"""Roles, and the reason why somebody has one."""

from enum import StrEnum

import msgspec


class Role(StrEnum):
    """A person's role, most privileged first. The values are LiteLLM's and are stored and answered as they are."""

    PROXY_ADMIN = "proxy_admin"
    PROXY_ADMIN_VIEWER = "proxy_admin_viewer"
    INTERNAL_USER = "internal_user"
    INTERNAL_USER_VIEWER = "internal_user_viewer"

    @property
    def rank(self) -> int:
        """0 for the most privileged role."""
        return list(Role).index(self)

    @property
    def label(self) -> str:
        """The word that people see."""
        return ROLE_LABELS[self]


ROLE_LABELS = {
    Role.PROXY_ADMIN: "Admin",
    Role.PROXY_ADMIN_VIEWER: "Viewer",
    Role.INTERNAL_USER: "Member",
    Role.INTERNAL_USER_VIEWER: "Read-only member",
}

DEFAULT_ROLE = Role.INTERNAL_USER_VIEWER

# The seed's guide names this value, LiteLLM drops it silently (contract litellm 0.1); here it is an alias.
ROLE_ALIASES = {"internal_user_view_only": Role.INTERNAL_USER_VIEWER}


def parse_role(value: object) -> Role | None:
    """The role that a claim or field names, case-insensitively and through the aliases; None when it names none."""
    if not isinstance(value, str):
        return None
    name = value.strip().lower()
    return ROLE_ALIASES.get(name) or (Role(name) if name in set(Role) else None)


class RoleReason(msgspec.Struct, frozen=True):
    """Why somebody has their role, shown wherever the role is.

    `rule` is one of: `claim` (the provider's claim named it), `default` (the claim was absent), `unknown_value` (the
    claim named no role; the default applies, with a warning), `manual` (set by hand and locked), `first_admin`,
    `stored` (no role source is configured), `proxy_admin_id`, `master_key`, `break_glass`, `no_owner`.
    """

    rule: str
    claim: str | None = None
    value: str | None = None
    warning: str | None = None
