"""The pages after the password: a code, a passkey, or the first factor of somebody who must have one."""

from collections.abc import Awaitable, Callable
from urllib.parse import quote, urlencode

from starlette.responses import JSONResponse, RedirectResponse, Response

from gatewright.accounts.sessions import Session
from gatewright.domain.errors import BadInput, TooManyRequests
from gatewright.idp.factors.factors import WrongCode
from gatewright.idp.login import CeremonyOver, FactorNeeded, SignedIn, SignInRefused
from gatewright.idp.provider import Provider
from gatewright.web import csrf
from gatewright.web.call import Call
from gatewright.web.cookies import IDP_SESSION, STEP, Cookies
from gatewright.web.idp.answers import REDIRECT_HEADERS, SIGN_IN, pending_origins
from gatewright.web.qr import qr_image
from gatewright.web.render import Pages
from gatewright.web.routing import Access, Dialect, Route

FACTOR, ENROL, DONE = f"{SIGN_IN}factor/", f"{SIGN_IN}set-up/", f"{SIGN_IN}done/"
PASSKEY, QUESTION = f"{SIGN_IN}passkey/", f"{SIGN_IN}passkey/question/"
SCRIPT = "/static/passkey.js"
STEP_SECONDS = 600
OVER, NO_PASSKEY = "over", "passkey"
REASONS = {
    OVER: "This sign-in took too long. Type your password again.",
    NO_PASSKEY: "This passkey cannot sign in here. Use your password.",
}
"""Why the browser is back at the password, by what its address says: nobody else's text gets onto the page."""

After = Callable[[str, Session, Call], Awaitable[Response]]
"""Where a good sign-in leads: takes what `next` says, the session and the call."""


class SecondStep:
    """Parses, asks the provider, renders. The browser's handle is in a cookie, what it is for in `next`."""

    def __init__(self, provider: Provider, pages: Pages, cookies: Cookies, base_url: str, after: After) -> None:
        self._provider = provider
        self._pages = pages
        self._cookies = cookies
        self._base_url = base_url
        self._after = after

    def routes(self) -> list[Route]:
        anybody, page = Access.PUBLIC, Dialect.PAGE
        return [
            Route(FACTOR, ("GET",), self.show, anybody, page, slash=True),
            Route(FACTOR, ("POST",), self.submit, anybody, page, slash=True),
            Route(ENROL, ("GET",), self.show_set_up, anybody, page, slash=True),
            Route(ENROL, ("POST",), self.set_up, anybody, page, slash=True),
            Route(DONE, ("POST",), self.done, anybody, page, slash=True),
            Route(PASSKEY, ("POST",), self.passkey, anybody, page, slash=True),
            Route(QUESTION, ("POST",), self.question, anybody, Dialect.PROBLEM, slash=True),
        ]

    def ask(self, needed: FactorNeeded, pending: str) -> Response:
        """From the password to the page that asks for more."""
        page = ENROL if needed.enrol else FACTOR
        response = RedirectResponse(f"{page}?next={quote(pending, safe='')}", 303, headers=REDIRECT_HEADERS)
        self._cookies.write(response, STEP, needed.handle, max_age=STEP_SECONDS)
        return response

    async def show(self, call: Call) -> Response:
        """Asks for a code or a passkey. Over or never begun: back to the password."""
        return await self._factor_page(call, call.query("next") or "")

    async def submit(self, call: Call) -> Response:
        fields = await self._pages.form(call)
        pending = fields.get("next", "")
        handle, old = self._handle(call), self._cookies.read(call.request, IDP_SESSION)
        try:
            found = await self._provider.login.with_code(handle, fields.get("code", ""), call.origin, old)
        except CeremonyOver:
            return self._again(pending)
        except WrongCode as error:
            return await self._factor_page(call, pending, problem=error.message, status=400)
        except TooManyRequests as error:
            return _wait(await self._factor_page(call, pending, problem=error.message, status=429), error)
        return await self._signed_in(found, pending, call)

    async def show_set_up(self, call: Call) -> Response:
        """The QR code of a first authenticator app."""
        return await self._set_up_page(call, call.query("next") or "")

    async def set_up(self, call: Call) -> Response:
        fields = await self._pages.form(call)
        pending = fields.get("next", "")
        handle, old = self._handle(call), self._cookies.read(call.request, IDP_SESSION)
        try:
            found = await self._provider.login.enrolled(handle, fields.get("code", ""), call.origin, old)
        except CeremonyOver:
            return self._again(pending)
        except WrongCode as error:
            return await self._set_up_page(call, pending, problem=error.message, status=400)
        except TooManyRequests as error:
            return _wait(await self._set_up_page(call, pending, problem=error.message, status=429), error)
        response: Response = self._pages.page(
            call,
            "idp/recovery_codes.html",
            form_origins=await pending_origins(self._provider, pending, call.origin),
            codes=found.recovery_codes,
            action=DONE,
            next=pending,
        )
        self._cookies.write(response, IDP_SESSION, found.token)
        return response

    async def done(self, call: Call) -> Response:
        """The recovery codes were read: on with what the sign-in was for, once, and soon after it."""
        fields = await self._pages.form(call)
        pending = fields.get("next", "")
        session = await self._provider.login.session(self._cookies.read(call.request, IDP_SESSION))
        if session is None or not await self._provider.login.just_enrolled(self._handle(call), session):
            return self._again(pending)
        response = await self._after(pending, session, call)
        self._cookies.clear(response, STEP)
        return response

    async def question(self, call: Call) -> Response:
        """What the script asks the passkey. The handle is a cookie, so that only this browser can answer."""
        csrf.check_api(call.request, self._base_url)
        handle, options = await self._provider.login.passkey_question(self._handle(call), call.origin)
        response = JSONResponse(options, headers={"cache-control": "no-store"})
        self._cookies.write(response, STEP, handle, max_age=STEP_SECONDS)
        return response

    async def passkey(self, call: Call) -> Response:
        """The passkey's answer, sent by the script as a form."""
        fields = await self._pages.form(call)
        pending, answer = fields.get("next", ""), fields.get("answer", "")
        handle, old = self._handle(call), self._cookies.read(call.request, IDP_SESSION)
        try:
            found = await self._provider.login.with_passkey(handle, answer, call.origin, old)
        except CeremonyOver:
            return self._again(pending)
        except (BadInput, SignInRefused):
            return self._again(pending, NO_PASSKEY)
        return await self._signed_in(found, pending, call)

    async def _signed_in(self, found: SignedIn, pending: str, call: Call) -> Response:
        response = await self._after(pending, found.session, call)
        self._cookies.write(response, IDP_SESSION, found.token)
        self._cookies.clear(response, STEP)
        return response

    async def _factor_page(
        self, call: Call, pending: str, *, problem: str | None = None, status: int = 200
    ) -> Response:
        try:
            waiting = await self._provider.login.waiting(self._handle(call))
        except CeremonyOver:
            return self._again(pending)
        return self._pages.page(
            call,
            "idp/second_factor.html",
            status=status,
            form_origins=await pending_origins(self._provider, pending, call.origin),
            script=SCRIPT if waiting.has_passkey else None,
            person=waiting.user.email or waiting.user.username,
            has_app=waiting.has_app,
            has_passkey=waiting.has_passkey,
            action=FACTOR,
            passkey=PASSKEY,
            question=QUESTION,
            back=SIGN_IN,
            next=pending,
            problem=problem,
        )

    async def _set_up_page(
        self, call: Call, pending: str, *, problem: str | None = None, status: int = 200
    ) -> Response:
        try:
            user, begun = await self._provider.login.enrolment(self._handle(call))
        except CeremonyOver:
            return self._again(pending)
        return self._pages.page(
            call,
            "idp/set_up_factor.html",
            status=status,
            form_origins=await pending_origins(self._provider, pending, call.origin),
            person=user.email or user.username,
            secret=" ".join(begun.secret[i : i + 4] for i in range(0, len(begun.secret), 4)),
            image=qr_image(begun.address),
            action=ENROL,
            next=pending,
            problem=problem,
        )

    def _handle(self, call: Call) -> str | None:
        return self._cookies.read(call.request, STEP)

    def _again(self, pending: str, reason: str = OVER) -> Response:
        query = urlencode({"next": pending, "again": reason})
        response = RedirectResponse(f"{SIGN_IN}?{query}", 303, headers=REDIRECT_HEADERS)
        self._cookies.clear(response, STEP)
        return response


def _wait(response: Response, error: TooManyRequests) -> Response:
    response.headers["retry-after"] = str(error.retry_after)
    return response
