"""The one place that decides what still stands between an authorization request and its code."""

from collections.abc import Collection

from gatewright.accounts.sessions import Session
from gatewright.domain.clock import Clock
from gatewright.idp.access import AccessRules
from gatewright.idp.authorization.checks import AuthorizationRequest
from gatewright.idp.authorization.hints import Hints
from gatewright.idp.authorization.progress import CHOSEN, CONSENTED, SIGNED_IN
from gatewright.idp.authorization.steps import AskAccount, AskConsent, AskSignIn, NoAccess
from gatewright.idp.consents import Consents
from gatewright.oidc.errors import AccessDenied, ConsentRequired, LoginRequired
from gatewright.oidc.scopes import OFFLINE_ACCESS

DASHBOARD_CALLBACK = "/sso/callback"
"""Where our own dashboard receives its codes, below the base URL."""

OTHER_PERSON = "Somebody else is signed in than the id_token_hint names."


class Decisions:
    """Looks at prompts, session, hint, access rules and consent, in this order. Whatever it asks for, it asks for once.

    With prompt=none it raises the error instead of asking (OpenID Connect Core 3.1.2.6). `base_url` is our own.
    """

    def __init__(self, clock: Clock, hints: Hints, access: AccessRules, consents: Consents, base_url: str) -> None:
        self._clock = clock
        self._hints = hints
        self._access = access
        self._consents = consents
        self._dashboard = base_url + DASHBOARD_CALLBACK

    async def without_session(self, request: AuthorizationRequest) -> AskSignIn:
        """Nobody is signed in. Raises OAuthError for the client."""
        await self._hints.subject(request)
        return self._sign_in(request)

    async def next_step(
        self, request: AuthorizationRequest, session: Session, done: Collection[str]
    ) -> AskSignIn | AskAccount | NoAccess | AskConsent | None:
        """The next step, None when the code may be issued. `done` is what the browser did for this very request.

        Raises OAuthError for the client.
        """
        subject = await self._hints.subject(request)
        if self._is_stale(request, session, done):
            return self._sign_in(request)
        if subject is not None and not await self._hints.names(subject, request, session):
            # Whoever has just signed in as somebody else will not be asked a second time.
            if request.is_silent or SIGNED_IN in done:
                raise LoginRequired(OTHER_PERSON, cause="id_token_hint_other_person")
            return AskSignIn(request)
        if "select_account" in request.prompts and not {SIGNED_IN, CHOSEN} & set(done):
            return AskAccount(request, session.user)
        return await self._access_step(request, session) or await self._consent_step(request, session, done)

    async def name_to_fill_in(self, request: AuthorizationRequest) -> str:
        """The login_hint, else the hint's subject where it is something that a person would type."""
        if request.login_hint is not None:
            return request.login_hint
        return await self._hints.typed_name(request)

    def _sign_in(self, request: AuthorizationRequest) -> AskSignIn:
        if request.is_silent:
            raise LoginRequired()
        return AskSignIn(request)

    def _is_stale(self, request: AuthorizationRequest, session: Session, done: Collection[str]) -> bool:
        """Whether the person must sign in again: for prompt=login, and for a max_age that the session outlived."""
        if SIGNED_IN in done:
            return False
        if "login" in request.prompts:
            return True
        age = self._clock() - session.row.created_at
        return request.max_age is not None and age >= request.max_age * 1000

    async def _access_step(self, request: AuthorizationRequest, session: Session) -> NoAccess | None:
        cause = await self._access.refusal(session.user, request.client)
        if cause is None:
            return None
        if request.is_silent:
            raise AccessDenied("The person may not use this application.", cause=cause)
        return NoAccess(request, session.user, cause)

    async def _consent_step(
        self, request: AuthorizationRequest, session: Session, done: Collection[str]
    ) -> AskConsent | None:
        needed, prompted = self._needs_consent(request), "consent" in request.prompts
        if CONSENTED in done or not (needed or prompted):
            return None
        known = await self._consents.remembered(session.user.id, request.client.id)
        if known.issuperset(request.scopes) and not prompted:
            return None
        if request.is_silent:
            raise ConsentRequired()
        return AskConsent(request, session.user, known)

    def _needs_consent(self, request: AuthorizationRequest) -> bool:
        """Whether the person must have agreed to the scopes.

        Access while the person is away needs it from every client (OpenID Connect Core 11). Our own dashboard gets
        nothing that the person does not give to this very server by signing in: it never asks.
        """
        if request.redirect_uri == self._dashboard and not request.client.is_registered:
            return False
        return request.client.asks_consent or OFFLINE_ACCESS in request.scopes
