"""A person as the rooms pass them around, and who acted."""

import unicodedata
from typing import Any

import msgspec

from gatewright.domain.clock import Millis
from gatewright.domain.identity import Role, RoleReason

# Names that mean somebody else in answers and in the audit log.
RESERVED_NAMES = frozenset(
    {"default_user_id", "master", "anonymous", "system", "session", "key", "cli", "token", "jwt"}
)


def is_reserved(name: str) -> bool:
    """Whether the name is one of those, or looks like it: in any case, its letters wide or narrow."""
    return unicodedata.normalize("NFKC", name).casefold() in RESERVED_NAMES


class User(msgspec.Struct, frozen=True):
    """One row of users, without the password.

    `id` is our key, `user_id` is LiteLLM's text id, `email` is opaque text, `kind` is Authentik's user type.
    """

    id: int
    uuid: str
    username: str
    user_id: str
    email: str | None
    email_verified: bool
    display_name: str | None
    role: Role
    role_reason: RoleReason
    role_locked: bool
    is_active: bool
    is_break_glass: bool
    attributes: dict[str, Any]
    metadata: dict[str, Any]
    created_at: Millis
    updated_at: Millis
    last_login_at: Millis | None
    kind: str = "internal"
    path: str = "users"
    password_changed_at: Millis | None = None
    rpm_limit: int | None = None
    tpm_limit: int | None = None
    max_parallel_requests: int | None = None


class Group(msgspec.Struct, frozen=True):
    """One row of groups. Whoever is in it is in its parents too, as expressions and bindings see it."""

    id: int
    uuid: str
    name: str
    is_superuser: bool
    attributes: dict[str, Any]
    requires_mfa: bool = False
    parent_ids: tuple[int, ...] = ()


PROXY_SOURCE = "trusted-header"
"""The source of whom an authenticating proxy in front signed in."""


class Origin(msgspec.Struct, frozen=True):
    """Where a request came from, for the session list and the audit log. `reference` is the request id.

    `asserted` is the binding of the identity that an authenticating proxy in front says is there.
    """

    address: str | None = None
    user_agent: str | None = None
    reference: str | None = None
    asserted: str | None = None


class Event(msgspec.Struct, frozen=True):
    """One line of the audit log. `action` is dotted (`login.password`); `outcome` is `ok` or a cause code."""

    action: str
    outcome: str
    actor: str | None = None
    target: str | None = None
    details: dict[str, Any] = {}
    origin: Origin = Origin()
