"""A provider's complete answer. Source: OpenAI API reference, "The chat completion object"."""

from typing import Any

import msgspec

from gatewright.translation.halves import AnswerBroken, ProviderError
from gatewright.translation.model import Answer, Finish, Json, Part, Reasoning, Refusal, Text, ToolCall
from gatewright.translation.openai_chat import answer_pieces as pieces
from gatewright.translation.openai_chat.errors import Words, said
from gatewright.translation.openai_chat.usage import usage_object
from gatewright.translation.openai_chat.wire import signature_of


class _Choice(msgspec.Struct):
    message: pieces.Said | None = None
    finish_reason: str | None = None
    error: Words | str | None = None
    logprobs: Json | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice] | None = None
    id: str | None = None
    model: str | None = None
    usage: msgspec.Raw = pieces.NOTHING
    error: Words | str | None = None
    citations: Any = None
    search_results: Any = None


_decode = msgspec.json.Decoder(_Completion).decode


def read(body: bytes) -> Answer:
    """The answer. Raises AnswerBroken for one that says that it failed, and ValueError for what is none."""
    try:
        found = _decode(body)
    except RecursionError as error:
        raise ValueError("The answer is nested too deeply.") from error
    usage = usage_object(found.usage)
    if found.error is not None:
        raise AnswerBroken(said(found.error), usage)
    if not found.choices:
        raise ValueError("The answer has no choices.")
    choice = found.choices[0]
    if choice.error is not None:
        raise AnswerBroken(said(choice.error), usage)
    if choice.finish_reason in pieces.BROKEN_OFF:
        reason = choice.finish_reason
        raise AnswerBroken(ProviderError(f"The provider ended the answer with {reason}.", reason), usage)
    if choice.message is None:
        raise ValueError("The answer's choice has no message.")
    answer_id = found.id or ""
    parts = _parts(choice.message, answer_id, found)
    return Answer(
        parts=tuple(parts),
        finish=_finish(choice, parts),
        id=answer_id,
        model=found.model or "",
        usage=usage,
        logprobs=choice.logprobs,
    )


def _finish(choice: _Choice, parts: list[Part]) -> Finish:
    return pieces.finish_of(
        choice.finish_reason,
        called=any(isinstance(part, ToolCall) for part in parts),
        refused=any(isinstance(part, Refusal) for part in parts),
    )


def _parts(message: pieces.Said, answer_id: str, found: _Completion) -> list[Part]:
    parts: list[Part] = list(_thoughts(message))
    notes = tuple(pieces.citations(message) or pieces.sources(found.search_results, found.citations))
    for thought, text in pieces.texts(message.content):
        if thought:
            parts.append(Reasoning(text=text))
        elif text:
            parts.append(Text(text=text, citations=notes))
            notes = ()
    if message.refusal:
        parts.append(Refusal(text=message.refusal))
    parts += pieces.media(message)
    for index, call in enumerate(message.tool_calls or ()):
        parts.append(_call(call, answer_id, index))
    return parts


def _thoughts(said: pieces.Said) -> list[Reasoning]:
    """The forms with a seal, when there are any; else the text."""
    sealed = list(pieces.seals(said))
    text = said.thoughts()
    if not any(part.text for part in sealed) and text:
        if len(sealed) == 1:
            return [msgspec.structs.replace(sealed[0], text=text)]
        return [Reasoning(text=text), *sealed]
    return sealed


def _call(call: pieces.ToolCallPiece, answer_id: str, index: int) -> ToolCall:
    if call.function is None or not call.function.name:
        raise ValueError("The answer has a tool call without a function's name.")
    return ToolCall(
        id=call.id or pieces.made_up_id(answer_id, index),
        name=call.function.name,
        arguments=pieces.arguments_of(call.function),
        signature=signature_of(call.extra_content, call.provider_specific_fields),
    )
