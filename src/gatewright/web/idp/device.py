"""The page on which a person lets a device sign in as them (RFC 8628 3.3)."""

from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from gatewright.accounts.sessions import Session
from gatewright.domain.errors import TooManyRequests
from gatewright.idp.device import PAGE, DeviceAuthorization, Prompt, WrongCode
from gatewright.idp.provider import Provider
from gatewright.web.call import Call
from gatewright.web.cookies import IDP_SESSION, Cookies
from gatewright.web.render import Pages
from gatewright.web.routing import Access, Dialect, Route

LONGEST_CODE = 40
HEADERS = {"cache-control": "no-store"}


class DevicePage:
    """Three steps on one address: type the code, see who asks, answer. Each needs the provider's own session."""

    def __init__(self, provider: Provider, pages: Pages, cookies: Cookies, sign_in: str) -> None:
        self._provider = provider
        self._device: DeviceAuthorization = provider.device
        self._pages = pages
        self._cookies = cookies
        self._sign_in = sign_in

    def routes(self) -> list[Route]:
        """The rows of the route table."""
        return [
            Route(PAGE, ("GET",), self.show, Access.PUBLIC, Dialect.PAGE, slash=True),
            Route(PAGE, ("POST",), self.submit, Access.PUBLIC, Dialect.PAGE, slash=True),
        ]

    async def show(self, call: Call) -> Response:
        """The field for the code; filled in only where links with codes are allowed (RFC 8628 5.4)."""
        code = (call.query("code") or "")[:LONGEST_CODE] if self._device.verification.code_in_link else ""
        session = await self._session(call)
        if session is None:
            back = PAGE + (f"?code={quote(code)}" if code else "")
            return RedirectResponse(f"{self._sign_in}?next={quote(back, safe='')}", 303, headers=HEADERS)
        return self._ask(call, session, code)

    async def submit(self, call: Call) -> Response:
        """A code, or an answer to what was shown. Raises Forbidden for another site's form."""
        fields = await self._pages.form(call)
        session = await self._session(call)
        if session is None:
            return RedirectResponse(f"{self._sign_in}?next={quote(PAGE, safe='')}", 303, headers=HEADERS)
        code, answer = fields.get("user_code", "")[:LONGEST_CODE], fields.get("answer", "")
        # Whoever answers is whom the page named: another tab may have changed the account since.
        if fields.get("person") != session.user.uuid:
            answer = ""
        try:
            if answer == "deny":
                client = await self._device.deny(code, session, call.origin)
                return self._done(call, client.application_name, approved=False)
            if answer == "approve":
                client = await self._device.approve(code, session, call.origin)
                return self._done(call, client.application_name, approved=True)
            return self._confirm(call, session, await self._device.look(code, session, call.origin))
        except WrongCode as error:
            return self._ask(call, session, code, problem=error.message, status=400)
        except TooManyRequests as error:
            response = self._ask(call, session, "", problem=error.message, status=429)
            response.headers["retry-after"] = str(error.retry_after)
            return response

    async def _session(self, call: Call) -> Session | None:
        return await self._provider.login.session(self._cookies.read(call.request, IDP_SESSION))

    def _ask(
        self, call: Call, session: Session, code: str, *, problem: str | None = None, status: int = 200
    ) -> Response:
        person = session.user
        return self._pages.page(
            call, "idp/device_code.html", status=status, action=PAGE, person=person, code=code, problem=problem
        )

    def _confirm(self, call: Call, session: Session, prompt: Prompt) -> Response:
        return self._pages.page(call, "idp/device_confirm.html", action=PAGE, person=session.user, prompt=prompt)

    def _done(self, call: Call, application: str, *, approved: bool) -> Response:
        return self._pages.page(call, "idp/device_done.html", application=application, approved=approved)


def is_device_page(address: str) -> bool:
    """Whether a sign-in may lead back to this address: the page itself, with or without a code."""
    return address.partition("?")[0] == PAGE and "\\" not in address and address.isprintable()
