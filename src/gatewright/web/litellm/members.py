"""`/team/member_add`, `/team/member_update`, `/team/member_delete` (contract litellm 3.6): memberships by hand."""

from typing import Any, Literal

import msgspec
from starlette.responses import Response

from gatewright.accounts.team_members import Member, TeamMembers
from gatewright.accounts.teams import Teams
from gatewright.domain.errors import BadInput
from gatewright.storage.teams import TeamRow
from gatewright.web.api.wire import answer, clean
from gatewright.web.call import Call
from gatewright.web.litellm.fields import asked, only_admins
from gatewright.web.litellm.team_rows import FirstMember, Membership, TeamInfo, membership, team_info
from gatewright.web.routing import Access, Dialect, Route

MOST_AT_ONCE = 500


class AddFields(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of /team/member_add that work here."""

    team_id: str
    member: FirstMember | list[FirstMember]


class UpdateFields(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of /team/member_update that work here."""

    team_id: str
    user_id: str
    role: Literal["user", "admin"]


class DeleteFields(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of /team/member_delete that work here."""

    team_id: str
    user_id: str


class Added(TeamInfo, frozen=True, kw_only=True):
    """The team, and what /team/member_add did."""

    updated_users: list[dict[str, Any]]
    updated_team_memberships: list[Membership]


class MemberRoutes:
    """For administrators, and for those who administer the team."""

    def __init__(self, teams: Teams, members: TeamMembers) -> None:
        self._teams = teams
        self._members = members

    def routes(self) -> list[Route]:
        return [
            Route("/team/member_add", ("POST",), self.add, Access.CALLER, Dialect.LITELLM),
            Route("/team/member_update", ("POST",), self.update, Access.CALLER, Dialect.LITELLM),
            Route("/team/member_delete", ("POST",), self.delete, Access.CALLER, Dialect.LITELLM),
        ]

    async def add(self, call: Call) -> Response:
        """The team's row. All of them or, with NotFound, nobody; whoever is in it gets the role."""
        wanted = await asked(call, AddFields)
        given = wanted.member if isinstance(wanted.member, list) else [wanted.member]
        if not 1 <= len(given) <= MOST_AT_ONCE:
            raise BadInput(f"Name 1 to {MOST_AT_ONCE} members.", param="member", code="field_invalid")
        team = await self._managed(call, wanted.team_id)
        members = [Member(clean(one.user_id, "user_id"), one.role) for one in given]
        rows = await self._members.put(team.team_id, members, actor=call.actor, origin=call.origin)
        everybody = await self._members.of_team(team)
        users = [{"user_id": row.user_id, "teams": [team.team_id]} for row in rows]
        memberships = [membership(row) for row in rows]
        row = team_info(team, everybody)
        fields = {name: getattr(row, name) for name in row.__struct_fields__}
        return answer(Added(**fields, updated_users=users, updated_team_memberships=memberships))

    async def update(self, call: Call) -> Response:
        """The membership. It is one by hand from now on. Raises NotFound for somebody who is not in the team."""
        wanted = await asked(call, UpdateFields)
        team = await self._managed(call, wanted.team_id)
        user_id = clean(wanted.user_id, "user_id")
        member = Member(user_id, wanted.role)
        rows = await self._members.change(team.team_id, member, actor=call.actor, origin=call.origin)
        return answer(membership(rows))

    async def delete(self, call: Call) -> Response:
        """The team's row without them; their command-line credentials for it are revoked. Raises NotFound."""
        wanted = await asked(call, DeleteFields)
        team = await self._managed(call, wanted.team_id)
        user_id = clean(wanted.user_id, "user_id")
        await self._members.remove(team.team_id, user_id, actor=call.actor, origin=call.origin)
        return answer(team_info(team, await self._members.of_team(team)))

    async def _managed(self, call: Call, team_id: str) -> TeamRow:
        """The team, when the caller may say who is in it. Raises NotFound, to administrators alone."""
        principal = call.principal
        if principal.is_admin:
            return await self._teams.find(clean(team_id, "team_id"))
        if principal.user_pk is not None:
            for row in await self._members.of_user(principal.user_pk):
                if row.team_id == team_id and row.role == "admin":
                    return await self._teams.find(team_id)
        raise only_admins(call.request.url.path, principal)
