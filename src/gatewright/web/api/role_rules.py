"""Setting roles by hand, for both APIs."""

from gatewright.accounts.users import Users
from gatewright.domain.errors import BadInput, Conflict
from gatewright.domain.identity import Role, parse_role
from gatewright.domain.people import Origin, User


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

    def __init__(self, users: Users) -> None:
        self._users = users

    async def set(self, user_id: str, role: Role | None, *, actor: str, origin: Origin, param: str) -> User:
        """Sets the role, None for the present one, and locks it. Raises NotFound, Conflict for the last administrator.

        `param` is the dialect's name of the field.
        """
        try:
            return await self._users.set_role(user_id, role, actor=actor, origin=origin)
        except Conflict as error:
            raise Conflict(error.message, param=param, hint=error.hint, code=error.error_code) from error
