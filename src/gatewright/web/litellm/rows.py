"""Keys and users as LiteLLM writes them (contract litellm 3.4, 3.5).

What does not exist here (organizations, budgets) is answered as LiteLLM answers it when nothing is set.
"""

from typing import Any

import msgspec

from gatewright.domain.clock import Millis, iso, iso_or_none
from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.money import NANOS_PER_DOLLAR, Nanos
from gatewright.domain.people import User
from gatewright.storage.keys import KeyRow
from gatewright.web.api.key_rules import status_of
from gatewright.web.litellm.limits import LimitRow, limit_fields


class KeyInfo(LimitRow, msgspec.Struct, frozen=True, kw_only=True):
    """A key's row without its hash. `spend` is a number of USD, as LiteLLM writes it."""

    key_name: str
    key_alias: str | None
    spend: float
    expires: str | None
    models: list[str]
    user_id: str | None
    metadata: dict[str, Any]
    blocked: bool
    status: str
    created_at: str
    created_by: str | None
    updated_at: str
    updated_by: str | None
    last_active: str | None
    aliases: dict[str, Any] = {}
    config: dict[str, Any] = {}
    permissions: dict[str, Any] = {}
    allowed_routes: list[str] = []
    team_id: str | None = None
    organization_id: None = None
    max_budget: None = None
    budget_duration: None = None
    budget_reset_at: None = None


class KeyWithHash(KeyInfo, frozen=True, kw_only=True):
    """A key's row in a list: `token` is its SHA-256, by which LiteLLM's routes name it."""

    token: str


class GeneratedKey(KeyWithHash, frozen=True, kw_only=True):
    """The answer to /key/generate: the only one with the secret."""

    key: str
    token_id: str
    litellm_budget_table: None = None


class UserRow(msgspec.Struct, frozen=True, kw_only=True):
    """A user's row. `user_role` is the stored role, never the alias that the request used.

    `sso_user_id` is the subject at the provider through which they signed in last. `role_reason` and `role_locked` are
    ours: why they have the role, as everywhere else.
    """

    user_id: str
    user_alias: str | None
    user_email: str | None
    user_role: Role
    metadata: dict[str, Any] = {}
    created_at: str | None = None
    updated_at: str | None = None
    spend: float | None = None
    teams: list[str] = []
    models: list[str] = []
    sso_user_id: str | None = None
    organization_id: None = None
    max_budget: None = None
    budget_duration: None = None
    budget_reset_at: None = None
    max_parallel_requests: int | None = None
    tpm_limit: int | None = None
    rpm_limit: int | None = None
    role_reason: RoleReason
    role_locked: bool


def key_fields(row: KeyRow, spent: Nanos, now: Millis) -> dict[str, Any]:
    """What every shape of a key's row holds."""
    return {
        "key_name": row.key_name,
        "key_alias": row.alias,
        "spend": spent / NANOS_PER_DOLLAR,
        "expires": iso_or_none(row.expires_at),
        "models": row.models,
        "user_id": row.owner_user_id,
        "metadata": row.metadata,
        "blocked": row.blocked,
        "status": status_of(row, now),
        "created_at": iso(row.created_at),
        "created_by": row.created_by,
        "updated_at": iso(row.updated_at),
        "updated_by": row.created_by,
        "last_active": iso_or_none(row.last_used_at),
        "team_id": row.team_id,
        **limit_fields(row.limits),
    }


def user_row(user: User, subject: str | None = None) -> UserRow:
    """The row of a user; `subject` is the one at the provider through which they signed in last."""
    return UserRow(
        user_id=user.user_id,
        user_alias=user.display_name,
        user_email=user.email,
        user_role=user.role,
        metadata=user.metadata,
        created_at=iso(user.created_at),
        updated_at=iso(user.updated_at),
        sso_user_id=subject,
        max_parallel_requests=user.max_parallel_requests,
        tpm_limit=user.tpm_limit,
        rpm_limit=user.rpm_limit,
        role_reason=user.role_reason,
        role_locked=user.role_locked,
    )
