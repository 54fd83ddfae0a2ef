"""The pieces of requests as they stand on the wire, and how they are decoded.

Source: Anthropic API reference, "Create a message". One shape holds every block: what a block has depends on its type.
"""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.translation.model import Json

T = TypeVar("T")

TTLS = ("5m", "1h")
_INDEX = re.compile(r"\[(\d+|\.\.\.)\]")


class CacheControl(msgspec.Struct, gc=False):
    type: str = "ephemeral"
    ttl: str | None = None


class Block(msgspec.Struct, gc=False):
    """A content block of any type. `input` stays as it was written."""

    type: str
    text: str | None = None
    source: "Source | str | None" = None
    title: str | None = None
    context: str | None = None
    citations: list[Json] | Json | None = None
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    id: str | None = None
    name: str | None = None
    input: msgspec.Raw = msgspec.Raw()
    caller: Json | None = None
    tool_use_id: str | None = None
    content: "str | list[Block] | Json | None" = None
    is_error: bool | None = None
    cache_control: CacheControl | None = None


class Source(msgspec.Struct, gc=False):
    """Where an image or a document is."""

    type: str
    media_type: str | None = None
    data: str | None = None
    url: str | None = None
    file_id: str | None = None
    content: str | list[Block] | None = None


class WireMessage(msgspec.Struct, gc=False):
    role: str
    content: str | list[Block]


class WireTool(msgspec.Struct, gc=False):
    name: str = ""
    type: str | None = None
    description: str | None = None
    input_schema: Json | None = None
    strict: bool | None = None
    cache_control: CacheControl | None = None
    allowed_callers: list[str] | None = None
    input_examples: object = None
    eager_input_streaming: object = None
    defer_loading: bool | None = None


class WireChoice(msgspec.Struct, gc=False):
    type: str
    name: str | None = None
    disable_parallel_tool_use: bool | None = None


class WireThinking(msgspec.Struct, gc=False):
    type: str
    budget_tokens: int | None = None
    display: str | None = None


class WireFormat(msgspec.Struct, gc=False):
    type: str
    schema: Json | None = None


def member(decode: Callable[[msgspec.Raw], T], name: str, raw: msgspec.Raw) -> T:
    """The value of a request's member. Raises BadInput naming the place in it that is wrong, as Anthropic does."""
    try:
        return decode(raw)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        raise wrong(name + _INDEX.sub(r".\1", where.rstrip("`")), what.rstrip(".")) from None
    except UnicodeDecodeError:
        raise wrong(name, "It is not UTF-8 text") from None
    except (ValueError, RecursionError):
        raise wrong(name, "It is not JSON that can be read") from None


def wrong(param: str, what: str) -> BadInput:
    """The error for what stands at this place, such as `messages.0.content.1`."""
    return BadInput(f"{param}: {what}.", param=param)


def cache_of(control: CacheControl | None, at: str) -> str | None:
    """The mark of a block or a tool. Raises BadInput."""
    if control is None:
        return None
    ttl = control.ttl or "5m"
    if control.type != "ephemeral" or ttl not in TTLS:
        raise wrong(f"{at}.cache_control", "It must be of the type ephemeral, with the ttl 5m or 1h")
    return ttl
