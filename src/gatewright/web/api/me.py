"""`/api/v1/me`: who is calling, and giving up the credential that calls."""

import msgspec
from starlette.responses import Response

from gatewright.accounts.keys import JWT, Keys
from gatewright.accounts.sessions import Sessions
from gatewright.accounts.users import Users
from gatewright.domain.clock import iso_or_none
from gatewright.domain.errors import Forbidden
from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.keys import Principal
from gatewright.domain.people import User
from gatewright.web.api.key_rules import calling_key, owner_of
from gatewright.web.api.wire import answer, nothing
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route


class MeAnswer(msgspec.Struct, frozen=True):
    """The caller (docs/api.md). `models` empty means every model; the names are null for the master key."""

    user_id: str
    username: str | None
    email: str | None
    display_name: str | None
    role: Role
    role_label: str
    role_reason: RoleReason
    role_locked: bool
    kind: str
    expires_at: str | None
    models: list[str]


class Me:
    """The caller's own record."""

    def __init__(self, users: Users, keys: Keys, sessions: Sessions) -> None:
        self._users = users
        self._keys = keys
        self._sessions = sessions

    def routes(self) -> list[Route]:
        return [
            Route("/api/v1/me", ("GET",), self.show, Access.CALLER, Dialect.PROBLEM),
            Route("/api/v1/me/logout", ("POST",), self.logout, Access.CALLER, Dialect.PROBLEM),
        ]

    async def show(self, call: Call) -> Response:
        principal = call.principal
        user = await owner_of(principal, self._users)
        return answer(_nobody(principal) if user is None else _somebody(principal, user))

    async def logout(self, call: Call) -> Response:
        """204: exactly the credential that calls is revoked, on every worker. Raises Forbidden for the master key."""
        principal = call.principal
        if principal.kind == "master":
            raise Forbidden(
                "The master key cannot be signed out.",
                hint="To retire it, set another LITELLM_MASTER_KEY and start Gatewright again.",
                code="master_key",
            )
        if principal.kind == JWT:
            raise Forbidden(
                "A token cannot be signed out.", hint="It ends when its issuer said that it ends.", code="jwt"
            )
        if principal.kind == "session":
            await self._sessions.end_by(principal.credential_id, call.actor, call.origin)
        else:
            await self._keys.revoke(await calling_key(call, self._keys), actor=call.actor, origin=call.origin)
        return nothing()


def _nobody(principal: Principal) -> MeAnswer:
    """The master key, or a key that belongs to no user."""
    return MeAnswer(
        user_id=principal.user_id,
        username=None,
        email=None,
        display_name=None,
        role=principal.role,
        role_label=principal.role.label,
        role_reason=RoleReason(rule="master_key" if principal.kind == "master" else "no_owner"),
        role_locked=False,
        kind=principal.kind,
        expires_at=iso_or_none(principal.expires_at),
        models=sorted(principal.models),
    )


def _somebody(principal: Principal, user: User) -> MeAnswer:
    return MeAnswer(
        user_id=user.user_id,
        username=user.username,
        email=user.email,
        display_name=user.display_name,
        role=user.role,
        role_label=user.role.label,
        role_reason=user.role_reason,
        role_locked=user.role_locked,
        kind=principal.kind,
        expires_at=iso_or_none(principal.expires_at),
        models=sorted(principal.models),
    )
