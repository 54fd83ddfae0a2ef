"""The endpoints that clients call themselves: OAuth JSON, never cached."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import JSONResponse, Response

from gatewright.domain.errors import GatewrightError
from gatewright.domain.people import Origin
from gatewright.idp.clients import MOUNT
from gatewright.idp.provider import Provider
from gatewright.idp.tokens.userinfo import bearer
from gatewright.oidc import parameters
from gatewright.oidc.errors import InsufficientScope, InvalidClient, InvalidRequest, InvalidToken
from gatewright.oidc.parameters import Parameters
from gatewright.web import errors
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route

Answer = Callable[[str | None, Parameters, Origin], Awaitable[dict[str, Any]]]
"""A use case: the Authorization header, the form and the origin become the members of the answer."""

FORM = "application/x-www-form-urlencoded"
NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


class TokenEndpoints:
    """Parses, asks the provider, renders. Errors are rendered here because they carry challenges and CORS headers."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def routes(self) -> list[Route]:
        """The rows of the route table."""
        rows = [
            ("token", ("POST",), self.token),
            ("token", ("OPTIONS",), self.preflight),
            ("userinfo", ("GET", "POST"), self.userinfo),
            ("userinfo", ("OPTIONS",), self.preflight),
            ("revoke", ("POST",), self.revoke),
            ("revoke", ("OPTIONS",), self.preflight),
            ("introspect", ("POST",), self.introspect),
            ("par", ("POST",), self.push),
            ("device", ("POST",), self.device),
        ]
        return [
            Route(f"{MOUNT}/{name}/", methods, handler, Access.PUBLIC, Dialect.OAUTH, slash=True)
            for name, methods, handler in rows
        ]

    async def token(self, call: Call) -> Response:
        return await self._shared(call, await self._answered(call, self._provider.token.answer))

    async def introspect(self, call: Call) -> Response:
        return await self._answered(call, self._provider.introspection.answer)

    async def revoke(self, call: Call) -> Response:
        """200 with nothing to say (RFC 7009 2.2)."""
        return await self._shared(call, await self._answered(call, self._revoked))

    async def push(self, call: Call) -> Response:
        """201 (RFC 9126 2.2)."""
        return await self._answered(call, self._provider.pushed.push, status=201)

    async def device(self, call: Call) -> Response:
        return await self._answered(call, self._provider.device.start)

    async def userinfo(self, call: Call) -> Response:
        """GET and POST; the token in the header or the form, never in the query (RFC 6750 2)."""
        try:
            is_form = call.request.method == "POST" and content_type(call) == FORM
            form = await read_form(call) if is_form else Parameters({})
            form.refuse_repeated()
            body_token = form.value("access_token")
            token = bearer(call.request.headers.get("authorization"), body_token)
            answer: dict[str, Any] = await self._provider.userinfo.answer(token, call.origin)
            response: Response = JSONResponse(answer, headers=NO_STORE)
        except GatewrightError as error:
            response = errors.as_response(error, Dialect.OAUTH, call.origin.reference)
            if isinstance(error, (InvalidToken, InsufficientScope, InvalidRequest)):
                response.headers["www-authenticate"] = challenge(error)
        return await self._shared(call, response)

    async def preflight(self, call: Call) -> Response:
        """OPTIONS, for a client that is a page of its own."""
        response = Response(status_code=204)
        response.headers["access-control-allow-methods"] = "GET, POST, OPTIONS"
        response.headers["access-control-allow-headers"] = "authorization, content-type"
        response.headers["access-control-max-age"] = "600"
        return await self._shared(call, response)

    async def _revoked(self, authorization: str | None, form: Parameters, origin: Origin) -> dict[str, Any]:
        await self._provider.revocation.revoke(authorization, form, origin)
        return {}

    async def _answered(self, call: Call, answer: Answer, *, status: int = 200) -> Response:
        """The JSON of a use case that a client authenticates for, or its error."""
        try:
            form = await read_form(call)
            body = await answer(call.request.headers.get("authorization"), form, call.origin)
            return JSONResponse(body, status, headers=NO_STORE)
        except GatewrightError as error:
            response = errors.as_response(error, Dialect.OAUTH, call.origin.reference)
            if isinstance(error, InvalidClient):
                response.headers["www-authenticate"] = 'Basic realm="gatewright", charset="UTF-8"'
            return response

    async def _shared(self, call: Call, response: Response) -> Response:
        """Lets the pages of registered clients read the answer, without credentials."""
        origin = call.request.headers.get("origin")
        response.headers["vary"] = "Origin"
        if origin is not None and any(one.lives_at(origin) for one in await self._provider.clients.everything()):
            response.headers["access-control-allow-origin"] = origin
        return response


def challenge(error: InvalidToken | InsufficientScope | InvalidRequest) -> str:
    """RFC 6750 3: a request without a token gets no error code."""
    if error.cause == "token_missing":
        return 'Bearer realm="gatewright"'
    return f'Bearer realm="gatewright", error="{error.error}", error_description="{error.message}"'


def content_type(call: Call) -> str:
    return call.request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def read_form(call: Call) -> Parameters:
    """The form's parameters. Raises InvalidRequest, TooLarge."""
    if content_type(call) != FORM:
        raise InvalidRequest(f"The body must be {FORM}.", cause="content_type")
    return parameters.parse(await call.body(parameters.MAX_CHARS))
