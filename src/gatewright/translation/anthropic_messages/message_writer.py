"""Messages and system prompt of a request for Anthropic. Source: Anthropic API reference, "Create a message"."""

import re
from base64 import b64decode
from collections.abc import Callable, Iterable
from typing import Any, cast

import msgspec

from gatewright.translation.anthropic_messages.block_reader import CITATIONS
from gatewright.translation.carriage import Carriage
from gatewright.translation.claude import Traits
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import (
    SYSTEM,
    Json,
    Media,
    Message,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
    ToolResult,
)

IMAGES = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
PDF = "application/pdf"
_OURS = Dialect.MESSAGES.value
_OUTSIDE_ID = re.compile(r"[^a-zA-Z0-9_-]")
_arguments = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_MERE_TEXT = 2
"""Members of a block that is nothing but a text: its type and the text."""
_Content = str | list[Json]


def write_system(parts: tuple[Part, ...], carriage: Carriage) -> _Content | None:
    """The `system` member, None when it would be empty. Raises CannotCarry."""
    content = _content(parts, carriage)
    if isinstance(content, list) and any(block["type"] != "text" for block in content):
        raise carriage.must("messages", "Anthropic's system prompt holds text only")
    return content or None


def write_messages(messages: Iterable[Message], traits: Traits, carriage: Carriage) -> list[Json]:
    """The turns, one for what one side says in a row. Raises CannotCarry, also when there would be none."""
    turns: list[Json] = []
    last = None
    instructed = False
    for message in messages:
        if message.name is not None:
            carriage.let_go("messages.name")
        content = _content(message.parts, carriage)
        if not content:
            continue
        role = message.role
        if role is last:
            _extend(turns[-1], content)
        else:
            turns.append({"role": role._value_, "content": content})
            last = role
            instructed = instructed or role is SYSTEM
    if not turns:
        raise carriage.must("messages", "Anthropic's API needs a message of a user")
    return _finished(_placed(turns, traits) if instructed else turns)


def _placed(turns: list[Json], traits: Traits) -> list[Json]:
    """Instructions between the messages stay what they are where the model takes them: behind what the user says and
    before what the assistant says. Elsewhere they are the user's."""
    found: list[Json] = []
    for index, turn in enumerate(turns):
        after_user = bool(found) and found[-1]["role"] == "user"
        last = index + 1 == len(turns) or turns[index + 1]["role"] == "assistant"
        if turn["role"] == "system" and not (traits.instructed and after_user and last):
            turn["role"] = "user"
        if found and found[-1]["role"] == turn["role"]:
            _extend(found[-1], turn["content"])
        else:
            found.append(turn)
    return found


def _extend(turn: Json, content: _Content) -> None:
    """What the same side says after it."""
    turn["content"] = _listed(turn["content"])
    turn["content"].extend(_listed(content))


def _listed(content: _Content) -> list[Json]:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _finished(turns: list[Json]) -> list[Json]:
    """Anthropic refuses an answer's beginning that ends with white space, and wants results of tools first."""
    last = turns[-1]["content"]
    if turns[-1]["role"] == "assistant":
        if isinstance(last, str):
            turns[-1]["content"] = last.rstrip()
        elif last[-1]["type"] == "text":
            last[-1]["text"] = last[-1]["text"].rstrip()
    for turn in turns:
        content = turn["content"]
        if isinstance(content, list) and len(content) > 1:
            turn["content"] = _ordered(content)
    return turns


def _ordered(blocks: list[Json]) -> list[Json]:
    results = [block for block in blocks if block["type"] == "tool_result"]
    return results + [block for block in blocks if block["type"] != "tool_result"] if results else blocks


def _content(parts: tuple[Part, ...], carriage: Carriage) -> _Content:
    """Blocks, or the text where there is nothing else; empty where nothing is said."""
    if len(parts) == 1:
        part = parts[0]
        if type(part) is Text and part.cache is None and not part.citations:  # as most messages are
            return "" if part.text.isspace() else part.text
    blocks: list[Json] = []
    for part in parts:
        block = _WRITERS[part.__class__](part, carriage)
        if block is not None:
            if part.cache is not None and part.__class__ is not Reasoning:
                block["cache_control"] = cache_control(part.cache)
            blocks.append(block)
    if len(blocks) == 1 and len(blocks[0]) == _MERE_TEXT and blocks[0]["type"] == "text":
        return cast(str, blocks[0]["text"])
    return blocks


def cache_control(cache: str) -> Json:
    """The mark of a block or a tool; five minutes are what Anthropic means without a word."""
    return {"type": "ephemeral"} if cache == "5m" else {"type": "ephemeral", "ttl": cache}


def _text(part: Text, _carriage: Carriage) -> Json | None:
    """Anthropic refuses texts of white space only."""
    if not part.text or part.text.isspace():
        return None
    block: Json = {"type": "text", "text": part.text}
    quoted = [one.raw for one in part.citations if one.raw is not None and one.raw.get("type") in CITATIONS]
    if quoted:
        block["citations"] = quoted
    return block


def _refusal(part: Refusal, _carriage: Carriage) -> Json | None:
    return {"type": "text", "text": part.text} if part.text.strip() else None


def _reasoning(part: Reasoning, carriage: Carriage) -> Json | None:
    """Only what Anthropic sealed itself: it refuses every other thought."""
    if part.origin in (None, _OURS):
        if part.redacted is not None:
            return {"type": "redacted_thinking", "data": part.redacted}
        if part.signature:
            return {"type": "thinking", "thinking": part.text, "signature": part.signature}
    carriage.let_go("messages.reasoning")
    return None


def _tool_call(part: ToolCall, carriage: Carriage) -> Json:
    given = part.arguments.strip()
    try:
        arguments: dict[str, Any] = _arguments(given) if given else {}
    except (ValueError, RecursionError):
        raise carriage.must("messages", f"the arguments of the tool call {part.id!r} are no JSON object") from None
    return {"type": "tool_use", "id": call_id(part.id), "name": part.name, "input": arguments}


def _tool_result(part: ToolResult, carriage: Carriage) -> Json:
    block: Json = {"type": "tool_result", "tool_use_id": call_id(part.call_id)}
    if content := _content(part.parts, carriage):
        block["content"] = content
    if part.is_error:
        block["is_error"] = True
    return block


def call_id(text: str) -> str:
    """The id of a tool call in the characters that Anthropic takes."""
    if text.isascii() and text.isidentifier():  # most are: a quarter of the time that the expression takes
        return text
    return _OUTSIDE_ID.sub("_", text) or "_"


def _media(part: Media, carriage: Carriage) -> Json:
    if part.detail not in (None, "auto"):
        carriage.let_go("messages.detail")
    if part.kind == "image" or (part.media_type in IMAGES and part.data is not None):
        return {"type": "image", "source": _image_source(part, carriage)}
    if part.kind != "file":
        raise carriage.must("messages", f"Anthropic's models take no {part.kind}")
    block: Json = {"type": "document", "source": _document_source(part, carriage)}
    if part.name is not None:
        block["title"] = part.name
    if part.context is not None:
        block["context"] = part.context
    if part.cite is not None:
        block["citations"] = {"enabled": part.cite}
    return block


def _image_source(part: Media, carriage: Carriage) -> Json:
    if part.data is not None:
        if part.media_type not in IMAGES:
            raise carriage.must("messages", f"Anthropic's models take no images of the type {part.media_type}")
        return {"type": "base64", "media_type": part.media_type, "data": part.data}
    return _elsewhere(part, carriage)


def _document_source(part: Media, carriage: Carriage) -> Json:
    if part.text is not None:
        return {"type": "text", "media_type": "text/plain", "data": part.text}
    if part.data is None:
        return _elsewhere(part, carriage)
    if part.media_type == PDF:
        return {"type": "base64", "media_type": PDF, "data": part.data}
    if part.media_type is None or not (part.media_type.startswith("text/") or part.media_type == "application/json"):
        raise carriage.must("messages", f"Anthropic's models take no documents of the type {part.media_type}")
    try:
        text = b64decode(part.data, validate=True).decode()
    except ValueError:
        raise carriage.must("messages", "a document of text is not UTF-8 in base64") from None
    return {"type": "text", "media_type": "text/plain", "data": text}


def _elsewhere(part: Media, carriage: Carriage) -> Json:
    """What Anthropic fetches, or keeps itself: its ids of files begin with `file_`, OpenAI's with `file-`."""
    if part.url is not None and part.url.startswith(("https://", "http://")):
        return {"type": "url", "url": part.url}
    if part.file_id is not None and part.file_id.startswith("file_"):
        return {"type": "file", "file_id": part.file_id}
    raise carriage.must("messages", "Anthropic cannot read a file that another provider keeps")


_WRITERS: dict[type[Part], Callable[[Any, Carriage], Json | None]] = {
    Text: _text,
    Refusal: _refusal,
    Reasoning: _reasoning,
    ToolCall: _tool_call,
    ToolResult: _tool_result,
    Media: _media,
}
