"""The routes of LiteLLM around a sign-in: invitations, passwords, what its dashboard asks, readiness."""

from gatewright.accounts.invitations import UserInvitations
from gatewright.accounts.limits import Limits
from gatewright.accounts.ui_flags import UiFlags
from gatewright.idp.directory.onboarding import Onboarding
from gatewright.idp.provider import Provider
from gatewright.settings.schema import Settings
from gatewright.spend.reports import Reports
from gatewright.sso.readiness import SsoReadiness
from gatewright.storage.database import Database
from gatewright.web.litellm.invitations import InvitationRoutes
from gatewright.web.litellm.login import LoginRoutes
from gatewright.web.litellm.password import PasswordRoute
from gatewright.web.litellm.readiness import ReadinessRoute
from gatewright.web.litellm.ui_settings import UiSettingsRoutes
from gatewright.web.routing import Route
from gatewright.web.sso.invitation import InvitationPage
from gatewright.web.sso.routes import SsoParts


def litellm_sign_in(
    settings: Settings,
    db: Database,
    limits: Limits,
    sso: SsoParts,
    provider: Provider,
    flags: UiFlags,
    reports: Reports,
) -> list[Route]:
    """The rows of the table, and the page that an invitation's link opens."""
    invitations = UserInvitations(db, limits)
    onboarding = Onboarding(db, provider.passwords, provider.outbox)
    return [
        *InvitationPage(invitations, onboarding, sso.sign_in, sso.parties, sso.cookies, sso.pages).routes(),
        *InvitationRoutes(invitations, onboarding, sso.parties, settings.base_url).routes(),
        *LoginRoutes(settings, sso.break_glass, sso.cookies, sso.pages).routes(),
        *PasswordRoute(provider.own_account).routes(),
        *UiSettingsRoutes(settings, sso.parties, flags, reports).routes(),
        *ReadinessRoute(SsoReadiness(sso.parties, db.clock)).routes(),
    ]
