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


# Roles of LiteLLM's (contract litellm 1.8) that nobody has here, each with what there is instead.
FOREIGN_ROLES = {
    "org_admin": "there are no organizations here",
    "team": "a team is no person: people are put in teams",
    "customer": "there are no customers here",
}


def unknown_role(values: object) -> str:
    """Why none of these values (a claim's list or text) is a role, as the end of a sentence."""
    entries = values if isinstance(values, list | tuple) else [values]
    names = [entry.strip().lower() for entry in entries if isinstance(entry, str)]
    foreign = [f"{name} is a role of LiteLLM's, but {FOREIGN_ROLES[name]}" for name in names if name in FOREIGN_ROLES]
    known = ", ".join(role.value for role in Role)
    return f"{'. '.join([*foreign, 'Known roles'])}: {known}."


class RoleStep(msgspec.Struct, frozen=True, omit_defaults=True):
    """One step of a decision at a sign-in: the rule that looked, and what it saw and said in words.

    `role` is the role that it came to, None where it came to none; `decides` marks the step whose word counts.
    """

    rule: str
    text: str
    role: Role | None = None
    decides: bool = False


class RoleReason(msgspec.Struct, frozen=True):
    """Why somebody has their role, shown wherever the role is.

    `rule` is one of: `group` (a mapping of a group gave it), `claim` (the provider's claim named it), `default` (the
    claim was absent), `no_group` (no group of theirs gives a role), `unknown_value` (the claim named no role; the
    default applies, with a warning), `manual` (set by hand and locked), `first_admin`, `stored` (no role source is
    configured), `proxy_admin_id`, `master_key`, `break_glass`, `no_owner`. `steps` is what the last sign-in looked at,
    in its order: role, access, teams.
    """

    rule: str
    claim: str | None = None
    value: str | None = None
    warning: str | None = None
    steps: tuple[RoleStep, ...] = ()
