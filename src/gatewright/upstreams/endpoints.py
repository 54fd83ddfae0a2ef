"""The endpoints of OpenAI's API that are served, and what the way of a request depends on: data.

Source: OpenAI API reference, the `create` call of each.
"""

from typing import NamedTuple


class Endpoint(NamedTuple):
    """`path` is below a provider's `api_base`, and below our own `/v1`. `content` names the member a body must have.

    `usage_on_request`: a stream says what it used only when `stream_options.include_usage` asks for it. `binary`: a
    good answer is a file, relayed as it arrives.
    """

    path: str
    content: str
    usage_on_request: bool = False
    binary: bool = False


CHAT = Endpoint("/chat/completions", "messages", usage_on_request=True)
COMPLETIONS = Endpoint("/completions", "prompt", usage_on_request=True)
EMBEDDINGS = Endpoint("/embeddings", "input")
MODERATIONS = Endpoint("/moderations", "input")
IMAGES = Endpoint("/images/generations", "prompt")
SPEECH = Endpoint("/audio/speech", "input", binary=True)

ENDPOINTS = (CHAT, COMPLETIONS, EMBEDDINGS, MODERATIONS, IMAGES, SPEECH)
