"""`/login` and `/v2/login` (contract litellm 1.7, 1.11): the emergency administrator, by a script or LiteLLM's form.

Nobody else has a password that opens the dashboard past a provider, with its second factors and its bindings.
"""

import msgspec
from starlette.responses import JSONResponse, RedirectResponse, Response

from gatewright.domain.clock import SECOND, Millis
from gatewright.domain.errors import Forbidden, GatewrightError, TooManyRequests, Unauthenticated
from gatewright.settings.schema import Settings
from gatewright.sso.break_glass import BreakGlass
from gatewright.web import csrf
from gatewright.web.api.wire import read
from gatewright.web.call import Call
from gatewright.web.cookies import SESSION, Cookies
from gatewright.web.render import Pages
from gatewright.web.routing import Access, Dialect, Route

HEADERS = {"cache-control": "no-store"}
# LiteLLM's clients show it as it is.
WRONG = (
    "Invalid credentials used to access UI. Check 'UI_USERNAME' and 'UI_PASSWORD', or the password set for your user"
)
OFF = "disable_password_login_when_sso_enabled"
DONE = "/ui/?login=success"


class Credentials(msgspec.Struct, frozen=True):
    """`code` is ours: the second factor of somebody who set one up."""

    username: str = ""
    password: str = ""
    code: str = ""

    def __repr__(self) -> str:
        return f"Credentials({self.username!r})"


class LoginRoutes:
    """The session is our cookie, which no script can read: neither answer holds a key or a token."""

    def __init__(self, settings: Settings, break_glass: BreakGlass, cookies: Cookies, pages: Pages) -> None:
        self._settings = settings
        self._break_glass = break_glass
        self._cookies = cookies
        self._pages = pages
        self._session_life: Millis = settings.session_life

    def routes(self) -> list[Route]:
        return [
            Route("/login", ("POST",), self.form, Access.PUBLIC, Dialect.LITELLM),
            Route("/v2/login", ("POST",), self.json, Access.PUBLIC, Dialect.LITELLM),
        ]

    async def form(self, call: Call) -> Response:
        """303 to the dashboard; 401 in JSON, 429 as a page."""
        closed = self._closed(call)
        if closed is not None:
            return closed
        fields = await call.fields()
        given = Credentials(*(fields.get(name, "") for name in ("username", "password", "code")))
        try:
            token = await self._sign_in(call, given)
        except Unauthenticated:
            return self._refused(Unauthenticated(WRONG), "invalid_credentials")
        except TooManyRequests as error:
            return self._pages.error(call, error)
        return self._with_session(RedirectResponse(self._settings.base_url + DONE, 303, headers=HEADERS), token)

    async def json(self, call: Call) -> Response:
        """`{redirect_url}`; 401 and 429 in JSON."""
        closed = self._closed(call)
        if closed is not None:
            return closed
        given = await read(call, Credentials)
        try:
            token = await self._sign_in(call, given)
        except Unauthenticated:
            return self._refused(Unauthenticated(WRONG), "invalid_credentials")
        except TooManyRequests as error:
            return self._refused(error, "too_many_attempts")
        response = JSONResponse({"redirect_url": self._settings.base_url + DONE}, headers=HEADERS)
        return self._with_session(response, token)

    def _closed(self, call: Call) -> Response | None:
        """The refusal where nobody signs in like this. Raises Forbidden for another site's form."""
        # Another site could sign a browser in as somebody who then sees what is done in it.
        csrf.check_origin(call.request, self._settings.base_url)
        if self._settings.dashboard.is_off:
            return self._refused(Forbidden("The dashboard is switched off (DISABLE_ADMIN_UI)."), "DISABLE_ADMIN_UI")
        if self._settings.password_login.is_off:
            return self._refused(Forbidden(f"Sign-in with a password is switched off (general_settings.{OFF})."), OFF)
        return None

    async def _sign_in(self, call: Call, given: Credentials) -> str:
        old = self._cookies.read(call.request, SESSION)
        return await self._break_glass.sign_in(given.username, given.password, given.code, old, call.origin)

    def _refused(self, error: GatewrightError, param: str) -> Response:
        """LiteLLM's error object, and ours beside it: where the others sign in."""
        hint = f"Only the emergency administrator signs in here; everybody else at {self._settings.base_url}/ui/."
        kind = "auth_error"
        body = {"error": {"message": error.message, "type": kind, "param": param, "code": str(error.status)}}
        headers = dict(HEADERS)
        if isinstance(error, TooManyRequests):
            headers["retry-after"] = str(error.retry_after)
        return JSONResponse({**body, "hint": hint}, error.status, headers=headers)

    def _with_session(self, response: Response, token: str) -> Response:
        self._cookies.write(response, SESSION, token, max_age=self._session_life // SECOND)
        return response
