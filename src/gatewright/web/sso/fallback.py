"""The local password form for the break-glass administrator, for when no provider can be used."""

from starlette.responses import RedirectResponse, Response

from gatewright.domain.clock import SECOND, Millis
from gatewright.domain.errors import NotFound, TooManyRequests, Unauthenticated
from gatewright.sso.break_glass import BreakGlass
from gatewright.sso.parties import RelyingParties
from gatewright.sso.return_to import START
from gatewright.web.call import Call
from gatewright.web.cookies import SESSION, Cookies
from gatewright.web.render import Pages
from gatewright.web.routing import Access, Dialect, Route


class FallbackPages:
    """With the embedded provider and no local account there is nothing to fall back to: its own page is shown."""

    def __init__(
        self,
        break_glass: BreakGlass,
        parties: RelyingParties,
        cookies: Cookies,
        pages: Pages,
        *,
        session_life: Millis,
        has_local_login: bool = False,
        dashboard_is_off: bool = False,
    ) -> None:
        self._break_glass = break_glass
        self._parties = parties
        self._cookies = cookies
        self._pages = pages
        self._session_life = session_life
        self._has_local_login = has_local_login
        self._dashboard_is_off = dashboard_is_off

    def routes(self) -> list[Route]:
        return [
            Route("/fallback/login", ("GET",), self.show, Access.PUBLIC, Dialect.PAGE),
            Route("/fallback/login", ("POST",), self.submit, Access.PUBLIC, Dialect.PAGE),
        ]

    async def show(self, call: Call) -> Response:
        if self._dashboard_is_off:
            return self._pages.page(call, "ui_off.html")
        if self._is_closed:
            return RedirectResponse("/sso/key/generate", 303, headers={"cache-control": "no-store"})
        return self._form(call, "", None, 200)

    async def submit(self, call: Call) -> Response:
        if self._dashboard_is_off or self._is_closed:
            raise NotFound()
        fields = await self._pages.form(call)
        name = fields.get("username", "")
        try:
            password, code = fields.get("password", ""), fields.get("code", "")
            token = await self._break_glass.sign_in(name, password, code, call.session_token, call.origin)
        except Unauthenticated as error:
            return self._form(call, name, error.message, error.status)
        except TooManyRequests as error:
            response = self._form(call, name, error.message, error.status)
            response.headers["retry-after"] = str(error.retry_after)
            return response
        done = RedirectResponse(START, 303, headers={"cache-control": "no-store"})
        self._cookies.write(done, SESSION, token, max_age=self._session_life // SECOND)
        return done

    @property
    def _is_closed(self) -> bool:
        return self._parties.default.source.is_embedded and not self._has_local_login

    def _form(self, call: Call, name: str, problem: str | None, status: int) -> Response:
        return self._pages.page(
            call,
            "sso/fallback.html",
            status=status,
            label=self._parties.default.source.label if len(self._parties.everything) == 1 else "single sign-on",
            username=name,
            problem=problem,
        )
