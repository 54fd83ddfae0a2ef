"""The authorization endpoint: what a request gets, from its arrival to the code (OpenID Connect Core 3.1.2)."""

from collections.abc import Collection
from functools import partial

import msgspec

from gatewright.accounts.audit import Audit
from gatewright.accounts.sessions import Session
from gatewright.domain.people import Event, Origin
from gatewright.grants.codes import Codes, NewCode
from gatewright.idp.authorization.checks import AuthorizationRequest, examine
from gatewright.idp.authorization.decisions import Decisions
from gatewright.idp.authorization.drafts import Drafts
from gatewright.idp.authorization.progress import CHOSEN, CONSENTED, SIGNED_IN, Tickets
from gatewright.idp.authorization.response import SendBack
from gatewright.idp.authorization.steps import AskConsent, NoAccess, Step
from gatewright.idp.clients import Client
from gatewright.idp.consents import Consents
from gatewright.oidc import scopes
from gatewright.oidc.errors import AccessDenied, OAuthError
from gatewright.oidc.parameters import Parameters
from gatewright.storage.database import Database

SIGN_IN_TEXT = "Your sign-in: who you are here"
"""What the consent page says of the scope `openid`, which carries no claim of its own and has no description."""


class Answer(msgspec.Struct, frozen=True):
    """What a consent page showed to whom, as its form brings it back: the person's uuid and the scopes."""

    person: str
    scope: str
    ticket: str


class Authorization:
    """Every call examines the request anew, so nothing that a client or a page holds is believed.

    Every method raises OAuthError only while client and redirect URI are unproven: show it here.
    """

    def __init__(
        self,
        db: Database,
        drafts: Drafts,
        codes: Codes,
        decisions: Decisions,
        consents: Consents,
        audit: Audit,
    ) -> None:
        self._drafts = drafts
        self._codes = codes
        self._decisions = decisions
        self._consents = consents
        self._tickets = Tickets(db)
        self._audit = audit

    async def begin(
        self, params: Parameters, session: Session | None, origin: Origin, ticket: str | None = None
    ) -> Step:
        """A request arrives, or comes back from a page with the ticket of what was done for it."""
        return await self._run(params, session, origin, self._tickets.done(params, session, ticket))

    async def signed_in(self, request: AuthorizationRequest, session: Session, origin: Origin) -> Step:
        """The person has signed in for this request just now, which satisfies `prompt=login` and any `max_age`.

        `request` was examined in this very call.
        """
        return await self._next(request, session, origin, {SIGNED_IN})

    async def chosen(self, params: Parameters, session: Session | None, origin: Origin) -> Step:
        """The person goes on with the account that is signed in."""
        return await self._run(params, session, origin, {CHOSEN})

    async def consented(self, params: Parameters, session: Session | None, answer: Answer, origin: Origin) -> Step:
        """The person allows what the page showed. It is asked again when person or scopes are no longer those."""
        done = self._tickets.done(params, session, answer.ticket)
        step = await self._run(params, session, origin, done)
        if not isinstance(step, AskConsent) or session is None:
            return step
        shown = (step.person.uuid, scopes.render(step.request.scopes))
        if shown != (answer.person, answer.scope):
            return step
        await self._consents.remember(session.user, step.request.client, step.request.scopes, origin)
        return await self._run(params, session, origin, {*done, CONSENTED})

    def scope_texts(self, client: Client) -> dict[str, str]:
        """What each scope of the client means, in the words of its mappings; its name where they have none."""
        texts: dict[str, list[str]] = {}
        for mapping in client.mappings:
            known = texts.setdefault(mapping.scope_name, [])
            if mapping.description and mapping.description not in known:
                known.append(mapping.description)
        words = {name: ", ".join(parts) or name for name, parts in texts.items()}
        return {**words, scopes.OPENID: ", ".join(texts.get(scopes.OPENID, [])) or SIGN_IN_TEXT}

    async def declined(self, params: Parameters, session: Session | None, origin: Origin) -> SendBack:
        """The person does not go on: the client gets `access_denied`."""
        request = await self.examine(params, origin)
        if isinstance(request, SendBack):
            return request
        actor = None if session is None else session.user.user_id
        event = Event("idp.authorize", "declined", actor, request.client.client_id, origin=origin)
        await self._audit.write(event)
        return request.way_back.failure(AccessDenied())

    async def examine(
        self, params: Parameters, origin: Origin, session: Session | None = None
    ) -> AuthorizationRequest | SendBack:
        """The request, or its refusal; `session` is whose request it is, for the log."""
        draft = await self._drafts.of(params)
        try:
            return examine(draft)
        except OAuthError as error:
            target = None if draft.client is None else draft.client.client_id
            await self._refused(target, error, session, origin)
            if not draft.proven or not error.redirectable:
                raise
            return draft.way_back.failure(error)

    async def name_to_fill_in(self, request: AuthorizationRequest) -> str:
        """What the sign-in page's name field starts with."""
        return await self._decisions.name_to_fill_in(request)

    async def _run(self, params: Parameters, session: Session | None, origin: Origin, done: Collection[str]) -> Step:
        request = await self.examine(params, origin, session)
        return request if isinstance(request, SendBack) else await self._next(request, session, origin, done)

    async def _next(
        self, request: AuthorizationRequest, session: Session | None, origin: Origin, done: Collection[str]
    ) -> Step:
        try:
            if session is None:
                return await self._decisions.without_session(request)
            step = await self._decisions.next_step(request, session, done)
        except OAuthError as error:
            await self._refused(request.client.client_id, error, session, origin)
            if not error.redirectable:
                raise
            return request.way_back.failure(error)
        if isinstance(step, NoAccess):
            event = Event("idp.authorize", step.cause, step.person.user_id, request.client.client_id, origin=origin)
            await self._audit.write(event)
        if isinstance(step, AskConsent):
            return msgspec.structs.replace(step, ticket=self._tickets.issue(request.params, session, done))
        return await self._issue(request, session, origin) if step is None else step

    async def _issue(self, request: AuthorizationRequest, session: Session, origin: Origin) -> SendBack:
        scope = scopes.render(request.scopes)
        new = NewCode(
            provider_id=request.client.id,
            user_pk=session.user.id,
            session_id=session.row.id,
            redirect_uri=request.redirect_uri,
            scope=scope,
            nonce=request.nonce,
            code_challenge=request.code_challenge,
            auth_time=session.row.created_at,
            resource=None if request.resource is None else [request.resource],
        )
        details = {"scope": scope}
        event = Event("idp.authorize", "ok", session.user.user_id, request.client.client_id, details, origin)
        code = await self._codes.issue(new, request.client.code_life, partial(self._audit.write, event))
        return request.way_back.success(code)

    async def _refused(self, target: str | None, error: OAuthError, session: Session | None, origin: Origin) -> None:
        actor = None if session is None else session.user.user_id
        await self._audit.write(Event("idp.authorize", error.cause, actor, target, {"error": error.error}, origin))
