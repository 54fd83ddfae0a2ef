"""How many tokens a conversation has, guessed: for models whose provider has no counterpart of Anthropic's counting.

The guess is the bytes of all text, in UTF-8, by four, as most tokenizers have it of English and less than they have of
code; an image counts as the largest that Anthropic takes without shrinking it, a document by its size. It is for
clients that want to know when a conversation grows too long, not for bills. The answer's header says that it is one.
"""

from collections.abc import Iterable

import msgspec

from gatewright.domain.money import Usage
from gatewright.gateway.echo import EchoAnswer
from gatewright.translation.dialect import Dialect
from gatewright.translation.halves import ProviderError, Tap
from gatewright.translation.model import Media, Part, Reasoning, Refusal, Request, Text, Tool, ToolCall, ToolResult
from gatewright.translation.registry import passing
from gatewright.upstreams.body import Prepared
from gatewright.upstreams.call import Opening
from gatewright.upstreams.target import Target

BYTES_PER_TOKEN = 4
MESSAGE_TOKENS = 4
IMAGE_TOKENS = 1_600
DOCUMENT_TOKENS = 2_000
BYTES_PER_DOCUMENT = 50_000
"""Bytes of base64 for which a document counts once: about a page."""

ESTIMATE = (b"x-gatewright-estimate", b"input_tokens")
_encode = msgspec.json.Encoder().encode


class Estimate:
    """A call that nobody is asked. Raises BadInput for a body that is none of Anthropic's."""

    __slots__ = ("body", "dropped", "headers", "translated")

    def __init__(self, asked: Prepared, opening: Opening) -> None:
        request = opening.request(asked.members, Dialect.MESSAGES)
        self.body = _encode({"input_tokens": tokens_of(request)})
        self.headers = b""
        self.dropped: tuple[str, ...] = ()
        self.translated = True

    def answer(self) -> EchoAnswer:
        """What would come from a provider."""
        found = EchoAnswer(b"application/json", iter([self.body]))
        found.headers.append(ESTIMATE)
        return found

    @property
    def target(self) -> Target:
        """There is none."""
        raise NotImplementedError

    def streams(self, _status: int, _content_type: bytes) -> bool:
        """Never."""
        return False

    def tap(self) -> Tap:
        """Not used."""
        return passing(Dialect.MESSAGES).tap(False)

    def whole(self, body: bytes) -> tuple[bytes, Usage | None]:
        """The answer, which used nothing."""
        return body, Usage()

    def error(self, _body: bytes) -> ProviderError:
        """Not used."""
        return ProviderError("")


def tokens_of(request: Request) -> int:
    """Tokens of everything that the model would read."""
    total = _parts(request.system) + sum(_tool(tool) for tool in request.tools)
    for message in request.messages:
        total += MESSAGE_TOKENS + _parts(message.parts)
    return max(total, 1)


def _parts(parts: Iterable[Part]) -> int:
    return sum(_part(part) for part in parts)


def _part(part: Part) -> int:
    match part:
        case Text() | Refusal() | Reasoning():
            return _text(part.text)
        case ToolCall():
            return _text(part.name) + _text(part.arguments)
        case ToolResult():
            return _parts(part.parts)
        case Media() if part.text is not None:
            return _text(part.text)
        case Media() if part.kind == "image":
            return IMAGE_TOKENS
        case Media():
            return DOCUMENT_TOKENS * (1 + len(part.data or "") // BYTES_PER_DOCUMENT)
    return 0


def _tool(tool: Tool) -> int:
    return _text(tool.name) + _text(tool.description or "") + len(_encode(tool.parameters or {})) // BYTES_PER_TOKEN


def _text(text: str) -> int:
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)
