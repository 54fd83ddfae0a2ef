"""OpenAI responses: answers as providers give them, and the official SDK as the judge."""

import json
from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from openai._types import omit
from openai.lib.streaming.responses._responses import ResponseStreamState
from openai.types import responses, shared_params
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import ConfigDict, TypeAdapter
from typing_extensions import is_typeddict

from gatewright.translation.model import Json

_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def judge_answer(body: bytes) -> None:
    """The SDK's own model of a response, with no value coerced."""
    found = Response.model_validate_json(body, strict=True)
    said = json.loads(body)
    assert [item.type for item in found.output] == [item["type"] for item in said["output"]]
    assert (found.incomplete_details is None) == (found.status == "completed")


def judge_stream(stream: bytes) -> None:
    """The SDK's own model of each event, its accumulator, and the order that its API promises."""
    *events, end = stream.decode().split("\n\n")
    assert end == ""
    state: ResponseStreamState[Any] = ResponseStreamState(input_tools=omit, text_format=omit)
    done: dict[int, Json] = {}
    for number, event in enumerate(events):
        name, _, data = event.partition("\ndata: ")
        found = _EVENT.validate_json(data, strict=True)
        assert name == f"event: {found.type}"
        assert found.sequence_number == number
        assert type(found).__name__ != "BaseModel"
        state.handle_event(found)
        if found.type == "response.output_item.done":
            assert found.output_index not in done
            done[found.output_index] = json.loads(data)["item"]
    last = json.loads(data)
    assert last["type"] in ("response.completed", "response.incomplete")
    assert last["response"]["output"] == [done[index] for index in range(len(done))]
    judge_answer(json.dumps(last["response"]).encode())


def _closed() -> TypeAdapter[Any]:
    """The SDK's types of a body, closed: a member that they do not know is an error."""
    for package in (responses, shared_params):
        for found in iter_modules(package.__path__):
            for kind in vars(import_module(f"{package.__name__}.{found.name}")).values():
                if is_typeddict(kind) and kind.__module__.startswith("openai.types"):
                    kind.__pydantic_config__ = ConfigDict(extra="forbid")
    return TypeAdapter(responses.response_create_params.ResponseCreateParams)


_BODY = _closed()


def judge_request(body: Json) -> None:
    """The SDK's own types of a body. They want an id on a thought, which the API refuses where nothing is stored."""
    items = [{"id": "rs_1", **item} if item.get("type") == "reasoning" else item for item in body["input"]]
    exhaust(_BODY.validate_python({**body, "input": items}))


def exhaust(value: Any) -> None:
    """Reads everything: the items of an Iterable are judged when they are read."""
    if isinstance(value, dict):
        for member in value.values():
            exhaust(member)
    elif isinstance(value, Iterable) and not isinstance(value, str):
        for member in value:
            exhaust(member)


def event(kind: str, **members: Any) -> bytes:
    """One event of a stream."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, 'sequence_number': 1, **members})}\n\n".encode()


def response(status: str, output: list[Json], usage: Json | None = None, **more: Any) -> Json:
    """The response object."""
    return {
        "id": "resp_9",
        "object": "response",
        "created_at": 1763770000,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "max_output_tokens": None,
        "model": "some-model-2026",
        "output": output,
        "parallel_tool_calls": True,
        "reasoning": {"effort": "medium", "summary": None},
        "store": False,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [],
        "truncation": "disabled",
        "usage": usage,
        "metadata": {},
        **more,
    }


def used(prompt: int, completion: int, cached: int = 0, thought: int = 0, **more: Any) -> Json:
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": 0, **more},
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": thought},
        "total_tokens": prompt + completion,
    }


def message(text: str, status: str = "completed", item_id: str = "msg_9") -> Json:
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    return {"id": item_id, "type": "message", "status": status, "role": "assistant", "content": [part]}


TEXT = 'Grüße from 東京 🗼, "quoted"\n\\and\ttabbed'
THOUGHT = {
    "id": "rs_9",
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "Two and two, then."}],
    "encrypted_content": "gAAAAABq",
}
WEATHER = {
    "id": "fc_1",
    "type": "function_call",
    "status": "completed",
    "call_id": "call_1",
    "name": "get_weather",
    "arguments": '{"city": "Zürich", "days": [1, 2]}',
}
CLOCK = {
    "id": "fc_2",
    "type": "function_call",
    "status": "completed",
    "call_id": "call_2",
    "name": "get_time",
    "arguments": "{}",
}
SEARCH = {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "x"}}
CUT = {"incomplete_details": {"reason": "max_output_tokens"}}
FILTERED = {"incomplete_details": {"reason": "content_filter"}}
CACHED = used(1000, 50, 600, 20)
WRITTEN = used(
    1000,
    50,
    600,
    cache_write_tokens=150,
    cache_write_tokens_details={"ttl_30m_tokens": 100, "ttl_12h_tokens": 50},
)
WHOLE = {
    "text": response("completed", [message(TEXT)], used(12, 9)),
    "length": response("incomplete", [message("Once upon a", "incomplete")], used(12, 3), **CUT),
    "filtered": response("incomplete", [message("I", "incomplete")], used(12, 1), **FILTERED),
    "reasoning": response("completed", [THOUGHT, SEARCH, message("Four.")], used(20, 30)),
    "tools": response("completed", [message("Let me look."), WEATHER, CLOCK], used(40, 25)),
    "usage": response("completed", [message("Cached.")], CACHED),
    "cache_write": response("completed", [message("Written.")], WRITTEN),
}
ANSWERS = {name: json.dumps(whole).encode() for name, whole in WHOLE.items()}


def _said(index: int, item: Json) -> bytes:
    (part,), place = item["content"], {"item_id": item["id"], "output_index": index, "content_index": 0}
    text = part["text"]
    return b"".join(
        (
            event("response.content_part.added", **place, part={**part, "text": ""}),
            *(
                event("response.output_text.delta", **place, delta=text[at : at + 4], logprobs=[], obfuscation="xx")
                for at in range(0, len(text), 4)
            ),
            event("response.output_text.done", **place, text=text, logprobs=[]),
            event("response.content_part.done", **place, part=part),
        )
    )


def _thought(index: int, item: Json) -> bytes:
    (part,), place = item["summary"], {"item_id": item["id"], "output_index": index, "summary_index": 0}
    text = part["text"]
    return b"".join(
        (
            event("response.reasoning_summary_part.added", **place, part={**part, "text": ""}),
            *(
                event("response.reasoning_summary_text.delta", **place, delta=text[at : at + 6])
                for at in range(0, len(text), 6)
            ),
            event("response.reasoning_summary_text.done", **place, text=text),
            event("response.reasoning_summary_part.done", **place, part=part),
        )
    )


def _called(index: int, item: Json) -> bytes:
    place, text = {"item_id": item["id"], "output_index": index}, item["arguments"]
    return b"".join(
        (
            *(
                event("response.function_call_arguments.delta", **place, delta=text[at : at + 9])
                for at in range(0, len(text), 9)
            ),
            event("response.function_call_arguments.done", **place, arguments=text),
        )
    )


def _searched(index: int, item: Json) -> bytes:
    return event("response.web_search_call.searching", item_id=item["id"], output_index=index)


_INSIDE = {"message": _said, "reasoning": _thought, "function_call": _called, "web_search_call": _searched}
_EMPTY: dict[str, Json] = {
    "message": {"content": [], "status": "in_progress"},
    "reasoning": {"summary": [], "encrypted_content": "gAAA"},
    "function_call": {"arguments": "", "status": "in_progress"},
    "web_search_call": {"status": "in_progress"},
}


def stream_of(whole: Json) -> bytes:
    """A complete answer as it comes in pieces."""
    begun = response("in_progress", [])
    events = [event("response.created", response=begun), event("response.in_progress", response=begun)]
    for index, item in enumerate(whole["output"]):
        added = {**item, **_EMPTY[item["type"]]}
        events += [
            event("response.output_item.added", output_index=index, item=added),
            _INSIDE[item["type"]](index, item),
            event("response.output_item.done", output_index=index, item=item),
        ]
    return b"".join([*events, event(f"response.{whole['status']}", response=whole)])


STREAMS = {name: stream_of(whole) for name, whole in WHOLE.items()}

ERROR = (
    b'{"error":{"message":"No such model.","type":"invalid_request_error","param":"model","code":"model_not_found"}}'
)
BROKEN = (
    event("response.created", response=response("in_progress", []))
    + event("response.output_item.added", output_index=0, item={**message(""), "content": []})
    + event("response.output_text.delta", item_id="msg_9", output_index=0, content_index=0, delta="Half a", logprobs=[])
    + event("error", code="overloaded", message="Overloaded.", param=None)
)
