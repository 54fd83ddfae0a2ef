"""`/api/v1/users/{user_id}/factors`: the second factors of people, and taking them away from whoever lost them."""

import msgspec
from starlette.responses import Response

from gatewright.accounts.users import Users
from gatewright.domain.clock import iso, iso_or_none
from gatewright.idp.factors.factors import APP, Factors
from gatewright.storage.authenticators import Authenticator
from gatewright.web.api.wire import answer, clean, nothing
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route

# A user_id comes from a provider and may hold a slash.
PATH = "/api/v1/users/{user_id:path}/factors"


class FactorAnswer(msgspec.Struct, frozen=True):
    """One factor (docs/api.md). `kind` is `app` or `passkey`."""

    id: str
    kind: str
    name: str
    created_at: str
    last_used_at: str | None
    is_backed_up: bool


class FactorsAnswer(msgspec.Struct, frozen=True):
    factors: list[FactorAnswer]
    recovery_codes_left: int


class PeopleFactors:
    """Viewers look, administrators reset."""

    def __init__(self, users: Users, factors: Factors) -> None:
        self._users = users
        self._factors = factors

    def routes(self) -> list[Route]:
        return [
            Route(PATH, ("GET",), self.show, Access.VIEWER, Dialect.PROBLEM),
            Route(f"{PATH}/reset", ("POST",), self.reset, Access.ADMIN, Dialect.PROBLEM),
        ]

    async def show(self, call: Call) -> Response:
        user = await self._users.by_user_id(clean(call.path("user_id"), "user_id"))
        found = [factor_answer(one) for one in await self._factors.of(user.id)]
        return answer(FactorsAnswer(found, await self._factors.recovery_codes_left(user.id)))

    async def reset(self, call: Call) -> Response:
        """204: the person has no factors and no recovery codes."""
        user = await self._users.by_user_id(clean(call.path("user_id"), "user_id"))
        await self._factors.reset(user, call.actor, call.origin)
        return nothing()


def factor_answer(row: Authenticator) -> FactorAnswer:
    """The row of a factor, without what it knows."""
    return FactorAnswer(
        id=row.uuid,
        kind="app" if row.kind == APP else "passkey",
        name=row.name,
        created_at=iso(row.created_at),
        last_used_at=iso_or_none(row.last_used_at),
        is_backed_up=row.is_backed_up,
    )
