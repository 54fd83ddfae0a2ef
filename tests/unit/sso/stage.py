"""The relying party as it is served, put together by hand as the composition root does it."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2
from tests.passwords import quick_passwords
from tests.unit.sso.provider import CLIENT, SECRET, FakeProvider

from gatewright.accounts.audit import Audit
from gatewright.accounts.invitations import UserInvitations
from gatewright.accounts.keys import KeyRing, Keys
from gatewright.accounts.limits import Limits
from gatewright.accounts.sessions import Sessions
from gatewright.accounts.users import Users
from gatewright.app.saml import with_saml
from gatewright.domain.clock import HOUR
from gatewright.domain.people import User
from gatewright.idp.directory.onboarding import Onboarding
from gatewright.idp.factors.factors import Factors
from gatewright.idp.mail.outbox import Outbox
from gatewright.outbound.client import WHOLE_CALL_S, Outbound
from gatewright.settings.load import load
from gatewright.settings.schema import Settings
from gatewright.settings.sign_in import ClaimNames, RoleRules, SignInProvider
from gatewright.sso.break_glass import BreakGlass
from gatewright.sso.cli_login import CliLogins
from gatewright.sso.connections import Connections
from gatewright.sso.logout_received import LogoutReceived
from gatewright.sso.parties import RelyingParties
from gatewright.sso.provisioning import Provisioning
from gatewright.sso.scim_link import ScimLink
from gatewright.sso.sign_in import SignIn
from gatewright.sso.sign_out import SignOut
from gatewright.sso.sources import Source, fixed_sources, secret_of
from gatewright.storage import audit_log, users
from gatewright.storage.database import Database
from gatewright.web.authentication import Authentication
from gatewright.web.cookies import Cookies
from gatewright.web.guard import Guard
from gatewright.web.render import Pages
from gatewright.web.routes import application
from gatewright.web.sso.invitation import InvitationPage
from gatewright.web.sso.routes import SsoParts, routes

MASTER = "sk-master-of-the-tests-0123456789"
BASE = "http://localhost:4000"
HTML = {"accept": "text/html"}


class ManualClock:
    """Time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_795_219_200_000 + 12 * HOUR

    def __call__(self) -> int:
        return self.now


def generic(origin: str, **more: str) -> dict[str, str]:
    """The seed's variables for a provider at that origin."""
    return {
        "GENERIC_CLIENT_ID": CLIENT,
        "GENERIC_CLIENT_SECRET": SECRET,
        "GENERIC_AUTHORIZATION_ENDPOINT": f"{origin}/authorize",
        "GENERIC_TOKEN_ENDPOINT": f"{origin}/token",
        "GENERIC_USERINFO_ENDPOINT": f"{origin}/userinfo",
        "GENERIC_SCOPE": "openid profile email litellm_role",
        "GENERIC_USER_ROLE_ATTRIBUTE": "litellm_role",
        "AUTO_REDIRECT_UI_LOGIN_TO_SSO": "true",
        **more,
    }


def knowing_the_issuer(provider: FakeProvider) -> Source:
    """A source that is found by discovery, as the embedded one is, with an outside provider's identities."""
    known = SignInProvider(
        id="generic",
        profile="generic",
        label="Example",
        client_id=CLIENT,
        client_secret=SECRET,
        scope="openid profile",
        claims=ClaimNames(role="litellm_role"),
        roles=RoleRules(is_configured=True),
        issuer=provider.issuer,
    )
    return Source(known, secret_of(known))


class Stage:
    """One worker. `source` replaces the one that the environment names; `uuids` are the embedded provider's users.

    `patience_s` is how long a provider may take to answer, `outbound` is all that is outside.
    """

    def __init__(
        self,
        db: Database,
        folder: Path,
        environ: dict[str, str],
        source: Source | None = None,
        patience_s: float = WHOLE_CALL_S,
        outbound: Outbound | None = None,
    ) -> None:
        self.db = db
        self.uuids: dict[str, str] = {}
        given = {"LITELLM_MASTER_KEY": MASTER, "GATEWRIGHT_DATA_DIR": str(folder), "PROXY_BASE_URL": BASE, **environ}
        self.settings: Settings = load({}, given)
        sources = fixed_sources(self.settings, self._secret) if source is None else (source,)
        self.outbound = outbound or Outbound(whole_call_s=patience_s)
        self.sessions = Sessions(db, "gateway", self.settings.session_life)
        self.keys, self.users, self.limits = Keys(db), Users(db), Limits(db)
        self.factors = Factors(db, self.limits, Audit(db), BASE)
        self.ring = KeyRing(db, MASTER)
        self.connections = Connections(self.outbound, db.clock)
        self.parties = RelyingParties(db, sources, self.connections.connect, self.settings.base_url)
        self.cli_logins = CliLogins(db, self.keys, self.users, self.limits, self.settings.cli_session_life)
        self.provisioning = Provisioning(db, self.settings.sign_in_rules, ScimLink(self.settings.scim_id_claims))
        self.sign_in = SignIn(
            db, self.parties, self.provisioning, self.sessions, self.cli_logins, self._uuid_of, self.limits
        )
        self.cookies = Cookies(https=self.settings.is_https)
        pages = Pages(self.settings, self.cookies)
        guard = Guard(self.settings, Authentication(self.ring, self.sessions), self.cookies, pages)
        parts = SsoParts(
            parties=self.parties,
            sign_in=self.sign_in,
            sign_out=SignOut(
                self.sessions,
                self.parties,
                Audit(db),
                base_url=self.settings.base_url,
                logout_url=self.settings.logout_url,
            ),
            logout_received=LogoutReceived(db, self.parties, self.sessions, self.limits),
            cli_logins=self.cli_logins,
            break_glass=BreakGlass(db, self.sessions, quick_passwords(), self.limits, self.factors),
            cookies=self.cookies,
            pages=pages,
            auto_redirect=self.settings.auto_redirect,
            session_life=self.settings.session_life,
        )
        parts = with_saml(self.settings, db, self.outbound, self.limits, parts)
        self.invitations = UserInvitations(db, self.limits)
        onboarding = Onboarding(db, quick_passwords(), Outbox(db, BASE))
        page = InvitationPage(self.invitations, onboarding, self.sign_in, parts.parties, self.cookies, pages)
        self.app = application([*routes(parts), *page.routes()], guard)
        self.browsers: list[httpx2.AsyncClient] = []

    def browser(self, **headers: str) -> httpx2.AsyncClient:
        """A browser with cookies of its own; it follows no redirect by itself."""
        client = httpx2.AsyncClient(
            transport=httpx2.ASGITransport(self.app), base_url=self.settings.base_url, headers={**HTML, **headers}
        )
        self.browsers.append(client)
        return client

    def terminal(self) -> httpx2.AsyncClient:
        """A command line: no cookies, JSON."""
        return self.browser(accept="application/json")

    async def user(self, user_id: str) -> User:
        return await self.users.by_user_id(user_id)

    async def everybody(self) -> list[User]:
        async with self.db.read() as tx:
            return await users.page(tx, 100, None)

    async def identities(self, user: User) -> list[tuple[str, str]]:
        async with self.db.read() as tx:
            return await users.identities_of(tx, user.id)

    async def audit(self) -> list[tuple[str, str]]:
        """(action, outcome), newest first."""
        async with self.db.read() as tx:
            return [(row["action"], row["outcome"]) for row in await audit_log.newest(tx, 100)]

    async def close(self) -> None:
        for browser in self.browsers:
            await browser.aclose()
        await self.connections.close()
        await self.outbound.close()

    async def _secret(self) -> str:
        return SECRET

    async def _uuid_of(self, subject: str) -> str | None:
        return self.uuids.get(subject)


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def hidden(html: str) -> dict[str, str]:
    """The hidden fields of a page's form."""
    return dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', html))


async def sign_in(stage: Stage, provider: Any, browser: httpx2.AsyncClient, **changes: str | None) -> httpx2.Response:
    """A whole sign-in in that browser; the answer of the callback."""
    begun = await browser.get("/sso/key/generate")
    assert begun.status_code == 303, begun.text
    return await browser.get(f"/sso/callback?{provider.authorize(begun.headers['location'], **changes)}")
