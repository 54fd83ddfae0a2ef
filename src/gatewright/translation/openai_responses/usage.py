"""Token counts as the responses API writes them, and `domain.money.Usage`.

Source: OpenAI API reference, the response object. Images and transcriptions count in the same words.
"""

import msgspec

from gatewright.domain.money import Usage, widened
from gatewright.translation.counts import MOST, bounded
from gatewright.translation.model import Json


class _Writes(msgspec.Struct):
    ttl_12h_tokens: int | None = None


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_tokens_details: _Writes | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = None
    image_tokens: int | None = None


class WireUsage(msgspec.Struct):
    """The `usage` object of a response; transcriptions spell the details `input_token_details`."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _InputDetails | None = None
    input_token_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None

    def usage(self) -> Usage | None:
        """The counts, never negative and no part more than the whole; None when both are missing, or one is nonsense.

        What a provider keeps for 12 hours is written at the longer-lived of the two rates.
        """
        if self.input_tokens is None and self.output_tokens is None:
            return None
        prompt, completion = max(self.input_tokens or 0, 0), max(self.output_tokens or 0, 0)
        if max(prompt, completion) > MOST:
            return None
        details = self.input_tokens_details or self.input_token_details or _InputDetails()
        out = self.output_tokens_details or _OutputDetails()
        cached = bounded(details.cached_tokens, prompt)
        written = bounded(details.cache_write_tokens, prompt - cached)
        long = bounded((details.cache_write_tokens_details or _Writes()).ttl_12h_tokens, written)
        usage = Usage(
            prompt=prompt,
            completion=completion,
            cached=cached,
            reasoning=bounded(out.reasoning_tokens, completion),
            cache_write=written - long,
            cache_write_1h=long,
            audio_prompt=bounded(details.audio_tokens, prompt),
        )
        if not (details.image_tokens or out.image_tokens):
            return usage
        seen, drawn = bounded(details.image_tokens, prompt), bounded(out.image_tokens, completion)
        return widened(usage, image_prompt=seen, image_completion=drawn)


class _Action(msgspec.Struct):
    type: str | None = None


class _Item(msgspec.Struct):
    type: str = ""
    action: _Action | None = None


class _Output(msgspec.Struct):
    output: list[_Item] = []


class _Nested(_Output):
    """An event of a stream has the response in a member."""

    response: _Output | None = None


class _Answer(msgspec.Struct):
    object: str = ""
    usage: WireUsage | None = None


_decode_answer = msgspec.json.Decoder(_Answer).decode
_decode_output = msgspec.json.Decoder(_Nested).decode

COUNTED = "response.input_tokens"
SEARCHED = b'_search_call"'
"""What stands in every answer in which the provider searched the web or files."""


def with_searches(usage: Usage | None, answer: bytes) -> Usage | None:
    """The usage with the searches among the output of an answer, or of the event that ends a stream.

    Opening a page that was found costs nothing.
    """
    if usage is None or SEARCHED not in answer:
        return usage
    try:
        found = _decode_output(answer)
    except (ValueError, RecursionError):
        return usage
    items = (found.response or found).output
    web = sum(1 for item in items if item.type == "web_search_call" and _is_search(item))
    files = sum(1 for item in items if item.type == "file_search_call")
    return widened(usage, searches=web, file_searches=files) if web or files else usage


def _is_search(item: _Item) -> bool:
    return item.action is None or item.action.type in ("search", None)


def usage_of(answer: bytes) -> Usage | None:
    """Usage out of a complete answer; None when it says nothing or nothing that can be read.

    An answer to "Get input token counts" says how many there would be: asking that uses none.
    """
    try:
        found = _decode_answer(answer)
    except (ValueError, RecursionError):
        return None
    if found.object == COUNTED:
        return Usage()
    return None if found.usage is None else with_searches(found.usage.usage(), answer)


def usage_object(usage: Usage) -> Json:
    """The `usage` object of a response. What lives for an hour is counted with what lives longer there."""
    written = usage.cache_write + usage.cache_write_1h
    details: Json = {"cached_tokens": usage.cached, "cache_write_tokens": written}
    if written:
        details["cache_write_tokens_details"] = {
            "ttl_30m_tokens": usage.cache_write,
            "ttl_12h_tokens": usage.cache_write_1h,
        }
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": details,
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.prompt + usage.completion,
    }
