"""The authorization endpoint and the sign-in page that it leads to."""

from urllib.parse import quote, urlsplit

from starlette.responses import RedirectResponse, Response

from gatewright.accounts.sessions import Session
from gatewright.domain.errors import TooManyRequests, Unavailable
from gatewright.idp.authorization.checks import AuthorizationRequest
from gatewright.idp.authorization.interaction import AskSignIn
from gatewright.idp.authorization.response import FORM_POST, SendBack
from gatewright.idp.login import SignInRefused
from gatewright.idp.provider import Provider
from gatewright.oidc import parameters, redirect_uris
from gatewright.oidc.parameters import Parameters
from gatewright.sso.relying_party import CALLBACK
from gatewright.web.call import Call
from gatewright.web.cookies import IDP_SESSION, Cookies
from gatewright.web.render import Pages

AUTHORIZE = "/application/o/authorize/"
SIGN_IN = "/if/flow/default-authentication-flow/"
CONTINUE = "/static/continue.js"
# A code or an error travels in the address: no page may pass it on, no cache keep it.
REDIRECT_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


class Authorize:
    """Parses, asks the provider, renders. The request travels with the page and is examined anew when it comes back."""

    def __init__(self, provider: Provider, pages: Pages, cookies: Cookies) -> None:
        self._provider = provider
        self._pages = pages
        self._cookies = cookies

    async def authorize(self, call: Call) -> Response:
        """GET and POST (OpenID Connect Core 3.1.2.1)."""
        is_form = call.request.method == "POST"
        encoded = (await call.body(parameters.MAX_CHARS)).decode("latin-1") if is_form else call.request.url.query
        params = parameters.parse(encoded)
        session = await self._provider.login.session(self._cookies.read(call.request, IDP_SESSION))
        result = await self._provider.authorization.begin(params, session, call.origin)
        if isinstance(result, SendBack):
            return self._send(call, result)
        pending = quote(f"{AUTHORIZE}?{encoded}", safe="")
        return RedirectResponse(f"{SIGN_IN}?next={pending}", 303, headers=REDIRECT_HEADERS)

    async def show(self, call: Call) -> Response:
        """The sign-in page."""
        pending = call.query("next") or ""
        found = await self._pending(pending, call)
        if isinstance(found, SendBack):
            return self._send(call, found)
        return await self._page(call, found, pending, name=(found.login_hint or "")[:254] if found else "")

    async def submit(self, call: Call) -> Response:
        """The sign-in. It ends at the client, without another look at the authorization endpoint."""
        fields = await self._pages.form(call)
        pending, name = fields.get("next", ""), fields.get("name", "")
        found = await self._pending(pending, call)
        if isinstance(found, SendBack):
            return self._send(call, found)
        old = self._cookies.read(call.request, IDP_SESSION)
        try:
            token, session = await self._provider.login.sign_in(name, fields.get("password", ""), call.origin, old)
        except SignInRefused as error:
            return await self._page(call, found, pending, name=name, problem=error.message, status=400)
        except TooManyRequests as error:
            response = await self._page(call, found, pending, name=name, problem=error.message, status=429)
            response.headers["retry-after"] = str(error.retry_after)
            return response
        response = await self._after(pending, session, call)
        self._cookies.write(response, IDP_SESSION, token)
        return response

    async def _after(self, pending: str, session: Session, call: Call) -> Response:
        params = pending_parameters(pending)
        if params is None:
            return RedirectResponse("/", 303, headers=REDIRECT_HEADERS)
        result = await self._provider.authorization.resume(params, session, call.origin)
        if isinstance(result, AskSignIn):
            raise Unavailable("The sign-in worked, but was not accepted. Try again.", code="sign_in_not_accepted")
        return self._send(call, result)

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
            form_origins=() if found is None else form_origins(found.redirect_uri),
            application=None if found is None else self._application(found),
            nobody_yet=await self._provider.login.nobody_yet(),
            action=SIGN_IN,
            next=pending if found else "",
            name=name,
            problem=problem,
        )

    def _send(self, call: Call, result: SendBack) -> Response:
        """A redirect, or a page whose form goes to the client by itself (OAuth 2.0 Form Post Response Mode 2)."""
        if result.mode == FORM_POST:
            return self._pages.page(
                call,
                "idp/form_post.html",
                form_origins=form_origins(result.redirect_uri),
                script=CONTINUE,
                action=result.redirect_uri,
                host=urlsplit(result.redirect_uri).hostname or "the application",
                members=result.members,
            )
        # 303, so that a POST becomes a GET at the client and carries no form data on.
        response = RedirectResponse("/", 303, headers=REDIRECT_HEADERS)
        # Starlette would percent-encode a URI that must stay as it was registered.
        response.headers["location"] = result.url
        return response

    def _application(self, found: AuthorizationRequest) -> str:
        """What the person signs in to. Our own dashboard goes by our name, whatever the blueprint calls the client."""
        if found.redirect_uri == self._provider.base_url + CALLBACK:
            return "Gatewright"
        return found.client.application_name


def pending_parameters(pending: str) -> Parameters | None:
    """The parameters of the authorization request that `next` holds; None unless it is exactly our own endpoint."""
    path, separator, query = pending.partition("?")
    if path != AUTHORIZE or not separator:
        return None
    return parameters.parse(query)


def form_origins(redirect_uri: str) -> tuple[str, ...]:
    """What the page's form may end at: the validated redirect URI's origin, or a native app's scheme."""
    origin = redirect_uris.origin(redirect_uri)
    return (origin if origin is not None else f"{urlsplit(redirect_uri).scheme}:",)
