"""What two translations are compared by: streams put together, ids and times left out, equal ways of saying alike."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from tests.interop.differential.ours import server_sent

Json = dict[str, Any]
OF_NO_MEANING = frozenset({"id", "created", "model", "object", "system_fingerprint"})
"""Members at the top of an answer that each gateway chooses."""


def normal(case: Json, found: Any) -> Any:
    """One outcome of a case in the form that is compared."""
    if case["kind"] == "stream":
        events = events_of(found)
        found = assembled_chat(events) if case["client"] == "chat" else assembled_message(events)
    if case["kind"] != "request":
        found = {name: value for name, value in found.items() if name not in OF_NO_MEANING}
        if case["provider"] == "gemini":
            found = without_call_ids(found)
    elif case["provider"] == "gemini":
        found = camel(found)
    found = pruned(found)
    return spread(found)


def events_of(found: Any) -> list[Json]:
    """Chunks as objects, also when they are server-sent text."""
    if any(isinstance(one, str) for one in found):
        return server_sent("".join(found))
    return list(found)


def assembled_chat(chunks: list[Json]) -> Json:
    """The completion that a client puts together."""
    message: Json = {"role": "assistant"}
    calls: dict[int, Json] = {}
    choice: Json = {"index": 0, "message": message}
    usage = None
    for chunk in chunks:
        usage = chunk.get("usage") or usage
        for one in chunk["choices"]:
            choice["finish_reason"] = one.get("finish_reason") or choice.get("finish_reason")
            for name, value in one["delta"].items():
                if name == "tool_calls":
                    for piece in value or ():
                        add_call(calls, piece)
                elif name in ("content", "reasoning_content", "refusal") and value is not None:
                    message[name] = message.get(name, "") + value
                elif isinstance(value, list):
                    message.setdefault(name, []).extend(value)
    if calls:
        message["tool_calls"] = list(calls.values())
    return {"choices": [choice], "usage": usage}


def add_call(calls: dict[int, Json], piece: Json) -> None:
    kept = calls.setdefault(piece["index"], {"type": "function", "function": {"name": "", "arguments": ""}})
    function = piece.get("function") or {}
    for name in ("name", "arguments"):
        kept["function"][name] += function.get(name) or ""
    for name in ("id", "extra_content", "provider_specific_fields"):
        if piece.get(name):
            kept[name] = piece[name]


def assembled_message(events: list[Json]) -> Json:
    """The message that a client of Anthropic's puts together."""
    message: Json = {}
    blocks: dict[int, Json] = {}
    for event in events:
        match event["type"]:
            case "message_start":
                message = dict(event["message"])
            case "content_block_start":
                blocks[event["index"]] = {**event["content_block"]}
            case "content_block_delta":
                add_delta(blocks[event["index"]], event["delta"])
            case "message_delta":
                message |= event["delta"]
                message["usage"] = {**message["usage"], **event.get("usage", {})}
    for block in blocks.values():
        if "partial" in block:
            block["input"] = json.loads(block.pop("partial"))
    return {**message, "content": list(blocks.values())}


def add_delta(block: Json, delta: Json) -> None:
    match delta["type"]:
        case "text_delta":
            block["text"] += delta["text"]
        case "thinking_delta":
            block["thinking"] += delta["thinking"]
        case "signature_delta":
            block["signature"] = delta["signature"]
        case "input_json_delta":
            block["partial"] = block.get("partial", "") + delta["partial_json"]


def pruned(found: Any) -> Any:
    """Without members that say nothing: null, no list, no object; counts of nothing in details of usage."""
    if isinstance(found, list):
        return [pruned(one) for one in found]
    if not isinstance(found, dict):
        return found
    kept = {name: pruned(value) for name, value in found.items() if value is not None and value != []}
    for name, value in kept.items():
        if name.endswith("_details") and isinstance(value, dict):
            kept[name] = {key: count for key, count in value.items() if count}
    return {name: value for name, value in kept.items() if value != {} or not name.endswith("_details")}


def spread(found: Any) -> Any:
    """A text alone as the list of one text that it stands for, and JSON in strings as JSON."""
    if isinstance(found, list):
        return [spread(one) for one in found]
    if not isinstance(found, dict):
        return found
    made = {name: spread(value) for name, value in found.items()}
    if isinstance(made.get("arguments"), str):
        made["arguments"] = json.loads(made["arguments"] or "{}")
    if isinstance(made.get("schema"), str):
        made["schema"] = json.loads(made["schema"])
    for name in ("content", "system"):
        if isinstance(made.get(name), str):
            made[name] = [{"type": "text", "text": made[name]}]
    return made


FREE = frozenset({"args", "properties", "response"})
"""Members of Gemini's whose own members have names of the caller's."""


def without_call_ids(found: Json) -> Json:
    """Gemini before 3 gives its calls no ids, so each gateway makes its own."""
    found = deepcopy(found)
    for choice in found["choices"]:
        for call in choice["message"].get("tool_calls") or ():
            assert call.pop("id")
    return found


def camel(found: Any) -> Any:
    """Google reads members in either case (the JSON form of protocol buffers)."""
    if isinstance(found, list):
        return [camel(one) for one in found]
    if not isinstance(found, dict):
        return found
    return {camel_name(name): value if name in FREE else camel(value) for name, value in found.items()}


def camel_name(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Paths with what stands there on each side; `ABSENT` for nothing. A path begins with `+` for what only ours has,
    `-` for what only theirs has, and is bare where both have something else."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        for name in sorted(ours.keys() | theirs.keys()):
            yield from sides(ours.get(name, ABSENT), theirs.get(name, ABSENT), f"{path}/{name}")
    elif isinstance(ours, list) and isinstance(theirs, list):
        for index in range(max(len(ours), len(theirs))):
            yield from sides(
                ours[index] if index < len(ours) else ABSENT,
                theirs[index] if index < len(theirs) else ABSENT,
                f"{path}/{index}",
            )
    elif ours != theirs or type(ours) is not type(theirs):
        yield path or "/", ours, theirs


ABSENT = "absent"


def sides(ours: Any, theirs: Any, path: str) -> Iterator[tuple[str, Any, Any]]:
    if ours is ABSENT:
        yield f"-{path}", ours, theirs
    elif theirs is ABSENT:
        yield f"+{path}", ours, theirs
    else:
        yield from differences(ours, theirs, path)
