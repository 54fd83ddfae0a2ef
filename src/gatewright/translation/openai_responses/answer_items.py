"""The items of an answer, and the response object around them.

Source: OpenAI API reference, the response object. Ids are made of the request's id, each item's of its place too.
"""

from typing import Final

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation.events import ReasoningSealed
from gatewright.translation.model import Alias, Citation, Finish, Heading, Json, Media, Reasoning, ToolCall
from gatewright.translation.openai_responses.client_tools import free_text_of
from gatewright.translation.openai_responses.usage import usage_object
from gatewright.translation.seals import Sealed, pack

COMPLETED: Final = "completed"
INCOMPLETE: Final = "incomplete"
IN_PROGRESS: Final = "in_progress"

_CUT_OFF = {
    Finish.LENGTH: "max_output_tokens",
    Finish.CONTEXT_FULL: "max_output_tokens",
    Finish.CONTENT_FILTER: "content_filter",
}
_DEFAULTS: Json = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "prompt_cache_key": None,
    "reasoning": {"effort": None, "summary": None},
    "safety_identifier": None,
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_logprobs": 0,
    "top_p": None,
    "truncation": "disabled",
    "user": None,
}


def ident(kind: str, heading: Heading, index: int | None = None) -> str:
    """The id of an item in the output (`msg`, `fc`, ...), or of the response (`resp`)."""
    base = heading.id.removeprefix("req-")
    return f"{kind}_{base}" if index is None else f"{kind}_{base}{index:04x}"


def response(
    heading: Heading,
    status: str,
    output: list[msgspec.Raw] | list[Json],
    usage: Usage | None = None,
    finish: Finish | None = None,
) -> Json:
    """The response object. Nothing is stored, whatever the request says of that."""
    reason = None if finish is None else _CUT_OFF.get(finish)
    return {
        "id": ident("resp", heading),
        "object": "response",
        "created_at": heading.created,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None if reason is None else {"reason": reason},
        **_DEFAULTS,
        **heading.request.echo,
        "model": heading.model,
        "output": output,
        "previous_response_id": None,
        "store": False,
        "usage": None if usage is None else usage_object(usage),
    }


def status_of(finish: Finish) -> str:
    """The status of a response, and of the item that it ended in."""
    return INCOMPLETE if finish in _CUT_OFF else COMPLETED


def text_part(text: str, annotations: list[Json], logprobs: list[Json]) -> Json:
    """Text of a message."""
    return {"type": "output_text", "text": text, "annotations": annotations, "logprobs": logprobs}


def refusal_part(text: str) -> Json:
    """A refusal in a message."""
    return {"type": "refusal", "refusal": text}


def message(item_id: str, content: list[Json], status: str) -> Json:
    """What the model says."""
    return {"id": item_id, "type": "message", "status": status, "role": "assistant", "content": content}


def thought(item_id: str, summary: list[Json], encrypted: str | None) -> Json:
    """What the model thought. `encrypted` is the seal that the client hands back."""
    return {"id": item_id, "type": "reasoning", "summary": summary, "encrypted_content": encrypted}


def seal_of(one: Reasoning | ReasoningSealed) -> str | None:
    """The seal of a thought; None when nobody sealed it."""
    if one.signature is None and one.redacted is None and one.id is None:
        return None
    return pack(Sealed(one.signature, one.redacted, one.id, one.origin))


def summary_part(text: str) -> Json:
    """A thought in words."""
    return {"type": "summary_text", "text": text}


def call_kind(alias: Alias | None) -> str:
    """What an item's id begins with."""
    return {"custom": "ctc", "tool_search": "tsc"}.get(alias.kind, "fc") if alias is not None else "fc"


def call(item_id: str, one: ToolCall, alias: Alias | None, status: str) -> Json:
    """A call of a tool, under the caller's name of it; its arguments are JSON text and may not be whole yet."""
    found: Json = {"id": item_id, "type": "function_call", "status": status, "call_id": one.id, "name": one.name}
    if alias is None:
        return {**found, "arguments": one.arguments}
    if alias.kind == "tool_search":
        return {
            "id": item_id,
            "type": "tool_search_call",
            "status": status,
            "call_id": one.id,
            "execution": "client",
            "arguments": _an_object(one.arguments),
        }
    found["name"] = alias.name
    if alias.namespace is not None:
        found["namespace"] = alias.namespace
    if alias.kind == "custom":
        return {**found, "type": "custom_tool_call", "input": free_text_of(one.arguments) if one.arguments else ""}
    return {**found, "arguments": one.arguments}


def image(item_id: str, media: Media) -> Json | None:
    """An image that the model made; None for what the dialect has no item for."""
    if media.kind != "image" or media.data is None:
        return None
    kind = (media.media_type or "image/png").rpartition("/")[2]
    return {
        "id": item_id,
        "type": "image_generation_call",
        "status": COMPLETED,
        "result": media.data,
        "output_format": kind,
    }


def annotation(citation: Citation, length: int) -> Json | None:
    """A source of a text that is `length` characters long; None for one without an address."""
    if citation.url is None:
        return None
    return {
        "type": "url_citation",
        "url": citation.url,
        "title": citation.title or "",
        "start_index": citation.start or 0,
        "end_index": length if citation.end is None else citation.end,
    }


def logprobs_of(found: Json | None) -> list[Json]:
    """The list out of OpenAI's form of the chat dialect."""
    content = None if found is None else found.get("content")
    return content if isinstance(content, list) else []


def _an_object(arguments: str) -> Json:
    try:
        found = msgspec.json.decode(arguments)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
