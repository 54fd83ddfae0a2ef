"""`/api/v1/signing-keys`: the embedded provider's keys, without their private halves, and their rotation."""

import msgspec
from starlette.responses import Response

from gatewright.domain.clock import iso, iso_or_none
from gatewright.idp.signing_keys import DEFAULT, SigningKeys
from gatewright.storage.signing_keys import KeyRow
from gatewright.web.api.wire import answer, read
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route

PATH = "/api/v1/signing-keys"


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`at_once` withdraws the old keys: what they signed counts no more."""

    algorithm: str = DEFAULT
    at_once: bool = False


class KeyAnswer(msgspec.Struct, frozen=True):
    """It signs from `active_from` until `retired_at`, and is published until `expires_at`."""

    kid: str
    algorithm: str
    created_at: str
    active_from: str
    retired_at: str | None
    expires_at: str | None


class KeyList(msgspec.Struct, frozen=True):
    items: list[KeyAnswer]


class SigningKeyRoutes:
    """Viewers look, administrators rotate."""

    def __init__(self, keys: SigningKeys) -> None:
        self._keys = keys

    def routes(self) -> list[Route]:
        return [
            Route(PATH, ("GET",), self.show, Access.VIEWER, Dialect.PROBLEM),
            Route(f"{PATH}/rotate", ("POST",), self.rotate, Access.ADMIN, Dialect.PROBLEM),
        ]

    async def show(self, _: Call) -> Response:
        """The published keys, newest first."""
        return answer(KeyList([_shown(row) for row in await self._keys.published()]))

    async def rotate(self, call: Call) -> Response:
        """The keys after the rotation."""
        wanted = await read(call, Rotation)
        await self._keys.rotate(wanted.algorithm, actor=call.actor, origin=call.origin, at_once=wanted.at_once)
        return await self.show(call)


def _shown(row: KeyRow) -> KeyAnswer:
    return KeyAnswer(
        kid=row.kid,
        algorithm=row.algorithm,
        created_at=iso(row.created_at),
        active_from=iso(row.begins),
        retired_at=iso_or_none(row.retired_at),
        expires_at=iso_or_none(row.expires_at),
    )
