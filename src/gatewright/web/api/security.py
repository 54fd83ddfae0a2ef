"""`/api/v1/me/security`: the caller's own password, second factors and recovery codes."""

from typing import Any

import msgspec
from starlette.responses import Response

from gatewright.idp.own_account import OwnAccount
from gatewright.web.api.factors import FactorAnswer, factor_answer
from gatewright.web.api.wire import answer, nothing, read
from gatewright.web.call import Call
from gatewright.web.qr import qr_image
from gatewright.web.routing import Access, Dialect, Route

BASE = "/api/v1/me/security"


class SecurityAnswer(msgspec.Struct, frozen=True):
    """`local`: the caller has a password here. `required`: a group of theirs asks for a second factor."""

    local: bool
    required: bool
    recovery_codes_left: int
    factors: list[FactorAnswer]


class NewPassword(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    current_password: str
    new_password: str


class Confirmed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An act that asks for the password once more."""

    password: str


class MaybeConfirmed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """For somebody whose provider is elsewhere there is no password to ask for."""

    password: str = ""


class NewApp(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    password: str
    name: str = ""


class Code(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    code: str


class NewPasskey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`credential` is the browser's, with its bytes in base64url."""

    handle: str
    credential: dict[str, Any]
    name: str = ""


class MySecurity:
    """Parses, asks the use case, renders. What is shown once is shown in the answer that made it."""

    def __init__(self, account: OwnAccount) -> None:
        self._account = account

    def routes(self) -> list[Route]:
        rows = [
            ("", "GET", self.show),
            ("/password", "POST", self.password),
            ("/apps", "POST", self.begin_app),
            ("/apps/{id}/confirm", "POST", self.confirm_app),
            ("/passkeys/question", "POST", self.begin_passkey),
            ("/passkeys", "POST", self.add_passkey),
            ("/factors/{id}/remove", "POST", self.remove),
            ("/recovery-codes", "POST", self.recovery_codes),
            ("/not-me", "POST", self.not_me),
        ]
        # A browser session only: a key or a command line's token is no place to change a password from.
        return [Route(f"{BASE}{path}", (method,), act, Access.SESSION, Dialect.PROBLEM) for path, method, act in rows]

    async def show(self, call: Call) -> Response:
        found = await self._account.security(_own(call))
        return answer(
            SecurityAnswer(
                found.is_local, found.is_required, found.codes_left, [factor_answer(one) for one in found.factors]
            )
        )

    async def password(self, call: Call) -> Response:
        """204, and every session is over, the calling one too."""
        body = await read(call, NewPassword)
        await self._account.change_password(_own(call), body.current_password, body.new_password, call.origin)
        return nothing()

    async def not_me(self, call: Call) -> Response:
        """Every session is over, the calling one too; `new_password` is where to set one, null for other providers'."""
        body = await read(call, MaybeConfirmed)
        path = await self._account.not_me(_own(call), body.password, call.origin)
        return answer({"new_password": path})

    async def begin_app(self, call: Call) -> Response:
        body = await read(call, NewApp)
        begun = await self._account.begin_app(_own(call), body.password, body.name, call.origin)
        return answer({**msgspec.structs.asdict(begun), "image": qr_image(begun.address)})

    async def confirm_app(self, call: Call) -> Response:
        body = await read(call, Code)
        codes = await self._account.confirm_app(_own(call), call.path("id"), body.code, call.origin)
        return answer({"recovery_codes": codes})

    async def begin_passkey(self, call: Call) -> Response:
        body = await read(call, Confirmed)
        handle, options = await self._account.begin_passkey(_own(call), body.password, call.origin)
        return answer({"handle": handle, "options": options})

    async def add_passkey(self, call: Call) -> Response:
        body = await read(call, NewPasskey)
        credential = msgspec.json.encode(body.credential).decode()
        codes = await self._account.add_passkey(_own(call), body.handle, body.name, credential, call.origin)
        return answer({"recovery_codes": codes})

    async def remove(self, call: Call) -> Response:
        body = await read(call, Confirmed)
        await self._account.remove_factor(_own(call), call.path("id"), body.password, call.origin)
        return nothing()

    async def recovery_codes(self, call: Call) -> Response:
        body = await read(call, Confirmed)
        codes = await self._account.new_recovery_codes(_own(call), body.password, call.origin)
        return answer({"recovery_codes": codes})


def _own(call: Call) -> int:
    # A session always has a user; 0 is no user's id.
    return call.principal.user_pk or 0
