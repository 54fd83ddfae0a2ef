"""A request of the responses API, read into the model. Source: OpenAI API reference, "Create a model response"."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.translation.model import Format, Json, Part, ReasoningAsk, Request, Text
from gatewright.translation.openai_responses.client_items import Conversation
from gatewright.translation.openai_responses.client_tools import Toolbox
from gatewright.translation.openai_responses.fields import a_list, an_object, decoded, maybe_text, text, wrong

HINTS = frozenset(
    {
        *("metadata", "client_metadata", "prompt_cache_key", "prompt_cache_retention", "prompt_cache_options"),
        *("safety_identifier", "store", "include", "max_tool_calls", "image", "reasoning.context"),
    }
)
"""Parameters that change nothing in the answer, or only its style. `max_tool_calls` is about OpenAI's own tools, of
which none runs.
"""

ECHOED: Final = (
    *("instructions", "max_output_tokens", "max_tool_calls", "metadata", "parallel_tool_calls", "prompt_cache_key"),
    *("reasoning", "safety_identifier", "temperature", "text", "tool_choice", "tools", "top_logprobs", "top_p"),
    *("truncation", "user"),
)
"""What an answer repeats of its request."""

LOGPROBS = "message.output_text.logprobs"
_NULL = msgspec.Raw(b"null")
# What stays in its place whatever we do: OpenAI's models give it, ours seal it, and nothing of it is a picture of ours.
_ALWAYS_INCLUDED = frozenset({"reasoning.encrypted_content", "message.input_image.image_url"})


class _Asked:
    """What was read so far."""

    __slots__ = ("asked_as", "system", "tools", "values")

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.asked_as: dict[str, str] = {}
        self.system: list[Part] = []
        self.tools = Toolbox()

    def put(self, member: str, asked_as: str, value: object) -> None:
        self.values[member] = value
        self.asked_as[member] = asked_as

    def unknown(self, name: str, value: object) -> None:
        self.tools.unknown[name] = value
        if name in HINTS:
            self.tools.hints.add(name)


def read(members: Mapping[str, msgspec.Raw]) -> Request:
    """The request. Raises BadInput naming the member that is wrong."""
    if "input" not in members:
        raise BadInput("`input` is missing.", param="input", hint="Send `input` in the JSON body.")
    asked = _Asked()
    given = {name: raw for name, raw in members.items() if raw != _NULL}
    # Items may name tools, and tools may name what is chosen of them.
    for name in sorted(given, key=lambda name: _ORDER.get(name, 0)):
        value = decoded(given[name], name)
        reader = _READERS.get(name)
        if reader is None:
            asked.unknown(name, value)
        else:
            reader(value, asked)
    tools = asked.tools
    if "top_logprobs" in asked.values:
        asked.values["logprobs"] = True
    if "client_metadata" in given:  # Codex: it offers a search in every request, wanted or not
        tools.spare_web_search()
    if offered := tools.tools:
        asked.put("tools", "tools", offered)
    return Request(
        **{"messages": (), **asked.values},
        system=tuple(asked.system),
        asked_as=asked.asked_as,
        unknown=tools.unknown,
        hints=frozenset(tools.hints),
        because=tools.because,
        aliases=tools.aliases,
        echo={name: given[name] for name in ECHOED if name in given},
    )


def _a_text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise wrong(name, "a text")
    return value


def _instructions(value: Any, asked: _Asked) -> None:
    if _a_text(value, "instructions"):
        asked.system.append(Text(text=value))


def _input(value: Any, asked: _Asked) -> None:
    items = Conversation(asked.tools)
    items.read(value)
    asked.system.extend(items.system)
    asked.values["messages"] = items.messages


def _tools(value: Any, asked: _Asked) -> None:
    asked.tools.add(value, "tools")


def _tool_choice(value: Any, asked: _Asked) -> None:
    choice = asked.tools.choice(value)
    if choice is not None and choice.mode == "auto":
        asked.values["tool_choice"] = choice
    elif choice is not None:
        asked.put("tool_choice", "tool_choice", choice)


def _number(member: str, name: str) -> Callable[[Any, _Asked], None]:
    def read_it(value: Any, asked: _Asked) -> None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise wrong(name, "a number")
        asked.put(member, name, value)

    return read_it


def _whole(member: str, name: str) -> Callable[[Any, _Asked], None]:
    def read_it(value: Any, asked: _Asked) -> None:
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise wrong(name, "a whole number")
        if value or name != "top_logprobs":
            asked.put(member, name, value)

    return read_it


def _parallel(value: Any, asked: _Asked) -> None:
    if not isinstance(value, bool):
        raise wrong("parallel_tool_calls", "true or false")
    asked.values["parallel_tools"] = value
    if not value:  # true is what every dialect does when nothing is said
        asked.asked_as["parallel_tools"] = "parallel_tool_calls"


def _stream(value: Any, asked: _Asked) -> None:
    asked.values["stream"] = asked.values["include_usage"] = value is True


def _text(value: Any, asked: _Asked) -> None:
    for name, one in an_object(value, "text").items():
        if one is None:
            continue
        if name == "format":
            _format(an_object(one, "text.format"), asked)
        elif name == "verbosity":
            asked.put("verbosity", "text.verbosity", text(value, "verbosity", "text"))
            asked.tools.hints.add("verbosity")
        else:
            asked.unknown(f"text.{name}", one)


def _format(value: Json, asked: _Asked) -> None:
    at = "text.format"
    match text(value, "type", at):
        case "text":
            return
        case "json_object":
            found = Format("json_object")
        case "json_schema":
            schema, strict = an_object(value.get("schema"), f"{at}.schema"), value.get("strict")
            if strict is not None and not isinstance(strict, bool):
                raise wrong(f"{at}.strict", "true or false")
            name, about = maybe_text(value, "name", at), maybe_text(value, "description", at)
            found = Format("json_schema", name, schema, about, strict)
        case other:
            asked.tools.unknown[f"{at}.{other}"] = value
            return
    asked.put("format", at, found)


def _reasoning(value: Any, asked: _Asked) -> None:
    at, said = "reasoning", an_object(value, "reasoning")
    effort = maybe_text(said, "effort", at)
    summary = maybe_text(said, "summary", at) or maybe_text(said, "generate_summary", at)
    for name, one in said.items():
        usual = one is None or (name, one) == ("mode", "standard")
        if name not in ("effort", "summary", "generate_summary") and not usual:
            asked.unknown(f"reasoning.{name}", one)
    if effort is not None:
        asked.put("reasoning", "reasoning.effort", ReasoningAsk(effort=effort, summary=summary))
    elif summary is not None:
        # It asks to be shown what is thought anyway: a model that does not think has nothing to show.
        asked.values["reasoning"] = ReasoningAsk(summary=summary)


def _include(value: Any, asked: _Asked) -> None:
    for index, found in enumerate(a_list(value, "include")):
        one = _a_text(found, f"include[{index}]")
        if one == LOGPROBS:
            asked.put("logprobs", "include", True)
        elif one not in _ALWAYS_INCLUDED:
            asked.unknown("include", value)


def _user(value: Any, asked: _Asked) -> None:
    asked.put("user", "user", _a_text(value, "user"))
    asked.tools.hints.add("user")


def _service_tier(value: Any, asked: _Asked) -> None:
    asked.put("service_tier", "service_tier", _a_text(value, "service_tier"))
    if value in ("auto", "default"):
        asked.tools.hints.add("service_tier")


def _store(value: Any, asked: _Asked) -> None:
    """What is not asked to be kept is not missed."""
    if value is True:
        asked.unknown("store", value)


def _truncation(value: Any, asked: _Asked) -> None:
    if value != "disabled":
        asked.unknown("truncation", value)


def _nothing(_value: Any, _asked: _Asked) -> None:
    """`model` is the gateway's; `stream_options` only say how OpenAI pads its events."""


def _previous(value: Any, _asked: _Asked) -> None:
    raise BadInput(
        f"Previous response with id {value!r} not found: the answers of this model are not stored.",
        param="previous_response_id",
        code="previous_response_not_found",
        hint="Send the whole conversation in `input`.",
    )


def _conversation(_value: Any, _asked: _Asked) -> None:
    raise BadInput(
        "The conversation was not found: those with this model are not stored.",
        param="conversation",
        code="conversation_not_found",
        hint="Send the whole conversation in `input`.",
    )


def _background(value: Any, _asked: _Asked) -> None:
    if value is not False:
        raise BadInput(
            "`background` cannot be true: the answers of this model are not stored, so nobody could fetch one later.",
            param="background",
            code="unsupported_parameter",
        )


def _prompt(_value: Any, _asked: _Asked) -> None:
    raise BadInput(
        "`prompt` cannot be sent to this model: the template is kept at OpenAI.",
        param="prompt",
        code="unsupported_parameter",
        hint="Send its text in `instructions` and `input`.",
    )


_ORDER = {"instructions": 1, "tools": 2, "input": 3, "tool_choice": 4}
_READERS: dict[str, Callable[[Any, _Asked], None]] = {
    "model": _nothing,
    "stream_options": _nothing,
    "instructions": _instructions,
    "input": _input,
    "tools": _tools,
    "tool_choice": _tool_choice,
    "parallel_tool_calls": _parallel,
    "max_output_tokens": _whole("max_tokens", "max_output_tokens"),
    "temperature": _number("temperature", "temperature"),
    "top_p": _number("top_p", "top_p"),
    "top_logprobs": _whole("top_logprobs", "top_logprobs"),
    "stream": _stream,
    "text": _text,
    "reasoning": _reasoning,
    "include": _include,
    "user": _user,
    "service_tier": _service_tier,
    "store": _store,
    "truncation": _truncation,
    "previous_response_id": _previous,
    "conversation": _conversation,
    "background": _background,
    "prompt": _prompt,
}
