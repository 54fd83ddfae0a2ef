"""`/core/groups/`."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from gatewright.domain.errors import BadInput
from gatewright.idp.directory.groups import DirectoryGroups
from gatewright.idp.objects import groups as objects
from gatewright.idp.objects.fields import described
from gatewright.idp.objects.groups import REQUIRED
from gatewright.storage.listing import Wish
from gatewright.web.authentik import answers
from gatewright.web.authentik.resource import UUID, UUIDS, Json, Kind, Resource, route
from gatewright.web.authentik.shapes import group_answer
from gatewright.web.authentik.wire import Asked, body_of, by_of, flag_of, nothing, number_of
from gatewright.web.call import Call
from gatewright.web.routing import Access, Route


class Groups(Resource):
    """Groups, by their uuid."""

    kind = Kind(
        "/core/groups/",
        answers=answers.Group,
        takes={**described(objects.columns, objects.NAMES), "parent": UUID, "parents": UUIDS},
        required=REQUIRED,
        order=("name", "is_superuser"),
        filters={
            "name": Asked("name"),
            "is_superuser": Asked("is_superuser", read=flag_of),
            "members_by_username": Asked("members_by_username", "in", many=True),
            "members_by_pk": Asked("members_by_pk", "in", number_of, many=True),
        },
    )

    def __init__(self, groups: DirectoryGroups) -> None:
        self._groups = groups

    def actions(self) -> list[Route]:
        return [
            route("/core/groups/{key}/add_user/", "POST", self.add_user, Access.ADMIN),
            route("/core/groups/{key}/remove_user/", "POST", self.remove_user, Access.ADMIN),
        ]

    async def page(self, _: Call, wish: Wish) -> tuple[int, Sequence[Json]]:
        count, found = await self._groups.page(wish)
        return count, [group_answer(one) for one in found]

    async def one(self, _: Call, key: str) -> Json:
        return group_answer(await self._groups.get(key))

    async def made(self, call: Call, attrs: dict[str, Any]) -> Json:
        return group_answer(await self._groups.create(attrs, by_of(call)))

    async def changed(self, call: Call, key: str, attrs: dict[str, Any]) -> Json:
        return group_answer(await self._groups.change(key, attrs, by_of(call)))

    async def deleted(self, call: Call, key: str) -> None:
        await self._groups.delete(key, by_of(call))

    async def add_user(self, call: Call) -> Response:
        await self._groups.add_member(call.path("key"), await _user_pk(call), by_of(call))
        return nothing()

    async def remove_user(self, call: Call) -> Response:
        await self._groups.remove_member(call.path("key"), await _user_pk(call), by_of(call))
        return nothing()


async def _user_pk(call: Call) -> int:
    """The `pk` in the body."""
    found = (await body_of(call)).get("pk")
    if isinstance(found, bool) or not isinstance(found, int) or not 0 < found < 2**62:
        raise BadInput("A valid integer is required.", param="pk")
    return found
