"""From what Google answers to events: one answer, whether it comes whole or in a stream."""

import re
import uuid
from typing import Any

import msgspec

from gatewright.domain.money import Usage
from gatewright.translation import events as ev
from gatewright.translation.gemini.citations import Places, citations
from gatewright.translation.gemini.usage import searches_of, usage_of
from gatewright.translation.gemini.wire import Candidate, Chunk, FunctionCall, LogprobsResult, Part, Token
from gatewright.translation.model import Finish, Json, Media

ORIGIN = "gemini"
FINISHES = {
    "STOP": Finish.STOP,
    "MAX_TOKENS": Finish.LENGTH,
    "CONTINUATION": Finish.LENGTH,
    **dict.fromkeys(
        (
            *("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR"),
            *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "ESCALATION", "PUP_LIMITED_DISABLED"),
        ),
        Finish.CONTENT_FILTER,
    ),
}
BROKEN = frozenset(
    {
        *("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE"),
        "MISSING_THOUGHT_SIGNATURE",
    }
)
"""What is no answer: the model wanted something that Google could not read or do."""

_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9_-]")
_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Progress:
    """One answer so far. `take` what came, `end` when nothing more comes; after Failed nothing may follow."""

    __slots__ = (
        "_calls",
        "_finish",
        "_ids",
        "_message",
        "_places",
        "_said",
        "_searches",
        "_started",
        "_thinking",
        "_usage",
    )

    def __init__(self) -> None:
        self._started = False
        self._thinking = False
        self._said = False
        self._calls = 0
        self._ids = ""
        self._finish: str | None = None
        self._message: str | None = None
        self._usage: Usage | None = None
        self._searches = 0
        self._places = Places()

    def take(self, chunk: Chunk) -> list[ev.Event]:
        """Raises ValueError for a call whose arguments are no object."""
        if chunk.error is not None:
            wrong = chunk.error
            return [ev.Failed(wrong.message or "The answer ended with an error.", wrong.status, wrong.code or 502)]
        found: list[ev.Event] = []
        if not self._started:
            self._started = True
            self._ids = f"call_{_NOT_IN_IDS.sub('', chunk.response_id)[:40] or uuid.uuid4().hex}"
            found.append(ev.Started(chunk.response_id, chunk.model_version))
        if chunk.prompt_feedback is not None and chunk.prompt_feedback.block_reason:
            self._finish = "SAFETY"
        if chunk.candidates:
            if chunk.candidates[0].grounding_metadata is not None:
                self._searches = max(self._searches, searches_of(chunk.candidates, chunk.model_version))
            self._candidate(chunk.candidates[0], found)
        if chunk.usage_metadata is not None:
            used = usage_of(chunk.usage_metadata, self._searches)
            if used is not None and used != self._usage:
                self._usage = used
                found.append(ev.Used(used))
        return found

    def end(self) -> list[ev.Event]:
        """Why it ended. Some versions name a reason in every event, so the last one counts."""
        if self._finish is None:
            return [ev.Failed("The answer ended before it was complete.", "incomplete")]
        reason = FINISHES.get(self._finish)
        if self._finish in BROKEN or (reason is None and not self._said):
            words = f"The model's answer could not be used: {self._finish}."
            return [ev.Failed(self._message or words, self._finish)]
        if self._calls and reason in (Finish.STOP, None):
            return [ev.Finished(Finish.TOOL_CALLS)]
        return [ev.Finished(reason or Finish.STOP)]

    def _candidate(self, candidate: Candidate, found: list[ev.Event]) -> None:
        logprobs = _logprobs(candidate.logprobs_result)
        seal: str | None = None
        for part in candidate.content.parts if candidate.content is not None else ():
            if part.text is not None:
                if part.text:
                    self._text(part, logprobs, found)
                    logprobs = None
                if part.thought and part.thought_signature:
                    found.append(ev.ReasoningSealed(signature=part.thought_signature, origin=ORIGIN))
                    self._thinking = False
                elif part.thought_signature:
                    seal = part.thought_signature
            else:
                self._other(part, found)
        found += [ev.Cited(one) for one in citations(candidate, self._places)]
        if seal is not None:
            found.append(ev.ReasoningSealed(signature=seal, origin=ORIGIN))
        if candidate.finish_reason is not None and candidate.finish_reason != "FINISH_REASON_UNSPECIFIED":
            self._finish, self._message = candidate.finish_reason, candidate.finish_message

    def _text(self, part: Part, logprobs: Json | None, found: list[ev.Event]) -> None:
        text = part.text or ""
        if part.thought:
            self._thinking = True
            found.append(ev.ReasoningDelta(text))
            return
        self._stop_thinking(found)
        self._said = True
        self._places.add(text)
        found.append(ev.TextDelta(text, logprobs))

    def _other(self, part: Part, found: list[ev.Event]) -> None:
        if part.function_call is not None:
            self._stop_thinking(found)
            self._call(part.function_call, part.thought_signature, found)
        elif part.inline_data is not None and not part.thought:
            self._stop_thinking(found)
            media_type = part.inline_data.mime_type
            media = Media(kind=_kind(media_type), media_type=media_type or None, data=part.inline_data.data)
            self._said = True
            found.append(ev.PartAdded(media))
        elif part.file_data is not None and not part.thought:
            self._stop_thinking(found)
            media_type = part.file_data.mime_type or ""
            self._said = True
            found.append(
                ev.PartAdded(Media(kind=_kind(media_type), media_type=media_type or None, url=part.file_data.file_uri))
            )
        elif part.thought_signature is None:
            found.append(ev.Unknown("part"))

    def _call(self, call: FunctionCall, signature: str | None, found: list[ev.Event]) -> None:
        """A call comes whole. One without an id gets one that no other answer has."""
        index = self._calls
        self._calls += 1
        self._said = True
        found.append(ev.ToolStarted(index, call.id or f"{self._ids}_{index}", call.name, signature))
        found.append(ev.ToolArguments(index, _json_object(call.args)))
        found.append(ev.ToolEnded(index))

    def _stop_thinking(self, found: list[ev.Event]) -> None:
        if self._thinking:
            self._thinking = False
            found.append(ev.PartEnded())


def _json_object(raw: msgspec.Raw) -> str:
    """The text of the arguments, as the model wrote it. Raises ValueError."""
    text = bytes(raw)
    if text == b"null":
        return "{}"
    _object(text)
    return text.decode()


def _kind(media_type: str) -> str:
    family = media_type.partition("/")[0]
    return family if family in ("image", "audio", "video") else "file"


def _logprobs(found: LogprobsResult | None) -> Json | None:
    """In OpenAI's form."""
    if found is None or not found.chosen_candidates:
        return None
    content: list[Json] = []
    for index, token in enumerate(found.chosen_candidates):
        others = found.top_candidates[index].candidates if index < len(found.top_candidates) else []
        content.append({**_logprob(token), "top_logprobs": [_logprob(other) for other in others]})
    return {"content": content}


def _logprob(token: Token) -> dict[str, Any]:
    return {"token": token.token, "logprob": token.log_probability, "bytes": list(token.token.encode())}
