"""Anthropic's counting of tokens at Google, which counts a request for its own API.

Source: Anthropic API reference, "Count tokens in a Message"; Gemini API reference, "models.countTokens"; Vertex AI API
reference, "CountTokens".
"""

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation.carriage import Carriage
from gatewright.translation.dialect import Dialect
from gatewright.translation.gemini.answer import error
from gatewright.translation.gemini.request import write
from gatewright.translation.halves import ProviderError
from gatewright.translation.registry import client_half
from gatewright.upstreams.codecs.members import Members

COUNTED = ("contents", "systemInstruction", "tools", "generationConfig")
"""What Vertex AI takes for counting."""

_encode = msgspec.json.Encoder().encode


class _Counted(msgspec.Struct, rename="camel"):
    total_tokens: int


_decode = msgspec.json.Decoder(_Counted).decode


class CountTokens:
    """What cannot be carried is left out: it has no tokens that Google would count."""

    def __init__(self, files: tuple[str, ...] = (), *, on_vertex: bool = False) -> None:
        self._files = files
        self._on_vertex = on_vertex

    def request(self, members: Members, model: str, dropped: list[str] | None) -> bytes:
        """Raises BadInput. `model` is `models/<name>`."""
        asked = client_half(Dialect.MESSAGES).read(members)
        carriage = Carriage(asked, drop=True, where="Google's API", files=self._files)
        body = write(asked, model, carriage)
        if dropped is not None:
            dropped += carriage.dropped
        if self._on_vertex:
            return _encode({name: body[name] for name in COUNTED if name in body})
        return _encode({"generateContentRequest": {"model": model, **body}})

    def answer(self, body: bytes, _members: Members, _model: str) -> tuple[bytes, Usage | None]:
        """Counting costs nothing. Raises ValueError."""
        count = _decode(body).total_tokens
        if count < 0:
            raise ValueError("a count below zero")
        return _encode({"input_tokens": count}), None

    def error(self, body: bytes) -> ProviderError:
        """What the provider says."""
        return error(body)
