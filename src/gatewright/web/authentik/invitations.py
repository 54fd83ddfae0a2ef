"""`/stages/invitation/invitations/`. The link is answered once; the pk opens nothing, unlike Authentik's."""

from collections.abc import Sequence
from typing import Any

from gatewright.domain.clock import iso, iso_or_none
from gatewright.idp.directory.invitations import PATH, REQUIRED, DirectoryInvitations, InvitationView
from gatewright.idp.objects import flows
from gatewright.storage.listing import Wish
from gatewright.web.authentik.resource import Json, Kind, Resource
from gatewright.web.authentik.shapes import flow_answer, partial_user
from gatewright.web.authentik.wire import Asked, by_of, flag_of
from gatewright.web.call import Call

NOBODY = {"pk": 0, "username": "", "name": "", "is_active": False, "uid": "", "email": "", "last_login": None}


class Invitations(Resource):
    """Invitations, by uuid."""

    kind = Kind(
        "/stages/invitation/invitations/",
        required=REQUIRED,
        order=("name", "expires"),
        filters={
            "name": Asked("name"),
            "single_use": Asked("single_use", read=flag_of),
            "created_by__username": Asked("created_by__username"),
        },
    )

    def __init__(self, invitations: DirectoryInvitations, base_url: str) -> None:
        self._invitations = invitations
        self._base_url = base_url

    async def page(self, _: Call, wish: Wish) -> tuple[int, Sequence[Json]]:
        count, found = await self._invitations.page(wish)
        return count, [self._shown(one) for one in found]

    async def one(self, _: Call, key: str) -> Json:
        return self._shown(await self._invitations.get(key))

    async def made(self, call: Call, attrs: dict[str, Any]) -> Json:
        return self._shown(await self._invitations.create(attrs, by_of(call), call.principal.user_pk))

    async def changed(self, call: Call, key: str, attrs: dict[str, Any]) -> Json:
        return self._shown(await self._invitations.change(key, attrs, by_of(call)))

    async def deleted(self, call: Call, key: str) -> None:
        await self._invitations.delete(key, by_of(call))

    def _shown(self, view: InvitationView) -> Json:
        row, flow = view.invitation, flows.FLOWS[flows.ENROLLMENT]
        link = None if view.token is None else f"{self._base_url}{PATH}?itoken={view.token}"
        return {
            "pk": row.uuid,
            "name": row.name,
            "expires": iso(row.expires_at),
            "fixed_data": row.fixed_data,
            "created_by": NOBODY if view.maker is None else partial_user(view.maker.user, view.maker.uid),
            "single_use": row.single_use,
            "flow": flow.pk,
            "flow_obj": flow_answer(flow),
            "groups": row.groups,
            "used_at": iso_or_none(row.used_at),
            "link": link,
        }
