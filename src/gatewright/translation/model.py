"""One request and one answer, in no dialect: what a conversation is, whichever API it came through.

Readers make these, writers spend them. Members that a dialect lacks stay None or empty.
"""

from enum import StrEnum
from typing import Any

import msgspec

from gatewright.domain.money import Usage

Json = dict[str, Any]


class Part(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A piece of a message. `cache` marks the end of what the provider shall cache: `5m` or `1h`, None for no mark."""

    cache: str | None = None


class Citation(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Where a text came from. `start` and `end` are characters of the answer's text; `raw` is the
    dialect's own form.
    """

    url: str | None = None
    title: str | None = None
    quote: str | None = None
    start: int | None = None
    end: int | None = None
    raw: Json | None = None


class Text(Part, frozen=True):
    text: str
    citations: tuple[Citation, ...] = ()


class Refusal(Part, frozen=True):
    """The model says that it will not answer."""

    text: str


class Media(Part, frozen=True):
    """An image, a sound or a document: base64 `data`, a `url`, or a `file_id` that only its provider can read.

    `media_type` such as `image/png`; None for a URL of unknown kind. `kind` is `image`, `audio`, `video` or `file`.
    `detail` is OpenAI's `low`, `high` or `auto`. `text` is a document given as plain text instead of data. `context`
    is what the caller says of it, and `cite` whether the answer shall quote it as a source (both Anthropic's).
    """

    kind: str
    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    file_id: str | None = None
    name: str | None = None
    detail: str | None = None
    text: str | None = None
    context: str | None = None
    cite: bool | None = None


class Reasoning(Part, frozen=True):
    """What a model thought. `signature` is the provider's seal on it, to be sent back unchanged.

    `redacted` is thought that the provider gives only encrypted (Anthropic's `redacted_thinking`, OpenAI's
    `encrypted_content`); `text` is empty then, or a summary. `id` is the item's id in the responses dialect. `origin`
    is the dialect whose provider sealed it: another one must not be sent the seal. None means that the caller cannot
    say; the seal goes to any provider then.
    """

    text: str = ""
    signature: str | None = None
    redacted: str | None = None
    id: str | None = None
    origin: str | None = None


class ToolCall(Part, frozen=True):
    """The model wants a tool. `arguments` is JSON text as the model wrote it, empty for none.

    `signature` is Gemini's thought signature of the call.
    """

    id: str
    name: str
    arguments: str = ""
    signature: str | None = None


class ToolResult(Part, frozen=True):
    """What a tool gave. `name` is the tool's, where the dialect says it."""

    call_id: str
    parts: tuple[Part, ...] = ()
    is_error: bool = False
    name: str | None = None


class Role(StrEnum):
    """Tool results are parts of USER messages; the system prompt at the beginning is not a message.

    SYSTEM is an instruction in the middle of a conversation: a dialect without those sends it as the user's.
    """

    USER = "user"
    ASSISTANT = "assistant"
    SYSTEM = "system"


# In Python 3.11 an enum's member costs a call to name, and every message names one.
USER, ASSISTANT, SYSTEM = Role.USER, Role.ASSISTANT, Role.SYSTEM


class Message(msgspec.Struct, frozen=True, gc=False):
    """One turn. `name` is OpenAI's name of a participant. Two messages of one role may follow each other."""

    role: Role
    parts: tuple[Part, ...]
    name: str | None = None


class Tool(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A function that the model may call. `parameters` is its JSON schema."""

    name: str
    description: str | None = None
    parameters: Json | None = None
    strict: bool | None = None
    cache: str | None = None


class ToolChoice(msgspec.Struct, frozen=True, gc=False):
    """`mode` is `auto`, `none`, `required` or `named`; `name` is the tool's then."""

    mode: str
    name: str | None = None


class Format(msgspec.Struct, frozen=True, gc=False):
    """What the answer's text shall be: `kind` is `json_object` or `json_schema`."""

    kind: str
    name: str | None = None
    schema: Json | None = None
    description: str | None = None
    strict: bool | None = None


class ReasoningAsk(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """How much thought is asked for: by `effort` (`none`, `minimal`, `low`, `medium`, `high`, `xhigh`, `max`), by
    `budget` in tokens (see `translation.effort`), or `adaptive` (the model decides). `summary` (`auto`, `concise`,
    `detailed`) asks to be shown it; `show` False asks for it to be left out.
    """

    effort: str | None = None
    budget: int | None = None
    adaptive: bool = False
    summary: str | None = None
    show: bool | None = None


class Alias(msgspec.Struct, frozen=True, gc=False):
    """What the caller calls a tool that is carried as a function: `kind` is `function`, `custom` (one text instead of
    arguments) or `tool_search`, `namespace` the group of tools that it is in."""

    kind: str
    name: str
    namespace: str | None = None


class Request(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """`asked_as` gives, for each member that the caller set, the caller's name of it: errors name that one. It leaves
    out what every dialect has (`messages`, `system`, `stream`, `include_usage`) and what was set to the default.

    `unknown` are the top-level members that have no place in this model, by name; `hints` those of them, and of the
    other members (`user`, say), that change nothing in the answer: leaving them out needs no permission. `because`
    says why one of them cannot be carried, where "no counterpart" would not do.

    `aliases` are the tools, by the name they are carried under, that the caller names or calls otherwise; `echo` the
    caller's own members, as raw JSON, that an answer in its dialect repeats.
    """

    messages: tuple[Message, ...]
    system: tuple[Part, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tools: bool | None = None
    format: Format | None = None
    reasoning: ReasoningAsk | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: Json | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    verbosity: str | None = None
    service_tier: str | None = None
    user: str | None = None
    stream: bool = False
    include_usage: bool = False
    asked_as: dict[str, str] = {}
    unknown: Json = {}
    hints: frozenset[str] = frozenset()
    because: dict[str, str] = {}
    aliases: dict[str, Alias] = {}
    echo: dict[str, msgspec.Raw] = {}


class Finish(StrEnum):
    """Why the model stopped."""

    STOP = "stop"
    STOP_SEQUENCE = "stop_sequence"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    REFUSAL = "refusal"
    PAUSE = "pause"
    CONTEXT_FULL = "context_full"


class Answer(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """A complete answer. `logprobs` is in OpenAI's form (`{"content": [...]}`), the only one that has them."""

    parts: tuple[Part, ...]
    finish: Finish
    id: str = ""
    model: str = ""
    stop_sequence: str | None = None
    usage: Usage | None = None
    logprobs: Json | None = None


class Heading(msgspec.Struct, frozen=True, gc=False):
    """What an answer's writer must know besides the answer.

    `id` is the request's id, a base for ids of answers; `model` the public name that the client asked for; `created`
    seconds since the epoch; `request` what was asked, which the responses dialect repeats.
    """

    id: str
    model: str
    created: int
    request: Request
