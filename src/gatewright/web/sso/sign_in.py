"""A browser's sign-in: the start, and the way back from the provider."""

import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from starlette.responses import JSONResponse, RedirectResponse, Response

from gatewright.domain.clock import SECOND, Millis
from gatewright.domain.errors import BadInput, Forbidden, GatewrightError
from gatewright.domain.people import PROXY_SOURCE
from gatewright.oidc import parameters
from gatewright.oidc.errors import LoginRefused, OAuthError
from gatewright.settings.saml import SAML_SOURCE
from gatewright.sso.parties import RelyingParties
from gatewright.sso.relying_party import LIFE, Begun
from gatewright.sso.return_to import START, safe_return_to
from gatewright.sso.sign_in import Completed, SignIn
from gatewright.sso.sources import CALLBACK
from gatewright.sso.trusted_header import UNTRUSTED, Assertion, HeaderRefused
from gatewright.web.call import Call
from gatewright.web.cookies import LOGIN, SESSION, SIGNED_OUT, Cookies
from gatewright.web.render import Pages
from gatewright.web.routing import Access, Dialect, Route
from gatewright.web.sso.cli import code_page
from gatewright.web.sso.rounds import Rounds
from gatewright.web.sso.trial import trial_page

if TYPE_CHECKING:
    # Its libraries are an extra.
    from gatewright.sso.saml.sign_in import SamlSignIn

CLI_SOURCE = "litellm-cli"
HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


class SignInPages:
    """`auto_redirect`: an outside provider is gone to at once, as the embedded one always is.

    `saml`, where it is set, is one more way beside the providers.
    """

    def __init__(
        self,
        sign_in: SignIn,
        parties: RelyingParties,
        cookies: Cookies,
        pages: Pages,
        *,
        auto_redirect: bool,
        session_life: Millis,
        dashboard_is_off: bool = False,
    ) -> None:
        self._sign_in = sign_in
        self._parties = parties
        self._cookies = cookies
        self._pages = pages
        self._auto_redirect = auto_redirect
        self._session_life = session_life
        self._dashboard_is_off = dashboard_is_off
        self.saml: SamlSignIn | None = None
        self._rounds = Rounds(cookies)

    def routes(self) -> list[Route]:
        return [
            Route("/sso/key/generate", ("GET",), self.start, Access.PUBLIC, Dialect.PAGE),
            Route("/sso/login", ("GET",), self.start, Access.PUBLIC, Dialect.PAGE),
            Route(CALLBACK, ("GET",), self.callback, Access.PUBLIC, Dialect.PAGE),
            Route(f"{CALLBACK}/{{provider}}", ("GET",), self.callback, Access.PUBLIC, Dialect.PAGE),
        ]

    async def start(self, call: Call) -> Response:
        """Sends the browser to the provider; `source=litellm-cli&key=cli-...` joins a command-line login."""
        if call.assertion is not None and (done := await self._told(call, call.assertion)) is not None:
            return done
        if call.query("source") == CLI_SOURCE:
            try:
                if self._is_open(call):
                    await self._sign_in.check_cli_login(call.query("key") or "", call.origin)
                    return self._choose(call, {"source": CLI_SOURCE, "key": call.query("key") or ""})
                return await self._begin(call, call.query("key") or "")
            except BadInput as error:
                # The command line's own clients read JSON (contract litellm 2.2); people get the page.
                if "text/html" in call.request.headers.get("accept", ""):
                    raise
                return JSONResponse({"detail": error.message}, error.status, headers=HEADERS)
        if self._rounds.is_loop(call) and not await self._sign_in.is_signed_in(call.session_token, call.origin):
            return await self._leave_loop(call)
        if self._dashboard_is_off:
            return self._pages.page(call, "ui_off.html")
        if self._is_open(call):
            return self._choose(call, {"return_to": safe_return_to(_wanted(call))})
        party = self._parties.default
        at_once = self._auto_redirect or party.source.is_embedded or call.query("provider") is not None
        if not at_once and call.query("go") is None:
            wanted = quote(safe_return_to(_wanted(call)), safe="")
            go = f"/sso/key/generate?go=1&return_to={wanted}"
            return self._pages.page(call, "sso/start.html", label=party.source.label, go=go)
        return await self._begin(call, None)

    async def callback(self, call: Call) -> Response:
        """The way back. A refusal is a page in words; nobody is sent around in circles."""
        provider = call.request.path_params.get("provider")
        try:
            done = await self._sign_in.complete(
                parameters.parse(call.request.url.query),
                callback=f"{CALLBACK}/{provider}" if provider else CALLBACK,
                browser=self._cookies.read(call.request, LOGIN),
                old_session=call.session_token,
                origin=call.origin,
            )
        except (LoginRefused, OAuthError, BadInput, Forbidden) as error:
            # The second of two clicks, or the page loaded again, after the first one worked.
            if error.error_code == "state_unknown" and await self._sign_in.is_signed_in(
                call.session_token, call.origin
            ):
                return RedirectResponse(START, 303, headers=HEADERS)
            return self.failed(call, self._rounds.explained(call, error))
        if done.trial is not None:
            return trial_page(self._pages, call, done.trial)
        return self.done(call, done)

    def done(self, call: Call, done: Completed) -> Response:
        if done.prompt is not None:
            response: Response = code_page(self._pages, call, done.prompt)
        else:
            response = RedirectResponse(done.return_to, 303, headers=HEADERS)
            self._cookies.write(response, SESSION, done.session or "", max_age=self._session_life // SECOND)
            self._rounds.count(call, response)
        self._cookies.clear(response, SIGNED_OUT)
        return response

    async def _told(self, call: Call, said: Assertion | HeaderRefused) -> Response | None:
        """What becomes of a header that names a person; None when somebody sent it who is not the proxy."""
        if isinstance(said, Assertion):
            return await self._by_proxy(call, said)
        if said.error_code == UNTRUSTED:
            await self._sign_in.ignored(said, call.origin)
            return None
        await self._sign_in.refused(said, PROXY_SOURCE, call.origin)
        return self.failed(call, said)

    async def _by_proxy(self, call: Call, said: Assertion) -> Response:
        """An authenticating proxy in front says who is there: no provider is asked."""
        cli_login = (call.query("key") or "") if call.query("source") == CLI_SOURCE else None
        if cli_login is None and self._rounds.is_loop(call):
            return await self._leave_loop(call)
        if cli_login is None and self._dashboard_is_off:
            return self._pages.page(call, "ui_off.html")
        browser = secrets.token_urlsafe(32)
        try:
            done = await self._sign_in.by_assertion(
                said,
                cli_login=cli_login,
                browser=browser,
                old_session=call.session_token,
                return_to=_wanted(call),
                origin=call.origin,
            )
        except (LoginRefused, BadInput) as error:
            return self.failed(call, error)
        response = self.done(call, done)
        if done.prompt is not None:
            self._cookies.write(response, LOGIN, browser, max_age=LIFE // SECOND)
        return response

    def _is_open(self, call: Call) -> bool:
        """Whether there are several ways to sign in and nothing says which."""
        return call.query("provider") is None and len(self._parties.everything) + (self.saml is not None) > 1

    def _choose(self, call: Call, kept: dict[str, str]) -> Response:
        """A button for each way; `kept` goes along."""
        ways = [(party.source.label, party.source.id) for party in self._parties.everything]
        ways += [] if self.saml is None else [(self.saml.label, SAML_SOURCE)]
        choices = [
            {"label": label, "go": f"/sso/key/generate?{urlencode({'provider': source_id, **kept})}"}
            for label, source_id in ways
        ]
        local = not self._parties.default.source.is_embedded
        return self._pages.page(call, "sso/choose.html", choices=choices, local=local, terminal="key" in kept)

    async def _begin(self, call: Call, cli_login: str | None) -> Response:
        provider = call.query("provider")
        begin: Callable[..., Awaitable[Begun]] = partial(self._sign_in.begin, provider)
        if self.saml is not None and provider == SAML_SOURCE:
            begin = self.saml.begin
        try:
            begun = await begin(
                return_to=_wanted(call),
                browser=self._cookies.read(call.request, LOGIN),
                cli_login=cli_login,
                ask_again=self._cookies.read(call.request, SIGNED_OUT) is not None,
                origin=call.origin,
            )
        except LoginRefused as error:
            return self.failed(call, error)
        response = RedirectResponse(begun.url, 303, headers=HEADERS)
        self._cookies.write(response, LOGIN, begun.browser, max_age=LIFE // SECOND)
        return response

    async def _leave_loop(self, call: Call) -> Response:
        error = self._rounds.refusal(call)
        await self._sign_in.refused(error, call.query("provider"), call.origin)
        response = self.failed(call, error)
        self._rounds.forget(response)
        return response

    def failed(self, call: Call, error: GatewrightError) -> Response:
        return self._pages.page(
            call,
            "sso/failed.html",
            status=error.status,
            message=error.message,
            hint=error.hint,
            code=error.error_code,
            reference=call.origin.reference,
            local=not self._parties.default.source.is_embedded,
        )


def _wanted(call: Call) -> str | None:
    """Where the browser wants to be afterwards. LiteLLM's dashboard says it in `redirect_to`."""
    return call.query("return_to") or call.query("redirect_to")
