"""`/api/v1/users`: the people, and their roles set by hand."""

import msgspec
from msgspec import UNSET, UnsetType
from starlette.responses import Response

from gatewright.accounts.identities import Identities
from gatewright.accounts.users import Users
from gatewright.domain.clock import iso, iso_or_none
from gatewright.domain.errors import BadInput
from gatewright.domain.identity import Role, RoleReason
from gatewright.domain.people import User
from gatewright.storage.rows import cursor_id
from gatewright.web.api.identities import IdentityRoutes
from gatewright.web.api.role_rules import Roles, checked_role
from gatewright.web.api.wire import answer, clean, read
from gatewright.web.call import Call, listing, page_of
from gatewright.web.routing import Access, Dialect, Route


class UserAnswer(msgspec.Struct, frozen=True):
    """One user (docs/api.md). `role_reason` is raw: the dashboard finds the words."""

    user_id: str
    username: str
    email: str | None
    display_name: str | None
    role: Role
    role_label: str
    role_reason: RoleReason
    role_locked: bool
    is_active: bool
    is_break_glass: bool
    last_login_at: str | None
    created_at: str


class UserPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What may change: the role, which locks it, or the lock alone."""

    role: str | UnsetType = UNSET
    role_locked: bool | UnsetType = UNSET


class People:
    """Users as administrators and viewers see them."""

    def __init__(self, users: Users, roles: Roles, identities: Identities) -> None:
        self._identities = IdentityRoutes(identities)
        self._users = users
        self._roles = roles

    def routes(self) -> list[Route]:
        return [
            *self._identities.routes(),
            Route("/api/v1/users", ("GET",), self.show, Access.VIEWER, Dialect.PROBLEM),
            # A user_id comes from a provider and may hold a slash.
            Route("/api/v1/users/{user_id:path}", ("PATCH",), self.change, Access.ADMIN, Dialect.PROBLEM),
        ]

    async def show(self, call: Call) -> Response:
        """Users in the order in which they came."""
        limit, cursor = page_of(call)
        rows = await self._users.page(limit + 1, cursor_id(cursor))
        more = str(rows[limit - 1].id) if len(rows) > limit else None
        return answer(listing([user_answer(user) for user in rows[:limit]], more))

    async def change(self, call: Call) -> Response:
        """The row as it is now. A role that is set is locked; `role_locked: false` gives it back to the provider."""
        user_id, patch = clean(call.path("user_id"), "user_id"), await read(call, UserPatch)
        if patch.role is UNSET and patch.role_locked is UNSET:
            raise BadInput("There is nothing to change.", hint="Send role, or role_locked.", code="nothing_to_change")
        if isinstance(patch.role, str):
            if patch.role_locked is False:
                raise BadInput(
                    "A role that is set by hand is locked.",
                    param="role_locked",
                    hint="Send role alone, or role_locked: false alone to give the role back to the provider.",
                )
            role: Role | None = checked_role(patch.role, "role")
        elif patch.role_locked is False:
            return answer(user_answer(await self._users.unlock_role(user_id, actor=call.actor, origin=call.origin)))
        else:
            role = None
        user = await self._roles.set(user_id, role, actor=call.actor, origin=call.origin, param="role")
        return answer(user_answer(user))


def user_answer(user: User) -> UserAnswer:
    """The row of a user."""
    return UserAnswer(
        user_id=user.user_id,
        username=user.username,
        email=user.email,
        display_name=user.display_name,
        role=user.role,
        role_label=user.role.label,
        role_reason=user.role_reason,
        role_locked=user.role_locked,
        is_active=user.is_active,
        is_break_glass=user.is_break_glass,
        last_login_at=iso_or_none(user.last_login_at),
        created_at=iso(user.created_at),
    )
