"""`/user/info` and `/user/update` (contract litellm 3.5)."""

import msgspec
from msgspec import UnsetType
from starlette.responses import Response

from gatewright.accounts.keys import Keys
from gatewright.accounts.team_members import TeamMembers
from gatewright.accounts.users import Users
from gatewright.domain.clock import Clock
from gatewright.domain.errors import BadInput
from gatewright.domain.identity import RoleReason
from gatewright.domain.keys import Principal
from gatewright.domain.limits import Limits
from gatewright.domain.people import User
from gatewright.spend.reports import Reports
from gatewright.storage.keys import KeyRow
from gatewright.web.api.role_rules import Roles, checked_role
from gatewright.web.api.wire import answer, clean
from gatewright.web.call import Call
from gatewright.web.litellm.fields import asked, only_admins
from gatewright.web.litellm.limits import UserLimitFields, limits_asked
from gatewright.web.litellm.rows import KeyWithHash, UserRow, key_fields, user_row
from gatewright.web.litellm.team_rows import team_info
from gatewright.web.routing import Access, Dialect, Route

PAGE = 200
MOST_KEYS = 1000


class Update(UserLimitFields, frozen=True, kw_only=True):
    """The fields of /user/update that work here."""

    user_id: str | None = None
    user_role: str | None = None


class UserRoutes:
    """LiteLLM's user routes."""

    def __init__(
        self, users: Users, roles: Roles, keys: Keys, members: TeamMembers, reports: Reports, clock: Clock
    ) -> None:
        self._users = users
        self._members = members
        self._roles = roles
        self._keys = keys
        self._reports = reports
        self._clock = clock

    def routes(self) -> list[Route]:
        return [
            Route("/user/info", ("GET",), self.info, Access.CALLER, Dialect.LITELLM),
            Route("/user/update", ("POST",), self.update, Access.ADMIN, Dialect.LITELLM),
        ]

    async def info(self, call: Call) -> Response:
        """`{user_id, user_info, keys, teams}` of the caller, or of `?user_id=` for administrators and viewers.

        `keys` are the living ones, newest first, at most MOST_KEYS.
        """
        principal = call.principal
        wanted = call.query("user_id") or principal.user_id
        if not wanted:
            raise BadInput("This key belongs to no user.", param="user_id", hint="Call with a user's key.")
        if wanted != principal.user_id and not principal.sees_everything:
            raise only_admins(call.request.url.path, call.principal)
        if principal.user_pk is None and wanted == principal.user_id:
            return answer({"user_id": wanted, "user_info": _master(principal), "keys": [], "teams": []})
        user = await self._users.by_user_id(clean(wanted, "user_id"))
        teams = [team_info(team, await self._members.of_team(team)) for team in await self._members.teams_of(user.id)]
        row = msgspec.structs.replace(await self._row(user), teams=[team.team_id for team in teams])
        return answer({"user_id": user.user_id, "user_info": row, "keys": await self._of(user.id), "teams": teams})

    async def update(self, call: Call) -> Response:
        """`{user_id, data}`. A role that is set is locked, so that no sign-in takes it back; null takes a limit away.

        Raises BadInput for a role that does not exist and for a field that does not work here, NotFound, Conflict for
        the last administrator.
        """
        wanted = await asked(call, Update, nulls=True)
        if wanted.user_id is None:
            raise BadInput("user_id is missing.", param="user_id", code="field_invalid")
        user_id = clean(wanted.user_id, "user_id")
        role = None if wanted.user_role is None else checked_role(wanted.user_role, "user_role")
        user = await self._users.by_user_id(user_id)
        limits = limits_asked(wanted, Limits(user.rpm_limit, user.tpm_limit, user.max_parallel_requests))
        if role is None and isinstance(limits, UnsetType):
            raise BadInput(
                "There is nothing to change.",
                param="user_role",
                hint="Send user_role, rpm_limit, tpm_limit or max_parallel_requests.",
            )
        if role is not None:
            user = await self._roles.set(user_id, role, actor=call.actor, origin=call.origin, param="user_role")
        if not isinstance(limits, UnsetType):
            user = await self._users.set_limits(user_id, limits, actor=call.actor, origin=call.origin)
        return answer({"user_id": user.user_id, "data": await self._row(user)})

    async def _row(self, user: User) -> UserRow:
        return user_row(user, await self._users.last_subject(user))

    async def _of(self, user_pk: int) -> list[KeyWithHash]:
        """The user's living keys."""
        rows: list[KeyRow] = []
        after: int | None = None
        while len(rows) < MOST_KEYS:
            page = await self._keys.page(PAGE, after, user_pk=user_pk)
            rows += [row for row in page if row.revoked_at is None]
            if len(page) < PAGE:
                break
            after = page[-1].id
        spent, now = await self._reports.of_keys([row.id for row in rows]), self._clock()
        return [
            KeyWithHash(**key_fields(row, spent.get(row.id, 0), now), token=row.token_hash) for row in rows[:MOST_KEYS]
        ]


def _master(principal: Principal) -> UserRow:
    """The master key stands for an administrator who has no row."""
    return UserRow(
        user_id=principal.user_id,
        user_alias=None,
        user_email=None,
        user_role=principal.role,
        role_reason=RoleReason(rule="master_key"),
        role_locked=False,
    )
