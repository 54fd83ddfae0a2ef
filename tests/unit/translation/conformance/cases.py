"""What every dialect must be able to say: answers and requests in no dialect, and what of them is compared."""

import json
from collections.abc import Iterable
from typing import Any

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation import events as ev
from gatewright.translation.model import (
    Answer,
    Finish,
    Format,
    Media,
    Message,
    Part,
    Reasoning,
    ReasoningAsk,
    Refusal,
    Request,
    Role,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)

WEATHER = Tool(
    name="get_weather",
    description="The weather of a city.",
    parameters={"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)
CLOCK = Tool(name="get_time", parameters={"type": "object", "properties": {}})
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

ANSWERS: dict[str, Answer] = {
    "text": Answer(
        parts=(Text(text='Grüße from 東京 🗼, "quoted"\n\\and\ttabbed'),), finish=Finish.STOP, usage=Usage(12, 9)
    ),
    "length": Answer(parts=(Text(text="Once upon a"),), finish=Finish.LENGTH, usage=Usage(12, 3)),
    "filtered": Answer(parts=(Text(text="I"),), finish=Finish.CONTENT_FILTER, usage=Usage(12, 1)),
    "reasoning": Answer(
        parts=(Reasoning(text="Two and two, then.", signature="c2lnbmF0dXJl"), Text(text="Four.")),
        finish=Finish.STOP,
        usage=Usage(20, 30),
    ),
    "tools": Answer(
        parts=(
            Text(text="Let me look."),
            ToolCall(id="call_1", name="get_weather", arguments='{"city": "Zürich", "days": [1, 2]}'),
            ToolCall(id="call_2", name="get_time"),
        ),
        finish=Finish.TOOL_CALLS,
        usage=Usage(40, 25),
    ),
    "all": Answer(
        parts=(
            Reasoning(text="Both, then.", signature="c2lnbmF0dXJl"),
            Text(text="One moment."),
            ToolCall(id="call_1", name="get_time"),
            ToolCall(id="call_2", name="get_time", arguments='{"zone":"Europe/Zurich"}'),
            ToolCall(id="call_3", name="get_weather", arguments='{"city":"\\u65e5 \\"x\\""}'),
        ),
        finish=Finish.TOOL_CALLS,
        usage=Usage(90, 80, reasoning=40),
    ),
    "usage": Answer(parts=(Text(text="Cached."),), finish=Finish.STOP, usage=Usage(1000, 50, cached=600, reasoning=20)),
    "cache_write": Answer(
        parts=(Text(text="Written."),),
        finish=Finish.STOP,
        usage=Usage(1000, 50, cached=600, cache_write=100, cache_write_1h=50),
    ),
}
"""By name. A dialect's specimens may leave out what it cannot say."""

_TALK = (
    Message(Role.USER, (Text(text="What is the weather in Zürich, and the time?"),)),
    Message(
        Role.ASSISTANT,
        (
            Reasoning(text="Both tools.", signature="c2lnbmF0dXJl"),
            Text(text="Let me look."),
            ToolCall(id="call_1", name="get_weather", arguments='{"city":"Zürich"}'),
            ToolCall(id="call_2", name="get_time", arguments="{}"),
        ),
    ),
    Message(
        Role.USER,
        (
            ToolResult(call_id="call_1", parts=(Text(text="Rain."),)),
            ToolResult(call_id="call_2", parts=(Text(text="Noon."),)),
        ),
    ),
    Message(Role.ASSISTANT, (Text(text="Rain, at noon."),)),
    Message(Role.USER, (Text(text="Thanks."),)),
)

REQUESTS: dict[str, Request] = {
    "text": Request(
        system=(Text(text="Be brief."),),
        messages=(Message(Role.USER, (Text(text="Hello"),)),),
        max_tokens=100,
        asked_as={"max_tokens": "max_tokens"},
    ),
    "sampling": Request(
        messages=(Message(Role.USER, (Text(text="Hello"),)),),
        max_tokens=100,
        temperature=0.5,
        asked_as={"max_tokens": "max_tokens", "temperature": "temperature"},
    ),
    "tools": Request(
        system=(Text(text="Be brief."),),
        messages=_TALK,
        tools=(WEATHER, CLOCK),
        tool_choice=ToolChoice("auto"),
        max_tokens=4000,
        asked_as={"max_tokens": "max_tokens", "tools": "tools", "tool_choice": "tool_choice"},
    ),
    "must_call": Request(
        messages=_TALK[:1],
        tools=(WEATHER, CLOCK),
        tool_choice=ToolChoice("required"),
        max_tokens=100,
        asked_as={"max_tokens": "max_tokens", "tools": "tools", "tool_choice": "tool_choice"},
    ),
    "named_tool": Request(
        messages=_TALK[:1],
        tools=(WEATHER, CLOCK),
        tool_choice=ToolChoice("named", "get_time"),
        max_tokens=100,
        asked_as={"max_tokens": "max_tokens", "tools": "tools", "tool_choice": "tool_choice"},
    ),
    "image": Request(
        messages=(
            Message(Role.USER, (Text(text="What is this?"), Media(kind="image", media_type="image/png", data=PIXEL))),
        ),
        max_tokens=100,
        asked_as={"max_tokens": "max_tokens"},
    ),
    "schema": Request(
        messages=(Message(Role.USER, (Text(text="A city, please."),)),),
        format=Format(
            "json_schema",
            "city",
            {
                "type": "object",
                "properties": {"name": {"type": "string"}},
                "required": ["name"],
                "additionalProperties": False,
            },
            strict=True,
        ),
        max_tokens=100,
        asked_as={"max_tokens": "max_tokens", "format": "response_format"},
    ),
    "effort": Request(
        messages=(Message(Role.USER, (Text(text="Think."),)),),
        reasoning=ReasoningAsk(effort="high"),
        max_tokens=50_000,
        asked_as={"max_tokens": "max_tokens", "reasoning": "reasoning_effort"},
    ),
    "stream": Request(
        messages=(Message(Role.USER, (Text(text="Hello"),)),),
        stream=True,
        include_usage=True,
        max_tokens=100,
        asked_as={"max_tokens": "max_tokens"},
    ),
}
"""Requests that every provider's writer takes."""

Meaning = dict[str, Any]


def meaning(answer: Answer, blind: Iterable[str] = ()) -> Meaning:
    """What is compared of an answer. `blind` names what a dialect cannot say."""
    usage = None if answer.usage is None else msgspec.structs.asdict(answer.usage)
    found: Meaning = {
        "text": "".join(part.text for part in answer.parts if isinstance(part, Text)),
        "thought": "".join(part.text for part in answer.parts if isinstance(part, Reasoning)),
        "signature": [part.signature for part in answer.parts if isinstance(part, Reasoning)],
        "refusal": "".join(part.text for part in answer.parts if isinstance(part, Refusal)),
        "calls": [
            (part.name, json.loads(part.arguments or "{}")) for part in answer.parts if isinstance(part, ToolCall)
        ],
        "ids": [part.id for part in answer.parts if isinstance(part, ToolCall)],
        "finish": answer.finish,
        **{f"usage.{name}": count for name, count in (usage or {}).items()},
    }
    for name in blind:
        found.pop(name, None)
    return found


def asked(request: Request, blind: Iterable[str] = ()) -> Meaning:
    """What is compared of a request: turns of one role are one turn.

    `thoughts` among the `blind` ones are those in messages: a dialect has no place for another one's seals.
    """
    turns: list[tuple[Role, list[Part]]] = []
    for message in request.messages:
        if turns and turns[-1][0] is message.role:
            turns[-1][1].extend(message.parts)
        else:
            turns.append((message.role, list(message.parts)))
    found = msgspec.structs.asdict(request)
    for name in ("asked_as", "unknown", "hints", "because", "aliases", "echo"):
        del found[name]
    left_out = Reasoning if "thoughts" in blind else ()
    found["messages"] = [
        (role, [_bare(part) for part in parts if not isinstance(part, left_out)]) for role, parts in turns
    ]
    for name in blind:
        found.pop(name, None)
    return found


def _bare(part: Part) -> Part:
    """Without what a dialect may leave to another place."""
    if isinstance(part, ToolResult):
        return msgspec.structs.replace(part, name=None)
    if isinstance(part, Reasoning):
        return msgspec.structs.replace(part, origin=None, id=None)
    if isinstance(part, ToolCall):
        return msgspec.structs.replace(part, arguments=json.dumps(json.loads(part.arguments or "{}")))
    return part


def collected(events: Iterable[ev.Event]) -> Answer:
    """The complete answer that a stream of events makes. Fails when the events break the order that they promise."""
    parts: list[Part] = []
    texts: list[str] = []
    thoughts: list[str] = []
    calls: dict[int, list[str]] = {}
    open_calls: set[int] = set()
    usage: Usage | None = None
    finish: Finish | None = None
    stop: str | None = None
    started = ev.Started()
    for index, event in enumerate(events):
        assert finish is None, f"{event} came after Finished"
        match event:
            case ev.Started():
                assert index == 0
                started = event
            case ev.TextDelta():
                texts.append(event.text)
            case ev.RefusalDelta():
                parts.append(Refusal(text=event.text))
            case ev.ReasoningDelta():
                thoughts.append(event.text)
            case ev.ReasoningSealed():
                parts.append(Reasoning(text="".join(thoughts), signature=event.signature, redacted=event.redacted))
                thoughts = []
            case ev.PartEnded() if thoughts:
                parts.append(Reasoning(text="".join(thoughts)))
                thoughts = []
            case ev.ToolStarted():
                assert event.index == len(calls)
                calls[event.index] = [event.id, event.name]
                open_calls.add(event.index)
            case ev.ToolArguments():
                assert event.index in open_calls
                calls[event.index].append(event.text)
            case ev.ToolEnded():
                open_calls.remove(event.index)
            case ev.PartAdded():
                parts.append(event.part)
            case ev.Used():
                usage = event.usage
            case ev.Finished():
                finish = event.reason
                stop = event.stop_sequence
            case ev.Failed():
                raise AssertionError(f"The stream failed: {event.message}")
    assert finish is not None
    assert not open_calls
    if thoughts:
        parts.append(Reasoning(text="".join(thoughts)))
    if texts:
        parts.append(Text(text="".join(texts)))
    for call_id, name, *pieces in calls.values():
        parts.append(ToolCall(id=call_id, name=name, arguments="".join(pieces)))
    return Answer(
        parts=tuple(parts), finish=finish, id=started.id, model=started.model, stop_sequence=stop, usage=usage
    )


def streamed(answer: Answer) -> list[ev.Event]:
    """The events that a provider's reader would make of an answer, in small pieces."""
    found: list[ev.Event] = [ev.Started(answer.id, answer.model)]
    index = 0
    for part in answer.parts:
        match part:
            case Text():
                found += [ev.TextDelta(part.text[at : at + 5]) for at in range(0, len(part.text), 5)]
            case Refusal():
                found.append(ev.RefusalDelta(part.text))
            case Reasoning():
                found += [ev.ReasoningDelta(part.text[at : at + 5]) for at in range(0, len(part.text), 5)]
                sealed = part.signature is not None or part.redacted is not None
                found.append(ev.ReasoningSealed(part.signature, part.redacted) if sealed else ev.PartEnded())
            case ToolCall():
                found.append(ev.ToolStarted(index, part.id, part.name))
                text = part.arguments
                found += [ev.ToolArguments(index, text[at : at + 5]) for at in range(0, len(text), 5)]
                found.append(ev.ToolEnded(index))
                index += 1
            case _:
                found.append(ev.PartAdded(part))
    if answer.usage is not None:
        found.append(ev.Used(answer.usage))
    found.append(ev.Finished(answer.finish, answer.stop_sequence))
    return found
