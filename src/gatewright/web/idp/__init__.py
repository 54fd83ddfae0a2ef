"""The embedded provider's endpoints, at Authentik's paths, and its pages."""

from gatewright.idp.clients import MOUNT
from gatewright.idp.provider import Provider
from gatewright.oidc.metadata import WELL_KNOWN
from gatewright.web.cookies import Cookies
from gatewright.web.idp.answers import ACCOUNT, AUTHORIZE, CONSENT, SIGN_IN, Answers
from gatewright.web.idp.authorize import Authorize
from gatewright.web.idp.choices import Choices
from gatewright.web.idp.device import DevicePage
from gatewright.web.idp.discovery import DiscoveryDocuments
from gatewright.web.idp.email_verification import EmailVerificationPage
from gatewright.web.idp.end_session import SIGN_OUT, EndSessionEndpoint
from gatewright.web.idp.forgotten import ForgottenPage
from gatewright.web.idp.register import Registration
from gatewright.web.idp.token import TokenEndpoints
from gatewright.web.idp.well_known import WellKnown
from gatewright.web.render import Pages
from gatewright.web.routing import Access, Dialect, Route


def routes(provider: Provider, pages: Pages, cookies: Cookies) -> list[Route]:
    """The rows of the route table. Fixed paths stand before those with a slug, which they would be taken for."""
    answers = Answers(pages, provider.base_url)
    authorize = Authorize(provider, pages, cookies, answers)
    choices = Choices(provider, pages, cookies, answers)
    tokens = TokenEndpoints(provider)
    documents = DiscoveryDocuments(provider)
    end_session = EndSessionEndpoint(provider, pages, cookies)
    anybody, page = Access.PUBLIC, Dialect.PAGE
    slug = f"{MOUNT}/{{slug}}"
    return [
        Route(AUTHORIZE, ("GET", "POST"), authorize.authorize, anybody, page, slash=True),
        *tokens.routes(),
        *Registration(provider).routes(),
        *WellKnown(provider).routes(),
        *DevicePage(provider, pages, cookies, SIGN_IN).routes(),
        Route(SIGN_IN, ("GET",), authorize.show, anybody, page, slash=True),
        Route(SIGN_IN, ("POST",), authorize.submit, anybody, page, slash=True),
        *authorize.second_step.routes(),
        *ForgottenPage(provider.forgotten, pages).routes(),
        *EmailVerificationPage(provider.email_verification, pages).routes(),
        Route(ACCOUNT, ("GET",), choices.show_account, anybody, page, slash=True),
        Route(ACCOUNT, ("POST",), choices.choose_account, anybody, page, slash=True),
        Route(CONSENT, ("GET",), choices.show_consent, anybody, page, slash=True),
        Route(CONSENT, ("POST",), choices.decide, anybody, page, slash=True),
        Route(SIGN_OUT, ("POST",), end_session.confirm, anybody, page, slash=True),
        Route(f"{slug}/{WELL_KNOWN}", ("GET",), documents.document, anybody, Dialect.DETAIL, slash=True, head=True),
        Route(f"{slug}/jwks/", ("GET",), documents.jwks, anybody, Dialect.DETAIL, slash=True, head=True),
        Route(f"{slug}/end-session/", ("GET", "POST"), end_session.request, anybody, page, slash=True),
        Route(f"{slug}/", ("GET",), documents.issuer, anybody, Dialect.DETAIL, slash=True, head=True),
    ]
