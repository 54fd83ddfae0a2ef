"""`/user/password/change` (contract litellm 1.7): the caller's own, as on the dashboard's account page."""

import msgspec
from starlette.responses import Response

from gatewright.domain.errors import Forbidden
from gatewright.idp.own_account import OwnAccount
from gatewright.web.api.wire import answer, read
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    current_password: str
    new_password: str

    def __repr__(self) -> str:
        return "NewPassword()"


class PasswordRoute:
    """A browser session only: neither a key nor a command line's token is a place to change a password from."""

    def __init__(self, account: OwnAccount) -> None:
        self._account = account

    def routes(self) -> list[Route]:
        return [Route("/user/password/change", ("POST",), self.change, Access.SESSION, Dialect.PROBLEM)]

    async def change(self, call: Call) -> Response:
        """`{user_id, message}`; every session is over then, the calling one too."""
        wanted, user_pk = await read(call, NewPassword), call.principal.user_pk
        if user_pk is None:
            raise Forbidden("This needs a user.")
        await self._account.change_password(user_pk, wanted.current_password, wanted.new_password, call.origin)
        return answer({"user_id": call.principal.user_id, "message": "The password was changed. Sign in again."})
