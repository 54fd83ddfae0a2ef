"""Thoughts that another dialect's provider sealed, in a form that a client hands back unread.

A client returns a seal as it got it. What we put in its place begins with a mark, so that it is known for ours when it
comes back, and is never sent to a provider as if it were its own. It is not encrypted: it holds what a client of the
other dialect would have seen.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

MARK = "gatewright-1:"
"""What a sealed form of this version begins with."""
MARKS = "gatewright-"
"""What those of all versions begin with."""


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
    """A text to stand where the client's dialect has a seal."""
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
    return text.startswith(MARKS)
