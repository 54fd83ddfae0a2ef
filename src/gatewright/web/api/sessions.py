"""`/api/v1/me/sessions`, `/api/v1/sessions`: where people are signed in, and ending it. One's own, and everybody's."""

import msgspec
from starlette.responses import Response

from gatewright.accounts.sign_ins import SignIns, is_current
from gatewright.accounts.users import Users
from gatewright.domain.clock import iso, iso_or_none
from gatewright.domain.errors import BadInput
from gatewright.domain.keys import Principal
from gatewright.storage.sign_ins import KINDS, SignIn, Wanted
from gatewright.web.api.wire import answer, clean, nothing
from gatewright.web.call import Call, listing, page_of
from gatewright.web.routing import Access, Dialect, Route


class Owner(msgspec.Struct, frozen=True):
    """Whose it is."""

    user_id: str
    username: str
    email: str | None


class SessionAnswer(msgspec.Struct, frozen=True):
    """One sign-in (docs/api.md). `id` is opaque to callers; `clients` are the applications that have tokens from it."""

    id: str
    kind: str
    current: bool
    owner: Owner
    clients: tuple[str, ...]
    created_at: str
    last_used_at: str | None
    expires_at: str | None
    address: str | None
    user_agent: str | None


class SessionRoutes:
    """People see and end their own; administrators everybody's, and viewers see them."""

    def __init__(self, sign_ins: SignIns, users: Users) -> None:
        self._sign_ins = sign_ins
        self._users = users

    def routes(self) -> list[Route]:
        mine, problem = "/api/v1/me/sessions", Dialect.PROBLEM
        everybodys, persons = "/api/v1/sessions", "/api/v1/users/{user_id:path}/sessions/end"
        return [
            Route(mine, ("GET",), self.show_mine, Access.PERSON, problem),
            Route(f"{mine}/end-others", ("POST",), self.end_others, Access.PERSON, problem),
            Route(f"{mine}/{{id}}", ("DELETE",), self.end_mine, Access.PERSON, problem),
            Route(everybodys, ("GET",), self.show, Access.VIEWER, problem),
            Route(f"{everybodys}/{{id}}", ("DELETE",), self.end, Access.ADMIN, problem),
            # A user_id comes from a provider and may hold a slash.
            Route(persons, ("POST",), self.end_all, Access.ADMIN, problem),
        ]

    async def show_mine(self, call: Call) -> Response:
        """The caller's own, newest first."""
        return await self._listed(call, Wanted(own_pk(call.principal)))

    async def show(self, call: Call) -> Response:
        """Everybody's, newest first; `user_id` names one person, `search` finds some by their names.

        Raises NotFound for somebody who is not there.
        """
        user_id, words = call.query("user_id"), call.query("search")
        person = None if user_id is None else await self._users.by_user_id(clean(user_id, "user_id"))
        wanted = Wanted(None if person is None else person.id, words=None if words is None else clean(words, "search"))
        return await self._listed(call, wanted)

    async def end_mine(self, call: Call) -> Response:
        """204, and the sign-in is over on every worker. Raises NotFound for one that is not the caller's own."""
        await self._sign_ins.end(call.path("id"), user_pk=own_pk(call.principal), actor=call.actor, origin=call.origin)
        return nothing()

    async def end(self, call: Call) -> Response:
        """204, whosever it is."""
        await self._sign_ins.end(call.path("id"), user_pk=None, actor=call.actor, origin=call.origin)
        return nothing()

    async def end_others(self, call: Call) -> Response:
        """How many were ended: all of the caller's but the one that calls."""
        principal = call.principal
        return answer(
            await self._sign_ins.end_all(own_pk(principal), spare=principal, actor=call.actor, origin=call.origin)
        )

    async def end_all(self, call: Call) -> Response:
        """How many were ended: all of that person's, the calling one too where it is theirs."""
        person = await self._users.by_user_id(clean(call.path("user_id"), "user_id"))
        return answer(await self._sign_ins.end_all(person.id, spare=None, actor=call.actor, origin=call.origin))

    async def _listed(self, call: Call, wanted: Wanted) -> Response:
        limit, cursor = page_of(call)
        kind = call.query("kind")
        if kind is not None and kind not in KINDS:
            raise BadInput(f"kind is none of {', '.join(KINDS)}.", param="kind")
        found, more = await self._sign_ins.page(limit, cursor, msgspec.structs.replace(wanted, kind=kind))
        return answer(listing([_answer(one, call.principal) for one in found], more))


def own_pk(principal: Principal) -> int:
    """Whose the caller's own are: the routes let in nobody without a user, and 0 is no user's id."""
    return principal.user_pk or 0


def _answer(one: SignIn, caller: Principal) -> SessionAnswer:
    return SessionAnswer(
        id=one.id,
        kind=one.kind,
        current=is_current(one, caller),
        owner=Owner(one.user_id, one.username, one.email),
        clients=one.clients,
        created_at=iso(one.created_at),
        last_used_at=iso_or_none(one.last_used_at),
        expires_at=iso_or_none(one.expires_at),
        address=one.address,
        user_agent=one.user_agent,
    )
