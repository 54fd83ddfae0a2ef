"""The page behind the one-time set-up link."""

from starlette.responses import RedirectResponse, Response

from gatewright.accounts.setup import Setup
from gatewright.domain.errors import BadInput, Forbidden
from gatewright.settings.schema import Settings
from gatewright.web.call import Call
from gatewright.web.render import Pages
from gatewright.web.routing import Access, Dialect, Route

USED_UP = (
    "This set-up link was used, has expired or is not the newest one.",
    "Start Gatewright again to get a new link, or sign in when there is an administrator already.",
)


class SetupPage:
    """Makes the first administrator. Open only while there is no user, and only with the link."""

    def __init__(self, settings: Settings, setup: Setup, pages: Pages) -> None:
        self._settings = settings
        self._setup = setup
        self._pages = pages

    def routes(self) -> list[Route]:
        return [
            Route("/setup", ("GET",), self.show, Access.PUBLIC, Dialect.PAGE),
            Route("/setup", ("POST",), self.submit, Access.PUBLIC, Dialect.PAGE),
        ]

    async def show(self, call: Call) -> Response:
        token = call.query("token") or ""
        if not await self._setup.link_is_good(token):
            raise Forbidden(USED_UP[0], hint=USED_UP[1], code="setup_link_invalid")
        return self._page(call, token=token, email="", field=None, problem=None)

    async def submit(self, call: Call) -> Response:
        fields = await self._pages.form(call)
        token, email = fields.get("token", ""), fields.get("email", "")
        try:
            await self._setup.use_link(token, email, fields.get("password", ""), call.origin)
        except BadInput as error:
            return self._page(call, 400, token=token, email=email, field=error.param, problem=error.message)
        # With an outside provider the first administrator is the break-glass account, which has its own page.
        after = "/fallback/login" if self._settings.providers else "/ui/"
        return RedirectResponse(after, 303)

    def _page(
        self, call: Call, status: int = 200, *, token: str, email: str, field: str | None, problem: str | None
    ) -> Response:
        return self._pages.page(
            call,
            "setup.html",
            status=status,
            shortest=self._settings.password_min_length,
            token=token,
            email=email,
            field=field,
            problem=problem,
        )
