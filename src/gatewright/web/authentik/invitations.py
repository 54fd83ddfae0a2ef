"""`/stages/invitation/invitations/`. The link is answered once; the pk opens nothing, unlike Authentik's."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from gatewright.domain.clock import iso, iso_or_none
from gatewright.idp.directory.invitation_letters import InvitationLetters
from gatewright.idp.directory.invitations import NAMES, PATH, REQUIRED, DirectoryInvitations, InvitationView
from gatewright.idp.objects import flows
from gatewright.idp.objects.fields import Fields
from gatewright.storage.listing import Wish
from gatewright.web.authentik import answers
from gatewright.web.authentik.resource import Json, Kind, Resource, anything, route
from gatewright.web.authentik.shapes import flow_answer, partial_user
from gatewright.web.authentik.wire import Asked, body_of, by_of, flag_of, nothing, time_of
from gatewright.web.call import Call
from gatewright.web.routing import Access, Route

TEMPLATE = "invitation"
NOBODY = {"pk": 0, "username": "", "name": "", "is_active": False, "uid": "", "email": "", "last_login": None}


class Invitations(Resource):
    """Invitations, by uuid."""

    kind = Kind(
        "/stages/invitation/invitations/",
        answers=answers.Invitation,
        takes=anything(NAMES),
        required=REQUIRED,
        order=("name", "expires"),
        filters={
            "name": Asked("name"),
            "single_use": Asked("single_use", read=flag_of),
            "created_by__username": Asked("created_by__username"),
            "expires__gt": Asked("expires", "from", time_of),
            "expires__lt": Asked("expires", "to", time_of),
        },
    )

    def __init__(self, invitations: DirectoryInvitations, letters: InvitationLetters, base_url: str) -> None:
        self._invitations = invitations
        self._letters = letters
        self._base_url = base_url

    def actions(self) -> list[Route]:
        return [route(f"{self.kind.path}{{key}}/send_email/", "POST", self.send_email, Access.ADMIN)]

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

    async def send_email(self, call: Call) -> Response:
        """204; the link that was shown before is void. Without `email_addresses`: to the address that is fixed."""
        attrs = await body_of(call)
        wish = Fields(attrs, ("email_addresses", "cc_addresses", "bcc_addresses", "template"), "message")
        addresses = wish.items("email_addresses", str)
        for name in ("cc_addresses", "bcc_addresses"):
            wish.nothing(name, "Every address gets a message of its own: name it in email_addresses.")
        if wish.raw("template", TEMPLATE) not in (TEMPLATE, f"email/{TEMPLATE}.html"):
            wish.problem("template", f"There is one: {TEMPLATE}.")
        wish.done()
        await self._letters.send(call.path("key"), addresses, by_of(call))
        return nothing()

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
