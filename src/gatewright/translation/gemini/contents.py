"""The conversation as `contents`. Source: Gemini API documentation, "Function calling" and "Thought signatures"."""

import msgspec

from gatewright.translation.carriage import Carriage
from gatewright.translation.gemini.family import Traits
from gatewright.translation.gemini.media import media_parts
from gatewright.translation.model import (
    ASSISTANT,
    Json,
    Media,
    Message,
    Reasoning,
    Refusal,
    Request,
    Text,
    ToolCall,
    ToolResult,
)

ORIGIN = "gemini"

NO_SIGNATURE = "skip_thought_signature_validator"
"""What Google documents for a call that has no signature: one that another model made, or whose client lost it. The
call is accepted; the model goes on without the thoughts that led to it."""

IN_RESULTS = frozenset({"image/png", "image/jpeg", "image/webp", "application/pdf"})
"""What `functionResponse.parts` takes; other files stand beside the result."""

_arguments = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Contents:
    """Writes one conversation."""

    def __init__(self, traits: Traits, carriage: Carriage) -> None:
        self._traits = traits
        self._carriage = carriage
        self._names: dict[str, str] = {}
        self._found: list[Json] = []

    def write(self, request: Request) -> list[Json]:
        """Messages of one role that follow each other are one. Raises CannotCarry."""
        for message in request.messages:
            if message.name is not None:
                self._carriage.let_go("name")
            if message.role is ASSISTANT:
                self._say("model", self._model(message))
            else:
                self._say("user", self._user(message))
        if self._traits.signed:
            self._sign_this_turn()
        return self._found

    def _say(self, role: str, parts: list[Json]) -> None:
        if not parts:
            return
        if self._found and self._found[-1]["role"] == role:
            self._found[-1]["parts"] += parts
        else:
            self._found.append({"role": role, "parts": parts})

    def _user(self, message: Message) -> list[Json]:
        found: list[Json] = []
        for part in message.parts:
            if part.cache is not None:
                self._carriage.let_go("cache_control")
            if type(part) is Text or type(part) is Refusal:
                if part.text:
                    found.append({"text": part.text})
            elif type(part) is ToolResult:
                found += self._result(part)
            elif type(part) is Media:
                found += media_parts(part, self._carriage)
        return found

    def _model(self, message: Message) -> list[Json]:
        found: list[Json] = []
        seal: str | None = None
        for part in message.parts:
            if part.cache is not None:
                self._carriage.let_go("cache_control")
            if type(part) is Text or type(part) is Refusal:
                if part.text:
                    found.append({"text": part.text})
            elif type(part) is ToolCall:
                found.append(self._call(part))
            elif type(part) is Media:
                found += media_parts(part, self._carriage)
            elif type(part) is Reasoning and part.origin == ORIGIN and part.signature is not None:
                if part.text:
                    found.append({"text": part.text, "thought": True, "thoughtSignature": part.signature})
                else:
                    seal = part.signature
        if seal is not None:
            _seal(found, seal)
        return found

    def _call(self, call: ToolCall) -> Json:
        try:
            args = _arguments(call.arguments or "{}")
        except (ValueError, RecursionError):
            raise self._carriage.must(
                "messages", f"the arguments of the call {call.id[:100]!r} among them are no JSON object"
            ) from None
        self._names[call.id] = call.name
        part: Json = {"functionCall": self._matching(call.id, {"name": call.name, "args": args})}
        if call.signature is not None:
            part["thoughtSignature"] = call.signature
        return part

    def _result(self, result: ToolResult) -> list[Json]:
        name = self._names.get(result.call_id) or result.name
        if name is None:
            raise self._carriage.must(
                "messages", f"the result of {result.call_id[:100]!r} among them answers no call, so its tool is unknown"
            )
        texts: list[str] = []
        inside: list[Json] = []
        beside: list[Json] = []
        for part in result.parts:
            if part.cache is not None:
                self._carriage.let_go("cache_control")
            if type(part) is Text or type(part) is Refusal:
                texts.append(part.text)
            elif type(part) is Media:
                for one in media_parts(part, self._carriage):
                    if "text" in one:
                        texts.append(one["text"])
                    else:
                        (inside if self._fits(one) else beside).append(one)
        response = {"error" if result.is_error else "output": "\n".join(texts)}
        answer = self._matching(result.call_id, {"name": name, "response": response})
        if inside:
            answer["parts"] = inside
        return [{"functionResponse": answer}, *beside]

    def _matching(self, call_id: str, members: Json) -> Json:
        return {"id": call_id, **members} if self._traits.matched else members

    def _fits(self, part: Json) -> bool:
        return self._traits.rich_results and part.get("inlineData", {}).get("mimeType") in IN_RESULTS

    def _sign_this_turn(self) -> None:
        """The first call of each step since the user last spoke must have a signature; earlier ones are not judged."""
        for content in reversed(self._found):
            if content["role"] == "user":
                if not all("functionResponse" in part for part in content["parts"]):
                    return
                continue
            call = next((part for part in content["parts"] if "functionCall" in part), None)
            if call is not None:
                call.setdefault("thoughtSignature", NO_SIGNATURE)


def _seal(parts: list[Json], signature: str) -> None:
    """A seal without thoughts of its own belongs to the last text, or stands in an empty one as streams have it."""
    for part in reversed(parts):
        if "text" in part and "thoughtSignature" not in part:
            part["thoughtSignature"] = signature
            return
    parts.append({"text": "", "thoughtSignature": signature})
