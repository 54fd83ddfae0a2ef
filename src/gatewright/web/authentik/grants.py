"""What people have: sessions, consents, codes, access and refresh tokens. Everybody sees and ends their own."""

from uuid import UUID

from starlette.responses import Response

from gatewright.domain.clock import iso, iso_or_none
from gatewright.idp.directory.acting import absent
from gatewright.idp.directory.applications import ApplicationView
from gatewright.idp.directory.grants import Consented, DirectoryGrants, Issued
from gatewright.idp.directory.providers import ProviderView
from gatewright.storage.directory.grants import SessionView
from gatewright.web.authentik import answers
from gatewright.web.authentik.resource import numeric, route
from gatewright.web.authentik.shapes import application_answer, base_provider
from gatewright.web.authentik.shapes import person as user_answer
from gatewright.web.authentik.wire import (
    Asked,
    answer,
    by_of,
    changes_of,
    listed,
    mine,
    nothing,
    number_of,
    uuid_of,
    wish_of,
)
from gatewright.web.call import Call
from gatewright.web.routing import Access, Route

USER = {"user": Asked("user", read=number_of), "user__username": Asked("user__username")}
SESSION_FILTERS = {
    **USER,
    "session__last_ip": Asked("session__last_ip"),
    "session__last_user_agent": Asked("session__last_user_agent", "has"),
    # Their names in 2025.2.
    "last_ip": Asked("session__last_ip"),
    "last_user_agent": Asked("session__last_user_agent", "has"),
    "kind": Asked("kind"),
}
CONSENT_FILTERS = {**USER, "application": Asked("application", read=uuid_of)}
TOKEN_FILTERS = {"user": Asked("user", read=number_of), "provider": Asked("provider", read=number_of)}
KINDS = {
    "code": "/oauth2/authorization_codes/",
    "access": "/oauth2/access_tokens/",
    "refresh": "/oauth2/refresh_tokens/",
}
SESSION_MARK = UUID("5e551000-0000-4000-8000-000000000000")
"""A session's uuid is this with its number in the last places: Authentik's clients want a uuid."""


class Grants:
    """Lists, single objects, and their end."""

    def __init__(self, grants: DirectoryGrants, base_url: str) -> None:
        self._grants = grants
        self._base_url = base_url

    def routes(self) -> list[Route]:
        caller = Access.CALLER
        found = [
            route("/core/authenticated_sessions/", "GET", self.sessions, caller),
            route("/core/authenticated_sessions/{key}/", "GET", self.session, caller),
            route("/core/authenticated_sessions/{key}/", "DELETE", self.end_session, caller),
            route("/core/authenticated_sessions/{key}/used_by/", "GET", self.session_users, caller),
            route("/core/user_consent/", "GET", self.consents, caller),
            route("/core/user_consent/{key}/", "GET", self.consent, caller),
            route("/core/user_consent/{key}/", "DELETE", self.withdraw, caller),
            route("/core/user_consent/{key}/used_by/", "GET", self.consent_users, caller),
        ]
        for kind, path in KINDS.items():
            tokens = _Tokens(kind, self._grants)
            found += [
                route(path, "GET", tokens.page, caller),
                route(f"{path}{{key}}/", "GET", tokens.one, caller),
                route(f"{path}{{key}}/", "DELETE", tokens.revoke, caller),
                route(f"{path}{{key}}/used_by/", "GET", tokens.used_by, caller),
            ]
        return found

    async def sessions(self, call: Call) -> Response:
        wish = wish_of(call, SESSION_FILTERS, ("last_used", "expires"))
        count, found = await self._grants.sessions(wish, mine(call))
        return listed(wish, count, [session_answer(one, call) for one in found])

    async def session(self, call: Call) -> Response:
        return answer(session_answer(await self._grants.session(_number(call), mine(call)), call))

    async def end_session(self, call: Call) -> Response:
        await self._grants.end_session(_number(call), by_of(call), changes_of(call))
        return nothing()

    async def session_users(self, call: Call) -> Response:
        await self._grants.session(_number(call), mine(call))
        return answer([])

    async def consents(self, call: Call) -> Response:
        wish = wish_of(call, CONSENT_FILTERS, ("expires",))
        count, found = await self._grants.consents(wish, mine(call))
        return listed(wish, count, [self._consent(one) for one in found])

    async def consent(self, call: Call) -> Response:
        return answer(self._consent(await self._grants.consent(_consent_pk(call), mine(call))))

    async def withdraw(self, call: Call) -> Response:
        await self._grants.withdraw(_consent_pk(call), by_of(call), changes_of(call))
        return nothing()

    async def consent_users(self, call: Call) -> Response:
        await self._grants.consent(_consent_pk(call), mine(call))
        return answer([])

    def _consent(self, one: Consented) -> answers.UserConsent:
        view = ApplicationView(one.application, None, None)
        return {
            "pk": one.consent.id,
            "expires": iso_or_none(one.consent.expires_at),
            "expiring": one.consent.expires_at is not None,
            "user": user_answer(one.person),
            "application": application_answer(view, self._base_url, public=True),
            "permissions": " ".join(one.consent.scopes),
        }


class _Tokens:
    """Tokens of one kind, by their number."""

    def __init__(self, kind: str, grants: DirectoryGrants) -> None:
        self._kind = kind
        self._grants = grants

    async def page(self, call: Call) -> Response:
        wish = wish_of(call, TOKEN_FILTERS, ("expires",))
        count, found = await self._grants.tokens(self._kind, wish, mine(call))
        return listed(wish, count, [self._shown(one) for one in found])

    async def one(self, call: Call) -> Response:
        return answer(self._shown(await self._grants.token(self._kind, self._key(call), mine(call))))

    async def revoke(self, call: Call) -> Response:
        await self._grants.revoke(self._kind, self._key(call), by_of(call), changes_of(call))
        return nothing()

    async def used_by(self, call: Call) -> Response:
        await self._grants.token(self._kind, self._key(call), mine(call))
        return answer([])

    def _shown(self, one: Issued) -> answers.IssuedGrant:
        return grant_answer(one) if self._kind == "code" else issued_answer(one)

    def _key(self, call: Call) -> int:
        return numeric(call.path("key"), "Token")


def session_answer(one: SessionView, call: Call) -> answers.AuthenticatedSession:
    """A session. Where its address lies is not looked up."""
    string = one.user_agent or ""
    principal = call.principal
    unknown = {"family": "Other", "major": "", "minor": "", "patch": ""}
    return {
        "uuid": str(UUID(int=SESSION_MARK.int + one.id)),
        "current": principal.kind == "session" and principal.credential_id == one.id,
        "user_agent": {
            "device": {"brand": "", "family": "Other", "model": ""},
            "os": {**unknown, "patch_minor": ""},
            "user_agent": unknown,
            "string": string,
        },
        "geo_ip": None,
        "asn": None,
        "user": one.user_pk,
        "last_ip": one.address or "",
        "last_user_agent": string,
        "last_used": iso(one.last_used_at),
        "expires": iso(one.expires_at),
        "created": iso(one.created_at),
        "kind": one.kind,
    }


def grant_answer(one: Issued) -> answers.IssuedGrant:
    """A code or token: what it opens and for whom, nothing of itself."""
    return {
        "pk": one.number,
        "provider": base_provider(ProviderView(one.provider, ())),
        "user": user_answer(one.person),
        "is_expired": False,
        "expires": iso(one.token.expires_at),
        "scope": one.token.scope.split(),
    }


def issued_answer(one: Issued) -> answers.IssuedToken:
    """An access or refresh token."""
    return {**grant_answer(one), "id_token": "", "revoked": False}


def _number(call: Call) -> int:
    """The number in a session's uuid. Raises NotFound."""
    try:
        number = UUID(call.path("key")).int - SESSION_MARK.int
    except ValueError as error:
        raise absent("AuthenticatedSession") from error
    if not 0 < number < 2**47:
        raise absent("AuthenticatedSession")
    return number


def _consent_pk(call: Call) -> int:
    return numeric(call.path("key"), "UserConsent")
