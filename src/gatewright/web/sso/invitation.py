"""The page behind an invitation's link: choose a password, or sign in at a provider, and the row is yours.

Opening it changes nothing, so that a mail scanner's look at the link does not use it up.
"""

from urllib.parse import quote

from starlette.responses import RedirectResponse, Response

from gatewright.accounts.invitations import UserInvitations
from gatewright.domain.clock import SECOND
from gatewright.domain.errors import BadInput
from gatewright.idp.directory.onboarding import Onboarding
from gatewright.sso.parties import RelyingParties
from gatewright.sso.relying_party import LIFE
from gatewright.sso.sign_in import SignIn
from gatewright.web.call import Call
from gatewright.web.cookies import LOGIN, SIGNED_OUT, Cookies
from gatewright.web.render import Pages
from gatewright.web.routing import Access, Dialect, Route

PAGE = "/onboarding"


def page_of(call: Call) -> Response | None:
    """The way from LiteLLM's links (`/ui?invitation_id=`, `/ui/onboarding?invitation_id=`) to the page."""
    token = call.query("invitation_id")
    if token is None:
        return None
    return RedirectResponse(f"{PAGE}?invitation_id={quote(token, safe='')}", 303, headers={"cache-control": "no-store"})


class InvitationPage:
    """The token in the form is the invited person's credential."""

    def __init__(
        self,
        invitations: UserInvitations,
        onboarding: Onboarding,
        sign_in: SignIn,
        parties: RelyingParties,
        cookies: Cookies,
        pages: Pages,
    ) -> None:
        self._invitations = invitations
        self._onboarding = onboarding
        self._sign_in = sign_in
        self._parties = parties
        self._cookies = cookies
        self._pages = pages

    def routes(self) -> list[Route]:
        return [
            Route(PAGE, ("GET",), self.show, Access.PUBLIC, Dialect.PAGE),
            Route(PAGE, ("POST",), self.submit, Access.PUBLIC, Dialect.PAGE),
        ]

    async def show(self, call: Call) -> Response:
        return await self._page(call, call.query("invitation_id") or "")

    async def submit(self, call: Call) -> Response:
        """With `provider`: goes to sign in there, and comes back to the row. Else sets the password."""
        fields = await self._pages.form(call)
        token, provider = fields.get("token", ""), fields.get("provider")
        if provider is not None:
            return await self._begin(call, token, provider)
        invited = await self._invitations.open(token, call.origin)
        if not self._takes_passwords:
            raise BadInput("Choose where to sign in.", param="provider")
        try:
            await self._onboarding.claim(invited, fields.get("password", ""), call.origin)
        except BadInput as error:
            return await self._page(call, token, error.message)
        return RedirectResponse("/ui/", 303, headers={"cache-control": "no-store"})

    async def _begin(self, call: Call, token: str, provider: str) -> Response:
        invited = await self._invitations.open(token, call.origin)
        party = self._parties.get(provider)
        if party.source.is_embedded:
            raise BadInput("Choose a password instead.", param="provider")
        begun = await self._sign_in.begin(
            party.source.id,
            return_to=None,
            browser=self._cookies.read(call.request, LOGIN),
            cli_login=None,
            ask_again=self._cookies.read(call.request, SIGNED_OUT) is not None,
            origin=call.origin,
            invitation=invited.token_hash,
        )
        # Not a redirect: form-action of the page before would have to name the provider, which may be moved meanwhile.
        response = self._pages.page(call, "sso/onward.html", label=party.source.label, url=begun.url)
        self._cookies.write(response, LOGIN, begun.browser, max_age=LIFE // SECOND)
        return response

    async def _page(self, call: Call, token: str, problem: str | None = None) -> Response:
        invited = await self._invitations.open(token, call.origin)
        outside = [party.source for party in self._parties.everything if not party.source.is_embedded]
        return self._pages.page(
            call,
            "sso/invitation.html",
            status=200 if problem is None else 400,
            token=token,
            name=invited.user.display_name or invited.user.user_id,
            username=invited.user.username,
            providers=[(source.id, source.label) for source in outside],
            password=self._takes_passwords,
            shortest=self._onboarding.shortest_password,
            problem=problem,
        )

    @property
    def _takes_passwords(self) -> bool:
        return any(party.source.is_embedded for party in self._parties.everything)
