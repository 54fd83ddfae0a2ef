"""The endpoints of the model API, and what the way of a request depends on: data.

Source: OpenAI API reference, the `create` call of each, "Compact a response", "Get input token counts"; Anthropic API
reference, "Create a message" and "Count tokens";
contract litellm 4.1.
"""

from typing import NamedTuple

from gatewright.translation.dialect import Dialect


class Endpoint(NamedTuple):
    """`path` is below our own `/v1`, and names the endpoint everywhere. `content` names the member a body must have,
    empty for none: a response may be asked for by a stored prompt alone.

    `dialect` is set for conversations, which can be translated. `usage_on_request`: a stream says what it used only
    when `stream_options.include_usage` asks for it. `binary`: a good answer is a file, relayed as it arrives. `form`:
    the body is a multipart form. `counts` is the dialect whose way of saying what was used an answer has. `forwards`
    names the request headers that reach a provider of the same dialect. `named` are the paths where it is found too,
    with the model's name in place of `{model}`.
    """

    path: str
    content: str
    dialect: Dialect | None = None
    usage_on_request: bool = False
    binary: bool = False
    form: bool = False
    counts: Dialect = Dialect.CHAT
    forwards: tuple[bytes, ...] = ()
    named: tuple[str, ...] = ()

    def usual_dialect(self) -> Dialect:
        """The one that says how usage and streams look."""
        return self.dialect or self.counts


AZURE, ENGINE = "/openai/deployments/{model}", "/engines/{model}"
"""How Azure's clients and old ones of OpenAI name a model (contract litellm 4.1)."""

ANTHROPIC_HEADERS = (b"anthropic-version", b"anthropic-beta")

CHAT = Endpoint(
    "/chat/completions",
    "messages",
    Dialect.CHAT,
    usage_on_request=True,
    named=(f"{AZURE}/chat/completions", f"{ENGINE}/chat/completions"),
)
RESPONSES = Endpoint("/responses", "", Dialect.RESPONSES, forwards=(b"openai-beta",))
COMPACT = Endpoint("/responses/compact", "", Dialect.RESPONSES, forwards=(b"openai-beta",))
INPUT_TOKENS = Endpoint("/responses/input_tokens", "", Dialect.RESPONSES, forwards=(b"openai-beta",))
MESSAGES = Endpoint("/messages", "messages", Dialect.MESSAGES, forwards=ANTHROPIC_HEADERS)
COUNT_TOKENS = Endpoint("/messages/count_tokens", "messages", counts=Dialect.MESSAGES, forwards=ANTHROPIC_HEADERS)
COMPLETIONS = Endpoint(
    "/completions", "prompt", usage_on_request=True, named=(f"{AZURE}/completions", f"{ENGINE}/completions")
)
EMBEDDINGS = Endpoint("/embeddings", "input", named=(f"{AZURE}/embeddings", f"{ENGINE}/embeddings"))
MODERATIONS = Endpoint("/moderations", "input")
IMAGES = Endpoint("/images/generations", "prompt", counts=Dialect.RESPONSES, named=(f"{AZURE}/images/generations",))
IMAGE_EDITS = Endpoint("/images/edits", "image", form=True, counts=Dialect.RESPONSES, named=(f"{AZURE}/images/edits",))
SPEECH = Endpoint("/audio/speech", "input", binary=True, named=(f"{AZURE}/audio/speech",))
TRANSCRIPTIONS = Endpoint(
    "/audio/transcriptions", "file", form=True, counts=Dialect.RESPONSES, named=(f"{AZURE}/audio/transcriptions",)
)
TRANSLATIONS = Endpoint(
    "/audio/translations", "file", form=True, counts=Dialect.RESPONSES, named=(f"{AZURE}/audio/translations",)
)
RERANK = Endpoint("/rerank", "query")

CONVERSATIONS = (CHAT, RESPONSES, MESSAGES)
BESIDE_RESPONSES = (COMPACT, INPUT_TOKENS)
"""What a provider with the responses API has besides it. It is never translated."""

OPENAI_ENDPOINTS = (*(COMPLETIONS, EMBEDDINGS, MODERATIONS, IMAGES, IMAGE_EDITS, SPEECH, TRANSCRIPTIONS, TRANSLATIONS),)
"""What OpenAI's API has besides conversations."""

ENDPOINTS = (*CONVERSATIONS, *BESIDE_RESPONSES, COUNT_TOKENS, *OPENAI_ENDPOINTS, RERANK)
