"""A provider's complete answer. Source: OpenAI API reference, "The chat completion object"."""

from typing import Any

import msgspec

from gatewright.translation.model import Answer, Finish, Json, Part, Reasoning, Refusal, Text, ToolCall
from gatewright.translation.openai_chat import answer_pieces as pieces
from gatewright.translation.openai_chat.usage import usage_object
from gatewright.translation.openai_chat.wire import signature_of


class _Choice(msgspec.Struct):
    message: pieces.Said
    finish_reason: str | None = None
    logprobs: Json | None = None


class _Completion(msgspec.Struct):
    choices: list[_Choice]
    id: str | None = None
    model: str | None = None
    usage: msgspec.Raw = pieces.NOTHING
    citations: Any = None
    search_results: Any = None


_decode = msgspec.json.Decoder(_Completion).decode


def read(body: bytes) -> Answer:
    """The answer. Raises ValueError for what is no chat completion, and for one that says that it failed."""
    try:
        found = _decode(body)
    except RecursionError as error:
        raise ValueError("The answer is nested too deeply.") from error
    if not found.choices:
        raise ValueError("The answer has no choices.")
    choice = found.choices[0]
    if choice.finish_reason in pieces.BROKEN_OFF:
        raise ValueError(f"The answer ended with {choice.finish_reason}.")
    answer_id = found.id or ""
    parts = _parts(choice.message, answer_id, found)
    return Answer(
        parts=tuple(parts),
        finish=_finish(choice, parts),
        id=answer_id,
        model=found.model or "",
        usage=usage_object(found.usage),
        logprobs=choice.logprobs,
    )


def _finish(choice: _Choice, parts: list[Part]) -> Finish:
    return pieces.finish_of(
        choice.finish_reason,
        called=any(isinstance(part, ToolCall) for part in parts),
        refused=any(isinstance(part, Refusal) for part in parts),
    )


def _parts(said: pieces.Said, answer_id: str, found: _Completion) -> list[Part]:
    parts: list[Part] = list(_thoughts(said))
    notes = tuple(pieces.citations(said) or pieces.sources(found.search_results, found.citations))
    for thought, text in pieces.texts(said.content):
        if thought:
            parts.append(Reasoning(text=text))
        elif text:
            parts.append(Text(text=text, citations=notes))
            notes = ()
    if said.refusal:
        parts.append(Refusal(text=said.refusal))
    parts += pieces.media(said)
    for index, call in enumerate(said.tool_calls or ()):
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
