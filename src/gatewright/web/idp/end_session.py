"""The end-session endpoint and its page with one button."""

from starlette.responses import RedirectResponse, Response

from gatewright.accounts.sessions import Session
from gatewright.domain.errors import NotFound
from gatewright.idp.clients import Client
from gatewright.idp.logout import SIGNED_OUT_PAGE, AskSignOut, Navigation, SignedOut
from gatewright.idp.objects import flows
from gatewright.idp.provider import Provider
from gatewright.oidc import parameters, redirect_uris
from gatewright.oidc.parameters import Parameters
from gatewright.web.call import Call
from gatewright.web.cookies import IDP_SESSION, SIGNED_OUT, Cookies
from gatewright.web.idp.token import read_form
from gatewright.web.render import Pages

SIGN_OUT = f"/if/flow/{flows.SIGN_OUT}/"


class EndSessionEndpoint:
    """Parses, asks the provider, renders."""

    def __init__(self, provider: Provider, pages: Pages, cookies: Cookies) -> None:
        self._provider = provider
        self._pages = pages
        self._cookies = cookies

    async def request(self, call: Call) -> Response:
        """GET, and a client's POST."""
        client = await self._client(call.path("slug"))
        is_form = call.request.method == "POST"
        params = await read_form(call) if is_form else parameters.parse(call.request.url.query)
        session = await self._session(call)
        marker = self._cookies.read(call.request, SIGNED_OUT) is not None
        navigation = Navigation(call.request.headers, signed_out=marker)
        result = await self._provider.end_session.request(client, params, session, navigation, call.origin)
        if isinstance(result, AskSignOut):
            asked = params.get("post_logout_redirect_uri", "") if result.target else ""
            return self._ask(call, result, asked, session, state=params.get("state", ""))
        return self._done(call, result, session)

    async def confirm(self, call: Call) -> Response:
        """The button. Raises Forbidden when another site pressed it."""
        fields = await self._pages.form(call)
        client = await self._client(fields.get("application", ""))
        params = Parameters(fields)
        session = await self._session(call)
        everywhere = fields.get("everywhere") == "1"
        result = await self._provider.end_session.confirmed(client, params, session, call.origin, everywhere=everywhere)
        return self._done(call, result, session)

    async def _client(self, slug: str) -> Client:
        client = await self._provider.clients.by_slug(slug)
        if client is None:
            raise NotFound("There is no such application.")
        return client

    async def _session(self, call: Call) -> Session | None:
        return await self._provider.login.session(self._cookies.read(call.request, IDP_SESSION))

    def _ask(self, call: Call, ask: AskSignOut, target: str, session: Session | None, *, state: str = "") -> Response:
        uris = (ask.target, *ask.client.logout_uris)
        origins = tuple(dict.fromkeys(o for uri in uris if uri and (o := redirect_uris.origin(uri)) is not None))
        return self._pages.page(
            call,
            "idp/sign_out.html",
            form_origins=origins,
            action=SIGN_OUT,
            application=ask.client.application_name,
            person=None if session is None else session.user.username,
            slug=ask.client.slug,
            target=target,
            state=state,
            whole=ask.client.ends_session,
        )

    def _done(self, call: Call, result: SignedOut, session: Session | None) -> Response:
        response = self._after(call, result, session)
        # Who left one application alone still has a session, and a mark that says whether to ask them again.
        over = () if result.left is not None else (IDP_SESSION, SIGNED_OUT)
        # Another site's image comes without the cookies: its answer must not take them away.
        for cookie in over:
            if self._cookies.read(call.request, cookie) is not None:
                self._cookies.clear(response, cookie)
        return response

    def _after(self, call: Call, result: SignedOut, session: Session | None) -> Response:
        if result.left is not None and result.url is None and session is not None:
            return self._left(call, result.left, result.frames, session.user.username)
        target = result.url or SIGNED_OUT_PAGE
        if result.frames:
            return self._pages.page(call, "idp/signing_out.html", frames=result.frames, target=target)
        response = RedirectResponse("/", 303, headers={"cache-control": "no-store"})
        # Starlette would percent-encode a URI that must stay as it was registered.
        response.headers["location"] = target
        return response

    def _left(self, call: Call, client: Client, frames: tuple[str, ...], person: str) -> Response:
        is_web = client.launch_url.startswith(("https://", "http://"))
        return self._pages.page(
            call,
            "idp/left_application.html",
            frames=frames,
            action=SIGN_OUT,
            application=client.application_name,
            person=person,
            slug=client.slug,
            launch_url=client.launch_url if is_web else None,
        )
