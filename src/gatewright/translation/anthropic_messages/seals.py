"""Where thoughts that another provider than Anthropic sealed stand in this dialect (`translation.seals` packs them).

Clients return `thinking.signature` and `redacted_thinking.data` as they got them. A tool call has no place for a seal
here, so that one stands in a block before it.
"""

from gatewright.translation.dialect import Dialect
from gatewright.translation.model import Reasoning
from gatewright.translation.seals import Sealed, is_packed, pack, unpack

_OURS = Dialect.MESSAGES.value


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
