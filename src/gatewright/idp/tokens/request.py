"""What a grant is asked, and what it answers: the same shape for every grant."""

from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from gatewright.domain.clock import Millis
from gatewright.domain.people import Origin
from gatewright.grants.tokens import Issued, NewRefresh, NewTokens
from gatewright.idp.clients import Client
from gatewright.oidc import scopes
from gatewright.oidc.errors import InvalidRequest, InvalidScope, InvalidTarget
from gatewright.oidc.parameters import Parameters

CODE = "authorization_code"
REFRESH = "refresh_token"
CLIENT_CREDENTIALS = "client_credentials"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
SUPPORTED = (CODE, REFRESH, CLIENT_CREDENTIALS, DEVICE)


class TokenRequest(msgspec.Struct, frozen=True):
    """A request of an authenticated client. `configured` are the scopes that it may ask for at all."""

    client: Client
    form: Parameters
    configured: tuple[str, ...]
    origin: Origin

    def required(self, name: str) -> str:
        """A parameter that the grant needs. Raises InvalidRequest."""
        value = self.form.value(name)
        if value is None:
            raise InvalidRequest(f"The parameter {name} is missing.", cause=f"{name}_missing")
        return value

    def scope(self, granted: tuple[str, ...] | None, *, asked: bool) -> tuple[str, ...]:
        """The scope of the access token, for every grant: never wider than what was granted and is configured now.

        `granted` is None where nobody granted anything before; `asked` says whether the request's own scope counts.
        Raises InvalidScope.
        """
        wanted = scopes.parse(self.form.get("scope", "")) if asked else ()
        if granted is not None and not set(wanted) <= set(granted):
            raise InvalidScope("The scope is wider than what was granted.", cause="scope_wider")
        # Nothing wanted means all that was granted, or all that is configured; an empty grant must not mean the latter.
        found = () if granted == () else scopes.clamp(wanted or granted or (), self.configured)
        if not found:
            raise InvalidScope("None of the requested scopes is configured for this client.", cause="scope_unknown")
        return found

    def resource(self, granted: tuple[str, ...] | None) -> str | None:
        """Where the access token may be used (RFC 8707 2.2). Raises InvalidTarget for what was not granted."""
        wanted = self.form.value("resource")
        if wanted is None:
            return granted[0] if granted else None
        if wanted not in (granted or ()):
            raise InvalidTarget(cause="resource_not_granted")
        return wanted


class Grounds(msgspec.Struct, frozen=True):
    """Why tokens are issued: who, in which session, when and how they signed in, and how the grant is used up.

    `auth_time` is None where nobody signed in. `redeem` may be called once and raises InvalidGrant when it is too late.
    """

    family: str
    user_pk: int
    scope: tuple[str, ...]
    redeem: Callable[[NewTokens], Awaitable[Issued]]
    session_id: int | None = None
    sid: str | None = None
    amr: tuple[str, ...] = ()
    auth_time: Millis | None = None
    nonce: str | None = None
    resource: str | None = None
    refresh: NewRefresh | None = None


class Grant(Protocol):
    """One grant type."""

    async def examine(self, request: TokenRequest) -> Grounds:
        """What the request has a right to. Uses nothing up unless the request is an attack. Raises OAuthError."""


def acts_by_password(form: Parameters) -> bool:
    """Whether a service account's own app password stands for the client's secret (contract 1.4, way b)."""
    asks = form.value("grant_type") == CLIENT_CREDENTIALS
    return asks and (form.value("username") is not None or form.value("password") is not None)


def begins_refresh(request: TokenRequest, scope: tuple[str, ...]) -> bool:
    """Whether a refresh token comes along: only with `offline_access` granted (OpenID Connect Core 11)."""
    return scopes.OFFLINE_ACCESS in scope and REFRESH in request.client.grant_types
