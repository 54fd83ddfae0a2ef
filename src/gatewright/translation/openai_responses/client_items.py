"""The items of a request's `input`, read into messages.

Source: OpenAI API reference, "Create a model response", `input`. Items of one side that follow each other are one
message, as far as they belong to one turn: a thought, the text and the calls after it; the results of several calls.
"""

from collections.abc import Callable
from typing import Any

import msgspec

from gatewright.domain.errors import BadInput
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import (
    ASSISTANT,
    SYSTEM,
    USER,
    Json,
    Message,
    Part,
    Reasoning,
    Role,
    Text,
    ToolCall,
    ToolResult,
)
from gatewright.translation.openai_responses.client_tools import Toolbox, arguments_of, carried_name
from gatewright.translation.openai_responses.content import mere_texts, read_parts
from gatewright.translation.openai_responses.fields import maybe_text, objects, text, wrong
from gatewright.translation.seals import Sealed, is_packed, unpack


class Conversation:
    """What the items say. `system` are the instructions in front of everything else.

    Tools that items bring along go into `tools`.
    """

    def __init__(self, tools: Toolbox) -> None:
        self._tools = tools
        self._said: list[tuple[Role, list[Part]]] = []
        self._turn: str | None = None  # what the last message may be continued with
        self._seals: dict[str, str] = {}  # of tool calls that are still to come, by their ids
        self.system: list[Part] = []

    @property
    def messages(self) -> tuple[Message, ...]:
        """Without those that say nothing."""
        return tuple(Message(role, tuple(parts)) for role, parts in self._said if parts)

    def read(self, given: Any) -> None:
        """`input`. Raises BadInput naming the item that is wrong."""
        if isinstance(given, str):
            self._say(USER, (Text(given),) if given else ())
            return
        if not isinstance(given, list):
            raise wrong("input", "a text or an array of items")
        for at, item in enumerate(given):
            if not isinstance(item, dict):
                raise wrong(f"input[{at}]", "an object")
            kind = item.get("type")
            if kind is None:
                kind = "message" if "role" in item else "item_reference"
            read = _ITEMS.get(kind) if isinstance(kind, str) else None
            if read is None:
                self._elsewhere(item, at)
            else:
                read(self, item, at)

    def _say(self, role: Role, parts: tuple[Part, ...], turn: str | None = None) -> None:
        if turn is not None and turn == self._turn:
            self._said[-1][1].extend(parts)
        else:
            self._said.append((role, list(parts)))
            self._turn = turn

    def _answer(self, *parts: Part) -> None:
        self._say(ASSISTANT, parts, "answer")

    def _message(self, item: Json, at: int) -> None:
        role, content = text(item, "role", at), item.get("content")
        parts = mere_texts(content)
        if parts is None:
            parts = read_parts(content, f"input[{at}].content")
        if role == "assistant":
            self._say(ASSISTANT, parts, "answer")
        elif role == "user":
            self._say(USER, parts)
        elif role not in ("system", "developer"):
            raise BadInput(f"`input[{at}].role` is unknown: {role!r}.", param=f"input[{at}].role")
        elif self._said:
            self._say(SYSTEM, parts)
        else:
            self.system.extend(parts)

    def _reasoning(self, item: Json, at: int) -> None:
        thought = "\n\n".join(text(part, "text", place) for place, part in _thoughts(item, at))
        encrypted = maybe_text(item, "encrypted_content", at)
        if encrypted is None:
            self._answer(*((Reasoning(text=thought),) if thought else ()))
            return
        if not is_packed(encrypted):
            ident, origin = maybe_text(item, "id", at), Dialect.RESPONSES.value
            self._answer(Reasoning(text=thought, redacted=encrypted, id=ident, origin=origin))
            return
        seal = _unsealed(encrypted, f"input[{at}].encrypted_content")
        if seal.call is not None and seal.signature is not None:
            self._seals[seal.call] = seal.signature
        else:
            self._answer(Reasoning(text=thought, signature=seal.signature, redacted=seal.redacted, origin=seal.origin))

    def _function_call(self, item: Json, at: int) -> None:
        self._call(item, at, _name_of(item, at), text(item, "arguments", at))

    def _custom_call(self, item: Json, at: int) -> None:
        self._call(item, at, _name_of(item, at), arguments_of(text(item, "input", at)))

    def _search_call(self, item: Json, at: int) -> None:
        if item.get("execution") != "client":
            self._elsewhere(item, at)
            return
        self._call(item, at, "tool_search", msgspec.json.encode(item.get("arguments") or {}).decode())

    def _call(self, item: Json, at: int, name: str, arguments: str) -> None:
        call_id = text(item, "call_id", at)
        signature = self._seals.pop(call_id, None) if self._seals else None
        self._say(ASSISTANT, (ToolCall(call_id, name, arguments, signature),), "answer")

    def _output(self, item: Json, at: int) -> None:
        output = item.get("output")
        parts = mere_texts(output)
        self._result(item, at, read_parts(output, f"input[{at}].output") if parts is None else parts)

    def _search_output(self, item: Json, at: int) -> None:
        """What was found can be called from now on."""
        if item.get("execution") != "client":
            self._elsewhere(item, at)
            return
        found = self._tools.add(item.get("tools"), f"input[{at}].tools")
        said = f"These tools can be called now: {', '.join(found)}." if found else "No tool was found."
        self._result(item, at, (Text(text=said),))

    def _result(self, item: Json, at: int, parts: tuple[Part, ...]) -> None:
        self._say(USER, (ToolResult(text(item, "call_id", at), parts),), "results")

    def _additional_tools(self, item: Json, at: int) -> None:
        self._tools.add(item.get("tools"), f"input[{at}].tools")

    def _reference(self, item: Json, at: int) -> None:
        raise BadInput(
            f"The item {maybe_text(item, 'id', at)!r} is not stored: this model's answers are not kept.",
            param=f"input[{at}].id",
            code="item_not_found",
            hint="Send the item itself instead of a reference to it; libraries do so with `store` set to false.",
        )

    def _elsewhere(self, item: Json, at: int) -> None:
        """An item of OpenAI's own tools, or of a kind that nobody here knows."""
        kind = text(item, "type", at)
        name = f"input.{kind}"
        self._tools.unknown[name] = item
        self._tools.because[name] = "only OpenAI can read such an item"


_ITEMS: dict[str, Callable[[Conversation, Json, int], None]] = {
    "message": Conversation._message,
    "reasoning": Conversation._reasoning,
    "function_call": Conversation._function_call,
    "custom_tool_call": Conversation._custom_call,
    "tool_search_call": Conversation._search_call,
    "function_call_output": Conversation._output,
    "custom_tool_call_output": Conversation._output,
    "tool_search_output": Conversation._search_output,
    "additional_tools": Conversation._additional_tools,
    "item_reference": Conversation._reference,
}


def _name_of(item: Json, at: int) -> str:
    name = text(item, "name", at)
    return name if item.get("namespace") is None else carried_name(name, text(item, "namespace", at))


def _thoughts(item: Json, at: int) -> list[tuple[str, Json]]:
    """The thought itself where it is there, else its summary."""
    for name in ("content", "summary"):
        if item.get(name):
            return objects(item[name], f"input[{at}].{name}")
    return []


def _unsealed(encrypted: str, at: str) -> Sealed:
    found = unpack(encrypted)
    if found is None:
        raise BadInput(f"`{at}` was changed on its way, or is of another version of Gatewright.", param=at)
    return found


def _thought(text: str, seal: Sealed) -> Reasoning:
    return Reasoning(text=text, signature=seal.signature, redacted=seal.redacted, id=seal.id, origin=seal.origin)
