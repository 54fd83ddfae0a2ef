"""The provider's parts, put together for the composition root and the web edge."""

from collections.abc import Mapping

from gatewright.accounts.audit import Audit
from gatewright.accounts.limits import Limits
from gatewright.accounts.passwords import Passwords
from gatewright.accounts.sessions import Sessions
from gatewright.idp.authorization.drafts import Drafts
from gatewright.idp.authorization.parts import authorization
from gatewright.idp.blueprints.apply import Blueprints
from gatewright.idp.blueprints.first_start import apply_at_first_start
from gatewright.idp.claims import Claims
from gatewright.idp.client_assertions import ClientAssertions
from gatewright.idp.client_authentication import ClientAuthentication
from gatewright.idp.clients import Clients
from gatewright.idp.consents import Consents
from gatewright.idp.device import PAGE as DEVICE_PAGE
from gatewright.idp.device import DeviceAuthorization, Verification
from gatewright.idp.directory.forgotten import ForgottenPasswords
from gatewright.idp.directory.verification import EmailVerification
from gatewright.idp.discovery import Discovery
from gatewright.idp.expressions.engine import Expressions
from gatewright.idp.factors.factors import Factors
from gatewright.idp.login import Login
from gatewright.idp.logout import EndSession
from gatewright.idp.mail.outbox import Outbox
from gatewright.idp.own_account import OwnAccount
from gatewright.idp.pushed_authorization import PushedAuthorization
from gatewright.idp.registration.registration import ClientRegistration
from gatewright.idp.resources import Resources
from gatewright.idp.signing_keys import SigningKeys
from gatewright.idp.tokens.parts import Directory, Grants, TokenParts
from gatewright.storage.database import Database


class Provider:
    """The embedded OpenID provider. `base_url` has no trailing slash; `sessions` are those of the kind `idp`."""

    def __init__(
        self,
        db: Database,
        base_url: str,
        sessions: Sessions,
        passwords: Passwords,
        audit: Audit,
        *,
        device_code_in_link: bool = False,
        own_client: str | None = None,
    ) -> None:
        self._db = db
        self.sessions = sessions
        grants, limits = Grants(db), Limits(db, passwords.guesses)
        self.base_url, self.passwords = base_url, passwords
        self._blueprints = Blueprints(db, base_url, passwords, audit, own_client=own_client)
        self.expressions = Expressions()
        self.tokens = grants.tokens
        self.clients = Clients(db, base_url)
        self.keys = SigningKeys(db, audit, sessions.lives.absolute)
        self.claims = Claims(db, self.expressions, audit)
        known = Directory(db, self.clients, self.claims, self.keys, audit)
        self.consents = Consents(db, self.tokens, audit)
        self.resources = Resources(self.clients, known.access, base_url)
        drafts = Drafts(self.clients, self.resources)
        self.authorization = authorization(db, base_url, known, drafts, grants.codes, self.consents)
        authentication = ClientAuthentication(self.clients, ClientAssertions(db, self.clients, base_url), limits)
        tokens = TokenParts(db, grants, known, self.resources, authentication)
        self.token, self.userinfo = tokens.endpoint, tokens.userinfo
        self.api_access = tokens.api_access
        self.introspection, self.revocation = tokens.introspection, tokens.revocation
        self.pushed = PushedAuthorization(authentication, self.clients, drafts, grants.pushed, audit)
        verification = Verification(base_url + DEVICE_PAGE, device_code_in_link)
        self.device = DeviceAuthorization(authentication, known, self.resources, grants.devices, limits, verification)
        self.registration = ClientRegistration(db, base_url, limits, audit)
        self.discovery = Discovery(self.clients, self.claims, self.keys, self.registration, base_url)
        self.outbox = Outbox(db, base_url)
        self.factors = Factors(db, limits, audit, base_url, self.outbox)
        self.login = Login(db, sessions, passwords, limits, self.factors, audit)
        self.own_account = OwnAccount(db, self.login, self.factors, passwords, audit, self.outbox)
        self.forgotten = ForgottenPasswords(db, self.outbox, limits, audit)
        self.email_verification = EmailVerification(db, self.outbox, limits)
        self.end_session = EndSession(db, self.clients, self.keys, audit, own_client=own_client)

    async def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Makes the signing key and the first objects where they are missing. Safe on several workers at once."""
        await self.keys.ensure()
        await apply_at_first_start(self._db, self._blueprints, environment)

    async def close(self) -> None:
        """Stops the expressions' workers."""
        await self.expressions.close()
