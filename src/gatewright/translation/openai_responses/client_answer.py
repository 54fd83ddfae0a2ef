"""A complete answer as a response object."""

import msgspec

from gatewright.translation.model import Answer, Heading, Json, Media, Part, Reasoning, Refusal, Text, ToolCall
from gatewright.translation.openai_responses import answer_items as items
from gatewright.translation.seals import Sealed, pack

_encode = msgspec.json.Encoder().encode


def write(answer: Answer, heading: Heading) -> bytes:
    """The body of the answer."""
    output = _Output(heading, items.logprobs_of(answer.logprobs))
    for part in answer.parts:
        output.add(part)
    status = items.status_of(answer.finish)
    if output.items and status != items.COMPLETED and "status" in output.items[-1]:
        output.items[-1]["status"] = status
    return _encode(items.response(heading, status, output.items, answer.usage, answer.finish))


class _Output:
    """The items so far. Texts and refusals that follow each other are one message."""

    def __init__(self, heading: Heading, logprobs: list[Json]) -> None:
        self._heading = heading
        self._content: list[Json] | None = None  # of the message that is last
        self._logprobs = logprobs  # not told apart by part: they belong to the first text
        self.items: list[Json] = []

    def add(self, part: Part) -> None:
        match part:
            case Text():
                self._say(items.text_part(part.text, _annotations(part), self._logprobs))
                self._logprobs = []
            case Refusal():
                self._say(items.refusal_part(part.text))
            case Reasoning():
                summary = [items.summary_part(part.text)] if part.text else []
                self._append(items.thought(self._id("rs"), summary, items.seal_of(part)))
            case ToolCall():
                self._call(part)
            case Media() if (image := items.image(self._id("ig"), part)) is not None:
                self._append(image)

    def _say(self, part: Json) -> None:
        if self._content is None:
            content: list[Json] = []
            self._append(items.message(self._id("msg"), content, items.COMPLETED))
            self._content = content
        self._content.append(part)

    def _call(self, one: ToolCall) -> None:
        if one.signature is not None:
            self._append(items.thought(self._id("rs"), [], pack(Sealed(one.signature, call=one.id))))
        alias = self._heading.request.aliases.get(one.name)
        whole = msgspec.structs.replace(one, arguments=one.arguments or "{}")
        self._append(items.call(self._id(items.call_kind(alias)), whole, alias, items.COMPLETED))

    def _append(self, item: Json) -> None:
        self._content = None
        self.items.append(item)

    def _id(self, kind: str) -> str:
        return items.ident(kind, self._heading, len(self.items))


def _annotations(part: Text) -> list[Json]:
    found = (items.annotation(citation, len(part.text)) for citation in part.citations)
    return [one for one in found if one is not None]
