"""Blocks of a request that passes through which Anthropic did not seal: thoughts of another dialect's provider.

A conversation may change its model, and with it the provider. What a client hands back of the other one's thoughts is
taken out for Anthropic, which would refuse it. All other bytes stay as they are. Source: Anthropic's documentation,
"Extended thinking": "Preserving thinking blocks".
"""

from collections.abc import Mapping

import msgspec

from gatewright.translation.seals import MARKS, is_packed

_Members = dict[str, msgspec.Raw]


class _Message(msgspec.Struct):
    role: str = ""
    content: msgspec.Raw = msgspec.Raw()


class _Block(msgspec.Struct):
    type: str = ""
    signature: str | None = None
    data: str | None = None


class _Kind(msgspec.Struct):
    type: str = ""


_decode_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_members = msgspec.json.Decoder(_Members).decode
_decode_message = msgspec.json.Decoder(_Message).decode
_decode_kinds = msgspec.json.Decoder(list[_Kind]).decode
_decode_block = msgspec.json.Decoder(_Block).decode
_decode_kind = msgspec.json.Decoder(_Kind).decode
_encode = msgspec.json.Encoder().encode

_MARKS = (b'"' + MARKS.encode(), b'"signature":""', b'"signature": ""')
"""One of them stands in every such block. A thought that nobody sealed has an empty signature, of ours alone."""

THOUGHTS = frozenset({"thinking", "redacted_thinking"})


def without_foreign(members: Mapping[str, msgspec.Raw]) -> _Members | None:
    """The body's members without such blocks, and without messages that held nothing else; None when there are none.

    With a budget Anthropic wants the turn that goes on to begin with a thought of its own: thought is not asked for
    then.
    """
    given = members.get("messages")
    if given is None or not _may_hold(bytes(given)):
        return None
    try:
        messages = _decode_list(given)
        cleaned = [_cleaned(message) for message in messages]
        if all(new is old for new, old in zip(cleaned, messages, strict=True)):
            return None
        kept = [message for message in cleaned if message is not None]
        found = {**members, "messages": msgspec.Raw(_encode(kept))}
        if "thinking" in found and _decode_kind(found["thinking"]).type == "enabled" and _goes_on_unthought(kept):
            # What clears thoughts away is refused where none are asked for.
            found = {name: raw for name, raw in found.items() if name not in ("thinking", "context_management")}
    except (ValueError, RecursionError):  # for the provider to judge
        return None
    return found


def _may_hold(raw: bytes) -> bool:
    return any(mark in raw for mark in _MARKS)


def _cleaned(message: msgspec.Raw) -> msgspec.Raw | None:
    """The message itself, or one without such blocks; None when nothing would be left of it. Raises ValueError."""
    if not _may_hold(bytes(message)):
        return message
    members = _decode_members(message)
    content = members.get("content")
    if content is None or not bytes(content).startswith(b"["):
        return message
    blocks = _decode_list(content)
    kept = [block for block in blocks if not (_may_hold(bytes(block)) and _is_foreign(block))]
    if len(kept) == len(blocks):
        return message
    return msgspec.Raw(_encode({**members, "content": kept})) if kept else None


def _is_foreign(raw: msgspec.Raw) -> bool:
    try:
        block = _decode_block(raw)
    except (ValueError, RecursionError):
        return False
    if block.type == "thinking":
        return block.signature is not None and (not block.signature or is_packed(block.signature))
    return block.type == "redacted_thinking" and is_packed(block.data or "")


def _goes_on_unthought(messages: list[msgspec.Raw]) -> bool:
    """Whether what was said since the user spoke last calls tools and begins without a thought. Raises ValueError."""
    first: list[_Kind] = []
    for raw in reversed(messages):
        message = _decode_message(raw)
        blocks = _decode_kinds(message.content) if bytes(message.content).startswith(b"[") else []
        if message.role == "assistant":
            first = blocks
        elif not blocks or any(block.type != "tool_result" for block in blocks):
            break
    calls = any(block.type == "tool_use" for block in first)
    return calls and first[0].type not in THOUGHTS
