"""`/team/new`, `/team/info`, `/team/list`, `/team/update`, `/team/delete` (contract litellm 3.6)."""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from gatewright.accounts.team_members import Member, TeamMembers
from gatewright.accounts.teams import NewTeam, TeamChange, Teams
from gatewright.domain.clock import Clock
from gatewright.domain.errors import BadInput, Conflict
from gatewright.domain.limits import NO_LIMITS
from gatewright.spend.reports import Reports
from gatewright.storage.teams import TeamRow
from gatewright.web.api import key_rules
from gatewright.web.api.wire import answer, clean
from gatewright.web.call import Call
from gatewright.web.litellm.fields import asked, only_admins, storable
from gatewright.web.litellm.limits import LimitFields, limits_asked
from gatewright.web.litellm.members import MemberRoutes
from gatewright.web.litellm.rows import KeyWithHash, key_fields
from gatewright.web.litellm.team_rows import FirstMember, TeamInfo, membership, team_fields, team_info
from gatewright.web.routing import Access, Dialect, Route

MOST_DELETED_AT_ONCE = 1000
MOST_MODELS = 1000
LONGEST_ID = 200


class ListedTeam(TeamInfo, frozen=True, kw_only=True):
    """A team in the list, with its living keys."""

    keys: list[KeyWithHash]


class NewFields(LimitFields, msgspec.Struct, frozen=True, kw_only=True):
    """The fields of /team/new that work here."""

    team_id: str | None = None
    team_alias: str | None = None
    models: list[str] = []
    metadata: dict[str, Any] = {}
    members_with_roles: list[FirstMember] = []


class UpdateFields(LimitFields, msgspec.Struct, frozen=True, kw_only=True):
    """The fields of /team/update that work here."""

    team_id: str
    team_alias: str | UnsetType | None = UNSET
    models: list[str] | UnsetType | None = UNSET
    metadata: dict[str, Any] | UnsetType | None = UNSET


class Delete(msgspec.Struct, frozen=True):
    """Teams by id."""

    team_ids: list[str] = []


class TeamRoutes:
    """LiteLLM's team routes, for administrators; viewers read, and members what is theirs."""

    def __init__(self, teams: Teams, members: TeamMembers, reports: Reports, clock: Clock) -> None:
        self._teams = teams
        self._members = members
        self._reports = reports
        self._clock = clock

    def routes(self) -> list[Route]:
        return [
            *MemberRoutes(self._teams, self._members).routes(),
            Route("/team/new", ("POST",), self.new, Access.ADMIN, Dialect.LITELLM),
            Route("/team/info", ("GET",), self.info, Access.CALLER, Dialect.LITELLM),
            Route("/team/list", ("GET",), self.show, Access.CALLER, Dialect.LITELLM),
            Route("/team/update", ("POST",), self.update, Access.ADMIN, Dialect.LITELLM),
            Route("/team/delete", ("POST",), self.delete, Access.ADMIN, Dialect.LITELLM),
        ]

    async def new(self, call: Call) -> Response:
        """The row. Raises BadInput naming the field, also for an id that is taken."""
        wanted = await asked(call, NewFields)
        limits = limits_asked(wanted)
        new = NewTeam(
            team_id=None if wanted.team_id is None else _checked_id(wanted.team_id),
            alias=_alias(wanted.team_alias),
            models=_checked_models(wanted.models),
            metadata=storable(wanted.metadata),
            limits=NO_LIMITS if isinstance(limits, UnsetType) else limits,
            members=[Member(clean(one.user_id, "user_id"), one.role) for one in wanted.members_with_roles],
        )
        try:
            row = await self._teams.create(new, actor=call.actor, origin=call.origin)
        except Conflict as error:
            # LiteLLM answers 400 here, as for a key's alias.
            raise BadInput(error.message, param=error.param, code=error.error_code) from error
        return answer(await self._row(row))

    async def info(self, call: Call) -> Response:
        """`{team_id, team_info, keys, team_memberships}` of the team that `?team_id=` names; to members of theirs.

        Raises NotFound, to those who see everything.
        """
        team_id = call.query("team_id")
        if team_id is None:
            raise BadInput("team_id is missing.", param="team_id", hint="Name a team: /team/info?team_id=...")
        if not call.principal.sees_everything and team_id not in await self._own(call):
            raise only_admins(call.request.url.path, call.principal)
        row = await self._teams.find(clean(team_id, "team_id"))
        members = await self._members.of_team(row)
        body = {"team_id": row.team_id, "team_info": team_info(row, members), "keys": await self._keys_of(row, call)}
        return answer({**body, "team_memberships": [membership(member) for member in members]})

    async def show(self, call: Call) -> Response:
        """Every team with its keys, oldest first; to members theirs, with their own keys."""
        rows = await self._teams.everything()
        if not call.principal.sees_everything:
            own = await self._own(call)
            rows = [row for row in rows if row.team_id in own]
        found = [(row, await self._members.of_team(row)) for row in rows]
        return answer(
            [ListedTeam(**team_fields(row, members), keys=await self._keys_of(row, call)) for row, members in found]
        )

    async def update(self, call: Call) -> Response:
        """`{team_id, data}`. Null takes a value away. Raises NotFound, BadInput naming the field."""
        wanted = await asked(call, UpdateFields, nulls=True)
        team_id = clean(wanted.team_id, "team_id")
        before = await self._teams.find(team_id)
        alias, models, metadata = wanted.team_alias, wanted.models, wanted.metadata
        change = TeamChange(
            alias=UNSET if isinstance(alias, UnsetType) else _alias(alias),
            models=UNSET if isinstance(models, UnsetType) else _checked_models(models or []),
            metadata=UNSET if isinstance(metadata, UnsetType) else storable(metadata or {}),
            limits=limits_asked(wanted, before.limits),
        )
        row = await self._teams.change(team_id, change, actor=call.actor, origin=call.origin)
        return answer({"team_id": row.team_id, "data": await self._row(row)})

    async def delete(self, call: Call) -> Response:
        """The deleted rows; their keys are revoked. All of them or, with NotFound, none."""
        wanted = await asked(call, Delete)
        ids = list(dict.fromkeys(clean(team_id, "team_ids") for team_id in wanted.team_ids))
        if not 1 <= len(ids) <= MOST_DELETED_AT_ONCE:
            raise BadInput(f"Name 1 to {MOST_DELETED_AT_ONCE} teams.", param="team_ids", code="field_invalid")
        rows = await self._teams.delete(ids, actor=call.actor, origin=call.origin)
        return answer([team_info(row, []) for row in rows])

    async def _row(self, row: TeamRow) -> TeamInfo:
        return team_info(row, await self._members.of_team(row))

    async def _own(self, call: Call) -> frozenset[str]:
        """The team_ids of the caller's teams."""
        user_pk = call.principal.user_pk
        return (
            frozenset() if user_pk is None else frozenset(row.team_id for row in await self._members.of_user(user_pk))
        )

    async def _keys_of(self, team: TeamRow, call: Call) -> list[KeyWithHash]:
        """The living keys that the caller may see."""
        rows = await self._teams.keys_of(team.team_id)
        if not call.principal.sees_everything:
            rows = [row for row in rows if row.user_pk == call.principal.user_pk]
        spent, now = await self._reports.of_keys([row.id for row in rows]), self._clock()
        return [KeyWithHash(**key_fields(row, spent.get(row.id, 0), now), token=row.token_hash) for row in rows]


def _alias(text: str | None) -> str | None:
    return None if text is None else key_rules.checked_name(text, "team_alias")


def _checked_id(text: str) -> str:
    if not 0 < len(text) <= LONGEST_ID or not text.isprintable() or text != text.strip():
        raise BadInput(
            f"team_id needs 1 to {LONGEST_ID} printable characters, none of them a space at its ends.",
            param="team_id",
            code="field_invalid",
        )
    return text


def _checked_models(names: list[str]) -> list[str]:
    """A team may name models that come later, and patterns."""
    if len(names) > MOST_MODELS or any(not 0 < len(name) <= LONGEST_ID or not name.isprintable() for name in names):
        raise BadInput(
            f"models holds at most {MOST_MODELS} names of at most {LONGEST_ID} printable characters.",
            param="models",
            code="field_invalid",
        )
    return list(dict.fromkeys(names))
