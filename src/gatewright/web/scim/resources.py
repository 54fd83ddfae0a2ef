"""`/scim/v2/Users` and `/scim/v2/Groups`, for administrators' API tokens and the master key."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from starlette.responses import Response

from gatewright.accounts.scim.people import ScimPeople
from gatewright.accounts.scim.resource import Resource
from gatewright.accounts.scim.teams import ScimTeams
from gatewright.domain.people import Origin
from gatewright.domain.scim.patch import Operation, read_operations
from gatewright.domain.scim.schema import LIST, TEAMS, USERS, Kind
from gatewright.storage.scim import Page
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route
from gatewright.web.scim.projection import Projection, location, written
from gatewright.web.scim.query import LISTS, Query, projection_of, query_of, search_of
from gatewright.web.scim.wire import ROOT, answer, body_of, nothing

LONGEST_ID = 200
Listed = Callable[[Page, Projection], Awaitable[tuple[int, list[Resource]]]]


class UseCases(Protocol):
    """What can be done with a resource of either kind."""

    def get(self, _: str, /) -> Awaitable[Resource]: ...

    def create(self, body: Any, *, actor: str, origin: Origin) -> Awaitable[Resource]: ...

    def replace(
        self, _: str, /, body: Any, *, expected: str | None, actor: str, origin: Origin
    ) -> Awaitable[Resource]: ...

    def patch(
        self, _: str, /, operations: list[Operation], *, expected: str | None, actor: str, origin: Origin
    ) -> Awaitable[Resource]: ...

    def delete(self, _: str, /, *, expected: str | None, actor: str, origin: Origin) -> Awaitable[None]: ...


class ScimResources:
    """The resources of one kind."""

    def __init__(self, kind: Kind, cases: UseCases, listed: Listed, base_url: str) -> None:
        self._kind = kind
        self._cases = cases
        self._listed = listed
        self._base_url = base_url

    def routes(self) -> list[Route]:
        base = f"{ROOT}{self._kind.endpoint}"
        one = f"{base}/{{scim_id}}"
        return [
            Route(base, ("GET",), self.show, Access.ADMIN, Dialect.SCIM, slash=True),
            Route(base, ("POST",), self.create, Access.ADMIN, Dialect.SCIM, slash=True),
            Route(f"{base}/.search", ("POST",), self.search, Access.ADMIN, Dialect.SCIM),
            Route(one, ("GET",), self.get, Access.ADMIN, Dialect.SCIM),
            Route(one, ("PUT",), self.replace, Access.ADMIN, Dialect.SCIM),
            Route(one, ("PATCH",), self.patch, Access.ADMIN, Dialect.SCIM),
            Route(one, ("DELETE",), self.delete, Access.ADMIN, Dialect.SCIM),
        ]

    async def show(self, call: Call) -> Response:
        """A ListResponse."""
        return await self._page(query_of(call, self._kind))

    async def search(self, call: Call) -> Response:
        """The same, asked in a body, which no log of addresses keeps."""
        return await self._page(await search_of(call, self._kind))

    async def create(self, call: Call) -> Response:
        """201 with the resource."""
        wanted = projection_of(call, self._kind)
        found = await self._cases.create(await body_of(call), actor=call.actor, origin=call.origin)
        return self._one(found, wanted, 201)

    async def get(self, call: Call) -> Response:
        """The resource; 304 when If-None-Match names its version."""
        wanted = projection_of(call, self._kind)
        found = await self._cases.get(_id(call))
        known = (call.request.headers.get("if-none-match") or "").split(",")
        if found.version is not None and found.version in (one.strip() for one in known):
            return Response(status_code=304, headers={"etag": found.version, "cache-control": "no-store"})
        return self._one(found, wanted)

    async def replace(self, call: Call) -> Response:
        """The resource afterwards."""
        wanted, body = projection_of(call, self._kind), await body_of(call)
        found = await self._cases.replace(
            _id(call), body, expected=_expected(call), actor=call.actor, origin=call.origin
        )
        return self._one(found, wanted)

    async def patch(self, call: Call) -> Response:
        """The resource afterwards; of a group 204 unless attributes are asked for: its members may be many."""
        wanted, operations = projection_of(call, self._kind), read_operations(await body_of(call))
        found = await self._cases.patch(
            _id(call), operations, expected=_expected(call), actor=call.actor, origin=call.origin
        )
        if self._kind is TEAMS and not any(call.query(name) for name in LISTS):
            return nothing()
        return self._one(found, wanted)

    async def delete(self, call: Call) -> Response:
        """204."""
        await self._cases.delete(_id(call), expected=_expected(call), actor=call.actor, origin=call.origin)
        return nothing()

    async def _page(self, query: Query) -> Response:
        total, found = await self._listed(query.page, query.projection)
        body = {
            "schemas": [LIST],
            "totalResults": total,
            "startIndex": query.page.start,
            "itemsPerPage": len(found),
            "Resources": [written(one, self._kind, self._base_url, query.projection) for one in found],
        }
        return answer(body)

    def _one(self, found: Resource, wanted: Projection, status: int = 200) -> Response:
        headers = {"location": location(found, self._kind, self._base_url)}
        if found.version is not None:
            headers["etag"] = found.version
        return answer(written(found, self._kind, self._base_url, wanted), status, headers)


def users_at(people: ScimPeople, base_url: str) -> ScimResources:
    """`/Users`."""
    return ScimResources(USERS, people, lambda page, _: people.page(page), base_url)


def groups_at(teams: ScimTeams, base_url: str) -> ScimResources:
    """`/Groups`. Members that nobody asks for are not read."""

    async def listed(page: Page, wanted: Projection) -> tuple[int, list[Resource]]:
        return await teams.page(page, with_members=not wanted.leaves_out("members"))

    return ScimResources(TEAMS, teams, listed, base_url)


def _id(call: Call) -> str:
    """An id that is none finds nothing, NUL included, which PostgreSQL cannot look for."""
    return call.path("scim_id").replace("\0", "?")[:LONGEST_ID]


def _expected(call: Call) -> str | None:
    return call.request.headers.get("if-match")
