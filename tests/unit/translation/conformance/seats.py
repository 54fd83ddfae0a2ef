"""Who takes part. A dialect joins with a module of its own beside this one and a line in each of its lists."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from tests.unit.translation.conformance import (
    anthropic_messages,
    bedrock_converse,
    gemini,
    openai_chat,
    openai_responses,
)

from gatewright.translation.carriage import Carriage
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import Json, Request


class ClientSeat(NamedTuple):
    """A dialect that clients speak. The judges raise for what the dialect's own SDK does not take.

    `blind` names members of `cases.meaning` and `cases.asked` that the dialect cannot say.
    """

    dialect: Dialect
    judge_answer: Callable[[bytes], None]
    judge_stream: Callable[[bytes], None]
    blind: Sequence[str] = ()


class ProviderSeat(NamedTuple):
    """A dialect that providers speak, with answers as they come from one.

    `answers` and `streams` are by the names of `cases.ANSWERS`; `error` is an error answer with the message
    `No such model.`, `broken` a stream with the error `Overloaded.` in its middle. `judge_request` raises for a body
    that the dialect's own SDK would not send. `provider` is the provider's name in the carriage.
    """

    dialect: Dialect
    judge_request: Callable[[Json], None]
    answers: Mapping[str, bytes]
    streams: Mapping[str, bytes]
    error: bytes
    broken: bytes
    model: str
    provider: str = ""
    blind: Sequence[str] = ()

    def carriage(self, request: Request) -> Carriage:
        return Carriage(request, drop=False, where="the provider's API", provider=self.provider)


CLIENTS = (
    ClientSeat(Dialect.CHAT, openai_chat.judge_answer, openai_chat.judge_stream),
    ClientSeat(
        Dialect.RESPONSES, openai_responses.judge_answer, openai_responses.judge_stream, blind=("signature", "thoughts")
    ),
    # Seals of others are packed; a budget of tokens comes back where a word was said, and a schema without its name.
    ClientSeat(
        Dialect.MESSAGES,
        anthropic_messages.judge_answer,
        anthropic_messages.judge_stream,
        blind=("refusal", "signature", "reasoning", "format"),
    ),
)

PROVIDERS = (
    ProviderSeat(
        Dialect.CHAT,
        openai_chat.judge_request,
        openai_chat.ANSWERS,
        openai_chat.STREAMS,
        openai_chat.ERROR,
        openai_chat.BROKEN,
        model="some-model",
        provider="litellm_proxy",
    ),
    ProviderSeat(
        Dialect.RESPONSES,
        openai_responses.judge_request,
        openai_responses.ANSWERS,
        openai_responses.STREAMS,
        openai_responses.ERROR,
        openai_responses.BROKEN,
        model="some-model",
        provider="openai",
        blind=("signature",),
    ),
    ProviderSeat(
        Dialect.MESSAGES,
        anthropic_messages.judge_request,
        anthropic_messages.ANSWERS,
        anthropic_messages.STREAMS,
        anthropic_messages.ERROR,
        anthropic_messages.BROKEN,
        model="claude-sonnet-4-5",
        provider="anthropic",
    ),
    ProviderSeat(
        Dialect.GEMINI,
        gemini.judge_request,
        gemini.ANSWERS,
        gemini.STREAMS,
        gemini.ERROR,
        gemini.BROKEN,
        model=gemini.MODEL,
        provider="gemini",
    ),
    # The id of an answer is in a header there, and the model's name in the request's path.
    ProviderSeat(
        Dialect.CONVERSE,
        bedrock_converse.judge_request,
        bedrock_converse.ANSWERS,
        bedrock_converse.STREAMS,
        bedrock_converse.ERROR,
        bedrock_converse.BROKEN,
        model=bedrock_converse.MODEL,
        provider="bedrock",
        blind=("id", "model"),
    ),
)
