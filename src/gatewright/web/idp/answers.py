"""A step of the authorization endpoint as HTTP: back to the client, or on to the page that asks."""

from urllib.parse import quote, urlencode, urlsplit

from starlette.responses import RedirectResponse, Response

from gatewright.domain.people import Origin
from gatewright.idp.authorization.checks import AuthorizationRequest
from gatewright.idp.authorization.response import FORM_POST, SendBack
from gatewright.idp.authorization.steps import AskAccount, AskConsent, AskSignIn, NoAccess, Step
from gatewright.idp.objects import flows
from gatewright.idp.provider import Provider
from gatewright.oidc import parameters, redirect_uris
from gatewright.oidc.parameters import Parameters
from gatewright.sso.sources import CALLBACK
from gatewright.web.call import Call
from gatewright.web.render import Pages

AUTHORIZE = "/application/o/authorize/"
SIGN_IN = f"/if/flow/{flows.SIGN_IN}/"
ACCOUNT = "/if/flow/account-selection/"
CONSENT = f"/if/flow/{flows.EXPLICIT_CONSENT}/"
CONTINUE = "/static/continue.js"
# A code or an error travels in the address: no page may pass it on, no cache keep it.
REDIRECT_HEADERS = {"cache-control": "no-store", "referrer-policy": "no-referrer"}


class Answers:
    """Knows every step and where it leads. `base_url` has no trailing slash."""

    def __init__(self, pages: Pages, base_url: str) -> None:
        self._pages = pages
        self._base_url = base_url

    def respond(self, call: Call, step: Step) -> Response:
        """What the browser gets for the step."""
        if isinstance(step, SendBack):
            return self.send(call, step)
        if isinstance(step, AskSignIn):
            return to_page(SIGN_IN, step.request)
        if isinstance(step, AskAccount):
            return to_page(ACCOUNT, step.request)
        if isinstance(step, AskConsent):
            return to_page(CONSENT, step.request, step.ticket)
        return self._no_access(call, step)

    def send(self, call: Call, result: SendBack) -> Response:
        """A redirect, or a page whose form goes to the client by itself (OAuth 2.0 Form Post Response Mode 2)."""
        if result.mode == FORM_POST:
            return self._pages.page(
                call,
                "idp/form_post.html",
                form_origins=(form_target(result.redirect_uri),),
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

    def application(self, request: AuthorizationRequest) -> str:
        """What the person signs in to. Our own dashboard goes by our name, whatever the blueprint calls the client."""
        if request.redirect_uri == self._base_url + CALLBACK and not request.client.is_registered:
            return "Gatewright"
        return request.client.application_name

    def _no_access(self, call: Call, step: NoAccess) -> Response:
        return self._pages.page(
            call,
            "idp/no_access.html",
            status=403,
            form_origins=form_origins(step.request),
            application=self.application(step.request),
            person=step.person.email or step.person.username,
            action=CONSENT,
            next=pending(step.request.params),
            another=page_address(SIGN_IN, step.request),
            reference=call.origin.reference,
        )


def pending(params: Parameters) -> str:
    """The request as a page carries it in `next`."""
    return f"{AUTHORIZE}?{urlencode(params)}"


def pending_parameters(text: str) -> Parameters | None:
    """The parameters of the authorization request that `next` holds; None unless it is exactly our own endpoint."""
    path, separator, query = text.partition("?")
    if path != AUTHORIZE or not separator:
        return None
    return parameters.parse(query)


async def pending_origins(provider: Provider, text: str, origin: Origin) -> tuple[str, ...]:
    """What a form may end at whose `next` says this; nothing but ourselves when it is no good request."""
    params = pending_parameters(text)
    found = None if params is None else await provider.authorization.examine(params, origin)
    return form_origins(found) if isinstance(found, AuthorizationRequest) else ()


def page_address(page: str, request: AuthorizationRequest) -> str:
    return f"{page}?next={quote(pending(request.params), safe='')}"


def to_page(page: str, request: AuthorizationRequest, ticket: str = "") -> Response:
    tail = f"&ticket={quote(ticket, safe='')}" if ticket else ""
    return RedirectResponse(page_address(page, request) + tail, 303, headers=REDIRECT_HEADERS)


def form_origins(request: AuthorizationRequest) -> tuple[str, ...]:
    """What a page's form may end at: the redirect URI, and the client's other origins, which it may lead on to."""
    return tuple(dict.fromkeys((form_target(request.redirect_uri), *sorted(request.client.origins))))


def form_target(redirect_uri: str) -> str:
    """The origin of a proven redirect URI, or a native app's scheme, as Content-Security-Policy writes them."""
    origin = redirect_uris.origin(redirect_uri)
    return origin if origin is not None else f"{urlsplit(redirect_uri).scheme}:"
