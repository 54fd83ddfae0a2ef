"""Anthropic's own library as the judge of what we send it and of what we answer in its name.

The library's types say which members there are: here every other one is an error. The sampling parameters, which newer
models do not take, are no longer among them and are judged apart.
"""

import inspect
import json
from functools import cache
from itertools import pairwise
from typing import Any

from anthropic import types
from anthropic.types import RawMessageStreamEvent
from anthropic.types.message_count_tokens_params import MessageCountTokensParams
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming, MessageCreateParamsStreaming
from anthropic.types.shared import ErrorResponse
from pydantic import TypeAdapter
from typing_extensions import is_typeddict

SAMPLING = {"temperature": 1.0, "top_p": 1.0, "top_k": 10**6}
"""And the most of each."""


BLOCKS = {
    "text": types.TextBlockParam,
    "image": types.ImageBlockParam,
    "document": types.DocumentBlockParam,
    "thinking": types.ThinkingBlockParam,
    "redacted_thinking": types.RedactedThinkingBlockParam,
    "tool_use": types.ToolUseBlockParam,
    "tool_result": types.ToolResultBlockParam,
}
"""The blocks that we write. The library takes its own answers' blocks too, in which it lets any member pass."""


def accept_request(body: dict[str, Any]) -> None:
    """Raises when Anthropic's types do not have this body."""
    judged = dict(body)
    for name, most in SAMPLING.items():
        value = judged.pop(name, None)
        assert value is None or 0 <= value <= most, name
    kind = MessageCreateParamsStreaming if judged.get("stream") else MessageCreateParamsNonStreaming
    _accept(_request_type(kind), judged)
    _follow_rules(body)


def accept_count(body: dict[str, Any]) -> None:
    """The same for counting tokens."""
    _accept(_request_type(MessageCountTokensParams), body)


def accept_answer(body: dict[str, Any]) -> types.Message:
    """The message, checked member by member."""
    return TypeAdapter(types.Message).validate_python(body, strict=True)


def accept_error(body: dict[str, Any]) -> ErrorResponse:
    return TypeAdapter(ErrorResponse).validate_python(body, strict=True)


def accept_events(stream: bytes) -> list[Any]:
    """The events of a stream, each checked, with its name before its data."""
    adapter: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)
    found = []
    for event in stream.decode().split("\n\n"):
        if not event:
            continue
        name, data = event.split("\n")
        body = json.loads(data.removeprefix("data: "))
        assert name == f"event: {body['type']}"
        if body["type"] == "ping":  # the library passes over them before it looks
            continue
        found.append(adapter.validate_python(body, strict=True))
    return found


def accumulated(stream: bytes) -> types.Message:
    """The message that the library's own helper makes of a stream, after a check of the order."""
    events = accept_events(stream)
    _check_order(events)
    snapshot: Any = None
    buffers: dict[int, bytes] = {}
    for event in events:
        snapshot = _accumulate(event=event, current_snapshot=snapshot, json_bufs=buffers)
    found: types.Message = snapshot
    return found


def _check_order(events: list[Any]) -> None:
    """Every block begins once, in the order of the indexes, and ends once, before the message does."""
    names = [event.type for event in events]
    assert names[0] == "message_start"
    assert names[-2:] == ["message_delta", "message_stop"]
    assert names.count("message_start") == names.count("message_delta") == 1
    begun: list[int] = []
    opened: set[int] = set()
    for event in events[1:-2]:
        if event.type == "content_block_start":
            begun.append(event.index)
            opened.add(event.index)
        elif event.type == "content_block_stop":
            opened.remove(event.index)
        else:
            assert event.index in opened
    assert not opened
    assert begun == list(range(len(begun)))


def _follow_rules(body: dict[str, Any]) -> None:
    """What the types cannot say. Source: the API's documented refusals."""
    thinking = body.get("thinking") or {}
    if thinking.get("type") == "enabled":
        assert 1024 <= thinking["budget_tokens"] < body["max_tokens"]
    if thinking.get("type") in ("enabled", "adaptive"):
        assert body.get("temperature", 1) == 1
        assert "top_k" not in body
        assert (body.get("tool_choice") or {"type": "auto"})["type"] in ("auto", "none")
    if "tool_choice" in body:
        assert body.get("tools")
    assert body["messages"]
    assert not any(len({one["role"] for one in pair}) == 1 for pair in pairwise(body["messages"]))
    for message in body["messages"]:
        assert message["content"]
        if isinstance(message["content"], list):
            _follow_block_rules(message["content"])


def _follow_block_rules(blocks: list[dict[str, Any]]) -> None:
    kinds = [block["type"] for block in blocks]
    results = kinds.count("tool_result")
    assert kinds[:results] == ["tool_result"] * results
    for block in blocks:
        _accept(_request_type(BLOCKS[block["type"]]), block)
        if block["type"] == "text":
            assert block["text"].strip()
        if isinstance(inner := block.get("content"), list):
            _follow_block_rules(inner)


def _accept(adapter: TypeAdapter[Any], body: dict[str, Any]) -> None:
    # Lists are checked when they are read, so all of them are.
    json.dumps(adapter.validate_python(body, strict=True), default=list)


@cache
def _request_type(kind: Any) -> TypeAdapter[Any]:
    _forbid_unknown_members()
    return TypeAdapter(kind)


@cache
def _forbid_unknown_members() -> None:
    for _, kind in inspect.getmembers(types):
        if is_typeddict(kind):
            given = getattr(kind, "__pydantic_config__", {})
            kind.__pydantic_config__ = {"extra": "forbid", **given}
    bodies: tuple[Any, ...] = (MessageCreateParamsNonStreaming, MessageCreateParamsStreaming, MessageCountTokensParams)
    for kind in bodies:
        kind.__pydantic_config__ = {"extra": "forbid"}


def _accumulate(**given: Any) -> Any:
    from anthropic.lib.streaming._messages import accumulate_event

    return accumulate_event(**given)
