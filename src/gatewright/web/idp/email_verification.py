"""The page behind the link that proves an e-mail address. No GET uses the link up: mail servers open links too."""

from starlette.responses import Response

from gatewright.idp.directory.verification import PATH, EmailVerification, over
from gatewright.web.call import Call
from gatewright.web.render import Pages
from gatewright.web.routing import Access, Dialect, Route


class EmailVerificationPage:
    """One button. The token is the credential: the link may be opened where nobody is signed in."""

    def __init__(self, verification: EmailVerification, pages: Pages) -> None:
        self._verification = verification
        self._pages = pages

    def routes(self) -> list[Route]:
        anybody, page = Access.PUBLIC, Dialect.PAGE
        return [
            Route(f"{PATH}{{token}}/", ("GET",), self.show, anybody, page, slash=True),
            Route(PATH, ("POST",), self.confirm, anybody, page, slash=True),
        ]

    async def show(self, call: Call) -> Response:
        """Asks. Raises Forbidden for a link that is over."""
        token = call.path("token")
        user = await self._verification.whose(token)
        if user is None:
            raise over()
        return self._pages.page(
            call, "idp/verify_email.html", action=PATH, token=token, email=user.email, username=user.username
        )

    async def confirm(self, call: Call) -> Response:
        """The address is proven."""
        fields = await self._pages.form(call)
        user = await self._verification.confirm(fields.get("token", ""), call.origin)
        return self._pages.page(call, "idp/email_verified.html", email=user.email)
