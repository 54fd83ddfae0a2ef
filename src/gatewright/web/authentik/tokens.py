"""`/core/tokens/`: API tokens and app passwords, by identifier."""

from collections.abc import Sequence
from typing import Any

from starlette.responses import Response

from gatewright.domain.clock import iso_or_none
from gatewright.domain.errors import BadInput, Forbidden
from gatewright.idp.directory.grants import own
from gatewright.idp.directory.tokens import NAMES, REQUIRED, DirectoryTokens, Limit, TokenView
from gatewright.storage.listing import Wish
from gatewright.web.authentication import WRITERS
from gatewright.web.authentik import answers
from gatewright.web.authentik.resource import Json, Kind, Resource, anything, route
from gatewright.web.authentik.shapes import person as user_answer
from gatewright.web.authentik.wire import (
    Asked,
    answer,
    body_of,
    by_of,
    changes_of,
    flag_of,
    mine,
    nothing,
    number_of,
    time_of,
)
from gatewright.web.call import Call
from gatewright.web.routing import Access, Route


class Tokens(Resource):
    """Everybody has their own; administrators manage all of them."""

    kind = Kind(
        "/core/tokens/",
        answers=answers.Token,
        takes=anything(NAMES),
        required=REQUIRED,
        read=Access.CALLER,
        write=Access.WRITER,
        order=("identifier", "intent", "expires", "user__username"),
        filters={
            **{name: Asked(name) for name in ("identifier", "intent", "description", "user__username")},
            "user": Asked("user", read=number_of),
            "expiring": Asked("expires", "filled", flag_of),
            "expires": Asked("expires", read=time_of),
            "expires__gt": Asked("expires", "from", time_of),
            "expires__lt": Asked("expires", "to", time_of),
        },
    )

    def __init__(self, tokens: DirectoryTokens) -> None:
        self._tokens = tokens

    def actions(self) -> list[Route]:
        return [
            # A GET that changes something, as Authentik has it: the key is shown once.
            route("/core/tokens/{key}/view_key/", "GET", self.view_key, Access.WRITER),
            route("/core/tokens/{key}/set_key/", "POST", self.set_key, Access.ADMIN),
        ]

    async def page(self, call: Call, wish: Wish) -> tuple[int, Sequence[Json]]:
        count, found = await self._tokens.page(own(wish, mine(call)))
        return count, [token_answer(one) for one in found]

    async def one(self, call: Call, key: str) -> Json:
        return token_answer(await self._tokens.get(key, Limit(mine(call))))

    async def made(self, call: Call, attrs: dict[str, Any]) -> Json:
        """The master key has no owner: it names one in `user`."""
        limit, owner = limit_of(call), call.principal.user_pk
        if owner is None and attrs.get("user") is None:
            raise BadInput("This field is required: the master key has no tokens of its own.", param="user")
        return token_answer(await self._tokens.create(attrs, by_of(call), limit, owner or 0))

    async def changed(self, call: Call, key: str, attrs: dict[str, Any]) -> Json:
        return token_answer(await self._tokens.change(key, attrs, by_of(call), limit_of(call)))

    async def deleted(self, call: Call, key: str) -> None:
        await self._tokens.delete(key, by_of(call), limit_of(call))

    async def view_key(self, call: Call) -> Response:
        """The key, this once."""
        if call.principal.kind == "session" and call.request.headers.get("sec-fetch-site") not in (None, "same-origin"):
            raise Forbidden("This request came from another site.", code="cross_site_request")
        return answer({"key": await self._tokens.key(call.path("key"), by_of(call), limit_of(call))})

    async def set_key(self, call: Call) -> Response:
        key = (await body_of(call)).get("key")
        if not isinstance(key, str):
            raise BadInput("This field is required.", param="key")
        await self._tokens.set_key(call.path("key"), key, by_of(call), limit_of(call))
        return nothing()


def limit_of(call: Call) -> Limit:
    """What the caller may do with tokens. One that ends itself makes none that lives longer."""
    principal = call.principal
    if principal.role not in WRITERS:
        raise Forbidden("Read-only people have no tokens to change.")
    until = None if principal.kind in ("session", "master") else principal.expires_at
    return Limit(changes_of(call), until)


def token_answer(view: TokenView) -> answers.Token:
    """A token without its key."""
    row = view.token
    return {
        "pk": row.uuid,
        "managed": None,
        "identifier": row.identifier,
        "intent": row.intent,
        "user": row.user_pk,
        "user_obj": user_answer(view.owner),
        "description": row.description,
        "expires": iso_or_none(row.expires_at),
        "expiring": row.expires_at is not None,
        "last_used": iso_or_none(row.last_used_at),
        "key_unread": row.unread_key is not None,
    }
