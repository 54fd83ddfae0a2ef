"""The endpoints of the model API, and what the way of a request depends on: data.

Source: OpenAI API reference, the `create` call of each; Anthropic API reference, "Create a message" and "Count tokens";
contract litellm 4.1.
"""

from typing import NamedTuple

from gatewright.translation.dialect import Dialect


class Endpoint(NamedTuple):
    """`path` is below our own `/v1`, and names the endpoint everywhere. `content` names the member a body must have.

    `dialect` is set for conversations, which can be translated. `usage_on_request`: a stream says what it used only
    when `stream_options.include_usage` asks for it. `binary`: a good answer is a file, relayed as it arrives. `form`:
    the body is a multipart form. `forwards` names the request headers that reach a provider of the same dialect.
    """

    path: str
    content: str
    dialect: Dialect | None = None
    usage_on_request: bool = False
    binary: bool = False
    form: bool = False
    forwards: tuple[bytes, ...] = ()


CHAT = Endpoint("/chat/completions", "messages", Dialect.CHAT, usage_on_request=True)
RESPONSES = Endpoint("/responses", "input", Dialect.RESPONSES, forwards=(b"openai-beta",))
MESSAGES = Endpoint("/messages", "messages", Dialect.MESSAGES, forwards=(b"anthropic-version", b"anthropic-beta"))
COUNT_TOKENS = Endpoint("/messages/count_tokens", "messages", forwards=(b"anthropic-version", b"anthropic-beta"))
COMPLETIONS = Endpoint("/completions", "prompt", usage_on_request=True)
EMBEDDINGS = Endpoint("/embeddings", "input")
MODERATIONS = Endpoint("/moderations", "input")
IMAGES = Endpoint("/images/generations", "prompt")
SPEECH = Endpoint("/audio/speech", "input", binary=True)

ENDPOINTS = (CHAT, RESPONSES, MESSAGES, COUNT_TOKENS, COMPLETIONS, EMBEDDINGS, MODERATIONS, IMAGES, SPEECH)
