"""The relying party's rows of the route table."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gatewright.domain.clock import Millis
from gatewright.sso.break_glass import BreakGlass
from gatewright.sso.cli_login import CliLogins
from gatewright.sso.logout_received import LogoutReceived
from gatewright.sso.parties import RelyingParties
from gatewright.sso.sign_in import SignIn
from gatewright.sso.sign_out import SignOut
from gatewright.web.cookies import Cookies
from gatewright.web.render import Pages
from gatewright.web.routing import Route
from gatewright.web.sso.cli import CliPages
from gatewright.web.sso.fallback import FallbackPages
from gatewright.web.sso.keys import ClientKeys
from gatewright.web.sso.logout_received import LogoutReceivedRoutes
from gatewright.web.sso.saml import SamlPages
from gatewright.web.sso.sign_in import SignInPages
from gatewright.web.sso.sign_out import SignOutPages
from gatewright.web.sso.trial import TrialPages

if TYPE_CHECKING:
    # Its libraries are an extra.
    from gatewright.sso.saml.sign_in import SamlSignIn


@dataclass(frozen=True)
class SsoParts:
    """What the rows need; the composition root fills it. `has_local_login`: UI_PASSWORD made an account."""

    parties: RelyingParties
    sign_in: SignIn
    sign_out: SignOut
    logout_received: LogoutReceived
    cli_logins: CliLogins
    break_glass: BreakGlass
    cookies: Cookies
    pages: Pages
    auto_redirect: bool
    session_life: Millis
    has_local_login: bool = False
    dashboard_is_off: bool = False
    saml: "SamlSignIn | None" = None


def routes(parts: SsoParts) -> list[Route]:
    """Sign-in, callback, the command line's login, sign-out, break-glass."""
    life = parts.session_life
    sign_in = SignInPages(
        parts.sign_in,
        parts.parties,
        parts.cookies,
        parts.pages,
        auto_redirect=parts.auto_redirect,
        session_life=life,
        dashboard_is_off=parts.dashboard_is_off,
    )
    sign_in.saml = parts.saml
    saml = None if parts.saml is None else SamlPages(parts.saml, parts.cookies, sign_in.done, sign_in.failed)
    return [
        *sign_in.routes(),
        *([] if saml is None else saml.routes()),
        *ClientKeys(parts.parties).routes(),
        *TrialPages(parts.sign_in, parts.cookies, parts.pages).routes(),
        *CliPages(parts.cli_logins, parts.cookies, parts.pages).routes(),
        *LogoutReceivedRoutes(parts.logout_received).routes(),
        *SignOutPages(parts.sign_out, parts.cookies, parts.pages).routes(),
        *FallbackPages(
            parts.break_glass,
            parts.parties,
            parts.cookies,
            parts.pages,
            session_life=life,
            has_local_login=parts.has_local_login,
            dashboard_is_off=parts.dashboard_is_off,
        ).routes(),
    ]
