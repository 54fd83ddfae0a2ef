"""Setting roles by hand, for both APIs."""

from gatewright.accounts.users import Users
from gatewright.domain.errors import BadInput, Conflict
from gatewright.domain.identity import Role, parse_role
from gatewright.domain.people import Origin, User
from gatewright.storage import users as user_rows
from gatewright.storage.database import Database


def checked_role(text: str, param: str) -> Role:
    """The role that the text names, through the aliases too. Raises BadInput listing the roles."""
    role = parse_role(text)
    if role is None:
        raise BadInput(
            f"{text[:60]!r} is not a role.",
            param=param,
            hint=f"Use one of {', '.join(known.value for known in Role)}.",
            code="role_unknown",
        )
    return role


class Roles:
    """Changes roles. There is always an active administrator left, whoever asks."""

    def __init__(self, users: Users, db: Database) -> None:
        self._users = users
        self._db = db

    async def set(self, user_id: str, role: Role, *, actor: str, origin: Origin, param: str) -> User:
        """Sets the role and locks it. Raises NotFound for the user, Conflict when nobody else is an administrator."""
        user = await self._users.by_user_id(user_id)
        if user.role is Role.PROXY_ADMIN and role is not Role.PROXY_ADMIN and user.is_active:
            async with self._db.read() as tx:
                others = await user_rows.other_admin_exists(tx, user.id)
            if not others:
                raise Conflict(
                    f"{user_id} is the last active administrator.",
                    param=param,
                    hint="Make somebody else an administrator first.",
                    code="last_admin",
                )
        return await self._users.set_role(user_id, role, actor=actor, origin=origin)
