"""Token counts as OpenAI's wire format writes them, from and to `domain.money.Usage`.

Cached tokens and those written to the cache are part of `prompt_tokens`. Source: OpenAI API reference, "The chat
completion object"; DeepSeek's `prompt_cache_hit_tokens`; Moonshot's `cached_tokens`; OpenRouter's
`cache_write_tokens`, which OpenAI has taken over; LiteLLM's `cache_creation_*` and `cache_read_input_tokens`; xAI's
reasoning, which is no part of `completion_tokens`; Perplexity's `num_search_queries` and `citation_tokens`.
"""

import msgspec

from gatewright.domain.money import MOST_SEARCHES, Usage, widened
from gatewright.translation.counts import MOST, bounded
from gatewright.translation.model import Json


class _HourDetails(msgspec.Struct):
    ephemeral_1h_input_tokens: int | None = None


class _PromptDetails(msgspec.Struct):
    cached_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_creation_tokens: int | None = None
    cache_creation_token_details: _HourDetails | None = None


class _CompletionDetails(msgspec.Struct):
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None


_NO_PROMPT_DETAILS, _NO_COMPLETION_DETAILS = _PromptDetails(), _CompletionDetails()


class WireUsage(msgspec.Struct):
    """The `usage` object of a completion, an embedding or a stream's last chunk; unknown members are skipped."""

    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    total_tokens: int | None = None
    prompt_tokens_details: _PromptDetails | None = None
    completion_tokens_details: _CompletionDetails | None = None
    prompt_cache_hit_tokens: int | None = None
    cached_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    reasoning_tokens: int | None = None
    citation_tokens: int | None = None
    num_search_queries: int | None = None

    def usage(self) -> Usage | None:
        """The counts, none negative and no part larger than its whole; None when both counts are missing.

        A provider that reports a negative number must not be able to give money back.
        """
        # Most answers have few of these: a call for each that is none would take longer than all the rest.
        if self.prompt_tokens is None and self.completion_tokens is None:
            return None
        prompt, completion = bounded(self.prompt_tokens), bounded(self.completion_tokens)
        details = self.prompt_tokens_details or _NO_PROMPT_DETAILS
        spent = self.completion_tokens_details or _NO_COMPLETION_DETAILS
        if reasoning := spent.reasoning_tokens or self.reasoning_tokens or 0:
            reasoning = bounded(reasoning)
            if reasoning > completion or self.total_tokens == prompt + completion + reasoning:
                completion = min(completion + reasoning, MOST)
        cached = (
            details.cached_tokens or self.prompt_cache_hit_tokens or self.cached_tokens or self.cache_read_input_tokens
        )
        cached = bounded(cached, prompt) if cached else 0
        written = details.cache_write_tokens or details.cache_creation_tokens or self.cache_creation_input_tokens
        written = bounded(written, prompt - cached) if written else 0
        lasting = details.cache_creation_token_details
        hour = bounded(lasting.ephemeral_1h_input_tokens, written) if lasting else 0
        usage = Usage(
            prompt=prompt,
            completion=completion,
            cached=cached,
            reasoning=reasoning,
            cache_write=written - hour,
            cache_write_1h=hour,
            audio_prompt=bounded(details.audio_tokens, prompt) if details.audio_tokens else 0,
            audio_completion=bounded(spent.audio_tokens, completion) if spent.audio_tokens else 0,
        )
        if self.num_search_queries or self.citation_tokens or details.image_tokens or spent.image_tokens:
            return widened(
                usage,
                image_prompt=bounded(details.image_tokens, prompt),
                image_completion=bounded(spent.image_tokens, completion),
                citations=bounded(self.citation_tokens),
                searches=bounded(self.num_search_queries, MOST_SEARCHES),
            )
        return usage


def written_usage(usage: Usage) -> Json:
    """The `usage` object for a client; cache writes are named as OpenAI names them and as LiteLLM does."""
    details: Json = {"cached_tokens": usage.cached, "audio_tokens": usage.audio_prompt}
    found: Json = {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion,
        "prompt_tokens_details": details,
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning,
            "audio_tokens": usage.audio_completion,
        },
    }
    if written := usage.cache_write + usage.cache_write_1h:
        details["cache_write_tokens"] = details["cache_creation_tokens"] = written
        found["cache_creation_input_tokens"] = written
        found["cache_read_input_tokens"] = usage.cached
    if usage.cache_write_1h:
        details["cache_creation_token_details"] = {
            "ephemeral_5m_input_tokens": usage.cache_write,
            "ephemeral_1h_input_tokens": usage.cache_write_1h,
        }
    return found


class _Answer(msgspec.Struct):
    usage: WireUsage | None = None


_decode_usage = msgspec.json.Decoder(WireUsage).decode
_decode_answer = msgspec.json.Decoder(_Answer).decode


def usage_object(text: bytes | msgspec.Raw) -> Usage | None:
    """Usage out of a bare usage object; None when it is not one."""
    try:
        return _decode_usage(text).usage()
    except (ValueError, RecursionError):
        return None


def usage_of(answer: bytes) -> Usage | None:
    """Usage out of a JSON object that has it in its member `usage`; None when there is none or it is malformed."""
    try:
        found = _decode_answer(answer).usage
    except (ValueError, RecursionError):
        return None
    return None if found is None else found.usage()
