"""A call through a codec: an endpoint that is no conversation, at a provider with a format of its own."""

from gatewright.domain.money import Usage
from gatewright.translation import openai_chat
from gatewright.translation.halves import ProviderError, Tap
from gatewright.upstreams.body import Prepared
from gatewright.upstreams.call import Codec, Opening, Way


class Coded:
    """Request and answer are written anew; there are no streams. Raises BadInput for what cannot be carried."""

    __slots__ = ("_asked", "_codec", "body", "dropped", "headers", "target", "translated")

    def __init__(self, way: Way, asked: Prepared, _opening: Opening, codec: Codec) -> None:
        self._asked = asked
        self._codec = codec
        self.target = way.address(stream=False)
        self.translated = True
        self.dropped: list[str] = []
        self.headers = b""
        self.body = codec.request(asked.members, way.model, self.dropped if way.drop else None)

    def streams(self, _status: int, _content_type: bytes) -> bool:
        """Never."""
        return False

    def tap(self) -> Tap:
        """Not used."""
        return openai_chat.PASSING.tap(False)

    def whole(self, body: bytes) -> tuple[bytes, Usage | None]:
        """The client's answer. Raises ValueError."""
        return self._codec.answer(body, self._asked.members, self._asked.model)

    def error(self, body: bytes) -> ProviderError:
        """What the provider says went wrong."""
        return self._codec.error(body)
