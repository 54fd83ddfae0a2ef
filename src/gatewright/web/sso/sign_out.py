"""Sign-out of the dashboard, and the page after it."""

from starlette.responses import JSONResponse, Response

from gatewright.domain.clock import DAY, SECOND
from gatewright.sso.sign_out import SIGNED_OUT as SIGNED_OUT_PAGE
from gatewright.sso.sign_out import SignOut
from gatewright.web.call import Call
from gatewright.web.cookies import ROUNDS, SESSION, SIGNED_OUT, Cookies
from gatewright.web.render import Pages
from gatewright.web.routing import Access, Dialect, Route

MARKED_FOR = 30 * DAY


class SignOutPages:
    """After a sign-out the browser is marked, so that its next sign-in asks for the credentials."""

    def __init__(self, sign_out: SignOut, cookies: Cookies, pages: Pages) -> None:
        self._sign_out = sign_out
        self._cookies = cookies
        self._pages = pages

    def routes(self) -> list[Route]:
        return [
            Route("/session/logout", ("POST",), self.end, Access.SESSION, Dialect.PROBLEM),
            Route(SIGNED_OUT_PAGE, ("GET",), self.page, Access.PUBLIC, Dialect.PAGE),
        ]

    async def end(self, call: Call) -> Response:
        target = await self._sign_out.end(call.session_token, call.actor, call.origin)
        response = JSONResponse(
            {"message": "Session revoked.", "redirect_to": target}, headers={"cache-control": "no-store"}
        )
        self._cookies.clear(response, SESSION)
        self._cookies.clear(response, ROUNDS)
        self._cookies.write(response, SIGNED_OUT, "1", max_age=MARKED_FOR // SECOND)
        return response

    async def page(self, call: Call) -> Response:
        return self._pages.page(call, "sso/signed_out.html")
