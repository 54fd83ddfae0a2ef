"""Thoughts that another provider than Anthropic sealed, in a form that a client of this dialect hands back unread.

Clients return `thinking.signature` and `redacted_thinking.data` as they got them. What we put there begins with a mark,
so that it is known for ours when it comes back. It is not encrypted: it holds what the client of the other dialect
would have seen. A tool call has no place for a seal here, so that one stands in a block before it.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from gatewright.translation.dialect import Dialect
from gatewright.translation.model import Reasoning

MARK = "gatewright-1:"
"""What a sealed form of this version begins with."""
_MARKS = "gatewright-"
_OURS = Dialect.MESSAGES.value


class Sealed(msgspec.Struct, frozen=True, omit_defaults=True):
    """`signature`, `redacted`, `id` and `origin` as in `model.Reasoning`. `call` is the id of a sealed tool call."""

    signature: str | None = None
    redacted: str | None = None
    id: str | None = None
    origin: str | None = None
    call: str | None = None


_decode = msgspec.json.Decoder(Sealed).decode
_encode = msgspec.json.Encoder().encode


def pack(one: Sealed) -> str:
    """A text for `signature` or `data`."""
    return MARK + urlsafe_b64encode(_encode(one)).decode()


def unpack(text: str) -> Sealed | None:
    """What was packed; None for what we cannot read, or did not write."""
    if not text.startswith(MARK):
        return None
    try:
        return _decode(urlsafe_b64decode(text[len(MARK) :]))
    except (ValueError, RecursionError):
        return None


def is_packed(text: str) -> bool:
    """Whether some version of ours wrote it."""
    return text.startswith(_MARKS)


def signature_for(one: Reasoning) -> str:
    """The `signature` of a thinking block, empty when nobody sealed the thought."""
    if one.origin in (None, _OURS) and one.redacted is None:
        return one.signature or ""
    if one.signature is None and one.redacted is None and one.id is None:
        return ""
    return pack(Sealed(one.signature, one.redacted, one.id, one.origin))


def data_for(one: Reasoning) -> str:
    """The `data` of a redacted_thinking block."""
    if one.origin in (None, _OURS) and one.redacted is not None:
        return one.redacted
    return pack(Sealed(one.signature, one.redacted, one.id, one.origin))


def thought(text: str, signature: str) -> Reasoning:
    """What a thinking block holds."""
    if not signature:
        return Reasoning(text=text)
    if not is_packed(signature):
        return Reasoning(text=text, signature=signature, origin=_OURS)
    one = unpack(signature) or Sealed()
    return Reasoning(text=text, signature=one.signature, redacted=one.redacted, id=one.id, origin=one.origin)


def redacted(data: str) -> Reasoning | None:
    """What a redacted_thinking block holds; None for what only we could have read, and cannot."""
    if not is_packed(data):
        return Reasoning(redacted=data, origin=_OURS)
    one = unpack(data)
    if one is None:
        return None
    return Reasoning(signature=one.signature, redacted=one.redacted, id=one.id, origin=one.origin)
