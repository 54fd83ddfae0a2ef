"""`/api/v1/users/{user_id}/identities`: with which accounts of which providers somebody signs in."""

import msgspec
from starlette.responses import Response

from gatewright.accounts.identities import Identities
from gatewright.domain.clock import iso, iso_or_none
from gatewright.domain.errors import NotFound
from gatewright.web.api.wire import answer, clean, nothing
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route

# A user_id comes from a provider and may hold a slash.
PATH = "/api/v1/users/{user_id:path}/identities"


class IdentityAnswer(msgspec.Struct, frozen=True):
    """One identity (docs/api.md). `source` is the issuer, or `embedded`."""

    id: str
    source: str
    subject: str
    linked_at: str
    last_used_at: str | None


class IdentityList(msgspec.Struct, frozen=True):
    items: list[IdentityAnswer]


class IdentityRoutes:
    """Viewers look, administrators unlink."""

    def __init__(self, identities: Identities) -> None:
        self._identities = identities

    def routes(self) -> list[Route]:
        return [
            Route(PATH, ("GET",), self.show, Access.VIEWER, Dialect.PROBLEM),
            Route(f"{PATH}/{{id}}", ("DELETE",), self.unlink, Access.ADMIN, Dialect.PROBLEM),
        ]

    async def show(self, call: Call) -> Response:
        """Oldest first."""
        found = await self._identities.of(clean(call.path("user_id"), "user_id"))
        rows = [
            IdentityAnswer(str(one.id), one.source, one.subject, iso(one.created_at), iso_or_none(one.last_used_at))
            for one in found
        ]
        return answer(IdentityList(rows))

    async def unlink(self, call: Call) -> Response:
        """204: whoever signs in with it next is a newcomer, and the person's sign-ins are over."""
        number = call.path("id")
        if not number.isdecimal() or len(number) > 18:
            raise NotFound("There is no such identity.", code="identity_not_found")
        user_id = clean(call.path("user_id"), "user_id")
        await self._identities.unlink(user_id, int(number), actor=call.actor, origin=call.origin)
        return nothing()
