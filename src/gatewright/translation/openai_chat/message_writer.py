"""Messages for a provider.

Tool results become messages of their own, right behind the assistant's, which every server of this dialect insists on.
Images and files in them, which a tool message cannot hold, follow in a user's message.
"""

from collections.abc import Sequence

import msgspec

from gatewright.translation.carriage import Carriage
from gatewright.translation.dialect import Dialect
from gatewright.translation.model import (
    ASSISTANT,
    USER,
    Json,
    Media,
    Message,
    Part,
    Reasoning,
    Refusal,
    Request,
    Text,
    ToolCall,
    ToolResult,
)
from gatewright.translation.openai_chat.content_writer import written_content
from gatewright.translation.openai_chat.servers import Server
from gatewright.translation.openai_chat.wire import is_sealed, plain_block

_ELSEWHERE = Text(text="The result is in the next message.")


class MessageWriter:
    """Writes the messages of one request. Its methods raise CannotCarry."""

    def __init__(self, server: Server, carriage: Carriage) -> None:
        self._server = server
        self._carriage = carriage
        self._messages: list[Json] = []

    def write(self, request: Request) -> list[Json]:
        """All of them, the system prompt first."""
        if request.system:
            self._say("system", request.system, None)
        for message in request.messages:
            if message.role is ASSISTANT:
                self._assistant(message)
            elif message.role is USER:
                self._user(message)
            else:
                self._say("system", message.parts, message.name)
        return self._messages

    def _say(self, role: str, parts: Sequence[Part], name: str | None) -> None:
        found: Json = {"role": role, "content": written_content(parts, self._server, self._carriage)}
        if name is not None:
            found["name"] = name
        self._messages.append(found)

    def _user(self, message: Message) -> None:
        said: list[Part] = []
        spoken: list[Part] = []
        for part in message.parts:
            if type(part) is ToolResult:
                said += self._result(part)
            else:
                spoken.append(part)
        said += spoken
        if said or not message.parts:
            self._say("user", said, message.name)

    def _result(self, result: ToolResult) -> list[Part]:
        """Writes it; returns what it holds that must be said elsewhere."""
        if result.is_error:
            self._carriage.let_go("is_error")
        inside: list[Part] = []
        media: list[Part] = []
        for part in result.parts:
            (media if type(part) is Media else inside).append(part)
        if media and not inside:
            inside = [_ELSEWHERE]
        if inside and result.cache is not None and inside[-1].cache is None:
            inside[-1] = msgspec.structs.replace(inside[-1], cache=result.cache)
        content = written_content(inside, self._server, self._carriage)
        self._messages.append({"role": "tool", "tool_call_id": result.call_id, "content": content})
        return [Text(text=f"From the tool call {result.call_id}:"), *media] if media else []

    def _assistant(self, message: Message) -> None:
        said: list[Part] = []
        calls: list[Json] = []
        thoughts: list[Reasoning] = []
        for part in message.parts:
            if type(part) is ToolCall:
                calls.append(self._call(part))
            elif type(part) is Reasoning:
                thoughts.append(part)
            elif type(part) is Media:
                self._carriage.lose("images", "an assistant's message holds none")
            elif type(part) is Refusal and not self._server.steered:
                said.append(Text(part.text))
            else:
                said.append(part)
        content = written_content(said, self._server, self._carriage)
        found: Json = {"role": "assistant", "content": content if said or not calls else None}
        if message.name is not None:
            found["name"] = message.name
        if thoughts:
            self._think(found, thoughts)
        if calls:
            found["tool_calls"] = calls
        self._messages.append(found)

    def _call(self, call: ToolCall) -> Json:
        found: Json = {
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments or "{}"},
        }
        if call.cache is not None:
            self._carriage.let_go("cache_control")
        if call.signature is not None and self._server.thoughts is not None:
            found["extra_content"] = {"google": {"thought_signature": call.signature}}
        return found

    def _think(self, message: Json, thoughts: list[Reasoning]) -> None:
        """Each thought in the server's own form; the seal of another dialect stays behind, the text does not."""
        text = "".join(part.text for part in thoughts)
        ours = [part for part in thoughts if is_sealed(part) and part.origin in (None, Dialect.CHAT)]
        match self._server.thoughts:
            case None:
                self._carriage.let_go("reasoning")
                return
            case "thinking_blocks" if ours:
                message["thinking_blocks"] = [plain_block(part) for part in ours]
            case "reasoning_details" if ours:
                message["reasoning_details"] = _details(ours)
                return
        if text:
            name = "reasoning_content" if self._server.thoughts == "thinking_blocks" else self._server.thoughts
            message["reasoning" if name == "reasoning_details" else name] = text


def _details(thoughts: list[Reasoning]) -> list[Json]:
    """Source: OpenRouter API reference, "Reasoning tokens"."""
    found: list[Json] = []
    for part in thoughts:
        if part.text or part.redacted is None:
            found.append({"type": "reasoning.text", "text": part.text, "signature": part.signature, "id": part.id})
        if part.redacted is not None:
            found.append({"type": "reasoning.encrypted", "data": part.redacted, "id": part.id})
    return [{**detail, "index": index} for index, detail in enumerate(found)]
