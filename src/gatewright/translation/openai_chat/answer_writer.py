"""A complete answer for a client. Source: OpenAI API reference, "The chat completion object".

What the dialect has no member for is said as LiteLLM says it: thoughts in `reasoning_content`, and with their seals in
`thinking_blocks`; images in `images`; sources without an address in `provider_specific_fields.citations`.
"""

import msgspec

from gatewright.translation.data_urls import data_url
from gatewright.translation.model import (
    Answer,
    Citation,
    Finish,
    Heading,
    Json,
    Media,
    Part,
    Reasoning,
    Refusal,
    Text,
    ToolCall,
)
from gatewright.translation.openai_chat.usage import written_usage
from gatewright.translation.openai_chat.wire import ThinkingBlock, is_sealed, thinking_block

_encode = msgspec.json.Encoder().encode

_FINISHES = {
    Finish.STOP: "stop",
    Finish.STOP_SEQUENCE: "stop",
    Finish.LENGTH: "length",
    Finish.TOOL_CALLS: "tool_calls",
    Finish.CONTENT_FILTER: "content_filter",
    Finish.PAUSE: "stop",
    Finish.CONTEXT_FULL: "length",
}


def write(answer: Answer, heading: Heading) -> bytes:
    """The body."""
    message = _message(answer)
    choice = {
        "index": 0,
        "message": message,
        "logprobs": answer.logprobs,
        "finish_reason": finish_reason(answer.finish, refused=message["refusal"] is not None),
    }
    found: Json = {**head(heading, "chat.completion"), "choices": [choice]}
    if answer.usage is not None:
        found["usage"] = written_usage(answer.usage)
    return _encode(found)


def head(heading: Heading, kind: str) -> Json:
    """What every answer and every chunk begins with."""
    return {
        "id": f"chatcmpl-{heading.id}",
        "object": kind,
        "created": heading.created,
        "model": heading.model,
    }


def finish_reason(reason: Finish, *, refused: bool) -> str:
    """The client's word. A model's refusal in words is a usual end here; one without any is a filter's."""
    if reason is Finish.REFUSAL:
        return "stop" if refused else "content_filter"
    return _FINISHES[reason]


def annotation(citation: Citation, start: int, end: int) -> Json:
    """A source that has an address. `start` and `end` are those of the text that it belongs to."""
    return {
        "type": "url_citation",
        "url_citation": {
            "url": citation.url or "",
            "title": citation.title or "",
            "start_index": start if citation.start is None else citation.start,
            "end_index": end if citation.end is None else citation.end,
        },
    }


def source(citation: Citation) -> Json:
    """A source without an address: the provider's own form of it, else what is known."""
    if citation.raw is not None:
        return citation.raw
    return {"title": citation.title, "cited_text": citation.quote}


def image(media: Media, index: int) -> Json:
    """An image, a sound or a file that the model made, as OpenRouter and LiteLLM say it."""
    url = data_url(media) if media.url is None else media.url
    return {"type": "image_url", "index": index, "image_url": {"url": url}}


def tool_call(call: ToolCall) -> Json:
    """Arguments are always JSON: a call without any has an empty object."""
    found: Json = {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": call.arguments or "{}"},
    }
    if call.signature is not None:
        found["extra_content"] = {"google": {"thought_signature": call.signature}}
    return found


class _Parts:
    """What the parts of an answer say, by the member that it goes into."""

    def __init__(self) -> None:
        self.content = ""
        self.has_text = False
        self.refusal: str | None = None
        self.thoughts: list[Reasoning] = []
        self.calls: list[Json] = []
        self.annotations: list[Json] = []
        self.sources: list[Json] = []
        self.images: list[Json] = []

    def add(self, part: Part) -> None:
        match part:
            case Text():
                self._add_text(part)
            case Reasoning():
                self.thoughts.append(part)
            case ToolCall():
                self.calls.append(tool_call(part))
            case Refusal():
                self.refusal = (self.refusal or "") + part.text
            case Media():
                self.images.append(image(part, len(self.images)))

    def _add_text(self, part: Text) -> None:
        start = len(self.content)
        self.content += part.text
        self.has_text = True
        for citation in part.citations:
            if citation.url is None:
                self.sources.append(source(citation))
            else:
                self.annotations.append(annotation(citation, start, len(self.content)))


def _message(answer: Answer) -> Json:
    said = _Parts()
    for part in answer.parts:
        said.add(part)
    silent = not said.has_text and bool(said.calls or said.refusal is not None)
    message: Json = {"role": "assistant", "content": None if silent else said.content, "refusal": said.refusal}
    if said.thoughts:
        message["reasoning_content"] = "".join(part.text for part in said.thoughts)
    more = {
        "thinking_blocks": _blocks(said.thoughts),
        "tool_calls": said.calls,
        "annotations": said.annotations,
        "images": said.images,
        "provider_specific_fields": {"citations": said.sources} if said.sources else None,
    }
    message.update((name, value) for name, value in more.items() if value)
    return message


def _blocks(thoughts: list[Reasoning]) -> list[ThinkingBlock]:
    """All of them as soon as one is sealed, since they go back together."""
    return [thinking_block(part) for part in thoughts] if any(is_sealed(part) for part in thoughts) else []
