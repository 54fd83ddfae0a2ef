"""Teams and their members as LiteLLM writes them (contract litellm 3.6)."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from gatewright.domain.clock import iso
from gatewright.storage.team_members import MemberRow
from gatewright.storage.teams import TeamRow
from gatewright.web.litellm.limits import LimitRow, limit_fields


class TeamInfo(LimitRow, msgspec.Struct, frozen=True, kw_only=True):
    """A team's row. What does not exist here (organizations, budgets) is answered as when nothing is set."""

    team_id: str
    team_alias: str | None
    models: list[str]
    metadata: dict[str, Any]
    created_at: str
    updated_at: str
    organization_id: None = None
    admins: list[str] = []
    members: list[str] = []
    members_with_roles: list[dict[str, str]] = []
    blocked: bool = False
    spend: None = None
    max_budget: None = None
    budget_duration: None = None
    budget_reset_at: None = None


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """One membership in LiteLLM's shape. `origin` is ours: `manual`, or whose word put the person in."""

    user_id: str
    team_id: str
    role: str
    origin: str
    budget_id: None = None
    spend: None = None
    litellm_budget_table: None = None


class FirstMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody by `user_id`: nobody is found by an e-mail address."""

    user_id: str
    role: Literal["user", "admin"] = "user"


def team_info(row: TeamRow, members: Sequence[MemberRow]) -> TeamInfo:
    """The row of a team with these members."""
    return TeamInfo(**team_fields(row, members))


def membership(row: MemberRow) -> Membership:
    """The row of a membership."""
    return Membership(user_id=row.user_id, team_id=row.team_id, role=row.role, origin=row.origin)


def team_fields(row: TeamRow, members: Sequence[MemberRow]) -> dict[str, Any]:
    """What every shape of a team's row holds."""
    return {
        "members": [member.user_id for member in members],
        "admins": [member.user_id for member in members if member.role == "admin"],
        "members_with_roles": [{"user_id": member.user_id, "role": member.role} for member in members],
        "team_id": row.team_id,
        "team_alias": row.alias,
        "models": row.models,
        "metadata": row.metadata,
        "created_at": iso(row.created_at),
        "updated_at": iso(row.updated_at),
        **limit_fields(row.limits),
    }
