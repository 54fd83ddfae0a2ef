"""The authorization endpoint and the sign-in page that it leads to."""

from starlette.responses import RedirectResponse, Response

from gatewright.accounts.sessions import Session
from gatewright.domain.errors import TooManyRequests
from gatewright.idp.authorization.checks import AuthorizationRequest
from gatewright.idp.authorization.response import SendBack
from gatewright.idp.login import FactorNeeded, SignInRefused
from gatewright.idp.provider import Provider
from gatewright.oidc import parameters
from gatewright.web.call import Call
from gatewright.web.cookies import IDP_SESSION, Cookies
from gatewright.web.idp.answers import REDIRECT_HEADERS, SIGN_IN, Answers, form_origins, pending_parameters
from gatewright.web.idp.device import is_device_page
from gatewright.web.idp.forgotten import forgot_address
from gatewright.web.idp.second_step import PASSKEY, QUESTION, REASONS, SCRIPT, SecondStep
from gatewright.web.render import Pages

LONGEST_NAME = 254


class Authorize:
    """Parses, asks the provider, renders. The request travels with the page and is examined anew when it comes back."""

    def __init__(self, provider: Provider, pages: Pages, cookies: Cookies, answers: Answers) -> None:
        self._provider = provider
        self._pages = pages
        self._cookies = cookies
        self._answers = answers
        self.second_step = SecondStep(provider, pages, cookies, provider.base_url, self._after)

    async def authorize(self, call: Call) -> Response:
        """GET and POST (OpenID Connect Core 3.1.2.1)."""
        is_form = call.request.method == "POST"
        encoded = (await call.body(parameters.MAX_CHARS)).decode("latin-1") if is_form else call.request.url.query
        params = await self._provider.pushed.expand(parameters.parse(encoded), call.origin)
        session = await self._provider.login.session(self._cookies.read(call.request, IDP_SESSION))
        return self._answers.respond(call, await self._provider.authorization.begin(params, session, call.origin))

    async def show(self, call: Call) -> Response:
        """The sign-in page."""
        pending = call.query("next") or ""
        found = await self._pending(pending, call)
        if isinstance(found, SendBack):
            return self._answers.send(call, found)
        name = "" if found is None else await self._provider.authorization.name_to_fill_in(found)
        return await self._page(call, found, pending, name=name[:LONGEST_NAME])

    async def submit(self, call: Call) -> Response:
        """The sign-in. It ends at the client, without another look at the authorization endpoint."""
        fields = await self._pages.form(call)
        pending, name = fields.get("next", ""), fields.get("name", "")
        found = await self._pending(pending, call)
        if isinstance(found, SendBack):
            return self._answers.send(call, found)
        old = self._cookies.read(call.request, IDP_SESSION)
        try:
            found_person = await self._provider.login.sign_in(name, fields.get("password", ""), call.origin, old)
        except SignInRefused as error:
            return await self._page(call, found, pending, name=name, problem=error.message, status=400)
        except TooManyRequests as error:
            response = await self._page(call, found, pending, name=name, problem=error.message, status=429)
            response.headers["retry-after"] = str(error.retry_after)
            return response
        if isinstance(found_person, FactorNeeded):
            return self.second_step.ask(found_person, pending)
        response = await self._on(found, pending, found_person.session, call)
        self._cookies.write(response, IDP_SESSION, found_person.token)
        return response

    async def _after(self, pending: str, session: Session, call: Call) -> Response:
        found = await self._pending(pending, call)
        if isinstance(found, SendBack):
            return self._answers.send(call, found)
        return await self._on(found, pending, session, call)

    async def _on(self, found: AuthorizationRequest | None, pending: str, session: Session, call: Call) -> Response:
        """From a good sign-in on with what it was for."""
        if found is None:
            target = pending if is_device_page(pending) else "/"
            return RedirectResponse(target, 303, headers=REDIRECT_HEADERS)
        return self._answers.respond(call, await self._provider.authorization.signed_in(found, session, call.origin))

    async def _pending(self, pending: str, call: Call) -> AuthorizationRequest | SendBack | None:
        """The request that the page belongs to, None when the page was opened by itself."""
        params = pending_parameters(pending)
        return None if params is None else await self._provider.authorization.examine(params, call.origin)

    async def _page(
        self,
        call: Call,
        found: AuthorizationRequest | None,
        pending: str,
        *,
        name: str,
        problem: str | None = None,
        status: int = 200,
    ) -> Response:
        return self._pages.page(
            call,
            "idp/sign_in.html",
            status=status,
            form_origins=() if found is None else form_origins(found),
            application=None if found is None else self._answers.application(found),
            forgot=forgot_address(pending) if self._provider.forgotten.is_on else None,
            nobody_yet=await self._provider.login.nobody_yet(),
            action=SIGN_IN,
            next=pending if found or is_device_page(pending) else "",
            name=name,
            problem=problem or REASONS.get(call.query("again") or ""),
            script=SCRIPT,
            passkey=PASSKEY,
            question=QUESTION,
        )
