"""What stands around every handler: request id, host, credential, access rule, cross-site check, errors, headers."""

import secrets
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gatewright.domain.errors import Forbidden, GatewrightError, MethodNotAllowed, NotFound
from gatewright.domain.people import Origin
from gatewright.settings.schema import Settings
from gatewright.sso.trusted_header import Assertion
from gatewright.web import csrf, errors
from gatewright.web.address import caller_address
from gatewright.web.authentication import Authentication, check_access, check_route, key_of
from gatewright.web.call import Call
from gatewright.web.cookies import SESSION, Cookies
from gatewright.web.front import Front
from gatewright.web.litellm.fields import only_admins
from gatewright.web.render import Pages
from gatewright.web.root_path import redirected
from gatewright.web.routing import Access, Dialect, Route
from gatewright.web.trusted_header import TrustedHeaders

LONGEST_PATH = 200
DIALECTS = (("/api/v1/", Dialect.PROBLEM), ("/api/v3/", Dialect.AUTHENTIK), ("/scim/v2/", Dialect.SCIM))
ALWAYS = {"x-content-type-options": "nosniff", "x-frame-options": "DENY"}


def dialect_of(request: Request) -> Dialect:
    """The dialect of an address that is in no row: by its path, and a page for a browser that goes there."""
    path = request.url.path
    ours = next((dialect for prefix, dialect in DIALECTS if path.startswith(prefix)), None)
    if ours is not None:
        return ours
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        return Dialect.PAGE
    if path.startswith("/v1/messages"):
        return Dialect.ANTHROPIC
    return Dialect.OPENAI if path.startswith("/v1/") else Dialect.DETAIL


def finished(response: Response, call: Call, root_path: str) -> Response:
    """The response with the headers that every answer has, and its redirect below the root path."""
    redirected(root_path, response)
    for name, value in ALWAYS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("content-security-policy", "default-src 'none'; frame-ancestors 'none'")
    response.headers["x-request-id"] = call.origin.reference or ""
    return response


class Guard:
    """Turns a row of the route table into a Starlette endpoint."""

    def __init__(self, settings: Settings, authentication: Authentication, cookies: Cookies, pages: Pages) -> None:
        self._settings = settings
        self._authentication = authentication
        self._cookies = cookies
        self._pages = pages
        self._front = Front(settings)
        self._headers = TrustedHeaders(settings.trusted_header)
        self._address = caller_address(settings.trusted_proxies)

    def endpoint(self, route: Route) -> Callable[[Request], Awaitable[Response]]:
        """The endpoint of a route."""

        async def run(request: Request) -> Response:
            token = self._cookies.read(request, SESSION) if route.dialect.takes_cookie else None
            call = Call(request, self._origin(request), None, token)
            try:
                response = await self._answer(route, call)
            except GatewrightError as error:
                response = self._refuse(route, call, error)
            except Exception as error:  # noqa: BLE001 (the edge: logged with its reference, never shown)
                response = self._refuse(route, call, errors.unexpected(error, call.origin.reference))
            self._cookies.renew(response, call.session)
            return finished(response, call, self._settings.root_path)

        return run

    async def not_routed(self, request: Request, error: Exception) -> Response:
        """404 and 405 for what is in no row, in the dialect that the caller of such a path reads."""
        call = Call(request, self._origin(request), None, None)
        kind = MethodNotAllowed if isinstance(error, HTTPException) and error.status_code == 405 else NotFound
        dialect = dialect_of(request)
        sought = f"There is no {request.method} {request.url.path[:LONGEST_PATH]} here"
        if dialect is Dialect.PAGE:
            response: Response = self._pages.error(call, kind("There is nothing at this address."))
        elif dialect is Dialect.DETAIL:
            # The words of LiteLLM's own framework, which its clients know.
            body = {"detail": HTTPStatus(kind.status).phrase, "hint": f"{sought}; docs/api.md lists the routes."}
            response = JSONResponse(body, kind.status)
        else:
            ours = dialect in (Dialect.PROBLEM, Dialect.AUTHENTIK, Dialect.SCIM)
            document = "docs/api.md" if ours else "docs/compatibility.md"
            refusal = kind(f"{sought}.", hint=f"{document} lists the routes.")
            response = errors.as_response(refusal, dialect, call.origin.reference)
        response.headers.update((error.headers or {}) if isinstance(error, HTTPException) else {})
        return finished(response, call, self._settings.root_path)

    async def _answer(self, route: Route, call: Call) -> Response:
        request = call.request
        if route.dialect is Dialect.PAGE and (moved := self._front.elsewhere(request)) is not None:
            return moved
        if route.access is Access.PUBLIC:
            return await self._run(route, call)
        who = self._authentication
        if route.dialect is Dialect.AUTHENTIK:
            principal = await who.directory_principal(call)
        elif route.dialect is Dialect.SCIM:
            principal = await who.scim_principal(call)
        else:
            principal = await who.principal(call, bearer=route.takes_bearer)
        try:
            check_access(route.access, principal)
        except Forbidden:
            if route.dialect is Dialect.LITELLM and principal is not None:
                raise only_admins(request.url.path, principal) from None
            raise
        check_route(principal, route.path)
        if key_of(request.headers) is None:
            csrf.check_api(request, self._settings.base_url)
        return await self._run(route, Call(request, call.origin, principal, call.session_token))

    async def _run(self, route: Route, call: Call) -> Response:
        """The handler's answer. HEAD has no effects (RFC 9110 9.2.1), so it stops here where a GET might have some."""
        if call.request.method == "HEAD" and not route.head:
            return Response(headers={"cache-control": "no-store"})
        return await route.handler(call)

    def _refuse(self, route: Route, call: Call, error: GatewrightError) -> Response:
        if route.dialect is Dialect.PAGE:
            return self._pages.error(call, error)
        return errors.as_response(error, route.dialect, call.origin.reference)

    def _origin(self, request: Request) -> Origin:
        said = self._headers.read(request)
        request.state.assertion = said
        return Origin(
            address=self._address(request.scope),
            user_agent=request.headers.get("user-agent"),
            reference=f"req-{secrets.token_hex(8)}",
            asserted=said.binding if isinstance(said, Assertion) else None,
        )
