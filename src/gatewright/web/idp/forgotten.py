"""The page for a forgotten password. Its answer is the same for everybody, whoever they say that they are."""

from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from gatewright.domain.errors import BadInput, NotFound, TooManyRequests
from gatewright.idp.directory.forgotten import LONGEST, ForgottenPasswords
from gatewright.idp.objects import flows
from gatewright.web.call import Call
from gatewright.web.idp.answers import REDIRECT_HEADERS, SIGN_IN, pending_parameters
from gatewright.web.render import Pages
from gatewright.web.routing import Access, Dialect, Route

FORGOT = f"/if/flow/{flows.RECOVERY}/"
REQUEST, SENT = f"{FORGOT}request/", f"{FORGOT}sent/"


class ForgottenPage:
    """Where somebody types who they are; `next` says which sign-in they came from."""

    def __init__(self, forgotten: ForgottenPasswords, pages: Pages) -> None:
        self._forgotten = forgotten
        self._pages = pages

    def routes(self) -> list[Route]:
        anybody, page = Access.PUBLIC, Dialect.PAGE
        return [
            Route(FORGOT, ("GET",), self.show, anybody, page, slash=True),
            Route(REQUEST, ("POST",), self.submit, anybody, page, slash=True),
            Route(SENT, ("GET",), self.sent, anybody, page, slash=True),
        ]

    async def show(self, call: Call) -> Response:
        """The form."""
        self._check_on()
        return self._page(call, call.query("next") or "")

    async def submit(self, call: Call) -> Response:
        """Notes the request; what becomes of it nobody here knows."""
        self._check_on()
        fields = await self._pages.form(call)
        name, pending = fields.get("name", ""), fields.get("next", "")
        try:
            if not name.strip():
                raise BadInput("Type your e-mail address or user name.")
            await self._forgotten.ask(name, call.origin)
        except (BadInput, TooManyRequests) as error:
            response = self._page(call, pending, error.message, error.status)
            if isinstance(error, TooManyRequests):
                response.headers["retry-after"] = str(error.retry_after)
            return response
        return RedirectResponse(_with_next(SENT, pending), 303, headers=REDIRECT_HEADERS)

    async def sent(self, call: Call) -> Response:
        """The same words for everybody."""
        self._check_on()
        pending = call.query("next") or ""
        return self._pages.page(call, "idp/forgotten_sent.html", back=_with_next(SIGN_IN, pending))

    def _page(self, call: Call, pending: str, problem: str | None = None, status: int = 200) -> Response:
        return self._pages.page(
            call,
            "idp/forgotten.html",
            status=status,
            action=REQUEST,
            next=pending if pending_parameters(pending) is not None else "",
            back=_with_next(SIGN_IN, pending),
            longest=LONGEST,
            problem=problem,
        )

    def _check_on(self) -> None:
        if not self._forgotten.is_on:
            raise NotFound(
                "This gateway sends no e-mail.",
                hint="Ask an administrator for a link to a new password.",
                code="email_not_set_up",
            )


def forgot_address(pending: str) -> str:
    """Where the sign-in page leads."""
    return _with_next(FORGOT, pending)


def _with_next(page: str, pending: str) -> str:
    """The page with the authorization request that waits; anything else is left out."""
    return page if pending_parameters(pending) is None else f"{page}?next={quote(pending, safe='')}"
