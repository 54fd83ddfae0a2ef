"""`/api/v1/idp/providers/{id}/rotate-secret`: a client's new secret, while the old one still works for a while."""

import msgspec
from starlette.responses import Response

from gatewright.domain.clock import Millis, iso_or_none
from gatewright.domain.errors import NotFound
from gatewright.idp.directory.acting import By
from gatewright.idp.directory.providers import DirectoryProviders
from gatewright.settings import values
from gatewright.web.api.wire import answer, bad_value, read
from gatewright.web.call import Call
from gatewright.web.routing import Access, Dialect, Route

LONGEST_ID = 18


class Rotation(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`overlap` (`24h`) is how long the present secret counts beside the new one; None ends it at once."""

    overlap: str | None = None


class RotatedAnswer(msgspec.Struct, frozen=True):
    """The only answer that holds the secret. `previous_secret_expires_at` is null where the old one is over."""

    client_id: str
    client_secret: str
    previous_secret_expires_at: str | None


class IdpProviders:
    """Administrators rotate."""

    def __init__(self, providers: DirectoryProviders) -> None:
        self._providers = providers

    def routes(self) -> list[Route]:
        path = "/api/v1/idp/providers/{id}/rotate-secret"
        return [Route(path, ("POST",), self.rotate, Access.ADMIN, Dialect.PROBLEM)]

    async def rotate(self, call: Call) -> Response:
        """The new secret. Raises NotFound, BadInput."""
        wanted = await read(call, Rotation)
        key = call.path("id")
        if not key.isascii() or not key.isdecimal() or len(key) > LONGEST_ID:
            raise NotFound("There is no such provider.", param="id")
        by = By(call.actor, call.origin)
        made = await self._providers.rotate_secret(int(key), _overlap(wanted.overlap), by)
        shown = RotatedAnswer(made.client_id, made.secret, iso_or_none(made.previous_until))
        return answer(shown)


def _overlap(text: str | None) -> Millis:
    if text is None:
        return 0
    try:
        return values.duration(text)
    except ValueError as error:
        raise bad_value(error, "overlap") from error
