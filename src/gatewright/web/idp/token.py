"""The token and userinfo endpoints: OAuth JSON, never cached, readable by the pages of registered clients."""

from typing import Any

from starlette.responses import JSONResponse, Response

from gatewright.domain.errors import GatewrightError
from gatewright.idp.provider import Provider
from gatewright.idp.tokens.userinfo import bearer
from gatewright.oidc import parameters
from gatewright.oidc.errors import InsufficientScope, InvalidClient, InvalidRequest, InvalidToken
from gatewright.oidc.parameters import Parameters
from gatewright.web import errors
from gatewright.web.call import Call
from gatewright.web.routing import Dialect

FORM = "application/x-www-form-urlencoded"
NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


class TokenEndpoints:
    """Parses, asks the provider, renders. Errors are rendered here because they carry challenges and CORS headers."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    async def token(self, call: Call) -> Response:
        try:
            form = await read_form(call)
            header = call.request.headers.get("authorization")
            answer = await self._provider.token.answer(header, form, call.origin)
            response: Response = JSONResponse(answer, headers=NO_STORE)
        except GatewrightError as error:
            response = errors.as_response(error, Dialect.OAUTH, call.origin.reference)
            if isinstance(error, InvalidClient):
                response.headers["www-authenticate"] = 'Basic realm="gatewright", charset="UTF-8"'
        return await self._shared(call, response)

    async def userinfo(self, call: Call) -> Response:
        """GET and POST; the token in the header or the form, never in the query (RFC 6750 2)."""
        try:
            is_form = call.request.method == "POST" and content_type(call) == FORM
            body_token = (await read_form(call)).value("access_token") if is_form else None
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

    async def _shared(self, call: Call, response: Response) -> Response:
        """Lets the pages of registered clients read the answer, without credentials."""
        origin = call.request.headers.get("origin")
        response.headers["vary"] = "Origin"
        if origin is not None and any(origin in client.origins for client in await self._provider.clients.everything()):
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
