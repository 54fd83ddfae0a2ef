"""Sign-in by SAML: its start, the identity provider's POST, the way on, and our metadata (contract litellm 1.7)."""

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from starlette.responses import RedirectResponse, Response

from gatewright.domain.clock import SECOND
from gatewright.domain.errors import BadInput, Forbidden, GatewrightError
from gatewright.oidc.errors import LoginRefused
from gatewright.settings.saml import SAML_SOURCE
from gatewright.sso.relying_party import LIFE
from gatewright.sso.sign_in import Completed
from gatewright.web.call import Call
from gatewright.web.cookies import LOGIN, Cookies
from gatewright.web.routing import Access, Dialect, Route
from gatewright.web.sso.rounds import Rounds

if TYPE_CHECKING:
    # Its libraries are an extra.
    from gatewright.sso.saml.sign_in import SamlSignIn

HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer"}
START = "/sso/key/generate"
COMPLETE = "/sso/saml/complete"
LARGEST = 400_000
KEPT = ("return_to", "source", "key", "user_code")
"""What the start of a sign-in takes along."""


class SamlPages:
    """`done` and `failed` make the pages that every sign-in ends at."""

    def __init__(
        self,
        saml: "SamlSignIn",
        cookies: Cookies,
        done: Callable[[Call, Completed], Response],
        failed: Callable[[Call, GatewrightError], Response],
    ) -> None:
        self._saml = saml
        self._cookies = cookies
        self._done = done
        self._failed = failed
        self._rounds = Rounds(cookies)

    def routes(self) -> list[Route]:
        return [
            Route("/sso/saml/login", ("GET",), self.login, Access.PUBLIC, Dialect.PAGE),
            Route("/sso/saml/metadata", ("GET",), self.metadata, Access.PUBLIC, Dialect.PAGE),
            Route("/sso/saml/callback", ("POST",), self.receive, Access.PUBLIC, Dialect.PAGE),
            Route(COMPLETE, ("GET",), self.complete, Access.PUBLIC, Dialect.PAGE),
        ]

    async def login(self, call: Call) -> Response:
        """On to the one place where sign-ins begin."""
        kept = {name: value for name in KEPT if (value := call.query(name)) is not None}
        return RedirectResponse(f"{START}?{urlencode({'provider': SAML_SOURCE, **kept})}", 303, headers=HEADERS)

    async def metadata(self, _call: Call) -> Response:
        return Response(self._saml.metadata(), media_type="application/samlmetadata+xml")

    async def receive(self, call: Call) -> Response:
        """The identity provider's POST, which comes from another site and so without our cookies."""
        try:
            fields = await call.fields(LARGEST)
            received = await self._saml.receive(fields.get("SAMLResponse", ""), fields.get("RelayState"), call.origin)
        except (LoginRefused, BadInput) as error:
            return self._failed(call, error)
        response = RedirectResponse(f"{COMPLETE}?{urlencode({'handle': received.handle})}", 303, headers=HEADERS)
        if received.browser is not None:
            self._cookies.write(response, LOGIN, received.browser, max_age=LIFE // SECOND)
        return response

    async def complete(self, call: Call) -> Response:
        """The browser that began, with its cookie. A refusal is a page in words."""
        try:
            done = await self._saml.complete(
                call.query("handle"),
                browser=self._cookies.read(call.request, LOGIN),
                old_session=call.session_token,
                origin=call.origin,
            )
        except (LoginRefused, BadInput, Forbidden) as error:
            return self._failed(call, self._rounds.explained(call, error))
        return self._done(call, done)
