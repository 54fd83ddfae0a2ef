"""A call whose bytes pass through: the provider speaks the client's dialect."""

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation.halves import ProviderError, Tap
from gatewright.translation.registry import passing
from gatewright.upstreams.body import Prepared, rewrite
from gatewright.upstreams.call import Opening, Way
from gatewright.upstreams.choosing import check_members
from gatewright.upstreams.units import with_spoken, with_units

EVENTS = b"text/event-stream"


class _Words(msgspec.Struct):
    message: str | None = None
    type: str | None = None
    code: str | int | None = None
    param: str | None = None


class _ErrorBody(msgspec.Struct):
    error: _Words | str | None = None
    message: str | None = None
    detail: str | None = None


_decode_error = msgspec.json.Decoder(_ErrorBody).decode


class PassThrough:
    """The caller's bytes with the model's name replaced, and the provider's bytes as they are. Raises BadInput."""

    __slots__ = ("_asked", "_endpoint", "_passing", "body", "dropped", "headers", "target", "translated")

    def __init__(self, way: Way, asked: Prepared, opening: Opening) -> None:
        if not asked.plain:
            check_members(asked.members, way.choosers)
        self._asked = asked
        self._endpoint = opening.endpoint
        self._passing = passing(opening.endpoint.usual_dialect())
        self.target = way.address(stream=asked.stream)
        self.translated = False
        self.headers = way.header_lines(opening.forwarded)
        sent = asked if self._passing.without_foreign is None else self._without_foreign(asked)
        self.dropped: tuple[str, ...] = () if sent is asked else ("reasoning",)
        self.body = rewrite(
            sent,
            way.model,
            add_usage=opening.endpoint.usage_on_request,
            defaults=way.defaults,
            extra=way.extra_for(opening.forwarded),
            without=way.without,
        )

    def _without_foreign(self, asked: Prepared) -> Prepared:
        clean = self._passing.without_foreign
        members = None if clean is None else clean(asked.members)
        return asked if members is None else msgspec.structs.replace(asked, members=members, body=b"")

    def streams(self, status: int, content_type: bytes) -> bool:
        """Events, and files."""
        if status != 200:
            return False
        return self._endpoint.binary or (self._asked.stream and content_type.startswith(EVENTS))

    def tap(self) -> Tap:
        """Finds the usage, and hides the chunk of it that nobody asked for."""
        tap = self._passing.tap(self._endpoint.usage_on_request and not self._asked.include_usage)
        return with_spoken(self._endpoint, tap, self._asked.members.get("input"))

    def whole(self, body: bytes) -> tuple[bytes, Usage | None]:
        """The body as it is."""
        return body, with_units(self._endpoint, body, self._passing.usage(body))

    def error(self, body: bytes) -> ProviderError:
        """The provider's own words, where they can be found."""
        return read_error(body)


def read_error(body: bytes) -> ProviderError:
    """What an error answer in the shape of OpenAI, Anthropic or most others says; no words when it is none of them."""
    try:
        found = _decode_error(body)
    except (ValueError, RecursionError):
        return ProviderError("")
    words = found.error
    if isinstance(words, _Words):
        kind = words.code if words.code is not None else words.type
        return ProviderError(words.message or "", None if kind is None else str(kind), words.param)
    return ProviderError(words or found.message or found.detail or "")
