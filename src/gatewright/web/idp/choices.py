"""The pages that ask a signed-in person: with which account to go on, and whether to go on at all."""

from urllib.parse import urlsplit

from starlette.responses import Response

from gatewright.accounts.sessions import Session
from gatewright.domain.errors import BadInput
from gatewright.idp.authorization.interaction import Answer
from gatewright.idp.authorization.steps import AskAccount, AskConsent
from gatewright.idp.provider import Provider
from gatewright.oidc import scopes
from gatewright.oidc.parameters import Parameters
from gatewright.web.call import Call
from gatewright.web.cookies import IDP_SESSION, Cookies
from gatewright.web.idp.answers import (
    ACCOUNT,
    CONSENT,
    SIGN_IN,
    Answers,
    form_origins,
    page_address,
    pending,
    pending_parameters,
)
from gatewright.web.render import Pages


class Choices:
    """Parses, asks the provider, renders. Every POST is a form of ours, from this browser."""

    def __init__(self, provider: Provider, pages: Pages, cookies: Cookies, answers: Answers) -> None:
        self._provider = provider
        self._pages = pages
        self._cookies = cookies
        self._answers = answers

    async def show_account(self, call: Call) -> Response:
        """prompt=select_account with somebody signed in."""
        params = required(call.query("next"))
        step = await self._provider.authorization.begin(params, await self._session(call), call.origin)
        if not isinstance(step, AskAccount):
            return self._answers.respond(call, step)
        return self._pages.page(
            call,
            "idp/account.html",
            form_origins=form_origins(step.request),
            application=self._answers.application(step.request),
            person=step.person.email or step.person.username,
            action=ACCOUNT,
            next=pending(params),
            another=page_address(SIGN_IN, step.request),
        )

    async def choose_account(self, call: Call) -> Response:
        """The button "continue as"."""
        fields = await self._pages.form(call)
        params = required(fields.get("next"))
        session = await self._session(call)
        return self._answers.respond(call, await self._provider.authorization.chosen(params, session, call.origin))

    async def show_consent(self, call: Call) -> Response:
        """What the client asks for, with `ticket` of what was done for the request already."""
        params = required(call.query("next"))
        ticket = call.query("ticket")
        step = await self._provider.authorization.begin(params, await self._session(call), call.origin, ticket)
        if not isinstance(step, AskConsent):
            return self._answers.respond(call, step)
        request = step.request
        texts = self._provider.authorization.scope_texts(request.client)
        named = [(name in step.known, texts.get(name, name)) for name in request.scopes]
        return self._pages.page(
            call,
            "idp/consent.html",
            form_origins=form_origins(request),
            application=self._answers.application(request),
            host=urlsplit(request.redirect_uri).netloc or urlsplit(request.redirect_uri).scheme,
            person=step.person,
            new=[text for is_known, text in named if not is_known],
            known=[text for is_known, text in named if is_known],
            action=CONSENT,
            next=pending(params),
            ticket=step.ticket,
            scope=scopes.render(request.scopes),
            another=page_address(SIGN_IN, request),
        )

    async def decide(self, call: Call) -> Response:
        """The answer: `decision` is `allow`, or anything else for no, which sends the client `access_denied`."""
        fields = await self._pages.form(call)
        params = required(fields.get("next"))
        session = await self._session(call)
        if fields.get("decision") != "allow":
            return self._answers.send(call, await self._provider.authorization.declined(params, session, call.origin))
        answer = Answer(fields.get("person", ""), fields.get("scope", ""), fields.get("ticket", ""))
        step = await self._provider.authorization.consented(params, session, answer, call.origin)
        return self._answers.respond(call, step)

    async def _session(self, call: Call) -> Session | None:
        return await self._provider.login.session(self._cookies.read(call.request, IDP_SESSION))


def required(text: str | None) -> Parameters:
    """The request that the page belongs to. Raises BadInput for a page that was opened by itself."""
    params = pending_parameters(text or "")
    if params is None:
        raise BadInput(
            "This page belongs to a sign-in that an application starts.",
            hint="Open the application and sign in there.",
            code="request_missing",
        )
    return params
