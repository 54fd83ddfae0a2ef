"""The registration endpoint of an application, and each registered client's own (RFC 7591, RFC 7592)."""

from collections.abc import Awaitable
from typing import Any

from starlette.responses import JSONResponse, Response

from gatewright.domain.errors import GatewrightError
from gatewright.idp.clients import MOUNT
from gatewright.idp.provider import Provider
from gatewright.idp.registration.registration import ClientRegistration
from gatewright.idp.tokens.userinfo import bearer
from gatewright.oidc.errors import InvalidClientMetadata, InvalidToken
from gatewright.web import errors
from gatewright.web.call import Call
from gatewright.web.idp.token import NO_STORE, challenge, content_type
from gatewright.web.routing import Access, Dialect, Route

LARGEST = 64 * 1024
JSON = "application/json"


class Registration:
    """Parses, asks the provider, renders. The bearer token in the header is the only credential."""

    def __init__(self, provider: Provider) -> None:
        self._registration: ClientRegistration = provider.registration

    def routes(self) -> list[Route]:
        """The rows of the route table. A client's own address stands before those with a slug."""
        anybody, kind = Access.PUBLIC, Dialect.OAUTH
        own = f"{MOUNT}/register/{{client_id}}/"
        return [
            Route(own, ("GET",), self.read, anybody, kind, slash=True),
            Route(own, ("PUT",), self.update, anybody, kind, slash=True),
            Route(own, ("DELETE",), self.delete, anybody, kind, slash=True),
            Route(f"{MOUNT}/{{slug}}/register/", ("POST",), self.register, anybody, kind, slash=True),
        ]

    async def register(self, call: Call) -> Response:
        """201 (RFC 7591 3.2.1)."""
        return await self._answered(call, self._register(call), 201)

    async def read(self, call: Call) -> Response:
        return await self._answered(call, self._registration.read(call.path("client_id"), _token(call), call.origin))

    async def update(self, call: Call) -> Response:
        return await self._answered(call, self._update(call))

    async def delete(self, call: Call) -> Response:
        """204 (RFC 7592 2.3)."""
        return await self._answered(call, self._delete(call), 204)

    async def _register(self, call: Call) -> dict[str, Any]:
        return await self._registration.register(call.path("slug"), _token(call), await _metadata(call), call.origin)

    async def _update(self, call: Call) -> dict[str, Any]:
        client_id = call.path("client_id")
        return await self._registration.update(client_id, _token(call), await _metadata(call), call.origin)

    async def _delete(self, call: Call) -> None:
        await self._registration.delete(call.path("client_id"), _token(call), call.origin)

    async def _answered(self, call: Call, answer: Awaitable[dict[str, Any] | None], status: int = 200) -> Response:
        try:
            body = await answer
        except GatewrightError as error:
            response = errors.as_response(error, Dialect.OAUTH, call.origin.reference)
            if isinstance(error, InvalidToken):
                response.headers["www-authenticate"] = challenge(error)
            return response
        return Response(status_code=204, headers=NO_STORE) if body is None else JSONResponse(body, status, NO_STORE)


def _token(call: Call) -> str | None:
    return bearer(call.request.headers.get("authorization"), None)


async def _metadata(call: Call) -> bytes:
    """The body, which nobody reads before the token is looked at. Raises InvalidClientMetadata, TooLarge."""
    if content_type(call) != JSON:
        raise InvalidClientMetadata(f"The body must be {JSON}.", cause="content_type")
    return await call.body(LARGEST)
