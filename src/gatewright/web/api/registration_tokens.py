"""`/api/v1/idp/registration-tokens`: with which clients register themselves at the embedded provider."""

import msgspec
from starlette.responses import Response

from gatewright.domain.clock import Clock, Millis, iso, iso_or_none
from gatewright.idp.directory.acting import By
from gatewright.idp.registration.tokens import RegistrationTokens, TokenView, Wanted
from gatewright.settings import values
from gatewright.storage.registration_tokens import RegistrationToken
from gatewright.storage.rows import cursor_id
from gatewright.web.api.key_rules import checked_name
from gatewright.web.api.wire import answer, bad_value, clean, nothing, read
from gatewright.web.call import Call, listing, page_of
from gatewright.web.routing import Access, Dialect, Route

PATH = "/api/v1/idp/registration-tokens"


class TokenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token to make. `application` is a slug; without `groups` only administrators may use what registers."""

    name: str
    application: str
    groups: list[str] = []
    expires_in: str = "7d"
    uses: int = 1


class TokenAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """One token (docs/api.md), without its secret."""

    id: str
    name: str
    application: str
    groups: list[str]
    uses: int
    most_uses: int
    created_at: str
    created_by: str
    expires_at: str
    last_used_at: str | None
    status: str


class CreatedToken(TokenAnswer, frozen=True, kw_only=True):
    """The only answer that ever holds the secret, and where it is for."""

    token: str


class RegistrationTokenRoutes:
    """Viewers look, administrators make and revoke."""

    def __init__(self, tokens: RegistrationTokens, clock: Clock) -> None:
        self._tokens = tokens
        self._clock = clock

    def routes(self) -> list[Route]:
        return [
            Route(PATH, ("GET",), self.show, Access.VIEWER, Dialect.PROBLEM),
            Route(PATH, ("POST",), self.create, Access.ADMIN, Dialect.PROBLEM),
            Route(f"{PATH}/{{id}}", ("DELETE",), self.revoke, Access.ADMIN, Dialect.PROBLEM),
        ]

    async def show(self, call: Call) -> Response:
        """Newest first, those that are over too."""
        limit, cursor = page_of(call)
        found = await self._tokens.page(limit + 1, cursor_id(cursor))
        more = str(found[limit - 1].token.id) if len(found) > limit else None
        return answer(listing([self._shown(one) for one in found[:limit]], more))

    async def create(self, call: Call) -> Response:
        """201, the token and its secret. Raises BadInput for a field."""
        wanted = await read(call, TokenRequest)
        new = Wanted(
            name=checked_name(wanted.name, "name"),
            slug=clean(wanted.application, "application"),
            group_names=wanted.groups,
            life=_life(wanted.expires_in),
            uses=wanted.uses,
        )
        made, secret = await self._tokens.create(new, By(call.actor, call.origin))
        return answer(CreatedToken(**msgspec.structs.asdict(self._shown(made)), token=secret), 201)

    async def revoke(self, call: Call) -> Response:
        """204: nobody registers with it any more; clients that did stay. Raises NotFound."""
        await self._tokens.revoke(clean(call.path("id"), "id"), By(call.actor, call.origin))
        return nothing()

    def _shown(self, view: TokenView) -> TokenAnswer:
        token = view.token
        return TokenAnswer(
            id=token.uuid,
            name=token.name,
            application=token.slug,
            groups=list(view.group_names),
            uses=token.uses,
            most_uses=token.most_uses,
            created_at=iso(token.created_at),
            created_by=token.created_by,
            expires_at=iso(token.expires_at),
            last_used_at=iso_or_none(token.last_used_at),
            status=_status(token, self._clock()),
        )


def _status(token: RegistrationToken, now: Millis) -> str:
    if token.revoked_at is not None:
        return "revoked"
    if token.uses >= token.most_uses:
        return "used_up"
    return "active" if token.is_good(now) else "expired"


def _life(text: str) -> Millis:
    try:
        return values.duration(text)
    except ValueError as error:
        raise bad_value(error, "expires_in") from error
