"""Items of a request that passes through which only we can read: thoughts that another dialect's provider sealed.

A conversation may change its model, and with it the provider. What we put into `encrypted_content` for one of them is
taken out for a provider of responses, which would refuse it. All other bytes stay as they are.
"""

from collections.abc import Mapping

import msgspec

from gatewright.translation.seals import MARKS, is_packed


class _Item(msgspec.Struct):
    type: str | None = None
    encrypted_content: str | None = None


_decode_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_decode_item = msgspec.json.Decoder(_Item).decode
_encode = msgspec.json.Encoder().encode
_MARK = b'"' + MARKS.encode()


def without_foreign(members: Mapping[str, msgspec.Raw]) -> dict[str, msgspec.Raw] | None:
    """The body's members without such items; None when there are none."""
    given = members.get("input")
    if given is None or _MARK not in bytes(given):
        return None
    try:
        items = _decode_items(given)
    except (ValueError, RecursionError):  # for the provider to judge
        return None
    kept = [item for item in items if not (_MARK in bytes(item) and _is_foreign(item))]
    return None if len(kept) == len(items) else {**members, "input": msgspec.Raw(_encode(kept))}


def _is_foreign(raw: msgspec.Raw) -> bool:
    try:
        item = _decode_item(raw)
    except (ValueError, RecursionError):
        return False
    return item.type == "reasoning" and is_packed(item.encrypted_content or "")
