"""The pieces of messages that requests and answers share, as they stand on the wire, and how they are decoded.

Source: OpenAI API reference, "Create chat completion". Members that other servers have added: `reasoning_content`
(DeepSeek, vLLM, LiteLLM), `reasoning` and `reasoning_details` (OpenRouter), `thinking_blocks`, `cache_control` and
`provider_specific_fields` (LiteLLM), `images` (OpenRouter, LiteLLM), `video_url` (vLLM), `extra_content` (Google).
"""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import Json, Part, Reasoning
from gatewright.translation.seals import Sealed, is_packed, pack, unpack

T = TypeVar("T")

TTLS = ("5m", "1h")
_PLAIN = (None, Dialect.MESSAGES)


class CacheControl(msgspec.Struct, gc=False):
    """Anthropic's mark, as LiteLLM and OpenRouter take it in this dialect."""

    type: str = "ephemeral"
    ttl: str | None = None


class Breakpoint(msgspec.Struct, gc=False):
    """OpenAI's mark."""

    ttl: str | None = None


class ImageUrl(msgspec.Struct, gc=False):
    url: str
    detail: str | None = None
    format: str | None = None


class InputAudio(msgspec.Struct, gc=False):
    data: str
    format: str


class File(msgspec.Struct, gc=False):
    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None
    format: str | None = None


class ThinkingBlock(msgspec.Struct, gc=False, omit_defaults=True):
    """LiteLLM's form of a thought: Anthropic's blocks. `index` is there in streams."""

    type: str = ""
    thinking: str | None = None
    signature: str | None = None
    data: str | None = None
    index: int | None = None


class ContentPart(msgspec.Struct, gc=False):
    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: ImageUrl | str | None = None
    video_url: ImageUrl | str | None = None
    input_audio: InputAudio | None = None
    file: File | None = None
    thinking: object = None
    signature: str | None = None
    data: str | None = None
    cache_control: CacheControl | None = None
    prompt_cache_breakpoint: Breakpoint | None = None


def member(decode: Callable[[msgspec.Raw], T], name: str, raw: msgspec.Raw) -> T:
    """The value of a request's member. Raises BadInput naming the place in it that is wrong."""
    try:
        return decode(raw)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(" - at `$")
        param = name + where.rstrip("`")
        raise BadInput(f"`{param}` is not right: {what.rstrip('.')}.", param=param) from None
    except UnicodeDecodeError:
        raise BadInput(f"`{name}` is not UTF-8 text.", param=name) from None
    except (ValueError, RecursionError):
        raise BadInput(f"`{name}` is not JSON that can be read.", param=name) from None


def cache_of(control: CacheControl | None, mark: Breakpoint | None, param: str) -> str | None:
    """The mark of a part, a message or a tool. Raises BadInput.

    OpenAI's lifetimes are others: half an hour becomes the shorter one here, twelve hours the longer one.
    """
    if control is not None:
        ttl = control.ttl or "5m"
        if control.type != "ephemeral" or ttl not in TTLS:
            raise BadInput(
                f"`{param}.cache_control` must be of the type ephemeral, for 5m or 1h.", param=f"{param}.cache_control"
            )
        return ttl
    if mark is not None:
        return "1h" if mark.ttl == "12h" else "5m"
    return None


def thought(block: ThinkingBlock, origin: str) -> Reasoning:
    """A thinking block as a part. `origin` is whose seal it is; a packed one says so itself."""
    text, signature, data = block.thinking or "", block.signature or None, block.data or None
    packed = next((one for one in (signature, data) if one is not None and is_packed(one)), None)
    if packed is None:
        return Reasoning(text=text, signature=signature, redacted=data, origin=origin if signature or data else None)
    one = unpack(packed)
    if one is None:
        return Reasoning(text=text)
    return Reasoning(text=text, signature=one.signature, redacted=one.redacted, id=one.id, origin=one.origin)


def thinking_block(part: Reasoning) -> ThinkingBlock:
    """The other way round, for a client. Seals that are none of Anthropic's are packed, to be told apart."""
    if not is_sealed(part):
        return ThinkingBlock("thinking", part.text)
    if part.origin in _PLAIN and not (part.id or (part.redacted and (part.text or part.signature))):
        return plain_block(part)
    packed = pack(Sealed(part.signature, part.redacted, part.id, part.origin))
    if part.redacted is not None and not part.text:
        return ThinkingBlock("redacted_thinking", data=packed)
    return ThinkingBlock("thinking", part.text, packed)


def plain_block(part: Reasoning) -> ThinkingBlock:
    """As it is, for the provider that sealed it."""
    if part.redacted is not None:
        return ThinkingBlock("redacted_thinking", data=part.redacted)
    return ThinkingBlock("thinking", part.text, part.signature)


def is_sealed(part: Reasoning) -> bool:
    """Whether there is more to it than its text."""
    return bool(part.signature or part.redacted or part.id)


def signature_of(extra: Json | None, fields: Json | None) -> str | None:
    """Gemini's signature of a tool call: where Google's own OpenAI endpoint has it, or where LiteLLM has it."""
    google = (extra or {}).get("google")
    found = google.get("thought_signature") if isinstance(google, dict) else (fields or {}).get("thought_signature")
    return found if isinstance(found, str) and found else None


def with_mark(part: Part, cache: str | None) -> Part:
    """The part with a mark, if there is one."""
    return part if cache is None else msgspec.structs.replace(part, cache=cache)
